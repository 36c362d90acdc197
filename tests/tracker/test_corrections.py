"""Fixes that come late: what was told of a crossing is corrected or taken back, and never deleted."""

from __future__ import annotations

import msgspec
import pytest

from tests.tracker.road import BORDER_LAT, LON, STARTED_AT, Scene
from tracker.engine import Engine
from tracker.events import (
    CrossingConfirmed,
    CrossingCorrected,
    CrossingRetracted,
    Decision,
    Event,
    ObligationWithdrawn,
    UnitSuspect,
    unix_s,
)
from tracker.inputs import EndPursuit, FileReport, PingReceived, ReportContact, ReportHostDecision, StartPursuit
from tracker.pursuits import Pursuit
from tracker.views import pursuit_view
from tracker.world import World

UNIT = "BE-K03"


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def pursuit(scene: Scene) -> Pursuit:
    return scene.world.pursuits["p-1"]


def drive(scene: Scene, first_s: int, last_s: int, *, start_m: float = -900.0, speed_mps: float = 30.0) -> None:
    """Drive north, a fix a second; the car is `start_m` north of the border at second 0."""
    for second in range(first_s, last_s + 1):
        scene.now = STARTED_AT + second
        scene.do(scene.ping(UNIT, start_m + speed_mps * second, speed_mps, 0.0))


def late(scene: Scene, second: float, north_m: float, speed_mps: float = 30.0) -> list[Event]:
    """A fix of an earlier second that arrives now."""
    now, scene.now = scene.now, STARTED_AT + second
    entry = scene.ping(UNIT, north_m, speed_mps, 0.0)
    scene.now = now
    return scene.do(PingReceived(entry.fix, now + 0.25))


def started(scene: Scene) -> Scene:
    scene.register(UNIT)
    scene.do(StartPursuit(id="p-1", unit=UNIT, at=scene.now))
    return scene


def through_a_tunnel(scene: Scene) -> CrossingConfirmed:
    """Nothing is heard between 20 and 45 s; the border was at 30 s."""
    drive(scene, 0, 20)
    drive(scene, 45, 48)
    [told] = scene.of(CrossingConfirmed)
    assert isinstance(told, CrossingConfirmed)
    return told


def it_stood_in_the_tunnel(scene: Scene) -> None:
    """The fixes of those seconds: it waited before the border, and was over it about 8 s later than was thought."""
    for second in range(21, 33):
        late(scene, second, -300, 0.0)
    for second in range(33, 45):
        late(scene, second, -300 + 62.5 * (second - 33), 62.5)


def test_a_backlog_shows_where_and_when_it_was_and_names_what_it_supersedes(scene: Scene) -> None:
    """It arrives minutes later: nothing of those seconds but the crossing is still at hand."""
    told = through_a_tunnel(started(scene))
    drive(scene, 49, 120)

    for second in range(21, 45):
        late(scene, second, -900 + 30 * second)

    corrections = [event for event in scene.events if isinstance(event, CrossingCorrected)]
    assert corrections
    assert {event.crossing for event in corrections} == {told.id}
    assert [event.supersedes for event in corrections] == [told.id, *(event.id for event in corrections[:-1])]
    assert corrections[-1].uncertainty_m < told.uncertainty_m / 2
    assert unix_s(corrections[-1].crossed_at) == pytest.approx(STARTED_AT + 30, abs=0.1)
    assert corrections[-1].lat == pytest.approx(BORDER_LAT, abs=1e-5)
    assert all(event.pursuit == "p-1" for event in corrections)
    assert not [event for event in scene.of(CrossingConfirmed) if event.id != told.id]


def test_the_pursuit_shows_the_crossing_as_it_stands_and_the_record_keeps_both(scene: Scene) -> None:
    told = through_a_tunnel(started(scene))
    late(scene, 29, -30)
    late(scene, 31, 30)

    [stands] = pursuit_view(scene.world, pursuit(scene)).crossings
    [*_, last] = scene.of(CrossingCorrected)
    assert isinstance(last, CrossingCorrected)
    assert (stands.id, stands.corrected_by) == (told.id, last.id)
    assert (stands.lon, stands.lat, stands.crossed_at) == (last.lon, last.lat, last.crossed_at)
    assert told in scene.events


def test_a_contact_that_looked_late_was_in_time(scene: Scene) -> None:
    """For the call came before the true crossing, and after the one that was thought."""
    through_a_tunnel(started(scene))
    scene.do(ReportContact(id="p-1", at=scene.now, happened_at=STARTED_AT + 36))
    first = [event for event in scene.events if isinstance(event, Decision)][-1]
    it_stood_in_the_tunnel(scene)

    last = [event for event in scene.events if isinstance(event, Decision)][-1]
    assert first.rule == "R12"
    assert last.rule == "R13"
    assert last.supersedes is not None
    assert last.crossing == first.crossing


