"""Retention: what is kept no longer than configured, and who may keep it longer as evidence.

Positions go `positions_h` after they came, those of a pursuit as long after its end; events, decisions and commands go
`events_d` days after they happened, those of a pursuit as long after its end. What is held as evidence stays. What is
erased and when is in the journal for good; what it was is not.

A clock that is wrong by days would erase what is not old. So a run of its own accord needs two looks at the clock that
agree with the time that nobody can set, and no doubt of the clock itself (`tracker.io.doubt`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from tracker.errors import Refused
from tracker.events import rfc3339
from tracker.inputs import Forget
from tracker.io import erasing
from tracker.io.access_log import AccessLog
from tracker.io.doubt import Doubt
from tracker.io.erasing import CannotErase, Held, Limits
from tracker.io.journal import Journal
from tracker.io.service import Service, Unavailable
from tracker.io.sqlite import DiskFull

LOOK_S: Final = 900.0
"""Seconds between two looks at the clock."""

AGREE_S: Final = 5.0
"""The two clocks may differ by this much from one look to the next."""

MILESTONES: Final = 12
"""In the time for which positions are kept."""

_log: Final = structlog.get_logger(__name__)


class Erased(msgspec.Struct, frozen=True):
    """What one run erased."""

    pings: int
    events: int
    inputs: int


class Retention:
    """Erases what is too old.

    Args:
        service: the door to the core and the journal.
        limits: how long what is kept.
        now: the clock, Unix seconds UTC.
        log: of who looked at what; a row goes when so many whole years have followed its own (None: they stay).
        log_years: how many.
        monotonic: seconds that nobody can set.
    """

    def __init__(
        self,
        service: Service,
        limits: Limits,
        now: Callable[[], float],
        log: AccessLog | None = None,
        log_years: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._limits = limits
        self._now = now
        self._log = log
        self._log_years = log_years
        self._monotonic = monotonic
        self._running = asyncio.Lock()
        self._doubt = Doubt(service.ahead_s, now())

    @property
    def waits(self) -> bool:
        """True while the server erases nothing of its own accord, since it cannot believe its clock."""
        return self._doubt.stands(self._service.world)

    async def run(self) -> None:
        """Erase what is too old, again and again, until cancelled."""
        while True:
            wall, steady = self._now(), self._monotonic()
            await asyncio.sleep(LOOK_S)
            drift_s = (self._now() - wall) - (self._monotonic() - steady)
            if abs(drift_s) > AGREE_S:
                _log.warning("the clock was set; nothing is erased until it holds", by_s=round(drift_s, 3))
                self._doubt.begin(drift_s, wall)
                continue
            if self.waits:
                _log.error("nothing is erased: the clock is far ahead, and no unit says so", by_s=self._doubt.ahead_s)
                continue
            try:
                await self._erase_all()
            except (Unavailable, DiskFull, CannotErase) as error:
                _log.error("nothing could be erased", error=str(error))

    async def erase(self) -> Erased:
        """Erase what is too old now: a person says so, who has looked at the clock. Raises as below."""
        self._doubt.end()
        return await self._erase_all()

    async def _erase_all(self) -> Erased:
        """Erase what is too old now.

        Raises:
            Unavailable, DiskFull: not possible at present; the next run goes on.
            CannotErase: no snapshot can stand for what would go.
        """
        async with self._running:
            now = self._now()
            if self._log is not None:
                await self._log.expire(datetime(_year(now) - self._log_years, 1, 1, tzinfo=UTC).timestamp())
            return await self._erase(now)

    async def hold(self, pursuit: str, by: str, reason: str, state: str | None = None) -> Held:
        """Keep a pursuit as evidence, for a state's control room or for the operator. Raises Refused."""
        return await self._mark(erasing.hold, pursuit, by, reason, state)

    async def release(self, pursuit: str, by: str, reason: str, state: str | None = None) -> Held:
        """Keep a pursuit no longer than any other, as far as it goes by them. Raises Refused."""
        return await self._mark(erasing.release, pursuit, by, reason, state)

    async def _mark(self, act: Callable[..., None], pursuit: str, by: str, reason: str, state: str | None) -> Held:
        for field, text in (("by", by), ("reason", reason)):
            if not text.strip():
                raise Refused(field, "missing: it is written into the record")
        async with self._running:
            await self._scan()
            mark = Held(by, rfc3339(self._now()), reason, state)
            await self._service.in_journal(act, pursuit, mark)
            return mark

    async def _scan(self) -> None:
        while await self._service.in_journal(erasing.scan):
            pass

    async def _erase(self, now: float) -> Erased:
        service, limits = self._service, self._limits
        await self._scan()
        await service.submit([await self._forget(now)])
        if await service.in_journal(_newest_milestone) < now - limits.positions_s / MILESTONES:
            await service.milestone()
        plan = await service.in_journal(erasing.plan, now, limits)
        if plan is None:
            return Erased(0, 0, 0)
        spans: dict[str, list[erasing.Kept]] = {}
        for one in await service.in_journal(erasing.kept, now - limits.positions_s):
            spans.setdefault(one.unit, []).append(one)
        pursuits = frozenset(one.pursuit for one in await service.in_journal(erasing.kept, now - limits.events_s))
        await service.in_journal(erasing.begin, plan, now, limits)

        pings = events = inputs = 0
        at = await service.in_journal(erasing.marker, "pings_upto_done")
        while at < plan.pings_upto:
            at, count = await service.in_journal(erasing.erase_pings, at, plan.pings_upto, spans)
            pings += count
        unswept = await service.in_journal(erasing.unswept, now - limits.positions_s)
        late = await service.in_journal(erasing.pings_of, unswept, plan.pings_upto)
        for start in range(0, len(late), erasing.STEP):
            some = late[start : start + erasing.STEP]
            pings += await service.in_journal(erasing.erase_some, some, spans)
        await service.in_journal(erasing.swept, unswept)

        over = await service.in_journal(erasing.over, now - limits.events_s)
        at = 0 if over else await service.in_journal(erasing.marker, "events_upto_done")
        while at < plan.events_upto:
            at, count = await service.in_journal(erasing.erase_events, at, plan.events_upto, pursuits)
            events += count
        at = 0 if over else await service.in_journal(erasing.marker, "inputs_upto_done")
        while at < plan.inputs_upto:
            at, count = await service.in_journal(erasing.erase_inputs, at, plan.inputs_upto, plan.events_upto)
            inputs += count
        await service.in_journal(erasing.strike, over)
        await service.in_journal(erasing.finish, plan, now, limits, pings, events, inputs)
        _log.info("erased", positions=pings, events=events, inputs=inputs, base=plan.base.input)
        return Erased(pings, events, inputs)

    async def _forget(self, now: float) -> Forget:
        limits = self._limits
        held = await self._service.in_journal(erasing.held)
        return Forget(
            at=now,
            heard_before=now - limits.positions_s / 2,
            ended_before=now - limits.events_s,
            events_upto=await self._service.in_journal(erasing.marker, "events_upto"),
            held=tuple(held),
        )


def _newest_milestone(journal: Journal) -> float:
    return next((float(at or 0.0) for (at,) in journal.rows("SELECT max(at) FROM snapshot WHERE milestone")), 0.0)


def _year(at: float) -> int:
    return datetime.fromtimestamp(at, UTC).year
