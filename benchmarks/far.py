"""What a fix far from every border costs the detector, beside what it costs to store it.

    python -m benchmarks.far [--runs N] [--fixes N]

A unit drives through the middle of the country; each of its fixes is seen by the detector, and, apart from that, is
encoded and written to a journal on this disk in groups of 100, each one durable transaction, as the server does it.
Processor's time and the wall's; medians of several runs that take turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from borders import boundary_file
from borders.arrival import arrive
from borders.crossing import Detector, sample_of
from borders.geodesy import LocalPlane
from tracker.fix import Fix
from tracker.inputs import PingReceived, encode
from tracker.io.journal import Journal

PLACE = LocalPlane(5.3, 52.2)
"""Near Amersfoort, 70 km from every border."""
GROUP = 100


class Cost(NamedTuple):
    """Microseconds a fix."""

    processor: float
    wall: float


def fixes(count: int) -> list[Fix]:
    """One a second, on a circle of 500 m."""
    found = []
    for second in range(count):
        lon, lat = PLACE.lonlat(0.5 * second % 9_000, 0.3 * second % 7_000)
        found.append(Fix("NL-1", "b", second, 1_795_442_400.0 + second, lon, lat, 5.0, 0.6, 59.0))
    return found


def cost(work: Callable[[], None], count: int) -> Cost:
    """Of doing something once for every fix."""
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return Cost((time.process_time() - processor) * 1e6 / count, (time.perf_counter() - wall) * 1e6 / count)


def detect(detector: Detector, driven: list[Fix]) -> None:
    """See every fix."""
    watch, recall, _ = arrive(detector, None, None, sample_of(driven[0]))
    for fix in driven[1:]:
        watch, recall, _ = arrive(detector, watch, recall, sample_of(fix))


def store(driven: list[Fix]) -> None:
    """Write every fix to a new journal."""
    with tempfile.TemporaryDirectory(dir=".") as directory, closing(Journal(Path(directory))) as journal:
        for start in range(0, len(driven), GROUP):
            group = driven[start : start + GROUP]
            journal.write(
                [
                    (start + number, *fix.key, encode(PingReceived(fix, fix.fixed_at)))
                    for number, fix in enumerate(group, 1)
                ]
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--fixes", type=int, default=10_000)
    options = parser.parse_args()
    detector, driven = Detector(boundary_file.load()), fixes(options.fixes)
    detect(detector, driven[:1000])
    runs = [
        (cost(lambda: detect(detector, driven), len(driven)), cost(lambda: store(driven), len(driven)))
        for _ in range(options.runs)
    ]
    print(f"{options.fixes} fixes, medians of {options.runs} runs\n")
    print("| | detect, µs | store, µs | ratio, its spread |")
    print("| --- | ---: | ---: | ---: |")
    for name in Cost._fields:
        pairs = [(getattr(one, name), getattr(other, name)) for one, other in runs]
        detected, stored = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = sorted(one / other for one, other in pairs)
        spread = f"{detected / stored:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {detected:.1f} | {stored:.1f} | {spread} |")


if __name__ == "__main__":
    main()
