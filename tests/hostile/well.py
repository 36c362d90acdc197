"""A unit that is well, in a process of its own: prints the 99th percentile of ping to acknowledgement, in milliseconds.

Usage: well.py WS TOKEN SECONDS
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from websockets.sync.client import connect


def main(url: str, token: str, for_s: float) -> None:
    """A ping each hundredth of a second, each after the acknowledgement of the one before."""
    times_ms = []
    headers = {"Authorization": f"Bearer {token}"}
    with connect(f"{url}/units", additional_headers=headers, compression=None) as unit:
        boot, seq, until = f"s{time.monotonic_ns()}", 0, time.monotonic() + for_s
        while time.monotonic() < until:
            at = time.time() - 1  # noqa: TID251 - a unit has a clock
            sent_at = time.perf_counter()
            unit.send(json.dumps({"unit": "NL-2", "boot": boot, "seq": seq, "t": at, "lon": 5.1, "lat": 52.1}))
            unit.recv(timeout=10)
            times_ms.append((time.perf_counter() - sent_at) * 1_000)
            seq += 1
            time.sleep(0.01)
    print(round(statistics.quantiles(times_ms, n=100)[98], 2))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
