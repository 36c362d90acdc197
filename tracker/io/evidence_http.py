"""Keeping a pursuit as evidence, and letting it go: a supervisor's calls. The command line does the same by `hold`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from tracker.errors import Refused
from tracker.io import erasing
from tracker.io.access_log import AccessLog, access
from tracker.io.answers import KeptAnswer
from tracker.io.consulting import Consulting
from tracker.io.erasing import Held
from tracker.io.http import HttpError, read_body, respond, signed
from tracker.io.requests import KeepBody, read
from tracker.io.retention import Retention
from tracker.io.service import Service
from tracker.policy import may_act
from tracker.pursuits import Pursuit

_Mark = Callable[[str, str, str, str | None], Awaitable[Held]]


class Evidence:
    """Handlers of these calls, by the names that `openapi.CALLS` gives them.

    Args:
        service: has the journal.
        retention: keeps, and lets go.
        consulting: says who asks, and what he may see.
        log: has who did what.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self,
        service: Service,
        retention: Retention,
        consulting: Consulting,
        log: AccessLog,
        now: Callable[[], float],
    ) -> None:
        self._service = service
        self._retention: Final = retention
        self._consulting = consulting
        self._log = log
        self._now = now

    async def look(self, request: web.Request) -> web.Response:
        """Who keeps a pursuit."""
        pursuit = self._consulting.pursuit(request)
        await self._consulting.note(request, "consult", pursuit)
        return await self._answer(pursuit)

    async def keep(self, request: web.Request) -> web.Response:
        """Keep it, for the caller's state."""
        return await self._do(request, "keep", self._retention.hold)

    async def release(self, request: web.Request) -> web.Response:
        """Keep it no longer for the caller's state; what others keep stays."""
        return await self._do(request, "release", self._retention.release)

    async def _answer(self, pursuit: Pursuit) -> web.Response:
        holds = await self._service.in_journal(erasing.held)
        return respond(KeptAnswer(pursuit.id, holds.get(pursuit.id, [])))

    async def _do(self, request: web.Request, action: str, act: _Mark) -> web.Response:
        pursuit, caller = self._consulting.pursuit(request), self._consulting.caller(request)
        if not may_act(self._service.world, self._consulting.scope(request), pursuit):
            raise HttpError(403, "id", "the pursuit was opened to look at; it is for the states that it concerns")
        body = read(KeepBody, await read_body(request))
        by = signed(request, body.by)
        if by is None:
            raise Refused("by", "missing: it is written into the record")
        row = access(caller, self._now(), action, pursuit.id)
        about = self._consulting.about(pursuit)
        await self._log.record(msgspec.structs.replace(row, about=about, reason=body.reason))
        try:
            await act(pursuit.id, by, body.reason, caller.state)
        except Refused as refused:
            raise HttpError(409, "id", refused.reason) from refused
        return await self._answer(pursuit)
