"""What a decision costs: lines of facts through `drempelloos decide`, one process.

    python -m benchmarks.decide [--lines N]

Prints a Markdown table: the whole process from start to exit, and each line once started.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from typing import Final

import msgspec

from tracker.treaty.lines import decide_lines

LIMIT_S: Final = 10.0
"""Of 10,000 lines through one process."""

LIMIT_MS: Final = 1.0
"""Of a line once started."""


def lines(count: int) -> list[bytes]:
    """Facts of every kind of crossing, known and unknown, on days under every regime."""
    draw = random.Random(21)
    states = ("BE", "NL", "LU")
    kinds = ("pursuit", "pursuit", "pursuit", "observation", "escort", "transit", "emergency", None)
    made = []
    for _ in range(count):
        origin = draw.choice(states)
        facts = {
            "date": f"{draw.choice((1990, 2000, 2015, 2024, 2026))}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            "unit": {"origin_state": origin, "service": draw.choice(("police", "kmar", "special", "customs", None))},
            "pursuit": {"kind": draw.choice(kinds), "started_in": origin, "ground": draw.choice(("escaped", None))},
            "crossing": {"from": origin, "to": draw.choice((*states, "DE", "FR")), "time": "2026-11-23T14:02:27Z"},
            "contact": {"established_at": draw.choice(("2026-11-23T14:02:00Z", None))},
            "host": {
                "can_take_over": draw.choice((True, False, None)),
                "decision": draw.choice(("none", "stop", None)),
            },
            "danger": draw.choice((True, False, False, None)),
        }
        made.append(msgspec.json.encode(facts) + b"\n")
    return made


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    made = lines(parser.parse_args().lines)

    began_at = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "server.py", "decide", "-"], input=b"".join(made), capture_output=True, check=True
    )
    whole_s = time.perf_counter() - began_at
    if done.stdout.count(b"\n") != len(made):
        print("some lines were not answered", file=sys.stderr)
        return 1

    each_ms = []
    answers = decide_lines(made)
    for _ in made:
        began_at = time.perf_counter()
        next(answers)
        each_ms.append((time.perf_counter() - began_at) * 1e3)
    each_ms.sort()
    print("| lines | whole process, s | a line, median ms | 99 % below, ms |")
    print("| ---: | ---: | ---: | ---: |")
    median, high = each_ms[len(made) // 2], each_ms[len(made) * 99 // 100]
    print(f"| {len(made):,} | {whole_s:.2f} | {median:.3f} | {high:.3f} |")
    return 0 if whole_s < LIMIT_S * max(1.0, len(made) / 10_000) and high < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
