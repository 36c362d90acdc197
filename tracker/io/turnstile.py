"""How many connections a port takes, in all and from one address, before it has heard a word from them.

A connection costs a file descriptor and a few kilobytes whoever is behind it, so the count is made when it is
accepted and not when its caller has said who it is.
"""

from __future__ import annotations

from collections import Counter


class Turnstile:
    """Counts who is inside.

    Args:
        total: places in all.
        per_address: places for one address. What stands before a proxy has the proxy's address.
    """

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._inside: Counter[str] = Counter()
        self.turned_away = 0
        """How many found no place, since the start."""

    def __len__(self) -> int:
        return self._inside.total()

    def enter(self, address: str) -> bool:
        """Take a place; False if there is none. A place that was taken must be given back with `leave`."""
        if len(self) >= self._total or self._inside[address] >= self._per_address:
            self.turned_away += 1
            return False
        self._inside[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Give a place back."""
        self._inside[address] -= 1
        if self._inside[address] <= 0:
            del self._inside[address]
