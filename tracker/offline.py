"""Recorded pings through the core, without a server: the same `step`, with the fix's own time as its arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import Event
from tracker.fix import Ping, accept
from tracker.inputs import PingReceived
from tracker.world import World


def run(engine: Engine, pings: Iterable[Ping]) -> Iterator[Event]:
    """Every event that the pings cause, in order. They may mix many units, and should be in time order.

    Raises:
        Refused: a ping is out of range; names its place in the file, the field and the reason.
    """
    world = World()
    received_at = 0.0
    for number, ping in enumerate(pings, 1):
        try:
            fix = accept(ping, ping.t)
        except Refused as refused:
            raise Refused(refused.field, f"ping {number}: {refused.reason}") from refused
        received_at = max(received_at, fix.fixed_at)
        yield from engine.step(world, PingReceived(fix, received_at))
        world.commit()
