"""Playing a scenario inside the server: what comes of it in the core alone comes of it here, under simulated names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import CrossingConfirmed, Decision, Event
from tracker.inputs import StartPursuit
from tracker.io.clock import Clock
from tracker.io.demo import run_demo
from tracker.io.play import Play
from tracker.io.service import Committed, Service
from tracker.io.training import MAX_RUNNING, Trainings
from tracker.pursuits import Phase
from tracker.simulation.cast import cast
from tracker.simulation.hazeldonk import DEMO
from tracker.units import is_simulated


async def open_service(directory: Path, engine: Engine, heard: list[Event]) -> Service:
    service = await Service.open(directory, engine, Clock())

    def hear(committed: Committed) -> None:
        heard.extend(event for _, event, *_ in committed.events)

    service.listen(hear)
    return service


async def test_a_play_goes_through_codec_and_door_and_means_what_it_says(tmp_path: Path, engine: Engine) -> None:
    heard: list[Event] = []
    service = await open_service(tmp_path, engine, heard)
    play = Play(service, cast(DEMO, "x1"), pursuit="SIM-x1", boot="x1", now=Clock().now)

    await play.run(Clock().now() - DEMO.duration_s - 5.0)

    rules = {(event.unit, event.rule) for event in heard if isinstance(event, Decision)}
    crossed = [(event.unit, event.from_, event.to) for event in heard if isinstance(event, CrossingConfirmed)]
    assert {("SIM-x1:BE-K03", "R13"), ("SIM-x1:BE-K03", "R0"), ("SIM-x1:NL-ZB12", "R12")} <= rules
    assert crossed.count(("SIM-x1:BE-K03", "BE", "NL")) == crossed.count(("SIM-x1:BE-K03", "NL", "BE")) == 1
    assert service.world.units["SIM-x1:NL-ZB12"].state == "NL"
    assert service.world.units["SIM-x1:NL-ZB12"].means == "car"
    assert all(is_simulated(name) for name in (*service.world.tracks, *service.world.pursuits))
    assert service.world.pursuits["SIM-x1"].phase is Phase.ENDED
    await service.close()


async def test_a_training_begins_drives_and_ends_with_its_pursuit(tmp_path: Path, engine: Engine) -> None:
    service = await open_service(tmp_path, engine, [])
    trainings = Trainings(service, Clock().now)

    begun = await trainings.start("machtum-grevenmacher", "start", "Supervisor")
    async with asyncio.timeout(20):
        while not set(begun.units) <= service.world.tracks.keys():
            await asyncio.sleep(0.05)
    await service.submit([StartPursuit(at=Clock().now(), id=begun.pursuit, unit=begun.units[0])])

    assert [view.id for view in trainings.running] == [begun.id]
    assert await trainings.stop(begun.id) == begun
    assert trainings.running == []
    assert service.world.pursuits[begun.pursuit].phase is Phase.ENDED
    with pytest.raises(Refused, match="no training of this id"):
        await trainings.stop(begun.id)
    await service.close()


async def test_so_many_trainings_and_no_more(tmp_path: Path, engine: Engine) -> None:
    service = await open_service(tmp_path, engine, [])
    trainings = Trainings(service, Clock().now)
    begun = [await trainings.start("machtum-grevenmacher", "none", None) for _ in range(MAX_RUNNING)]

    with pytest.raises(Refused, match="go on already"):
        await trainings.start("machtum-grevenmacher", "none", None)

    assert len({unit for view in begun for unit in view.units}) == MAX_RUNNING
    await trainings.close()
    assert trainings.running == []
    await service.close()


async def test_a_scenario_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, engine: Engine) -> None:
    service = await open_service(tmp_path, engine, [])

    with pytest.raises(Refused, match="machtum-grevenmacher"):
        await Trainings(service, Clock().now).start("../../etc/passwd", "all", None)

    await service.close()


async def test_what_a_stopped_server_left_running_is_ended_and_nothing_else(tmp_path: Path, engine: Engine) -> None:
    service = await open_service(tmp_path, engine, [])
    now = Clock().now()
    await service.submit(
        [
            StartPursuit(at=now, id="SIM-t0a1b2c", unit="SIM-t0a1b2c:BE-K03"),
            StartPursuit(at=now, id="SIM-own", unit="SIM-own:BE-K03"),
            StartPursuit(at=now, id="p-1", unit="BE-K03"),
        ]
    )
    await service.close()

    service = await open_service(tmp_path, engine, [])
    await Trainings(service, Clock().now).tidy()

    phases = {name: pursuit.phase is Phase.ENDED for name, pursuit in service.world.pursuits.items()}
    assert phases == {"SIM-t0a1b2c": True, "SIM-own": False, "p-1": False}
    await service.close()


async def test_the_demo_plays_until_it_is_cancelled_and_ends_its_pursuit(tmp_path: Path, engine: Engine) -> None:
    service = await open_service(tmp_path, engine, [])
    demo = asyncio.create_task(run_demo(service, Clock().now))
    async with asyncio.timeout(20):
        while not service.world.pursuits:
            await asyncio.sleep(0.05)

    demo.cancel()
    with pytest.raises(asyncio.CancelledError):
        await demo

    [pursuit] = service.world.pursuits.values()
    assert pursuit.phase is Phase.ENDED
    assert all(is_simulated(unit) for unit in service.world.tracks)
    await service.close()
