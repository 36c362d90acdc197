"""A straight road across the border south of Hazeldonk, and a car on it that reports once a second."""

from __future__ import annotations

from tracker.engine import Engine
from tracker.events import Event
from tracker.fix import Fix
from tracker.inputs import Input, PingReceived, UnitRegistered
from tracker.units import Unit, call_sign_of, state_of
from tracker.world import World

STARTED_AT = 1_795_442_400.0
LON = 4.7326
BORDER_LAT = 51.485116
"""Where the meridian of the road meets the border: BE south of it, NL north."""
M_PER_DEG = 111_266.0
"""Metres of a degree of latitude at 51.5 N."""


class Scene:
    """A world, the engine that moves it, and every event so far."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.world = World()
        self.events: list[Event] = []
        self.now = STARTED_AT
        self._seq = 0

    def do(self, entry: Input) -> list[Event]:
        """Let one input happen, and commit it. Whoever sends a fix is registered first, as the server does it."""
        if isinstance(entry, PingReceived):
            self.register(entry.fix.unit)
        events = self.engine.step(self.world, entry)
        self.world.commit()
        self.events += events
        return events

    def register(self, unit: str) -> None:
        """Make a unit known, its sending state read off its name."""
        known = self.world.units.get(unit)
        if known is None or known.state is None:
            self.engine.step(self.world, UnitRegistered(Unit(unit, state_of(unit), call_sign_of(unit)), self.now))

    def drive(self, unit: str, start_m: float, end_m: float, speed_mps: float = 30.0) -> list[Event]:
        """Drive from one distance north of the border to another (south is negative), a fix a second."""
        events: list[Event] = []
        seconds = round(abs(end_m - start_m) / speed_mps)
        course = 0.0 if end_m > start_m else 180.0
        for second in range(seconds + 1):
            along = start_m + (end_m - start_m) * second / seconds
            events += self.do(self.ping(unit, along, speed_mps, course))
            self.now += 1.0
        return events

    def ping(self, unit: str, north_m: float, speed_mps: float = 0.0, course: float | None = None) -> PingReceived:
        """One fix, received a quarter of a second after it was taken."""
        self._seq += 1
        lat = BORDER_LAT + north_m / M_PER_DEG
        fix = Fix(unit, "a1", self._seq, self.now, LON, lat, 4.0, speed_mps, course)
        return PingReceived(fix, self.now + 0.25)

    def types(self) -> list[str]:
        """The types of all events so far, in order."""
        return [event.__struct_config__.tag for event in self.events]  # type: ignore[misc]

    def of(self, kind: type[Event]) -> list[Event]:
        """All events of one type so far."""
        return [event for event in self.events if isinstance(event, kind)]
