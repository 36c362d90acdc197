from __future__ import annotations

from tracker.io.screens import Screens


def test_an_address_has_its_share_whoever_is_behind_it_but_for_this_machine() -> None:
    screens = Screens(4, 50)
    taken = [screens.enter(f"user{number}", "10.0.0.1") for number in range(51)]

    assert [place is None for place in taken] == [False] * 50 + [True]
    assert screens.enter("another", "10.0.0.2") is not None
    assert all(screens.enter(f"local{number}", "127.0.0.1") for number in range(200))
    assert all(screens.enter(f"local{number}", "::1") for number in range(200))
    assert taken[0] is not None
    screens.leave(taken[0])
    assert screens.enter("user50", "10.0.0.1") is not None


def test_who_found_no_place_takes_none() -> None:
    screens = Screens(1, 1)
    first = screens.enter("ada", "10.0.0.1")
    assert screens.enter("ada", "10.0.0.2") is None
    assert screens.enter("bob", "10.0.0.1") is None
    assert first is not None
    screens.leave(first)

    assert screens.enter("bob", "10.0.0.1") is not None
    assert screens.enter("ada", "10.0.0.2") is not None
