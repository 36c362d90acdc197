"""How often somebody may try to sign in.

Three counts of failures are kept: of a name from an address, of a name from anywhere, and of an address. Past a number
that a person with a wrong keyboard reaches, each further attempt must wait twice as long as the one before. A name that
is under attack from elsewhere stays open to the addresses from which it signed in before: nobody locks a dispatcher out
by guessing. A name that has no account counts like one that has.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final, NamedTuple

from tracker.errors import DrempelloosError

FORGET_S: Final = 3_600.0
"""After this long without a failure, a count begins anew."""

KNOWN_S: Final = 30 * 86_400.0
"""An address is known to a name for this long after it signed in from there."""

MAX_COUNTS: Final = 20_000
"""Of each kind; past it the oldest is forgotten, so that a flood of names takes no memory."""


class _Rule(NamedTuple):
    free: int
    """Failures without a wait."""
    longest_s: float
    """Of the waits that double from 1 s on."""


_PAIR: Final = _Rule(5, 900.0)
_NAME: Final = _Rule(20, 60.0)
_ADDRESS: Final = _Rule(40, 60.0)


class TooSoon(DrempelloosError):
    """An attempt that must wait.

    Args:
        wait_s: seconds until the next one is looked at.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many attempts")
        self.wait_s = wait_s


class Throttle:
    """Counts attempts. Time comes in with each call, Unix seconds UTC."""

    def __init__(self) -> None:
        self._pairs: _Counts = OrderedDict()
        self._names: _Counts = OrderedDict()
        self._addresses: _Counts = OrderedDict()
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    def attempt(self, name: str, address: str, at: float) -> None:
        """Note an attempt before it is looked at, as if it had failed: many at once count as many.

        Raises:
            TooSoon: and it does not count.
        """
        name, address = name.lower(), network(address)
        rows = [(self._pairs, f"{name} {address}", _PAIR), (self._addresses, address, _ADDRESS)]
        if at - self._known.get((name, address), float("-inf")) > KNOWN_S:
            rows.append((self._names, name, _NAME))
        wait_s = max(_wait_s(counts, key, rule, at) for counts, key, rule in rows)
        if wait_s > 0:
            raise TooSoon(wait_s)
        for counts, key, _ in rows:
            failures, last_at = counts.pop(key, (0, at))
            counts[key] = (1 if at - last_at > FORGET_S else failures + 1, at)
            if len(counts) > MAX_COUNTS:
                counts.popitem(last=False)

    def succeeded(self, name: str, address: str, at: float) -> None:
        """The attempt that was noted was the right one."""
        name, address = name.lower(), network(address)
        self._pairs.pop(f"{name} {address}", None)
        for counts, key in ((self._names, name), (self._addresses, address)):
            failures, last_at = counts.pop(key, (0, at))
            if failures > 1:  # what others guessed stays counted
                counts[key] = (failures - 1, last_at)
        self._known[name, address] = at
        self._known.move_to_end((name, address))
        if len(self._known) > MAX_COUNTS:
            self._known.popitem(last=False)


_Counts = OrderedDict[str, tuple[int, float]]


def network(address: str) -> str:
    """What counts as one address: of IPv6 the /64, which is what one household or attacker is given."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6:
        mapped = ip.ipv4_mapped
        return str(mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _wait_s(counts: _Counts, key: str, rule: _Rule, at: float) -> float:
    failures, last_at = counts.get(key, (0, at))
    if failures < rule.free or at - last_at > FORGET_S:
        return 0.0
    return last_at + min(rule.longest_s, 2.0 ** min(30, failures - rule.free)) - at
