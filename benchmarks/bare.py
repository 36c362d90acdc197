"""A client's side of a WebSocket, as bare as RFC 6455 allows: for loads, and for tests that open many sockets.

Frames are masked, as they must be, with the key 0, which leaves the bytes as they are; the server unmasks them like any
others.
"""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit


def request(url: str) -> bytes:
    """The opening handshake."""
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def text_frame(body: bytes) -> bytes:
    """A text message in one frame."""
    size = len(body)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 65_536:
        head = bytes((0x81, 0xFE)) + struct.pack(">H", size)
    else:
        head = bytes((0x81, 0xFF)) + struct.pack(">Q", size)
    return head + bytes(4) + body


def cut(left: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take every whole frame of the server's off what has come: its opcode and its body."""
    while len(left) >= 2:
        head, size = 2, left[1] & 0x7F
        if size == 126:
            head, size = 4, int.from_bytes(left[2:4], "big")
        elif size == 127:
            head, size = 10, int.from_bytes(left[2:10], "big")
        if len(left) < head + size:
            return
        opcode, body = left[0] & 0x0F, bytes(left[head : head + size])
        del left[: head + size]
        yield opcode, body
