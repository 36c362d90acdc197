"""A pursuit through the core, from the start to the report: what is said, when, and by which article."""

from __future__ import annotations

import msgspec
import pytest

from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, Scene
from tracker.engine import Engine
from tracker.errors import IllegalMove, Refused
from tracker.events import (
    CrossingApproaching,
    CrossingConfirmed,
    Decision,
    Event,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    ObligationWithdrawn,
    PursuitContact,
    PursuitEnded,
    UnitLost,
    UnitSeen,
    UnitStale,
    encode,
    unix_s,
)
from tracker.inputs import (
    AcknowledgeAlert,
    EndPursuit,
    FileReport,
    JoinPursuit,
    ReportContact,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
    Tick,
)
from tracker.world import World


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def start(scene: Scene, unit: str = "BE-K03") -> None:
    scene.do(StartPursuit(id="p-1", unit=unit, at=scene.now))


def decisions(scene: Scene) -> list[Decision]:
    return [event for event in scene.events if isinstance(event, Decision)]


def one(scene: Scene, kind: type[Event], kind_of_duty: str | None = None) -> Event:
    found = [event for event in scene.of(kind) if kind_of_duty is None or getattr(event, "kind", None) == kind_of_duty]
    assert len(found) == 1, found
    return found[0]


def test_a_crossing_without_contact_is_flagged_and_asks_for_contact(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -1500, 600)

    crossing = one(scene, CrossingConfirmed)
    assert isinstance(crossing, CrossingConfirmed)
    assert (crossing.from_, crossing.to, crossing.border, crossing.pursuit) == ("BE", "NL", "BE-NL", "p-1")
    assert abs(crossing.lat - BORDER_LAT) * M_PER_DEG < 15
    assert abs(crossing.lon - LON) * M_PER_DEG * 0.62 < 15
    [decision] = decisions(scene)
    assert decision.rule == "R12"
    assert "Art. 21" in decision.article
    assert decision.crossing == crossing.id
    opened = one(scene, ObligationOpened, "contact")
    assert isinstance(opened, ObligationOpened)
    assert opened.host == "NL"
    assert opened.addressee
    assert opened.obligation in [obligation.id for obligation in decision.obligations]


def test_contact_is_asked_for_while_the_border_is_still_ahead(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -2500, -500)

    approaching = one(scene, CrossingApproaching)
    opened = one(scene, ObligationOpened, "contact")
    assert isinstance(approaching, CrossingApproaching)
    assert isinstance(opened, ObligationOpened)
    assert opened.deadline == approaching.crossed_at
    assert not scene.of(ObligationOverdue)


def test_contact_made_in_time_gives_rule_13_and_meets_the_obligation(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -2500, -600)
    scene.do(ReportContact(id="p-1", at=scene.now, with_="the room"))
    scene.drive("BE-K03", -570, 600)

    met = one(scene, ObligationMet, "contact")
    assert isinstance(met, ObligationMet)
    assert met.late_s is None
    assert [decision.rule for decision in decisions(scene)] == ["R13"]
    assert "Art. 21" in decisions(scene)[0].article
    assert not scene.of(ObligationOverdue)


def test_late_contact_meets_the_obligation_and_says_how_late(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportContact(id="p-1", at=scene.now))

    overdue = one(scene, ObligationOverdue, "contact")
    met = one(scene, ObligationMet, "contact")
    crossing = one(scene, CrossingConfirmed)
    assert isinstance(met, ObligationMet)
    assert isinstance(overdue, ObligationOverdue)
    assert isinstance(crossing, CrossingConfirmed)
    assert met.obligation == overdue.obligation
    assert met.late_s == pytest.approx(unix_s(met.time) - unix_s(crossing.crossed_at), abs=0.01)


