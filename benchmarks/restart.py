"""How long a server with a long journal takes from its start until it is ready, beside reading the file.

    python -m benchmarks.restart [--pings N] [--units N] [--runs N]

The journal is written by the service itself, and left as a kill leaves it: no snapshot on closing, the log not moved
into the database, and the last snapshot as long ago as it can be. Every run starts the server on it, measures until its
ready line, and kills it (SIGKILL). *Empty* is the same on a new directory: what starting costs without a journal.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.load import SPEED_MPS, position
from benchmarks.processes import server
from borders import boundary_file
from tracker.fix import Fix
from tracker.inputs import PingReceived
from tracker.io import snapshots
from tracker.io.clock import Clock
from tracker.io.journal import FILE
from tracker.io.lanes import GROUP, MAX_QUEUED
from tracker.io.offline import build_engine
from tracker.io.service import Service

AHEAD = MAX_QUEUED // GROUP - 1


async def _write(directory: Path, pings: int, units: int) -> None:
    """Journal so many pings of so many cars, one a second each, and stop dead."""
    service = await Service.open(directory, build_engine(boundary_file.load(), None), Clock())
    began_at = time.time() - pings / units - 100  # noqa: TID251
    waiting: list[asyncio.Task[object]] = []
    for first in range(0, pings, GROUP):
        group = []
        for number in range(first, min(first + GROUP, pings)):
            second, unit = divmod(number, units)
            lon, lat, course = position(unit, second)
            at = began_at + number / units
            fix = Fix(f"BE-{unit}", "b", second, at, lon, lat, 5.0, SPEED_MPS, course)
            group.append(PingReceived(fix, at + 0.5))
        waiting.append(asyncio.create_task(service.submit(group)))
        if len(waiting) == AHEAD:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


def _journal(directory: Path, pings: int, units: int) -> None:
    """In a process of its own, which ends without closing anything."""
    child = os.fork()
    if child == 0:
        asyncio.run(_left(directory, pings, units))
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        raise SystemExit("the journal was not written")


async def _left(directory: Path, pings: int, units: int) -> None:
    await _write(directory, pings, units)
    os.kill(os.getpid(), signal.SIGKILL)


def _start_s(directory: Path) -> tuple[float, float, float]:
    """Seconds until ready, of the clock and of the processor, and what the server then holds in MB."""
    began = time.perf_counter()
    with server(directory, ends_by=signal.SIGKILL) as running:
        ready_s = time.perf_counter() - began
        return ready_s, running.processor_s(), running.resident_bytes() / 1e6


def _read_s(directory: Path) -> float:
    began = time.perf_counter()
    for path in sorted(directory.glob(f"{FILE}*")):
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pings", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    every = snapshots.EVERY
    # One short of the snapshot that would be due.
    pings = options.pings - options.pings % every + every - 2 * GROUP
    with tempfile.TemporaryDirectory(dir=".") as kept, tempfile.TemporaryDirectory(dir=".") as empty:
        began = time.perf_counter()
        _journal(Path(kept), pings, options.units)
        size_mb = sum(path.stat().st_size for path in Path(kept).glob(f"{FILE}*")) / 1e6
        written_s = time.perf_counter() - began
        print(f"{pings:,} pings of {options.units:,} units, {size_mb:,.0f} MB, written in {written_s:.0f} s")
        print("\n| start | ready, s | spread | processor, s | MB resident |\n| --- | ---: | ---: | ---: | ---: |")
        for name, directory in (("empty", empty), ("with the journal", kept)):
            found = [_start_s(Path(directory)) for _ in range(options.runs)]
            ready, processor, resident = (statistics.median(column) for column in zip(*found, strict=True))
            spread = f"{min(one[0] for one in found):.1f} to {max(one[0] for one in found):.1f}"
            print(f"| {name} | {ready:.1f} | {spread} | {processor:.1f} | {resident:,.0f} |", flush=True)
        print(f"\nReading the file: {statistics.median(_read_s(Path(kept)) for _ in range(options.runs)):.2f} s")


if __name__ == "__main__":
    main()
