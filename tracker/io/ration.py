"""What is still recorded when the disk is full: what somebody is told, and what proves it.

A ping goes through the core as ever. If a crossing, a decision or an obligation follows, it is kept, together with the
unit's last pings before it, which are the evidence. Otherwise the world is set back to before it, nothing is written,
and the unit is told to send it again later. So the core has always seen exactly what the journal holds, and a replay
comes to what was told. What people do is always kept; that units are silent is left to be said later, since while
nothing is recorded it would be said of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tracker.events import Event, UnitLost, UnitSeen, UnitStale, UnitSuspect
from tracker.inputs import PingReceived
from tracker.io.journal import PingKey

HELD: Final = 4
"""Pings of a unit that are remembered as evidence for the next: a crossing is confirmed by several fixes."""

_ROUTINE: Final = (UnitSeen, UnitStale, UnitLost, UnitSuspect)


def matters(events: Iterable[Event]) -> bool:
    """Whether there is something among these that is recorded in any case."""
    return any(not isinstance(event, _ROUTINE) for event in events)


class Ration:
    """The newest pings of each unit that were not recorded."""

    def __init__(self) -> None:
        self._held: dict[str, dict[PingKey, PingReceived]] = {}

    def evidence(self, key: PingKey) -> list[PingReceived] | None:
        """The pings that go before this one, oldest first; None when this one was tried already."""
        held = self._held.get(key.unit, {})
        return None if key in held else list(held.values())

    def hold(self, key: PingKey, entry: PingReceived) -> None:
        """Remember a ping that was not recorded."""
        held = self._held.setdefault(key.unit, {})
        held[key] = entry
        if len(held) > HELD:
            del held[next(iter(held))]

    def recorded(self, keys: Iterable[PingKey]) -> None:
        """Forget what is in the journal now."""
        for key in keys:
            self._held.get(key.unit, {}).pop(key, None)
