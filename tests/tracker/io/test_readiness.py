"""Whether the server can do its work: each thing that is wrong is named, and asking hurts nobody."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from borders.atlas import Atlas
from tracker.io import readiness as readiness_module
from tracker.io.boundaries import Boundaries
from tracker.io.clock import Clock
from tracker.io.journal import Journal
from tracker.io.readiness import WITHIN_S, Readiness, write_probe
from tracker.io.service import Service, Unavailable
from tracker.io.sqlite import Broken

Make = Callable[..., Readiness]


@pytest_asyncio.fixture
async def make(service: Service, atlas: Atlas, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Readiness] = []

    def of(
        write: Callable[[Path], None] | None = None, boundaries: Boundaries | None = None, clock: Clock | None = None
    ) -> Readiness:
        found = boundaries or Boundaries(atlas)
        made.append(Readiness(service, tmp_path / "data", found, clock or Clock(), write))
        return made[-1]

    yield of
    for one in made:
        one.close()


async def wrong(readiness: Readiness) -> dict[str, str]:
    """What is not well, and why."""
    return {name: check.text for name, check in (await readiness.look()).items() if not check.is_well}


async def test_all_is_well_and_nothing_is_left_behind(make: Make, tmp_path: Path) -> None:
    before = sorted((tmp_path / "data").iterdir())
    checks = await make().look()

    assert {name: check.text for name, check in checks.items()} == dict.fromkeys(
        ("borders", "journal", "disk", "clock"), "ok"
    )
    assert sorted((tmp_path / "data").iterdir()) == before


async def test_a_disk_that_cannot_be_written_to_is_named(make: Make) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert await wrong(make(full)) == {"disk": "cannot be written to: No space left on device"}


async def test_a_disk_that_hangs_is_named_and_tried_by_one_thread_and_never_waited_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness_module, "WITHIN_S", 0.1)
    monkeypatch.setattr(readiness_module, "FRESH_S", 0.0)
    going_on, tried = threading.Event(), []

    def hang(path: Path) -> None:
        tried.append(path)
        going_on.wait(20)

    looking = make(hang)
    try:
        for _ in range(3):
            began_at, turns = time.monotonic(), 0
            asked = asyncio.create_task(wrong(looking))
            while not asked.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert turns >= 3, "the loop goes on meanwhile"
            assert "has not come back for" in (await asked)["disk"]
            assert time.monotonic() - began_at < 5
        assert len(tried) == 1
    finally:
        going_on.set()
    while await wrong(looking):
        await asyncio.sleep(0.01)


async def test_many_who_ask_at_once_cost_one_write(make: Make) -> None:
    written = []

    def write(path: Path) -> None:
        written.append(path)
        write_probe(path)

    looking = make(write)
    await asyncio.gather(*(looking.look() for _ in range(50)))
    await looking.look()

    assert len(written) == 1


async def test_a_journal_whose_thread_is_stuck_is_named(
    make: Make, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness_module, "WITHIN_S", 0.1)
    going_on = threading.Event()
    stuck = asyncio.create_task(service.in_journal(lambda _: going_on.wait(20)))
    await asyncio.sleep(0)
    try:
        found = await wrong(make())
    finally:
        going_on.set()
        await stuck

    assert list(found) == ["journal"]
    assert "its thread has not answered for" in found["journal"]


async def test_a_journal_that_failed_is_named(make: Make, service: Service) -> None:
    def fail(_: Journal) -> None:
        raise Broken("the disk is gone")

    with pytest.raises(Unavailable):
        await service.in_journal(fail)

    assert "the journal failed" in (await wrong(make()))["journal"]
    service.failed.exception()


async def test_missing_borders_are_named_and_a_copy_is_told_and_well(make: Make, atlas: Atlas) -> None:
    none = await wrong(make(boundaries=Boundaries(None, "the boundary file is corrupt")))
    copy = (await make(boundaries=Boundaries(atlas, "the boundary file is corrupt")).look())["borders"]

    assert none == {"borders": "no border is watched: the boundary file is corrupt"}
    assert copy == (True, "a copy is used: the boundary file is corrupt")


async def test_a_clock_that_was_set_or_is_behind_is_named(make: Make, service: Service) -> None:
    behind = Clock()
    behind.advance_to(time.time() + 3_600)  # noqa: TID251
    assert list(await wrong(make(clock=behind))) == ["clock"]

    service.faults.set("clock_step", "the server's clock was set")
    assert await wrong(make()) == {"clock": "the server's clock was set"}
    assert WITHIN_S <= 2.0
