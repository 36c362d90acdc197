"""`kill -9` at any moment, again and again: what was acknowledged is there, and everything is there once.

The load is what a day brings: cars, a gateway, viewers who follow, a dispatcher who acts. Whoever was told something
notes it here, outside the server's process, and after each kill the journal that it left is asked for it. A kill leaves
the system's page cache behind, so this cannot see a missing fsync: tests/power does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, lines, run
from tests.needs import sizes
from tracker.engine import Engine
from tracker.events import encode
from tracker.inputs import PingReceived, decode
from tracker.io.journal import Journal, PingKey
from tracker.world import World

CARS = ("BE-K03", "NL-7")
BEHIND_THE_GATEWAY = ("BE-K04", "NL-8", "BE-K05")
VIEWERS = 2
BEGAN_AT = 1_700_000_000.0
LEG = 100
"""Pings from one turn to the next: a car drives 1.5 km to each side of the border, to and fro."""

UNANSWERED = 40
"""Pings that a car sends ahead of their answers. Fixes beside a border are dear, and dispatchers wait behind them."""
SNAPSHOTS = "import tracker.io.snapshots as s; s.EVERY = 150"
"""So that kills find the server at a snapshot, and restarts begin from one."""


class Car:
    """Pings of one unit, which it keeps until they are acknowledged."""

    def __init__(self, unit: str, began_at: float = BEGAN_AT) -> None:
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


class Sender:
    """One socket of one car, or of a gateway for several."""

    def __init__(self, *cars: Car) -> None:
        self.cars = cars

    async def live(self, server: Server, pace: random.Random) -> None:
        """Everything that is not acknowledged, some that is, then new pings for ever."""
        async with connect(f"{server.ws}/units", compression=None, proxy=None) as connection:
            sending = asyncio.create_task(self._send(connection, pace))
            try:
                await self._listen(connection)
            finally:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                    await sending

    async def finish(self, server: Server) -> None:
        """Send what is not acknowledged, and see it acknowledged."""
        async with connect(f"{server.ws}/units", compression=None, proxy=None) as connection, asyncio.timeout(30):
            for car in self.cars:
                for seq in range(car.acked + 1, car.sent + 1):
                    await connection.send(json.dumps(car.ping(seq)))
            while any(car.acked < car.sent for car in self.cars):
                self._hear(await connection.recv())

    async def _send(self, connection: ClientConnection, pace: random.Random) -> None:
        following = {car: max(0, car.acked - pace.randrange(5)) for car in self.cars}
        while True:
            pings = []
            for car, seq in following.items():
                count = pace.choice((1, 1, 1, 20))
                if car.sent - car.acked < UNANSWERED or seq <= car.sent:
                    pings += [car.ping(one) for one in range(seq, seq + count)]
                    following[car] = seq + count
                    car.sent = max(car.sent, seq + count - 1)
            if pings:
                await connection.send(json.dumps(pings))
            await asyncio.sleep(pace.choice((0.0, 0.005, 0.02)))

    async def _listen(self, connection: ClientConnection) -> None:
        async for message in connection:
            self._hear(message)

    def _hear(self, message: str | bytes) -> None:
        answer = json.loads(message)
        assert answer["type"] == "ack", answer
        (car,) = (one for one in self.cars if one.unit == answer["unit"])
        assert answer["upto"] <= car.sent
        car.acked = max(car.acked, answer["upto"])


class Viewer:
    """Follows the events, and after each kill resumes where it was: nothing is missed, nothing comes twice."""

    def __init__(self) -> None:
        self.heard: dict[int, dict[str, Any]] = {}
        self._epoch: str | None = None
        self._offset: int | None = None

    async def live(self, server: Server, _: random.Random) -> None:
        async with connect(f"{server.ws}/live", compression=None, proxy=None, max_size=None) as connection:
            subscription = {"type": "subscribe", "epoch": self._epoch, "offset": self._offset, "bbox": None}
            await connection.send(json.dumps(subscription))
            snapshot = json.loads(await connection.recv())
            assert snapshot["recovered"] is (self._offset is not None)
            assert self._epoch in {None, snapshot["epoch"]}
            self._epoch = snapshot["epoch"]
            self._offset = snapshot["offset"] if self._offset is None else self._offset
            async for message in connection:
                answer = json.loads(message)
                if answer["type"] == "event":
                    assert answer["offset"] == self._offset + 1
                    self._offset = answer["offset"]
                    self.heard[answer["offset"]] = answer["event"]


class Dispatcher:
    """Starts pursuits, acts on them, ends them; keeps the events that the answers named."""

    def __init__(self) -> None:
        self.answered: dict[str, dict[str, Any]] = {}
        self.acts = 0
        self._number = 0  # p-0 is the test's own
        self._begun: list[str] = []
        """Pursuits that may have begun and not ended: a unit is in one at a time."""

    async def live(self, server: Server, pace: random.Random) -> None:
        async with aiohttp.ClientSession(server.http) as session:
            while True:
                while self._begun:
                    await self._do(session, f"pursuits/{self._begun[0]}/end", {})
                    del self._begun[0]
                self._number += 1
                name = f"p-{self._number}"
                self._begun.append(name)
                for path, body in (
                    ("pursuits", {"id": name, "unit": CARS[0]}),
                    (f"pursuits/{name}/contact", {"status": "established", "host": "NL"}),
                    (f"pursuits/{name}/danger", {"disproportionate": False}),
                ):
                    await self._do(session, path, body)
                    await asyncio.sleep(pace.choice((0.01, 0.05, 0.2)))

    async def _do(self, session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
        async with session.post(f"/api/v1/{path}", json=body) as response:
            answer = await response.json()
            # What was done before a kill, and not answered, may have happened; then it is refused now.
            assert response.status in {200, 201, 400, 404, 409}, answer
            if response.ok:
                self.acts += 1
                self.answered.update((event["id"], event) for event in answer["events"])


class Witness:
    """What was told so far, and whether a dead server's journal bears it out."""

    def __init__(self, cars: list[Car], viewers: list[Viewer], dispatcher: Dispatcher) -> None:
        self._cars = cars
        self._viewers = viewers
        self._dispatcher = dispatcher
        self._found: dict[str, int] = dict.fromkeys((car.unit for car in cars), -1)
        self.events: list[dict[str, Any]] = []

    def examine(self, data: Path) -> None:
        """Every acknowledged ping, answered act and event that anybody heard is in the journal, in order."""
        with contextlib.closing(Journal(data, create=False)) as journal:
            for car in self._cars:
                keys = [PingKey(car.unit, "a1", seq) for seq in range(self._found[car.unit] + 1, car.acked + 1)]
                assert set(keys) == set(journal.stored(keys)), car.unit
                self._found[car.unit] = car.acked
            if self.events:
                ((offset, body),) = journal.events(len(self.events) - 1, 1)
                assert (offset, json.loads(body)) == (len(self.events), self.events[-1])
            for offset, body in journal.events(len(self.events), 1_000_000):
                self.events.append(json.loads(body))
                assert offset == len(self.events)
        ids = {event["id"] for event in self.events}
        assert len(ids) == len(self.events)
        assert set(self._dispatcher.answered) <= ids
        for viewer in self._viewers:
            for offset, event in viewer.heard.items():
                assert event == self.events[offset - 1], "nobody hears of what is not on the disk"
            viewer.heard.clear()


