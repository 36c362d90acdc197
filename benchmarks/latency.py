"""How long after a unit sent its position a viewer has it: 10,000 units, once a second, 100 viewers, a real server.

    python -m benchmarks.latency [--units N] [--viewers N] [--seconds S] [--runs N]

Four processes on one machine and one clock: the server (`serve --no-auth`), the load (gateways of 50 units, one message
a ping, evenly over the second), viewers that drop what they get, and one viewer that reads it. Each ping says when it
was sent, its row repeats that, and so does an event of the ping that caused it: so a latency is the time at which the
reading viewer has decoded a frame, less the time in it. Besides, 20 units in pursuits drive over the border at
Hazeldonk; the latency of an alert is that of `crossing.approaching` and `crossing.confirmed`. The first seconds, in
which all units are new, are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from benchmarks.bare import cut, text_frame
from benchmarks.load import Socket
from benchmarks.processes import ROOT, Running, server

UNITS_A_GATEWAY: Final = 50
CHASERS: Final = 20
WARM_UP_S: Final = 4.0
_ROAD: Final = (4.7326, 51.485116)
"""The meridian of a road over the border south of Hazeldonk, and where it crosses."""

_M_PER_DEG: Final = 111_266.0
_ACK: Final = re.compile(rb'"unit":"([^"]+)","boot":"b","upto":(\d+)}')


class Latencies(NamedTuple):
    """Milliseconds, unsorted."""

    positions: list[float]
    alerts: list[float]
    acks: list[float]
    frame_kb: float
    server_cpu: float
    """Share of one core."""


def _now() -> float:
    return time.time()  # noqa: TID251


def _message(unit: bytes, seq: int, lon: float, lat: float, speed: float, course: float) -> bytes:
    body = b'{"unit":"%b","boot":"b","seq":%d,"t":%.4f,"lon":%.6f,"lat":%.6f,"acc":5.0,"speed":%.1f,"course":%.1f}' % (
        unit,
        seq,
        _now(),
        lon,
        lat,
        speed,
        course,
    )
    return text_frame(body)


class _Gateway(Socket):
    """Sends the pings of its units, and notes how long each waits for its acknowledgement."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._sent: dict[tuple[bytes, int], float] = {}
        self._tail = b""
        self.waits_ms: list[float] = []

    def send(self, messages: list[tuple[bytes, int, bytes]]) -> None:
        """Send messages, each with its unit and number."""
        at = time.perf_counter()
        for unit, seq, _ in messages:
            self._sent[unit, seq] = at
        self.transport.write(b"".join(message for *_, message in messages))

    def received(self, data: bytes) -> None:
        """Match acknowledgements."""
        data = self._tail + data
        if b"refused" in data or b"slow_down" in data:
            raise SystemExit(f"not acknowledged: {data[:300]!r}")
        at, end = time.perf_counter(), 0
        for found in _ACK.finditer(data):
            sent = self._sent.pop((found[1], int(found[2])), None)
            if sent is not None:
                self.waits_ms.append(1e3 * (at - sent))
            end = found.end()
        self._tail = data[end:][-300:]