def test_the_deadline_of_a_contact_moves_with_the_crossing(scene: Scene) -> None:
    through_a_tunnel(started(scene))
    before = next(duty for duty in pursuit(scene).duties if duty.kind == "contact")
    it_stood_in_the_tunnel(scene)

    after = next(duty for duty in pursuit(scene).duties if duty.kind == "contact")
    assert after.id == before.id
    assert after.deadline_at != before.deadline_at
    assert after.deadline_at == unix_s(pursuit(scene).crossings[0].crossed_at)


def a_car_that_seemed_to_cross(scene: Scene) -> list[Event]:
    """It stood 200 m before the border. Nothing was heard of it for a while, and then two reflected fixes; the fixes in
    between come after them.
    """
    began_s = round(scene.now - STARTED_AT)
    start_m = -900.0 - 15.0 * began_s
    drive(scene, began_s, began_s + 46, start_m=start_m, speed_mps=15.0)
    drive(scene, began_s + 62, began_s + 63, start_m=start_m, speed_mps=15.0)
    assert scene.of(CrossingConfirmed)
    assert pursuit(scene).member(UNIT).territory == "NL"  # type: ignore[union-attr]
    events: list[Event] = []
    for second in range(began_s + 47, began_s + 62):
        events += late(scene, second, -210, 0.0)
    return events


def test_a_stay_that_was_none_is_owed_no_report_beside_the_one_that_was_made(scene: Scene) -> None:
    started(scene)
    scene.drive(UNIT, -900, 600)
    scene.drive(UNIT, 570, -930)
    scene.do(FileReport(id="p-1", at=scene.now))
    a_car_that_seemed_to_cross(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))

    assert [visit.is_owed for visit in pursuit(scene).visits] == [False]
    assert not [duty for duty in pursuit(scene).duties if duty.kind == "report"]


def a_car_that_seemed_to_come_home(scene: Scene) -> None:
    """The same on the way back."""
    began_s = round(scene.now - STARTED_AT) + 1
    for second in (*range(47), 62, 63):
        scene.now = STARTED_AT + began_s + second
        scene.do(scene.ping(UNIT, 900.0 - 15.0 * second, 15.0, 180.0))
    assert pursuit(scene).member(UNIT).territory == "BE"  # type: ignore[union-attr]
    assert pursuit(scene).duty("report", "NL")
    for second in range(47, 62):
        late(scene, began_s + second, 210, 0.0)
    assert pursuit(scene).member(UNIT).territory == "NL"  # type: ignore[union-attr]


def test_who_did_not_come_home_has_not_obeyed_and_owes_no_report_yet(scene: Scene) -> None:
    started(scene)
    scene.drive(UNIT, -900, 900)
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="stop", at=scene.now))
    a_car_that_seemed_to_come_home(scene)

    assert pursuit(scene).phase == "breaking_off"
    assert pursuit(scene).duty("break_off", "NL")
    assert not pursuit(scene).duty("report", "NL")
    assert [event.kind for event in scene.events if isinstance(event, ObligationWithdrawn)] == ["report"]
    assert [event.rule for event in scene.events if isinstance(event, Decision)][-2:] == ["R0", "R1"]


def test_a_crossing_that_did_not_happen_is_taken_back_with_all_that_was_asked_for_it(scene: Scene) -> None:
    events = a_car_that_seemed_to_cross(started(scene))

    [told] = scene.of(CrossingConfirmed)
    *_, corrected = (event for event in events if isinstance(event, CrossingCorrected))
    [back, *_] = [event for event in events if isinstance(event, CrossingRetracted)]
    assert (back.supersedes, corrected.crossing) == (corrected.id, told.id)
    assert back.takes_back == "confirmed"
    assert back.id in scene.world.alerts
    member = pursuit(scene).member(UNIT)
    assert member is not None
    assert (member.territory, member.decision) == ("BE", None)
    assert not pursuit(scene).crossings
    assert not pursuit(scene).visits
    assert not pursuit(scene).duties
    assert [event for event in events if isinstance(event, ObligationWithdrawn)]


