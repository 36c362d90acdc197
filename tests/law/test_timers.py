"""The clocks of the treaty; in the six-hour rule of Art. 21(3) midnight to nine, local time, does not count."""

from __future__ import annotations

from datetime import datetime

import pytest

from tracker.facts import LOCAL
from tracker.treaty.timers import confirm_by, observe_until, release_at


@pytest.mark.parametrize(
    ("held", "released"),
    [
        ("2026-11-23 14:00", "2026-11-23 20:00"),
        ("2026-11-23 18:00", "2026-11-24 00:00"),
        ("2026-11-23 18:01", "2026-11-24 09:01"),
        ("2026-11-23 19:00", "2026-11-24 10:00"),
        ("2026-11-23 22:30", "2026-11-24 13:30"),
        ("2026-11-23 03:00", "2026-11-23 15:00"),
        ("2026-11-23 00:00", "2026-11-23 15:00"),
        ("2026-11-23 09:00", "2026-11-23 15:00"),
        ("2026-03-28 22:30", "2026-03-29 13:30"),
        ("2026-03-29 01:30", "2026-03-29 15:00"),
        ("2026-10-24 22:30", "2026-10-25 13:30"),
        ("2026-10-25 02:30", "2026-10-25 15:00"),
    ],
)
def test_vectors(held: str, released: str) -> None:
    """The last four are the nights in which the clocks change."""

    def unix_s(local: str) -> float:
        return datetime.fromisoformat(local).replace(tzinfo=LOCAL).timestamp()

    assert release_at(unix_s(held)) == unix_s(released)


def test_oral_data_are_confirmed_within_24_hours_and_urgent_observation_ends_after_five() -> None:
    """Elapsed hours (Arts 12(2) and 22(5)), also over a change of the clocks."""
    assert confirm_by(1_000_000.0) == 1_000_000.0 + 24 * 3600
    assert observe_until(1_000_000.0) == 1_000_000.0 + 5 * 3600
