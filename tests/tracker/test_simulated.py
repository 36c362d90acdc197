"""What is simulated says so in its name, and never mixes with what is real."""

from __future__ import annotations

import pytest

from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.inputs import JoinPursuit, StartPursuit
from tracker.units import call_sign_of, is_simulated, simulated, state_of
from tracker.views import pursuit_view, roster_view
from tracker.world import World

PLAYED = simulated("BE-K03", "7f3a")


def test_a_simulated_name_keeps_the_state_and_call_sign_of_whom_it_plays() -> None:
    assert PLAYED == "SIM-7f3a:BE-K03"
    assert is_simulated(PLAYED)
    assert (state_of(PLAYED), call_sign_of(PLAYED)) == ("BE", "K03")


@pytest.mark.parametrize("name", ["BE-K03", "p-1", "BE-SIM-1", "sim-1", "SIMON"])
def test_other_names_are_real(name: str) -> None:
    assert not is_simulated(name)


@pytest.mark.parametrize(("unit", "sign"), [("SIM-K03", "SIM-K03"), ("SIM-7f3a:", "SIM-7f3a:"), ("SIM-1:K03", "K03")])
def test_a_simulated_name_that_plays_nobody_has_no_state(unit: str, sign: str) -> None:
    assert (state_of(unit), call_sign_of(unit)) == (None, sign)


@pytest.mark.parametrize(("pursuit", "unit"), [("p-1", PLAYED), ("SIM-p-1", "BE-K03")])
def test_a_pursuit_and_its_first_unit_are_both_real_or_both_simulated(engine: Engine, pursuit: str, unit: str) -> None:
    with pytest.raises(Refused, match="never mix") as refused:
        engine.step(World(), StartPursuit(at=STARTED_AT, id=pursuit, unit=unit))

    assert refused.value.field == "unit"


@pytest.mark.parametrize(("pursuit", "first", "other"), [("p-1", "BE-K07", PLAYED), ("SIM-p-1", PLAYED, "BE-K03")])
def test_a_real_unit_and_a_simulated_one_are_never_in_one_pursuit(
    engine: Engine, pursuit: str, first: str, other: str
) -> None:
    world = World()
    engine.step(world, StartPursuit(at=STARTED_AT, id=pursuit, unit=first))

    with pytest.raises(Refused, match="never mix"):
        engine.step(world, JoinPursuit(at=STARTED_AT + 1, id=pursuit, unit=other))


def test_viewers_are_told_what_is_simulated(engine: Engine) -> None:
    world = World()
    engine.step(world, StartPursuit(at=STARTED_AT, id="SIM-p-1", unit=PLAYED))
    engine.step(world, StartPursuit(at=STARTED_AT, id="p-1", unit="BE-K03"))

    assert roster_view(world, PLAYED).simulated
    assert not roster_view(world, "BE-K03").simulated
    assert [pursuit_view(world, pursuit).simulated for pursuit in world.pursuits.values()] == [True, False]
