"""Borders with states that are not party to the treaty: what rule R8 answers, from third_states.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from tracker.facts import Facts, Scene
from tracker.treaty.cite import Basis, Cite, binding
from tracker.treaty.table import Permitted


class ThirdState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for units of `origin` that enter `to`."""

    origin: tuple[str, ...]
    to: tuple[str, ...]
    permitted: Permitted
    basis: Basis
    cite: Cite
    words: str
    powers: tuple[str, ...]
    warnings: tuple[str, ...]
    grounds: tuple[str, ...] = ()
    """Those that carry it; none named: it does not turn on the ground."""
    without: str = ""
    """What is said where the ground that is stated is none of them."""
    by_another_state: bool = False
    """True when it is only for crossings that do not start from the unit's own state."""

    def lacks_ground(self, facts: Facts) -> bool | None:
        """Whether the ground does not suffice; None while nobody has stated it."""
        if not self.grounds:
            return False
        return None if facts.offence_ground is None else facts.offence_ground not in self.grounds


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    border: tuple[ThirdState, ...]


@cache
def borders() -> tuple[ThirdState, ...]:
    """Every entry, in order."""
    text = files("tracker.treaty").joinpath("third_states.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File).border


def entering(facts: Facts, scene: Scene) -> ThirdState | None:
    """The entry for a pursuit out of the Benelux; None when there is none, or it is not known which one it is."""
    left_own_state = facts.left_own_state
    for entry in borders():
        if facts.unit.origin_state not in entry.origin or facts.crossing.to not in entry.to:
            continue
        if not binding((entry.cite,), scene):
            continue
        if left_own_state is None:
            # Whether the first entry or a later one fits turns on a fact that nobody has stated.
            return None
        if entry.by_another_state is not left_own_state:
            return entry
    return None
