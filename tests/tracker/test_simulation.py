"""Made-up traffic crosses where it says, keeps to physics, and errs as receivers do."""

from __future__ import annotations

import math
import statistics
from itertools import groupby, pairwise
from random import Random

import pytest

from borders import boundary_file
from borders.atlas import Atlas
from borders.geodesy import LocalPlane, azimuth_deg, distance_m
from tracker.fix import Ping, accept
from tracker.simulation.drive import ACCELERATION_MPS2, BRAKING_MPS2, CORNERING_MPS2, Drive, Motion
from tracker.simulation.hazeldonk import DEMO
from tracker.simulation.receiver import NARROW_STREETS, RADIUS_68, Faults, Receiver
from tracker.simulation.routes import BAARLE, CORRIDORS, E19, E25, E411, HAZELDONK, STROLL, Route
from tracker.simulation.scenario import Actor
from tracker.simulation.traffic import Traffic

T0 = 1795442400.0


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return boundary_file.load()


def territories(atlas: Atlas, places: list[tuple[float, float]]) -> list[str]:
    """The territories along a line, each once per visit."""
    return [str(code) for code, _ in groupby(atlas.territory(lon, lat).value for lon, lat in places)]


def actor(unit: str) -> Actor:
    return next(actor for actor in DEMO.actors if actor.unit == unit)


def pings_of(unit: str, seed: int = 1) -> list[Ping]:
    return list(DEMO.pings(actor(unit), "b1", Random(seed), T0))


def crossings(atlas: Atlas, unit: str) -> list[tuple[int, str]]:
    """Seconds and territories at which the true motion of an actor enters another territory."""
    found: list[tuple[int, str]] = []
    for second in range(int(DEMO.duration_s)):
        motion = actor(unit).at(second)
        code = atlas.territory(motion.lon, motion.lat).value
        if not found or found[-1][1] != code:
            found.append((second, code))
    return found


class TestRoutes:
    @pytest.mark.parametrize(
        ("road", "visited", "near"),
        [
            (E19, ["BE", "NL"], (4.7353, 51.4860)),
            (E411, ["BE", "LU"], (5.9064, 49.6385)),
            (E25, ["BE", "NL"], (5.7276, 50.7591)),
            (HAZELDONK, ["BE", "NL", "BE"], (4.7353, 51.4860)),
            (BAARLE, ["BE", "NL", "BE", "NL", "BE"], (4.9319, 51.4367)),
            (STROLL, ["BE", *["NL", "BE"] * 4], (4.9319, 51.4367)),
        ],
    )
    def test_each_road_crosses_where_it_claims(
        self, atlas: Atlas, road: Route, visited: list[str], near: tuple[float, float]
    ) -> None:
        places = road.lonlat()
        assert territories(atlas, places) == visited
        points = [point for a, b in pairwise(places) for point in atlas.cross(a, b)]
        assert len(points) == len(visited) - 1
        assert min(distance_m(point.lon, point.lat, *near) for point in points) < 100

    @pytest.mark.parametrize("road", [*CORRIDORS, HAZELDONK])
    def test_vertices_are_close_enough_for_a_car(self, road: Route) -> None:
        gaps = [after - before for before, after in pairwise(road.marks_m)]
        assert max(gaps) < 50
        turns = [azimuth_deg(*a, *b) for a, b in pairwise(road.lonlat())]
        assert max(abs(math.remainder(after - before, 360)) for before, after in pairwise(turns)) < 40

    def test_a_circuit_closes_and_keeps_right(self) -> None:
        places = HAZELDONK.lonlat()
        assert distance_m(*places[0], *places[-1]) < 1
        centre = E19.lonlat()
        for index in (20, 100, 200, -60, -100, -200):
            here, ahead = places[index], places[index + 1]
            _, middle = min((distance_m(here[0], here[1], lon, lat), (lon, lat)) for lon, lat in centre)
            aside = math.radians(azimuth_deg(*middle, *here) - azimuth_deg(*here, *ahead))
            assert distance_m(*middle, *here) * math.sin(aside) == pytest.approx(14, abs=1.5)


