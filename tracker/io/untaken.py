"""How much of what was sent a peer has taken.

Our own buffer does not tell: the kernel makes room in its by the third, which may be a megabyte, and until then a
reader on a slow line looks like one that reads nothing. The kernel counts what the peer has acknowledged.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Final

_BYTES_ACKED: Final = slice(120, 128)
"""`tcpi_bytes_acked` in Linux's `struct tcp_info` (linux/tcp.h, since 4.1)."""


def acknowledged_bytes(transport: asyncio.BaseTransport) -> int | None:
    """Bytes of a connection that its peer has acknowledged since it began; None where nobody counts them."""
    peer: socket.socket | None = transport.get_extra_info("socket")
    if peer is None or peer.fileno() < 0 or sys.platform != "linux":
        return None
    try:
        told = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.stop)[_BYTES_ACKED]
    except OSError:
        return None
    return int.from_bytes(told, sys.byteorder) if len(told) == 8 else None
