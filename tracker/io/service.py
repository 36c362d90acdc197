"""The one door to the core: inputs go in; once they and what follows are on the disk, everybody hears of it.

    submit ──► lanes ──► group ──► known already? ──► step ──► journal ──► publish ──► listeners, submitters
                           ▲                                      │
                           └───── gathers while the disk works ───┘

Everything here runs in the event loop's thread, but for the journal, which has a thread of its own. While one
group is being written the next one gathers, so a group is as large as the disk is slow, and nobody waits for
company.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import structlog

from tracker.engine import Engine
from tracker.errors import Corrupt, DrempelloosError
from tracker.fix import Fix
from tracker.inputs import ClockSet, Input, Tick, blinded
from tracker.io import history, recovery
from tracker.io.ballast import Ballast
from tracker.io.batch import Asked, Batch, Known, Outcome, look_up
from tracker.io.clock import Clock, Step
from tracker.io.draft import Draft
from tracker.io.faults import Faults
from tracker.io.journal import Journal, SnapshotRow
from tracker.io.lanes import Lanes
from tracker.io.ration import Ration
from tracker.io.snapshots import Snapshots
from tracker.io.sqlite import Broken, Clash, DiskFull
from tracker.io.submission import Committed, Submission, Unavailable, resolve
from tracker.io.timings import Timings, timed
from tracker.policy import EVERYTHING, Scope, bits
from tracker.world import World

__all__ = ["Committed", "Service", "Unavailable"]

SLICE: Final = 100
"""Inputs between two chances for the rest of the loop to run."""

MAX_WAIT_S: Final = 5.0
"""A submitter that waits longer than this is sent away."""

TICK_S: Final = 1.0

CLOCK_DOUBT_S: Final = 600.0
"""For so long after a step of the clock, and while our time waits for it, viewers are told of it."""

_RATIONED: Final = "the disk is full: positions are not recorded; crossings, decisions and what people do are"
_FULL: Final = "the disk is full: nothing was accepted"
_FAILED: Final = "the journal failed and the server is stopping: nothing was accepted"

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_log: Final = structlog.get_logger(__name__)


class Service:
    """Takes inputs, and lets the world happen. Made by `open`."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        world: World,
        clock: Clock,
        thread: ThreadPoolExecutor,
        ballast: Ballast,
        ration: Ration | None,
    ) -> None:
        self._journal = journal
        self._ballast = ballast
        self._ration = ration
        """Set while the disk is full and the ballast is spent."""
        self._clock = clock
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._draft = Draft(world)
        self._known = Known()
        self._lanes = Lanes()
        self._clock_turns = False
        """A step of the clock waits for its turn: what came after it must not go before it."""
        self._arrived = asyncio.Event()
        self._left = asyncio.Condition()
        self._listeners: list[Callable[[Committed], None]] = []
        self._since = 0.0
        self._look_at = 0.0
        self._doubt_until = 0.0
        self._snapshots = Snapshots(self._write_snapshot, journal.last_input)
        self._newest_at = clock.now()
        self._closing = False
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self.engine: Final = engine
        self.epoch: Final = journal.epoch
        """Names this history: an offset means something only together with it."""
        self.world: Final[World] = self._draft.published
        """The world as it stands in the journal. To be read only."""
        self.ahead_s = 0.0
        """How far the clock was ahead of the newest input at the start, seconds; 0 if there was none."""
        self.fault: str | None = None
        """Why nothing can be accepted at present, if so."""
        self.faults: Final = Faults(clock.now)
        """What viewers are told is wrong."""
        self.timings: Final = Timings()
        self.calls_waiting = 0
        """What the journal's thread is asked to do and has not done."""
        self.failed: asyncio.Future[None] = self._loop.create_future()
        """Gets an exception when the journal has failed for good: the process must end, and start anew."""

    @classmethod
    async def open(cls, directory: Path, engine: Engine, clock: Clock, ballast_bytes: int = 0) -> Service:
        """Open or make the journal in a directory, recover the world, and begin to take inputs.

        Args:
            directory: holds the journal; made if it is not there.
            engine: the core.
            clock: server time.
            ballast_bytes: room to keep for what must be written when the disk is full; 0 for none.

        Raises:
            Unusable, Corrupt: the journal cannot be used; says why.
            DiskFull: there is no room to begin.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        loop = asyncio.get_running_loop()
        ballast = Ballast(directory, ballast_bytes)
        try:
            journal, world, replayed, is_full = await loop.run_in_executor(
                thread, recovery.opened, directory, engine, ballast
            )
        except BaseException:
            thread.shutdown()
            raise
        ahead_s = clock.now() - replayed.newest_at if replayed.newest_at else 0.0
        clock.advance_to(replayed.newest_at)
        service = cls(journal, engine, world, clock, thread, ballast, Ration() if is_full else None)
        service.ahead_s = ahead_s
        if is_full:
            service._set_fault(_RATIONED)
        service._start()
        return service

    async def close(self) -> None:
        """Finish what is queued, take a snapshot, and close the journal."""
        if self._closing:
            return
        self._closing = True
        self._arrived.set()
        pump, ticker = self._tasks
        ticker.cancel()
        await asyncio.gather(pump, ticker, return_exceptions=True)
        try:
            if self.failed.done():
                self.failed.exception()
            else:
                self.failed.cancel()
                await self._snapshots.settle()
                if self._ration is None:
                    await self._snapshots.finish(self._draft, self._journal.last_input, self._newest_at)
            await self._in_thread(self._journal.close)
        except DrempelloosError as error:
            _log.error("the journal was not closed well; the next start will take longer", error=str(error))
        finally:
            self._thread.shutdown()

    async def submit(self, inputs: Sequence[Input]) -> list[Outcome]:
        """Let inputs happen, in order; returns once everything is on the disk.

        The answer has an entry per input: its events, or a `Refused`. A ping that is stored already has no
        events; one whose name is that of another ping is refused.

        Raises:
            Unavailable: nothing was accepted.
        """
        return await self._submit(inputs, is_act=False)

    async def act(self, inputs: Sequence[Input]) -> list[Outcome]:
        """As `submit`, for what a person does. It goes before all pings that wait, and they never take its room; acts
        keep their own order. Only a step of the clock that waits goes before an act that came after it.
        """
        return await self._submit(inputs, is_act=not self._clock_turns)

    async def _submit(self, inputs: Sequence[Input], *, is_act: bool) -> list[Outcome]:
        waiter: asyncio.Future[list[Outcome]] = self._loop.create_future()
        await self.post_when_room(inputs, partial(resolve, waiter), is_act=is_act)
        return await waiter

    def post(
        self, inputs: Sequence[Input], tell: Callable[[list[Outcome] | Unavailable], None], *, is_act: bool = False
    ) -> bool:
        """As `submit`, but returns at once: True if the inputs have their place in the order, and `tell` will be called
        with the answer, in the loop; False if there is no room for them now. `tell` must not raise.

        Raises:
            Unavailable: the server is stopping.
        """
        if self._closing or self.failed.done():
            raise Unavailable(self.fault or "the server is stopping: nothing was accepted")
        if not self._lanes.has_room(len(inputs), is_act):
            return False
        if self.engine.detector is None:
            inputs = [blinded(entry) for entry in inputs]
        self._lanes.add(Submission(inputs, tell, self._loop.time(), is_act))
        self._arrived.set()
        return True

    async def post_when_room(
        self, inputs: Sequence[Input], tell: Callable[[list[Outcome] | Unavailable], None], *, is_act: bool = False
    ) -> None:
        """As `post`, but waits for room.

        Raises:
            Unavailable: the server is stopping, or there is no room within `MAX_WAIT_S`.
        """
        while not self.post(inputs, tell, is_act=is_act):
            await self._room_for(len(inputs), is_act)

    async def _room_for(self, size: int, is_act: bool) -> None:
        try:
            async with asyncio.timeout(MAX_WAIT_S), self._left:
                await self._left.wait_for(lambda: self._lanes.has_room(size, is_act) or self.failed.done())
        except TimeoutError:
            raise Unavailable("the server is overloaded: nothing was accepted") from None

    @property
    def queued(self) -> int:
        """Inputs that wait for their turn."""
        return self._lanes.inputs

    def listen(self, listener: Callable[[Committed], None]) -> None:
        """Call `listener` after every commit, in order, in the loop."""
        self._listeners.append(listener)

    async def events(self, after: int, limit: int, scope: Scope = EVERYTHING) -> list[tuple[int, bytes]]:
        """At most `limit` of the events after an offset that are seen, in order, in their journalled form."""
        if scope.sees_all:
            return await self._in_thread(self._journal.events, after, limit)
        return await self._in_thread(self._journal.events_seen, after, limit, bits(scope), scope.opened)

    async def events_of(self, pursuit: str, scope: Scope) -> list[tuple[int, bytes]]:
        """The events of a pursuit that are seen, in order, in their journalled form."""
        seen_by = None if scope.sees_all or pursuit in scope.opened else bits(scope)
        return await self._in_thread(self._journal.events_of, pursuit, seen_by)

    async def fixes(self, unit: str, since: float, until: float) -> list[Fix]:
        """What a unit sent from `since` to `until` (receiver's time, Unix seconds UTC), by that time."""
        return await self._in_thread(history.fixes, self._journal, unit, since, until)

    async def in_journal(
        self,
        call: Callable[Concatenate[Journal, _Parameters], _Result],
        *args: _Parameters.args,
        **kw: _Parameters.kwargs,
    ) -> _Result:
        """Have something short done with the journal, between two groups; it may not add inputs or events.

        Raises what the call does, but Unavailable when the disk failed: the server stops.
        """
        try:
            return await self._in_thread(call, self._journal, *args, **kw)
        except (Broken, Corrupt) as error:
            self._fail(error)
            raise Unavailable(_FAILED) from error

    async def milestone(self) -> None:
        """Take a snapshot that is kept, after the present group. Raises Unavailable if there is none."""
        milestone = self._snapshots.milestone()
        await self.submit([Tick(self._clock.now())])  # else nothing may happen for a second
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await asyncio.shield(milestone)
        except TimeoutError:
            raise Unavailable("no snapshot was taken in time") from None

    def _start(self) -> None:
        self._tasks = (
            asyncio.create_task(self._pump(), name="journal pump"),
            asyncio.create_task(self._tick(), name="ticks"),
        )

    async def _tick(self) -> None:
        jumps: list[Input] = []
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock.now()
            jumps += [ClockSet(step.at, step.before, step.jump_s) for step in self._watch_clock() if step.jump_s]
            self._clock_turns = bool(jumps)
            try:
                await self.submit([*jumps, Tick(now)])
                jumps.clear()
            except Unavailable:
                continue
            self._clock_turns = False

    def _watch_clock(self) -> list[Step]:
        """The steps of the clock since the last look; a fault stands for a while after each."""
        steps = self._clock.steps()
        if steps:
            self._doubt_until = self._loop.time() + CLOCK_DOUBT_S
            direction = "forward" if steps[-1].by_s > 0 else "back"
            text = f"the server's clock was set {direction} by {abs(steps[-1].by_s):.0f} s: times may be wrong"
            self.faults.set("clock_step", text)
        elif self._loop.time() >= self._doubt_until and self._clock.is_right:
            self.faults.clear("clock_step")
        return steps

    async def _pump(self) -> None:
        try:
            while not (self._closing and not self._lanes):
                self._arrived.clear()
                if not self._lanes and not self._closing:
                    await self._arrived.wait()
                group = self._lanes.take()
                if group:
                    async with self._left:
                        self._left.notify_all()
                    await self._serve(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be acknowledged after it
            self._fail(error)

    async def _serve(self, group: list[Submission]) -> None:
        self._since = min(submission.since for submission in group)
        try:
            outcomes = await self._process([entry for submission in group for entry in submission.inputs])
        except DiskFull:
            self._set_fault(_FULL)
            for submission in group:
                submission.tell(Unavailable(_FULL))
        except Exception:
            for submission in group:
                submission.tell(Unavailable(_FAILED))
            raise
        else:
            begin = 0
            for submission in group:
                end = begin + len(submission.inputs)
                submission.tell(outcomes[begin:end])
                begin = end
            await self._keep_house()

    async def _process(self, work: Sequence[Input]) -> list[Outcome]:
        """Let a group happen and write it; the outcomes, in order, are of what is on the disk."""
        asked = self._known.ask(work)
        batch = await self._step(work, asked)
        try:
            await self._write(batch)
        except Clash:
            self._draft.rollback()
            if len(work) == 1:
                return await self._quarantine(work[0], traceback.format_exc())
            # The core gave an event an id that is taken. Only the input that caused it may suffer from that.
            return [outcome for one in work for outcome in await self._process([one])]
        except DiskFull:
            self._draft.rollback()
            if self._ration is not None or not await self._in_thread(self._ballast.spend):
                raise
            # What matters in this very group has room now.
            self._ration = Ration()
            self._set_fault(_RATIONED)
            return await self._process(work)
        except BaseException:
            self._draft.rollback()
            raise
        self._draft.commit()
        self._known.learn(asked.newest.items())
        if self._ration is not None:
            self._known.learn((key[:2], key.n) for key in batch.taken)
            self._ration.recorded(batch.taken)
        self._announce(Committed(batch.events_out, batch.moved, self._since, batch.restated, batch.introduced))
        return batch.outcomes

    async def _step(self, work: Sequence[Input], asked: Asked) -> Batch:
        stored = None
        if asked.unsure:
            stored, newest = await self._in_thread(look_up, self._journal, asked.unsure, asked.unseen)
            self._known.note(newest)
        batch = Batch(
            self.engine,
            self._draft,
            stored,
            last_input=self._journal.last_input,
            newest_at=self._newest_at,
            ration=self._ration,
        )
        self._draft.begin()
        for start in range(0, len(work), SLICE):
            if start:
                await asyncio.sleep(0)
            batch.take(work[start : start + SLICE])
        self._newest_at = batch.newest_at
        return batch

    async def _write(self, batch: Batch) -> None:
        if not batch.is_empty:
            _, took_s = await self._in_thread(timed, self._journal.write, batch.inputs, batch.events, batch.quarantined)
            self.timings.commit.add(took_s)
            self.timings.group.add(len(batch.inputs))
        elif self.fault is not None and self._ration is None:
            await self._in_thread(self._journal.probe)
        if self._ration is None:
            self._clear_fault()
        elif not batch.is_empty:
            self._set_fault(_RATIONED)

    async def _quarantine(self, entry: Input, error: str) -> list[Outcome]:
        batch = Batch(self.engine, self._draft, {}, last_input=self._journal.last_input, newest_at=self._newest_at)
        batch.quarantine(entry, error)
        await self._write(batch)
        return batch.outcomes

    def _announce(self, committed: Committed) -> None:
        if not committed.events and not committed.moved and not committed.introduced:
            return
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception:  # noqa: BLE001 - what is journalled is so; a viewer's trouble must not stop the next
                _log.exception("a listener failed")

    async def _keep_house(self) -> None:
        """Between two groups, when their submitters have their answers."""
        if self._ration is not None:
            await self._look_for_room()
        try:
            if self._journal.wants_checkpoint:
                await self._in_thread(self._journal.checkpoint)
        except DiskFull as error:
            _log.warning("no room for a checkpoint", error=str(error))
        if self._ration is None:
            self._snapshots.take_if_due(self._draft, self._journal.last_input, self._newest_at)

    async def _look_for_room(self) -> None:
        """Go back to recording everything once there is room for that and for the ballast."""
        if self._loop.time() < self._look_at:
            return
        self._look_at = self._loop.time() + TICK_S
        if await self._in_thread(self._ballast.make):
            self._ration = None
            self._clear_fault()

    async def _write_snapshot(self, snapshot: SnapshotRow, milestone: bool) -> None:
        # Groups go in between.
        steps = self._journal.writing_snapshot(snapshot, milestone=milestone)
        while await self._in_thread(_has_more, steps):
            pass

    def _set_fault(self, fault: str) -> None:
        if self.fault != fault:
            _log.error("inputs cannot be accepted", fault=fault)
        self.fault = fault
        self.faults.set("not_recording", fault)

    def _clear_fault(self) -> None:
        if self.fault is not None:
            _log.info("inputs are accepted again", fault=self.fault)
            self.fault = None
            self.faults.clear("not_recording")

    def _fail(self, error: Exception) -> None:
        self.fault = _FAILED
        self.faults.set("restarting", "the disk failed: the server stops, and starts anew")
        _log.critical("the journal failed", exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)
        for submission in self._lanes:
            submission.tell(Unavailable(_FAILED))
        self._lanes.clear()

    async def _in_thread(
        self, call: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        self.calls_waiting += 1
        try:
            return await self._loop.run_in_executor(self._thread, lambda: call(*args, **kwargs))
        finally:
            self.calls_waiting -= 1


def _has_more(steps: Iterator[None]) -> bool:
    return next(steps, steps) is None
