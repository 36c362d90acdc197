"""A scripted incident: who drives where, with what receiver, and what the dispatchers do at which second."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Literal, NamedTuple

import msgspec

from tracker.facts import Means, Service
from tracker.fix import Ping
from tracker.simulation.drive import Drive, Motion
from tracker.simulation.receiver import Faults, Receiver

Command = Literal["start", "join", "contact", "host-decision", "danger", "hold", "handover", "report", "end"]


class Details(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a dispatcher says in one call; the body of the call of that name in docs/protocol.md."""

    id: str | None = None
    unit: str | None = None
    started_in: str | None = None
    ground: str | None = None
    status: str | None = None
    host: str | None = None
    with_: str | None = msgspec.field(name="with", default=None)
    channel: str | None = None
    decision: str | None = None
    instructions: str | None = None
    can_take_over: bool | None = None
    disproportionate: bool | None = None
    to: str | None = None
    reason: str | None = None
    note: str | None = None
    by: str | None = None


class Act(NamedTuple):
    """Something that a dispatcher does, `at_s` seconds into the scenario."""

    at_s: float
    command: Command
    details: Details


class Actor(NamedTuple):
    """A unit with its trips, in order; between two it stands where the first ended."""

    unit: str
    trips: tuple[Drive, ...]
    faults: Faults
    sparse_s: int = 1
    """Seconds between fixes outside the `dense` periods."""
    dense: tuple[tuple[float, float], ...] = ()
    """Periods, from and to in seconds of the scenario, with a fix every second."""
    service: Service = "police"
    means: Means = "car"

    def at(self, time_s: float) -> Motion:
        """Its true motion."""
        begun = [trip for trip in self.trips if trip.departs_at <= time_s]
        return (begun[-1] if begun else self.trips[0]).at(time_s)

    def reports(self, second: int) -> bool:
        """Whether its receiver sends a fix in that second of the scenario."""
        return second % self.sparse_s == 0 or any(begin <= second <= end for begin, end in self.dense)


class Scenario(NamedTuple):
    """An incident, acts in order of time. The demonstration ends where it began, so that it can begin again at once."""

    name: str
    duration_s: float
    actors: tuple[Actor, ...]
    acts: tuple[Act, ...]
    started_at: float | None = None
    """Unix seconds UTC of the incident itself; None where any day will do."""

    def pings(self, actor: Actor, boot: str, random: Random, started_at: float) -> Iterator[Ping]:
        """What one actor's receiver reports, at most once a second.

        Args:
            actor: one of the scenario's.
            boot: for its pings.
            random: the faults of its receiver.
            started_at: Unix seconds UTC at which the scenario begins.
        """
        receiver = Receiver(actor.unit, boot, actor.faults, random)
        phase_s = 0.23 * self.actors.index(actor) % 1.0  # receivers do not tick together
        for second in count():
            time_s = second + phase_s
            if time_s >= self.duration_s:
                return
            if not actor.reports(second):
                continue
            ping = receiver.ping(started_at + time_s, actor.at(time_s))
            if ping is not None:
                yield ping
