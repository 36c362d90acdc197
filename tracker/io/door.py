"""The door of a port: a listening socket that counts who comes in, before a word is read or a key is agreed on.

What serves a port learns of a connection only when its handshake is over, and with TLS that may be seconds later; so
the places are given, and given back, by the sockets themselves.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tracker.io.turnstile import Turnstile

BACKLOG: Final = 1024

_AT_ONCE: Final = 100
"""Callers without a place that are turned away before others get their turn."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; with port 0 the system chooses.

    Raises:
        OSError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def is_loopback(address: str) -> bool:
    """True for this machine's own addresses."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Door(socket.socket):
    """A listening socket whose connections take places at a turnstile.

    Args:
        listening: is taken over.
        turnstile: has the places, by address. A place is held until its connection is closed, or `known`.
        is_free: says of which addresses nobody is counted.
    """

    def __init__(
        self, listening: socket.socket, turnstile: Turnstile, is_free: Callable[[str], bool] = lambda _: False
    ) -> None:
        super().__init__(listening.family, listening.type, listening.proto, fileno=listening.detach())
        self._turnstile = turnstile
        self._is_free = is_free
        self._guests: dict[object, _Guest] = {}

    def accept(self) -> tuple[socket.socket, Any]:
        """For the event loop: the next connection that finds a place; those that find none are closed."""
        for _ in range(_AT_ONCE):
            connection, peer = super().accept()
            address = str(peer[0])
            if self._is_free(address):
                return connection, peer
            if self._turnstile.enter(address):
                self._guests[peer] = guest = _Guest(connection, partial(self.known, peer))
                return guest, peer
            connection.close()
        raise BlockingIOError  # as if nobody were waiting: the loop asks again in its next turn

    def known(self, peer: object) -> None:
        """Give the place of a connection back before it ends: its caller has said who it is, and is counted elsewhere.

        Args:
            peer: its other end, as the transport's `peername`.
        """
        if self._guests.pop(peer, None) is not None and isinstance(peer, tuple):
            self._turnstile.leave(str(peer[0]))


class _Guest(socket.socket):
    """A connection that has a place."""

    def __init__(self, connection: socket.socket, leave: Callable[[], None]) -> None:
        super().__init__(connection.family, connection.type, connection.proto, fileno=connection.detach())
        self._leave = leave

    def close(self) -> None:
        """Close it, and give the place back."""
        super().close()
        self._leave()
