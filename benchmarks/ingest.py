"""How many pings a second become durable, beside a server that only decodes them and a disk that only stores them.

    python -m benchmarks.ingest [--runs N] [--seconds S] [--sockets N] [--part rates|even|known]

Load and server are processes of their own. *Ours* is `drempelloos serve --no-auth` on this disk: each ping is
decoded, checked, placed, journalled and acknowledged once it is on the disk. *Decoding* is a bare `websockets` server
that decodes each message with msgspec, typed, and answers it. *Storing* writes rows as large to SQLite in durable
groups of 500, and does nothing else. Every socket has up to 64 messages on the way, so there the wait is that of a
queue that is always full; the wait of a quiet day is that of the even load. What is measured begins once every car has
been everywhere on its way: a server that has just started learns the ground. Medians of several runs that take turns.
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
import numpy as np
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.load import (
    ROUND_S,
    Load,
    Rate,
    Sender,
    backlogs,
    cars,
    flood,
    frame,
    gateways,
    over_borders,
    ping,
    position,
    steady,
)
from benchmarks.processes import Running, process, server
from borders import boundary_file
from borders.geodesy import Floats
from tracker.fix import Ping
from tracker.io.journal import Journal

BATCH = 100
GATEWAYS = 10
GROUP = 500
KNOWN = (100, 10_000, 100_000)
LOST_S = 33.0


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
            journal.write([(id_, f"BE-{id_ % 200}", "b", id_, bytes(110)) for id_ in ids])
            rows += GROUP
            if journal.wants_checkpoint:
                journal.checkpoint()
        return rows / (time.perf_counter() - began)


def run(ours: bool, load: Load, seconds: float) -> Rate:
    """One run against one of the two, once every car has been everywhere on its way."""
    warm_up = ROUND_S * len(load.sockets) * load.batch // load.of_a_unit
    with server() if ours else process("-m", "benchmarks.ingest", "--decode-only") as running:
        url = f"{running.ws}/units" if ours else running.ws
        return asyncio.run(flood(url, load, seconds, spent_s=running.processor_s, warm_up=warm_up))


def _medians(runs: list[Rate]) -> tuple[float, float]:
    return statistics.median(rate.pings_per_s for rate in runs), statistics.median(rate.cost_us for rate in runs)


def rates(runs: int, seconds: float, sockets: int) -> None:
    """Ours beside the two peers."""
    began_at = time.time() - 3e6  # noqa: TID251
    loads = {
        f"{sockets} cars, one ping a message": cars(sockets, int(80_000 * seconds), began_at),
        f"{GATEWAYS} gateways, a ping of each of {BATCH} cars a message": gateways(
            GATEWAYS, BATCH, int(400_000 * seconds), began_at
        ),
        f"{GATEWAYS} cars that were out of reach, {BATCH} pings a message": backlogs(
            GATEWAYS, BATCH, int(400_000 * seconds), began_at
        ),
        f"{sockets} cars, one in four over borders, one ping a message": over_borders(
            sockets, int(60_000 * seconds), began_at
        ),
    }
    print("| load | ours, pings/s | ack p50 / p99, ms | its µs | decoding, pings/s | its µs | ratio, its spread |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    medians = {}
    for name, load in loads.items():
        pairs = [(run(True, load, seconds), run(False, load, seconds)) for _ in range(runs)]
        ours, cost = _medians([pair[0] for pair in pairs])
        peer, peer_cost = _medians([pair[1] for pair in pairs])
        medians[name] = ours
        waits = [statistics.median(pair[0].percentile_ms(percent) for pair in pairs) for percent in (50, 99)]
        ratios = sorted(one.pings_per_s / other.pings_per_s for one, other in pairs)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(
            f"| {name} | {ours:,.0f} | {waits[0]:,.0f} / {waits[1]:,.0f} | {cost:.1f} "
            f"| {peer:,.0f} | {peer_cost:.1f} | {spread} |",
            flush=True,
        )
    single, batched, *_ = medians.values()
    alone = statistics.median(store_only(2.0) for _ in range(runs))
    print(f"\nGateways to single messages: {batched / single:.2f}")
    print(f"SQLite alone, durable groups of {GROUP}: {alone:,.0f} rows/s")
    near_m = distances_m(sockets)
    for bound_m in (500, 9_000):
        print(f"Of the cars' pings, nearer than {bound_m:,} m to a border: {100 * (near_m < bound_m).mean():.1f} %")


def distances_m(units: int) -> Floats:
    """Metres to the nearest border, of pings of the load."""
    places = np.array([position(unit, second)[:2] for unit in range(units) for second in range(0, ROUND_S, 5)])
    return boundary_file.load().locate_many(places[:, 0], places[:, 1]).distances_m


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
    """Let the server know so many units, by one ping each, and wait until it has called them all lost."""
    now = time.time() - 4e6  # noqa: TID251
    sender = Sender(f"{running.ws}/units", [], 1, 1)
    await sender.open()
    for first in range(10_000, 10_000 + units, BATCH):
        sender.transport.write(frame([ping(unit, 0, now) for unit in range(first, first + BATCH)]))
        await asyncio.sleep(0.005)
    await asyncio.sleep(LOST_S)
    before = -1.0
    while (spent := running.processor_s()) - before > 0.05:
        before = spent
        await asyncio.sleep(1.0)


def known(runs: int, seconds: float) -> None:
    """What a ping costs with more and more units known, and what a known unit costs in memory."""
    load = gateways(GATEWAYS, BATCH, int(150_000 * seconds), time.time() - 3e6)  # noqa: TID251
    print("| units known | µs of processor a ping | MB resident |\n| ---: | ---: | ---: |")
    table: dict[int, list[tuple[float, float]]] = {count: [] for count in KNOWN}
    for _ in range(runs):
        for count in KNOWN:
            with server() as running:
                asyncio.run(_introduce(running, count))
                resident = running.resident_bytes()
                flooding = flood(
                    f"{running.ws}/units",
                    load,
                    seconds,
                    spent_s=running.processor_s,
                    warm_up=ROUND_S * GATEWAYS * BATCH,
                )
                table[count].append((asyncio.run(flooding).cost_us, resident / 1e6))
    for count, found in table.items():
        cost, resident_mb = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {count:,} | {cost:.1f} | {resident_mb:.0f} |")
    ratios = sorted(many[0] / few[0] for few, many in zip(table[KNOWN[0]], table[KNOWN[-1]], strict=True))
    grown = [many[1] - few[1] for few, many in zip(table[KNOWN[0]], table[KNOWN[-1]], strict=True)]
    print(f"\nA known unit, bytes: {1e6 * statistics.median(grown) / (KNOWN[-1] - KNOWN[0]):,.0f}")
    print(f"Ratio of the most to the fewest: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        "rates": lambda options: rates(options.runs, options.seconds, options.sockets),
        "even": lambda _: even(1, 15.0),
        "known": lambda options: known(options.runs, 3 * options.seconds),
    }
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.5)
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
