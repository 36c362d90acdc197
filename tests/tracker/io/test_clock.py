from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.io.clock import Clock


@dataclass
class Times:
    wall: float = 1_795_442_531.0
    monotonic: float = 50.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)

    def pass_by(self, seconds: float, step: float = 0.0) -> None:
        self.wall += seconds + step
        self.monotonic += seconds


def test_it_tells_the_time_of_the_system() -> None:
    times = Times()
    clock = times.clock()
    times.pass_by(10)

    assert clock.now() == times.wall


def test_set_back_it_goes_on_at_half_speed_until_the_system_has_caught_up() -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()
    times.pass_by(10, step=-3600)
    assert clock.now() == pytest.approx(before + 5)

    for _ in range(7_300):
        times.pass_by(1)
        clock.now()
    assert clock.now() == times.wall


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-10_000, 10_000)), max_size=50))
def test_it_never_goes_back_and_never_stands_still(steps: list[tuple[float, float]]) -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()
    for seconds, step in steps:
        times.pass_by(seconds, step)
        now = clock.now()
        assert now >= before + min(seconds / 2, max(seconds + step, seconds / 2)) - 1e-6
        before = now


def test_it_does_not_tell_a_time_that_the_journal_has_passed() -> None:
    times = Times()
    clock = times.clock()
    clock.advance_to(times.wall + 100)
    times.pass_by(10)

    assert clock.now() == pytest.approx(times.wall + 95)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 1.5, -1.5])
def test_a_step_is_noted_once_with_what_our_time_made_of_it(step: float) -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()
    times.pass_by(0.5, step)
    after = clock.now()
    times.pass_by(0.5)
    clock.now()

    (noted,) = clock.steps()
    assert noted.by_s == pytest.approx(step, abs=0.01)
    assert (noted.before, noted.at) == (before, after)
    assert noted.jump_s == pytest.approx(max(step, 0.0))
    assert clock.steps() == []
    assert clock.is_right is (step > 0)


def test_a_leap_second_and_a_clock_that_is_slewed_are_no_steps() -> None:
    times = Times()
    clock = times.clock()
    times.pass_by(1, step=-1)  # 23:59:59 comes twice
    clock.now()
    for _ in range(100_000):
        times.pass_by(1, step=0.000_5)
        clock.now()

    assert clock.steps() == []
    assert clock.now() == times.wall


def test_a_clock_that_stands_still_is_noticed_and_our_time_goes_on() -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()
    for _ in range(10):
        times.pass_by(0.4, step=-0.4)
        clock.now()

    assert clock.steps()
    assert clock.now() == pytest.approx(before + 2)
    assert not clock.is_right