def test_an_open_line_serves_the_next_entry_to_the_same_host(scene: Scene) -> None:
    """The text is silent; that no new contact is due is an inference, and one obligation is opened in all."""
    start(scene)
    scene.drive("BE-K03", -1200, -600)
    scene.do(ReportContact(id="p-1", at=scene.now, host="NL"))
    scene.drive("BE-K03", -570, 600)
    scene.drive("BE-K03", 570, -600)
    scene.drive("BE-K03", -570, 600)

    assert [event.to for event in scene.events if isinstance(event, CrossingConfirmed)] == ["NL", "BE", "NL"]
    assert [decision.rule for decision in decisions(scene)] == ["R13", "R0", "R13"]
    contacts = [event for event in scene.events if isinstance(event, ObligationOpened) and event.kind == "contact"]
    assert len(contacts) <= 1


def test_a_stop_by_the_host_ends_the_right_to_go_on(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportContact(id="p-1", at=scene.now))
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="stop", instructions="Return by the A16"))

    last = decisions(scene)[-1]
    assert (last.rule, last.permitted) == ("R1", "no")
    assert last.supersedes == decisions(scene)[-2].id
    assert scene.world.pursuits["p-1"].phase == "breaking_off"
    with pytest.raises(IllegalMove, match="breaking_off"):
        scene.do(JoinPursuit(id="p-1", unit="BE-K07", at=scene.now))


def test_a_stop_is_met_by_coming_home(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="stop"))
    scene.drive("BE-K03", 570, -600)

    opened, met = one(scene, ObligationOpened, "break_off"), one(scene, ObligationMet, "break_off")
    assert isinstance(opened, ObligationOpened)
    assert isinstance(met, ObligationMet)
    assert opened.obligation == met.obligation


def test_a_stop_that_is_lifted_is_withdrawn(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="stop"))
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="continue"))

    one(scene, ObligationWithdrawn, "break_off")
    assert scene.world.pursuits["p-1"].phase == "running"
    assert decisions(scene)[-1].rule == "R12"


def test_of_two_reasons_to_break_off_lifting_one_leaves_the_other(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="stop"))
    scene.do(ReportDanger(id="p-1", at=scene.now, disproportionate=True))
    scene.do(ReportDanger(id="p-1", at=scene.now, disproportionate=False))

    assert scene.world.pursuits["p-1"].phase == "breaking_off"
    assert decisions(scene)[-1].rule == "R1"
    assert not scene.of(ObligationWithdrawn)


def test_disproportionate_danger_ends_it_without_the_host(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportDanger(id="p-1", at=scene.now, disproportionate=True))

    assert (decisions(scene)[-1].rule, decisions(scene)[-1].permitted) == ("R2", "no")


@pytest.mark.parametrize(("north_m", "rule"), [(-600, "R11"), (600, "R13")])
def test_a_host_in_place_counts_at_the_crossing_and_not_after_it(scene: Scene, north_m: float, rule: str) -> None:
    start(scene)
    scene.drive("BE-K03", -1500, -600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    if north_m > 0:
        scene.drive("BE-K03", -570, north_m)
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="none", can_take_over=True, at=scene.now))
    if north_m < 0:
        scene.drive("BE-K03", -570, 600)

    assert decisions(scene)[-1].rule == rule


def test_takeover_by_the_host(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="takeover"))

    assert decisions(scene)[-1].rule == "R3"
    assert scene.world.pursuits["p-1"].phase == "taken_over"


def test_the_right_is_the_units_own_a_dutch_car_that_joins_in_the_netherlands(scene: Scene) -> None:
    """It joins a Belgian pursuit in the Netherlands: on entering Belgium it is abroad, and the Belgian car is home."""
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.drive("NL-ZB12", 300, 600)
    scene.do(JoinPursuit(id="p-1", unit="NL-ZB12", at=scene.now))
    scene.drive("BE-K03", 570, -600)
    scene.drive("NL-ZB12", 570, -600)

    last = {decision.unit: decision for decision in decisions(scene)}
    assert last["BE-K03"].rule == "R0"
    assert last["NL-ZB12"].rule == "R12"
    assert last["NL-ZB12"].host == "BE"


def test_a_unit_that_began_abroad_has_no_right_of_pursuit(scene: Scene) -> None:
    scene.drive("BE-K03", 300, 600)
    start(scene)

    assert decisions(scene)[-1].rule == "R6"
    assert decisions(scene)[-1].permitted == "no"
    assert decisions(scene)[-1].crossing is None


