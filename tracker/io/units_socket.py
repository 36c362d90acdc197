"""`WS /units`: units and gateways send pings, and hear what became of each.

A connection reads ahead: while one message is on its way to the disk the next ones are decoded and queued, in their
order, up to a bound. Answers go out in that same order, gathered per commit. `tracker.io.receipts` says what may be
acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from tracker.codec.json_ping import Refusal, fixes
from tracker.errors import Refused
from tracker.inputs import Input, PingReceived
from tracker.io.batch import Outcome, Unrecorded
from tracker.io.credentials import Credentials, Grant
from tracker.io.gate import Gate
from tracker.io.handshake import only, refusal
from tracker.io.metrics import Metrics
from tracker.io.receipts import Receipts
from tracker.io.roster import registration
from tracker.io.service import Service, Unavailable

PATH: Final = "/units"

MESSAGES_IN_FLIGHT: Final = 64
"""Messages of one connection whose pings are not answered for; it is not read from until there are fewer."""

MAX_OWED: Final = 20_000
"""Pings of one connection that could not be accepted, or came out of order, before it is sent away."""

REVOCATION_S: Final = 1.0
"""Seconds between two looks at whether a token was revoked."""

_Named = tuple[str, str, int]
"""Unit, boot and seq."""

_log: Final = structlog.get_logger(__name__)


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    """Every ping of this boot up to this number that was sent on this connection has been dealt with."""

    unit: str
    boot: str
    upto: int


class RefusedPing(msgspec.Struct, frozen=True, tag_field="type", tag="refused"):
    """One ping was not accepted; what cannot be read of its name is null."""

    unit: str | None
    boot: str | None
    seq: int | None
    field: str
    reason: str


class SlowDown(msgspec.Struct, frozen=True, tag_field="type", tag="slow_down"):
    """Pings could not be accepted. Wait, and send again what has not been acknowledged."""

    reason: str


class _Message(NamedTuple):
    """A message on its way: its pings, who was refused already, and where to learn what became of the others."""

    pings: list[tuple[int, _Named]]
    """Place among the inputs, and name."""
    refused: list[RefusedPing]
    settled: list[_Named]
    """The names of those refused that may be acknowledged."""
    outcomes: asyncio.Future[list[Outcome]]


class UnitsSocket:
    """The units' side of the socket server.

    Args:
        service: the door to the core.
        gate: says who may send.
        credentials: tell when a token is revoked.
        metrics: counts.
        max_connections: more than these at once are not taken.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self,
        service: Service,
        gate: Gate,
        credentials: Credentials,
        metrics: Metrics,
        max_connections: int,
        now: Callable[[], float],
    ) -> None:
        self._service = service
        self._gate = gate
        self._credentials = credentials
        self._metrics = metrics
        self._max_connections = max_connections
        self._now = now
        self._connections: set[ServerConnection] = set()

    def refuse(self, _: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake that is not welcome; None when it is. For the server's `process_request`."""
        headers = request.headers
        if not self._gate.trusts_origin(only(headers, "Origin")):
            return refusal(HTTPStatus.FORBIDDEN, "Origin", "pages of this origin may not connect")
        grant = self._gate.grant(only(headers, "Authorization"))
        if grant is None and self._gate.units_need_token:
            reason = "a unit's token is needed, or this one is not known"
            return refusal(HTTPStatus.UNAUTHORIZED, "Authorization", reason)
        if grant is not None and not grant.may("send"):
            reason = f"only for unit, gateway; the caller is {grant.role}"
            return refusal(HTTPStatus.FORBIDDEN, "Authorization", reason)
        # A page whose name was pointed at this machine has no token; with one, the name does not matter.
        if grant is None and not self._gate.expects_ws_host(only(headers, "Host")):
            return refusal(HTTPStatus.FORBIDDEN, "Host", "this is not a name of this server")
        if len(self._connections) >= self._max_connections:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "", "too many connections; try again later")
        return None

    async def serve(self, connection: ServerConnection) -> None:
        """Serve one unit or gateway until it goes."""
        grant = self._grant(connection)
        if grant is None and self._gate.units_need_token:
            await connection.close(CloseCode.POLICY_VIOLATION, _REVOKED)
            return
        self._connections.add(connection)
        try:
            await _Session(self._service, self._gate, self._metrics, self._now, connection, grant).run()
        finally:
            self._connections.discard(connection)

    async def watch(self) -> None:
        """Close the connections whose token is revoked, until cancelled."""
        version = self._credentials.version
        while True:
            await asyncio.sleep(REVOCATION_S)
            if self._credentials.version == version:
                continue
            version = self._credentials.version
            if self._gate.units_need_token:
                revoked = [one for one in self._connections if self._grant(one) is None]
                closing = (one.close(CloseCode.POLICY_VIOLATION, _REVOKED) for one in revoked)
                await asyncio.gather(*closing)

    def _grant(self, connection: ServerConnection) -> Grant | None:
        request = connection.request
        return None if request is None else self._gate.grant(only(request.headers, "Authorization"))


