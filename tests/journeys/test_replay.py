"""One journal gives the same events, byte for byte, in processes whose string hashes, and so whose sets, differ."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs
from tests.e2e.process import ROOT
from tests.tracker.io.drives import opened
from tracker.codec.json_ping import fixes
from tracker.engine import Engine
from tracker.fix import Fix
from tracker.inputs import EndPursuit, Input, JoinPursuit, PingReceived, ReportContact, StartPursuit, UnitRegistered
from tracker.io.simulate import write_traffic
from tracker.units import Unit

SEEDS = ("0", "1", "4242")
UNITS = 50


def traffic(count: int) -> list[Fix]:
    """So many pings of units that wander over the Benelux."""
    out = io.BytesIO()
    write_traffic(out, units=UNITS, rate_hz=1.0, seconds=count / UNITS, seed=7)
    found = [one for line in out.getvalue().splitlines() for one in fixes(line, 2e9, numbered=True)]
    assert all(isinstance(one, Fix) for one in found)
    return [one for one in found if isinstance(one, Fix)]


def inputs(count: int) -> list[Input]:
    """The traffic, with pursuits that begin, are joined, reported to a host and ended in between."""
    pings = traffic(count)
    names = sorted({fix.unit for fix in pings})
    made: list[Input] = [UnitRegistered(Unit(name, name[:2], name[3:]), pings[0].fixed_at) for name in names]
    for place, fix in enumerate(pings):
        at = fix.fixed_at + 0.2
        made.append(PingReceived(fix, at))
        if place % 1_000 == 500:
            number, chosen = divmod(place, 1_000)[0], (place // 1_000 * 3) % (UNITS - 3)
            made.append(StartPursuit(id=f"p-{number}", unit=names[chosen], at=at, ground="stop_evaded"))
            made.append(JoinPursuit(id=f"p-{number}", unit=names[chosen + 1], at=at))
            made.append(ReportContact(id=f"p-{number}", host="NL", with_="Driebergen", at=at))
            made.append(EndPursuit(id=f"p-{number - 1}", at=at))
    return made


@pytest.mark.parametrize("count", needs.sizes(5_000, soak=100_000, long=5_000_000))
async def test_a_journal_gives_the_same_events_under_every_hash_seed(
    tmp_path: Path, engine: Engine, count: int
) -> None:
    entries = inputs(count)
    async with opened(tmp_path / "data", engine) as service:
        for start in range(0, len(entries), 500):
            await service.submit(entries[start : start + 500])

    events = []
    for seed in SEEDS:
        command = [sys.executable, str(ROOT / "server.py"), "rebuild", "--data", str(tmp_path / "data")]
        done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        rebuilt = json.loads(done.stdout)
        assert rebuilt["identical"] is True, done.stdout
        events.append(rebuilt["events"])

    assert len(set(events)) == 1
    assert events[0] > count / 100


@pytest.mark.parametrize("count", needs.sizes(5_000, soak=100_000, long=5_000_000))
def test_a_recorded_file_gives_the_same_events_under_every_hash_seed(tmp_path: Path, count: int) -> None:
    track = tmp_path / "track.ndjson"
    with track.open("wb") as file:
        write_traffic(file, units=UNITS, rate_hz=1.0, seconds=count / UNITS, seed=8)

    told = []
    for seed in SEEDS:
        command = [sys.executable, str(ROOT / "server.py"), "detect", str(track)]
        done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        told.append(done.stdout)

    assert told[0].count(b"\n") > UNITS / 2
    assert told[1] == told[0]
    assert told[2] == told[0]
