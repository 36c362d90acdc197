"""Trainings: a supervisor has a scenario played, and the control room handles it as if it were so.

Its units and its pursuit have names that nothing real has (`tracker.units.SIMULATED`). A training does not survive the
server: what one left running is ended at the next start.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Final, Literal

import msgspec
import structlog

from tracker.errors import DrempelloosError, Refused
from tracker.events import rfc3339
from tracker.inputs import EndPursuit
from tracker.io.play import Play
from tracker.io.service import Service
from tracker.pursuits import Phase
from tracker.simulation import scenario_file
from tracker.simulation.cast import cast
from tracker.units import SIMULATED

MAX_RUNNING: Final = 5

STANDS_S: Final = 3_600.0
"""After the last arrival units go on reporting for so long, so that people can finish what they do."""

Acts = Literal["all", "start", "none"]
"""What the scenario does by itself: everything, no more than start the pursuit, or nothing but drive."""

_RUN: Final = re.compile(rf"{SIMULATED}(t|demo-)[0-9a-f]{{6}}")

_log: Final = structlog.get_logger(__name__)


class ScenarioView(msgspec.Struct, frozen=True):
    """A scenario that can be played; `lasts_s` until its last unit has arrived."""

    scenario: str
    title: str
    source: str
    date: str
    units: tuple[str, ...]
    lasts_s: float


class TrainingView(msgspec.Struct, frozen=True):
    """A training that goes on. `ends_at` is the latest that it does."""

    id: str
    scenario: str
    title: str
    acts: Acts
    by: str | None
    started_at: str
    ends_at: str
    pursuit: str
    units: tuple[str, ...]


class Trainings:
    """Those that go on.

    Args:
        service: the door to the core.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, service: Service, now: Callable[[], float]) -> None:
        self._service = service
        self._now = now
        self._running: dict[str, tuple[TrainingView, Play, asyncio.Task[None]]] = {}
        self._scenarios: dict[str, ScenarioView] | None = None

    @property
    def running(self) -> list[TrainingView]:
        """Those that go on, the oldest first."""
        return [view for view, _, _ in self._running.values()]

    async def scenarios(self) -> list[ScenarioView]:
        """What can be played, by name. Laying all their roads takes a second: a thread does it, once."""
        if self._scenarios is None:
            self._scenarios = {view.scenario: view for view in await asyncio.to_thread(_listed)}
        return list(self._scenarios.values())

    async def start(self, name: str, acts: Acts, by: str | None) -> TrainingView:
        """Begin to play a scenario now, under today's law.

        Raises:
            Refused: there is no such scenario, or enough are being played.
        """
        if len(self._running) >= MAX_RUNNING:
            raise Refused("scenario", f"{MAX_RUNNING} trainings go on already; stop one first")
        file = scenario_file.read_shipped(name)
        scenario = await asyncio.to_thread(scenario_file.build, name, file)
        run = f"t{secrets.token_hex(3)}"
        id_ = f"{SIMULATED}{run}"
        lasts_s = scenario.duration_s + (0.0 if acts == "all" else STANDS_S)
        played = cast(scenario, run)
        own = tuple(act for act in played.acts if acts == "all" or (acts == "start" and act.command == "start"))
        played = played._replace(duration_s=lasts_s, acts=own)
        play = Play(self._service, played, pursuit=id_, boot=run, now=self._now)
        at = self._now()
        view = TrainingView(
            id_,
            name,
            file.title,
            acts,
            by,
            rfc3339(at),
            rfc3339(at + lasts_s),
            id_,
            tuple(actor.unit for actor in played.actors),
        )
        task = asyncio.create_task(self._run(id_, play), name=f"training {id_}")
        self._running[id_] = (view, play, task)
        _log.info("a training began", training=id_, scenario=name, acts=acts)
        return view

    async def stop(self, id_: str) -> TrainingView:
        """End a training, and its pursuit.

        Raises:
            Refused: none of that id goes on.
        """
        if id_ not in self._running:
            raise Refused("id", "no training of this id goes on")
        view, _, task = self._running[id_]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return view

    async def close(self) -> None:
        """End all of them."""
        for id_ in list(self._running):
            await self.stop(id_)

    async def tidy(self) -> None:
        """End the pursuits of trainings, and of the demo, that an earlier process had begun."""
        left = [
            EndPursuit(at=self._now(), id=id_, reason="The server stopped, and the training with it")
            for id_, pursuit in self._service.world.pursuits.items()
            if _RUN.fullmatch(id_) and pursuit.phase is not Phase.ENDED
        ]
        if left:
            await self._service.submit(left)

    async def _run(self, id_: str, play: Play) -> None:
        try:
            await play.run()
        finally:
            del self._running[id_]
            try:
                await play.end("The training is over")
            except DrempelloosError as error:
                _log.warning("the pursuit of a training was not ended", training=id_, error=str(error))
            _log.info("a training ended", training=id_)


def _listed() -> list[ScenarioView]:
    views = []
    for name in scenario_file.names():
        file = scenario_file.read_shipped(name)
        scenario = scenario_file.build(name, file)
        units = tuple(actor.unit for actor in scenario.actors)
        views.append(
            ScenarioView(name, file.title, file.source, f"{file.date:%Y-%m-%d}", units, round(scenario.duration_s))
        )
    return views
