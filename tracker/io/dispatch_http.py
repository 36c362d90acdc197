"""The dispatchers' calls: what is known, and what they do to a pursuit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from tracker.errors import Refused
from tracker.events import AlertAcknowledged
from tracker.inputs import AcknowledgeAlert, JoinPursuit, PursuitCommand, StartPursuit
from tracker.io import geojson
from tracker.io.answers import AcknowledgeAnswer, CommandAnswer, PursuitsAnswer, encode_events
from tracker.io.commands import command
from tracker.io.http import HttpError, read_body, respond, status_of
from tracker.io.openapi import EVENTS_QUERY
from tracker.io.requests import AcknowledgeBody, read, read_query
from tracker.io.service import Service
from tracker.pursuits import Pursuit
from tracker.views import pursuit_view
from tracker.world import World

GEOJSON: Final = "application/geo+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dispatch:
    """Handlers of the dispatchers' calls, by the names that `openapi.CALLS` gives them.

    Args:
        service: the door to the core.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, service: Service, now: Callable[[], float]) -> None:
        self._service = service
        self._now = now

    async def units(self, _: web.Request) -> web.Response:
        """The newest fix of every unit."""
        return respond(geojson.units(self._service.world), content_type=GEOJSON)

    async def events(self, request: web.Request) -> web.Response:
        """A page of events."""
        query = read_query(request.query, EVENTS_QUERY)
        page = await self._service.events(query["after"], query["limit"])
        body = encode_events(self._service.epoch, page, query["after"])
        return web.Response(body=body, content_type="application/json")

    async def pursuits(self, _: web.Request) -> web.Response:
        """All pursuits."""
        world = self._service.world
        return respond(PursuitsAnswer([pursuit_view(world, pursuit) for pursuit in world.pursuits.values()]))

    async def pursuit(self, request: web.Request) -> web.Response:
        """One pursuit."""
        return respond(pursuit_view(self._service.world, self._pursuit(request)))

    async def track(self, request: web.Request) -> web.Response:
        """What the members of a pursuit drove."""
        pursuit = self._pursuit(request)
        until = self._now() if pursuit.ended_at is None else pursuit.ended_at
        features = []
        for member in pursuit.members:
            fixes = await self._service.fixes(member.unit, member.joined_at, until)
            features += geojson.legs(member.unit, fixes, pursuit.crossings, member.territory)
        return respond(geojson.LegCollection(features), content_type=GEOJSON)

    async def start(self, request: web.Request) -> web.Response:
        """Start a pursuit."""
        return await self._submit(command("start", "", await read_body(request), self._now()), 201)

    def step(self, name: str) -> Handler:
        """The handler of a command of a pursuit, by its name in `commands.STEPS`."""

        async def handle(request: web.Request) -> web.StreamResponse:
            id_ = self._pursuit(request).id
            return await self._submit(command(name, id_, await read_body(request), self._now()))

        return handle

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Acknowledge an alert; of several acknowledgements the first counts, and is the answer."""
        id_ = request.match_info["id"]
        body = read(AcknowledgeBody, await read_body(request))
        if id_ not in self._service.world.alerts:
            raise HttpError(404, "id", "no alert of this id is known")
        (outcome,) = await self._service.submit([AcknowledgeAlert(at=self._now(), by=body.by, event=id_)])
        if isinstance(outcome, Refused):
            raise HttpError(status_of(outcome), outcome.field, outcome.reason)
        first = next((event for event in outcome if isinstance(event, AlertAcknowledged)), None)
        if first is None:
            alert = self._service.world.alerts.get(id_)
            first = None if alert is None else alert.acknowledged
        if first is None:
            raise HttpError(404, "id", "no alert of this id is known any more")
        return respond(AcknowledgeAnswer((first,)))

    def _pursuit(self, request: web.Request) -> Pursuit:
        pursuit = self._service.world.pursuits.get(request.match_info["id"])
        if pursuit is None:
            raise HttpError(404, "id", "no pursuit of this id is known")
        return pursuit

    async def _submit(self, command: PursuitCommand, status: int = 200) -> web.Response:
        world = self._service.world
        (outcome,) = await self._service.submit([command])
        if isinstance(outcome, Refused):
            conflict = _exists_already(world, command, outcome.field)
            raise HttpError(409 if conflict else status_of(outcome), outcome.field, outcome.reason)
        return respond(CommandAnswer(pursuit_view(world, world.pursuits[command.id]), outcome), status)


def _exists_already(world: World, command: PursuitCommand, field: str) -> bool:
    """True when a command was refused since the pursuit is there already, or its unit is in one."""
    match command, field:
        case StartPursuit(), "id":
            return command.id in world.pursuits
        case ((StartPursuit() | JoinPursuit()), "unit"):
            return command.unit in world.pursuit_of
        case _:
            return False
