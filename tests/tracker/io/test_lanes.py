"""What a dispatcher does does not wait behind pings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from tests.tracker.io.drives import opened, ping
from tests.tracker.io.http_room import HttpRoom
from tests.tracker.road import STARTED_AT, Scene
from tracker.engine import Engine
from tracker.events import UnitStale
from tracker.inputs import (
    AcknowledgeAlert,
    ClockSet,
    EndPursuit,
    Input,
    PingReceived,
    ReportContact,
    ReportHostDecision,
    StartPursuit,
    Tick,
    decode,
)
from tracker.io import lanes, recovery
from tracker.io import service as service_module
from tracker.io.clock import Clock
from tracker.io.recovery import time_of
from tracker.io.service import Service, Unavailable

MINUTE_S = 60.0


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups and lanes of a size that a test can fill."""
    monkeypatch.setattr(lanes, "GROUP", 100)
    monkeypatch.setattr(lanes, "BESIDE_ACTS", 10)
    monkeypatch.setattr(lanes, "MAX_QUEUED", 1_000)
    monkeypatch.setattr(lanes, "MAX_ACTS", 2)
    monkeypatch.setattr(service_module, "MAX_WAIT_S", 0.2)
    monkeypatch.setattr(service_module, "TICK_S", MINUTE_S)


