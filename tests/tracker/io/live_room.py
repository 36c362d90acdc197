"""A server side of `WS /live` on a real socket, and viewers to look at it with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, serve
from websockets.exceptions import ConnectionClosed

from tracker.fix import Fix
from tracker.inputs import Input, PingReceived, StartPursuit, Tick, UnitRegistered
from tracker.io.access_log import AccessLog
from tracker.io.config import Address, Auth, Config
from tracker.io.credentials import Credentials
from tracker.io.gate import Gate
from tracker.io.hub import Hub
from tracker.io.live_socket import LiveSocket
from tracker.io.revocations import Revocations
from tracker.io.screens import Screens
from tracker.io.service import Service
from tracker.io.tickets import Tickets
from tracker.io.tls import ServerTls, handshake_options
from tracker.io.viewer import Viewer
from tracker.policy import EVERYTHING, Scope
from tracker.units import Unit

BEGAN_AT = 1_795_442_531.25


class Room:
    """A service, its hub, and a socket server for viewers. Time stands still unless `at` is set."""

    def __init__(self, service: Service, credentials: Credentials, directory: Path, max_viewers: int = 100) -> None:
        self.directory = directory
        self.service = service
        self.at = BEGAN_AT
        self.hub = Hub(service, 0.1, max_viewers, self.now)
        self.credentials = credentials
        self.received: dict[ClientConnection, Counter[str]] = {}
        self.offsets: dict[ClientConnection, list[int]] = {}
        self.trust: ssl.SSLContext | None = None
        self._server: Server | None = None

    def now(self) -> float:
        """The clock of the server."""
        return self.at

    async def open(self, *, auth: bool = False, tls: ServerTls | None = None) -> None:
        """Start listening. With `auth`, viewers must say who they are; with `tls`, they `trust` the server."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.log = AccessLog(self.directory, self.now)
        addresses = Address("127.0.0.1", 8080), Address("127.0.0.1", self.port)
        self.gate = Gate(Config(auth=Auth(auth)), *addresses, self.credentials, self.now)
        self.tickets = Tickets(self.now)
        revocations = Revocations(self.gate, self.credentials.file, self.now)
        self.live = LiveSocket(
            self.service, self.hub, self.gate, self.tickets, revocations, Screens(4, 50), self.log, self.now
        )
        self._watching = asyncio.create_task(revocations.watch())
        self._server = await serve(
            self.live.serve,
            sock=self._socket,
            process_request=self.live.refuse,
            compression=None,
            **handshake_options(tls),
        )

    async def close(self) -> None:
        """Stop."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        await self.log.close()

    async def submit(self, *inputs: Input) -> None:
        """Let things happen, and see that none was refused."""
        for outcome in await self.service.submit(list(inputs)):
            assert isinstance(outcome, list), outcome

    async def let_go_silent(self, unit: str) -> None:
        """Let time pass until a unit is stale."""
        for seconds in range(1, 60):
            await self.submit(Tick(BEGAN_AT + seconds))
            if self.service.world.tracks[unit].silence == "stale":
                return
        raise AssertionError(f"{unit} was never stale")

    @contextlib.asynccontextmanager
    async def ticking(self, tick_s: float) -> AsyncIterator[None]:
        """Let the hub run by itself."""
        self.hub._tick_s = tick_s
        task = asyncio.create_task(self.hub.run())
        try:
            yield
        finally:
            task.cancel()

    def viewers(self) -> list[Viewer]:
        """The server's ends."""
        return list(self.hub._viewers)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)

    def url(self) -> str:
        """Where viewers connect."""
        return f"{'ws' if self.trust is None else 'wss'}://127.0.0.1:{self.port}/live"


@contextlib.asynccontextmanager
async def subscribe(
    room: Room,
    *,
    epoch: str | None = None,
    offset: int | None = None,
    bbox: list[float] | None = None,
    receive_bytes: int | None = None,
    scope: Scope = EVERYTHING,
) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    """A subscribed viewer and its snapshot. With `receive_bytes` its buffers are tiny, so that it is slow."""
    connection = socket.socket()
    if receive_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.connect(("127.0.0.1", room.port))
    before = room.viewers()
    options: dict[str, Any] = {"max_queue": 1 if receive_bytes else None}
    if room.trust is not None:
        options |= {"ssl": room.trust, "server_hostname": "127.0.0.1"}
    async with connect(room.url(), sock=connection, compression=None, max_size=None, **options) as viewer:
        room.received[viewer] = Counter()
        room.offsets[viewer] = []
        room.log.scope = lambda _: scope  # type: ignore[assignment, method-assign]
        message = {"type": "subscribe", "epoch": epoch, "offset": offset, "bbox": bbox}
        await viewer.send(json.dumps(message))
        snapshot = await receive(viewer)
        assert snapshot["type"] == "snapshot"
        (own,) = (one for one in room.viewers() if one not in before)
        await room.until(lambda: own.is_live)
        try:
            yield viewer, snapshot
        finally:
            viewer.transport.abort()
            await room.until(lambda: own not in room.viewers())


async def receive(viewer: ClientConnection) -> dict[str, Any]:
    """The next message."""
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await viewer.recv())
        return message


async def receive_until(viewer: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while (message := await receive(viewer))["type"] != kind:
        pass
    return message


async def receive_all(room: Room, viewer: ClientConnection) -> None:
    """Count everything that comes, until cancelled or closed."""
    with contextlib.suppress(ConnectionClosed):
        async for text in viewer:
            message = json.loads(text)
            room.received[viewer][message["type"]] += 1
            if message["type"] == "event":
                room.offsets[viewer].append(message["offset"])


def ping(unit: str, lon: float, seq: int = 0) -> PingReceived:
    """A fix, 100 s after the one of the number before."""
    at = BEGAN_AT + 100 * seq
    return PingReceived(Fix(unit, "a", seq, at, lon, 51.2, 5.0, 10.0, 90.0), at)


def registered(unit: str, state: str | None) -> UnitRegistered:
    """A unit whose state is known, or not."""
    return UnitRegistered(Unit(unit, state), BEGAN_AT)


def start(number: int, note: str | None = None) -> StartPursuit:
    """A command that causes one event."""
    return StartPursuit(at=BEGAN_AT, id=f"p-{number}", unit=f"NL-{number}", note=note)
