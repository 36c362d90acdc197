"""After the action: the record of a pursuit, its stays in host states, and the reports on them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from aiohttp import hdrs, web

from tracker import events
from tracker.fix import Fix
from tracker.io.answers import LegAnswer, LegsAnswer, RecordedFix, RecordHead, encode_record
from tracker.io.consulting import Consulting
from tracker.io.geojson import territories
from tracker.io.http import HttpError, respond
from tracker.io.service import Service
from tracker.legs import Leg, Numbered, legs
from tracker.policy import Sight, is_on_soil, sight
from tracker.pursuits import Pursuit
from tracker.report import STYLE, leg_report
from tracker.views import roster_view
from tracker.words import LANGUAGES, phrases

REPORT_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
"""The page asks for nothing; its one style sheet is the one that we wrote."""


class Record:
    """Handlers, by the names that `openapi.CALLS` gives them.

    Args:
        service: has the events and the fixes.
        consulting: says what a caller may see.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, service: Service, consulting: Consulting, now: Callable[[], float]) -> None:
        self._service = service
        self._consulting = consulting
        self._now = now

    async def record(self, request: web.Request) -> web.Response:
        """Everything of a pursuit that the caller may see, to be played again."""
        pursuit = self._consulting.pursuit(request)
        await self._consulting.note(request, "export", pursuit)
        world = self._service.world
        found = await self._service.events_of(pursuit.id, self._consulting.scope(request))
        head = RecordHead(
            self._service.epoch,
            pursuit.id,
            roster={member.unit: roster_view(world, member.unit) for member in pursuit.members},
            fixes={member.unit: await self._fixes(request, pursuit, member.unit) for member in pursuit.members},
        )
        return web.Response(body=encode_record(head, found), content_type="application/json")

    async def legs(self, request: web.Request) -> web.Response:
        """The stays in host states."""
        pursuit = self._consulting.pursuit(request)
        await self._consulting.note(request, "consult", pursuit)
        found = await self._legs(request, pursuit)
        return respond(LegsAnswer([_leg(number, leg) for number, leg in enumerate(found, 1)]))

    async def leg(self, request: web.Request) -> web.Response:
        """The report on one, as a page to print."""
        pursuit = self._consulting.pursuit(request)
        for name in request.query:
            if name != "lang":
                raise HttpError(400, name[:60], "unknown parameter; allowed is lang")
        words = phrases(request.query.get("lang", LANGUAGES[0]))
        found = await self._legs(request, pursuit)
        number = request.match_info["leg"]
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= len(found)):
            raise HttpError(404, "leg", f"not one of the {len(found)} stays of this pursuit in host states")
        await self._consulting.note(request, "report", pursuit, leg=int(number))
        page = leg_report(found[int(number) - 1], int(number), len(found), words)
        headers = {hdrs.CONTENT_TYPE: "text/html; charset=utf-8", "Content-Security-Policy": REPORT_POLICY}
        return web.Response(body=page.encode(), headers=headers)

    async def _legs(self, request: web.Request, pursuit: Pursuit) -> list[Leg]:
        scope = self._consulting.scope(request)
        found: list[Numbered] = [
            (offset, events.decode(body)) for offset, body in await self._service.events_of(pursuit.id, scope)
        ]
        known = legs(pursuit.id, found)
        is_live = sight(self._service.world, scope, pursuit) is Sight.LIVE
        return [leg for leg in known if is_live or leg.host == scope.state]

    async def _fixes(self, request: web.Request, pursuit: Pursuit, unit: str) -> list[RecordedFix]:
        member = pursuit.member(unit)
        if member is None:
            return []
        scope = self._consulting.scope(request)
        is_live = sight(self._service.world, scope, pursuit) is Sight.LIVE
        until = self._now() if pursuit.ended_at is None else pursuit.ended_at
        fixes = await self._service.fixes(unit, member.joined_at, until)
        where = territories(unit, fixes, pursuit.crossings, member.territory)
        return [
            _recorded(fix, territory)
            for fix, territory in zip(fixes, where, strict=True)
            if is_live or is_on_soil(territory, scope.state or "")
        ]


def _leg(number: int, leg: Leg) -> LegAnswer:
    return LegAnswer(
        number, leg.host, tuple(leg.units), leg.entered_at, leg.left_at, leg.report is not None, tuple(leg.still_owed)
    )


def _recorded(fix: Fix, territory: str | None) -> RecordedFix:
    return fix.fixed_at, fix.lon, fix.lat, fix.speed_mps, fix.course_deg, territory or "OUTSIDE"
