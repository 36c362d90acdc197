"""Senders that cost next to nothing, so that a benchmark measures the server: frames are made before the clock runs."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from random import Random
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import msgspec

from benchmarks.bare import request, text_frame
from tracker.simulation.traffic import Traffic

_ENDS = re.compile(rb'"upto":(\d+)}')


class Rate(NamedTuple):
    """What one run gave; `waits_s` from sending a message to its acknowledgement, ascending."""

    pings: int
    seconds: float
    spent_s: float
    """The server's processor time."""
    waits_s: list[float]

    @property
    def pings_per_s(self) -> float:
        """Acknowledged in a second."""
        return self.pings / self.seconds

    @property
    def cost_us(self) -> float:
        """Processor time a ping, microseconds."""
        return 1e6 * self.spent_s / self.pings

    def percentile_ms(self, percent: float) -> float:
        """The wait that so many in a hundred do not exceed."""
        return 1e3 * self.waits_s[min(len(self.waits_s) - 1, int(percent / 100 * len(self.waits_s)))]


RADIUS_M = 500.0
SPEED_MPS = 20.0
ROUND_S = round(2 * math.pi * RADIUS_M / SPEED_MPS)
"""After so many seconds a car has been everywhere on its way once."""


@cache
def _centre(unit: int) -> tuple[float, float, float, float]:
    """Somewhere in the Benelux, and degrees a metre there."""
    random = Random(unit)
    lon, lat = random.uniform(3.0, 6.5), random.uniform(50.0, 52.5)
    return lon, lat, 1.0 / (111_320.0 * math.cos(math.radians(lat))), 1.0 / 111_250.0


def position(unit: int, second: int) -> tuple[float, float, float]:
    """Where a car is that drives round a circle of 500 m at 20 m/s: longitude, latitude and course, in degrees."""
    lon, lat, lon_per_m, lat_per_m = _centre(unit)
    turned = SPEED_MPS / RADIUS_M * second
    east, north = RADIUS_M * math.sin(turned), RADIUS_M * math.cos(turned)
    return lon + east * lon_per_m, lat + north * lat_per_m, (90.0 + math.degrees(turned)) % 360.0


def ping(unit: int, seq: int, t: float) -> bytes:
    """One ping of such a car, as JSON."""
    lon, lat, course = position(unit, seq)
    return (
        f'{{"unit":"BE-{unit}","boot":"b","seq":{seq},"t":{t:.3f},"lon":{lon:.6f},"lat":{lat:.6f},'
        f'"acc":5.0,"speed":{SPEED_MPS},"course":{course:.1f}}}'
    ).encode()


def frame(pings: Sequence[bytes]) -> bytes:
    """One text frame with a ping, or an array of them."""
    body = pings[0] if len(pings) == 1 else b"[" + b",".join(pings) + b"]"
    return text_frame(body)


class Load(NamedTuple):
    """What is sent: the frames of each socket. A frame has `batch` pings; of each of its units `of_a_unit`, numbered
    from 0 on.
    """

    sockets: list[list[bytes]]
    batch: int
    of_a_unit: int