@pytest_asyncio.fixture
async def service(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    async with opened(tmp_path / "data", engine) as service:
        yield service


async def journalled(service: Service) -> list[Input]:
    return await service.in_journal(lambda journal: [decode(cause.body) for cause in journal.causes(0, 0)])


async def overloaded(service: Service) -> asyncio.Future[list[object]]:
    """One group is on its way, and behind it the queue is full: ten cars, each a hundred seconds of its road."""
    blocked = service._in_thread(time.sleep, 0.4)
    cars = [service.submit([ping(f"BE-{car}", seq) for seq in range(100)]) for car in range(11)]
    task: asyncio.Future[list[object]] = asyncio.ensure_future(asyncio.gather(blocked, *cars))
    await asyncio.sleep(0.05)
    assert service.queued == 1_000
    return task


async def test_acts_go_before_pings_that_wait_and_keep_their_order(service: Service) -> None:
    behind = await overloaded(service)
    at = STARTED_AT + 300
    acts = [
        service.act([StartPursuit(id="p-1", unit="BE-5", at=at)]),
        service.act([ReportContact(id="p-1", host="NL", at=at + 0.5)]),
    ]
    started, contacted = await asyncio.gather(*acts)
    waiting_then = service.queued
    await behind

    assert isinstance(started[0], list)
    assert isinstance(contacted[0], list)
    assert waiting_then >= 500, "the acts were answered before what had waited longer"
    inputs = await journalled(service)
    places = [place for place, entry in enumerate(inputs) if isinstance(entry, StartPursuit | ReportContact)]
    assert places == [100, 101]
    assert isinstance(inputs[100], StartPursuit)
    for car in range(11):
        numbers = [one.fix.seq for one in inputs if isinstance(one, PingReceived) and one.fix.unit == f"BE-{car}"]
        assert numbers == [*range(100)]


async def test_time_never_goes_back_and_no_fix_seems_later_than_it_was(service: Service, tmp_path: Path) -> None:
    """The pings that an act went before come at its moment, by the journal's order, and with the lag that they had."""
    behind = await overloaded(service)
    await service.act([StartPursuit(id="p-1", unit="BE-5", at=STARTED_AT + 300)])
    await behind
    inputs = await journalled(service)
    await service.close()

    assert all(one <= other for one, other in pairwise(map(time_of, inputs)))
    passed = [one for one in inputs[101:] if isinstance(one, PingReceived)]
    assert len(passed) == 1_000
    assert {one.received_at for one in passed} == {STARTED_AT + 300}
    assert all(one.came_at == pytest.approx(one.fix.fixed_at + 0.25, abs=1e-6) for one in passed)
    assert service.world.lag_of(service.world.pursuits["p-1"]) == pytest.approx(0.25, abs=1e-6)
    assert recovery.rebuild(tmp_path / "data").identical


async def test_pings_never_take_the_room_of_acts(service: Service) -> None:
    behind = await overloaded(service)
    with pytest.raises(Unavailable, match="overloaded"):
        await service.submit([ping("BE-99")])
    [outcome] = await service.act([StartPursuit(id="p-1", unit="BE-5", at=STARTED_AT)])

    assert isinstance(outcome, list)
    await behind
    assert "BE-99" not in service.world.tracks


async def test_what_a_dispatcher_does_goes_before_over_http(http_room: HttpRoom) -> None:
    """A command, the introduction of its unit with it, and an acknowledgement."""
    service = http_room.service
    behind = await overloaded(service)
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-5", "started_in": "BE"})
    told = await http_room.post("/api/v1/pursuits/p-1/host-decision", {"decision": "stop", "host": "NL"})
    alert = next(event["id"] for event in told.json["events"] if event["type"] == "pursuit.host_decision")
    seen = await http_room.post(f"/api/v1/alerts/{alert}/ack", {"by": "Ada"})
    await behind

    assert seen.status == 200
    inputs = await journalled(service)
    assert isinstance(inputs[100], StartPursuit)
    places = {type(one): place for place, one in enumerate(inputs)}
    assert places[StartPursuit] < places[ReportHostDecision] < places[AcknowledgeAlert] < places[PingReceived]


async def test_acts_do_not_keep_pings_waiting_for_ever(service: Service) -> None:
    """In every group there is room for what has waited longest."""
    behind = await overloaded(service)
    for number in range(10):
        await service.act([StartPursuit(id=f"p-{number}", unit=f"BE-{number}", at=STARTED_AT)])

    assert service.queued <= 100
    await behind


async def test_more_acts_than_there_are_hands_wait_too(service: Service) -> None:
    behind = await overloaded(service)
    acts = [service.act([StartPursuit(id=f"p-{n}", unit=f"BE-{n}", at=STARTED_AT)]) for n in range(3)]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [list, list, Unavailable]
    await behind


async def test_an_act_does_not_go_before_a_step_of_the_clock_that_waits(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its data time would be an hour after that of the fixes around it."""
    monkeypatch.setattr(service_module, "TICK_S", 0.05)
    wall = [STARTED_AT + 0.25]
    service = await Service.open(tmp_path, engine, Clock(lambda: wall[0], lambda: 0.0))
    await service.submit([ping("BE-5", 0)])
    blocked = asyncio.ensure_future(service._in_thread(time.sleep, 0.5))
    behind = asyncio.ensure_future(service.submit([ping("BE-4", 0)]))
    wall[0] += 3_600
    await asyncio.sleep(0.2)
    [outcome] = await service.act([StartPursuit(id="p-1", unit="BE-5", at=wall[0])])
    await asyncio.gather(blocked, behind)
    inputs = [one for one in await journalled(service) if not isinstance(one, Tick)]
    later = await service.act([EndPursuit(id="p-1", at=wall[0] + 1)])
    await service.close()

    assert [type(one) for one in inputs] == [PingReceived, PingReceived, ClockSet, StartPursuit]
    assert isinstance(outcome, list)
    assert outcome[0].time == "2026-11-23T14:00:00.000Z"
    assert isinstance(later[0], list)


@pytest.mark.parametrize(("waited_s", "is_told"), [(20.0, False), (0.0, True)])
def test_a_tick_that_an_act_went_before_tells_no_silence(engine: Engine, waited_s: float, is_told: bool) -> None:
    """Its pings of the last seconds are still behind it."""
    scene = Scene(engine)
    scene.drive("BE-1", -1_000, -700)
    told = scene.do(Tick(scene.now + 20.0, waited_s))

    assert [type(event) for event in told] == ([UnitStale] if is_told else [])
