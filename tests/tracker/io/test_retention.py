"""Retention: what is too old is gone, from the file too; what is kept is all there; and the rest replays as before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager, closing, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from tests.tracker.io.live_room import Room, receive_until, start, subscribe
from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, STARTED_AT
from tracker.engine import Engine
from tracker.errors import Corrupt, Refused
from tracker.fix import Fix
from tracker.inputs import (
    EndPursuit,
    Forget,
    Input,
    JoinPursuit,
    PingReceived,
    StartPursuit,
    UnitRegistered,
    decode,
    encode,
)
from tracker.io import erasing, recovery
from tracker.io.clock import Clock
from tracker.io.erasing import Limits
from tracker.io.journal import Journal
from tracker.io.retention import Retention
from tracker.io.service import Service
from tracker.units import Unit
from tracker.world import World

LIMITS = Limits(positions_s=3_600.0, events_s=36_000.0)
UNITS = ("BE-1", "BE-2", "NL-1", "LU-1")


@dataclass
class Chase:
    """A pursuit, as the test remembers it: whose it is, since when, until when."""

    since: dict[str, float]
    ended: float | None = None
    held: bool = False

    def keeps(self, longer_than: float) -> bool:
        return self.held or self.ended is None or self.ended >= longer_than


@dataclass
class Life:
    """A service on a directory, a clock that only this test moves, and what ought to be in the journal."""

    directory: Path
    engine: Engine
    at: float = STARTED_AT
    seq: int = 0
    pings: list[tuple[float, str, int]] = field(default_factory=list)
    chases: dict[str, Chase] = field(default_factory=dict)
    erased_at: float = 0.0
    service: Service = field(init=False)
    retention: Retention = field(init=False)

    @asynccontextmanager
    async def open(self) -> Any:
        clock = Clock(lambda: self.at, lambda: self.at)
        self.service = await Service.open(self.directory, self.engine, clock)
        self.retention = Retention(self.service, LIMITS, clock.now, monotonic=lambda: self.at)
        try:
            yield
        finally:
            await self.service.close()

    async def do(self, *inputs: Input) -> None:
        for outcome in await self.service.submit(list(inputs)):
            assert isinstance(outcome, list), outcome

    async def drive(self, unit: str, count: int) -> None:
        """Some fixes of a car that goes to and fro over the border."""
        for _ in range(count):
            self.at += 1.0
            self.seq += 1
            north_m = 1_200 * (1 if self.seq % 160 < 80 else -1) * ((self.seq % 80) / 40 - 1)
            fix = Fix(unit, "a1", self.seq, self.at - 0.2, LON, BORDER_LAT + north_m / M_PER_DEG, 4.0, 30.0, 0.0)
            await self.do(PingReceived(fix, self.at))
            self.pings.append((self.at, unit, self.seq))

    async def erase(self) -> None:
        self.at += 1.0
        self.erased_at = self.at
        await self.retention.erase()
        there = self.expected()
        self.pings = [ping for ping in self.pings if ping[1:] in there]  # what is gone stays gone, whoever holds it now

    def expected(self) -> set[tuple[str, int]]:
        """The pings that must be there, worked out the plain way."""
        before = self.erased_at - LIMITS.positions_s
        return {
            (unit, seq)
            for at, unit, seq in self.pings
            if at >= before
            or any(
                chase.keeps(before) and unit in chase.since and chase.since[unit] <= at <= (chase.ended or at)
                for chase in self.chases.values()
            )
        }

    async def found(self) -> set[tuple[str, int]]:
        return await self.service.in_journal(_pings)


def tables(world: World) -> dict[str, Any]:
    """What a world holds; the order within a table is nobody's business."""
    return {name: value for name, value in vars(world).items() if not name.startswith("_")}


def _pings(journal: Journal) -> set[tuple[str, int]]:
    return {(unit, int(n)) for unit, n in journal.rows("SELECT unit, n FROM input WHERE unit IS NOT NULL")}


