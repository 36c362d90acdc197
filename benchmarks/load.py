"""Senders that cost next to nothing, so that a benchmark measures the server: frames are made before the clock runs.

A WebSocket client as bare as RFC 6455 allows. Frames are masked, as they must be, with the key 0, which leaves the
bytes as they are; the server unmasks them like any others.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
import time
from collections.abc import Sequence
from random import Random
from typing import NamedTuple, cast
from urllib.parse import urlsplit

_ENDS = re.compile(rb'"upto":(\d+)}')


class Rate(NamedTuple):
    """What one run gave; `waits_s` from sending a message to its acknowledgement, ascending."""

    pings_per_s: float
    waits_s: list[float]

    def percentile_ms(self, percent: float) -> float:
        """The wait that so many in a hundred do not exceed."""
        return 1e3 * self.waits_s[min(len(self.waits_s) - 1, int(percent / 100 * len(self.waits_s)))]


def ping(unit: int, seq: int, t: float) -> dict[str, object]:
    """One of a car that drives east at 20 m/s from somewhere in the Benelux, and after 500 s begins anew."""
    random = Random(unit)
    lon, lat = random.uniform(3.0, 6.5), random.uniform(50.0, 52.5)
    return {
        "unit": f"BE-{unit}", "boot": "b", "seq": seq, "t": round(t, 3),
        "lon": round(lon + 0.0003 * (seq % 500), 6), "lat": round(lat, 6), "acc": 5.0, "speed": 20.0, "course": 90.0,
    }  # fmt: skip


def frame(pings: Sequence[dict[str, object]]) -> bytes:
    """One text frame with a ping, or an array of them."""
    body = json.dumps(pings if len(pings) > 1 else pings[0]).encode()
    size = len(body)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + struct.pack(">H", size)
    if size > 65_535:
        head = bytes((0x81, 0xFF)) + struct.pack(">Q", size)
    return head + bytes(4) + body


class Socket(asyncio.Protocol):
    """A client's side of one WebSocket."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._opening = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    async def open(self) -> None:
        """Connect and shake hands."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._url.hostname or "", self._url.port or 80)
        await self.opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {self._url.path or '/'} HTTP/1.1\r\nHost: {self._url.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Finish the handshake, then hand on."""
        if self.opened.done():
            self.received(data)
            return
        self._opening += data
        head, end, rest = self._opening.partition(b"\r\n\r\n")
        if end:
            if not head.startswith(b"HTTP/1.1 101"):
                raise SystemExit(f"not upgraded: {head!r}")
            self.opened.set_result(None)
            self.received(rest)

    def received(self, data: bytes) -> None:
        """Bytes of the server's frames; dropped, unless a subclass reads them."""


class Sender(Socket):
    """Sends ready frames, so many ahead of what is acknowledged.

    Args:
        url: of the unit socket.
        frames: each with `batch` pings of one unit, numbered from 0 on.
        batch: pings in a frame.
        ahead: frames that may wait for an acknowledgement.
    """

    def __init__(self, url: str, frames: Sequence[bytes], batch: int, ahead: int) -> None:
        super().__init__(url)
        self._frames, self._batch, self._ahead = frames, batch, ahead
        self._sent, self._tail = 0, b""
        self._sent_at: list[float] = []
        self.acked = 0
        self.waits_s: list[float] = []
        self.is_going = False

    def received(self, data: bytes) -> None:
        """Read how far the server has acknowledged."""
        data = self._tail + data
        if b"refused" in data or b"slow_down" in data:
            raise SystemExit(f"not acknowledged: {data[:300]!r}")
        whole = list(_ENDS.finditer(data))
        if not whole:
            self._tail = data[-200:]
            return
        self._tail = data[whole[-1].end() :]
        acked = (int(whole[-1][1]) + 1) // self._batch
        now = time.perf_counter()
        self.waits_s += [now - at for at in self._sent_at[self.acked : acked]]
        self.acked = acked
        if self.is_going:
            self.push()

    def push(self) -> None:
        """Send what may be sent."""
        until = min(self.acked + self._ahead, len(self._frames))
        if until > self._sent:
            self._sent_at += [time.perf_counter()] * (until - self._sent)
            self.transport.write(b"".join(self._frames[self._sent : until]))
            self._sent = until


async def flood(url: str, sockets: int, seconds: float, batch: int, frames: int, ahead: int = 64) -> Rate:
    """Send as fast as it is acknowledged."""
    began_at = time.time() - 3e6  # noqa: TID251
    senders = []
    for unit in range(sockets):
        ready = [
            frame([ping(unit, number * batch + i, began_at + number * batch + i) for i in range(batch)])
            for number in range(frames)
        ]
        senders.append(Sender(url, ready, batch, ahead))
        await senders[-1].open()
    began = time.perf_counter()
    for sender in senders:
        sender.is_going = True
        sender.push()
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - began
    if any(sender.acked == frames for sender in senders):
        raise SystemExit("the load ran out before the time did; make more frames")
    pings = sum(sender.acked for sender in senders) * batch
    for sender in senders:
        sender.transport.abort()
    return Rate(pings / elapsed, sorted(wait for sender in senders for wait in sender.waits_s))


async def steady(url: str, units: int, seconds: int) -> Rate:
    """Every unit one ping a second on a socket of its own, evenly spread."""
    senders = []
    began_at = time.time() - seconds - 10  # noqa: TID251
    for unit in range(units):
        ready = [frame([ping(unit, second, began_at + second)]) for second in range(seconds)]
        senders.append(Sender(url, ready, 1, 1))
        await senders[-1].open()
    began = time.perf_counter()
    for step in range(units * seconds):
        due_s = began + step / units - time.perf_counter()
        if due_s > 0:
            await asyncio.sleep(due_s)
        senders[step % units].push()
    await asyncio.sleep(1.0)
    waits = sorted(wait for sender in senders for wait in sender.waits_s)
    if len(waits) < 0.99 * units * seconds:
        raise SystemExit(f"only {len(waits)} of {units * seconds} pings were acknowledged in time")
    for sender in senders:
        sender.transport.abort()
    return Rate(len(waits) / seconds, waits)