def cars(sockets: int, pings: int, began_at: float) -> Load:
    """A car on each socket, one ping a message."""
    return Load(
        [[frame([ping(unit, seq, began_at + seq)]) for seq in range(pings // sockets)] for unit in range(sockets)], 1, 1
    )


def gateways(sockets: int, batch: int, pings: int, began_at: float) -> Load:
    """On each socket the cars of a gateway: one ping of each a message."""
    return Load(
        [
            [
                frame([ping(unit, seq, began_at + seq) for unit in range(first, first + batch)])
                for seq in range(pings // sockets // batch)
            ]
            for first in range(0, sockets * batch, batch)
        ],
        batch,
        1,
    )


def backlogs(sockets: int, batch: int, pings: int, began_at: float) -> Load:
    """A car on each socket that sends what it has kept, many pings a message."""
    return Load(
        [
            [
                frame([ping(unit, seq, began_at + seq) for seq in range(first, first + batch)])
                for first in range(0, pings // sockets, batch)
            ]
            for unit in range(sockets)
        ],
        batch,
        batch,
    )


def over_borders(sockets: int, pings: int, began_at: float) -> Load:
    """A car on each socket, one ping a message; one in four drives back and forth over a border, the others about a
    town.
    """
    frames: list[list[bytes]] = [[] for _ in range(sockets)]
    for round_ in islice(Traffic(sockets, 1.0, 1, began_at, "b").rounds(), pings // sockets):
        for sent, one in zip(frames, round_, strict=True):
            sent.append(frame([msgspec.json.encode(one)]))
    return Load(frames, 1, 1)


class Socket(asyncio.Protocol):
    """A client's side of one WebSocket."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opening = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    async def open(self) -> None:
        """Connect and shake hands."""
        loop = asyncio.get_running_loop()
        parts = urlsplit(self._url)
        await loop.create_connection(lambda: self, parts.hostname or "", parts.port or 80)
        await self.opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(request(self._url))

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
        frames: each with `of_a_unit` pings of every unit that it is of, numbered from 0 on.
        of_a_unit: as `Load` says.
        ahead: frames that may wait for an acknowledgement.
    """

    def __init__(self, url: str, frames: Sequence[bytes], of_a_unit: int, ahead: int) -> None:
        super().__init__(url)
        self._frames, self._of_a_unit, self._ahead = frames, of_a_unit, ahead
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
        acked = (int(whole[-1][1]) + 1) // self._of_a_unit
        now = time.perf_counter()
        self.waits_s += [now - at for at in self._sent_at[self.acked : acked]]
        self.acked = acked
        if self.is_going:
            self.push()

    @property
    def is_at_end(self) -> bool:
        """Whether everything has been sent."""
        return self._sent == len(self._frames)

    def push(self) -> None:
        """Send what may be sent."""
        until = min(self.acked + self._ahead, len(self._frames))
        if until > self._sent:
            self._sent_at += [time.perf_counter()] * (until - self._sent)
            self.transport.write(b"".join(self._frames[self._sent : until]))
            self._sent = until


async def flood(
    url: str,
    load: Load,
    seconds: float,
    *,
    spent_s: Callable[[], float],
    warm_up: int = 0,
    ahead: int = 64,
) -> Rate:
    """Send as fast as it is acknowledged, until the time is over or a sender has nothing more to send.

    Args:
        url: of the unit socket.
        load: what is sent.
        seconds: for which it is measured.
        spent_s: tells the server's processor time.
        warm_up: pings that are acknowledged before that.
        ahead: frames that may wait for an acknowledgement, on each socket.
    """
    senders = [Sender(url, frames, load.of_a_unit, ahead) for frames in load.sockets]
    for sender in senders:
        await sender.open()
    for sender in senders:
        sender.is_going = True
        sender.push()
    await _until(lambda: sum(sender.acked for sender in senders) * load.batch >= warm_up)
    for sender in senders:
        sender.waits_s.clear()
    began, spent, acked = time.perf_counter(), spent_s(), sum(sender.acked for sender in senders)
    await _until(lambda: time.perf_counter() - began > seconds or any(sender.is_at_end for sender in senders))
    elapsed, spent = time.perf_counter() - began, spent_s() - spent
    if elapsed < seconds / 10:
        raise SystemExit("the load ran out at once; make more frames")
    pings = (sum(sender.acked for sender in senders) - acked) * load.batch
    for sender in senders:
        sender.transport.abort()
    return Rate(pings, elapsed, spent, sorted(wait for sender in senders for wait in sender.waits_s))


async def _until(is_so: Callable[[], bool]) -> None:
    while True:
        if is_so():
            return
        await asyncio.sleep(0.02)


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
    return Rate(len(waits), seconds, math.nan, waits)
