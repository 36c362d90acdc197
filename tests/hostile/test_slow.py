"""Callers that hold a place and do nothing with it: each loses it, and those that are well do not notice."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.hostile.slow import hold, kinds
from tests.hostile.target import Target
from tests.hostile.target import target as run_target

CLOSED_WITHIN_S = 12.0
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """With room for all of them at once: here it is time that must put an end to them, not number."""
    directory = tmp_path_factory.mktemp("slow")
    config = Path(directory / "config.toml")
    config.write_text("[limits]\nconnections = 3000\nconnections_per_address = 3000\n", encoding="utf-8")
    with run_target(directory, "--config", str(config)) as running:
        yield running


async def test_every_way_of_being_slow_comes_to_an_end(target: Target) -> None:
    slow = {name: kind for name, kind in kinds(*of(target)).items() if kind.reads}
    took = await asyncio.gather(*(hold(kind, 3 * CLOSED_WITHIN_S) for kind in slow.values()))

    assert {name: took_s for name, took_s in zip(slow, took, strict=True) if took_s > CLOSED_WITHIN_S} == {}
    assert target.witness.is_served()


@pytest.mark.parametrize("count", needs.sizes(0, soak=500, long=2_000))
async def test_the_slow_ones_are_not_noticed_by_those_who_are_well(target: Target, count: int) -> None:
    """Windows of ten seconds, without and with the slow ones by turns; whoever is put out begins again."""
    quiet, loud = [], []
    took: list[float] = []
    for _ in range(3):
        quiet.append(await _percentile(target, 10.0))
        arguments = map(str, (*of(target), count, 20.0))
        slow = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "slow.py"),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(19),  # it is the server that is measured, not who gets a processor
        )
        await asyncio.sleep(11.0)
        loud.append(await _percentile(target, 10.0))
        out, _ = await slow.communicate()
        told = json.loads(out)
        took += [took_s - told["late_s"] for took_s in told["took_s"]]  # what a busy machine adds is not the server's
    print(f"p99 of a ping's acknowledgement, ms: alone {quiet}, beside {count} slow {loud}; longest {max(took):.1f} s")
    assert len(took) >= 3 * count
    assert max(took) <= CLOSED_WITHIN_S
    alone_ms, beside_ms = statistics.median(quiet), statistics.median(loud)
    assert beside_ms <= max(1.1 * alone_ms, alone_ms + 2.0)


def of(target: Target) -> tuple[int, int, str, str]:
    """What a slow caller must know."""
    return target.http_port, target.ws_port, target.unit, target.dispatcher


async def _percentile(target: Target, for_s: float) -> float:
    """The 99th percentile of the time from a ping to its acknowledgement in milliseconds, in a process of its own."""
    command = [sys.executable, str(HERE / "well.py"), target.server.ws, target.unit, str(for_s)]
    measuring = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await measuring.communicate()
    assert measuring.returncode == 0
    return float(out)