class TestDrive:
    def test_it_keeps_to_what_engine_brakes_and_tyres_allow(self) -> None:
        drive = Drive(HAZELDONK, 0.0, HAZELDONK.length_m, 3.0, 38.0)
        motions = [drive.at(tenth / 10) for tenth in range(int(drive.arrives_at * 10) + 20)]
        assert max(motion.speed_mps for motion in motions) == pytest.approx(38.0)
        for before, after in pairwise(motions):
            gained = (after.speed_mps - before.speed_mps) / 0.1
            assert -BRAKING_MPS2 - 0.1 <= gained <= ACCELERATION_MPS2 + 0.1
            moved = distance_m(before.lon, before.lat, after.lon, after.lat)
            assert moved == pytest.approx((before.speed_mps + after.speed_mps) / 20, abs=0.15)
        for early, late in pairwise(motions[::10]):
            turned = math.radians(abs(math.remainder(late.course_deg - early.course_deg, 360)))
            assert turned * min(early.speed_mps, late.speed_mps) < 1.5 * CORNERING_MPS2

    def test_it_stands_before_and_after(self) -> None:
        drive = Drive(E19, 100.0, 900.0, 10.0, 30.0)
        assert drive.at(-5.0) == drive.at(10.0)
        assert drive.at(0.0).speed_mps == drive.at(drive.arrives_at + 100).speed_mps == 0.0
        assert drive.at(drive.arrives_at + 100) == drive.at(drive.arrives_at)
        assert 800 / 30 < drive.arrives_at - 10.0 < 800 / 30 + 30 / 3 + 30 / 4

    def test_course_is_the_direction_of_motion(self) -> None:
        drive = Drive(E19, 0.0, E19.length_m, 0.0, 38.0)
        before, after = drive.at(40.0), drive.at(40.2)
        course = azimuth_deg(before.lon, before.lat, after.lon, after.lat)
        assert abs(math.remainder(course - before.course_deg, 360)) < 3


class TestReceiver:
    STILL = Motion(4.7353, 51.4860, 0.0, 0.0)

    def errors(self, faults: Faults, number: int, step_s: float = 1.0) -> list[tuple[float, float]]:
        receiver = Receiver("BE-K03", "a1", faults, Random(7))
        plane = LocalPlane(self.STILL.lon, self.STILL.lat)
        pings = [receiver.ping(T0 + index * step_s, self.STILL) for index in range(number)]
        return [plane.xy(ping.lon, ping.lat) for ping in pings if ping is not None]

    def test_its_error_is_as_large_as_it_claims(self) -> None:
        faults = Faults(slow_m=3.0, quick_m=1.0)
        radii = sorted(math.hypot(*error) for error in self.errors(faults, 4000, step_s=200.0))
        claimed = RADIUS_68 * math.hypot(3.0, 1.0)
        assert statistics.quantiles(radii, n=100)[67] == pytest.approx(claimed, rel=0.05)

    def test_its_error_remembers_itself_for_a_minute(self) -> None:
        east = [error[0] for error in self.errors(Faults(slow_m=3.0, quick_m=0.0), 40_000)]
        variance = statistics.fmean(value * value for value in east)
        kept = statistics.fmean(a * b for a, b in zip(east, east[60:], strict=False)) / variance
        assert kept == pytest.approx(math.exp(-1), abs=0.1)

    def test_now_and_then_it_is_silent_or_far_off(self) -> None:
        receiver = Receiver("BE-K03", "a1", NARROW_STREETS, Random(3))
        answers = [receiver.ping(T0 + second, self.STILL) for second in range(3600)]
        heard = [ping for ping in answers if ping is not None]
        assert 40 <= len(answers) - len(heard) <= 400
        assert [ping.seq for ping in heard] == list(range(len(heard)))
        far = [p for p in heard if distance_m(p.lon, p.lat, self.STILL.lon, self.STILL.lat) > 28]
        assert 10 <= len(far) <= 60
        assert max(ping.acc or 0 for ping in far) < 15, "a reflection is not noticed"
        assert all(ping.course is None or (ping.speed or 0) >= 0.5 for ping in heard)


