"""How fast a unit may send."""

from __future__ import annotations

import pytest

from tracker.io.pace import Limit, Pace, Paces

AT = 1_795_442_531.0
LIMIT = Limit(5.0, 20, 500.0)


def taken(pace: Pace, pings: int, together: int, age_s: float) -> float:
    """Send without a pause; seconds until all were taken."""
    at = AT
    for _ in range(pings // together):
        at += pace.wait_s(together, age_s, at)
    return at - AT


def test_a_car_that_sends_twice_a_second_never_waits() -> None:
    pace = Pace(LIMIT, 1)

    assert not any(pace.wait_s(1, 0.2, AT + number / 2) for number in range(10_000))


def test_twenty_at_once_are_free_and_then_five_a_second() -> None:
    assert taken(Pace(LIMIT, 1), 20, 1, 0.2) == 0
    assert taken(Pace(LIMIT, 1), 120, 1, 0.2) == pytest.approx(20, rel=0.01)
    assert taken(Pace(LIMIT, 1), 1_000, 100, 0.2) == pytest.approx(196, rel=0.01)


def test_a_gateway_has_the_pace_of_all_its_units() -> None:
    assert taken(Pace(LIMIT, 100), 100_000, 100, 0.2) == pytest.approx(196, rel=0.02)


def test_a_days_backlog_at_one_a_second_is_in_within_three_minutes() -> None:
    assert taken(Pace(LIMIT, 1), 86_400, 100, 3_600) == pytest.approx(172, rel=0.02)


def test_a_backlog_does_not_hold_up_what_is_new() -> None:
    pace = Pace(LIMIT, 1)
    assert pace.wait_s(5_000, 3_600, AT) > 8

    assert pace.wait_s(1, 0.2, AT) == 0


def test_what_was_not_used_is_not_saved_up() -> None:
    pace = Pace(LIMIT, 1)
    pace.wait_s(1, 0.2, AT)

    assert pace.wait_s(21, 0.2, AT + 86_400) == pytest.approx(0.2)


def test_what_is_left_of_a_wait_is_known_to_who_comes_meanwhile() -> None:
    pace = Pace(LIMIT, 1)
    assert pace.rest_s(AT) == 0
    assert pace.wait_s(30, 1.0, AT) == pytest.approx(2)

    assert [pytest.approx(left) for left in (2, 0.5, 0)] == [pace.rest_s(AT + gone) for gone in (0, 1.5, 3)]


def test_all_ways_of_one_sender_share_a_pace_and_others_do_not() -> None:
    paces = Paces(LIMIT)
    assert paces.of(b"one", 1).wait_s(20, 1.0, AT) == 0
    assert paces.of(b"one", 1).wait_s(5, 1.0, AT) == pytest.approx(1)
    assert paces.of(b"two", 1).wait_s(20, 1.0, AT) == 0
