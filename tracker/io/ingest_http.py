"""`POST /api/v1/pings`: the same pings as on `WS /units`, for senders that keep no socket open."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import msgspec
from aiohttp import hdrs, web

from tracker.codec.json_ping import MAX_PINGS, Refusal, fixes
from tracker.errors import Refused
from tracker.fix import Fix
from tracker.inputs import Input, PingReceived
from tracker.io.answers import PingsAnswer, RefusedPing
from tracker.io.batch import Unrecorded
from tracker.io.credentials import Grant
from tracker.io.gate import Gate
from tracker.io.http import HttpError, read_body, respond, respond_later
from tracker.io.metrics import Metrics
from tracker.io.pace import Limit, Pace, Paces
from tracker.io.roster import registration
from tracker.io.service import Service, Unavailable


class Ingest:
    """The handler of that call.

    Args:
        service: the door to the core.
        gate: says who may send, and for which units.
        metrics: counts.
        limit_bytes: the largest body.
        now: the clock, Unix seconds UTC.
        paces: how fast a unit may send; None: as fast as it can.
    """

    def __init__(
        self,
        service: Service,
        gate: Gate,
        metrics: Metrics,
        limit_bytes: int,
        now: Callable[[], float],
        paces: Paces | None,
    ) -> None:
        self._service = service
        self._gate = gate
        self._metrics = metrics
        self._limit_bytes = limit_bytes
        self._now = now
        self._paces = paces

    async def pings(self, request: web.Request) -> web.Response:
        """Take a message of pings; answer once what is accepted is durable."""
        sender = self._gate.sender(request.headers.get(hdrs.AUTHORIZATION))
        grant = None if sender is None else sender.grant
        if self._gate.units_need_token and grant is None:
            raise HttpError(401, hdrs.AUTHORIZATION, "a unit's token is needed, or this one is not known")
        if grant is not None and not grant.may("send"):
            raise HttpError(403, hdrs.AUTHORIZATION, f"only for unit, gateway; the caller is {grant.role}")
        pace: Pace | None = None
        if self._paces is not None and sender is not None and sender.key is not None:
            pace = self._paces.of(sender.key, len(sender.grant.units))
            if (wait_s := pace.rest_s(self._now())) > 0:
                return respond_later(429, _too_fast(self._paces.limit, wait_s), wait_s)
        body = await read_body(request, self._limit_bytes)
        received_at, began_at = self._now(), asyncio.get_running_loop().time()
        refused: list[RefusedPing] = []
        taken: list[tuple[int, Fix]] = []
        entries = fixes(body, received_at, numbered=False)
        _check_whole(body, entries)
        for index, entry in enumerate(entries):
            if isinstance(entry, Refusal):
                refused.append(RefusedPing(entry.index, entry.field, entry.reason))
            elif not self._gate.admits_unit(grant, entry.unit):
                refused.append(RefusedPing(index, "unit", f"this token does not speak for {entry.unit}"))
            else:
                taken.append((index, entry))
        if pace is not None:
            pace.wait_s(len(entries), received_at - taken[0][1].fixed_at if taken else 0.0, received_at)
        try:
            accepted = await self._submit(taken, received_at, grant, refused)
        except Unavailable:
            self._metrics.count_pings("http", 0, len(refused), len(taken))
            raise
        refused.sort(key=lambda one: one.index)
        took_s = asyncio.get_running_loop().time() - began_at
        self._metrics.count_pings("http", accepted, len(refused), took_s=took_s)
        return respond(PingsAnswer(accepted, refused))

    async def _submit(
        self,
        taken: list[tuple[int, Fix]],
        received_at: float,
        grant: Grant | None,
        refused: list[RefusedPing],
    ) -> int:
        """Submit fixes; add to `refused` those that the core refuses, and return how many it took."""
        if not taken:
            return 0
        inputs: list[Input] = []
        for unit in dict.fromkeys(fix.unit for _, fix in taken):
            news = registration(self._service.world, unit, grant, received_at)
            if news is not None:
                inputs.append(news)
        indices: list[int | None] = [None] * len(inputs)
        for index, fix in taken:
            inputs.append(PingReceived(fix, received_at))
            indices.append(index)
        accepted = 0
        for place, outcome in zip(indices, await self._service.submit(inputs), strict=True):
            if place is None:
                continue
            if isinstance(outcome, Unrecorded):
                raise Unavailable(f"{outcome.reason}; send all of it again")  # what is recorded already does no harm
            if isinstance(outcome, Refused):
                refused.append(RefusedPing(place, outcome.field, outcome.reason))
            else:
                accepted += 1
        return accepted


def _too_fast(limit: Limit, wait_s: float) -> str:
    return (
        f"faster than {limit.pings_per_s:g} pings a second of each unit, {limit.burst} at once; nothing of this was "
        f"accepted: send it again in {math.ceil(wait_s)} s"
    )


def _check_whole(body: bytes, entries: list[Fix | Refusal]) -> None:
    """Raise a 400 for a message of which not even the elements could be told apart."""
    if len(entries) != 1 or not isinstance(entries[0], Refusal) or entries[0].field:
        return
    try:
        elements = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (ValueError, RecursionError):
        elements = []
    if not 1 <= len(elements) <= MAX_PINGS:
        raise HttpError(400, "", entries[0].reason)
