"""The law's words in the languages of the Benelux.

English is the source: the table, the questions and the labels are written in it. Each other language is a file of
phrases by their English text, with the same places to fill in. An event keeps the English words that were said at the
time, filled in; the phrase that they came from is found again by its shape.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, get_args

import msgspec

from tracker.errors import Refused

Language = Literal["en", "nl", "fr", "de"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

STATES: Final = {
    "BE": "Belgium",
    "NL": "the Netherlands",
    "LU": "Luxembourg",
    "DE": "Germany",
    "FR": "France",
    "GB": "the United Kingdom",
    "LU+DE": "the border river of Luxembourg and Germany",
    "NL+DE": "the Ems-Dollard",
    "SEA": "the sea",
    "OUTSIDE": "outside the covered area",
}
"""Names of territories, for people."""

UNCHECKED: Final = "Unchecked translation: the English words are those that were checked."

_PLACE: Final = re.compile(r"\{(\w+)\}")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    phrases: dict[str, str]
    checked: bool = False
    """Whether somebody who knows the law in that language has read it against the authentic text."""


class _Shape(NamedTuple):
    """A phrase with places: what its English looks like when they are filled in."""

    english: re.Pattern[str]
    other: str


class Phrases:
    """What is said in one language.

    Args:
        language: one of `LANGUAGES`.
        phrases: by English text; empty for English.
        is_checked: whether they were checked.
    """

    def __init__(self, language: Language, phrases: dict[str, str], *, is_checked: bool) -> None:
        self.language: Final = language
        self.phrases: Final = phrases
        self.is_checked: Final = is_checked
        # The longest first: a phrase with more words of its own says more of what was meant.
        shaped = sorted((english for english in phrases if "{" in english), key=lambda text: -len(_PLACE.sub("", text)))
        self._shapes = [_Shape(_pattern(english), phrases[english]) for english in shaped]

    def say(self, english: str) -> str:
        """A phrase in this language; one that it does not have stays English, which is better than nothing."""
        return self._find(english) or english

    def state(self, code: str | None) -> str:
        """The name of a territory."""
        return self.say("Not known") if code is None else self.say(STATES.get(code, code))

    def fill(self, english: str, **values: object) -> str:
        """A phrase in this language with its places filled in, by territories, phrases or names."""
        return _filled(
            self.phrases.get(english, english), {name: self._value(str(value)) for name, value in values.items()}
        )

    def _find(self, english: str) -> str | None:
        exact = self.phrases.get(english)
        if exact is not None:
            return exact
        for shape in self._shapes:
            found = shape.english.fullmatch(english)
            if found is not None:
                values = {name: self._value(value) for name, value in found.groupdict().items()}
                return _filled(shape.other, values)
        return None

    def _value(self, value: str) -> str:
        """What fills a place: a territory, a phrase, or a name, which is the same in every language."""
        return self.state(value) if value in STATES else self._find(value) or value


@cache
def phrases(language: str) -> Phrases:
    """The phrases of a language.

    Raises:
        Refused: there is no such language here.
    """
    for known in LANGUAGES:
        if language == known:
            return _load(known)
    raise Refused("lang", f"{language[:20]!r} is not one of {', '.join(LANGUAGES)}")


def _load(language: Language) -> Phrases:
    if language == "en":
        return Phrases(language, {}, is_checked=True)
    text = files("tracker.words").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    found = msgspec.convert(tomllib.loads(text), _File)
    return Phrases(language, found.phrases, is_checked=found.checked)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _PLACE.sub(lambda place: str(values[place[1]]), text)


def _pattern(english: str) -> re.Pattern[str]:
    """What a phrase looks like when its places are filled in; a place that comes twice holds the same twice."""
    parts, seen = [], set[str]()
    for index, part in enumerate(_PLACE.split(english)):
        if index % 2 == 0:
            parts.append(re.escape(part))
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            seen.add(part)
            parts.append(f"(?P<{part}>.+?)")
    return re.compile("".join(parts), re.DOTALL)
