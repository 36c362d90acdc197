"""`WS /units`: units and gateways send pings, and hear what became of each. Who may connect, and until when; what is
said on a connection is in `tracker.io.unit_session`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Final

from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from tracker.io.certificates import shown
from tracker.io.connection import Connection
from tracker.io.gate import Gate, Pass
from tracker.io.handshake import only, refusal
from tracker.io.metrics import Metrics
from tracker.io.pace import Pace, Paces
from tracker.io.revocations import Closing, Revocations
from tracker.io.service import Service
from tracker.io.unit_session import UnitSession

PATH: Final = "/units"


class UnitsSocket:
    """The units' side of the socket server.

    Args:
        service: the door to the core.
        gate: says who may send.
        revocations: close the connections whose token is revoked.
        metrics: counts.
        max_connections: more than these at once are not taken.
        paces: how fast a unit may send; None: as fast as it can.
        per_token: sockets of one token; the oldest gives way to another.
        known: is told the other end of a connection that has said who it is.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self,
        service: Service,
        gate: Gate,
        revocations: Revocations,
        metrics: Metrics,
        max_connections: int,
        now: Callable[[], float],
        paces: Paces | None = None,
        per_token: int | None = None,
        known: Callable[[object], None] = lambda _: None,
    ) -> None:
        self._service = service
        self._gate = gate
        self._revocations = revocations
        self._metrics = metrics
        self._max_connections = max_connections
        self._now = now
        self._paces = paces
        self._known = known
        self._per_token = per_token
        self._connections: set[Connection] = set()
        self._by_token: dict[bytes, list[Connection]] = {}

    def refuse(self, connection: Connection, request: Request) -> Response | None:
        """Answer a handshake that is not welcome; None when it is. For the server's `process_request`."""
        headers = request.headers
        if not self._gate.trusts_origin(only(headers, "Origin")):
            return refusal(HTTPStatus.FORBIDDEN, "Origin", "pages of this origin may not connect")
        sender = self._sender(connection, request)
        grant = None if sender is None else sender.grant
        if grant is None and self._gate.units_need_token:
            reason = "a unit's token or certificate is needed, or this one is not known"
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

    async def serve(self, connection: Connection) -> None:
        """Serve one unit or gateway until it goes."""
        request = connection.request
        sender = None if request is None else self._sender(connection, request)
        if sender is None and self._gate.units_need_token:
            await connection.close(*_over("token"))
            return
        grant = None if sender is None else sender.grant
        pace: Pace | None = None
        if self._paces is not None and sender is not None and sender.key is not None:
            pace = self._paces.of(sender.key, len(sender.grant.units))
        self._known(connection.remote_address)
        self._connections.add(connection)
        try:
            over = partial(_over, "token" if sender is None else sender.kind)
            with self._revocations.watching(connection, sender, over), self._counted(connection, sender):
                await UnitSession(self._service, self._gate, self._metrics, self._now, connection, grant, pace).run()
        finally:
            self._connections.discard(connection)

    def _sender(self, connection: Connection, request: Request) -> Pass | None:
        certificate = shown(connection.transport.get_extra_info("ssl_object"))
        return self._gate.sender(only(request.headers, "Authorization"), certificate)

    @contextmanager
    def _counted(self, connection: Connection, sender: Pass | None) -> Iterator[None]:
        """Let the oldest socket of a token give way when there are too many: a modem that comes back with another
        address has left it open, and will never close it.
        """
        if sender is None or sender.key is None or self._per_token is None:
            yield
            return
        same = self._by_token.setdefault(sender.key, [])
        same.append(connection)
        for old in same[: -self._per_token]:
            same.remove(old)
            asyncio.get_running_loop().create_task(old.close(CloseCode.TRY_AGAIN_LATER, _REPLACED), name="replaced")
        try:
            yield
        finally:
            if connection in same:
                same.remove(connection)
            if not same:
                self._by_token.pop(sender.key, None)


_REPLACED: Final = "newer sockets of this token took its place"


def _over(kind: str) -> Closing:
    return CloseCode.POLICY_VIOLATION, f"the {kind} is revoked, or has ended"
