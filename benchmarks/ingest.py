"""How many pings a second become durable, beside a server that only decodes them and a disk that only stores them.

    python -m benchmarks.ingest [--runs N] [--seconds S] [--sockets N] [--part rates|even|known]

Load and server are processes of their own. *Ours* is `drempelloos serve --no-auth` on this disk: each ping is
decoded, checked, placed, journalled and acknowledged once it is on the disk. *Decoding* is a bare `websockets` server
that decodes each message with msgspec, typed, and answers it. *Storing* writes rows as large to SQLite in durable
groups of 500, and does nothing else. Every socket has up to 64 messages on the way, so there the wait is that of a
queue that is always full; the wait of a quiet day is that of the even load. Medians of several runs that take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.load import Rate, Sender, flood, frame, ping, steady
from benchmarks.processes import Running, process, server
from tracker.fix import Ping
from tracker.io.journal import InputRow, Journal, PingKey

BATCH = 100
GATEWAYS = 10
GROUP = 500
KNOWN = (100, 10_000, 100_000)


async def decode_only() -> None:
    """The peer that only decodes."""
    one, many = msgspec.json.Decoder(Ping), msgspec.json.Decoder(list[Ping])

    async def handle(socket: ServerConnection) -> None:
        async for message in socket:
            body = message.encode() if isinstance(message, str) else message
            last = many.decode(body)[-1] if body[:1] == b"[" else one.decode(body)
            await socket.send(f'{{"type":"ack","unit":"{last.unit}","boot":"b","upto":{last.seq}}}')

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        print(json.dumps({"ws": f"ws://127.0.0.1:{port}"}), flush=True)
        await asyncio.get_running_loop().create_future()


def store_only(seconds: float) -> float:
    """Rows a second that become durable in groups, by SQLite alone."""
    with tempfile.TemporaryDirectory(dir=".") as directory, closing(Journal(Path(directory))) as journal:
        began, rows = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            ids = range(rows + 1, rows + GROUP + 1)
            journal.write([InputRow(id_, PingKey(f"BE-{id_ % 200}", "b", id_), bytes(110)) for id_ in ids])
            rows += GROUP
            if journal.wants_checkpoint:
                journal.checkpoint()
        return rows / (time.perf_counter() - began)


def run(ours: bool, sockets: int, seconds: float, batch: int) -> tuple[Rate, float]:
    """One run against one of the two, and what a ping cost the server's processor in microseconds."""
    frames = int((70_000 if batch == 1 else 900_000) * seconds / sockets / batch)
    with server() if ours else process("-m", "benchmarks.ingest", "--decode-only") as running:
        before = running.processor_s()
        rate = asyncio.run(flood(f"{running.ws}/units" if ours else running.ws, sockets, seconds, batch, frames))
        return rate, 1e6 * (running.processor_s() - before) / (rate.pings_per_s * seconds)


def rates(runs: int, seconds: float, sockets: int) -> None:
    """Ours beside the two peers."""
    print("| load | ours, pings/s | ack p50 / p99, ms | its µs | decoding, pings/s | its µs | ratio, its spread |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, count, batch in ((f"{sockets} sockets, one ping a message", sockets, 1),
                               (f"{GATEWAYS} gateways, {BATCH} pings a message", GATEWAYS, BATCH)):  # fmt: skip
        pairs = [(run(True, count, seconds, batch), run(False, count, seconds, batch)) for _ in range(runs)]
        ours, peer = (statistics.median(pair[side][0].pings_per_s for pair in pairs) for side in (0, 1))
        costs = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
        waits = [statistics.median(pair[0][0].percentile_ms(percent) for pair in pairs) for percent in (50, 99)]
        ratios = sorted(one[0].pings_per_s / other[0].pings_per_s for one, other in pairs)
        spread = f"{ours / peer:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(
            f"| {name} | {ours:,.0f} | {waits[0]:,.0f} / {waits[1]:,.0f} | {costs[0]:.1f} "
            f"| {peer:,.0f} | {costs[1]:.1f} | {spread} |"
        )
    alone = statistics.median(store_only(2.0) for _ in range(runs))
    print(f"\nSQLite alone, durable groups of {GROUP}: {alone:,.0f} rows/s")


def even(runs: int, seconds: float) -> None:
    """1,000 units, one ping a second each."""
    print("| even load | ack p50, ms | p99, ms | worst, ms |\n| --- | ---: | ---: | ---: |")
    found: list[Rate] = []
    for _ in range(runs):
        with server() as running:
            found.append(asyncio.run(steady(f"{running.ws}/units", 1_000, max(10, round(seconds)))))
    columns = (statistics.median(rate.percentile_ms(percent) for rate in found) for percent in (50, 99, 100))
    print(f"| 1,000 units, 1 Hz | {' | '.join(f'{value:.1f}' for value in columns)} |")


async def _introduce(running: Running, units: int) -> None:
    """Let the server know so many units, by one ping each."""
    now = time.time() - 4e6  # noqa: TID251
    lines = [
        frame([ping(1_000 + unit, 0, now) for unit in range(first, first + BATCH)]) for first in range(0, units, BATCH)
    ]
    # Each frame has a ping of each of its units, so the count of acknowledgements is not that of frames.
    sender = Sender(f"{running.ws}/units", [], 1, 1)
    await sender.open()
    for line in lines:
        sender.transport.write(line)
        await asyncio.sleep(0.005)
    before = -1.0
    while (spent := running.processor_s()) - before > 0.05:
        before = spent
        await asyncio.sleep(1.0)


def known(runs: int, seconds: float) -> None:
    """What a ping costs with more and more units known, and what a known unit costs in memory."""
    print("| units known | µs of processor a ping | MB resident |\n| ---: | ---: | ---: |")
    table: dict[int, list[tuple[float, float]]] = {count: [] for count in KNOWN}
    for _ in range(runs):
        for count in KNOWN:
            with server() as running:
                asyncio.run(_introduce(running, count))
                resident = running.resident_bytes()
                before = running.processor_s()
                frames = int(60_000 * seconds / GATEWAYS / BATCH)
                rate = asyncio.run(flood(f"{running.ws}/units", GATEWAYS, seconds, BATCH, frames))
                cost = 1e6 * (running.processor_s() - before) / (rate.pings_per_s * seconds)
                table[count].append((cost, resident / 1e6))
    for count, found in table.items():
        cost, resident_mb = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {count:,} | {cost:.1f} | {resident_mb:.0f} |")
    ratios = sorted(many[0] / few[0] for few, many in zip(table[KNOWN[0]], table[KNOWN[-1]], strict=True))
    print(f"\nRatio of the most to the fewest: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        "rates": lambda options: rates(options.runs, options.seconds, options.sockets),
        "even": lambda options: even(options.runs, options.seconds),
        "known": lambda options: known(options.runs, options.seconds),
    }
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--part", choices=parts, action="append")
    parser.add_argument("--decode-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.decode_only:
        asyncio.run(decode_only())
        return
    print(f"{os.cpu_count()} cores, medians of {options.runs} runs of {options.seconds:g} s")
    for part in options.part or parts:
        print()
        parts[part](options)


if __name__ == "__main__":
    main()
