"""Borders with states that are not party to the treaty: what rule R8 answers, from third_states.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from tracker.treaty.cite import Basis, Cite
from tracker.treaty.facts import Facts
from tracker.treaty.table import Permitted


class ThirdState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for units of `origin` that enter `to`."""

    origin: tuple[str, ...]
    to: tuple[str, ...]
    permitted: Permitted
    basis: Basis
    words: str
    powers: tuple[str, ...]
    warnings: tuple[str, ...]
    from_: tuple[str, ...] = msgspec.field(name="from", default=())
    instrument: str = "CISA"
    article: str = "41"

    @property
    def cite(self) -> Cite:
        """The article that it rests on."""
        return Cite(self.instrument, self.article)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    border: tuple[ThirdState, ...]


@cache
def borders() -> tuple[ThirdState, ...]:
    """Every entry, in order."""
    text = files("tracker.treaty").joinpath("third_states.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File).border


def entering(facts: Facts) -> ThirdState | None:
    """The entry for a crossing out of the Benelux; None when there is none, and nothing is known."""
    for entry in borders():
        if facts.unit.origin_state not in entry.origin or facts.crossing.to not in entry.to:
            continue
        if not entry.from_ or facts.crossing.from_ in entry.from_:
            return entry
    return None
