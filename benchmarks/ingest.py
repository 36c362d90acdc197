"""How many pings a second become durable, beside a server that only decodes them.

    python -m benchmarks.ingest [--runs N] [--seconds S] [--sockets N]

Three processes: the load, and one server at a time. *Ours* is `drempelloos serve --no-auth` on this disk: each ping is
decoded, checked, placed, journalled and acknowledged once it is on the disk. The *peer* is a bare `websockets` server
that decodes each message with msgspec, typed, and answers it. Every socket sends without waiting, up to 64 messages
ahead of what is acknowledged. Medians of several runs that take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from tracker.fix import Ping

ROOT = Path(__file__).parents[1]
AHEAD = 64
"""Messages that a socket sends ahead of what is acknowledged."""

BATCH = 100


class Rate(NamedTuple):
    """What one run gave."""

    pings_per_s: float
    ack_p50_ms: float
    ack_p99_ms: float


class Unit:
    """One sender: a car that drives about somewhere in the Benelux."""

    def __init__(self, number: int) -> None:
        random = Random(number)
        self.name = f"BE-{number}"
        self._lon, self._lat = random.uniform(3.0, 6.5), random.uniform(50.0, 52.5)
        self._seq = 0
        self.sent: dict[int, float] = {}

    def ping(self) -> dict[str, object]:
        """The next one, 20 m further east."""
        seq, self._seq = self._seq, self._seq + 1
        self.sent[seq] = time.perf_counter()
        lon = round(self._lon + 0.0003 * (seq % 500), 6)
        return {
            "unit": self.name, "boot": "b", "seq": seq, "t": round(time.time() - 3e6 + seq, 3),  # noqa: TID251
            "lon": lon, "lat": self._lat, "acc": 5.0, "speed": 20.0, "course": 90.0,
        }  # fmt: skip

    def acked(self, upto: int) -> list[float]:
        """Seconds that each of the newly acknowledged took."""
        now = time.perf_counter()
        return [now - self.sent.pop(seq) for seq in [seq for seq in self.sent if seq <= upto]]


async def load(url: str, sockets: int, seconds: float, batch: int) -> Rate:
    """Send for so many seconds, as fast as it is acknowledged."""
    waits: list[float] = []

    async def one(number: int) -> int:
        unit, count, stop_at = Unit(number), 0, time.perf_counter() + seconds
        async with connect(url, compression=None, max_size=None) as socket:
            while time.perf_counter() < stop_at:
                while len(unit.sent) < AHEAD * batch:
                    pings = [unit.ping() for _ in range(batch)]
                    await socket.send(json.dumps(pings if batch > 1 else pings[0]))
                took = await _acks(socket, unit)
                count += len(took)
                waits.extend(took)
        return count

    counts = await asyncio.gather(*(one(number) for number in range(sockets)))
    waits.sort()
    return Rate(sum(counts) / seconds, 1e3 * waits[len(waits) // 2], 1e3 * waits[int(0.99 * len(waits))])


async def _acks(socket: ClientConnection, unit: Unit) -> list[float]:
    answer = json.loads(await socket.recv())
    if answer["type"] != "ack":
        raise SystemExit(f"not acknowledged: {answer}")
    return unit.acked(answer["upto"])


async def decode_only() -> None:
    """The peer."""
    one, many = msgspec.json.Decoder(Ping), msgspec.json.Decoder(list[Ping])

    async def handle(socket: ServerConnection) -> None:
        async for message in socket:
            body = message.encode() if isinstance(message, str) else message
            last = many.decode(body)[-1] if body[:1] == b"[" else one.decode(body)
            await socket.send(f'{{"type":"ack","unit":"{last.unit}","boot":"b","upto":{last.seq}}}')

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(json.dumps({"ws": f"ws://127.0.0.1:{port}"}), flush=True)
        await asyncio.get_running_loop().create_future()


@contextmanager
def process(*command: str) -> Iterator[str]:
    """A server for as long as it is needed; its address."""
    running = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        line = b"" if running.stdout is None else running.stdout.readline()
        yield str(json.loads(line)["ws"])
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=60)


def run(ours: bool, sockets: int, seconds: float, batch: int) -> Rate:
    """One run against one of the two."""
    with tempfile.TemporaryDirectory(dir=".") as directory:
        serve_ = (
            "server.py",
            "serve",
            "--no-auth",
            "--data",
            directory,
            "--http",
            "127.0.0.1:0",
            "--ws",
            "127.0.0.1:0",
        )
        with process(*(serve_ if ours else ("-m", "benchmarks.ingest", "--decode-only"))) as address:
            return asyncio.run(load(f"{address}/units" if ours else address, sockets, seconds, batch))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--decode-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.decode_only:
        asyncio.run(decode_only())
        return
    print(f"{os.cpu_count()} cores, medians of {options.runs} runs of {options.seconds:g} s\n")
    print("| load | ours, pings/s | ack p50 / p99, ms | peer, pings/s | ratio, its spread |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, sockets, batch in ((f"{options.sockets} sockets, one ping a message", options.sockets, 1),
                                 (f"10 gateways, {BATCH} pings a message", 10, BATCH)):  # fmt: skip
        pairs = [
            (run(True, sockets, options.seconds, batch), run(False, sockets, options.seconds, batch))
            for _ in range(options.runs)
        ]
        ours, peer = ([pair[side] for pair in pairs] for side in (0, 1))
        rate, other = (statistics.median(one.pings_per_s for one in side) for side in (ours, peer))
        p50, p99 = (statistics.median(column) for column in zip(*(one[1:] for one in ours), strict=True))
        ratios = sorted(one.pings_per_s / two.pings_per_s for one, two in pairs)
        spread = f"{rate / other:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {rate:,.0f} | {p50:,.0f} / {p99:,.0f} | {other:,.0f} | {spread} |")


if __name__ == "__main__":
    main()
