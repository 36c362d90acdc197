"""Snapshots of the world, taken between two groups and written while others are served."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from tracker.io import recovery
from tracker.io.journal import SnapshotRow
from tracker.io.sqlite import DiskFull
from tracker.world import World

EVERY: Final = 50_000
"""Inputs between snapshots: what a restart has to replay at most."""

_log: Final = structlog.get_logger(__name__)


class Snapshots:
    """Takes them when they are due, one at a time.

    Args:
        write: writes one; the second argument says whether it is a milestone.
        last_input: of the journal, at the start.
    """

    def __init__(self, write: Callable[[SnapshotRow, bool], Awaitable[None]], last_input: int) -> None:
        self._write = write
        self._due = last_input + EVERY
        self._milestone: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def milestone(self) -> asyncio.Future[None]:
        """Ask for one that is kept; done when it is written."""
        self._milestone = self._milestone or asyncio.get_running_loop().create_future()
        return self._milestone

    def take_if_due(self, world: World, last_input: int, at: float) -> None:
        """Begin one, if it is time: of the world as it is after that input, at `at` (server time).

        Raises what writing the one before met: an error of the journal ends the server, whoever met it.
        """
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None
        if self._task is None and (self._milestone is not None or last_input >= self._due):
            # The world is copied here, and not by the task: when that begins, the next group may have changed it.
            taking = self._take(world.copy(), last_input, at, milestone=self._milestone is not None)
            self._task = asyncio.create_task(taking, name="snapshot")

    async def finish(self, world: World, last_input: int, at: float) -> None:
        """Take the last one."""
        await self.settle()
        await self._take(world, last_input, at, milestone=False)

    async def settle(self) -> None:
        """Wait for the one that is being written."""
        if self._task is not None:
            await self._task

    async def _take(self, world: World, last_input: int, at: float, *, milestone: bool) -> None:
        self._due = last_input + max(EVERY, 2 * len(world.tracks))
        parts = []
        for part in world.encode_in_parts():
            parts.append(part)
            await asyncio.sleep(0)
        try:
            await self._write(recovery.snapshot_row(world, last_input, at, b"".join(parts)), milestone)
        except DiskFull as error:
            _log.warning("no room for a snapshot", error=str(error))
            return
        if milestone and self._milestone is not None:
            self._milestone.set_result(None)
            self._milestone = None
