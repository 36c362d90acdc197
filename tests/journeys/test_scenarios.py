"""Incidents from the news through the core: where they crossed, and what the treaty says of it."""

from __future__ import annotations

from functools import cache

import pytest

from borders.atlas import Atlas
from borders.geodesy import distance_m
from tests.journeys.play import beyond, play, truth
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import CrossingConfirmed, Decision, Event
from tracker.simulation import scenario_file
from tracker.simulation.scenario import Scenario
from tracker.simulation.scenario_file import ScenarioFile

NAMES = scenario_file.names()
AT_PLACE_M = 400.0
"""A named place is on the road, which rounds its corners; the border is crossed no farther from it."""
TOLERANCE_M = 25.0
"""Three standard deviations of what an `OPEN_SKY` receiver errs, and its curve between fixes."""


@cache
def parts(name: str) -> tuple[ScenarioFile, Scenario]:
    file = scenario_file.read_shipped(name)
    return file, scenario_file.build(name, file)


@cache
def played(engine: Engine, name: str) -> list[Event]:
    _, scenario = parts(name)
    assert scenario.started_at is not None
    return play(engine, scenario, scenario.started_at)[1]


def confirmed(events: list[Event], unit: str) -> list[CrossingConfirmed]:
    """A unit's crossings into states; one into a river's zone belongs to the next."""
    return [
        event
        for event in events
        if isinstance(event, CrossingConfirmed) and event.unit == unit and not beyond(event.to)
    ]


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_the_road_crosses_where_the_file_says(atlas: Atlas, name: str) -> None:
    file, scenario = parts(name)
    for actor in scenario.actors:
        unit = next(unit for unit in file.unit if unit.id == actor.unit)
        places = {point.place: point for point in file.roads[unit.road]}
        found = truth(atlas, actor)
        expected = [part for part in file.crossing if part.unit == actor.unit]
        assert [point.to_territory for point in found] == [part.to for part in expected]
        for point, part in zip(found, expected, strict=True):
            place = places[part.place]
            assert distance_m(point.lon, point.lat, place.lon, place.lat) < AT_PLACE_M, part.place


@pytest.mark.parametrize("name", NAMES)
def test_the_crossings_are_found_and_no_others(engine: Engine, atlas: Atlas, name: str) -> None:
    _, scenario = parts(name)
    for actor in scenario.actors:
        true = truth(atlas, actor)
        found = confirmed(played(engine, name), actor.unit)
        assert [event.to for event in found] == [point.to_territory for point in true]
        for event, point in zip(found, true, strict=True):
            if not beyond(event.from_):
                off_m = distance_m(event.lon, event.lat, point.lon, point.lat)
                assert off_m < TOLERANCE_M + 2 * event.uncertainty_m


@pytest.mark.parametrize("name", NAMES)
def test_the_decisions_are_those_of_the_treaty(engine: Engine, name: str) -> None:
    file, scenario = parts(name)
    events = played(engine, name)
    for actor in scenario.actors:
        crossings = [part.place for part in file.crossing if part.unit == actor.unit]
        at = dict(zip([event.id for event in confirmed(events, actor.unit)], crossings, strict=True))
        decisions = [
            (None if event.crossing is None else at[event.crossing], event)
            for event in events
            if isinstance(event, Decision) and event.unit == actor.unit and not beyond(event.host or "OUTSIDE")
        ]
        expected = [part for part in file.decision if part.unit == actor.unit]
        assert [(place, event.host, event.rule, event.permitted) for place, event in decisions] == [
            (part.place, part.host, part.rule, part.permitted) for part in expected
        ]
        for (_, event), part in zip(decisions, expected, strict=True):
            assert part.basis in {None, event.basis}, part.place


GOOD = """
title = "A road"
source = "invented"
schematic = "Invented."
date = 2024-05-14T20:00:00Z
[roads]
road = [[4.7265, 51.4758, 90], [4.7353, 51.4860, 90, "Hazeldonk"], [4.7412, 51.4975, 90]]
[[unit]]
id = "BE-K03"
road = "road"
[[act]]
do = "start"
at_s = 5
unit = "BE-K03"
"""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("T20:00:00Z", "T20:00:00", "date: has no offset"),
        ('road = "road"', 'road = "lane"', r"unit\[0\].road: 'lane' is not one of road"),
        ("at_s = 5", "", "says neither or both"),
        ("at_s = 5", 'when = "BE-K03"\npasses = "Meer"', "'Meer' is not one of Hazeldonk"),
        ("at_s = 5", 'at_s = 5\nhost = "NL"', "'start' has no `host`"),
        ('do = "start"', 'do = "join"\nspeed = 3', "unknown field `speed`"),
        ('do = "start"', 'do = "contact"', "'contact' needs `status`"),
        ("4.7265, 51.4758, 90", "51.4758, 4.7265, 90", "<= 8.6"),
        ("title =", "title", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(old: str, new: str, reason: str) -> None:
    scenario_file.build("x", scenario_file.read("x", GOOD.encode()))
    assert old in GOOD
    with pytest.raises(Refused, match=reason):
        scenario_file.read("x", GOOD.replace(old, new, 1).encode())
