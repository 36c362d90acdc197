"""The server's clock is set under it: nothing is told that would not have been told, in the same order, and people
learn of the step.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import run
from tests.e2e.test_kill import Car
from tests.needs import lacks
from tests.tracker.io.drives import ping
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.events import Event, encode
from tracker.inputs import PingReceived, StartPursuit
from tracker.io import recovery
from tracker.io import service as service_module
from tracker.io.clock import Clock
from tracker.io.service import Service

DRIVE_S = 110
STEP_AT_S = 40

Wall = Callable[[float], float]
"""What a system's clock shows when so many seconds have passed."""

WALLS: dict[str, Wall] = {
    "an hour forward": lambda passed: passed + 3600 * (passed >= STEP_AT_S),
    "an hour back": lambda passed: passed - 3600 * (passed >= STEP_AT_S),
    "a second forward": lambda passed: passed + 1.01 * (passed >= STEP_AT_S),
    "a second back": lambda passed: passed - 1.01 * (passed >= STEP_AT_S),
    "a leap second": lambda passed: passed - (passed >= STEP_AT_S),
    "frozen": lambda passed: min(passed, STEP_AT_S),
    "to and fro": lambda passed: passed + 900 * (int(passed) % 3 - 1) * (passed >= STEP_AT_S),
}


async def told(engine: Engine, directory: Path, wall: Wall) -> tuple[list[dict[str, Any]], list[str]]:
    """All events of a pursuit over a border beside a unit that falls silent, and the codes of the faults at the end."""
    passed = 0.0
    clock = Clock(lambda: STARTED_AT + wall(passed), lambda: passed)
    service = await Service.open(directory, engine, clock)
    events: list[Event] = []
    service.listen(lambda committed: events.extend(one.event for one in committed.events))
    try:
        for second in range(DRIVE_S):
            passed = float(second)
            inputs = [ping(seq=second)]
            if second < STEP_AT_S - 2:
                inputs.append(ping("NL-2", seq=second, north_m=9_000))
            await service.submit([PingReceived(one.fix, clock.now()) for one in inputs])
            if second == 5:
                await service.submit([StartPursuit(at=clock.now(), id="p-1", unit="BE-1", started_in="BE")])
            await asyncio.sleep(5 * service_module.TICK_S)
        return [json.loads(encode(event)) for event in events], [fault.code for fault in service.faults.standing]
    finally:
        await service.close()


def essence(events: list[dict[str, Any]], unit: str) -> list[tuple[Any, ...]]:
    """What is told of a unit, in order, without the times at which it became known."""
    names = ("type", "crossed_at", "obligation", "rule")
    return [tuple(event.get(name) for name in names) for event in events if event.get("unit") == unit]


@pytest.fixture(scope="module")
def undisturbed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The same under a clock that nobody sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_module, "TICK_S", 0.001)
        events, faults = asyncio.run(told(engine, tmp_path_factory.mktemp("undisturbed"), lambda passed: passed))
    assert faults == []
    return events


@pytest.mark.parametrize("name", WALLS)
async def test_no_timer_fires_for_a_step(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: list[dict[str, Any]],
    name: str,
) -> None:
    monkeypatch.setattr(service_module, "TICK_S", 0.001)
    events, faults = await told(engine, tmp_path, WALLS[name])

    assert [type_ for type_, *_ in essence(undisturbed, "NL-2")] == ["unit.seen", "unit.stale", "unit.lost"]
    assert any(type_ == "decision" for type_, *_ in essence(undisturbed, "BE-1"))
    for unit in ("BE-1", "NL-2"):
        assert essence(events, unit) == essence(undisturbed, unit)
    assert faults == ([] if name == "a leap second" else ["clock_step"])
    assert recovery.rebuild(tmp_path).identical


def libfaketime() -> Path:
    found = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if found is None:
        lacks("no libfaketime here; on Debian: apt install faketime")
    return found


@pytest.mark.soak
@pytest.mark.parametrize("step_s", [3600, -3600, 2])
def test_a_running_server_whose_clock_is_set(server_factory: ServerFactory, tmp_path: Path, step_s: int) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    fake = {
        "LD_PRELOAD": str(libfaketime()),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    server = server_factory("--no-auth", environment=fake)
    began_at = time.time()  # noqa: TID251
    with server.units() as unit, server.live() as viewer:
        assert "clock_step" not in str(json.loads(viewer.recv(timeout=10))["status"])
        for half_second in range(18):
            if half_second == 4:
                offset.write_text(f"{step_s:+d}\n")
            at = began_at + half_second / 2
            unit.send(json.dumps({**Car("BE-K03").ping(half_second), "t": at}))
            assert json.loads(unit.recv(timeout=10))["type"] == "ack"
            time.sleep(0.5)
        types = [event["type"] for event in server.events()]
        heard = [json.loads(viewer.recv(timeout=10)) for _ in range(3)]
        while not any(message["type"] == "status" and "clock_step" in str(message) for message in heard):
            heard.append(json.loads(viewer.recv(timeout=10)))
    assert "unit.stale" not in types
    assert "unit.lost" not in types
    told = {fault["code"] for message in heard if message["type"] == "status" for fault in message["faults"]}
    assert told <= {"clock_step", "overloaded"}  # the second where others keep the machine busy
    assert server.stop() == 0
    assert json.loads(run("rebuild", "--data", str(server.data)).stdout)["identical"] is True
