"""`WS /units`: units and gateways send pings, and hear what became of each. Who may connect, and until when; what is
said on a connection is in `tracker.io.unit_session`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from tracker.io.connection import Connection
from tracker.io.credentials import Credentials, Grant
from tracker.io.gate import Gate
from tracker.io.handshake import only, refusal
from tracker.io.metrics import Metrics
from tracker.io.service import Service
from tracker.io.unit_session import UnitSession

PATH: Final = "/units"

REVOCATION_S: Final = 1.0
"""Seconds between two looks at whether a token was revoked."""


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
        self._connections: set[Connection] = set()

    def refuse(self, _: Connection, request: Request) -> Response | None:
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

    async def serve(self, connection: Connection) -> None:
        """Serve one unit or gateway until it goes."""
        grant = self._grant(connection)
        if grant is None and self._gate.units_need_token:
            await connection.close(CloseCode.POLICY_VIOLATION, _REVOKED)
            return
        self._connections.add(connection)
        try:
            await UnitSession(self._service, self._gate, self._metrics, self._now, connection, grant).run()
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

    def _grant(self, connection: Connection) -> Grant | None:
        request = connection.request
        return None if request is None else self._gate.grant(only(request.headers, "Authorization"))


_REVOKED: Final = "the token is revoked"
