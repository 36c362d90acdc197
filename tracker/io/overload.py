"""Whether more comes in than the server can take, and who is told.

Nothing is thrown away for it: senders wait (their sockets are not read from while the queue is full, a call over HTTP
is told to come again), and what was acknowledged is on the disk. What suffers is how new the picture is, so dispatchers
must know.
"""

from __future__ import annotations

import asyncio
from typing import Final

from tracker.io.lanes import MAX_QUEUED
from tracker.io.service import Service

LOOK_S: Final = 0.25

LATE_S: Final = 1.0
"""The event loop does what is due so much later: everything else is as late at least."""

LONG: Final = MAX_QUEUED // 4
"""Inputs that wait: more than two groups, a second of work on a small machine."""

RAISE_S: Final = 3.0
"""A burst is taken in less; what lasts so long is told."""

CALM_S: Final = 10.0
"""And it is over when nothing was near either bound for so long."""

CALM: Final = 0.25
"""What is near a bound: this share of it."""

LATE_TEXT: Final = "the server is overloaded: positions and alerts may be late; nothing that was acknowledged is lost"


class Strain:
    """Tells a burst from an overload, and a pause from its end. Times are the loop's, seconds."""

    def __init__(self) -> None:
        self.is_over = False
        """True when more comes in than can be taken."""
        self._bad_since: float | None = None
        self._bad_at = 0.0

    def look(self, at: float, late_s: float, waiting: int) -> None:
        """Take a look at how late the loop is, and how many inputs wait."""
        share = max(late_s / LATE_S, waiting / LONG)
        if share >= (CALM if self.is_over else 1.0):
            # A loop that stood still was late for as long as it did, though it was looked at once.
            self._bad_since = at - late_s if self._bad_since is None else self._bad_since
            self._bad_at = at
            self.is_over = self.is_over or at - self._bad_since >= RAISE_S
        elif not self.is_over or at - self._bad_at >= CALM_S:
            self._bad_since, self.is_over = None, False


async def watch(service: Service) -> None:
    """Look four times a second, until cancelled; raise and clear the fault `overloaded`."""
    loop, strain = asyncio.get_running_loop(), Strain()
    while True:
        due_at = loop.time() + LOOK_S
        await asyncio.sleep(LOOK_S)
        at = loop.time()
        service.timings.loop_lag.add(at - due_at)
        strain.look(at, at - due_at, service.queued)
        if strain.is_over:
            service.faults.set("overloaded", LATE_TEXT)
        else:
            service.faults.clear("overloaded")