async def act(life: Life, random: Random) -> None:
    """One thing of those that happen."""
    choice = random.randrange(8)
    running = [name for name, chase in life.chases.items() if chase.ended is None]
    busy = {unit for name in running for unit in life.chases[name].since}
    free = [unit for unit in UNITS if unit not in busy]
    life.at += 1.0
    if choice == 0 and free:
        name, unit = f"p-{len(life.chases)}", random.choice(free)
        await life.do(StartPursuit(at=life.at, id=name, unit=unit, note=f"note of {name}"))
        life.chases[name] = Chase({unit: life.at})
    elif choice == 1 and free and running:
        name, unit = random.choice(running), random.choice(free)
        await life.do(JoinPursuit(at=life.at, id=name, unit=unit))
        life.chases[name].since[unit] = life.at
    elif choice == 2 and running:
        name = random.choice(running)
        await life.do(EndPursuit(at=life.at, id=name))
        life.chases[name].ended = life.at
    elif choice == 3 and life.chases:
        name = random.choice(list(life.chases))
        try:
            life.chases[name].held = await toggle(life, name)
        except Refused:
            assert not life.chases[name].keeps(life.erased_at - LIMITS.events_s), "nothing is left of it"
    elif choice == 4:
        life.at += random.choice([60, 900, 2_000, 5_000, 20_000])
    else:
        await life.drive(random.choice(UNITS), random.randrange(5, 40))


async def toggle(life: Life, name: str) -> bool:
    if life.chases[name].held:
        await life.retention.release(name, "A. Chief", "the case is closed")
        return False
    await life.retention.hold(name, "A. Chief", "case 12")
    return True


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_erased_the_rest_is_as_it_was(tmp_path: Path, engine: Engine, seed: int) -> None:
    """Any order of drives, pursuits, holds, pauses, erasures and restarts."""
    random = Random(seed)
    life = Life(tmp_path, engine)
    erasures = 0
    for _ in range(4):
        async with life.open():
            await life.do(*(UnitRegistered(Unit(unit, unit[:2], unit[3:]), life.at) for unit in UNITS))
            for _ in range(12):
                await act(life, random)
                if random.random() < 0.25:
                    await life.erase()
                    assert await life.found() == life.expected()
                    erasures += 1
            world = deepcopy(tables(life.service.world))
        rebuilt = recovery.rebuild(tmp_path)
        assert rebuilt.identical, msgspec.json.format(msgspec.json.encode(rebuilt)).decode()
        async with life.open():
            assert tables(life.service.world) == world
        # And with nothing but the base to begin from.
        with closing(Journal(tmp_path, create=False)) as journal:
            journal._connection.execute("DELETE FROM snapshot WHERE NOT milestone")
        async with life.open():
            assert tables(life.service.world) == world
    assert erasures > 3


async def chased(life: Life) -> None:
    """A pursuit over the border, and a car that has nothing to do with it."""
    await life.do(UnitRegistered(Unit("BE-1", "BE", "1"), life.at))
    await life.drive("NL-1", 20)
    await life.do(StartPursuit(at=life.at, id="p-1", unit="BE-1", note="NOTE-CANARY"))
    await life.drive("BE-1", 170)
    await life.do(EndPursuit(at=life.at, id="p-1"))
    life.at += 60


def everything(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file())


