"""The report to each host state (Art. 46): owed once for what was done there, and again for what is done after it."""

from __future__ import annotations

import pytest

from tests.tracker.road import Scene
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import ObligationMet, ObligationOpened, PursuitReport
from tracker.inputs import (
    EndPursuit,
    FileReport,
    JoinPursuit,
    ReportContact,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
)
from tracker.world import World


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """A Belgian unit, in contact, is in the Netherlands."""
    scene = Scene(engine)
    scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now))
    scene.drive("BE-K03", -900, -600)
    scene.do(ReportContact(id="p-1", host="NL", at=scene.now))
    scene.drive("BE-K03", -570, 600)
    return scene


def reports(scene: Scene, type_: type[ObligationOpened | ObligationMet]) -> list[str]:
    return [event.host for event in found(scene, type_)]


def found(scene: Scene, type_: type[ObligationOpened | ObligationMet]) -> list[ObligationOpened | ObligationMet]:
    return [event for event in scene.events if isinstance(event, type_) and event.kind == "report"]


def go_home(scene: Scene, unit: str = "BE-K03") -> None:
    scene.drive(unit, 570, -600)


def go_back(scene: Scene, unit: str = "BE-K03") -> None:
    scene.drive(unit, -570, 600)


def file(scene: Scene, host: str | None = None) -> None:
    scene.do(FileReport(id="p-1", host=host, at=scene.now))


def test_a_stay_after_the_report_is_owed_another(scene: Scene) -> None:
    go_home(scene)
    file(scene)
    go_back(scene)
    assert reports(scene, ObligationOpened) == ["NL"]
    go_home(scene)
    file(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))

    assert reports(scene, ObligationOpened) == reports(scene, ObligationMet) == ["NL", "NL"]
    assert len({event.obligation for event in found(scene, ObligationOpened)}) == 2


def test_one_report_covers_every_stay_before_it(scene: Scene) -> None:
    go_home(scene)
    go_back(scene)
    go_home(scene)
    file(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))

    assert reports(scene, ObligationOpened) == reports(scene, ObligationMet) == ["NL"]


def test_a_stay_that_the_end_cuts_short_is_owed_another_too(scene: Scene) -> None:
    go_home(scene)
    file(scene)
    go_back(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))

    assert reports(scene, ObligationOpened) == ["NL", "NL"]


def test_a_report_while_the_pursuit_goes_on_there_leaves_the_rest_owed(scene: Scene) -> None:
    file(scene, "NL")
    go_home(scene)
    assert reports(scene, ObligationOpened) == ["NL"]
    file(scene)

    assert reports(scene, ObligationMet) == ["NL"]
    assert len(scene.of(PursuitReport)) == 2


def test_a_report_by_one_leaves_what_another_still_does_there_owed(scene: Scene) -> None:
    scene.drive("BE-K04", -900, -600)
    scene.do(JoinPursuit(id="p-1", unit="BE-K04", at=scene.now))
    go_back(scene, "BE-K04")
    go_home(scene)
    file(scene)
    assert reports(scene, ObligationMet) == ["NL"]
    go_home(scene, "BE-K04")
    file(scene)

    assert reports(scene, ObligationMet) == ["NL", "NL"]


def test_after_the_handover_the_way_home_is_no_action_to_report(scene: Scene) -> None:
    scene.do(ReportHold(id="p-1", at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now))
    file(scene, "NL")
    go_home(scene)
    scene.do(EndPursuit(id="p-1", at=scene.now))

    assert reports(scene, ObligationOpened) == []


def test_another_hold_after_the_report_is_reported_too(scene: Scene) -> None:
    scene.do(ReportHold(id="p-1", at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now))
    file(scene, "NL")
    scene.do(ReportHold(id="p-1", at=scene.now))
    scene.do(ReportHandover(id="p-1", at=scene.now))
    go_home(scene)

    assert reports(scene, ObligationOpened) == ["NL"]


def test_a_pursuit_that_is_given_back_after_the_report_is_reported_too(scene: Scene) -> None:
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="takeover", at=scene.now))
    file(scene, "NL")
    scene.do(ReportHostDecision(id="p-1", host="NL", decision="continue", at=scene.now))
    go_home(scene)

    assert reports(scene, ObligationOpened) == ["NL"]


def test_what_was_reported_is_not_reported_again(scene: Scene) -> None:
    go_home(scene)
    file(scene)
    scene.world = World.decode(scene.world.encode())
    scene.world.commit()

    with pytest.raises(Refused, match=r"NL was reported to at 20.*, and nothing was done there since"):
        file(scene, "NL")
    with pytest.raises(Refused, match="'LU' is not a host state of this pursuit"):
        file(scene, "LU")
    with pytest.raises(Refused, match="no report is due"):
        file(scene)
