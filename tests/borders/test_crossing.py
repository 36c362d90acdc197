"""Crossings: told once, at the right place and time, and never for a unit that did not cross."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from benchmarks.detection import NO_GAP, Receiver, observe
from benchmarks.roads import straight, truths
from borders.atlas import Atlas
from borders.crossing import Approaching, Confirmed, Detector, Probable, Retracted, Suspect, Watch, sample_of
from borders.geodesy import LocalPlane, distance_m
from borders.states import Territory, border_name
from tests.borders.tracks import BORDER_LAT, LON, STARTED_AT, Run, Seen, at, drive, run

BE, NL, LU, DE, LU_DE = Territory.BE, Territory.NL, Territory.LU, Territory.DE, Territory.LU_DE


def confirmed(done: Run) -> list[Confirmed]:
    return [notice for _, notice in done.told if isinstance(notice, Confirmed)]


def watches(atlas: Atlas, fixes: list[Seen]) -> list[Watch]:
    """What is remembered after each fix."""
    detector = Detector(atlas)
    steps = [detector.begin(sample_of(fixes[0]))]
    for fix in fixes[1:]:
        steps.append(detector.step(steps[-1], sample_of(fix))[0])
    return steps


def outstanding(done: Run) -> set[int]:
    """Numbers that were announced and neither confirmed nor taken back."""
    open_: set[int] = set()
    for _, notice in done.told:
        if isinstance(notice, Approaching | Probable):
            open_.add(notice.number)
        elif isinstance(notice, Confirmed | Retracted):
            open_.discard(notice.number)
    return open_


@pytest.mark.parametrize("bare", [False, True], ids=["velocity", "bare"])
@pytest.mark.parametrize("seed", range(10))
def test_a_drive_over_the_border_is_one_crossing(atlas: Atlas, seed: int, bare: bool) -> None:
    """Told within three fixes, at the true place and time to within the receiver's error."""
    fixes = drive(-1500.0, 600.0, 30.0, noise_m=3.0, seed=seed, bare=bare)

    done = run(atlas, fixes)

    [(fix, notice)] = done.of(Confirmed)
    assert isinstance(notice, Confirmed)
    assert (notice.from_, notice.to, notice.border) == (BE, NL, "BE-NL")
    assert distance_m(notice.lon, notice.lat, LON, BORDER_LAT) < 15.0
    assert abs(notice.crossed_at - (STARTED_AT + 50.0)) < 0.6
    assert fix.fixed_at - (STARTED_AT + 50.0) <= 3.5
    assert 0.9 <= notice.confidence <= 1.0
    assert 0.5 < notice.uncertainty_m < 20.0
    assert 0.0 < notice.uncertainty_s < 2.0
    assert done.watch.territory is NL


def test_one_number_from_approaching_to_confirmed(atlas: Atlas) -> None:
    """It is announced before, once, and nothing stays open after."""
    done = run(atlas, drive(-3000.0, 600.0, 30.0, noise_m=2.0))

    [(announced_by, announced)] = done.of(Approaching)
    [(_, crossed)] = done.of(Confirmed)
    assert isinstance(announced, Approaching)
    assert isinstance(crossed, Confirmed)
    assert announced.number == crossed.number
    assert (announced.from_, announced.to) == (BE, NL)
    assert 20.0 <= announced.eta_s <= 120.0
    assert abs(announced_by.fixed_at + announced.eta_s - crossed.crossed_at) < 10.0
    assert not outstanding(done)


def test_one_fix_beyond_never_confirms(atlas: Atlas) -> None:
    """However deep it lies."""
    fixes = drive(-600.0, -20.0, 29.0)

    done = run(atlas, [*fixes, at(len(fixes), 60.0, speed_mps=29.0, course_deg=0.0)])

    assert not done.of(Confirmed)
    assert done.watch.territory is BE


def test_there_and_back_is_two_crossings(atlas: Atlas) -> None:
    """With different numbers, in order."""
    there = drive(-900.0, 900.0, 30.0, noise_m=2.0)
    back = drive(900.0, -900.0, 30.0, first_s=len(there) + 20, noise_m=2.0, seed=1)

    out, home = confirmed(run(atlas, there + back))

    assert (out.from_, out.to, home.from_, home.to) == (BE, NL, NL, BE)
    assert out.number != home.number
    assert out.crossed_at < home.crossed_at