def copied(data: Path, to: Path) -> Path:
    """The journal of a dead server as it was left, log and all, for others to look into."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for file in data.glob("journal.db*"):
        shutil.copy(file, to)
    return to


def stored(data: Path, cars: Iterable[Car]) -> dict[str, list[int]]:
    """The numbers in the journal of a server that does not run, by unit, as often as they are there."""
    with contextlib.closing(Journal(data, create=False)) as journal:
        return {
            car.unit: [n for body in journal.pings_of(car.unit, 0) if (n := _ping(body).fix.seq) is not None]
            for car in cars
        }


def crossings(engine: Engine, data: Path, unit: str) -> list[tuple[Any, ...]]:
    """What the core says of a unit's pings, given to it one by one and undisturbed."""
    world, found = World(), []
    with contextlib.closing(Journal(data, create=False)) as journal:
        for body in journal.pings_of(unit, 0):
            fix = _ping(body).fix
            found += [json.loads(encode(event)) for event in engine.step(world, PingReceived(fix, fix.fixed_at))]
            world.commit()
    return _crossings(found, unit)


def _crossings(events: Iterable[dict[str, Any]], unit: str) -> list[tuple[Any, ...]]:
    names = ("type", "from", "to", "crossed_at", "lon", "lat", "confidence")
    return [
        tuple(event[name] for name in names)
        for event in events
        if event["type"].startswith("crossing.") and event["unit"] == unit
    ]


