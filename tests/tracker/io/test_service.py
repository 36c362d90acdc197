from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from borders.atlas import Atlas
from borders.crossing import Detector
from tests.tracker.io.drives import opened, ping
from tests.tracker.road import STARTED_AT
from tracker import events
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import CrossingConfirmed, Event, UnitSeen
from tracker.fix import Fix
from tracker.inputs import Input, PingReceived, StartPursuit, Tick, UnitRegistered, decode
from tracker.io import lanes
from tracker.io import service as service_module
from tracker.io.clock import Clock
from tracker.io.journal import Journal
from tracker.io.recovery import time_of
from tracker.io.service import Committed, Service, Unavailable
from tracker.io.sqlite import Broken
from tracker.units import Unit
from tracker.world import World


@pytest_asyncio.fixture
async def service(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    async with opened(tmp_path / "data", engine) as service:
        yield service


async def journalled(service: Service) -> list[Input]:
    """Everything in the journal."""
    causes = await service._in_thread(lambda: list(service._journal.causes(0, 0)))
    return [decode(cause.body) for cause in causes]


async def accepted(service: Service, *inputs: Input) -> list[list[Event]]:
    outcomes = []
    for outcome in await service.submit(inputs):
        assert isinstance(outcome, list), outcome
        outcomes.append(outcome)
    return outcomes


async def limit_pages(service: Service, pages: int | None) -> None:
    """Let the disk be full (SQLITE_FULL) from this page on, or not any more."""
    connection = service._journal._connection

    def limit() -> None:
        connection.pragma("max_page_count", 2**32 - 2 if pages is None else pages)

    await service._in_thread(limit)


def named(outcome: list[Event] | Refused) -> tuple[str, str]:
    assert isinstance(outcome, Refused)
    return outcome.field, outcome.reason


async def test_a_drive_across_the_border_gives_one_crossing_everywhere(service: Service) -> None:
    """In the answers, in the journal, in what listeners hear, and in the world."""
    heard: list[Committed] = []
    service.listen(heard.append)
    await accepted(service, StartPursuit(id="p-1", unit="BE-1", at=STARTED_AT))
    answers = [event for seq in range(80) for one in await accepted(service, ping(seq=seq)) for event in one]

    stored = await service.events(0, 1_000)
    assert sum(isinstance(event, CrossingConfirmed) for event in answers) == 1
    assert [offset for offset, _ in stored] == list(range(1, service.world.offset + 1))
    assert [body for _, body in stored][1:] == [events.encode(event) for event in answers]
    assert [one[:3] for committed in heard for one in committed.events] == [
        (offset, events.decode(body), body) for offset, body in stored
    ]
    assert all(committed.moved == {"BE-1": None} for committed in heard[1:])
    assert service.world.tracks["BE-1"].territory == "NL"


async def test_a_resend_is_answered_and_applied_once(service: Service) -> None:
    first, second = await accepted(service, ping(seq=5), ping(seq=5))
    [third] = await accepted(service, ping(seq=5, late_s=9))

    assert len(first) == 1
    assert (second, third) == ([], [])
    assert len(await journalled(service)) == 1


async def test_a_resend_after_a_restart_is_applied_once(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await accepted(service, *(ping(seq=seq) for seq in range(10)))
    async with opened(tmp_path, engine) as service:
        outcomes = await accepted(service, *(ping(seq=seq) for seq in range(5, 15)))

        assert [one.fix.seq for one in await journalled(service) if isinstance(one, PingReceived)] == [*range(15)]
        assert outcomes[:5] == [[]] * 5


@pytest.mark.parametrize("together", [True, False])
async def test_a_name_that_is_taken_by_another_ping_is_refused(service: Service, together: bool) -> None:
    pings = [ping(seq=5), ping(seq=5, north_m=-9_000)]
    outcomes = await service.submit(pings) if together else [(await service.submit([one]))[0] for one in pings]

    assert named(outcomes[1]) == ("seq", "5 of boot a1 is already used for another position")
    assert len(await journalled(service)) == 1


async def test_pings_without_number_are_named_by_their_time(service: Service) -> None:
    fix = msgspec.structs.replace(ping().fix, boot="", seq=-1)
    other = msgspec.structs.replace(fix, lat=51.0)
    outcomes = await service.submit([PingReceived(one, STARTED_AT) for one in (fix, fix, other)])

    assert outcomes[1] == []
    field, reason = named(outcomes[2])
    assert field == "t"
    assert "already used for another position of BE-1" in reason


async def test_a_late_ping_is_not_mistaken_for_a_resend(service: Service) -> None:
    await accepted(service, ping(seq=1), ping(seq=9))
    await accepted(service, ping(seq=5))

    assert [one.fix.seq for one in await journalled(service) if isinstance(one, PingReceived)] == [1, 9, 5]
    assert service.world.tracks["BE-1"].fix.seq == 9


async def test_a_number_is_known_even_where_its_fix_was_never_the_newest(service: Service) -> None:
    """A device whose clock went back: the higher number has the older time."""
    odd = ping(seq=6)
    odd = PingReceived(msgspec.structs.replace(odd.fix, fixed_at=STARTED_AT - 50), odd.received_at)
    await accepted(service, ping(seq=5), odd)

    assert await accepted(service, odd) == [[]]
    assert len(await journalled(service)) == 2


async def test_those_who_come_together_share_a_transaction(service: Service) -> None:
    commits: list[Committed] = []
    service.listen(commits.append)
    pings = [ping(f"BE-{number}", seq) for number in range(40) for seq in range(5)]
    await asyncio.gather(*(service.submit([one]) for one in pings))

    assert len(await journalled(service)) == 200
    assert len(commits) <= 5


async def test_nobody_hears_of_what_is_not_on_the_disk(service: Service) -> None:
    heard: list[Committed] = []
    service.listen(heard.append)
    # Only the writing waits behind this; the look into the journal is over.
    await accepted(service, ping(seq=0))
    heard.clear()
    slow = asyncio.create_task(service._in_thread(time.sleep, 0.3))
    waiting = asyncio.create_task(service.submit([ping(seq=1), StartPursuit(id="p-1", unit="BE-1", at=STARTED_AT)]))
    await asyncio.sleep(0.1)

    assert service._draft.tracks["BE-1"].fix.seq == 1, "the group has been through the core"
    assert service.world.tracks["BE-1"].fix.seq == 0
    assert service.world.pursuits == {}
    assert service.world.offset == 1
    assert (heard, waiting.done()) == ([], False)

    await asyncio.gather(slow, waiting)
    assert service.world.tracks["BE-1"].fix.seq == 1
    assert list(service.world.pursuits) == ["p-1"]
    assert len(heard) == 1


async def test_a_full_disk_takes_nothing_and_the_service_recovers_by_itself(
    service: Service, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "TICK_S", 0.05)
    await accepted(service, ping(seq=0))
    before = service.world.encode()
    await limit_pages(service, 1)
    with pytest.raises(Unavailable, match="the disk is full: nothing was accepted"):
        await service.submit([ping(f"BE-{number}", 0) for number in range(500)])

    assert service.world.encode() == before
    assert service._draft.encode() == before
    assert service.fault == "the disk is full: nothing was accepted"
    assert len(await journalled(service)) == 1
    assert not service.failed.done()

    await limit_pages(service, None)
    async with asyncio.timeout(3):
        while service.fault is not None:
            await asyncio.sleep(0.02)
    await accepted(service, *(ping(f"BE-{number}", 0) for number in range(500)))
    assert len(await journalled(service)) == 500


class FailingDisk(apsw.VFS):
    """A disk whose flushes fail, once told so."""

    def __init__(self) -> None:
        self.fails = False
        super().__init__("failing", "unix")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        disk = self

        class File(apsw.VFSFile):
            def __init__(self) -> None:
                super().__init__("unix", name, flags)

            def xSync(self, sync_flags: int) -> None:  # noqa: N802
                if disk.fails:
                    raise apsw.IOError("the flush failed")
                super().xSync(sync_flags)

        return File()


@pytest.fixture
def failing_disk() -> Iterator[FailingDisk]:
    disk = FailingDisk()
    apsw.set_default_vfs("failing")
    yield disk
    apsw.set_default_vfs("unix")
    disk.unregister()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_failing_disk_ends_the_service_without_a_false_ack(
    failing_disk: FailingDisk, tmp_path: Path, engine: Engine
) -> None:
    service = await Service.open(tmp_path, engine, Clock())
    await accepted(service, ping(seq=0))
    failing_disk.fails = True
    with pytest.raises(Unavailable):
        await service.submit([ping(seq=1)])
    with pytest.raises(Broken):
        await asyncio.wait_for(asyncio.shield(service.failed), 1)
    with pytest.raises(Unavailable, match="the server is stopping"):
        await service.submit([ping(seq=2)])
    assert service.world.tracks["BE-1"].fix.seq == 0
    failing_disk.fails = False
    await service.close()

    async with opened(tmp_path, engine) as again:
        assert [one.fix.seq for one in await journalled(again) if isinstance(one, PingReceived)] == [0]


class Stumbling(Engine):
    """Has a bug that one unit brings out."""

    def step(self, world: World, entry: Input) -> list[Event]:
        if isinstance(entry, PingReceived) and entry.fix.unit == "BE-13":
            raise ZeroDivisionError("a bug")
        return super().step(world, entry)


async def test_a_ping_that_the_core_fails_on_takes_no_other_with_it(
    tmp_path: Path, atlas: Atlas, engine: Engine
) -> None:
    stumbling = Stumbling(Detector(atlas), engine.contact_points, engine.boundary_sha256)
    async with opened(tmp_path, stumbling) as service:
        outcomes = await service.submit([ping("BE-12"), ping("BE-13"), ping("BE-14")])

        assert named(outcomes[1]) == ("", "could not be processed; it is kept for inspection")
        assert set(service.world.tracks) == {"BE-12", "BE-14"}
        [row] = await service.in_journal(Journal.quarantine)
        assert decode(row.body) == ping("BE-13")
        assert "ZeroDivisionError: a bug" in row.error
    async with opened(tmp_path, stumbling) as service:
        assert set(service.world.tracks) == {"BE-12", "BE-14"}
        assert len(await journalled(service)) == 2


class Stuttering(Engine):
    """Gives every first sight of a unit of one kind the same id."""

    def step(self, world: World, entry: Input) -> list[Event]:
        return [
            msgspec.structs.replace(event, id="same") if isinstance(event, UnitSeen) and "X" in event.unit else event
            for event in super().step(world, entry)
        ]


async def test_an_event_id_that_is_taken_hurts_only_who_caused_it(tmp_path: Path, engine: Engine) -> None:
    stuttering = Stuttering(engine.detector, engine.contact_points, engine.boundary_sha256)
    async with opened(tmp_path, stuttering) as service:
        outcomes = await service.submit([ping("BE-1"), ping("X-1"), ping("X-2"), ping("BE-2")])

        assert [isinstance(outcome, Refused) for outcome in outcomes] == [False, False, True, False]
        assert list(service.world.tracks) == ["BE-1", "X-1", "BE-2"]
        assert service.world.offset == 3
        assert [offset for offset, _ in await service.events(0, 9)] == [1, 2, 3]
        assert len(await service.in_journal(Journal.quarantine)) == 1


async def test_server_time_never_goes_back_in_the_journal(service: Service) -> None:
    for late_s in (5.0, -3.0, 0.0, 9.0):
        await accepted(service, ping(seq=int(late_s) + 50, late_s=-late_s))
    times = [time_of(one) for one in await journalled(service)]

    assert times == sorted(times)


async def test_ticks_are_journalled_only_where_they_cause_something(service: Service) -> None:
    await accepted(service, ping(), Tick(STARTED_AT + 1), Tick(STARTED_AT + 60))

    assert [type(one).__name__ for one in await journalled(service)] == ["PingReceived", "Tick"]


async def test_a_unit_is_registered_once_until_its_facts_change(service: Service) -> None:
    unit = Unit("BE-1", "BE", "1")
    marked = Unit("BE-1", "BE", "1", marked=True)
    await accepted(service, *(UnitRegistered(one, STARTED_AT) for one in (unit, unit, marked, marked)))

    assert service.world.units["BE-1"].marked is True
    assert len(await journalled(service)) == 2


async def test_a_refused_command_leaves_no_trace(service: Service) -> None:
    before = service.world.encode()
    outcomes = await service.submit([StartPursuit(id="p 1", unit="BE-1", at=STARTED_AT)])

    assert named(outcomes[0])[0] == "id"
    assert service.world.encode() == before
    assert await journalled(service) == []


async def test_what_is_queued_is_finished_before_closing(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        waiting = [asyncio.create_task(service.submit([ping(seq=seq)])) for seq in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    with pytest.raises(Unavailable, match="the server is stopping"):
        await service.submit([ping(seq=99)])
    journal = Journal(tmp_path, create=False)
    assert journal.last_input == 50
    journal.close()


async def test_a_full_queue_makes_submitters_wait_and_sends_them_away_in_the_end(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MAX_QUEUED", 100)
    monkeypatch.setattr(lanes, "GROUP", 100)
    monkeypatch.setattr(service_module, "MAX_WAIT_S", 0.2)
    slow = asyncio.create_task(service._in_thread(time.sleep, 0.5))
    await asyncio.sleep(0)
    first = [asyncio.create_task(service.submit([ping(f"BE-{n}", s) for s in range(100)])) for n in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable, match="overloaded"):
        await service.submit([ping("BE-9", 0)])

    await asyncio.gather(slow, *first)
    await accepted(service, ping("BE-9", 0))
    assert len(await journalled(service)) == 201


async def test_the_past_of_a_unit(service: Service) -> None:
    """Out of order, by several boots, over both ways in, among others."""
    pings = [ping(seq=seq, boot=f"b{seq % 3}") for seq in (*range(0, 60, 2), *range(59, 0, -2))]
    others = [ping("NL-1", seq) for seq in range(60)]
    await accepted(service, *(one for pair in zip(pings, others, strict=True) for one in pair))

    found = await service.fixes("BE-1", STARTED_AT + 10, STARTED_AT + 20)
    assert [fix.seq for fix in found] == [*range(10, 21)]
    assert {fix.unit for fix in found} == {"BE-1"}
    assert await service.fixes("BE-2", 0, 2e9) == []


async def test_a_listener_that_fails_stops_neither_the_others_nor_the_journal(service: Service) -> None:
    heard: list[Committed] = []

    def fail(_: Committed) -> None:
        raise RuntimeError("a viewer's trouble")

    service.listen(fail)
    service.listen(heard.append)
    await accepted(service, ping())

    assert len(heard) == 1


names = st.tuples(st.sampled_from(["BE-1", "BE-2"]), st.sampled_from(["a", "b", ""]), st.integers(0, 6))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.none(), st.lists(st.tuples(names, st.integers(0, 1)), min_size=1, max_size=8)), max_size=8)
)
async def test_whatever_is_sent_again_each_name_is_taken_once(
    tmp_path_factory: pytest.TempPathFactory,
    engine: Engine,
    groups: list[list[tuple[tuple[str, str, int], int]] | None],
) -> None:
    """Against a dictionary: pings of two units by three boots, resends, contradictions, restarts (None)."""
    directory = tmp_path_factory.mktemp("model")
    model: dict[tuple[str, str, int], Fix] = {}
    clock = Clock(lambda: STARTED_AT, lambda: 0.0)
    service = await Service.open(directory, engine, clock)
    for group in groups:
        if group is None:
            await service.close()
            service = await Service.open(directory, engine, clock)
            continue
        sent = []
        for (unit, boot, n), version in group:
            fix = ping(unit, n, boot=boot, north_m=-500.0 - version).fix
            sent.append(((unit, boot, n), fix if boot else msgspec.structs.replace(fix, seq=-1)))
        outcomes = await service.submit([PingReceived(fix, STARTED_AT) for _, fix in sent])
        for (name, fix), outcome in zip(sent, outcomes, strict=True):
            assert isinstance(outcome, Refused) == (model.setdefault(name, fix) != fix)
    stored = [one.fix for one in await journalled(service) if isinstance(one, PingReceived)]
    await service.close()

    assert sorted(stored, key=repr) == sorted(model.values(), key=repr)
