"""The legs of a pursuit, its reports and its explanations: all read off the events."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.tracker.road import Scene
from tests.tracker.test_corrections import late, through_a_tunnel
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import (
    CrossingConfirmed,
    CrossingCorrected,
    Decision,
    ObligationOpened,
    PursuitContact,
    PursuitHold,
    decode,
    encode,
)
from tracker.explain import explain
from tracker.inputs import (
    EndPursuit,
    FileReport,
    ReportContact,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
)
from tracker.legs import Leg, Numbered, legs
from tracker.report import leg_report
from tracker.words import LANGUAGES, phrases

EVIL = "<script>alert('&')</script>"


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def record(scene: Scene) -> list[Numbered]:
    """The journal as it would be read back."""
    return [(offset, decode(encode(event))) for offset, event in enumerate(scene.events, 1)]


def there_and_back_and_there(scene: Scene) -> list[Leg]:
    """Into the Netherlands, home, and into the Netherlands again, where somebody is held."""
    scene.register("BE-K03")
    scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now))
    scene.drive("BE-K03", -1500, -600)
    scene.do(ReportContact(id="p-1", host="NL", with_=EVIL, channel="radio", by="An", at=scene.now))
    scene.drive("BE-K03", -600, 600)
    scene.do(ReportHostDecision(id="p-1", decision="joint", instructions="Keep to the A16", at=scene.now))
    scene.drive("BE-K03", 600, -600)
    scene.drive("BE-K03", -600, 600)
    scene.do(ReportDanger(id="p-1", disproportionate=False, at=scene.now))
    scene.do(ReportHold(id="p-1", force_used=True, at=scene.now))
    scene.do(ReportHandover(id="p-1", to="Adjudant Bos", at=scene.now))
    scene.do(EndPursuit(id="p-1", at=scene.now))
    scene.do(FileReport(id="p-1", host="NL", at=scene.now))
    return legs("p-1", record(scene))


def test_each_stay_in_a_host_state_is_a_leg(scene: Scene) -> None:
    first, second = there_and_back_and_there(scene)

    assert [first.host, second.host] == ["NL", "NL"]
    assert [entry.unit for entry in first.entries] == [exit_.unit for exit_ in first.exits] == ["BE-K03"]
    assert (len(second.exits), second.ended_at is not None) == (0, True)
    assert first.is_over
    assert second.is_over


def test_what_was_said_before_the_border_belongs_to_the_leg_that_followed(scene: Scene) -> None:
    first, second = there_and_back_and_there(scene)

    assert [event.status for event in first.said if isinstance(event, PursuitContact)] == ["established"]
    assert "contact" in {owed.opened.kind for owed in first.owed.values()}
    assert not [event for event in second.said if isinstance(event, PursuitContact)]
    assert [event.force_used for event in second.said if isinstance(event, PursuitHold)] == [True]
    assert second.report is not None


def test_every_event_that_names_a_host_is_in_a_leg(scene: Scene) -> None:
    found = {offset for leg in there_and_back_and_there(scene) for offset in leg.offsets}

    named = {offset for offset, event in record(scene) if getattr(event, "host", None) == "NL"}
    assert named <= found


def test_one_report_is_of_every_leg_before_it_that_had_none(scene: Scene) -> None:
    scene.register("BE-K03")
    scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now))
    scene.drive("BE-K03", -600, 600)
    for _ in range(2):
        scene.drive("BE-K03", 570, -600)
        scene.drive("BE-K03", -570, 600)
    scene.drive("BE-K03", 570, -600)
    [reported] = scene.do(FileReport(id="p-1", at=scene.now))[:1]
    scene.drive("BE-K03", -570, 600)
    scene.drive("BE-K03", 570, -600)
    [again] = scene.do(FileReport(id="p-1", at=scene.now))[:1]

    assert [leg.report for leg in legs("p-1", record(scene))] == [*[reported] * 3, again]


def test_a_leg_shows_the_crossing_as_it_was_corrected(scene: Scene) -> None:
    scene.register("BE-K03")
    scene.do(StartPursuit(id="p-1", unit="BE-K03", at=scene.now))
    through_a_tunnel(scene)
    late(scene, 29, -30)
    late(scene, 31, 30)

    [leg] = legs("p-1", record(scene))
    [entry] = leg.entries
    assert isinstance(entry.crossing, CrossingConfirmed)
    assert isinstance(entry.stands, CrossingCorrected)
    assert "Corrected later" in leg_report(leg, 1, 1, phrases("en"))


class Parsed(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert name not in {"src", "href"}, value

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_says_what_happened_and_nothing_of_its_text_is_markup(scene: Scene, language: str) -> None:
    found = there_and_back_and_there(scene)
    pages = [leg_report(leg, number, 2, phrases(language)) for number, leg in enumerate(found, 1)]
    first, second = map(Parsed, pages)

    assert f'<html lang="{language}">' in pages[0]
    assert "script" not in first.tags
    assert EVIL in first.text
    for said in ("BE-K03", "BE-NL", "Keep to the A16", "radio", "Art. 21(1)", "Art. 46(1)"):
        assert said in first.text, said
    assert "Adjudant Bos" in second.text
    assert pages[0] == leg_report(legs("p-1", record(scene))[0], 1, 2, phrases(language))


def test_a_decision_is_explained(scene: Scene) -> None:
    there_and_back_and_there(scene)
    decision = next(event for event in scene.events if isinstance(event, Decision))

    text = "\n".join(explain(record(scene), decision.id[:8], phrases("en")))

    for said in (
        decision.id,
        decision.words,
        "Benelux Police Treaty 2018, Art. 21(1)  https://",
        "crossing.to: NL (seen by the software)",
        "danger: unknown",
        "Does going on endanger",
        "the text says so",
    ):
        assert said in text, said
    for owed in decision.obligations:
        assert owed.text in text


def test_an_obligation_is_explained_by_the_decision_that_asked_for_it(scene: Scene) -> None:
    there_and_back_and_there(scene)
    opened = next(event for event in scene.events if isinstance(event, ObligationOpened) and event.kind == "contact")
    confirm = next(
        event for event in scene.events if isinstance(event, ObligationOpened) and event.kind == "confirm_in_writing"
    )

    met = "\n".join(explain(record(scene), opened.id, phrases("en")))
    asked = "\n".join(explain(record(scene), confirm.id, phrases("en")))

    assert re.search(r"UTC\): open\n.*UTC\): met", met)
    assert "asked for by decision" in asked


def test_every_event_can_be_explained(scene: Scene) -> None:
    there_and_back_and_there(scene)

    for _, event in record(scene):
        assert len(list(explain(record(scene), event.id, phrases("en")))) >= 3, event


@pytest.mark.parametrize(("name", "reason"), [("abc", "too short"), ("0123456789", "no event"), ("x" * 32, "no event")])
def test_what_is_not_there_is_not_explained(scene: Scene, name: str, reason: str) -> None:
    there_and_back_and_there(scene)
    with pytest.raises(Refused, match=reason):
        list(explain(record(scene), name, phrases("en")))


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="not one of en, nl, fr, de"):
        phrases("lb")
