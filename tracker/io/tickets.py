"""Tickets: what a viewer shows that can send neither cookie nor token: once, in its first message, within 30 s."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from tracker.io.credential_file import digest
from tracker.io.gate import Pass

LASTS_S: Final = 30.0
MAX_TICKETS: Final = 10_000
"""At once; past it the oldest is worthless."""


class Tickets:
    """The tickets that were given out and not used yet. A restart forgets them.

    Args:
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[bytes, tuple[Pass, float]] = {}

    def make(self, holder: Pass) -> str:
        """A ticket that speaks for whoever asks for it."""
        while len(self._open) >= MAX_TICKETS:
            del self._open[next(iter(self._open))]
        secret = secrets.token_urlsafe(32)
        self._open[digest(secret)] = holder, self._now() + LASTS_S
        return secret

    def use(self, secret: str) -> Pass | None:
        """Whom a ticket speaks for; it is worthless from then on. None when it is not known, used or too old."""
        holder, ends_at = self._open.pop(digest(secret), (None, 0.0))
        return holder if self._now() < ends_at else None
