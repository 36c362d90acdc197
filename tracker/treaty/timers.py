"""Clocks that the treaty sets. Instants are Unix seconds UTC; local time is that of the three capitals."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from tracker.treaty.facts import LOCAL

SIX_HOURS_S: Final = 6 * 3600
NIGHT_ENDS: Final = time(9)
"""Art. 21(3): the hours from midnight to nine do not count."""


def release_at(held_at: float) -> float:
    """The latest release of a person held after a pursuit: six hours after the hold, 00:00-09:00 local not counted.

    Art. 21(3), unless a European arrest warrant has arrived. It binds the host state; to others it is information.
    """
    now = datetime.fromtimestamp(held_at, LOCAL)
    left_s: float = SIX_HOURS_S
    while True:
        if now.time() < NIGHT_ENDS:
            now = datetime.combine(now.date(), NIGHT_ENDS, LOCAL)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), LOCAL)
        # Elapsed time is what counts, and both changes of the clocks fall into the night.
        day_s = midnight.timestamp() - now.timestamp()
        if left_s <= day_s:
            return now.timestamp() + left_s
        left_s -= day_s
        now = midnight
