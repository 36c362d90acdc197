"""One message to many sockets: framed once, and written straight to their transports.

`websockets.broadcast` frames a message anew for every connection. A server's frames are not masked, so all get the same
bytes (RFC 6455, 5.1), and the frame is made once here. What keeps it safe is the same as there: only connections that
are open, and none in the middle of a message that was sent in parts; control frames are written whole, so there is
nothing else that a frame could fall into the middle of.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection
from websockets.protocol import OPEN

_TEXT = 0x81  # the last frame of a message, and its only one


def seal(text: bytes) -> bytes:
    """A text message as the one unmasked frame that a server sends (RFC 6455, 5.2). `text` is UTF-8."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", _TEXT, size) + text
    if size < 65_536:
        return struct.pack("!BBH", _TEXT, 126, size) + text
    return struct.pack("!BBQ", _TEXT, 127, size) + text


def post(connections: Iterable[ServerConnection], sealed: bytes) -> None:
    """Hand a sealed message to every connection that can take it; never waits, and never raises for a broken one."""
    for connection in connections:
        if connection.protocol.state is OPEN and connection.send_in_progress is None:
            # A transport that is closing drops what it is given, and says so to the connection, not to us.
            connection.transport.write(sealed)