def test_after_it_was_taken_back_the_car_crosses_like_any_other(scene: Scene) -> None:
    a_car_that_seemed_to_cross(started(scene))
    for second in range(64, 90):
        scene.now = STARTED_AT + second
        scene.do(scene.ping(UNIT, -210 + 15 * (second - 64), 15.0, 0.0))

    first, second_ = (event for event in scene.events if isinstance(event, CrossingConfirmed))
    assert first.id != second_.id
    assert pursuit(scene).member(UNIT).territory == "NL"  # type: ignore[union-attr]
    assert [known.id for known in pursuit(scene).crossings] == [second_.id]


def test_after_the_pursuit_a_correction_still_belongs_to_it(scene: Scene) -> None:
    told = through_a_tunnel(started(scene))
    scene.do(EndPursuit(id="p-1", at=scene.now))
    late(scene, 29, -30)
    late(scene, 31, 30)

    [*_, last] = scene.of(CrossingCorrected)
    assert isinstance(last, CrossingCorrected)
    assert (last.pursuit, last.crossing) == ("p-1", told.id)
    assert pursuit(scene).crossings[0].corrected_by == last.id


def test_a_fix_that_says_nothing_new_corrects_nothing(scene: Scene) -> None:
    """Neither one that was sent twice nor one from long before."""
    drive(scene, 0, 40)
    before = len(scene.events)

    late(scene, 30, 0)
    late(scene, 5, -750)

    assert scene.events[before:] == []


def test_a_wild_fix_that_comes_late_moves_no_crossing(scene: Scene) -> None:
    drive(scene, 0, 28)
    drive(scene, 30, 32)
    [told] = scene.of(CrossingConfirmed)

    late(scene, 29, 700)

    assert scene.of(UnitSuspect)
    assert scene.of(CrossingConfirmed) == [told]
    assert not scene.of(CrossingCorrected)


def test_what_is_remembered_for_late_fixes_survives_a_restart(scene: Scene) -> None:
    """A snapshot is as good as having been there."""
    through_a_tunnel(started(scene))
    scene.world = World.decode(scene.world.encode())
    scene.world.commit()

    late(scene, 29, -30)

    assert scene.of(CrossingCorrected)


@pytest.mark.parametrize("ahead_s", [30.0, 1800.0])
def test_a_clock_that_is_set_right_does_not_make_a_unit_deaf(scene: Scene, ahead_s: float) -> None:
    """Else every fix would be late for as long as the clock was ahead."""
    started(scene)
    for second in range(62):
        scene.now = STARTED_AT + second
        entry = scene.ping(UNIT, -1200 + 30 * second, 30.0, 0.0)
        wrong = ahead_s if second < 20 else 0.0
        scene.do(PingReceived(msgspec.structs.replace(entry.fix, fixed_at=scene.now + wrong), scene.now + 0.25))

    [suspect] = scene.of(UnitSuspect)
    assert isinstance(suspect, UnitSuspect)
    assert f"{ahead_s:.0f} s ahead" in suspect.reason
    [crossing] = scene.of(CrossingConfirmed)
    assert isinstance(crossing, CrossingConfirmed)
    assert unix_s(crossing.crossed_at) == pytest.approx(STARTED_AT + 40, abs=1.0)
    assert crossing.lon == pytest.approx(LON, abs=1e-4)


def test_a_fix_that_is_sent_again_is_no_clock_that_was_set_right(scene: Scene) -> None:
    """The server's clock was behind for a while: then fixes seemed to be ahead, and one from before the border that
    comes again shows nothing but what was.
    """
    started(scene)
    sent = []
    for second in range(62):
        scene.now = STARTED_AT + second
        fix = msgspec.structs.replace(scene.ping(UNIT, -1200 + 30 * second, 30.0, 0.0).fix, boot="a1", seq=second)
        sent.append(fix)
        if second not in {36, 37}:
            scene.do(PingReceived(fix, min(scene.now, STARTED_AT + 34)))
    told = scene.of(CrossingConfirmed)

    for fix in sent[36:38]:
        scene.do(PingReceived(fix, STARTED_AT + 90))

    assert len(told) == 1
    assert scene.of(CrossingConfirmed) == told
    assert not scene.of(UnitSuspect)
    assert scene.world.tracks[UNIT].territory == "NL"


def test_two_suspicions_from_one_fix_are_two_events(scene: Scene) -> None:
    """The clock was ahead and is set right, and where the fix says that the unit is it cannot be."""
    entry = scene.ping(UNIT, -1200, 30.0, 0.0)
    for seq, second in enumerate((0, 1, 2, 6, 4)):
        fix = msgspec.structs.replace(entry.fix, seq=seq, fixed_at=STARTED_AT + second)
        scene.do(PingReceived(fix, STARTED_AT))

    suspects = scene.of(UnitSuspect)
    assert len({event.id for event in suspects}) == len(suspects) == 3
