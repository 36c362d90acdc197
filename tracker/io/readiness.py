"""Whether the server can do its work, looked at when somebody asks: is the disk written to, does the journal's thread
answer, are borders watched, is the clock right.

A look costs a small write and a flush, so that of two callers within `FRESH_S` the second gets what the first was told,
and while a look is on nobody begins another. The event loop waits for nothing: the disk is tried in a thread of its
own, and a disk that hangs is one that has not answered within `WITHIN_S`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tracker.io.boundaries import Boundaries
from tracker.io.clock import Clock
from tracker.io.journal import Journal
from tracker.io.service import Service, Unavailable

FRESH_S: Final = 2.0
WITHIN_S: Final = 2.0
PROBE_BYTES: Final = 4096
PROBE: Final = "probe"
"""The file that is written, in the data directory, and removed again."""


class Check(NamedTuple):
    """One thing that was looked at."""

    is_well: bool
    text: str
    """`ok`, or what is wrong."""


WELL: Final = Check(True, "ok")


class Readiness:
    """Looks.

    Args:
        service: has the journal.
        directory: of the data.
        boundaries: what was found at the start.
        clock: server time.
        write: the probe of the disk; blocks, raises OSError.
    """

    def __init__(
        self,
        service: Service,
        directory: Path,
        boundaries: Boundaries,
        clock: Clock,
        write: Callable[[Path], None] | None = None,
    ) -> None:
        self._service = service
        self._directory = directory
        self._borders = _of_borders(boundaries)
        self._clock = clock
        self._write = write or write_probe
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk probe")
        self._loop = asyncio.get_running_loop()
        self._pending: dict[str, asyncio.Future[Check]] = {}
        self._began_at: dict[str, float] = {}
        self._looking: asyncio.Task[dict[str, Check]] | None = None
        self._looked_at = -FRESH_S

    async def look(self) -> dict[str, Check]:
        """Everything by name, as it was at most `FRESH_S` ago; takes at most `WITHIN_S`."""
        looking = self._looking
        if looking is None or (looking.done() and self._loop.time() - self._looked_at >= FRESH_S):
            looking = self._looking = asyncio.create_task(self._look(), name="readiness")
        return await asyncio.shield(looking)

    def close(self) -> None:
        """Ask nothing any more; a disk that hangs is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _look(self) -> dict[str, Check]:
        disk = self._ask("disk", self._try_disk)
        journal = self._ask("journal", self._try_journal)
        await asyncio.wait({disk, journal}, timeout=WITHIN_S)
        checks = {
            "borders": self._borders,
            "journal": self._answer("journal", journal, "its thread has not answered"),
            "disk": self._answer("disk", disk, f"a write of {PROBE_BYTES} bytes has not come back"),
            "clock": self._of_clock(),
        }
        self._looked_at = self._loop.time()
        return checks

    def _ask(self, name: str, call: Callable[[], Awaitable[Check]]) -> asyncio.Future[Check]:
        """Begin it, unless the last one still hangs."""
        pending = self._pending.get(name)
        if pending is None or pending.done():
            pending = self._pending[name] = asyncio.ensure_future(call())
            self._began_at[name] = self._loop.time()
        return pending

    def _answer(self, name: str, asked: asyncio.Future[Check], hangs: str) -> Check:
        if asked.done():
            return asked.result()
        return Check(False, f"{hangs} for {self._loop.time() - self._began_at[name]:.0f} s")

    async def _try_disk(self) -> Check:
        try:
            await self._loop.run_in_executor(self._thread, self._write, self._directory / PROBE)
        except OSError as error:
            return Check(False, f"cannot be written to: {error.strerror or error}")
        return WELL

    async def _try_journal(self) -> Check:
        if self._service.fault is not None:
            return Check(False, self._service.fault)
        try:
            await self._service.in_journal(_nothing)
        except Unavailable as error:
            return Check(False, str(error))
        return WELL

    def _of_clock(self) -> Check:
        for fault in self._service.faults.standing:
            if fault.code == "clock_step":
                return Check(False, fault.text)
        if not self._clock.is_right:
            return Check(False, "the system's clock is behind what the journal knows: our time waits for it")
        return WELL


def write_probe(path: Path) -> None:
    """Write something small, and see it flushed. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, b"\0" * PROBE_BYTES)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        path.unlink(missing_ok=True)


def _of_borders(boundaries: Boundaries) -> Check:
    if boundaries.atlas is None:
        return Check(False, f"no border is watched: {boundaries.trouble}")
    return WELL if boundaries.trouble is None else Check(True, f"a copy is used: {boundaries.trouble}")


def _nothing(_: Journal) -> None:
    """What the journal's thread is asked to do, to see whether it does."""
