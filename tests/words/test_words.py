"""The law in four languages: complete, with the same places and numbers, and no word that the treaty does not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import pytest

from borders.hindsight import LATE
from tests.journeys.play import play
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.events import Decision, Event, ObligationOpened
from tracker.explain import explain
from tracker.legs import legs
from tracker.report import leg_report
from tracker.simulation import scenario_file
from tracker.treaty import owed as owing
from tracker.treaty.acts import ACTS
from tracker.treaty.facts import QUESTIONS
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.rows import RULES
from tracker.treaty.table import Owed
from tracker.treaty.third_states import borders
from tracker.words import LANGUAGES, STATES, Phrases, phrases

OTHERS = [language for language in LANGUAGES if language != "en"]
FORBIDDEN = {
    "nl": r"aanhoud|arrest|toestemming|machtiging|vergunning",
    "fr": r"arrestation|arrêter (?!la poursuite)|autoris|permission|garde à vue",
    "de": r"festnahm|festnehm|verhaft|genehmig|erlaub|gestatt",
}
"""Words for powers that Art. 36 does not give, and for leave that Art. 21 does not ask for."""


def said() -> Iterator[str]:
    """Everything that the law can say."""
    for row in RULES:
        yield from (row.title, row.words, *row.powers, *row.warnings, *(owed.text for owed in row.obligations))
    for modifier in MODIFIERS:
        yield from (modifier.warning, *(owed.text for owed in modifier.obligations))
    yield from (owed.text for owed in vars(owing).values() if isinstance(owed, Owed))
    for entry in borders():
        yield from (entry.words, *entry.powers, *entry.warnings, *filter(None, [entry.without]))
    yield from QUESTIONS.values()
    yield from (act.says for act in ACTS)
    yield LATE
    yield from STATES.values()


SAID = sorted(set(said()))


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+", re.sub(r"\{\w+\}", "", text))


@pytest.mark.parametrize("language", OTHERS)
def test_whatever_the_law_says_is_said_in_every_language(language: str) -> None:
    assert [text for text in SAID if text not in phrases(language).phrases] == []
    assert phrases(language).phrases.keys() == phrases("nl").phrases.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_places_and_numbers_are_those_of_the_english(language: str) -> None:
    for english, other in phrases(language).phrases.items():
        assert set(places(other)) == set(places(english)), english
        assert numbers(other) == numbers(english), english
        assert other.strip() == other != ""


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_says_what_the_treaty_does_not(language: str) -> None:
    for other in phrases(language).phrases.values():
        assert not re.search(FORBIDDEN[language], other, re.IGNORECASE), other


@pytest.mark.parametrize("language", OTHERS)
def test_a_phrase_is_found_again_by_its_shape(language: str) -> None:
    known = phrases(language)
    for english, other in known.phrases.items():
        values = {place[1:-1]: f"[{place[1:-1]}]" for place in places(english)}
        values |= {name: code for name, code in {"to": "NL", "from_": "BE"}.items() if name in values}
        filled = {name: known.state(value) if value in STATES else value for name, value in values.items()}

        assert known.say(english.format(**values)) == other.format(**filled), english


class Attentive(Phrases):
    """Notes what it could not say."""

    def __init__(self, language: str) -> None:
        known = phrases(language)
        super().__init__(known.language, known.phrases, is_checked=known.is_checked)
        self.unsaid: set[str] = set()

    def say(self, english: str) -> str:
        other = super().say(english)
        if other == english and english not in self.phrases:
            self.unsaid.add(english)
        return other


@pytest.fixture(scope="module")
def played(engine: Engine) -> list[list[Event]]:
    """The events of every incident that is in the books."""
    scenarios = [scenario_file.load(name) for name in scenario_file.names()]
    return [play(engine, scenario, scenario.started_at or STARTED_AT)[1] for scenario in scenarios]


@pytest.mark.parametrize("language", OTHERS)
def test_every_decision_report_and_explanation_is_all_in_one_language(played: list[list[Event]], language: str) -> None:
    words = Attentive(language)
    for events in played:
        record = list(enumerate(events, 1))
        for pursuit in {event.pursuit for event in events if isinstance(event, Decision)}:
            found = legs(pursuit, record)
            for number, leg in enumerate(found, 1):
                assert leg_report(leg, number, len(found), words)
        for event in events:
            if isinstance(event, Decision | ObligationOpened):
                assert list(explain(record, event.id, words))

    assert words.unsaid == set()


def test_what_nobody_has_checked_is_marked_as_such(played: list[list[Event]]) -> None:
    events = max(played, key=len)
    record = list(enumerate(events, 1))
    decision = next(event for event in events if isinstance(event, Decision))
    [leg, *_] = legs(decision.pursuit, record)

    for language in OTHERS:
        words = phrases(language)
        assert not words.is_checked
        mark = words.say("Unchecked translation: the English words are those that were checked.")
        assert escape(mark) in leg_report(leg, 1, 1, words)
        assert mark in list(explain(record, decision.id, words))
    assert "Unchecked" not in leg_report(leg, 1, 1, phrases("en"))


def test_english_is_what_it_was() -> None:
    for text in SAID:
        assert phrases("en").say(text) == text
    assert phrases("en").state("LU+DE") == "the border river of Luxembourg and Germany"
