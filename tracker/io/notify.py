"""What systemd is told (`Type=notify`): ready, alive, stopping. Where nobody listens, nothing is sent.

The protocol is a datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names (sd_notify(3)).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping


class Notify:
    """Tells systemd.

    Args:
        environ: names the socket, and how often a sign of life is expected.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        microseconds = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(microseconds) / 1e6 if is_ours and microseconds.isdecimal() else 0.0

    def tell(self, **said: str) -> None:
        """Send one message: `tell(READY="1", STATUS="…")`."""
        if not self._path:
            return
        # A name that begins with @ is one of Linux's abstract ones.
        path = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        lines = "\n".join(f"{name}={' '.join(value.splitlines())}" for name, value in said.items())
        # Nobody to tell is no reason to stop.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            to.setblocking(False)
            to.sendto(lines.encode(), path)

    async def keep_alive(self, status: Callable[[], str]) -> None:
        """Send signs of life, twice as often as they are expected, for as long as the event loop turns."""
        while self._path and self.watchdog_s:
            self.tell(WATCHDOG="1", STATUS=status())
            await asyncio.sleep(self.watchdog_s / 2)
