"""While the disk is full: what matters is recorded with its evidence, and nothing else has happened."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.tracker.io.drives import opened, ping
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.events import CrossingConfirmed, Event
from tracker.inputs import StartPursuit, Tick, decode
from tracker.io import recovery
from tracker.io.ballast import Ballast
from tracker.io.batch import Unrecorded
from tracker.io.journal import Journal
from tracker.io.ration import HELD, Ration
from tracker.io.service import Service


@pytest_asyncio.fixture
async def rationed(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    async with opened(tmp_path / "data", engine) as service:
        service._ration = Ration()
        yield service


def confirmed(events: list[Event]) -> list[CrossingConfirmed]:
    return [event for event in events if isinstance(event, CrossingConfirmed)]


async def test_a_position_that_proves_nothing_leaves_no_trace(rationed: Service) -> None:
    before = rationed._draft.encode()
    for seq in range(2 * HELD):
        (outcome,) = await rationed.submit([ping(seq=seq)])
        assert isinstance(outcome, Unrecorded)
    await rationed.submit([Tick(STARTED_AT + 1_000)])

    assert rationed._draft.encode() == rationed.world.encode() == before
    assert rationed._journal.last_input == 0


async def test_a_crossing_is_as_it_would_have_been(rationed: Service, engine: Engine, tmp_path: Path) -> None:
    told: list[Event] = []
    rationed.listen(lambda committed: told.extend(one.event for one in committed.events))
    await rationed.submit([StartPursuit(id="p-1", unit="BE-1", started_in="BE", at=STARTED_AT)])
    refused = 0
    for seq in range(100):
        (outcome,) = await rationed.submit([ping(seq=seq)])
        refused += isinstance(outcome, Unrecorded)
    async with opened(tmp_path / "undisturbed", engine) as undisturbed:
        outcomes = await undisturbed.submit([ping(seq=seq) for seq in range(100)])
    full = [event for outcome in outcomes if isinstance(outcome, list) for event in outcome]

    (crossing,), (expected,) = confirmed(told), confirmed(full)
    assert (crossing.from_, crossing.to) == (expected.from_, expected.to)
    assert crossing.crossed_at[:19] == expected.crossed_at[:19]
    assert crossing.uncertainty_m <= 1.5 * expected.uncertainty_m
    assert "decision" in {type(event).__struct_config__.tag for event in told}
    assert refused > 60
    await rationed.close()
    assert recovery.rebuild(tmp_path / "data").identical


async def test_what_was_not_recorded_may_come_again(rationed: Service, tmp_path: Path) -> None:
    drive = [ping(seq=seq) for seq in range(100)]
    await rationed.submit(drive)
    rationed._ration = None
    for outcome in await rationed.submit(drive):
        assert isinstance(outcome, list)
    await rationed.close()

    with contextlib.closing(Journal(tmp_path / "data")) as journal:
        seqs = [entry.fix.seq for body in journal.pings_of("BE-1", 0) if (entry := decode(body))]  # type: ignore[union-attr]
    assert seqs == [*range(100)]
    assert recovery.rebuild(tmp_path / "data").identical


def test_ballast_is_made_once_and_spent_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, 1_000_000)
    assert ballast.make()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 1_000_000
    assert ballast.make()
    assert ballast.spend()
    assert not ballast.spend()


def test_no_ballast_is_made_where_it_would_fill_the_disk(tmp_path: Path) -> None:
    assert not Ballast(tmp_path, 2**60).make()
    assert list(tmp_path.iterdir()) == []
