"""Viewers that cost next to nothing: as little of RFC 6455 as a viewer needs, on a bare socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from benchmarks.bare import cut, request, text_frame

_TEXT, _PING, _PONG = 0x1, 0x9, 0xA

HELD_BYTES = 4_096
"""The receive buffer of one that is to stall at once."""


class RawViewer(asyncio.Protocol):
    """Hands every message to `heard`, as bytes."""

    def __init__(self, url: str, heard: Callable[[bytes], None]) -> None:
        self._url = url
        self._heard = heard
        self._left = bytearray()
        self._is_open = False
        self.transport: asyncio.Transport
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, subscription: dict[str, Any] | None = None, *, receive_bytes: int | None = None) -> RawViewer:
        """Connect; the subscription goes out with the handshake."""
        parts = urlsplit(self._url)
        own = socket.socket()
        if receive_bytes is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        own.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(own, (parts.hostname or "", parts.port or 80))
        await loop.create_connection(lambda: self, sock=own)
        body = text_frame(json.dumps(subscription or {"type": "subscribe"}).encode())
        self.transport.write(request(self._url) + body)
        return self

    async def abort(self) -> None:
        """Go without a goodbye."""
        self.transport.abort()
        await self.closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        left = self._left
        left += data
        if not self._is_open:
            end = left.find(b"\r\n\r\n")
            if end < 0:
                return
            assert left.startswith(b"HTTP/1.1 101"), bytes(left)
            del left[: end + 4]
            self._is_open = True
        for kind, body in cut(left):
            if kind == _TEXT:
                self._heard(body)
            elif kind == _PING:
                self.transport.write(bytes((0x80 | _PONG, 0x80 | len(body))) + bytes(4) + body)