async def load(ws: str, units: int, seconds: float) -> None:
    """The sending process; prints the waits for acknowledgements."""
    gateways = [_Gateway(f"{ws}/units") for _ in range(units // UNITS_A_GATEWAY)]
    for gateway in gateways:
        await gateway.open()
    chase = _Gateway(f"{ws}/units")
    await chase.open()
    places = [(3.0 + (number * 0.617) % 3.5, 50.0 + (number * 0.383) % 2.5) for number in range(units)]
    began = time.perf_counter()
    for second in range(int(seconds)):
        for number, gateway in enumerate(gateways):
            due_s = began + second + number / len(gateways) - time.perf_counter()
            if due_s > 0:
                await asyncio.sleep(due_s)
            first = number * UNITS_A_GATEWAY
            names = [(b"BE-%d" % unit, places[unit]) for unit in range(first, first + UNITS_A_GATEWAY)]
            gateway.send([
                (name, second, _message(name, second, lon + 0.00028 * (second % 200), lat, 20.0, 90.0))
                for name, (lon, lat) in names
            ])  # fmt: skip
            if number % (len(gateways) // CHASERS) == 0 and number // (len(gateways) // CHASERS) < CHASERS:
                chaser = number // (len(gateways) // CHASERS)
                # They meet the border one after another, and go on.
                north_m = 30.0 * (second - 6 - chaser * (seconds - 12) / CHASERS)
                name = b"BE-C%d" % chaser
                lat = _ROAD[1] + north_m / _M_PER_DEG
                chase.send([(name, second, _message(name, second, _ROAD[0], lat, 30.0, 0.0))])
    await asyncio.sleep(1.0)
    waits = [wait for gateway in (*gateways, chase) for wait in gateway.waits_ms]
    print(json.dumps({"acks": waits[int(len(waits) * WARM_UP_S / seconds) :]}), flush=True)


class _Viewer(Socket):
    """Subscribes and drops what it gets."""

    async def open(self) -> None:
        """Connect and subscribe."""
        await super().open()
        self.transport.write(text_frame(b'{"type":"subscribe"}'))


class _Positions(msgspec.Struct):
    units: list[tuple[str, float, float, float, float | None, float | None, str, str]]


class _Happened(msgspec.Struct):
    type: str
    time: str


class _EventMessage(msgspec.Struct):
    event: _Happened


class _Reader(_Viewer):
    """Reads every frame, and says how old what is in it is."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._left = bytearray()
        self.positions: list[float] = []
        self.alerts: list[float] = []
        self.sizes: list[int] = []
        self.counts = False

    def received(self, data: bytes) -> None:
        """Cut frames."""
        self._left += data
        for _, body in cut(self._left):
            self._read(body)

    def _read(self, body: bytes) -> None:
        if body.startswith(b'{"type":"positions"'):
            rows = msgspec.json.decode(body, type=_Positions).units
            at = _now()
            if self.counts:
                self.sizes.append(len(body))
                self.positions += [1e3 * (at - row[1]) for row in rows]
        elif body.startswith(b'{"type":"event"'):
            event = msgspec.json.decode(body, type=_EventMessage).event
            if self.counts and event.type in {"crossing.approaching", "crossing.confirmed"}:
                self.alerts.append(1e3 * (_now() - _unix(event.time)))


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def view(ws: str, viewers: int, seconds: float, reads: bool) -> None:
    """A viewing process: many that drop what they get, or one that reads it and prints what it found."""
    watching = [_Reader(f"{ws}/live") if reads else _Viewer(f"{ws}/live") for _ in range(viewers)]
    for viewer in watching:
        await viewer.open()
    print(json.dumps({"ws": ws}), flush=True)
    await asyncio.sleep(WARM_UP_S)
    for viewer in watching:
        if isinstance(viewer, _Reader):
            viewer.counts = True
    await asyncio.sleep(seconds - WARM_UP_S)
    for viewer in watching:
        if isinstance(viewer, _Reader):
            found = {"positions": viewer.positions, "alerts": viewer.alerts, "sizes": viewer.sizes}
            print(json.dumps(found), flush=True)


@contextmanager
def _started(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.latency", *options]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def _line(running: subprocess.Popen[bytes]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(b"" if running.stdout is None else running.stdout.readline())
    return found


def _chase(running: Running) -> None:
    for chaser in range(CHASERS):
        body = json.dumps({"id": f"p-{chaser}", "unit": f"BE-C{chaser}"}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{running.http}/api/v1/pursuits", data=body, headers=headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own server


def run(units: int, viewers: int, seconds: float) -> Latencies:
    """One run on a server of its own."""
    common = ("--seconds", str(seconds), "--units", str(units))
    with server() as running:
        _chase(running)
        with (
            _started("--view", running.ws, "--viewers", str(viewers - 1), *common) as crowd,
            _started("--view", running.ws, "--viewers", "1", "--reads", *common) as reader,
        ):
            _line(crowd)
            _line(reader)
            with _started("--load", running.ws, *common) as sending:
                time.sleep(WARM_UP_S)
                before, began = running.processor_s(), time.perf_counter()
                found = _line(reader)
                share = (running.processor_s() - before) / (time.perf_counter() - began)
                acks = _line(sending)["acks"]
    kb = statistics.mean(found["sizes"]) / 1e3
    return Latencies(found["positions"], found["alerts"], acks, kb, share)


def _percentiles(values: list[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))], ordered[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    for name in ("--load", "--view"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--reads", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        asyncio.run(load(options.load, options.units, options.seconds))
        return
    if options.view:
        asyncio.run(view(options.view, options.viewers, options.seconds, options.reads))
        return
    print(f"{os.cpu_count()} cores, {options.units:,} units at 1 Hz, {options.viewers} viewers, {options.seconds:g} s")
    print("\n| run | position p50 / p99 / worst, ms | alert p50 / p99 / worst, ms (number) | ack p50 / p99 / worst, ms "
          "| frame, kB | server, cores |\n| --- | ---: | ---: | ---: | ---: | ---: |")  # fmt: skip
    for number in range(1, options.runs + 1):
        found = run(options.units, options.viewers, options.seconds)
        cells = [
            " / ".join(f"{value:,.0f}" for value in _percentiles(values))
            for values in (found.positions, found.alerts, found.acks)
        ]
        print(f"| {number} | {cells[0]} | {cells[1]} ({len(found.alerts)}) | {cells[2]} | {found.frame_kb:.0f} "
              f"| {found.server_cpu:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
