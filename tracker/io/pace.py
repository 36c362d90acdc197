"""How fast a unit may send: as fast as cars do, and faster only what it could not send before.

A sender beyond its pace is not refused anything: its next messages are not read until it is back in it, so its TCP has
to wait and nothing is lost. What it sends late (a car that comes out of a tunnel, a day's backlog) has a pace of its
own, a hundred times as fast, since it comes once; a fix that claims to be old gets no further than that.
"""

from __future__ import annotations

from typing import Final, NamedTuple

BACKLOG_S: Final = 5.0
"""A fix that is older than this when it comes was kept by its unit, and counts as backlog."""

_SHORTEST_S: Final = 0.001


class Limit(NamedTuple):
    """What one unit may send."""

    pings_per_s: float
    burst: int
    """Pings at once, before the pace counts."""
    backlog_per_s: float


class Pace:
    """The pace of one connection (GCRA: of a line of pings that leave at the allowed rate, when the last would leave).

    Args:
        limit: of one unit.
        units: that the connection speaks for.
    """

    def __init__(self, limit: Limit, units: int) -> None:
        self._limit = limit
        self._units = max(1, units)
        self._last_at = float("-inf")
        self._last_backlog_at = float("-inf")

    def wait_s(self, pings: int, oldest_s: float, at: float) -> float:
        """Seconds for which nothing more should be taken after these.

        Args:
            pings: that came together.
            oldest_s: the age of the first of them, seconds.
            at: the server's clock, Unix seconds UTC.
        """
        limit = self._limit
        if oldest_s > BACKLOG_S:
            rate = limit.backlog_per_s * self._units
            self._last_backlog_at = max(self._last_backlog_at, at - 1.0) + pings / rate
            return _worth_it(self._last_backlog_at - at)
        rate = limit.pings_per_s * self._units
        self._last_at = max(self._last_at, at - limit.burst / limit.pings_per_s) + pings / rate
        return _worth_it(self._last_at - at)


def _worth_it(wait_s: float) -> float:
    return wait_s if wait_s >= _SHORTEST_S else 0.0
