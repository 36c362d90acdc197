"""A burst is not an overload, and a pause is not its end."""

from __future__ import annotations

from tracker.io.overload import CALM_S, LATE_S, LONG, RAISE_S, Strain


def looks(strain: Strain, begin: float, seconds: float, *, late_s: float = 0.0, waiting: int = 0) -> list[bool]:
    """Four a second."""
    found = []
    for quarter in range(round(4 * seconds)):
        strain.look(begin + quarter / 4, late_s, waiting)
        found.append(strain.is_over)
    return found


def test_a_short_burst_is_not_told() -> None:
    strain = Strain()
    assert not any(looks(strain, 0.0, RAISE_S - 0.5, waiting=20_000))
    assert not any(looks(strain, 10.0, 5.0))
    assert not any(looks(strain, 20.0, RAISE_S - 0.5, waiting=20_000)), "two bursts do not add up"


def test_what_lasts_is_told_and_stands_until_it_has_been_calm_for_a_while() -> None:
    strain = Strain()
    assert looks(strain, 0.0, RAISE_S + 1.0, waiting=LONG)[-1]
    # Half as much is not enough to raise it, and is enough to keep it.
    assert all(looks(strain, 10.0, 60.0, waiting=LONG // 2))
    assert all(looks(strain, 70.0, CALM_S - 1.0))
    assert all(looks(strain, 79.0, 1.0, late_s=LATE_S / 2)), "a flutter begins the calm anew"
    assert not looks(strain, 80.0, CALM_S + 0.5)[-1]
    assert not any(looks(strain, 100.0, 60.0, waiting=LONG // 2))


def test_a_loop_that_stood_still_for_long_was_late_for_as_long() -> None:
    strain = Strain()
    strain.look(100.0, RAISE_S + 0.1, 0)
    assert strain.is_over

    other = Strain()
    other.look(100.0, LATE_S + 0.1, 0)
    assert not other.is_over
