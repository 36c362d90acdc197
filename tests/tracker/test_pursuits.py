"""The table of phases and moves."""

from __future__ import annotations

import pytest

from tracker.errors import IllegalMove
from tracker.pursuits import MOVES, Line, Move, Phase, Pursuit, move


def test_every_phase_is_in_the_table_and_every_move_is_possible_somewhere() -> None:
    assert set(MOVES) == set(Phase)
    assert {step for row in MOVES.values() for step in row} == set(Move)


def test_every_phase_can_be_reached_from_running_and_can_reach_the_end() -> None:
    def reach(start: Phase) -> set[Phase]:
        seen, todo = {start}, [start]
        while todo:
            for phase in MOVES[todo.pop()].values():
                if phase not in seen:
                    seen.add(phase)
                    todo.append(phase)
        return seen

    assert reach(Phase.RUNNING) == set(Phase)
    assert all(Phase.ENDED in reach(phase) for phase in Phase)


def test_a_pursuit_runs_again_only_when_a_stop_is_lifted_or_complied_with_or_the_danger_is_over() -> None:
    back = {step for step, phase in MOVES[Phase.BREAKING_OFF].items() if phase is Phase.RUNNING}

    assert back == {Move.HOST_CONTINUES, Move.DANGER_OVER, Move.COMPLY}


def test_nobody_is_left_held_a_pursuit_cannot_end_before_the_handover() -> None:
    with pytest.raises(IllegalMove) as refused:
        move(Phase.HELD, Move.END)

    assert "held" in str(refused.value)
    assert "handover" in str(refused.value)


def test_after_the_end_only_the_report_remains_and_a_contact_that_is_made_after_all() -> None:
    assert set(MOVES[Phase.ENDED]) == {Move.CONTACT, Move.OBLIGATION, Move.REPORT}


def test_an_illegal_move_names_the_phase_and_what_is_possible() -> None:
    with pytest.raises(
        IllegalMove, match="join is not possible while the pursuit is ended; possible: contact, obligation, report"
    ):
        move(Phase.ENDED, Move.JOIN)


def test_a_pursuit_is_a_value_changing_a_line_leaves_the_old_one() -> None:
    before = Pursuit("p-1", 0.0)

    after = before.with_line(Line("NL", "attempted")).with_line(Line("NL", "established"))

    assert before.lines == ()
    assert [line.status for line in after.lines] == ["established"]
    assert after.line("BE").status == "none"
