"""How often somebody may try to sign in."""

from __future__ import annotations

import pytest

from tracker.io.throttle import FORGET_S, MAX_COUNTS, Throttle, TooSoon, network

AT = 1_795_442_531.0


def waits(throttle: Throttle, name: str, address: str, at: float) -> float:
    """Seconds that an attempt must wait; 0 when it was taken."""
    try:
        throttle.attempt(name, address, at)
    except TooSoon as error:
        return error.wait_s
    return 0.0


def guess(throttle: Throttle, name: str, address: str, times: int, at: float = AT) -> float:
    """Guess as fast as is allowed; when the last guess was made."""
    for _ in range(times):
        while (wait_s := waits(throttle, name, address, at)) > 0:
            at += wait_s
    return at


def test_five_mistakes_are_free_and_then_each_costs_twice_the_last() -> None:
    throttle = Throttle()
    at = guess(throttle, "ada", "10.0.0.1", 5)
    assert at == AT

    pauses = []
    for _ in range(12):
        pauses.append(waits(throttle, "ada", "10.0.0.1", at))
        at += pauses[-1]
        assert waits(throttle, "ada", "10.0.0.1", at) == 0

    assert pauses[:11] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]


def test_what_must_wait_does_not_count() -> None:
    throttle = Throttle()
    guess(throttle, "ada", "10.0.0.1", 5)
    for _ in range(1_000):
        assert waits(throttle, "ada", "10.0.0.1", AT + 0.5) == 0.5

    assert waits(throttle, "ADA", "10.0.0.1", AT + 1) == 0


def test_many_at_once_count_as_many() -> None:
    """None of them is answered before the last has come."""
    throttle = Throttle()

    assert sum(waits(throttle, "ada", "10.0.0.1", AT) == 0 for _ in range(100)) == 5


def test_the_right_password_clears_the_mistakes() -> None:
    throttle = Throttle()
    at = guess(throttle, "ada", "10.0.0.1", 6)
    throttle.succeeded("ada", "10.0.0.1", at)

    assert guess(throttle, "ada", "10.0.0.1", 5, at) == at


def test_after_an_hour_of_quiet_all_is_forgotten() -> None:
    throttle = Throttle()
    at = guess(throttle, "ada", "10.0.0.1", 10) + FORGET_S + 1

    assert guess(throttle, "ada", "10.0.0.1", 5, at) == at


def test_one_name_from_many_addresses_is_slowed_down_but_not_where_it_belongs() -> None:
    """Nobody locks a dispatcher out by guessing from elsewhere."""
    throttle = Throttle()
    throttle.attempt("ada", "10.0.0.1", AT)
    throttle.succeeded("ada", "10.0.0.1", AT)
    for number in range(20):
        assert waits(throttle, "ada", f"10.0.1.{number}", AT) == 0

    assert waits(throttle, "ada", "10.0.1.99", AT) > 0
    assert waits(throttle, "ada", "10.0.0.1", AT) == 0
    assert waits(throttle, "bob", "10.0.1.99", AT) == 0


def test_one_address_with_many_names_is_slowed_down() -> None:
    throttle = Throttle()
    taken = [number for number in range(200) if waits(throttle, f"user{number}", "10.0.0.1", AT) == 0]

    assert len(taken) == 40
    assert waits(throttle, "ada", "10.0.0.2", AT) == 0


def test_a_flood_of_names_takes_no_memory() -> None:
    throttle = Throttle()
    for number in range(MAX_COUNTS + 500):
        throttle.attempt(f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", AT)

    assert max(map(len, (throttle._pairs, throttle._names, throttle._addresses))) == MAX_COUNTS


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("what a proxy said", "what a proxy said"),
    ],
)
def test_addresses_that_one_attacker_has_count_as_one(address: str, counted: str) -> None:
    assert network(address) == counted