class _Session:
    """One connection."""

    def __init__(
        self,
        service: Service,
        gate: Gate,
        metrics: Metrics,
        now: Callable[[], float],
        connection: ServerConnection,
        grant: Grant | None,
    ) -> None:
        self._service = service
        self._gate = gate
        self._metrics = metrics
        self._now = now
        self._connection = connection
        self._grant = grant
        self._receipts = Receipts()
        self._in_flight: asyncio.Queue[_Message] = asyncio.Queue(MESSAGES_IN_FLIGHT)
        self._refused: list[RefusedPing] = []
        self._slow_down: SlowDown | None = None

    async def run(self) -> None:
        """Read and answer until the connection is gone."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._abandon()
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, ConnectionClosed):
                raise end

    def _abandon(self) -> None:
        """Nobody waits for what is in flight any more; it happens all the same."""
        while not self._in_flight.empty():
            outcomes = self._in_flight.get_nowait().outcomes
            if not outcomes.cancel() and not outcomes.cancelled():
                outcomes.exception()

    async def _read(self) -> None:
        while True:
            # Text or not, it is the same bytes; read undecoded, a broken text is refused and not cut off.
            message = await self._connection.recv(decode=False)
            await self._in_flight.put(await self._take(message))

    async def _take(self, message: bytes) -> _Message:
        """Sort a message's pings, and submit the good ones."""
        received_at = self._now()
        inputs: list[Input] = []
        pings: list[tuple[int, _Named]] = []
        refused: list[RefusedPing] = []
        settled: list[_Named] = []
        introduced: set[str] = set()
        for entry in fixes(message, received_at, numbered=True):
            if isinstance(entry, Refusal):
                refused.append(RefusedPing(entry.unit, entry.boot, entry.seq, entry.field, entry.reason))
                named = self._name_of(entry)
                if named is not None:
                    settled.append(named)
                    self._receipts.came(named[:2], named[2])
                continue
            if not self._gate.admits_unit(self._grant, entry.unit):
                reason = f"this token is not for unit {entry.unit}"
                refused.append(RefusedPing(entry.unit, entry.boot, entry.seq, "unit", reason))
                continue
            if entry.unit not in introduced:
                introduced.add(entry.unit)
                news = registration(self._service.world, entry.unit, self._grant, received_at)
                if news is not None:
                    inputs.append(news)
            pings.append((len(inputs), (entry.unit, entry.boot, entry.seq)))
            inputs.append(PingReceived(entry, received_at))
            self._receipts.came((entry.unit, entry.boot), entry.seq)
        return _Message(pings, refused, settled, await self._submit(inputs))

    async def _submit(self, inputs: list[Input]) -> asyncio.Future[list[Outcome]]:
        try:
            if inputs:
                return await self._service.enqueue(inputs)
        except Unavailable as error:
            failed: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
            failed.set_exception(error)
            return failed
        nothing: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        nothing.set_result([])
        return nothing

    def _name_of(self, entry: Refusal) -> _Named | None:
        """The name of a refused ping, if all of it could be read and the token is for its unit."""
        if entry.unit is None or entry.boot is None or entry.seq is None:
            return None
        return (entry.unit, entry.boot, entry.seq) if self._gate.admits_unit(self._grant, entry.unit) else None

    async def _answer(self) -> None:
        while True:
            message = await self._in_flight.get()
            if not message.outcomes.done():
                await self._send()
            await self._settle(message)
            if self._in_flight.empty():
                await self._send()
            if self._receipts.owed > MAX_OWED:
                await self._connection.close(CloseCode.TRY_AGAIN_LATER, "too much is unanswered; try again later")
                return

    async def _settle(self, message: _Message) -> None:
        """Wait for what becomes of a message, and note what there is to say."""
        refused = [*message.refused]
        for unit, boot, seq in message.settled:
            self._receipts.dealt_with((unit, boot), seq)
        try:
            outcomes = await message.outcomes
        except Unavailable as error:
            self._slow_down = SlowDown(str(error))
            for _, (unit, boot, seq) in message.pings:
                self._receipts.not_accepted((unit, boot), seq)
            self._metrics.count_pings("socket", accepted=0, refused=len(refused))
        else:
            accepted = 0
            for place, (unit, boot, seq) in message.pings:
                outcome = outcomes[place]
                if isinstance(outcome, Unrecorded):
                    self._slow_down = SlowDown(outcome.reason)
                    self._receipts.not_accepted((unit, boot), seq)
                    continue
                if isinstance(outcome, Refused):
                    refused.append(RefusedPing(unit, boot, seq, outcome.field, outcome.reason))
                else:
                    accepted += 1
                self._receipts.dealt_with((unit, boot), seq)
            self._metrics.count_pings("socket", accepted=accepted, refused=len(refused))
        self._refused += refused

    async def _send(self) -> None:
        """Say what there is to say. A sender that does not listen is not read from either."""
        answers: list[msgspec.Struct] = [*self._refused]
        self._refused.clear()
        answers += (Ack(unit, boot, upto) for (unit, boot), upto in self._receipts.acks())
        if self._slow_down is not None:
            answers.append(self._slow_down)
            self._slow_down = None
        for answer in answers:
            await self._connection.send(_encode(answer), text=True)


_REVOKED: Final = "the token is revoked"
_encode: Final = msgspec.json.Encoder().encode
