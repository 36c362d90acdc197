"""One turn of the engine: what is being caused, by what, and when."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from tracker.events import AlertEvent, Event, event_id, is_alert, rfc3339
from tracker.pursuits import Pursuit
from tracker.world import ALERTS_KEPT, Alert, World

PAST_S: Final = 300.0
"""What fixes or deadlines tell of a moment so long ago is of the past: a pursuit has gone ten kilometres since. It is
told and kept like everything else, and marked, so that nobody takes it for what is happening now."""


class Turn:
    """Collects the events that one input causes, and writes what follows from them into the world.

    Args:
        world: written through.
        at: server time of the input, Unix seconds UTC.
        now: data time of the input, Unix seconds UTC; every event of the turn carries it.
        cause: what tells this input from every other; part of each event's id.
        is_act: a person did it, just now, however old the data is by which its time is told.
    """

    def __init__(self, world: World, at: float, now: float, *cause: str | float, is_act: bool = False) -> None:
        self.world = world
        self.at = at
        self.now = now
        self.events: list[Event] = []
        self._cause = cause
        self._is_act = is_act

    @cached_property
    def time(self) -> str:
        """`now` as events say it. Most turns have none."""
        return rfc3339(self.now)

    def id(self, type_: str, *detail: str | float | None) -> str:
        """The id of an event of this turn."""
        return event_id(type_, *self._cause, *detail)

    def emit(self, event: Event) -> None:
        """Add an event; one that a dispatcher must see becomes an alert."""
        self.events.append(event)
        self.world.offset += 1
        if is_alert(event):
            self._alert(event)

    def state_of(self, unit: str) -> str | None:
        """A unit's sending state, if it is known."""
        known = self.world.units.get(unit)
        return None if known is None else known.state

    def keep(self, pursuit: Pursuit) -> Pursuit:
        """Write a pursuit's new value into the world, and return it."""
        self.world.put(self.world.pursuits, pursuit.id, pursuit)
        if (due := pursuit.next_deadline) is not None:
            self.world.put(self.world.due, pursuit.id, due)
        else:
            self.world.drop(self.world.due, pursuit.id)
        return pursuit

    def _alert(self, event: AlertEvent) -> None:
        # A unit that roams without a pursuit crosses borders all day; that is on the map, and not an alarm.
        if event.pursuit is None:
            return
        alerts = self.world.alerts
        age_s = self.at - self.now
        past_s = round(age_s, 3) if age_s >= PAST_S and not self._is_act else None
        self.world.put(alerts, event.id, Alert(self.world.offset, event, age_s=past_s))
        if len(alerts) > ALERTS_KEPT:
            self.world.drop(alerts, next(iter(alerts)))
