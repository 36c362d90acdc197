"""The one place that reads a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

STEP_S: Final = 1.0
"""A wall clock that has come to disagree with the monotonic one by more than this was set, or stands still."""

SLEW: Final = 0.001
"""How fast the two may drift apart without that: twice what a system does to set its clock right unnoticed."""

CATCH_UP: Final = 0.5
"""How fast our time goes while it waits for a wall clock that was set back."""

_log: Final = structlog.get_logger(__name__)


class Step(NamedTuple):
    """The system's clock was set."""

    by_s: float
    """By how much; negative: back."""
    before: float
    """Our time before and after, Unix seconds UTC."""
    at: float
    jump_s: float
    """How much of that was no time that passed: 0 when the clock was set back, since our time never goes back."""


class Clock:
    """Unix seconds UTC that never go back.

    When the system's clock is set back, our time goes on at half speed until the system's has caught up: it
    neither repeats nor stands still, so what falls due still falls due.

    Args:
        wall: the system's clock, Unix seconds UTC.
        monotonic: seconds that nobody can set.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,  # noqa: TID251 - here and nowhere else
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._read_wall_at = wall()
        self._read_at = monotonic()
        self._now = self._read_wall_at
        self._drift_s = 0.0
        self._steps: list[Step] = []

    def now(self) -> float:
        """The time, Unix seconds UTC; not less than the call before."""
        wall, read_at = self._wall(), self._monotonic()
        elapsed_s = read_at - self._read_at
        before, self._now = self._now, max(wall, self._now + CATCH_UP * elapsed_s)
        drift_s = self._drift_s + wall - self._read_wall_at - elapsed_s
        self._drift_s = math.copysign(max(abs(drift_s) - SLEW * elapsed_s, 0.0), drift_s)
        self._read_wall_at, self._read_at = wall, read_at
        if abs(self._drift_s) > STEP_S:
            jump_s = max(self._now - before - elapsed_s, 0.0)
            self._steps.append(Step(self._drift_s, before, self._now, jump_s))
            self._drift_s = 0.0
            _log.warning("the system's clock was set", by_s=round(drift_s, 3))
        return self._now

    @property
    def is_right(self) -> bool:
        """True when our time is the system's: it is not catching up with us."""
        return self._now <= self._read_wall_at

    def steps(self) -> list[Step]:
        """The steps since the last call."""
        steps, self._steps = self._steps, []
        return steps

    def advance_to(self, at: float) -> None:
        """Never again tell a time before `at`, Unix seconds UTC: the newest that a journal knows."""
        if at > self._now:
            if at > self._now + STEP_S:
                _log.warning("the system's clock is behind the journal", by_s=round(at - self._now, 3))
            self._now = at
