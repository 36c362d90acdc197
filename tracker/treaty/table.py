"""What a row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from tracker.facts import Facts, Scene, unix_s
from tracker.treaty.cite import Basis, Cite, binding
from tracker.treaty.predicates import Predicate
from tracker.treaty.timers import confirm_by, observe_until, release_at

Permitted = Literal["yes", "no", "conditional", "uncertain"]


def at_crossing(facts: Facts) -> float | None:
    """At the latest when the border is crossed."""
    return facts.crossed_at


def five_hours_after_crossing(facts: Facts) -> float | None:
    """Five hours after the crossing."""
    return None if facts.crossed_at is None else observe_until(facts.crossed_at)


def a_day_after_contact(facts: Facts) -> float | None:
    """24 hours after the contact."""
    return None if facts.established_at is None else confirm_by(facts.established_at)


def six_hours_of_day(facts: Facts) -> float | None:
    """Six hours after the hold began, midnight to nine local time not counted."""
    held_at = unix_s(facts.held_at)
    return None if held_at is None else release_at(held_at)


class Owed(msgspec.Struct, frozen=True):
    """An obligation as the table states it. `deadline` is None where the law sets no time.

    `cites` are the places that ask for it under one instrument or another; it is owed where one of them binds, and with
    `always` wherever its row applies.
    """

    id: str
    text: str
    cites: tuple[Cite, ...]
    deadline: Callable[[Facts], float | None] | None = None
    always: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, or one variant of a rule.

    It applies when one of its `cites` binds on the day between the territories (or `always`), and every predicate
    answers yes; the first such row wins. Validity is thus that of the instruments, and is written down only there.
    `cites` come most important first, those of each regime together; `also` are worth naming but do not carry the row.
    `overrides` names the later rules that it knowingly goes before; variants of one rule stand in order.
    """

    id: str
    title: str
    when: tuple[Predicate, ...]
    permitted: Permitted
    words: str
    meaning: str
    cites: tuple[Cite, ...]
    basis: Basis
    variant: str = ""
    also: tuple[Cite, ...] = ()
    obligations: tuple[Owed, ...] = ()
    powers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    always: bool = False
    """It stands even where no instrument that it cites binds; then by analogy, as inferred."""
    silent: bool = False
    """No text that was read says anything of this case; the row says so, and is neither consent nor refusal."""

    def is_law(self, scene: Scene) -> bool:
        """Whether the row applies on that day among those territories."""
        return self.always or bool(binding(self.cites, scene))


class Modifier(msgspec.Struct, frozen=True, kw_only=True):
    """A warning added to the answer of a rule that lets officers go on; with `even_if_not` to any answer.

    It applies under the instrument that the answer rests on, if it cites one; with `caps_at` it also weakens what is
    firmer. `warning` may name {to}, {restriction} and {release_at}. With `asks` an unknown that it turns on is asked
    for.
    """

    id: str
    when: Predicate
    warning: str
    basis: Basis
    cite: Cite | None = None
    rules: tuple[str, ...] = ()
    """Only to these; none named, to all."""
    caps_at: Permitted | None = None
    weakens_to: Basis | None = None
    """How firmly the answer still stands."""
    obligations: tuple[Owed, ...] = ()
    even_if_not: bool = False
    asks: bool = False
