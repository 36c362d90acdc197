"""Playing a scenario inside the server, at the pace of life.

Each ping is encoded, and enters by the codec and the door that a car's ping enters by; each act is the body of the call
that a dispatcher would make. Nothing in the core knows that anybody plays.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

import msgspec
import structlog

from tracker.codec.json_ping import Refusal, fixes
from tracker.errors import Refused
from tracker.facts import State
from tracker.fix import Ping
from tracker.inputs import EndPursuit, Input, PingReceived
from tracker.io.batch import Outcome
from tracker.io.commands import command
from tracker.io.credentials import Grant
from tracker.io.roster import registration
from tracker.io.service import Service, Unavailable
from tracker.pursuits import Phase
from tracker.simulation.scenario import Act, Actor, Scenario
from tracker.units import state_of

RETRY_S: Final = 1.0
"""How long to leave a server alone that can store nothing."""

_log: Final = structlog.get_logger(__name__)


class Play:
    """One run of a scenario.

    Args:
        service: the door to the core.
        scenario: under the names of this run.
        pursuit: the name of the pursuit that the acts are about.
        boot: of all its pings; another run of the same units has another one.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self,
        service: Service,
        scenario: Scenario,
        *,
        pursuit: str,
        boot: str,
        now: Callable[[], float],
    ) -> None:
        self._service = service
        self._scenario = scenario
        self._grants = {actor.unit: _grant(actor) for actor in scenario.actors}
        self._boot = boot
        self._now = now
        self.pursuit: Final = pursuit

    async def run(self, started_at: float | None = None) -> None:
        """Play it to its end. What the core refuses is logged and passed over.

        Args:
            started_at: when it began, Unix seconds UTC; now if left out. What was due since then happens at once.
        """
        began_at = self._now() if started_at is None else started_at
        for due_at, part in self._script(began_at):
            await asyncio.sleep(max(0.0, due_at - self._now()))
            if isinstance(part, Ping):
                await self._submit(self._inputs(part))
            else:
                await self._act(part)

    async def end(self, reason: str) -> None:
        """End the pursuit, if it was begun and has not ended."""
        pursuit = self._service.world.pursuits.get(self.pursuit)
        if pursuit is not None and pursuit.phase is not Phase.ENDED:
            await self._submit([EndPursuit(at=self._now(), id=self.pursuit, reason=reason)])

    def _script(self, began_at: float) -> Iterator[tuple[float, Ping | Act]]:
        """All that happens, with the moment at which it does, in order."""
        pings = (((ping.t, ping) for ping in self._drives(actor, began_at)) for actor in self._scenario.actors)
        acts = ((began_at + act.at_s, act) for act in self._scenario.acts)
        return heapq.merge(acts, *pings, key=lambda due: due[0])

    def _drives(self, actor: Actor, started_at: float) -> Iterator[Ping]:
        random = Random(f"{self._boot}/{actor.unit}")  # noqa: S311 - faults of a made-up receiver
        return self._scenario.pings(actor, self._boot, random, started_at)

    def _inputs(self, ping: Ping) -> list[Input]:
        received_at = self._now()
        inputs: list[Input] = []
        news = registration(self._service.world, ping.unit, self._grants[ping.unit], received_at)
        if news is not None:
            inputs.append(news)
        for entry in fixes(msgspec.json.encode(ping), received_at, numbered=True):
            if isinstance(entry, Refusal):
                _log.warning("a simulated ping was refused", unit=ping.unit, field=entry.field, reason=entry.reason)
            else:
                inputs.append(PingReceived(entry, received_at))
        return inputs

    async def _act(self, act: Act) -> None:
        try:
            told = command(act.command, self.pursuit, msgspec.json.encode(act.details), self._now())
            [outcome] = await self._submit([told])
        except Refused as refused:
            outcome = refused
        if isinstance(outcome, Refused):
            _log.warning("a simulated act was refused", act=act.command, field=outcome.field, reason=outcome.reason)

    async def _submit(self, inputs: Sequence[Input]) -> list[Outcome]:
        """Until they are taken, as a unit would that keeps what is not acknowledged."""
        while True:
            try:
                return await self._service.submit(inputs)
            except Unavailable:
                if self._service.failed.done():
                    raise
                await asyncio.sleep(RETRY_S)


def _grant(actor: Actor) -> Grant:
    """What the credential of a real unit would say."""
    state = msgspec.convert(state_of(actor.unit), State | None)
    return Grant(actor.unit, "unit", frozenset({actor.unit}), state, service=actor.service, means=actor.means)
