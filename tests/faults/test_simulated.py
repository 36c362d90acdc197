"""T13: the service, its journal and a disk, driven by a seed through everything that can befall them.

Cars drive over a border and keep their pings until they are acknowledged. Their messages and the answers are lost,
doubled and late; the process is killed, stopped, or loses its power; the disk is full for a while, or fails to sync;
the clock is set. After each start, and when all is calm again, what was promised is looked for in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import apsw
import pytest
import structlog

from tests.faults.simulated import Loop, Way
from tests.needs import sizes
from tests.power.volatile import Disk
from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, STARTED_AT
from tracker.engine import Engine
from tracker.errors import DrempelloosError, Refused
from tracker.fix import Fix
from tracker.inputs import EndPursuit, Input, PingReceived, StartPursuit, UnitRegistered, decode
from tracker.io import journal as journal_module
from tracker.io import recovery, snapshots
from tracker.io.clock import Clock
from tracker.io.journal import Journal
from tracker.io.service import Committed, Service, Unavailable
from tracker.units import Unit, call_sign_of, state_of
from tracker.world import World

DRIVE_S: Final = 50
SPEED_MPS: Final = 30.0
CALM_S: Final = 90.0
"""Within so long after the last fault everything is acknowledged."""

RESEND_S: Final = 4.0
BATCH: Final = 100
SNAPSHOT_EVERY: Final = 25


class Car:
    """A unit that drives north over the border, and keeps its pings until they are acknowledged."""

    def __init__(self, name: str, random: Random) -> None:
        self.name = name
        self._random = random
        self._start_m = random.uniform(-900.0, -500.0)
        self._east_m = random.uniform(-5.0, 5.0)
        self.sent: dict[int, Fix] = {}
        self.acked: set[int] = set()

    def report(self, second: int) -> Fix:
        """The fix of that second of the drive."""
        along = self._start_m + SPEED_MPS * second + self._random.gauss(0.0, 1.0)
        lon = LON + (self._east_m + self._random.gauss(0.0, 1.0)) / 69_000.0
        fix = Fix(
            self.name, "a1", second, STARTED_AT + second, lon, BORDER_LAT + along / M_PER_DEG, 4.0, SPEED_MPS, 0.0
        )
        self.sent[second] = fix
        return fix

    @property
    def kept(self) -> list[Fix]:
        """The oldest that are not acknowledged."""
        return [fix for seq, fix in self.sent.items() if seq not in self.acked][:BATCH]


class House:
    """The server's process: it is there or not, and whoever ends it leaves the disk behind."""

    def __init__(self, directory: Path, engine: Engine, loop: Loop, random: Random, disk: Disk) -> None:
        self._directory, self._engine, self._loop, self._random = directory, engine, loop, random
        self.disk = disk
        self.service: Service | None = None
        self.wall_ahead_s = 0.0
        self.told: dict[int, bytes] = {}
        """Every event that somebody heard of, by offset."""
        self.lives = 0
        self._working: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        clock = Clock(lambda: STARTED_AT + self._loop.time() + self.wall_ahead_s, self._loop.time)
        self.clock = clock
        self.service = await Service.open(self._directory, self._engine, clock)
        self.service.listen(self._hear)
        self.lives += 1

    def _hear(self, committed: Committed) -> None:
        for told in committed.events:
            assert told.offset == max(self.told, default=0) + 1
            self.told[told.offset] = told.body

    def take(self, way: Way, car: Car, fixes: list[Fix]) -> None:
        """What came from a car, if somebody is there."""
        if self.service is not None:
            task = self._loop.create_task(self._answer(self.service, way, car, fixes))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def _answer(self, service: Service, way: Way, car: Car, fixes: list[Fix]) -> None:
        at = self.clock.now()
        who = UnitRegistered(Unit(car.name, state_of(car.name), call_sign_of(car.name)), at)
        try:
            outcomes = await service.submit([who, *(PingReceived(fix, at) for fix in fixes)])
        except Unavailable:
            return
        assert not any(isinstance(outcome, Refused) for outcome in outcomes), outcomes
        seqs = [fix.seq for fix in fixes]
        way.send(lambda: car.acked.update(seqs))

    async def submit(self, entry: Input) -> bool:
        """A person's command: True once the answer says that it happened, now or before."""
        task = self._loop.create_task(self._command(entry))
        self._working.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._working.discard)
        try:
            return await task
        except asyncio.CancelledError:
            return False

    async def _command(self, entry: Input) -> bool:
        if self.service is None:
            return False
        try:
            (outcome,) = await self.service.submit([entry])
        except Unavailable:
            return False
        return isinstance(outcome, list) or "already" in outcome.reason or "ended" in outcome.reason

    async def end(self, *, power: bool = False) -> None:
        """The process is gone from one moment to the next, and with the power what the disk had not synced."""
        service, self.service = self.service, None
        if service is None:
            return
        tasks = [*service._tasks, *self._working]
        if service._snapshots._task is not None:
            tasks.append(service._snapshots._task)
        self._loop.end_process(tasks)
        if power:
            self.disk.cut_after(0)
        else:
            self.disk.end_process()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(apsw.Error):
            service._journal._connection.close(True)
        if service.failed.done():
            service.failed.exception()
        if power:
            self.disk.restore()

    async def stop(self) -> None:
        """In good order."""
        service, self.service = self.service, None
        if service is not None:
            await service.close()
            await asyncio.gather(*self._working, return_exceptions=True)
            self.disk.end_process()

    async def start(self) -> None:
        """As an operator's supervisor does: until it is up. A disk on which nothing can be done is set right first."""
        while self.service is None:
            await asyncio.sleep(self._random.uniform(0.2, 3.0))
            try:
                await self.open()
            except DrempelloosError:
                self.disk.end_process()
                self.disk.is_broken = self.disk.is_full = False


