"""The one place that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

STEP_S: Final = 1.0
"""A wall clock that disagrees with the monotonic one by more than this, between two looks at it, was set."""

CATCH_UP: Final = 0.5
"""How fast our time goes while it waits for a wall clock that was set back."""

_log: Final = structlog.get_logger(__name__)


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

    def now(self) -> float:
        """The time, Unix seconds UTC; not less than the call before."""
        wall, read_at = self._wall(), self._monotonic()
        elapsed_s = read_at - self._read_at
        step_s = wall - self._read_wall_at - elapsed_s
        if abs(step_s) > STEP_S:
            _log.warning("the system's clock was set", by_s=round(step_s, 3))
        self._now = max(wall, self._now + CATCH_UP * elapsed_s)
        self._read_wall_at, self._read_at = wall, read_at
        return self._now

    def advance_to(self, at: float) -> None:
        """Never again tell a time before `at`, Unix seconds UTC: the newest that a journal knows."""
        if at > self._now:
            if at > self._now + STEP_S:
                _log.warning("the system's clock is behind the journal", by_s=round(at - self._now, 3))
            self._now = at
