"""What the metrics cost a ping, in processor time: counted as they are on its way, and nothing else done.

Usage: python -m benchmarks.counting
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from tracker.io.hub import HubStatistics
from tracker.io.metrics import Metrics
from tracker.io.timings import Timings

ROUNDS = 7
TIMES = 200_000


def main() -> None:
    """A message of one ping, the dearest there is; and a group, which is shared by whatever is in it."""
    timings = Timings()
    metrics = Metrics(lambda: HubStatistics(0, 0, 0, 0, 0, 0, 0), lambda: 0, timings)

    def message() -> None:
        began_at = time.monotonic()
        metrics.count_pings("socket", 1, 0, 0, time.monotonic() - began_at)

    def group() -> None:
        since = time.monotonic()
        began_at = time.perf_counter()
        timings.commit.add(time.perf_counter() - began_at)
        timings.group.add(20)
        timings.to_viewer["position"].add(time.monotonic() - since, 20)

    for name, counted in (("message of one ping", message), ("group", group)):
        costs_us = sorted((_cost_s(counted) - _cost_s(_nothing)) * 1e6 for _ in range(ROUNDS))
        rounded = [round(cost_us, 2) for cost_us in costs_us]
        print(json.dumps({"counted": name, "us": round(statistics.median(costs_us), 2), "of": rounded}))


def _cost_s(call: Callable[[], None]) -> float:
    began_at = time.process_time()
    for _ in range(TIMES):
        call()
    return (time.process_time() - began_at) / TIMES


def _nothing() -> None:
    """The call itself."""


if __name__ == "__main__":
    main()
