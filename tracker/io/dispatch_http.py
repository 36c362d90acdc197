"""The dispatchers' calls: what is known, and what they do to a pursuit."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from aiohttp import web

from tracker.errors import Refused
from tracker.events import AlertAcknowledged, Event
from tracker.inputs import (
    AcknowledgeAlert,
    EndPursuit,
    FileReport,
    JoinPursuit,
    MeetObligation,
    PursuitCommand,
    ReportContact,
    ReportContinuity,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
)
from tracker.io import geojson
from tracker.io.answers import AcknowledgeAnswer, CommandAnswer, PursuitsAnswer, encode_events
from tracker.io.http import HttpError, read_body, respond, status_of
from tracker.io.openapi import EVENTS_QUERY
from tracker.io.requests import (
    AcknowledgeBody,
    ContactBody,
    ContinuityBody,
    DangerBody,
    EndBody,
    HandoverBody,
    HoldBody,
    HostDecisionBody,
    JoinBody,
    ObligationBody,
    ReportBody,
    StartBody,
    read,
    read_moment,
    read_query,
)
from tracker.io.service import Service
from tracker.pursuits import Pursuit
from tracker.units import SIMULATED, is_simulated
from tracker.views import pursuit_view
from tracker.world import World

GEOJSON: Final = "application/geo+json"


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
        body = read(StartBody, await read_body(request))
        id_ = body.id or _new_id(body.unit)
        command = StartPursuit(
            at=self._now(),
            by=body.by,
            id=id_,
            unit=body.unit,
            started_in=body.started_in,
            ground=body.ground,
            kind=body.kind,
            note=body.note,
        )
        return await self._command(id_, [command], 201)

    async def join(self, request: web.Request) -> web.Response:
        """Join a pursuit."""
        id_ = self._pursuit(request).id
        body = read(JoinBody, await read_body(request))
        command = JoinPursuit(
            at=self._now(), by=body.by, id=id_, unit=body.unit, started_in=body.started_in, note=body.note
        )
        return await self._command(id_, [command])

    async def contact(self, request: web.Request) -> web.Response:
        """Report contact with a host's service."""
        id_ = self._pursuit(request).id
        body = read(ContactBody, await read_body(request))
        return await self._command(id_, [_contact(id_, body, self._now())])

    async def host_decision(self, request: web.Request) -> web.Response:
        """Report what a host's service said."""
        id_ = self._pursuit(request).id
        body = read(HostDecisionBody, await read_body(request))
        command = ReportHostDecision(
            at=self._now(),
            by=body.by,
            id=id_,
            decision=body.decision,
            host=body.host,
            instructions=body.instructions,
            can_take_over=body.can_take_over,
            consent=body.consent,
        )
        return await self._command(id_, [command])

    async def danger(self, request: web.Request) -> web.Response:
        """Report a judgement of the danger."""
        id_ = self._pursuit(request).id
        body = read(DangerBody, await read_body(request))
        command = ReportDanger(
            at=self._now(), by=body.by, id=id_, disproportionate=body.disproportionate, note=body.note
        )
        return await self._command(id_, [command])

    async def continuity(self, request: web.Request) -> web.Response:
        """Report whether the pursuit was unbroken."""
        id_ = self._pursuit(request).id
        body = read(ContinuityBody, await read_body(request))
        command = ReportContinuity(
            at=self._now(), by=body.by, id=id_, continuous=body.continuous, unit=body.unit, note=body.note
        )
        return await self._command(id_, [command])

    async def obligation(self, request: web.Request) -> web.Response:
        """Report that something owed was done."""
        id_ = self._pursuit(request).id
        body = read(ObligationBody, await read_body(request))
        command = MeetObligation(
            at=self._now(),
            by=body.by,
            id=id_,
            obligation=body.obligation,
            kind=body.kind,
            host=body.host,
            met_at=read_moment("met_at", body.met_at),
            note=body.note,
        )
        return await self._command(id_, [command])

    async def hold(self, request: web.Request) -> web.Response:
        """Report that a person is being held."""
        id_ = self._pursuit(request).id
        body = read(HoldBody, await read_body(request))
        command = ReportHold(
            at=self._now(),
            by=body.by,
            id=id_,
            unit=body.unit,
            held_at=read_moment("held_at", body.held_at),
            suspected_eaw=body.suspected_eaw,
            force_used=body.force_used,
            note=body.note,
        )
        return await self._command(id_, [command])

    async def handover(self, request: web.Request) -> web.Response:
        """Report that persons and objects were handed over."""
        id_ = self._pursuit(request).id
        body = read(HandoverBody, await read_body(request))
        command = ReportHandover(at=self._now(), by=body.by, id=id_, to=body.to, note=body.note)
        return await self._command(id_, [command])

    async def report(self, request: web.Request) -> web.Response:
        """Report that the report to a host was made."""
        id_ = self._pursuit(request).id
        body = read(ReportBody, await read_body(request))
        command = FileReport(at=self._now(), by=body.by, id=id_, host=body.host, note=body.note)
        return await self._command(id_, [command])

    async def end(self, request: web.Request) -> web.Response:
        """End a pursuit."""
        id_ = self._pursuit(request).id
        body = read(EndBody, await read_body(request))
        return await self._command(id_, [EndPursuit(at=self._now(), by=body.by, id=id_, reason=body.reason)])

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

    async def _command(self, id_: str, commands: list[PursuitCommand], status: int = 200) -> web.Response:
        world = self._service.world
        events: list[Event] = []
        for command, outcome in zip(commands, await self._service.submit(commands), strict=True):
            if isinstance(outcome, Refused):
                conflict = _exists_already(world, command, outcome.field)
                raise HttpError(409 if conflict else status_of(outcome), outcome.field, outcome.reason)
            events += outcome
        return respond(CommandAnswer(pursuit_view(world, world.pursuits[id_]), events), status)


def _new_id(unit: str) -> str:
    """A name for the pursuit that a unit begins; that of a simulated one says so."""
    return f"{SIMULATED if is_simulated(unit) else ''}p-{secrets.token_hex(4)}"


def _exists_already(world: World, command: PursuitCommand, field: str) -> bool:
    """True when a command was refused since the pursuit is there already, or its unit is in one."""
    match command, field:
        case StartPursuit(), "id":
            return command.id in world.pursuits
        case ((StartPursuit() | JoinPursuit()), "unit"):
            return command.unit in world.pursuit_of
        case _:
            return False


def _contact(id_: str, body: ContactBody, at: float) -> ReportContact:
    """The report that a body makes: an attempt and its success may come together."""
    attempted_at = read_moment("attempted_at", body.attempted_at)
    established_at = read_moment("established_at", body.established_at)
    status = body.status
    if status is None:
        status = "attempted" if attempted_at is not None and established_at is None else "established"
    if status == "attempted" and established_at is not None:
        raise HttpError(400, "status", "attempted and established_at do not go together")
    happened_at = {"attempted": attempted_at, "established": established_at, "lost": None}[status]
    return ReportContact(
        at=at,
        by=body.by,
        id=id_,
        status=status,
        host=body.host,
        with_=body.with_,
        channel=body.channel,
        happened_at=happened_at,
        attempted_at=attempted_at if status == "established" else None,
        note=body.note,
    )
