"""Ways through the zones that two states share: a bridge over the Moselle is one crossing, not two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from borders.notices import Passage
from borders.states import SHARED, border_name

STAY_S: Final = 60.0
"""Who is in a shared zone for longer than this is not on a bridge: entering it is told."""


def fold(entered: Passage | None, passages: Iterable[Passage]) -> tuple[tuple[Passage, ...], Passage | None]:
    """Make one passage of every way from the one state that a zone belongs to, through it, to the other.

    Its place and time are those of the far bank. Who comes back to the bank that it left has crossed nothing.

    Args:
        entered: how the unit came into the zone in which it is, if that was not told yet.
        passages: its further way, in order.

    Returns:
        What is to be told, and how it came into the zone in which it is now, not to be told yet.
    """
    told: list[Passage] = []
    for passage in passages:
        if passage.from_ in SHARED.get(passage.to, ()):
            entered = passage
            continue
        if entered is not None:
            if passage.to is not entered.from_:
                told += through(entered, passage)
            entered = None
        else:
            told.append(passage)
    return tuple(told), entered


def through(entered: Passage, left: Passage) -> tuple[Passage, ...]:
    """What into a zone and out of it again make together: one passage, or two where the way leads to a third state."""
    if left.to not in SHARED[entered.to]:
        return entered, left
    border = border_name(entered.from_, left.to)
    return (left._replace(from_=entered.from_, border=border, via=entered.to),)