class TestDemo:
    def test_the_pursuit_crosses_at_hazeldonk_and_comes_back(self, atlas: Atlas) -> None:
        for unit in ("BE-K03", "BE-K07"):
            assert [code for _, code in crossings(atlas, unit)] == ["BE", "NL", "BE"]
        assert [code for _, code in crossings(atlas, "NL-ZB12")] == ["NL", "BE", "NL"]
        assert len(crossings(atlas, "BE-B01")) == 9

    def test_something_moves_at_once_and_crosses_within_45_seconds(self, atlas: Atlas) -> None:
        start, soon = actor("BE-K03").at(0.0), actor("BE-K03").at(2.0)
        assert distance_m(start.lon, start.lat, soon.lon, soon.lat) > 4
        assert 35 <= crossings(atlas, "BE-K03")[1][0] <= 45
        assert 240 <= DEMO.duration_s <= 360

    def test_the_script_fits_the_driving(self, atlas: Atlas) -> None:
        """Contact with the Dutch room in time, with the Belgian one late; joins where they are claimed."""
        at = {(act.command, act.details.host or act.details.unit, act.details.status): act.at_s for act in DEMO.acts}
        (_, (into_nl, _), (back, _)) = crossings(atlas, "BE-K03")
        (_, (dutch_into_be, _), _) = crossings(atlas, "NL-ZB12")
        assert at["contact", "NL", "established"] < into_nl < at["join", "NL-ZB12", None]
        assert at["join", "NL-ZB12", None] < at["host-decision", "NL", None] < back < dutch_into_be
        assert at["contact", "BE", "attempted"] < dutch_into_be < at["contact", "BE", "established"]
        end_at = next(act.at_s for act in DEMO.acts if act.command == "end")
        assert max(actor(unit).trips[0].arrives_at for unit in ("BE-K03", "BE-K07", "NL-ZB12")) < end_at
        assert [act.at_s for act in DEMO.acts] == sorted(act.at_s for act in DEMO.acts)
        assert end_at < actor("NL-ZB12").trips[1].departs_at

    def test_it_ends_where_it_began(self) -> None:
        for unit in ("BE-K03", "BE-K07", "NL-ZB12", "BE-B01"):
            start, end = actor(unit).at(0.0), actor(unit).at(DEMO.duration_s)
            assert distance_m(start.lon, start.lat, end.lon, end.lat) < 2
            assert end.speed_mps == 0.0

    def test_every_ping_is_acceptable_and_the_same_seed_gives_the_same(self) -> None:
        for unit in ("BE-K03", "BE-K07", "NL-ZB12", "BE-B01"):
            pings = pings_of(unit)
            for ping in pings:
                accept(ping, ping.t, numbered=True)
            assert [ping.seq for ping in pings] == list(range(len(pings)))
            assert len(pings) > 0.85 * DEMO.duration_s
            assert pings == pings_of(unit)
            assert pings != pings_of(unit, seed=2)


class TestTraffic:
    def test_rounds_are_in_time_order_and_numbered(self) -> None:
        rounds = Traffic(100, 2.0, 1, T0, "a1").rounds()
        pings = [ping for _ in range(5) for ping in next(rounds)]
        assert len(pings) == 500
        assert all(before.t <= after.t for before, after in pairwise(pings))
        assert pings[0].t == T0
        assert [ping.seq for ping in pings if ping.unit == pings[3].unit] == [0, 1, 2, 3, 4]
        for ping in pings:
            accept(ping, ping.t, numbered=True)

    def test_units_move_as_fast_as_they_say_and_some_cross(self, atlas: Atlas) -> None:
        rounds = Traffic(200, 0.2, 4, T0, "a1").rounds()
        first = next(rounds)
        second = next(rounds)
        for before, after in zip(first, second, strict=True):
            moved = distance_m(before.lon, before.lat, after.lon, after.lat)
            assert moved <= 5 * max(before.speed or 0, after.speed or 0) + 40
        last = [next(rounds) for _ in range(100)][-1]
        crossed = [
            atlas.territory(a.lon, a.lat) != atlas.territory(b.lon, b.lat) for a, b in zip(first, last, strict=True)
        ]
        assert sum(crossed) >= 10
