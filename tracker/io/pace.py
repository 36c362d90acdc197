"""How fast a unit may send: as fast as cars do, and faster only what it could not send before.

A sender beyond its pace is not refused anything: its next messages are not read until it is back in it, so its TCP has
to wait and nothing is lost. What it sends late (a car that comes out of a tunnel, a day's backlog) has a pace of its
own, a hundred times as fast, since it comes once; a fix that claims to be old gets no further than that.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

BACKLOG_S: Final = 5.0
"""A fix that is older than this when it comes was kept by its unit, and counts as backlog."""

MAX_PACES: Final = 100_000
"""Senders whose pace is remembered; past it the one that was not heard of for longest begins anew."""

_SHORTEST_S: Final = 0.001


class Limit(NamedTuple):
    """What one unit may send."""

    pings_per_s: float
    burst: int
    """Pings at once, before the pace counts."""
    backlog_per_s: float


class Pace:
    """The pace of one sender (GCRA: of a line of pings that leave at the allowed rate, when the last would leave).

    Args:
        limit: of one unit.
        units: that it speaks for.
    """

    def __init__(self, limit: Limit, units: int) -> None:
        self._limit = limit
        self._units = max(1, units)
        self._last_at = float("-inf")
        self._last_backlog_at = float("-inf")
        self._rests_until = float("-inf")

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
            wait_s = _worth_it(self._last_backlog_at - at)
        else:
            rate = limit.pings_per_s * self._units
            self._last_at = max(self._last_at, at - limit.burst / limit.pings_per_s) + pings / rate
            wait_s = _worth_it(self._last_at - at)
        self._rests_until = max(self._rests_until, at + wait_s)
        return wait_s

    def rest_s(self, at: float) -> float:
        """Seconds of that wait that are left: for who can be told, and need not be made to wait."""
        return max(0.0, self._rests_until - at)


class Paces:
    """The pace of each sender, whether it comes by a socket, by several, or by calls over HTTP."""

    def __init__(self, limit: Limit) -> None:
        self.limit: Final = limit
        self._paces: OrderedDict[bytes, Pace] = OrderedDict()

    def of(self, key: bytes, units: int) -> Pace:
        """That of one sender.

        Args:
            key: of what proves who it is.
            units: that it speaks for.
        """
        pace = self._paces.get(key)
        if pace is None:
            pace = self._paces[key] = Pace(self.limit, units)
            if len(self._paces) > MAX_PACES:
                self._paces.popitem(last=False)
        self._paces.move_to_end(key)
        return pace


def _worth_it(wait_s: float) -> float:
    return wait_s if wait_s >= _SHORTEST_S else 0.0
