"""How many live feeds one person or program may have open, and how many come from one address."""

from __future__ import annotations

from typing import NamedTuple

from tracker.io.door import is_loopback
from tracker.io.turnstile import Turnstile

_NO_TOTAL = 2**31  # `live.viewers` bounds them all together


class Place(NamedTuple):
    """Whose, and from where. No address: this machine's own, or a proxy on it that does not say whom it heard."""

    who: str
    address: str | None


class Screens:
    """Counts the screens that are open.

    Args:
        each: of one person or program.
        per_address: from one address that is not this machine's.
    """

    def __init__(self, each: int, per_address: int) -> None:
        self._people = Turnstile(_NO_TOTAL, each)
        self._addresses = Turnstile(_NO_TOTAL, per_address)

    def enter(self, who: str, address: str) -> Place | None:
        """Take a place, to be given back with `leave`; None if there is none."""
        if not self._people.enter(who):
            return None
        place = Place(who, None if is_loopback(address) else address)
        if place.address is not None and not self._addresses.enter(place.address):
            self._people.leave(who)
            return None
        return place

    def leave(self, place: Place) -> None:
        """Give a place back."""
        self._people.leave(place.who)
        if place.address is not None:
            self._addresses.leave(place.address)
