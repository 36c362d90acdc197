"""Open connections whose proof ends: a revoked token, a session that is over. Each is closed, and told why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from websockets.asyncio.server import ServerConnection

from tracker.io.credential_file import CredentialFile
from tracker.io.gate import Gate, Pass
from tracker.io.sessions import NOTE_S

LOOK_S: Final = 0.5
"""Seconds between two looks at whether anything was revoked."""

_AT_ONCE: Final = 500
"""Connections that are asked about before others get their turn."""

Closing = tuple[int, str]
"""Close code and reason."""


class Revocations:
    """Asks for every open connection whether it may stay: at once when anything was revoked, and once a minute.

    Args:
        gate: knows.
        file: tells when anything was revoked.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, gate: Gate, file: CredentialFile, now: Callable[[], float]) -> None:
        self._gate = gate
        self._file = file
        self._now = now
        self._open: dict[ServerConnection, tuple[Pass, Callable[[], Closing]]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def watching(
        self, connection: ServerConnection, one: Pass | None, closing: Callable[[], Closing]
    ) -> Iterator[None]:
        """Close this connection when its proof ends, as `closing` says, which sees to it that nothing more is sent.
        One that needed no proof (None) stays.
        """
        if one is not None:
            self._open[connection] = one, closing
        try:
            yield
        finally:
            self._open.pop(connection, None)

    async def watch(self) -> None:
        """Do so until cancelled."""
        version = self._file.version
        noted_at = self._now()
        while True:
            await asyncio.sleep(LOOK_S)
            newest, now = self._file.version, self._now()
            is_due = now - noted_at >= NOTE_S
            if newest == version and not is_due:
                continue
            version = newest
            await self._look()
            if is_due:
                noted_at = now
                self._gate.sessions.note(now)

    async def _look(self) -> None:
        for number, (connection, (one, closing)) in enumerate(list(self._open.items())):
            if connection in self._open and self._gate.still(one) is None:
                del self._open[connection]
                task = asyncio.create_task(connection.close(*closing()))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
