"""The golden journeys through the core, the command line and a real server: where they crossed, and what came of it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pytest

from borders.atlas import Atlas
from borders.geodesy import distance_m
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import lines, run
from tests.journeys.golden import JOURNEYS, STARTED_AT, TRACKS, Journey, record, write
from tracker.codec.track_file import read_track
from tracker.engine import Engine
from tracker.events import (
    CrossingApproaching,
    CrossingConfirmed,
    CrossingProbable,
    Decision,
    Event,
    ObligationMet,
    ObligationOpened,
    unix_s,
)
from tracker.fix import accept
from tracker.inputs import PingReceived, ReportContact, StartPursuit, UnitRegistered
from tracker.units import Unit, call_sign_of, state_of
from tracker.world import World

SIGMAS = 4.0
"""The truth lies within so many times the stated 68 %; the tracks are fixed, so this either holds or does not."""

NAMES = [journey.file for journey in JOURNEYS]


class Truth(NamedTuple):
    """A border on the true way: seconds from the start, and the place."""

    second: float
    lon: float
    lat: float
    from_: str
    to: str


def named(name: str) -> Journey:
    return next(journey for journey in JOURNEYS if journey.file == name)


@cache
def truths(atlas: Atlas, name: str) -> list[Truth]:
    """Every border on the true way; a way through a shared zone counts at its far bank."""
    journey = named(name)
    drive = journey.drive
    moments = [step / 5 for step in range(int(5 * drive.arrives_at) + 1)]
    found: list[Truth] = []
    for begin, end in pairwise(moments):
        one, other = drive.at(begin), drive.at(end)
        for point in atlas.cross((one.lon, one.lat), (other.lon, other.lat)):
            second = begin + point.fraction * (end - begin)
            from_, to = point.from_territory.value, point.to_territory.value
            if "+" in from_ and found:
                from_ = found.pop().from_
            found.append(Truth(second, point.lon, point.lat, from_, to))
    return found


@cache
def played(engine: Engine, name: str) -> tuple[tuple[Event, ...], frozenset[str]]:
    """The events of the recorded track, the unit in a pursuit and its dispatcher quick to call; and every quality that
    was shown.
    """
    journey = named(name)
    world = World()
    unit = Unit(journey.unit, state_of(journey.unit), call_sign_of(journey.unit), service="police", means="car")
    engine.step(world, UnitRegistered(unit, STARTED_AT))
    events = engine.step(world, StartPursuit(id="p-1", unit=journey.unit, at=STARTED_AT))
    qualities = set()
    call_at: float | None = None
    with (TRACKS / name).open("rb") as body:
        for ping in read_track(name, body, journey.unit):
            if call_at is not None and ping.t >= call_at:
                host = world.pursuits["p-1"].approaches[0].host
                events += engine.step(world, ReportContact(id="p-1", host=host, at=ping.t))
                call_at = None
            told = engine.step(world, PingReceived(accept(ping, ping.t), ping.t))
            world.commit()
            if any(isinstance(event, CrossingApproaching) for event in told):
                call_at = ping.t + 3.0
            qualities.add(world.tracks[journey.unit].quality)
            events += told
    return tuple(events), frozenset(qualities)


def confirmed(events: tuple[Event, ...]) -> list[CrossingConfirmed]:
    return [event for event in events if isinstance(event, CrossingConfirmed)]


@pytest.mark.parametrize("name", NAMES)
def test_the_recording_is_what_the_script_writes(name: str) -> None:
    journey = named(name)

    assert (TRACKS / name).read_bytes() == write(journey, record(journey))


@pytest.mark.parametrize("name", NAMES)
def test_the_true_way_crosses_where_it_is_said_to(atlas: Atlas, name: str) -> None:
    journey = named(name)
    if journey.unit == "BE-B02":
        assert len(truths(atlas, name)) == 8  # and none of them can be known under such a sky
        return

    assert [(true.from_, true.to) for true in truths(atlas, name)] == [(e.from_, e.to) for e in journey.crossings]


@pytest.mark.parametrize("name", NAMES)
def test_each_crossing_is_told_once_at_its_place_and_time(atlas: Atlas, engine: Engine, name: str) -> None:
    journey = named(name)
    told = confirmed(played(engine, name)[0])

    assert [(event.from_, event.to, event.via) for event in told] == [tuple(e) for e in journey.crossings]
    for event, true in zip(told, truths(atlas, name) if told else [], strict=True):
        off_m = distance_m(event.lon, event.lat, true.lon, true.lat)
        off_s = abs(unix_s(event.crossed_at) - STARTED_AT - true.second)
        assert off_m <= SIGMAS * event.uncertainty_m, (off_m, event)
        assert off_s <= SIGMAS * event.uncertainty_s, (off_s, event)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_flaps(engine: Engine, name: str) -> None:
    """No more is said of a crossing than that it is ahead, probable and confirmed."""
    events, qualities = played(engine, name)
    journey = named(name)
    crossings = [event.type_ for event in map(Told, events) if event.type_.startswith("crossing.")]

    assert len(crossings) <= 3 * len(journey.crossings), crossings
    assert "crossing.retracted" not in crossings
    assert len([event for event in events if isinstance(event, CrossingProbable)]) <= len(journey.crossings)
    assert ("ambiguous" in qualities) >= journey.ambiguous


class Told:
    """An event by its type."""

    def __init__(self, event: Event) -> None:
        self.type_ = str(event.__struct_config__.tag)


@pytest.mark.parametrize("name", [j.file for j in JOURNEYS if j.crossings and j.warned_s])
def test_it_is_announced_in_time_for_the_call_and_the_law_says_so(atlas: Atlas, engine: Engine, name: str) -> None:
    events, _ = played(engine, name)
    journey = named(name)
    [true] = truths(atlas, name)
    ahead = next(event for event in events if isinstance(event, CrossingApproaching))
    lead_s = STARTED_AT + true.second - unix_s(ahead.time)
    decisions = [event for event in events if isinstance(event, Decision)]

    assert lead_s >= journey.warned_s
    assert decisions[0].rule == ("R13" if true.to in ("BE", "NL", "LU") else "R8")
    assert len([event for event in events if isinstance(event, ObligationOpened) and event.kind == "contact"]) == 1
    met = [event for event in events if isinstance(event, ObligationMet) and event.kind == "contact"]
    assert [event.late_s for event in met] == [None]


def test_a_visit_to_baarle_asks_for_one_contact_with_each_neighbour(engine: Engine) -> None:
    """However many parcels it leads through."""
    events, qualities = played(engine, "baarle.ndjson")

    asked = [event.host for event in events if isinstance(event, ObligationOpened) and event.kind == "contact"]
    assert asked == ["NL"]
    assert "ambiguous" in qualities


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_tells_the_same(engine: Engine, name: str) -> None:
    """`detect` knows no pursuit; the crossings are those."""
    options = ("--unit", named(name).unit) if name.endswith(".gpx") else ()
    done = run("detect", str(TRACKS / name), *options, "--kind", "confirmed")

    assert done.returncode == 0, done.stderr
    told = [(event["from"], event["to"], event["crossed_at"]) for event in lines(done.stdout)]
    assert told == [(event.from_, event.to, event.crossed_at) for event in confirmed(played(engine, name)[0])]


def test_a_server_tells_the_same_of_what_is_replayed_to_it(engine: Engine, server_factory: ServerFactory) -> None:
    server = server_factory("--no-auth")
    names = ["eijsden.ndjson", "schengen.csv", "baarle.ndjson"]
    for name in names:
        done = run("replay", str(TRACKS / name), "--to", server.ws, "--speed", "2000")
        assert done.returncode == 0, done.stderr

    for name in names:
        told = [
            (event["from"], event["to"], event["crossed_at"])
            for event in server.events()
            if event["type"] == "crossing.confirmed" and event["unit"] == named(name).unit
        ]
        assert told == [(event.from_, event.to, event.crossed_at) for event in confirmed(played(engine, name)[0])]