def stored(journal: Journal) -> dict[tuple[str, int], Fix]:
    """Every ping of the journal, each once."""
    found: dict[tuple[str, int], Fix] = {}
    newest_at = 0.0
    for cause in journal.causes(0, 0):
        entry = decode(cause.body)
        at = recovery.time_of(entry)
        assert at >= newest_at
        newest_at = at
        if isinstance(entry, PingReceived):
            key = entry.fix.unit, int(entry.fix.seq)
            assert key not in found
            found[key] = entry.fix
    return found


class Course:
    """One seed."""

    def __init__(self, directory: Path, engine: Engine, seed: int) -> None:
        self._random = random = Random(seed)
        self._engine = engine
        self._loop = Loop(random)
        self._name = f"simulated-{seed}"
        self._disk = Disk(self._name, random)
        self._house = House(directory, engine, self._loop, random, self._disk)
        self._cars = [Car(name, random) for name in ("BE-K03", "BE-K04", "NL-8")[: random.randint(1, 3)]]
        self._ways = {car.name: Way(self._loop, random) for car in self._cars}
        self._is_calm = False
        self.befell: Counter[str] = Counter()

    def run(self) -> None:
        """Let it happen."""
        with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            patch.setattr(journal_module, "sync_directory", lambda _: self._disk.sync_directory())
            patch.setattr(recovery, "Journal", partial(Journal, vfs=self._name))
            patch.setattr(snapshots, "EVERY", SNAPSHOT_EVERY)
            runner.run(self._happen())
        self._disk.unregister()

    async def _happen(self) -> None:
        await self._house.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._befall())
            group.create_task(self._pursue())
            drives = [group.create_task(self._drive(car)) for car in self._cars]
            await asyncio.gather(*drives)
        self._look()
        self._look_at_the_whole()
        await self._house.stop()

    async def _drive(self, car: Car) -> None:
        way = self._ways[car.name]
        await asyncio.sleep(self._random.random())
        for second in range(DRIVE_S):
            fix = car.report(second)
            way.send(partial(self._house.take, way, car, [fix]))
            if second % RESEND_S == 0 and car.kept:
                way.send(partial(self._house.take, way, car, car.kept))
            await asyncio.sleep(1.0)
        self._calm()
        async with asyncio.timeout(CALM_S):
            while car.kept:
                way.send(partial(self._house.take, way, car, car.kept))
                await asyncio.sleep(RESEND_S)

    def _calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self._is_calm = True
        self._disk.is_full = False
        for way in self._ways.values():
            way.is_good = True

    async def _pursue(self) -> None:
        """A dispatcher who says everything until it is answered."""
        id_, unit = "p-1", self._cars[0].name
        await asyncio.sleep(self._random.uniform(1.0, 10.0))
        while not await self._house.submit(StartPursuit(id=id_, unit=unit, at=STARTED_AT)):
            await asyncio.sleep(1.0)
        while not self._is_calm:
            await asyncio.sleep(1.0)
        while not await self._house.submit(EndPursuit(id=id_, at=STARTED_AT)):
            await asyncio.sleep(1.0)

    async def _befall(self) -> None:
        random, house, disk = self._random, self._house, self._disk
        while not self._is_calm:
            await asyncio.sleep(random.uniform(0.5, 15.0))
            if self._is_calm:
                break
            what = random.choice(("kill", "power", "cut", "stop", "broken", "full", "clock"))
            self.befell[what] += 1
            match what:
                case "kill" | "power":
                    await house.end(power=what == "power")
                case "cut":  # in the midst of a write
                    disk.cut_after(random.randrange(60))
                    await self._failed(10.0)
                    await house.end(power=True)
                    disk.restore()
                case "stop":
                    await house.stop()
                case "broken":
                    disk.is_broken = True
                    await self._failed(10.0)
                    disk.is_broken = False
                    await house.end()
                case "full":
                    disk.is_full = True
                    await asyncio.sleep(random.uniform(0.5, 8.0))
                    disk.is_full = False
                case "clock":
                    house.wall_ahead_s += random.choice((-3_600.0, -2.0, 2.0, 3_600.0))
            if house.service is None:
                await house.start()
                self._look()

    async def _failed(self, seconds: float) -> None:
        """Wait until the service has met the fault that was prepared."""
        service = self._house.service
        assert service is not None
        with contextlib.suppress(TimeoutError, DrempelloosError):
            await asyncio.wait_for(asyncio.shield(service.failed), seconds)

    def _look(self) -> None:
        """What was acknowledged and what was told is in the journal, as it was."""
        service = self._house.service
        assert service is not None
        found = stored(service._journal)
        for car in self._cars:
            for seq in car.acked:
                assert found.get((car.name, seq)) == car.sent[seq], f"{seq} of {car.name} was acknowledged"
        events = dict(service._journal.events(0, 1_000_000))
        assert {offset: events.get(offset) for offset in self._house.told} == self._house.told
        assert len({json.loads(body)["id"] for body in events.values()}) == len(events)
        # What a commit made known to nobody, since the process ended just then, was told when it started.
        self._house.told = events

    def _look_at_the_whole(self) -> None:
        """All that was sent is there, once; it means what it would have meant without all this; and it replays."""
        service = self._house.service
        assert service is not None
        found = stored(service._journal)
        assert found == {(car.name, seq): fix for car in self._cars for seq, fix in car.sent.items()}
        assert service.world.pursuits["p-1"].phase.value == "ended"
        for car in self._cars:
            assert standing(service._journal, car.name) == [("BE", "NL")], car.name
        world = World()
        replayed = recovery._replay(service._journal, self._engine, world, 0, 0.0)
        assert replayed.differing == 0
        for name, table in vars(service.world).items():
            if isinstance(table, dict):
                assert vars(world)[name] == table, name


