"""Reasons to break off that come and go, and lines to a host that come and go, through the core."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.tracker.road import Scene
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import Decision, ObligationMet, ObligationOpened, ObligationWithdrawn, PursuitContact, unix_s
from tracker.inputs import (
    EndPursuit,
    JoinPursuit,
    ReportContact,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
)
from tracker.pursuits import Phase


@pytest.fixture
def scene(engine: Engine) -> Scene:
    scene = Scene(engine)
    scene.do(StartPursuit(id="p-1", unit="BE-K03", started_in="BE", at=scene.now))
    return scene


def phase(scene: Scene) -> Phase:
    return scene.world.pursuits["p-1"].phase


def rules(scene: Scene) -> list[str]:
    return [event.rule for event in scene.events if isinstance(event, Decision)]


@pytest.mark.parametrize("at", [-1e300, math.nan, 1e300, 0.0, 4e9])
@pytest.mark.parametrize("field", ["happened_at", "attempted_at"])
def test_a_contact_at_an_impossible_moment_is_refused_and_poisons_nothing(scene: Scene, field: str, at: float) -> None:
    scene.drive("BE-K03", -1500, -900)

    with pytest.raises(Refused) as refused:
        scene.do(msgspec.structs.replace(ReportContact(id="p-1", host="NL", at=scene.now), **{field: at}))
    scene.drive("BE-K03", -870, 600)

    assert refused.value.field == ("established_at" if field == "happened_at" else field)
    assert rules(scene) == ["R12"]


def test_an_attempt_and_its_success_in_one_report_are_two_events(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, -900)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now, attempted_at=scene.now - 9, happened_at=scene.now - 3))

    assert [event.status for event in scene.events if isinstance(event, PursuitContact)] == ["attempted", "established"]
    assert len({event.id for event in scene.of(PursuitContact)}) == 2


def test_a_line_that_was_lost_before_the_crossing_is_no_contact_for_it(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, -1200)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now + 1, status="lost"))
    scene.drive("BE-K03", -1170, 600)

    assert rules(scene) == ["R12"]
    assert [event.kind for event in scene.of(ObligationOpened) if isinstance(event, ObligationOpened)] != []


def test_a_line_that_is_lost_after_the_crossing_was_a_contact_for_it(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, -600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    scene.drive("BE-K03", -570, 600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now, status="lost"))

    assert set(rules(scene)) == {"R13"}


def test_a_stop_that_was_complied_with_no_longer_breaks_off_the_pursuit_at_home(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="stop", at=scene.now))
    assert phase(scene) is Phase.BREAKING_OFF
    scene.drive("BE-K03", 570, -900)

    assert phase(scene) is Phase.RUNNING
    assert "R0" in rules(scene)


def test_a_stop_binds_again_on_a_new_entry(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="stop", at=scene.now))
    scene.drive("BE-K03", 570, -900)
    scene.drive("BE-K03", -870, 600)

    assert phase(scene) is Phase.BREAKING_OFF
    assert rules(scene)[-1] == "R1"


def test_a_danger_that_passes_at_home_takes_back_no_order_of_the_host(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="stop", at=scene.now))
    scene.do(ReportDanger(id="p-1", disproportionate=True, at=scene.now))
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="continue", at=scene.now))
    assert phase(scene) is Phase.BREAKING_OFF
    assert not scene.of(ObligationWithdrawn)
    scene.do(ReportDanger(id="p-1", disproportionate=False, at=scene.now))

    assert phase(scene) is Phase.RUNNING
    assert [event.kind for event in scene.events if isinstance(event, ObligationWithdrawn)] == ["break_off"]


def test_a_hold_by_a_unit_of_unknown_state_is_refused(scene: Scene) -> None:
    scene.do(JoinPursuit(id="p-1", unit="K-9", at=scene.now))

    with pytest.raises(Refused, match="sending state of K-9"):
        scene.do(ReportHold(id="p-1", unit="K-9", at=scene.now))


def test_a_contact_that_is_made_after_the_end_still_meets_the_obligation(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, 600)
    scene.do(EndPursuit(id="p-1", at=scene.now))
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))

    met = [event for event in scene.events if isinstance(event, ObligationMet) and event.kind == "contact"]
    assert len(met) == 1
    assert met[0].late_s is not None
    assert phase(scene) is Phase.ENDED


def test_a_member_that_uploads_late_does_not_turn_the_clock_of_the_others_back(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, -1200)
    late = scene.ping("BE-K04", -1500)
    scene.do(JoinPursuit(id="p-1", unit="BE-K04", at=scene.now))
    scene.now += 60
    scene.do(late.__class__(late.fix, scene.now))
    scene.do(scene.ping("BE-K03", -1200))
    newest = scene.now
    [contact] = scene.do(ReportContact(id="p-1", host="NL", at=scene.now))

    assert isinstance(contact, PursuitContact)
    assert unix_s(contact.time) == pytest.approx(newest - 0.25, abs=0.01)


def test_a_person_held_is_said_in_the_decision_until_the_handover(scene: Scene) -> None:
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    held = scene.do(ReportHold(id="p-1", at=scene.now))
    handed = scene.do(ReportHandover(id="p-1", at=scene.now, to="NL patrol"))

    [prompt] = [event for event in held if isinstance(event, Decision)]
    [after] = [event for event in handed if isinstance(event, Decision)]
    assert any("A person is held" in warning for warning in prompt.warnings)
    assert prompt.warnings != after.warnings
    assert after.supersedes == prompt.id


@pytest.mark.parametrize(
    ("years_ago", "hand_over", "report"), [(0, "Art. 36(2)", "Art. 46(1)"), (10, "Art. 18", "Art. 36")]
)
def test_what_is_owed_rests_on_the_law_of_its_day(engine: Engine, years_ago: int, hand_over: str, report: str) -> None:
    scene = Scene(engine)
    scene.now -= years_ago * 365.25 * 86_400
    scene.do(StartPursuit(id="p-1", unit="BE-K03", started_in="BE", at=scene.now))
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportHold(id="p-1", at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now))
    scene.do(EndPursuit(id="p-1", at=scene.now))

    opened = {event.kind: event.article for event in scene.events if isinstance(event, ObligationOpened)}
    assert opened["hand_over"].endswith(hand_over)
    assert opened["report"].endswith(report)