@pytest.mark.parametrize("bare", [False, True], ids=["velocity", "bare"])
@pytest.mark.parametrize("seed", range(6))
def test_standing_beside_the_border_tells_nothing(atlas: Atlas, seed: int, bare: bool) -> None:
    """Four minutes, eight metres from it, with an error of five."""
    random = Random(seed)
    bias = [random.gauss(0, 4.0) for _ in range(2)]
    fixes = []
    for second in range(240):
        bias = [0.983 * axis + random.gauss(0, 0.73) for axis in bias]
        east, north = (axis + random.gauss(0, 2.0) for axis in bias)
        speed = None if bare else abs(random.gauss(0, 0.2))
        fixes.append(at(second, -8.0 + north, east, accuracy_m=7.5, speed_mps=speed))

    assert not run(atlas, fixes).of(Confirmed)


def test_a_teleport_is_suspect_once_and_no_crossing(atlas: Atlas) -> None:
    """A single fix far beyond the border, on a drive that goes on as before."""
    fixes = drive(-900.0, -600.0, 10.0)
    fixes[15] = at(15, 400.0, speed_mps=10.0, course_deg=0.0)

    done = run(atlas, fixes)

    [(fix, notice)] = done.of(Suspect)
    assert isinstance(notice, Suspect)
    assert fix is fixes[15]
    assert (notice.lon, notice.lat, notice.at) == (fix.lon, fix.lat, fix.fixed_at)
    assert not done.of(Confirmed)
    assert not done.of(Probable)
    assert (done.watch.territory, done.watch.quality) == (BE, "ok")


def test_a_unit_that_was_carried_is_believed_where_it_is(atlas: Atlas) -> None:
    """A jump that lasts: one suspect, then a crossing whose place is said to be uncertain."""
    before = drive(-3000.0, -2700.0, 10.0)
    after = drive(5000.0, 5300.0, 10.0, first_s=len(before))

    done = run(atlas, before + after)

    assert len(done.of(Suspect)) == 1
    [notice] = confirmed(done)
    assert (notice.from_, notice.to) == (BE, NL)
    assert notice.uncertainty_m > 300.0
    assert done.watch.territory is NL


def test_a_crossing_in_a_gap_is_told_with_a_wide_uncertainty(atlas: Atlas) -> None:
    """40 s without a fix around the border."""
    fixes = [fix for fix in drive(-1500.0, 1500.0, 30.0) if not 30 < fix.fixed_at - STARTED_AT < 70]

    [gap] = confirmed(run(atlas, fixes))
    [plain] = confirmed(run(atlas, drive(-1500.0, 1500.0, 30.0)))

    assert abs(gap.crossed_at - (STARTED_AT + 50)) < 5.0
    assert distance_m(gap.lon, gap.lat, LON, BORDER_LAT) < 30.0
    assert gap.uncertainty_m > 1.5 * plain.uncertainty_m
    assert gap.uncertainty_s > 1.5 * plain.uncertainty_s


@pytest.mark.parametrize(
    ("place", "speed_mps", "course_deg", "seed"),
    [
        ((4.76674, 51.43053), 22.9, 354.9, 4),
        ((6.07863, 50.15684), 18.9, 23.0, 1),
        ((4.93046, 51.45022), 17.0, 258.0, 5),
    ],
)
def test_who_cuts_a_corner_is_told_to_be_out_again_at_once(
    atlas: Atlas, place: tuple[float, float], speed_mps: float, course_deg: float, seed: int
) -> None:
    """A second and a half in another state: that it was there was told, so only its way out is asked, and half a minute
    of further fixes is not waited for.
    """
    road = straight(*place, speed_mps, course_deg, 60.0)
    inside, outside = truths(atlas, road, 90.0)
    fixes = observe(Random(seed), Receiver(2.0, dropouts=0.0, wild=0.0), road, 90.0, NO_GAP)
    detector = Detector(atlas)
    watch = detector.begin(sample_of(fixes[0]))
    told = []
    for fix in fixes[1:]:
        watch, notices = detector.step(watch, sample_of(fix))
        told += [(fix.fixed_at - STARTED_AT, notice) for notice in notices if isinstance(notice, Confirmed)]

    assert outside.at_s - inside.at_s < 2.0
    assert [(one.from_, one.to) for _, one in told] == [
        (inside.from_territory, inside.to_territory),
        (inside.to_territory, inside.from_territory),
    ]
    assert told[1][0] - outside.at_s < 5.0
    assert watch.territory is inside.from_territory


