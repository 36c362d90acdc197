"""The socket server: one port, a room per path."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from tracker.io.config import Address
from tracker.io.connection import Connection
from tracker.io.door import BACKLOG, Door, bind, is_loopback
from tracker.io.handshake import refusal
from tracker.io.tls import ServerTls, handshake_options
from tracker.io.turnstile import Turnstile

MAX_MESSAGE_BYTES: Final = 256 * 1024
MESSAGES_AHEAD: Final = 4
"""Messages that are read from a socket before they are asked for; beyond it the sender's TCP has to wait."""

WRITE_BYTES: Final = 32 * 1024
HANDSHAKE_TIMEOUT_S: Final = 8.0
CLOSE_TIMEOUT_S: Final = 1.0
PING_S: Final = 20.0

_log: Final = structlog.get_logger(__name__)

# What it logs is what strangers do to the handshake, with a traceback each; what matters is logged here.
_silent: Final = logging.getLogger("drempelloos.sockets")
_silent.setLevel(logging.CRITICAL)


class Room(Protocol):
    """What serves the connections of one path."""

    def refuse(self, connection: Connection, request: Request, /) -> Response | None:
        """Answer a handshake that is not welcome; None when it is."""

    async def serve(self, connection: Connection) -> None:
        """Serve one connection until it goes."""


async def listen(listening: socket.socket, rooms: Mapping[str, Room], tls: ServerTls | None = None) -> Server:
    """Take connections; `rooms` by path, as in `/units`."""

    def check(connection: ServerConnection, request: Request) -> Response | None:
        room = _find(rooms, request)
        if room is None or not isinstance(connection, Connection):
            return refusal(HTTPStatus.NOT_FOUND, "", f"no socket here; there are {', '.join(rooms)}")
        return room.refuse(connection, request)

    async def handle(connection: ServerConnection) -> None:
        request = connection.request
        room = None if request is None else _find(rooms, request)
        if room is None or not isinstance(connection, Connection):
            return
        try:
            await room.serve(connection)
        except Exception:  # noqa: BLE001 - the log gets the cause, and the other end never does
            _log.exception("a socket failed", connection=str(connection.id))
            await connection.close(CloseCode.INTERNAL_ERROR, "the server failed; its log has the cause")

    return await serve(
        handle,
        sock=listening,
        backlog=BACKLOG,
        process_request=check,
        create_connection=Connection,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=MESSAGES_AHEAD,
        write_limit=WRITE_BYTES,
        open_timeout=HANDSHAKE_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        server_header=None,
        logger=_silent,
        **handshake_options(tls),
    )


class Ports:
    """The ports for sockets. Whoever has not said yet who it is has a place in the door, on whichever it comes.

    Args:
        strangers: has those places.
        proxies: addresses behind which there are many; they are not counted, and neither are this machine's own.
    """

    def __init__(self, strangers: Turnstile, proxies: frozenset[str]) -> None:
        self._strangers = strangers
        self._proxies = proxies
        self._doors: list[Door] = []
        self._servers: list[Server] = []

    async def open(self, address: Address, rooms: Mapping[str, Room], tls: ServerTls | None) -> Address:
        """Take connections, and say where: the system may have chosen the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        door = Door(bind(address.host, address.port), self._strangers, self._is_free)
        self._doors.append(door)
        self._servers.append(await listen(door, rooms, tls))
        return Address(address.host, door.getsockname()[1])

    def known(self, peer: object) -> None:
        """The caller at the other end has said who it is."""
        for door in self._doors:
            door.known(peer)

    async def close(self) -> None:
        """Take no more, and close what is open."""
        for server in self._servers:
            server.close()
        for server in self._servers:
            await server.wait_closed()

    def _is_free(self, address: str) -> bool:
        return address in self._proxies or is_loopback(address)


def _find(rooms: Mapping[str, Room], request: Request) -> Room | None:
    return rooms.get(urlsplit(request.path).path)
