"""The core as one function: `step(world, input)` changes the world and returns the events.

Live, replay and simulation are this one function; the same inputs in the same order give byte-identical events.
"""

from __future__ import annotations

from borders.crossing import Detector
from tracker import conduct, sightings
from tracker.errors import Refused
from tracker.events import AlertAcknowledged, Event
from tracker.forget import forget
from tracker.inputs import AcknowledgeAlert, ClockSet, Forget, Input, PingReceived, PursuitCommand, Tick, UnitRegistered
from tracker.treaty.contact_points import ContactPoints
from tracker.turn import Turn
from tracker.world import World


class Engine:
    """Everything that stays the same while a world goes by.

    Args:
        detector: tells where units are, and when they cross; None when there is no boundary data.
        contact_points: whom to call.
        boundary_sha256: names the boundary data in the ids of crossings.
    """

    def __init__(self, detector: Detector | None, contact_points: ContactPoints, boundary_sha256: str) -> None:
        self.detector = detector
        self.contact_points = contact_points
        self.boundary_sha256 = boundary_sha256

    def step(self, world: World, entry: Input) -> list[Event]:
        """Let one input happen.

        Raises:
            Refused: the input cannot be accepted; the world is as it was.
        """
        mark = world.mark()
        try:
            if isinstance(entry, PingReceived):
                if entry.blind or self.detector is None:
                    return sightings.sight_blind(world, entry)
                return sightings.sight(world, self.detector, self.contact_points, self.boundary_sha256, entry)
            return self._step(world, entry)
        except BaseException:
            world.undo_to(mark)
            raise

    def _step(
        self, world: World, entry: Tick | ClockSet | UnitRegistered | Forget | AcknowledgeAlert | PursuitCommand
    ) -> list[Event]:
        """`step`, of what is no ping."""
        match entry:
            case Tick():
                return sightings.tick(world, entry.came_at)
            case ClockSet():
                sightings.set_clock(world, entry)
                return []
            case UnitRegistered(unit, _):
                world.put(world.units, unit.id, unit)
                return []
            case Forget():
                forget(world, entry)
                return []
            case AcknowledgeAlert():
                return _acknowledge(world, entry)
            case _:
                return conduct.conduct(world, self.contact_points, entry)


def _acknowledge(world: World, entry: AcknowledgeAlert) -> list[Event]:
    alert = world.alerts.get(entry.event)
    if alert is None:
        raise Refused("event", f"no alert {entry.event!r} is waiting to be acknowledged")
    if alert.acknowledged_for(entry.state) is not None:
        return []
    turn = Turn(world, entry.at, entry.at, entry.event)
    room = () if entry.state is None else (entry.state,)
    event = AlertAcknowledged(
        id=turn.id("alert.acknowledged", *room),
        time=turn.time,
        event=entry.event,
        by=entry.by or "unknown",
        state=entry.state,
    )
    turn.emit(event)
    world.put(world.alerts, entry.event, alert.with_acknowledgement(event))
    return turn.events
