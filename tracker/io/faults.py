"""What is wrong with the server at present, so that a dispatcher knows what not to rely on.

Whoever finds a fault raises it here, and clears it when it is over; viewers are told of every change, and of what
stands when they connect. Codes are few, since each has a banner on the map and a row in docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, get_args

import msgspec
import structlog

from tracker.events import rfc3339

Code = Literal["not_recording", "restarting", "no_borders", "clock_step", "overloaded"]
"""Positions are not being stored; the server is about to restart; borders are not watched; the clock was set; inputs
come faster than they can be taken.
"""

CODES: Final[tuple[Code, ...]] = get_args(Code)

_log: Final = structlog.get_logger(__name__)


class Fault(msgspec.Struct, frozen=True):
    """One fault: since when (RFC 3339, UTC), and what a person is to know of it."""

    code: Code
    since: str
    text: str


class Faults:
    """The faults that stand.

    Args:
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._standing: dict[Code, Fault] = {}
        self._listeners: list[Callable[[], None]] = []

    @property
    def standing(self) -> tuple[Fault, ...]:
        """What is wrong now, in the order of `CODES`."""
        return tuple(self._standing[code] for code in CODES if code in self._standing)

    def set(self, code: Code, text: str) -> None:
        """Raise a fault, or change what is said of one; it keeps the time at which it began."""
        before = self._standing.get(code)
        if before is not None and before.text == text:
            return
        since = rfc3339(self._now()) if before is None else before.since
        self._standing[code] = Fault(code, since, text)
        if before is None:
            _log.error("fault", code=code, text=text)
        self._tell()

    def clear(self, code: Code) -> None:
        """Say that a fault is over; nothing happens if it does not stand."""
        fault = self._standing.pop(code, None)
        if fault is not None:
            _log.info("fault over", code=code, since=fault.since)
            self._tell()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
