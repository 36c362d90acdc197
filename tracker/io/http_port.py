"""The HTTP port: what `aiohttp` serves, with bounds on how long a connection may do nothing for its place.

By itself `aiohttp` waits for the rest of a request as long as it keeps an idle connection, and for ever for a reader
that takes none of an answer. Here each connection is looked at twice a second, and put out when

- a request's head is not there `HEAD_S` after its first byte, or after the connection (a slow sender, a silent one);
- nothing was asked for `IDLE_S`;
- an answer is not taken: less than `LEAST_TAKEN_BYTES` of it in `TAKING_S` (a reader that does not read).

Bodies have their own bound (`tracker.io.http.read_body`), since their sender can still be told.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from tracker.io.door import BACKLOG, Door
from tracker.io.http import respond_error
from tracker.io.tls import ServerTls, handshake_options
from tracker.io.turnstile import Turnstile
from tracker.io.untaken import acknowledged_bytes

HEAD_S: Final = 8.0
IDLE_S: Final = 75.0
TAKING_S: Final = 10.0
LEAST_TAKEN_BYTES: Final = 16 * 1024
LINGER_S: Final = 2.0
"""What is left of a body that was refused is read for so long, so that its sender comes to read the answer."""

LOOK_S: Final = 0.5

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log: Final = structlog.get_logger(__name__)

# What `aiohttp` logs comes with a traceback over many lines; what matters of it is logged here, in one.
_silent: Final = logging.getLogger("drempelloos.http")
_silent.setLevel(logging.CRITICAL)


class Connection(web.RequestHandler):
    """One connection. `begin` and `end` enclose each request whose head has come; see `watch`."""

    __slots__ = ("_receiving", "_serving", "_since", "_taken_at", "_taken_bytes")

    def __init__(self, manager: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=IDLE_S + 2 * LOOK_S,  # its own clock does not know a slow sender from an idle one
            lingering_time=LINGER_S,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type] # which is how it is told to keep none
            logger=_silent,
        )
        self._receiving = True
        self._serving = False
        self._since = 0.0
        self._taken_bytes: int | None = None
        """Of an answer that waits, at `_taken_at`; None while none does."""
        self._taken_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._since = self._loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """The first byte after a pause begins a request."""
        if data and not self._receiving and not self._serving:
            self._receiving = True
            self._since = self._loop.time()
        super().data_received(data)

    def begin(self) -> None:
        """The head of a request is there."""
        self._receiving = False
        self._serving = True

    def end(self) -> None:
        """Its answer is known, and about to be written."""
        self._serving = False
        self._since = self._loop.time()

    def abort_if_overdue(self, now: float) -> bool:
        """Cut the connection if it holds its place for nothing; `now` by the loop's clock."""
        transport = self.transport
        if transport is None or not self._is_overdue(transport.get_write_buffer_size(), now):
            return False
        transport.abort()
        return True

    def _is_overdue(self, left_bytes: int, now: float) -> bool:
        if left_bytes and self.transport is not None:
            taken = acknowledged_bytes(self.transport)
            taken = -left_bytes if taken is None else taken
            if self._taken_bytes is None or taken >= self._taken_bytes + LEAST_TAKEN_BYTES:
                self._taken_bytes = taken
                self._taken_at = now
            return now - self._taken_at >= TAKING_S
        self._taken_bytes = None
        if self._serving:
            return False
        return now - self._since >= (HEAD_S if self._receiving else IDLE_S)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it would repeat what was sent
    ) -> web.StreamResponse:
        """Answer what is not HTTP, and what failed where no handler could answer for it."""
        if not isinstance(exc, HttpProcessingError):
            _log.error("a connection failed", error=repr(exc), exc_info=exc)
        if request.writer.output_size:
            raise ConnectionError("half an answer is sent; another cannot follow")
        reason = "this is not HTTP as it is understood here" if status < 500 else "the server failed"
        response = respond_error(status, "", reason)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.force_close()
        return response


@web.middleware
async def mark(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Tell the connection when a request begins and ends; the outermost middleware."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        raise TypeError(f"{type(connection).__name__} is not watched; serve the application with HttpPort")
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end()


class HttpPort:
    """An application on a socket.

    Args:
        app: has `mark` as its outermost middleware.
        turnstile: has the places.
        tls: None where a proxy ends it, or nobody.
    """

    def __init__(self, app: web.Application, turnstile: Turnstile, tls: ServerTls | None = None) -> None:
        self._runner = web.AppRunner(app, shutdown_timeout=5.0)
        self._turnstile = turnstile
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    async def open(self, listening: socket.socket) -> None:
        """Take connections; the socket is taken over."""
        await self._runner.setup()
        manager = self._runner.server
        if manager is None:
            raise RuntimeError("the application is not set up")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(manager, loop),
            sock=Door(listening, self._turnstile),
            backlog=BACKLOG,
            **handshake_options(self._tls),
        )
        self._watch = asyncio.create_task(self._look(), name="http")

    async def close(self) -> None:
        """Take no more, answer what was asked, and go."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def abort_overdue(self, now: float) -> int:
        """Cut the connections that hold their places for nothing; `now` by the loop's clock. Returns how many."""
        manager = self._runner.server
        connections = [] if manager is None else manager.connections
        return sum(one.abort_if_overdue(now) for one in connections if isinstance(one, Connection))

    async def _look(self) -> None:
        turned_away = 0
        while True:
            await asyncio.sleep(LOOK_S)
            aborted = self.abort_overdue(asyncio.get_running_loop().time())
            if aborted:
                _log.info("slow connections were closed", count=aborted)
            if self._turnstile.turned_away > turned_away:
                _log.warning("connections were turned away", count=self._turnstile.turned_away - turned_away)
                turned_away = self._turnstile.turned_away