def test_an_approach_is_withdrawn_when_the_unit_turns_away(atlas: Atlas) -> None:
    """Announced on the way there, taken back on the way home."""
    there = drive(-1500.0, -300.0, 20.0)
    back = drive(-300.0, -1500.0, 20.0, first_s=len(there))

    done = run(atlas, there + back)

    [(_, announced)] = done.of(Approaching)
    [(_, taken_back)] = done.of(Retracted)
    assert isinstance(announced, Approaching)
    assert isinstance(taken_back, Retracted)
    assert taken_back.number == announced.number
    assert taken_back.takes_back == "approaching"
    assert taken_back.reason


def test_an_approach_is_withdrawn_when_the_unit_stops_for_long(atlas: Atlas) -> None:
    """Two minutes in a lay-by before the border."""
    there = drive(-1500.0, -300.0, 20.0)
    parked = [at(len(there) + second, -300.0, speed_mps=0.0) for second in range(120)]

    done = run(atlas, there + parked)

    assert len(done.of(Approaching)) == 1
    assert not outstanding(done)


def test_the_error_circle_over_a_border_is_ambiguous(atlas: Atlas) -> None:
    """And inside one territory it is ok."""
    detector = Detector(atlas)

    assert detector.begin(sample_of(at(0, -20.0, accuracy_m=30.0))).quality == "ambiguous"
    assert detector.begin(sample_of(at(0, -20.0, accuracy_m=5.0))).quality == "ok"


def test_leaving_and_entering_the_covered_box_is_no_crossing(atlas: Atlas) -> None:
    """South over its edge in France, and back."""
    plane = LocalPlane(5.0, 48.9)
    fixes = [
        Seen(*plane.lonlat(0.0, north), 4.0, STARTED_AT + second, 30.0, course)
        for second, (north, course) in enumerate(
            [(400.0 - 30.0 * step, 180.0) for step in range(30)] + [(-470.0 + 30.0 * step, 0.0) for step in range(30)]
        )
    ]

    middle, whole = run(atlas, fixes[:30]), run(atlas, fixes)

    assert middle.watch.territory is Territory.OUTSIDE
    assert whole.watch.territory is Territory.FR
    assert not whole.of(Confirmed)
    assert not outstanding(whole)


def test_a_bridge_over_the_moselle_is_one_crossing(atlas: Atlas) -> None:
    """From Luxembourg to Germany, the condominium between them named; while it is on the bridge it is shown there."""
    plane = LocalPlane(6.3672, 49.5446)
    fixes = [
        Seen(*plane.lonlat(-500.0 + 15.0 * second, 0.0), 4.0, STARTED_AT + second, 15.0, 90.0) for second in range(80)
    ]

    done = run(atlas, fixes)

    [notice] = confirmed(done)
    assert (notice.from_, notice.to, notice.via, notice.border) == (LU, DE, LU_DE, "DE-LU")
    assert atlas.locate(notice.lon, notice.lat).border == border_name("DE", "LU+DE")
    assert LU_DE in {step.territory for step in watches(atlas, fixes)}
    [(_, announced)] = done.of(Approaching)
    assert isinstance(announced, Approaching)
    assert (announced.from_, announced.to, announced.via, announced.number) == (LU, DE, LU_DE, notice.number)
    assert not outstanding(done)


def test_who_turns_back_on_a_bridge_has_crossed_nothing(atlas: Atlas) -> None:
    plane = LocalPlane(6.3672, 49.5446)
    east = [*(-500.0 + 15.0 * s for s in range(57)), *(340.0 - 15.0 * s for s in range(50))]
    fixes = [
        Seen(*plane.lonlat(x, 0.0), 4.0, STARTED_AT + s, 15.0, 90.0 if s < 57 else 270.0) for s, x in enumerate(east)
    ]

    done = run(atlas, fixes)

    assert LU_DE in {step.territory for step in watches(atlas, fixes)}
    assert done.watch.territory is LU
    assert not confirmed(done)
    assert not outstanding(done)


