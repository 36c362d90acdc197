"""What a backlog tells of hours ago is told as of then: the same events, and alerts that say how old they were."""

from __future__ import annotations

import pytest

from tests.tracker.road import Scene
from tracker.engine import Engine
from tracker.events import ObligationOverdue, PursuitHostDecision, UnitLost
from tracker.inputs import PingReceived, ReportHostDecision, StartPursuit, Tick
from tracker.turn import PAST_S

HOURS_S = 7_200.0


def driven(engine: Engine, late_s: float) -> Scene:
    """A pursuit into the Netherlands, whose fixes come `late_s` after they were taken."""
    scene = Scene(engine)
    scene.do(scene.ping("BE-1", -2_000))
    scene.do(StartPursuit(id="p-1", unit="BE-1", at=scene.now + 0.25))
    for north_m in range(-900, 900, 30):
        scene.now += 1.0
        one = scene.ping("BE-1", north_m, 30.0, 0.0)
        scene.do(PingReceived(one.fix, one.received_at + late_s))
    return scene


def ages(scene: Scene) -> list[float | None]:
    return [alert.age_s for alert in scene.world.alerts.values()]


def test_the_same_is_told_of_the_past_as_would_have_been_then(engine: Engine) -> None:
    """Byte for byte: events, decisions and obligations run on data time; only alerts know that it is long ago."""
    live, backlog = driven(engine, 0.0), driven(engine, HOURS_S)

    assert backlog.events == live.events
    assert [type(alert.event) for alert in live.world.alerts.values()][-1] is ObligationOverdue
    assert set(ages(live)) == {None}
    assert ages(backlog) == pytest.approx([HOURS_S + 0.25] * len(backlog.world.alerts))


@pytest.mark.parametrize(("late_s", "is_past"), [(PAST_S - 1, False), (PAST_S, True)])
def test_a_tunnel_is_not_the_past(engine: Engine, late_s: float, is_past: bool) -> None:
    assert all((age_s is not None) is is_past for age_s in ages(driven(engine, late_s)))


def test_what_a_person_does_is_of_now_and_a_silence_knows_how_old_its_place_is(engine: Engine) -> None:
    scene = driven(engine, HOURS_S)
    at = scene.now + HOURS_S + 1.0
    scene.do(ReportHostDecision(id="p-1", decision="stop", host="NL", at=at))
    scene.do(Tick(at + 100.0))
    told = {type(alert.event): alert.age_s for alert in scene.world.alerts.values()}

    assert told[PursuitHostDecision] is None
    assert told[UnitLost] == pytest.approx(HOURS_S + 0.25)
