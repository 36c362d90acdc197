"""Citations: typed, so that a test can resolve each in the index of its instrument, and so that each is used only where
and when its instrument binds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from tracker.facts import Scene


class Basis(StrEnum):
    """How firmly an answer stands, from firm to weak."""

    TEXT = "text"
    """The authentic text says so."""
    INFERRED = "inferred"
    """It follows from the text by our reasoning."""
    UNVERIFIED = "unverified"
    """From a secondary source, or general knowledge."""

    def weakened_by(self, other: Basis) -> Basis:
        """The weaker of the two: an answer stands no firmer than what it rests on."""
        order = tuple(Basis)
        return max(self, other, key=order.index)


class Cite(msgspec.Struct, frozen=True):
    """A place in an instrument; `instrument` is a key of index.toml."""

    instrument: str
    article: str
    paragraph: str = ""
    point: str = ""

    def __str__(self) -> str:
        paragraph = f"({self.paragraph})" if self.paragraph else ""
        point = f"({self.point})" if self.point else ""
        return f"Art. {self.article}{paragraph}{point}"

    @property
    def place(self) -> str:
        """The key of the place among the articles of its instrument."""
        return ".".join(part for part in (self.article, self.paragraph, self.point) if part)


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of law as the index knows it: whom it binds and when, which places it has, what each says in our words."""

    title: str
    link: str
    in_force: date
    dates_from: str
    """Where its dates come from."""
    parties: tuple[str, ...]
    articles: dict[str, str]
    """By `article`, `article.paragraph` or `article.paragraph.point`."""
    until: date | None = None
    """The first day on which it no longer bound."""
    unread: tuple[str, ...] = ()
    """Places whose summary is not from the text itself."""

    def is_in_force(self, on: date | None) -> bool:
        """Whether it is law on a day; an unknown day counts as one under the present law."""
        if on is None:
            return self.until is None
        return self.in_force <= on and (self.until is None or on < self.until)

    def binds(self, scene: Scene) -> bool:
        """Whether it is law on that day among those territories."""
        return self.is_in_force(scene.on) and scene.territories.issubset(self.parties)

    def summary(self, cite: Cite) -> str | None:
        """What the cited place says, in our words; None when there is no such place."""
        return self.articles.get(cite.place)


@cache
def index() -> dict[str, Instrument]:
    """Every instrument that rules cite, by its key."""
    text = files("tracker.treaty").joinpath("index.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Instrument])


def binding(cites: Iterable[Cite], scene: Scene) -> tuple[Cite, ...]:
    """Those of the places whose instrument binds in the scene, in the order given."""
    return tuple(cite for cite in cites if index()[cite.instrument].binds(scene))


def firmness(cite: Cite) -> Basis:
    """The firmest basis that something resting on this place can have."""
    return Basis.UNVERIFIED if cite.place in index()[cite.instrument].unread else Basis.TEXT