def _ping(body: bytes) -> PingReceived:
    entry = decode(body)
    assert isinstance(entry, PingReceived)
    return entry


async def live(server: Server, actors: list[Sender | Viewer | Dispatcher], seed: int, seconds: float) -> None:
    """Let everybody do what they do until something is acknowledged and done, and a while longer; then kill."""
    cars = [car for actor in actors if isinstance(actor, Sender) for car in actor.cars]
    (dispatcher,) = (actor for actor in actors if isinstance(actor, Dispatcher))
    acked, acts = sum(car.acked for car in cars), dispatcher.acts
    tasks = [asyncio.create_task(actor.live(server, random.Random(f"{seed} {n}"))) for n, actor in enumerate(actors)]
    async with asyncio.timeout(60):
        while sum(car.acked for car in cars) == acked or dispatcher.acts == acts:
            for actor, task in zip(actors, tasks, strict=True):
                assert not task.done(), f"a {type(actor).__name__} gave up before the kill: {task.exception()!r}"
            await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.kill)
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if end is not None and not isinstance(end, _GONE):
            raise end


_GONE = (ConnectionClosed, InvalidHandshake, aiohttp.ClientError, EOFError, OSError)


@pytest.mark.slow
@pytest.mark.parametrize("kills", sizes(5, soak=200, long=5_000))
def test_no_kill_loses_or_doubles_anything(
    server_factory: ServerFactory, engine: Engine, tmp_path: Path, kills: int
) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    chance = random.Random(seed)
    cars = [Car(unit) for unit in (*CARS, *BEHIND_THE_GATEWAY)]
    senders = [*(Sender(car) for car in cars[: len(CARS)]), Sender(*cars[len(CARS) :])]
    viewers, dispatcher = [Viewer() for _ in range(VIEWERS)], Dispatcher()
    witness = Witness(cars, viewers, dispatcher)
    server = server_factory("--no-auth", tuned=SNAPSHOTS)
    server.post("/api/v1/pursuits", {"id": "p-0", "unit": CARS[1]})
    for _ in range(kills):
        asyncio.run(live(server, [*senders, *viewers, dispatcher], chance.randrange(2**32), chance.uniform(0.0, 0.8)))
        witness.examine(copied(server.data, tmp_path / "found"))
        if chance.random() < 0.15:  # and one more while it replays what the last one left
            server.launch()
            time.sleep(chance.uniform(0.2, 1.5))
            server.kill()
            witness.examine(copied(server.data, tmp_path / "found"))
        server.start()
    for sender in senders:
        for car in sender.cars:
            car.sent = max(car.sent, LEG)  # over the border at least once
        asyncio.run(sender.finish(server))
    told = server.events()
    assert server.stop() == 0
    witness.examine(server.data)

    assert told == [{"offset": offset, **event} for offset, event in enumerate(witness.events, 1)]
    assert stored(server.data, cars) == {car.unit: [*range(car.sent + 1)] for car in cars}
    assert sum(car.acked for car in cars) > 20 * kills, "there was something to lose"
    assert dispatcher.acts >= kills
    for car in cars:
        assert _crossings(witness.events, car.unit) == crossings(engine, server.data, car.unit)
    crossed = [event["id"] for event in told if (event["type"], event.get("unit")) == ("crossing.confirmed", CARS[1])]
    decided = [event["crossing"] for event in told if event["type"] == "decision" and event["unit"] == CARS[1]]
    assert crossed
    assert [id_ for id_ in decided if id_ is not None] == crossed, "one decision for each"

    out = tmp_path / "events.ndjson"
    assert run("export", "--data", str(server.data), "--out", str(out)).returncode == 0
    assert lines(out.read_bytes()) == witness.events
    rebuilt = run("rebuild", "--data", str(server.data))
    assert json.loads(rebuilt.stdout) == {"events": len(told), "identical": True}