async def test_what_is_erased_is_gone_from_the_file(tmp_path: Path, engine: Engine) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await life.drive("NL-CANARY", 20)
        await chased(life)
        assert b"NL-CANARY" in everything(tmp_path)
        life.at += LIMITS.positions_s
        await life.drive("LU-1", 3)
        await life.erase()
        life.at += LIMITS.positions_s
        await life.drive("LU-1", 3)
        await life.erase()
        left = {seq for unit, seq in await life.found() if unit != "LU-1"}
        assert left == set()
        # Its sightings are events, and go when those go.
        life.at += LIMITS.events_s
        await life.erase()
        life.at += LIMITS.positions_s
        await life.erase()
        assert b"NL-CANARY" not in everything(tmp_path)
        assert b"NOTE-CANARY" not in everything(tmp_path)
        assert "p-1" not in life.service.world.pursuits
        assert "NL-CANARY" not in life.service.world.tracks
        offset = life.service.world.offset
        await life.drive("BE-2", 2)
        assert life.service.world.offset == offset + 1, "offsets go on"
    with closing(Journal(tmp_path, create=False)) as journal:
        remembered = erasing.remembered(journal)
    assert [one.act for one in remembered] == ["begun", "erased"] * (len(remembered) // 2)
    assert sum(one.pings or 0 for one in remembered) >= 210
    assert b"CANARY" not in msgspec.json.encode(remembered)


async def test_a_pursuit_that_is_held_stays_whole_until_it_is_released(tmp_path: Path, engine: Engine) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        before = [body for _, body in await life.service.events(0, 1_000) if b'"p-1"' in body]
        await life.retention.hold("p-1", "A. Chief", "case 12")
        life.chases["p-1"] = Chase({"BE-1": STARTED_AT + 20}, STARTED_AT + 190.5, held=True)
        for _ in range(3):
            life.at += LIMITS.events_s
            await life.erase()
        assert {unit for unit, _ in await life.found()} == {"BE-1"}
        assert len(await life.found()) == 170
        after = [body for _, body in await life.service.events(0, 1_000)]
        assert [body for body in after if b'"p-1"' in body] == before
        assert "p-1" in life.service.world.pursuits
        with pytest.raises(Refused, match=r"held already, by A\. Chief since"):
            await life.retention.hold("p-1", "B", "mine")

        await life.retention.release("p-1", "A. Chief", "the case is closed")
        await life.erase()
        assert await life.found() == set()
        assert await life.service.events(0, 1_000) == []
        acts = [one.act for one in await life.service.in_journal(erasing.remembered)]
        assert acts[0] == "held"
        assert acts[-3:] == ["released", "begun", "erased"]

    out = tmp_path / "out.ndjson"
    exported = recovery.export(tmp_path, out)
    assert (exported.events, out.read_bytes()) == (0, b"")
    assert exported.erased == exported.erased_upto == life.service.world.offset


@pytest.mark.parametrize(("field_", "by", "reason"), [("by", " ", "x"), ("reason", "x", ""), ("pursuit", "x", "x")])
async def test_a_hold_names_who_why_and_what(tmp_path: Path, engine: Engine, field_: str, by: str, reason: str) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        with pytest.raises(Refused) as refused:
            await life.retention.hold("p-9", by, reason)

    assert refused.value.field == field_


@pytest.mark.parametrize("steps", range(0, 40, 6))
async def test_a_run_that_is_cut_off_is_finished_by_the_next(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """After any number of transactions of the run, the process is gone."""

    class Gone(Exception):
        pass

    monkeypatch.setattr(erasing, "STEP", 10)
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        life.at += LIMITS.positions_s
        await life.drive("LU-1", 5)
        delete, left = erasing._delete, iter(range(steps))

        def delete_or_die(*arguments: Any) -> None:
            if next(left, None) is None:
                raise Gone
            delete(*arguments)

        monkeypatch.setattr(erasing, "_delete", delete_or_die)
        with suppress(Gone):
            await life.erase()
        monkeypatch.setattr(erasing, "_delete", delete)
        world = deepcopy(tables(life.service.world))
    assert recovery.rebuild(tmp_path).identical

    async with life.open():
        assert tables(life.service.world) == world
        await life.erase()
        life.chases["p-1"] = Chase({"BE-1": STARTED_AT + 20}, STARTED_AT + 190.5)
        assert await life.found() == life.expected()
    assert recovery.rebuild(tmp_path).identical


async def test_rebuild_says_where_it_began_and_export_what_is_missing(tmp_path: Path, engine: Engine) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        life.at += LIMITS.events_s + 1
        await life.drive("LU-1", 5)
        await life.erase()
        count = life.service.world.offset
    rebuilt = recovery.rebuild(tmp_path)
    exported = recovery.export(tmp_path, tmp_path / "out.ndjson")

    assert rebuilt.identical
    assert rebuilt.after_input > 0
    assert exported.events + exported.erased == count
    assert 0 < exported.erased <= exported.erased_upto

    # What is missing without having been erased is still found out.
    with closing(Journal(tmp_path, create=False)) as journal:
        journal._connection.execute("UPDATE meta SET value = 1 WHERE key = 'events_upto'")
    with pytest.raises(Corrupt, match="the journal has no event"):
        recovery.export(tmp_path, tmp_path / "out.ndjson")


async def test_after_an_update_that_cannot_read_the_base_the_server_goes_on(tmp_path: Path, engine: Engine) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        life.at += LIMITS.positions_s
        await life.drive("LU-1", 5)
        await life.erase()
        await life.drive("LU-1", 5)
        offset = life.service.world.offset
    with closing(Journal(tmp_path, create=False)) as journal:
        journal._connection.execute("UPDATE snapshot SET layout = 'older', digest = x'00'")
    async with life.open():
        assert life.service.world.offset == offset
        assert list(life.service.world.tracks) == ["LU-1"]
        await life.drive("LU-1", 5)
    with pytest.raises(Corrupt, match="base"):
        recovery.rebuild(tmp_path)


class Enough(Exception):
    pass


async def runs(monkeypatch: pytest.MonkeyPatch, retention: Retention, *pauses: Callable[[], None]) -> bool:
    """Let it run for so many looks, each after what happens in the pause before; whether it came to erase anything."""
    rest, erased = list(pauses), []

    async def sleep(_: float) -> None:
        if not rest:
            raise Enough
        rest.pop(0)()

    async def erase() -> None:
        erased.append(True)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_erase_all", erase)
        patch.setattr("tracker.io.retention.asyncio.sleep", sleep)
        with pytest.raises(Enough):
            await retention.run()
    return bool(erased)


class Wall:
    """The clocks of a life: one that can be set, and one that cannot."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.set_by_s = 0.0
        self.retention = Retention(life.service, LIMITS, lambda: life.at, monotonic=lambda: life.at - self.set_by_s)

    def wait(self) -> None:
        self.life.at += 900.0

    def step(self, by_s: float) -> Callable[[], None]:
        def pause() -> None:
            self.wait()
            self.set_by_s += by_s
            self.life.at += by_s

        return pause


async def test_a_step_of_minutes_is_waited_for_until_it_holds(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        wall = Wall(life)
        assert await runs(monkeypatch, wall.retention, wall.wait)
        assert not await runs(monkeypatch, wall.retention, wall.step(600.0))
        assert await runs(monkeypatch, wall.retention, wall.wait)


async def test_a_clock_that_was_set_forward_by_days_erases_nothing_until_a_unit_speaks_for_it(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await chased(life)
        wall = Wall(life)
        assert not await runs(monkeypatch, wall.retention, wall.step(400_000.0))
        assert not await runs(monkeypatch, wall.retention, *[wall.wait] * 5)
        life.seq += 1
        late = Fix("NL-2", "a1", life.seq, life.at - 400_000, LON, BORDER_LAT, 4.0, 30.0, 0.0)
        await life.do(PingReceived(late, life.at))
        assert wall.retention.waits, "its receiver says that the clock is wrong"
        await life.drive("NL-2", 1)
        assert not wall.retention.waits
        assert await runs(monkeypatch, wall.retention, wall.wait)


@pytest.mark.parametrize("who", ["a unit", "a person", "what is simulated"])
async def test_a_server_that_wakes_far_ahead_of_its_journal_erases_nothing_until_somebody_speaks_for_the_clock(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        await life.drive("BE-1", 20)
        there = await life.found()
    life.at += 30 * 86_400.0
    async with life.open():
        assert life.retention.waits
        assert not await runs(monkeypatch, life.retention, *[Wall(life).wait] * 10)
        assert await life.found() == there
        if who == "a person":
            await life.retention.erase()
            assert await life.found() == set()
        else:
            await life.drive("BE-2" if who == "a unit" else "SIM-1:BE-2", 1)
        assert life.retention.waits == (who == "what is simulated")
        assert await runs(monkeypatch, life.retention, Wall(life).wait) == (who != "what is simulated")


async def test_a_restart_needs_nobody(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(tmp_path, engine)
    async with life.open():
        assert not life.retention.waits, "there is nothing that it could be ahead of"
        await life.drive("BE-1", 5)
    life.at += 600.0
    async with life.open():
        assert not life.retention.waits
        assert await runs(monkeypatch, life.retention, Wall(life).wait)


def test_an_input_that_forgets_is_kept_like_any_other() -> None:
    entry = Forget(at=2.0, heard_before=1.0, ended_before=0.5, events_upto=3, held=("p-1",))

    assert decode(encode(entry)) == entry


async def test_a_viewer_that_missed_what_is_erased_starts_afresh(room: Room) -> None:
    for number in range(5):
        await room.submit(start(number))

    def erase_three(journal: Journal) -> None:
        with journal.transaction():
            list(journal.rows("DELETE FROM event WHERE offset <= 3"))
            list(journal.rows("INSERT OR REPLACE INTO meta VALUES ('events_upto', '3')"))

    await room.service.in_journal(erase_three)
    for offset, recovered in ((1, False), (3, True), (4, True)):
        async with subscribe(room, epoch=room.service.epoch, offset=offset) as (viewer, snapshot):
            assert snapshot["recovered"] is recovered
            if recovered:
                assert (await receive_until(viewer, "event"))["offset"] == offset + 1
