"""A decision event carries the rows that fired and the inputs they saw: it can be put to the table again."""

from __future__ import annotations

import pytest

from tests.tracker.road import Scene
from tracker.engine import Engine
from tracker.events import Decision, decode, encode
from tracker.inputs import ReportContact, ReportDanger, ReportHostDecision, StartPursuit
from tracker.treaty.rules import decide


@pytest.fixture
def decisions(engine: Engine) -> list[Decision]:
    """A pursuit into the Netherlands and back, with all that people can say on the way; each event read back."""
    scene = Scene(engine)
    scene.do(StartPursuit(id="p-1", unit="BE-K03", ground="stop_evaded", at=scene.now))
    scene.drive("BE-K03", -1500, 600)
    scene.do(ReportContact(id="p-1", at=scene.now, with_="the room", channel="phone"))
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="takeover", instructions="Leave at exit 16"))
    scene.do(ReportHostDecision(id="p-1", at=scene.now, decision="joint"))
    scene.do(ReportDanger(id="p-1", at=scene.now, disproportionate=True))
    scene.drive("BE-K03", 600, -600)
    return [event for event in (decode(encode(event)) for event in scene.events) if isinstance(event, Decision)]


def test_the_facts_of_an_event_give_the_same_answer_again(decisions: list[Decision]) -> None:
    assert [decision.rule for decision in decisions] == ["R12", "R12", "R3", "R12", "R2", "R0"]
    for event in decisions:
        again = decide(event.facts)

        assert (again.rule, again.permitted, again.basis) == (event.rule, event.permitted, event.basis)
        assert (again.cites, again.matched, again.asks) == (event.cites, event.matched, event.asks)
        assert (again.powers, again.warnings) == (event.powers, event.warnings)
        assert [(owed.article, owed.instrument) for owed in again.obligations] == [
            (owed.article, owed.instrument) for owed in event.obligations
        ]


def test_a_decision_names_every_place_it_rests_on_and_what_else_applied(decisions: list[Decision]) -> None:
    takeover = decisions[2]

    assert takeover.cites[0] == "Benelux Police Treaty 2018, Art. 45(1)"
    assert takeover.matched == ("R12", "R13")
    assert takeover.facts.host.instructions == "Leave at exit 16"
    assert takeover.facts.pursuit.ground == "stop_evaded"