def test_the_first_fix_tells_where_a_unit_began_if_nobody_said_so(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", 300, 600)

    assert scene.world.pursuits["p-1"].members[0].started_in == "NL"
    assert [decision.rule for decision in decisions(scene)] == ["R6"]


def test_where_a_lost_unit_was_is_not_where_it_begins(scene: Scene) -> None:
    scene.drive("BE-K03", 300, 600)
    scene.now += 3600
    scene.do(Tick(scene.now))
    start(scene)
    assert scene.world.pursuits["p-1"].members[0].started_in is None
    scene.drive("BE-K03", -3000, -2700)

    assert scene.world.pursuits["p-1"].members[0].started_in == "BE"
    assert not decisions(scene)


def test_hold_handover_end_report(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.do(ReportContact(id="p-1", at=scene.now))
    scene.do(ReportHold(id="p-1", at=scene.now))
    with pytest.raises(IllegalMove, match="held"):
        scene.do(EndPursuit(id="p-1", at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now, to="NL patrol"))
    scene.do(EndPursuit(id="p-1", at=scene.now, reason="driver held"))
    scene.do(FileReport(id="p-1", at=scene.now))

    one(scene, ObligationMet, "hand_over")
    one(scene, ObligationOpened, "report")
    one(scene, ObligationMet, "report")
    one(scene, PursuitEnded)
    assert scene.world.pursuit_of == {}
    assert scene.world.pursuits["p-1"].duty("report", "NL") is None


def test_coming_home_closes_the_leg_and_asks_for_the_report(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    scene.drive("BE-K03", 570, -600)

    assert decisions(scene)[-1].rule == "R0"
    report = one(scene, ObligationOpened, "report")
    assert isinstance(report, ObligationOpened)
    assert report.host == "NL"
    assert "Art. 46" in report.article


def test_without_a_pursuit_a_crossing_is_a_crossing_and_no_more(scene: Scene) -> None:
    scene.drive("BE-B01", -900, 600)

    assert len(scene.of(CrossingConfirmed)) == 1
    assert not decisions(scene)
    assert not scene.world.alerts


def test_silence_first_makes_a_unit_stale_then_lost_then_it_is_seen_again(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, -600)
    for _ in range(60):
        scene.now += 1
        scene.do(Tick(scene.now))
    scene.do(scene.ping("BE-K03", -500))

    types = [event for event in scene.events if isinstance(event, UnitStale | UnitLost | UnitSeen)]
    assert [type(event) for event in types] == [UnitSeen, UnitStale, UnitLost, UnitSeen]
    assert types[1].silent_s == pytest.approx(5, abs=1.1)
    assert types[2].silent_s == pytest.approx(30, abs=1.1)


def test_a_late_fix_does_not_turn_the_clock_by_which_deadlines_run(scene: Scene) -> None:
    """A backlog that arrives after the crossing must not make a late contact look as if it had been in time."""
    start(scene)
    scene.drive("BE-K03", -900, 600)
    now = scene.now
    scene.now -= 60
    backlog = scene.ping("BE-K03", -700)
    scene.now = now
    scene.do(msgspec.structs.replace(backlog, received_at=now))
    [contact] = [
        event for event in scene.do(ReportContact(id="p-1", at=now + 0.25)) if isinstance(event, PursuitContact)
    ]

    assert unix_s(contact.time) == pytest.approx(now, abs=0.01)
    assert one(scene, ObligationMet, "contact")
    assert decisions(scene)[-1].rule == "R12"


def test_an_alert_is_acknowledged_once(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    alert = next(iter(scene.world.alerts))

    [event] = scene.do(AcknowledgeAlert(event=alert, at=scene.now, by="An"))
    again = scene.do(AcknowledgeAlert(event=alert, at=scene.now, by="Bo"))

    assert again == []
    assert scene.world.alerts[alert].acknowledged == event
    with pytest.raises(Refused, match="event"):
        scene.do(AcknowledgeAlert(event="no-such", at=scene.now, by="An"))


def test_each_control_room_acknowledges_for_itself(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, 600)
    alert = next(iter(scene.world.alerts))

    [ours] = scene.do(AcknowledgeAlert(event=alert, at=scene.now, by="An", state="BE"))
    assert scene.do(AcknowledgeAlert(event=alert, at=scene.now, by="Bo", state="BE")) == []
    [theirs] = scene.do(AcknowledgeAlert(event=alert, at=scene.now, by="Cor", state="NL"))

    seen = scene.world.alerts[alert]
    assert ours.id != theirs.id
    assert (seen.acknowledged_for("BE"), seen.acknowledged_for("NL")) == (ours, theirs)
    assert (seen.acknowledged_for("LU"), seen.acknowledged_for(None)) == (None, ours)
    # Who sees everything counts for all, and none after him.
    [everybody] = scene.do(AcknowledgeAlert(event=list(scene.world.alerts)[1], at=scene.now, by="An"))
    assert scene.do(AcknowledgeAlert(event=list(scene.world.alerts)[1], at=scene.now, by="Cor", state="NL")) == []
    assert scene.world.alerts[list(scene.world.alerts)[1]].acknowledged_for("NL") == everybody


def test_bad_commands_name_the_field_and_change_nothing(scene: Scene) -> None:
    start(scene)
    scene.drive("BE-K03", -900, -600)
    before = scene.world.encode()
    at = scene.now
    for command, field in [
        (StartPursuit(id="p-1", unit="BE-K07", at=at), "id"),
        (StartPursuit(id="p-2", unit="BE-K03", at=at), "unit"),
        (StartPursuit(id="p-2", unit="BE-K07", started_in="DE", at=at), "started_in"),
        (StartPursuit(id="p 2", unit="BE-K07", at=at), "id"),
        (JoinPursuit(id="p-9", unit="BE-K07", at=at), "id"),
        (JoinPursuit(id="p-1", unit="BE-K03", at=at), "unit"),
        (ReportContact(id="p-1", status="maybe", at=at), "status"),
        (ReportContact(id="p-1", host="XX", at=at), "host"),
        (ReportContact(id="p-1", host="NL", happened_at=at + 60, at=at), "established_at"),
        (ReportHostDecision(id="p-1", decision="yes", at=at), "decision"),
        (ReportHold(id="p-1", unit="BE-K99", at=at), "unit"),
        (FileReport(id="p-1", at=at), "host"),
        (EndPursuit(id="p-1", reason="x" * 1001, at=at), "reason"),
    ]:
        with pytest.raises(Refused) as refused:
            scene.do(command)  # type: ignore[arg-type]

        assert refused.value.field == field, command
        assert scene.world.encode() == before


def test_the_same_inputs_give_the_same_bytes_and_a_snapshot_the_same_world(engine: Engine) -> None:
    def play() -> Scene:
        scene = Scene(engine)
        start(scene)
        scene.drive("BE-K03", -1500, 600)
        scene.do(ReportContact(id="p-1", at=scene.now))
        scene.drive("BE-K03", 570, -600)
        return scene

    one_way, other = play(), play()

    assert [encode(event) for event in one_way.events] == [encode(event) for event in other.events]
    assert World.decode(one_way.world.encode()).encode() == one_way.world.encode()
    assert one_way.world.offset == len(one_way.events)
    assert len({event.id for event in one_way.events}) == len(one_way.events)


def test_a_group_that_is_taken_back_leaves_no_trace(engine: Engine) -> None:
    scene = Scene(engine)
    start(scene)
    scene.drive("BE-K03", -1500, -100)
    scene.drive("NL-ZB12", 500, 400)
    before = scene.world.encode()

    scene.world.begin()
    for north_m in range(-90, 200, 30):
        scene.engine.step(scene.world, scene.ping("BE-K03", north_m, 30.0, 0.0))
        scene.now += 1
    scene.engine.step(scene.world, Tick(scene.now + 100))
    scene.world.rollback()

    assert scene.world.encode() == before
