"""Clocks that the treaty sets. Instants are Unix seconds UTC; local time is that of the three capitals."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from tracker.facts import LOCAL
from tracker.treaty.params import params


def confirm_by(told_at: float) -> float:
    """Art. 12(2): until when data given orally are confirmed in writing."""
    return told_at + params().written_confirmation.seconds


def observe_until(crossed_at: float) -> float:
    """Art. 22(5): when an urgent observation stops if consent has not come."""
    return crossed_at + params().observation_without_consent.seconds


def release_at(held_at: float) -> float:
    """Art. 21(3): the latest release of a person held after a pursuit, unless a European arrest warrant has arrived.

    Six hours after the hold began, 00:00-09:00 local time not counted. It binds the host state; to others it is
    information.
    """
    day = params().night.ends_at
    now = datetime.fromtimestamp(held_at, LOCAL)
    left_s = params().questioning.seconds
    while True:
        if now.time() < day:
            now = datetime.combine(now.date(), day, LOCAL)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), LOCAL)
        # Elapsed time is what counts, and both changes of the clocks fall into the night.
        day_s = midnight.timestamp() - now.timestamp()
        if left_s <= day_s:
            return now.timestamp() + left_s
        left_s -= day_s
        now = midnight
