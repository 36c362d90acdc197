"""What a row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, Literal

import msgspec

from tracker.treaty.cite import Basis, Cite
from tracker.treaty.facts import Facts
from tracker.treaty.predicates import Predicate

Permitted = Literal["yes", "no", "conditional", "uncertain"]

SENNINGEN_FROM: Final = date(2006, 6, 1)
"""The treaty of 8 June 2004 has been in force since June 2006; the day is not verified."""

TREATY_FROM: Final = date(2023, 10, 1)
"""The treaty of 23 July 2018 has been in force since this day (Trb. 2018, 160)."""


def at_crossing(facts: Facts) -> float | None:
    """At the latest when the border is crossed."""
    return facts.crossed_at


def five_hours_after_crossing(facts: Facts) -> float | None:
    """Art. 22(4): an urgent observation without consent stops five hours after the crossing."""
    return None if facts.crossed_at is None else facts.crossed_at + 5 * 3600


def a_day_after_contact(facts: Facts) -> float | None:
    """Art. 12(2): data given orally are confirmed in writing within 24 hours."""
    return None if facts.established_at is None else facts.established_at + 24 * 3600


class Owed(msgspec.Struct, frozen=True):
    """An obligation as the table states it. `deadline` is None where the law sets no time."""

    id: str
    text: str
    cite: Cite
    deadline: Callable[[Facts], float | None] | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. It applies when it is in force and every predicate answers yes; the first such row wins.

    `cites` come most important first. `overrides` names the later rows that it knowingly goes before.
    """

    id: str
    title: str
    when: tuple[Predicate, ...]
    permitted: Permitted
    words: str
    meaning: str
    cites: tuple[Cite, ...]
    basis: Basis
    obligations: tuple[Owed, ...] = ()
    powers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    valid_from: date = TREATY_FROM
    valid_until: date | None = None
    overrides: tuple[str, ...] = ()

    def is_in_force(self, on: date | None) -> bool:
        """Whether it is law on a day; an unknown day counts as one under the present law."""
        if on is None:
            return self.valid_until is None
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)