def standing(journal: Journal, unit: str) -> list[tuple[str, str]]:
    """The crossings of a unit that were told and not taken back, in order of their times."""
    crossings: dict[str, dict[str, str]] = {}
    for _, body in journal.events(0, 1_000_000):
        event = json.loads(body)
        if event.get("unit") != unit:
            continue
        match event["type"]:
            case "crossing.confirmed":
                crossings[event["id"]] = event
            case "crossing.corrected":
                del crossings[event["supersedes"]]
                crossings[event["id"]] = event
            case "crossing.retracted" if event["takes_back"] == "confirmed":
                del crossings[event["supersedes"]]
    ordered = sorted(crossings.values(), key=lambda event: event["crossed_at"])
    return [(event["from"], event["to"]) for event in ordered]


@pytest.fixture
def quiet() -> Iterator[None]:
    """What goes wrong here is meant to, and to write it all down takes longer than to let it happen."""
    with structlog.testing.capture_logs():
        yield


# A connection to a disk that lied complains once more when it is let go.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("seeds", sizes(25, soak=2_000, long=1_000_000))
def test_whatever_befalls_it_nothing_is_lost_doubled_or_made_up(tmp_path: Path, engine: Engine, seeds: int) -> None:
    befell: Counter[str] = Counter()
    for seed in range(seeds):
        print(f"seed {seed}")
        course = Course(tmp_path / str(seed), engine, seed)
        course.run()
        befell += course.befell
    print(dict(befell))
    assert min(befell.values()) > 0
    assert len(befell) == 7


def test_a_seed_happens_again_as_it_happened(tmp_path: Path, engine: Engine) -> None:
    told = []
    for attempt in range(2):
        course = Course(tmp_path / str(attempt), engine, 7)
        course.run()
        told.append(course._house.told)
    assert told[0] == told[1]
