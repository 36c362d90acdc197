"""Citations: typed, so that a test can resolve each in the index of its instrument."""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec


class Basis(StrEnum):
    """How firmly a row stands."""

    TEXT = "text"
    """The authentic text says so."""
    INFERRED = "inferred"
    """It follows from the text by our reasoning."""
    UNVERIFIED = "unverified"
    """From a secondary source, or general knowledge."""


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


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of law as the index knows it: which places it has, and what each says in our words."""

    title: str
    link: str
    articles: dict[str, str]
    """By `article`, `article.paragraph` or `article.paragraph.point`."""
    in_force: date | None = None
    until: date | None = None

    def summary(self, cite: Cite) -> str | None:
        """What the cited place says, in our words; None when there is no such place."""
        return self.articles.get(".".join(part for part in (cite.article, cite.paragraph, cite.point) if part))


@cache
def index() -> dict[str, Instrument]:
    """Every instrument that rules cite, by its key."""
    text = files("tracker.treaty").joinpath("index.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Instrument])