def test_who_stays_on_the_river_is_told_to_be_there(atlas: Atlas) -> None:
    """A boat: into the condominium, and an hour later out of it."""
    plane = LocalPlane(6.3672, 49.5446)
    fixes = [
        Seen(*plane.lonlat(min(-500.0 + 15.0 * s, 340.0), 0.0), 4.0, STARTED_AT + s, 15.0 * (s < 56), 90.0)
        for s in range(120)
    ]
    away = [Seen(*plane.lonlat(340.0 + 15.0 * s, 0.0), 4.0, STARTED_AT + 120 + s, 15.0, 90.0) for s in range(40)]

    crossings = confirmed(run(atlas, [*fixes, *away]))

    assert [(notice.from_, notice.to, notice.via) for notice in crossings] == [(LU, LU_DE, None), (LU_DE, DE, None)]
    assert crossings[0].crossed_at < STARTED_AT + 60.0


def test_a_bridge_crossed_in_a_gap_is_one_crossing(atlas: Atlas) -> None:
    """Over the Moselle without a fix on the bridge."""
    plane = LocalPlane(6.3672, 49.5446)
    seconds = [*range(25), *range(66, 90)]
    fixes = [
        Seen(*plane.lonlat(-500.0 + 15.0 * second, 0.0), 4.0, STARTED_AT + second, 15.0, 90.0) for second in seconds
    ]

    [notice] = confirmed(run(atlas, fixes))

    assert (notice.from_, notice.to, notice.via) == (LU, DE, LU_DE)
    assert notice.uncertainty_s > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_through_baarle_forms_a_chain(atlas: Atlas, seed: int) -> None:
    """Each crossing leaves where the one before arrived, and the last arrives where the unit is believed to be."""
    random = Random(seed)
    plane = LocalPlane(4.9294, 51.4381)
    fixes = [
        Seen(*plane.lonlat(-900.0 + 6.0 * s + random.gauss(0, 2), random.gauss(0, 2)), 5.0, STARTED_AT + s, 6.0, 90.0)
        for s in range(300)
    ]

    done = run(atlas, fixes)

    crossings = confirmed(done)
    assert len(crossings) >= 2
    chain = [atlas.territory(fixes[0].lon, fixes[0].lat), *(notice.to for notice in crossings)]
    assert [notice.from_ for notice in crossings] == chain[:-1]
    assert done.watch.territory is chain[-1]


def test_a_watch_survives_being_written_down(atlas: Atlas) -> None:
    """In the middle of everything: the next step is the same from the bytes."""
    detector = Detector(atlas)
    fixes = drive(-900.0, 300.0, 20.0, noise_m=3.0)
    watch = detector.begin(sample_of(fixes[0]))
    for fix in fixes[1:]:
        read = msgspec.msgpack.decode(msgspec.msgpack.encode(watch), type=Watch)
        assert read == watch
        kept = msgspec.msgpack.encode(watch)
        after, told = detector.step(watch, sample_of(fix))
        assert (after, told) == detector.step(read, sample_of(fix))
        assert msgspec.msgpack.encode(watch) == kept
        watch = after


@pytest.mark.parametrize("second", range(10, 50, 4))
def test_an_outlier_on_the_way_over_costs_no_crossing(atlas: Atlas, second: int) -> None:
    """A wild fix anywhere, also right at the border, neither adds nor hides one."""
    fixes = drive(-750.0, 750.0, 30.0, noise_m=2.0)
    wild = LocalPlane(fixes[second].lon, fixes[second].lat).lonlat(180.0, -260.0)
    fixes[second] = fixes[second]._replace(lon=wild[0], lat=wild[1])

    [notice] = confirmed(run(atlas, fixes))

    assert distance_m(notice.lon, notice.lat, LON, BORDER_LAT) < 15.0


@pytest.mark.parametrize("silent_s", [1_000.0, 3_600.0, 86_400.0, 5 * 86_400.0, 400 * 86_400.0])
def test_after_a_long_silence_where_it_was_last_is_all_that_is_known(atlas: Atlas, silent_s: float) -> None:
    """Whatever it drove before and after, nobody knows what it did between; and two fixes say that it is elsewhere."""
    before, after = drive(-2_000.0, -1_000.0), drive(1_000.0, 3_000.0, first_s=33.0 + silent_s)

    [crossing] = confirmed(run(atlas, [*before, *after[:2]]))

    assert (crossing.from_, crossing.to) == (BE, NL)
    assert before[-1].fixed_at < crossing.crossed_at < after[0].fixed_at
    assert crossing.uncertainty_s >= silent_s / 4
    assert crossing.confidence <= 0.9
