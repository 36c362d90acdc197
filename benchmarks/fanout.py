"""What it costs to hand one positions frame to 300 viewers, beside bare transport writes and `websockets.broadcast`.

    python -m benchmarks.fanout [--viewers N] [--rounds N] [--runs N]

The sender is one process, and who receives (and drops what it gets) another. The sender serves its viewers with
`websockets`, as the server does, and hands them the same bytes by the three ways in turn: what is measured is the
processor time of handing over, which is what keeps the loop of a server busy; between two frames every socket is
drained, so that each write finds an empty buffer. Medians of all rounds, and the spread of the medians of the runs.

`--memory` says instead what the real server holds for a viewer, and for one that has stopped reading.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.load import Socket
from benchmarks.processes import process, server
from tracker.io.credentials import LOCAL
from tracker.io.posting import seal
from tracker.io.viewer import Viewer, deliver
from tracker.policy import EVERYTHING

SIZES = (2_000, 20_000)


class _Watcher(Socket):
    """A viewer that subscribes and drops everything it gets."""

    def __init__(self, url: str, subscribes: bool) -> None:
        super().__init__(url)
        self._subscribes = subscribes

    async def open(self) -> None:
        """Connect and subscribe."""
        await super().open()
        if self._subscribes:
            body = b'{"type":"subscribe"}'
            self.transport.write(bytes((0x81, 0x80 | len(body))) + bytes(4) + body)


async def receive(url: str, viewers: int, subscribes: bool) -> None:
    """The receiving process: says when all are connected, and goes on until it is ended."""
    watchers = [_Watcher(url, subscribes) for _ in range(viewers)]
    for watcher in watchers:
        await watcher.open()
    print(json.dumps({"ws": url}), flush=True)
    await asyncio.get_running_loop().create_future()


def _bare(viewers: list[Viewer], _: bytes, sealed: bytes) -> None:
    for viewer in viewers:
        viewer.connection.transport.write(sealed)


def _ours(viewers: list[Viewer], text: bytes, _: bytes) -> None:
    deliver(viewers, seal(text), 0.0)


def _broadcast(viewers: list[Viewer], text: bytes, _: bytes) -> None:
    broadcast([viewer.connection for viewer in viewers], text, text=True)


WAYS: dict[str, Callable[[list[Viewer], bytes, bytes], None]] = {
    "bare": _bare,
    "ours": _ours,
    "broadcast": _broadcast,
}


async def measure(viewers: int, rounds: int) -> dict[int, dict[str, float]]:
    """Microseconds of processor time a viewer, by size and way."""
    watching: list[Viewer] = []

    async def handle(connection: ServerConnection) -> None:
        watching.append(Viewer(connection, LOCAL, EVERYTHING, None, 0, 0))
        await connection.wait_closed()

    found: dict[int, dict[str, float]] = {}
    async with serve(handle, "127.0.0.1", 0, compression=None) as listening:
        url = f"ws://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}"
        receiver = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.fanout", "--receive", url, "--viewers", str(viewers),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        if receiver.stdout is not None:
            await receiver.stdout.readline()
        for size in SIZES:
            text = b'{"type":"positions","time":0,"units":["%b"]}' % (b"x" * (size - 42))
            sealed = seal(text)
            costs: dict[str, list[float]] = {way: [] for way in WAYS}
            for round_ in range(rounds * len(WAYS)):
                way = tuple(WAYS)[round_ % len(WAYS)]
                began = time.process_time_ns()
                WAYS[way](watching, text, sealed)
                costs[way].append((time.process_time_ns() - began) / viewers / 1e3)
                await asyncio.sleep(0.005)
                if any(viewer.buffered_bytes for viewer in watching):
                    raise SystemExit("the receivers do not keep up; what is measured is not the handing over")
            found[size] = {way: statistics.median(values) for way, values in costs.items()}
        receiver.kill()
        await receiver.wait()
    return found


def fan_out(viewers: int, rounds: int, runs: int) -> None:
    """The table."""
    results = [asyncio.run(measure(viewers, rounds)) for _ in range(runs)]
    print(
        f"| frame to {viewers} viewers | bare write, µs a viewer | ours | broadcast | ours / bare | broadcast / bare |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for size in SIZES:
        costs = {way: statistics.median(run[size][way] for run in results) for way in WAYS}
        cells = []
        for way in ("ours", "broadcast"):
            ratios = sorted(run[size][way] / run[size]["bare"] for run in results)
            cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        shown = " | ".join(f"{costs[way]:.1f}" for way in WAYS)
        print(f"| {size / 1000:g} kB | {shown} | {' | '.join(cells)} |")


def memory(viewers: int) -> None:
    """What the real server holds for each viewer: between ten times so many and fifteen times, since the first ones
    find memory that the start has left free.
    """
    os.environ["DREMPELLOOS__LIVE__VIEWERS"] = "100000"
    with server() as running:
        held: list[int] = []
        for count in (10 * viewers, 15 * viewers):
            command = ("-m", "benchmarks.fanout", "--receive", f"{running.ws}/live", "--viewers", str(count))
            with process(*command, "--subscribe"):
                time.sleep(5.0)
                held.append(running.resident_bytes())
        print(f"{(held[1] - held[0]) / viewers / 5 / 1e3:.0f} kB for each viewer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--receive", help=argparse.SUPPRESS)
    parser.add_argument("--subscribe", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        asyncio.run(receive(options.receive, options.viewers, options.subscribe))
    elif options.memory:
        memory(options.viewers)
    else:
        print(f"{os.cpu_count()} cores, medians of {options.runs} runs of {options.rounds} rounds\n")
        fan_out(options.viewers, options.rounds, options.runs)


if __name__ == "__main__":
    main()
