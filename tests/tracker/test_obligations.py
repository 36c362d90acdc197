"""What is owed besides the call: opened with its clock, met when somebody says so, overdue otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from tests.tracker.road import STARTED_AT, Scene
from tracker.engine import Engine
from tracker.errors import IllegalMove, Refused
from tracker.events import (
    Decision,
    Event,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    PursuitContinuity,
    PursuitHold,
    rfc3339,
    unix_s,
)
from tracker.inputs import (
    EndPursuit,
    JoinPursuit,
    MeetObligation,
    ReportContact,
    ReportContinuity,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
    Tick,
)
from tracker.pursuits import Duty
from tracker.treaty.contact_points import ContactPoints, Restriction
from tracker.treaty.timers import release_at
from tracker.world import World

HOUR_S = 3600.0


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def across(scene: Scene, *, kind: str = "pursuit", ground: str | None = None) -> Scene:
    """A Belgian unit, in contact since before the border, is in the Netherlands."""
    scene.register("BE-K03")
    scene.do(StartPursuit(id="p-1", unit="BE-K03", kind=kind, ground=ground, at=scene.now))
    scene.drive("BE-K03", -900, -600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    scene.drive("BE-K03", -600, 600)
    return scene


def duty(scene: Scene, kind: str) -> Duty | None:
    return scene.world.pursuits["p-1"].duty(kind, "NL")


def latest(scene: Scene) -> Decision:
    return [event for event in scene.events if isinstance(event, Decision)][-1]


def opened(scene: Scene, kind: str) -> list[ObligationOpened]:
    return [event for event in scene.events if isinstance(event, ObligationOpened) and event.kind == kind]


def wait(scene: Scene, hours: float) -> list[Event]:
    scene.now += hours * HOUR_S
    return scene.do(Tick(scene.now))


def test_what_was_said_is_confirmed_in_writing_within_a_day_of_the_call(scene: Scene) -> None:
    across(scene)

    confirm = duty(scene, "confirm_in_writing")
    line = scene.world.pursuits["p-1"].line("NL")
    assert confirm is not None
    assert line.established_at is not None
    assert confirm.deadline_at == pytest.approx(line.established_at + 24 * HOUR_S, abs=0.01)
    assert duty(scene, "inform_contact_points") is not None


def test_its_day_passes_also_after_the_end_and_a_restart(scene: Scene) -> None:
    across(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))
    scene.world = World.decode(scene.world.encode())
    scene.world.commit()

    assert not [event for event in wait(scene, 23.9) if isinstance(event, ObligationOverdue)]
    [overdue] = [event for event in wait(scene, 0.2) if isinstance(event, ObligationOverdue)]
    assert overdue.kind == "confirm_in_writing"
    assert not wait(scene, 1)


def test_who_says_that_it_was_done_meets_it_and_is_named(scene: Scene) -> None:
    across(scene)
    confirm = duty(scene, "confirm_in_writing")
    assert confirm is not None

    [met] = scene.do(MeetObligation(id="p-1", obligation=confirm.id, by="An", note="mail 17", at=scene.now))
    [told] = scene.do(MeetObligation(id="p-1", kind="inform_contact_points", at=scene.now))

    assert isinstance(met, ObligationMet)
    assert (met.obligation, met.by, met.note, met.late_s) == (confirm.id, "An", "mail 17", None)
    assert isinstance(told, ObligationMet)
    assert duty(scene, "confirm_in_writing") is None


def test_a_further_crossing_on_an_open_line_asks_for_none_of_it_again(scene: Scene) -> None:
    across(scene)
    for kind in ("confirm_in_writing", "inform_contact_points"):
        scene.do(MeetObligation(id="p-1", kind=kind, at=scene.now))
    scene.drive("BE-K03", 600, -600)
    scene.drive("BE-K03", -600, 600)

    for kind in ("contact", "confirm_in_writing", "inform_contact_points"):
        assert len(opened(scene, kind)) == 1, kind


def test_another_call_is_another_thing_to_confirm(scene: Scene) -> None:
    across(scene)
    scene.do(MeetObligation(id="p-1", kind="confirm_in_writing", at=scene.now))
    scene.do(ReportContact(id="p-1", host="NL", status="lost", at=scene.now))
    scene.drive("BE-K03", 600, -600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    scene.drive("BE-K03", -600, 600)

    assert len(opened(scene, "confirm_in_writing")) == 2


def test_nothing_said_is_nothing_to_confirm(scene: Scene) -> None:
    """Until there was a call; then it is asked for."""
    scene.register("BE-K03")
    scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now))
    scene.drive("BE-K03", -900, 600)
    assert duty(scene, "confirm_in_writing") is None

    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))

    assert duty(scene, "confirm_in_writing") is not None


@pytest.mark.parametrize(
    ("command", "field", "reason"),
    [
        ({}, "obligation", "missing"),
        ({"obligation": "no-such"}, "obligation", "no obligation 'no-such' is open"),
        ({"kind": "confirm"}, "kind", "no obligation 'confirm' is open"),
        ({"kind": "report"}, "kind", "met by `report`"),
        ({"kind": "confirm_in_writing", "host": "LU"}, "kind", "no obligation"),
        ({"kind": "confirm_in_writing", "met_at": STARTED_AT + 9e6}, "met_at", "in the future"),
    ],
)
def test_what_is_not_owed_is_not_met(scene: Scene, command: dict[str, object], field: str, reason: str) -> None:
    across(scene)

    with pytest.raises(Refused, match=reason) as refused:
        scene.do(MeetObligation(id="p-1", at=scene.now, **command))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_an_urgent_observation_stops_after_five_hours_without_consent(scene: Scene) -> None:
    across(scene, kind="observation")
    stop = duty(scene, "stop_without_consent")

    assert latest(scene).rule == "R4"
    assert stop is not None
    assert stop.deadline_at is not None
    assert stop.deadline_at == pytest.approx(unix_s(latest(scene).facts.crossing.time or "") + 5 * HOUR_S)  # type: ignore[arg-type]
    assert [event.kind for event in wait(scene, 5) if isinstance(event, ObligationOverdue)] == ["stop_without_consent"]


def test_consent_meets_what_was_owed_for_want_of_it(scene: Scene) -> None:
    across(scene, kind="observation")

    scene.do(ReportHostDecision(id="p-1", host="NL", decision="none", consent=True, at=scene.now))

    met = [event.kind for event in scene.events if isinstance(event, ObligationMet)]
    assert {"stop_without_consent", "request"} <= set(met)
    assert latest(scene).facts.host.consent is True


def test_a_pursuit_that_was_broken_off_and_taken_up_again_is_doubtful(scene: Scene) -> None:
    across(scene)
    before = latest(scene)

    events = scene.do(ReportContinuity(id="p-1", continuous=False, at=scene.now))

    assert isinstance(events[0], PursuitContinuity)
    assert not any("taken up again" in warning for warning in before.warnings)
    assert any("taken up again" in warning for warning in latest(scene).warnings)
    assert latest(scene).facts.pursuit.continuous is False
    with pytest.raises(Refused, match="is not in pursuit"):
        scene.do(ReportContinuity(id="p-1", continuous=True, unit="BE-K99", at=scene.now))


def test_a_hold_says_since_when_and_what_of(scene: Scene) -> None:
    across(scene)
    held_at = scene.now - 60

    scene.do(ReportHold(id="p-1", held_at=held_at, suspected_eaw=True, force_used=True, at=scene.now))

    [hold] = [event for event in scene.events if isinstance(event, PursuitHold)]
    assert (hold.held_at, hold.suspected_eaw, hold.force_used) == (rfc3339(held_at), True, True)
    facts = latest(scene).facts
    assert (facts.held, facts.held_at, facts.suspected_eaw, facts.force_used) == (True, rfc3339(held_at), True, True)
    release = duty(scene, "release")
    assert release is not None
    assert release.deadline_at == pytest.approx(release_at(held_at), abs=0.01)
    assert duty(scene, "report_force") is not None


def test_what_is_not_said_of_a_hold_is_asked_for(scene: Scene) -> None:
    across(scene)
    scene.do(ReportHold(id="p-1", at=scene.now))

    assert "suspected_eaw" in [ask.fact for ask in latest(scene).asks]
    assert duty(scene, "release") is None


def test_after_the_handover_nobody_is_held(scene: Scene) -> None:
    across(scene)
    scene.do(ReportHold(id="p-1", force_used=True, at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now))

    facts = latest(scene).facts
    assert (facts.held, facts.held_at, facts.force_used) == (None, None, True)
    with pytest.raises(IllegalMove):
        scene.do(ReportContinuity(id="p-1", continuous=True, at=scene.now))


@pytest.mark.parametrize(("field", "value"), [("kind", "chase"), ("ground", "shoplifting")])
def test_what_the_law_does_not_know_is_refused_at_the_start(scene: Scene, field: str, value: str) -> None:
    """And not when the unit crosses."""
    with pytest.raises(Refused, match="is not one of") as refused:
        scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now, **{field: value}))
    assert refused.value.field == field


def test_a_notice_under_article_61_stands_in_the_decision(engine: Engine) -> None:
    notice = Restriction(state="NL", text="No pursuits by helicopter", valid_from=date(2026, 1, 1), source="a letter")
    old = Restriction(
        state="NL", text="None at all", valid_from=date(2025, 1, 1), valid_until=date(2026, 1, 1), source="a letter"
    )
    points = ContactPoints(engine.contact_points.points, (old, notice))
    scene = across(Scene(Engine(engine.detector, points, engine.boundary_sha256)))

    assert latest(scene).permitted == "uncertain"
    assert latest(scene).facts.host.restriction == "No pursuits by helicopter"
    assert any("Art. 61: No pursuits by helicopter" in warning for warning in latest(scene).warnings)


def test_every_member_has_its_own_continuity(scene: Scene) -> None:
    across(scene)
    scene.register("BE-K04")
    scene.do(JoinPursuit(id="p-1", unit="BE-K04", started_in="BE", at=scene.now))
    scene.do(ReportContinuity(id="p-1", unit="BE-K04", continuous=False, at=scene.now))

    assert [member.continuous for member in scene.world.pursuits["p-1"].members] == [None, False]


def test_a_further_entry_on_an_open_line_is_inferred(scene: Scene) -> None:
    across(scene)
    assert (latest(scene).rule, latest(scene).basis) == ("R13", "text")

    scene.drive("BE-K03", 600, -600)
    scene.drive("BE-K03", -600, 600)

    assert (latest(scene).rule, latest(scene).basis) == ("R13", "inferred")
    assert latest(scene).facts.contact is not None
    assert latest(scene).facts.contact.earlier_entry is True  # type: ignore[union-attr]
