"""Whether the server's clock is to be believed when it says that something is old enough to be erased.

A clock that is days ahead makes everything look old, and what is erased does not come back. It is doubted when it is
further ahead of the newest thing in the journal than a restart takes, and when it was set forward by as much while the
server ran. The doubt ends when a unit speaks for the clock, whose receiver has the time from satellites; or a person,
who has looked.
"""

from __future__ import annotations

from typing import Final

from tracker.units import is_simulated
from tracker.world import World

AHEAD_S: Final = 3_600.0
"""More than a restart or an update takes, and nothing against the times for which things are kept."""

LIVE_S: Final = 300.0
"""A fix that was so old at most when it came was sent as it was taken: its time is now."""


class Doubt:
    """Of a clock that was `ahead_s` of the journal at the start, `at` (server time, Unix seconds UTC)."""

    def __init__(self, ahead_s: float, at: float) -> None:
        self._since: float | None = None
        self.ahead_s = 0.0
        self.begin(ahead_s, at)

    def begin(self, ahead_s: float, at: float) -> None:
        """The clock is, or was set, so far ahead; nothing happens if that is not far."""
        if ahead_s > AHEAD_S:
            self._since, self.ahead_s = at, ahead_s

    def end(self) -> None:
        """Somebody has looked at the clock."""
        self._since = None

    def stands(self, world: World) -> bool:
        """Look whether a unit has spoken for the clock meanwhile. What is simulated has its time from this clock."""
        since = self._since
        if since is None:
            return False
        for unit in reversed(world.heard):
            if world.heard[unit] < since:
                break
            if abs(world.tracks[unit].lag_s) <= LIVE_S and not is_simulated(unit):
                self._since = None
                return False
        return True
