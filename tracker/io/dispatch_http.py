"""The dispatchers' calls: what is known, and what they do to a pursuit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from tracker.errors import Refused
from tracker.events import AlertAcknowledged
from tracker.inputs import AcknowledgeAlert, Input, JoinPursuit, PursuitCommand, StartPursuit, UnitRegistered
from tracker.io import geojson
from tracker.io.access_log import AccessLog
from tracker.io.answers import AccessAnswer, AcknowledgeAnswer, CommandAnswer, PursuitsAnswer, encode_events
from tracker.io.commands import command
from tracker.io.consulting import UNKNOWN, Consulting
from tracker.io.http import HttpError, read_body, respond, signed, status_of
from tracker.io.hub import Hub
from tracker.io.openapi import ACCESS_QUERY, EVENTS_QUERY
from tracker.io.requests import AcknowledgeBody, OpenBody, read, read_query
from tracker.io.service import Service
from tracker.policy import Sight, is_on_soil, may_act, pursuit_of, room_of, seen_by, sees_event, sight
from tracker.pursuits import Pursuit
from tracker.units import Unit, call_sign_of
from tracker.views import PursuitView, pursuit_seen, sees_alert
from tracker.world import World

GEOJSON: Final = "application/geo+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dispatch:
    """Handlers of the dispatchers' calls, by the names that `openapi.CALLS` gives them.

    Args:
        service: the door to the core.
        hub: is told when somebody may see more.
        log: notes who looked at what.
        consulting: says who asks, and what he may see.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self, service: Service, hub: Hub, log: AccessLog, consulting: Consulting, now: Callable[[], float]
    ) -> None:
        self._service = service
        self._hub = hub
        self._log = log
        self._consulting = consulting
        self._now = now

    async def units(self, request: web.Request) -> web.Response:
        """The newest fix of every unit that the caller sees."""
        await self._consulting.note(request, "consult")
        return respond(geojson.units(self._service.world, self._consulting.scope(request)), content_type=GEOJSON)

    async def events(self, request: web.Request) -> web.Response:
        """A page of events."""
        query = read_query(request.query, EVENTS_QUERY)
        after, limit, upto = query["after"], query["limit"], self._service.world.offset
        page = await self._service.events(after, limit, self._consulting.scope(request))
        # What lies between the last that he sees and the end is not for him, and need not be asked for again.
        last = page[-1][0] if page else after
        next_ = last if len(page) == limit else max(last, upto)
        await self._consulting.note(request, "export", after=after, upto=next_, events=len(page))
        body = encode_events(self._service.epoch, page, next_)
        return web.Response(body=body, content_type="application/json")

    async def pursuits(self, request: web.Request) -> web.Response:
        """All pursuits that the caller sees."""
        await self._consulting.note(request, "consult")
        world, scope = self._service.world, self._consulting.scope(request)
        views = (pursuit_seen(world, scope, pursuit) for pursuit in world.pursuits.values())
        return respond(PursuitsAnswer([view for view in views if view is not None]))

    async def pursuit(self, request: web.Request) -> web.Response:
        """One pursuit."""
        pursuit = self._consulting.pursuit(request)
        await self._consulting.note(request, "consult", pursuit)
        return respond(self._view(request, pursuit))

    async def open(self, request: web.Request) -> web.Response:
        """See a pursuit that is another state's, for a reason."""
        body = read(OpenBody, await read_body(request))
        pursuit = self._service.world.pursuits.get(request.match_info["id"])
        if pursuit is None:
            raise HttpError(404, "id", UNKNOWN)
        caller = self._consulting.caller(request)
        await self._log.open(caller, pursuit.id, self._consulting.about(pursuit), body.reason)
        self._hub.rescope(self._log.scope)
        return respond(self._view(request, pursuit))

    async def access_log(self, request: web.Request) -> web.Response:
        """Who of the caller's state looked at what, and who else at its pursuits."""
        query = read_query(request.query, ACCESS_QUERY)
        caller = self._consulting.caller(request)
        rows = await self._log.page(query["after"], query["limit"], caller.state)
        return respond(AccessAnswer(rows, rows[-1].id if rows else query["after"]))

    async def track(self, request: web.Request) -> web.Response:
        """What the members of a pursuit drove."""
        pursuit = self._consulting.pursuit(request)
        await self._consulting.note(request, "consult", pursuit, track=True)
        scope = self._consulting.scope(request)
        is_live = sight(self._service.world, scope, pursuit) is Sight.LIVE
        soil = scope.state or ""
        until = self._now() if pursuit.ended_at is None else pursuit.ended_at
        features: list[geojson.LegFeature] = []
        for member in pursuit.members:
            fixes = await self._service.fixes(member.unit, member.joined_at, until)
            legs = geojson.legs(member.unit, fixes, pursuit.crossings, member.territory)
            features += [leg for leg in legs if is_live or is_on_soil(leg.properties.territory, soil)]
        return respond(geojson.LegCollection(features), content_type=GEOJSON)

    async def start(self, request: web.Request) -> web.Response:
        """Start a pursuit."""
        return await self._submit(request, command("start", "", await read_body(request), self._now()), 201)

    def step(self, name: str) -> Handler:
        """The handler of a command of a pursuit, by its name in `commands.STEPS`."""

        async def handle(request: web.Request) -> web.StreamResponse:
            pursuit = self._consulting.pursuit(request)
            if not may_act(self._service.world, self._consulting.scope(request), pursuit):
                raise HttpError(403, "id", "the pursuit was opened to look at; it is for the states that it concerns")
            entry = command(name, pursuit.id, await read_body(request), self._now())
            answer = await self._submit(request, entry)
            if name == "report":
                await self._consulting.note(request, "report", pursuit)
            return answer

        return handle

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Acknowledge an alert for the caller's control room; of several the first counts, and is the answer."""
        id_ = request.match_info["id"]
        by = signed(request, read(AcknowledgeBody, await read_body(request)).by)
        if by is None:
            raise Refused("by", "missing")
        known = self._service.world.alerts.get(id_)
        if known is None or not sees_alert(self._service.world, self._consulting.scope(request), known):
            raise HttpError(404, "id", "no alert of this id is known")
        room = room_of(self._consulting.scope(request))
        (outcome,) = await self._service.act([AcknowledgeAlert(at=self._now(), by=by, event=id_, state=room)])
        if isinstance(outcome, Refused):
            raise HttpError(status_of(outcome), outcome.field, outcome.reason)
        first = next((event for event in outcome if isinstance(event, AlertAcknowledged)), None)
        if first is None:
            alert = self._service.world.alerts.get(id_)
            first = None if alert is None else alert.acknowledged_for(room)
        if first is None:
            raise HttpError(404, "id", "no alert of this id is known any more")
        return respond(AcknowledgeAnswer((first,)))

    def _view(self, request: web.Request, pursuit: Pursuit) -> PursuitView:
        view = pursuit_seen(self._service.world, self._consulting.scope(request), pursuit)
        if view is None:
            raise HttpError(404, "id", UNKNOWN)
        return view

    def _introduction(self, request: web.Request, command: PursuitCommand) -> list[Input]:
        """A control room names its own units. One that nobody has heard of yet is taken for its own, until it says so.

        Raises:
            HttpError: the unit is another state's.
        """
        scope = self._consulting.scope(request)
        if scope.sees_all or scope.state is None or not isinstance(command, StartPursuit | JoinPursuit):
            return []
        known = self._service.world.units.get(command.unit)
        if known is not None and known.state is not None:
            if known.state != scope.state:
                raise HttpError(403, "unit", f"not a unit of {scope.state}; its own control room says what it does")
            return []
        return [UnitRegistered(Unit(command.unit, scope.state, call_sign_of(command.unit)), self._now())]

    async def _submit(self, request: web.Request, command: PursuitCommand, status: int = 200) -> web.Response:
        world = self._service.world
        command = msgspec.structs.replace(command, by=signed(request, command.by))
        *_, outcome = await self._service.act([*self._introduction(request, command), command])
        if isinstance(outcome, Refused):
            conflict = _exists_already(world, command, outcome.field)
            if conflict and outcome.field == "id":
                await self._note_guess(request, command.id)
            raise HttpError(409 if conflict else status_of(outcome), outcome.field, outcome.reason)
        scope = self._consulting.scope(request)
        seen = [event for event in outcome if sees_event(scope, seen_by(world, event), pursuit_of(world, event))]
        return respond(CommandAnswer(self._view(request, world.pursuits[command.id]), seen), status)

    async def _note_guess(self, request: web.Request, id_: str) -> None:
        """That an id is taken tells of a pursuit. Where the caller does not see it, those whose it is read of that."""
        pursuit = self._service.world.pursuits[id_]
        if sight(self._service.world, self._consulting.scope(request), pursuit) is Sight.NOTHING:
            await self._consulting.note(request, "start", pursuit, refused="the id is taken")


def _exists_already(world: World, command: PursuitCommand, field: str) -> bool:
    """True when a command was refused since the pursuit is there already, or its unit is in one."""
    match command, field:
        case StartPursuit(), "id":
            return command.id in world.pursuits
        case ((StartPursuit() | JoinPursuit()), "unit"):
            return command.unit in world.pursuit_of
        case _:
            return False
