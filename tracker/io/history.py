"""What a unit did in the past, from the journal."""

from __future__ import annotations

from tracker.fix import MAX_AHEAD_S, Fix
from tracker.inputs import PingReceived, decode
from tracker.io.journal import Journal
from tracker.io.recovery import time_of


def fixes(journal: Journal, unit: str, since: float, until: float) -> list[Fix]:
    """The fixes of a unit from `since` to `until` (receiver's time, Unix seconds UTC), by that time."""
    # A fix is at most this much ahead of the server's time at which it came.
    begin = first_input_at(journal, since - MAX_AHEAD_S)
    found: list[Fix] = []
    for body in journal.pings_of(unit, begin):
        entry = decode(body)
        if isinstance(entry, PingReceived) and since <= entry.fix.fixed_at <= until:
            found.append(entry.fix)
    found.sort(key=lambda fix: fix.fixed_at)
    return found


def first_input_at(journal: Journal, at: float) -> int:
    """The id of the first input whose server time is `at` or later; one more than the last, if there is none.

    Server times never go back from one input to the next, so this is a binary search.
    """
    low, high = 1, journal.last_input + 1
    while low < high:
        middle = (low + high) // 2
        found = journal.input_from(middle)
        if found is not None and time_of(decode(found[1])) < at:
            low = found[0] + 1
        else:
            high = middle
    return low
