"""A scenario through the core, at once: its pings and its acts in order of time."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import msgspec

from borders.atlas import Atlas, BorderPoint
from borders.states import SHARED, Territory
from tracker.engine import Engine
from tracker.events import Event
from tracker.fix import accept
from tracker.inputs import (
    EndPursuit,
    FileReport,
    Input,
    JoinPursuit,
    PingReceived,
    PursuitCommand,
    ReportContact,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
    UnitRegistered,
)
from tracker.simulation.scenario import Act, Actor, Scenario
from tracker.units import Unit, call_sign_of, state_of
from tracker.world import World

COMMANDS: dict[str, type[PursuitCommand]] = {
    "start": StartPursuit,
    "join": JoinPursuit,
    "contact": ReportContact,
    "host-decision": ReportHostDecision,
    "danger": ReportDanger,
    "hold": ReportHold,
    "handover": ReportHandover,
    "report": FileReport,
    "end": EndPursuit,
}


def command_of(act: Act, started_at: float) -> Input:
    details = {field: value for field, value in msgspec.structs.asdict(act.details).items() if value is not None}
    return COMMANDS[act.command](**(details | {"id": "p-1", "at": started_at + act.at_s}))


def play(engine: Engine, scenario: Scenario, started_at: float) -> tuple[World, list[Event]]:
    inputs: list[tuple[float, Input]] = [(started_at + act.at_s, command_of(act, started_at)) for act in scenario.acts]
    for actor in scenario.actors:
        pings = scenario.pings(actor, "s1", Random(actor.unit), started_at)
        inputs += [(ping.t, PingReceived(accept(ping, ping.t), ping.t)) for ping in pings]
    world = World()
    for actor in scenario.actors:
        unit = Unit(actor.unit, state_of(actor.unit), call_sign_of(actor.unit), service="police", means="car")
        engine.step(world, UnitRegistered(unit, started_at))
    events: list[Event] = []
    for _, entry in sorted(inputs, key=lambda pair: pair[0]):
        events += engine.step(world, entry)
        world.commit()
    return world, events


def truth(atlas: Atlas, actor: Actor) -> list[BorderPoint]:
    """Every border on the way of an actor's first trip, from the drive itself; a river's zone is passed through."""
    trip = actor.trips[0]
    moments = [trip.departs_at + 0.5 * half for half in range(int(2 * (trip.arrives_at - trip.departs_at)) + 1)]
    places = [(motion.lon, motion.lat) for motion in map(actor.at, moments)]
    return [
        point
        for one, other in pairwise(places)
        for point in atlas.cross(one, other)
        if point.to_territory not in SHARED
    ]


def beyond(zone: str) -> bool:
    """Whether it is a zone that two states share, which is passed on the way to one of them."""
    return Territory(zone) in SHARED
