"""The disk fills and empties under a running server, again and again: what people must be told is recorded and told,
what is not recorded is not acknowledged, and once there is room everything goes on by itself.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.connection import Connection

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, run
from tests.e2e.test_kill import LEG, Car, stored
from tests.needs import sizes, small_disk

DISK_MIB = 100
STEP = 5
NOISE = 500
PATIENCE_S = 20.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", DISK_MIB) as directory:
        yield directory


class Reporter(Car):
    """A car that says how far it got: `refused` once it was told to slow down."""

    def __init__(self, unit: str, connection: Connection) -> None:
        super().__init__(unit, began_at=1_700_000_000.0)
        self.connection = connection
        self.was_refused = False

    def report(self, count: int, step: int = STEP) -> None:
        """Send so many new pings, and hear what became of them."""
        for _ in range(0, count, step):
            first = self.sent + 1
            self.sent += step
            self.connection.send(json.dumps([self.ping(seq) for seq in range(first, self.sent + 1)]))
            self.hear()

    def send_again(self) -> bool:
        """Send what is not acknowledged; True when all of it is."""
        for first in range(self.acked + 1, self.sent + 1, 500):
            pings = [self.ping(seq) for seq in range(first, min(first + 500, self.sent + 1))]
            self.connection.send(json.dumps(pings))
            self.hear()
        return self.acked == self.sent

    def hear(self) -> None:
        """Hear the answers to one message: the last is an ack of all, or to slow down."""
        while True:
            answer = json.loads(self.connection.recv(timeout=PATIENCE_S))
            if answer["type"] == "slow_down":
                self.was_refused = True
                return
            assert answer["type"] == "ack", answer
            assert answer["unit"] == self.unit
            self.acked = max(self.acked, answer["upto"])
            if self.acked == self.sent:
                return


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def wait_for(server: Server, status: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while server.status("/readyz")[0] != status:
        assert time.monotonic() < until, server.log()
        time.sleep(0.1)


def told(server: Server) -> list[str]:
    """The faults that a viewer sees, but for that of a machine that others keep busy."""
    with server.live() as viewer:
        snapshot = json.loads(viewer.recv(timeout=PATIENCE_S))
    return [fault["code"] for fault in snapshot["status"]["faults"] if fault["code"] != "overloaded"]


def crossings(events: list[dict[str, Any]], unit: str) -> int:
    return sum(event["type"] == "crossing.confirmed" and event["unit"] == unit for event in events)


@pytest.mark.parametrize("cycles", sizes(2, soak=20, long=200))
def test_a_disk_that_fills_and_empties(disk: Path, server_factory: ServerFactory, cycles: int) -> None:
    """The log is on the full disk too, and must not take the server down with it."""
    server = server_factory("--no-auth", data=disk / "data")
    filler, ballast = disk / "filler", server.data / "ballast"
    assert ballast.exists()
    server.post("/api/v1/pursuits", {"id": "p-0", "unit": "BE-K03"})
    began: dict[str, int] = {"BE-K03": -1, "NL-7": -1}
    for cycle in range(cycles):
        with server.units() as one, server.units() as other:
            car, noise = Reporter("BE-K03", one), Reporter("NL-7", other)
            for reporter in (car, noise):
                reporter.sent = reporter.acked = began[reporter.unit]
            car.report(LEG // 4)  # some way before the border
            assert not car.was_refused
            fill(filler)
            until = time.monotonic() + PATIENCE_S
            while not noise.was_refused:
                noise.report(NOISE, NOISE)
                assert time.monotonic() < until
            assert not ballast.exists()
            assert told(server) == ["not_recording"]

            before = crossings(server.events(), car.unit)
            car.report(LEG // 2)
            assert car.was_refused
            after = server.events()
            assert crossings(after, car.unit) == before + 1, "told while the disk is full"
            acted = server.post("/api/v1/pursuits/p-0/contact", {"status": "attempted", "note": str(cycle)})
            assert acted["events"]

            if cycle % 2:
                server.kill()
                kept = stored(server.data, [car, noise])
                for reporter in (car, noise):
                    assert set(range(reporter.acked + 1)) <= set(kept[reporter.unit])
                server.start()
                assert server.events() == [*after, *server.events()[len(after) :]]
                assert told(server) == ["not_recording"]
            filler.unlink()
            until = time.monotonic() + PATIENCE_S
            while told(server):  # what /readyz says may be a few seconds old
                assert time.monotonic() < until, server.log()
                time.sleep(0.1)
            wait_for(server, 200)
            assert ballast.exists()
        with server.units() as one, server.units() as other:
            for reporter, connection in ((car, one), (noise, other)):
                reporter.connection = connection
                assert reporter.send_again()
            car.report(LEG - LEG // 4 - LEG // 2)
            began = {reporter.unit: reporter.sent for reporter in (car, noise)}
            assert car.acked == car.sent
    events = server.events()
    assert server.stop() == 0

    assert stored(server.data, [car, noise]) == {unit: [*range(count + 1)] for unit, count in began.items()}
    assert [event["offset"] for event in events] == [*range(1, len(events) + 1)]
    assert crossings(events, "BE-K03") == cycles
    rebuilt = json.loads(run("rebuild", "--data", str(server.data)).stdout)
    assert rebuilt == {"events": len(events), "identical": True}
