"""`kill -9` in the middle of a stream, again and again: what was acknowledged is there, and everything is there once.

A killed process leaves the system's page cache behind, so this cannot see a missing fsync;
`tests/tracker/io/test_journal.py` watches for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, lines, run
from tracker.io.journal import Journal, PingKey

KILLS = 20
UNITS = ("BE-K03", "NL-7", "BE-K04")
BEGAN_AT = 1_700_000_000.0
LEG = 100
"""Pings from one turn to the next: a car drives 1.5 km to each side of the border, to and fro."""


class Car:
    """Sends pings of one unit, and keeps them until they are acknowledged."""

    def __init__(self, unit: str, began_at: float) -> None:
        self.unit = unit
        self.acked = -1
        self.sent = -1
        self._began_at = began_at

    def ping(self, seq: int) -> dict[str, Any]:
        along = abs(seq % (2 * LEG) - LEG) / LEG  # 1 .. 0 .. 1
        lat = 51.485116 + (1_500 - 3_000 * along) / 111_266
        course = 0.0 if seq % (2 * LEG) < LEG else 180.0
        place = {"lon": 4.7326, "lat": lat, "acc": 4.0, "speed": 30.0, "course": course}
        return {"unit": self.unit, "boot": "a1", "seq": seq, "t": self._began_at + seq, **place}

    async def send(self, connection: ClientConnection, pace: random.Random) -> None:
        """Everything that is not acknowledged, some that is, then new pings for ever."""
        seq = max(0, self.acked - pace.randrange(5))
        while True:
            count = pace.choice((1, 1, 1, 20))
            pings = [self.ping(one) for one in range(seq, seq + count)]
            seq += count
            self.sent = max(self.sent, seq - 1)
            await connection.send(json.dumps(pings))
            if self.sent - self.acked > 500:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)

    async def listen(self, connection: ClientConnection) -> None:
        async for message in connection:
            answer = json.loads(message)
            assert answer["type"] == "ack", answer
            assert answer["upto"] <= self.sent
            self.acked = max(self.acked, answer["upto"])


async def stream(server: Server, cars: list[Car], seed: int, seconds: float) -> None:
    """Let the cars send for a while, then kill the server under them."""
    pace = random.Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        tasks: list[asyncio.Task[None]] = []
        for car in cars:
            connection = await stack.enter_async_context(connect(f"{server.ws}/units", compression=None, proxy=None))
            tasks += [asyncio.create_task(car.send(connection, pace)), asyncio.create_task(car.listen(connection))]
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.kill)
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            assert end is None or isinstance(end, ConnectionClosed), end


async def finish(server: Server, car: Car) -> None:
    """Send what is not acknowledged, and see it acknowledged."""
    async with connect(f"{server.ws}/units", compression=None, proxy=None) as connection:
        for seq in range(car.acked + 1, car.sent + 1):
            await connection.send(json.dumps(car.ping(seq)))
        async with asyncio.timeout(20):
            while car.acked < car.sent:
                car.acked = max(car.acked, json.loads(await connection.recv())["upto"])


def stored(data: Path, cars: list[Car]) -> dict[str, list[int]]:
    """The numbers in the journal of a server that does not run, by unit, as often as they are there."""
    journal = Journal(data, create=False)
    try:
        found = {}
        for car in cars:
            keys = [PingKey(car.unit, "a1", seq) for seq in range(car.sent + 1)]
            found[car.unit] = [int(key.n) for key in journal.stored(keys)]
            assert len(list(journal.pings_of(car.unit, 0))) == len(found[car.unit])
        return found
    finally:
        journal.close()


@pytest.mark.slow
def test_no_kill_loses_or_doubles_anything(server_factory: ServerFactory, tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    chance = random.Random(seed)
    cars = [Car(unit, BEGAN_AT) for unit in UNITS]
    server = server_factory("--no-auth")
    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    known: list[dict[str, Any]] = []
    for _ in range(KILLS):
        asyncio.run(stream(server, cars, chance.randrange(2**32), chance.uniform(0.05, 0.5)))

        for unit, acked in [(car.unit, car.acked) for car in cars]:
            assert set(range(acked + 1)) <= set(stored(server.data, cars)[unit]), unit
        server.start()
        events = server.events()
        assert events[: len(known)] == known, "what was said before the kill is said after it"
        known = events
        shown = server.get("/api/v1/units")["features"]
        assert {one["properties"]["unit"] for one in shown} >= {car.unit for car in cars if car.acked >= 0}
    for car in cars:
        asyncio.run(finish(server, car))
    known = server.events()
    assert server.stop() == 0

    assert sum(car.acked for car in cars) > 20 * KILLS, "there was something to lose"
    assert stored(server.data, cars) == {car.unit: [*range(car.sent + 1)] for car in cars}
    ids = [event["id"] for event in known]
    assert len(ids) == len(set(ids))
    assert [event["offset"] for event in known] == [*range(1, len(known) + 1)]
    assert any(event["type"] == "decision" for event in known)

    out = tmp_path / "events.ndjson"
    assert run("export", "--data", str(server.data), "--out", str(out)).returncode == 0
    assert lines(out.read_bytes()) == [{name: event[name] for name in event if name != "offset"} for event in known]
    rebuilt = run("rebuild", "--data", str(server.data))
    assert json.loads(rebuilt.stdout) == {"events": len(known), "identical": True}
