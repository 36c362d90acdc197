"""The table itself: complete, unambiguous, and every citation resolves."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest
from msgspec.structs import replace

from tests.law.completeness import GROUPS, together, walk
from tests.needs import sizes
from tracker.document import document
from tracker.facts import (
    ContactFacts,
    CrossingFacts,
    Facts,
    HostFacts,
    Place,
    PursuitFacts,
    Scene,
    State,
    UnitFacts,
)
from tracker.treaty import owed as owing
from tracker.treaty import predicates as p
from tracker.treaty.acts import ACTS
from tracker.treaty.cite import Basis, Cite, Instrument, index
from tracker.treaty.facts import FACTS, QUESTIONS
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.params import params
from tracker.treaty.predicates import Predicate
from tracker.treaty.rows import RULES
from tracker.treaty.rules import Finding, decide, law
from tracker.treaty.table import Owed, Row
from tracker.treaty.third_states import borders

ROOT = Path(__file__).parents[2]
BANNED = re.compile(r"\b(arrest\w*|permission|authori[sz]\w+)\b", re.IGNORECASE)


EVERYTHING = frozenset(get_args(Place))


def cites() -> list[tuple[str, Cite]]:
    owed = [(asked.id, asked) for asked in vars(owing).values() if isinstance(asked, Owed)]
    owed += [(row.id, asked) for row in RULES for asked in row.obligations]
    found = [(row.id, cite) for row in RULES for cite in (*row.cites, *row.also)]
    found += [(where, cite) for where, asked in owed for cite in asked.cites]
    found += [(modifier.id, modifier.cite) for modifier in MODIFIERS if modifier.cite is not None]
    found += [("params", getattr(params(), name).cite) for name in params().__struct_fields__]
    found += [(act.name, cite) for act in ACTS for cite in act.cites]
    return found + [(f"{entry.origin}->{entry.to}", entry.cite) for entry in borders()]


def resolves(cite: Cite) -> bool:
    """Whether the index knows the place: its instrument, article, paragraph and point, and days on which it was law."""
    instrument = index().get(cite.instrument)
    if instrument is None or not instrument.summary(cite):
        return False
    return instrument.is_in_force(instrument.in_force)


@pytest.mark.parametrize(("where", "cite"), cites(), ids=str)
def test_every_citation_resolves(where: str, cite: Cite) -> None:
    assert resolves(cite), f"{where} cites {cite} of {cite.instrument}, which the index does not know"


@pytest.mark.parametrize(
    "cite",
    [
        Cite("BPT2018", "68"),
        Cite("BPT2018", "21", "5"),
        Cite("BPT2018", "21", "2", "f"),
        Cite("BPT2017", "21"),
        Cite("SENNINGEN2004", "18", "1"),
    ],
    ids=str,
)
def test_a_citation_of_a_place_that_does_not_exist_is_found_out(cite: Cite) -> None:
    assert not resolves(cite)


NAMED = re.compile(r"(CISA |treaty of Enschede, )?Arts? (\d+)(?:\((\d+)\))?(?:\((\w)\))?")
NAMES = {"": "BPT2018", "CISA ": "CISA", "treaty of Enschede, ": "ENSCHEDE2005"}


def test_articles_named_in_words_exist_too() -> None:
    texts = [text for row in RULES for text in (row.words, row.meaning, *row.powers, *row.warnings)]
    texts += [text for entry in borders() for text in (entry.words, entry.without, *entry.powers, *entry.warnings)]
    texts += [modifier.warning for modifier in MODIFIERS]
    for text in texts:
        for name, article, paragraph, point in NAMED.findall(text.replace(".", "")):
            if "Prüm" not in text:
                assert resolves(Cite(NAMES[name], article, paragraph, point)), text


@pytest.mark.parametrize("instrument", index().values(), ids=lambda instrument: instrument.title)
def test_the_index_is_sound(instrument: Instrument) -> None:
    assert instrument.until is None or instrument.in_force < instrument.until
    assert set(instrument.parties) <= EVERYTHING
    assert set(instrument.unread) <= set(instrument.articles)
    for place in instrument.articles:
        article, *inner = place.split(".")
        for depth in range(len(inner)):
            assert ".".join([article, *inner[:depth]]) in instrument.articles, f"{place} has no parent"


def test_rules_are_told_apart_and_overrides_name_later_ones() -> None:
    keys = [(row.id, row.variant) for row in RULES]
    order = list(dict.fromkeys(row.id for row in RULES))

    assert len(set(keys)) == len(keys)
    assert order == [f"R{number}" for number in range(14)]
    for row in RULES:
        assert set(row.overrides) <= set(order[order.index(row.id) + 1 :]), row.id


def silence_is_expected(facts: Facts) -> bool:
    """Only where the texts are silent: the action is older than any text on it."""
    on = facts.date
    kind, service = facts.pursuit.kind, facts.unit.service
    assert on is not None
    if kind in (None, "pursuit"):
        silent = {"customs": date(2009, 6, 23), "other": date(2023, 10, 1)}
        return on < silent.get(service or "", date(1967, 12, 11))
    earliest = {"observation": date(1995, 3, 26)} | dict.fromkeys(
        ("transit", "joint_patrol", "emergency"), date(2006, 6, 1)
    )
    return on < earliest.get(kind, date(2023, 10, 1))


def check(facts: Facts, decision: Finding, row: Row | None = None) -> None:
    """What must hold of any decision on any facts."""
    if row is not None and row.silent:
        assert silence_is_expected(facts), facts
        assert decision.permitted == "uncertain"
        assert not decision.obligations
        assert not decision.powers
    if decision.permitted == "yes":
        assert all(ask.would_change.startswith("M") for ask in decision.asks), facts
    if decision.rule in {"R11", "R12", "R13"}:
        assert facts.date is not None
        assert facts.date >= date(2023, 10, 1), facts
        assert facts.pursuit.kind in (None, "pursuit"), facts
        assert facts.unit.service not in ("customs", "other"), facts
        assert facts.crossing.to in ("BE", "NL", "LU"), facts
    assert len({ask.fact for ask in decision.asks}) == len(decision.asks)
    for ask in decision.asks:
        assert not facts.states(ask.fact), f"{ask.fact} was stated"
    assert not re.search(r"[{}]", decision.words)


@pytest.mark.slow
def test_every_combination_has_one_winner_and_every_overlap_is_declared(lines_of_summary: list[str]) -> None:
    """All values of all facts that rows read, on both sides of each change of law; unknown is told from yes and no."""
    began_at = time.perf_counter()
    found = walk(RULES)
    for facts, winner in found.leaves:
        decision = decide(facts)

        assert decision.rule == RULES[winner].id, facts
        check(facts, decision, RULES[winner])
    seconds = time.perf_counter() - began_at
    lines_of_summary.append(
        f"{found.combinations:,} combinations of facts, {len(found.leaves):,} of them different to the "
        f"{len(RULES)} rows; each decided, in {seconds:.1f} s"
    )

    assert not found.gaps
    assert not found.overlaps
    assert {winner for _, winner in found.leaves} == set(range(len(RULES)))


def mutated(rule: str, **changes: Any) -> list[Row]:
    """The table with something changed in the rows of a rule."""
    return [replace(row, **changes) if row.id == rule else row for row in RULES]


@pytest.mark.slow
def test_the_walk_reports_rows_that_overlap_without_declared_precedence() -> None:
    assert walk(mutated("R12", overrides=())).overlaps == {("R12", "R13")}
    twin = replace(RULES[-1], id="R14")
    assert walk([*RULES, twin]).overlaps >= {("R13", "R14"), ("R12", "R14"), ("R11", "R14")}


@pytest.mark.slow
def test_the_walk_reports_a_gap() -> None:
    found = walk([row for row in RULES if row.id != "R13"])

    assert found.gaps
    assert not found.overlaps
    assert all(facts.crossing.to in ("BE", "NL", "LU") for facts in found.gaps)


def test_the_walk_refuses_a_question_that_it_does_not_cover() -> None:
    with pytest.raises(AssertionError, match="is_drone reads across groups"):
        walk(mutated("R13", when=(p.IS_DRONE,)))


def drawn(number: int) -> Iterator[Facts]:
    """Facts at random."""
    draw = random.Random(21)
    pools = [list(group.alternatives()) for group in GROUPS]
    for _ in range(number):
        yield together([draw.choice(pool) for pool in pools])


def test_every_fact_that_is_read_exists_and_has_its_question() -> None:
    read = [predicate for predicate in vars(p).values() if isinstance(predicate, Predicate)]

    assert {fact for predicate in read for fact in predicate.reads} <= set(QUESTIONS)
    for fact in QUESTIONS:
        assert not Facts().states(fact)


def test_every_field_of_the_input_is_in_the_catalogue_with_where_it_comes_from() -> None:
    parts: dict[str, type[msgspec.Struct]] = {
        "unit": UnitFacts,
        "pursuit": PursuitFacts,
        "crossing": CrossingFacts,
        "contact": ContactFacts,
    }
    parts["host"] = HostFacts
    fields = [
        f"{name}.{inner.encode_name}" if name in parts else name
        for name in Facts.__struct_fields__
        for inner in (msgspec.structs.fields(parts[name]) if name in parts else msgspec.structs.fields(Facts)[:1])
    ]

    assert fields == [fact.name for fact in FACTS]
    assert all(fact.whence and fact.question.endswith((".", "?")) for fact in FACTS)


@pytest.mark.parametrize("number", sizes(5_000, soak=100_000, long=2_000_000))
def test_any_combination_at_random_is_decided_soundly(number: int) -> None:
    """Alternatives that win alike may ask for different things; so many are drawn from all of them."""
    for facts in drawn(number):
        check(facts, decide(facts))


BLANKS: Final[dict[str, Callable[[Facts], Facts]]] = {
    "pursuit.kind": lambda facts: replace(facts, pursuit=replace(facts.pursuit, kind=None)),
    "pursuit.started_in": lambda facts: replace(facts, pursuit=replace(facts.pursuit, started_in=None)),
    "pursuit.ground": lambda facts: replace(facts, pursuit=replace(facts.pursuit, ground=None)),
    "unit.service": lambda facts: replace(facts, unit=replace(facts.unit, service=None)),
    "unit.origin_state": lambda facts: replace(facts, unit=replace(facts.unit, origin_state=None)),
    "crossing.border_region": lambda facts: replace(facts, crossing=replace(facts.crossing, border_region=None)),
    "host.decision": lambda facts: replace(facts, host=replace(facts.host, decision=None)),
    "host.can_take_over": lambda facts: replace(facts, host=replace(facts.host, can_take_over=None)),
    "host.consent": lambda facts: replace(facts, host=replace(facts.host, consent=None)),
    "danger": lambda facts: replace(facts, danger=None),
}


@pytest.mark.parametrize("number", sizes(1_500, soak=30_000, long=500_000))
def test_what_is_unknown_and_would_lead_to_another_rule_is_asked_for(number: int) -> None:
    """Blank one fact: were the rule another, or the answer firmer, the blank would be taken as yes or no in silence."""
    for facts in drawn(number):
        known = decide(facts)
        for name, blank in BLANKS.items():
            if not facts.states(name):
                continue
            decision = decide(blank(facts))
            asked = {ask.fact for ask in decision.asks}
            reached = facts.contact is None or facts.contact.established_at is not None
            if name == "host.decision" and not reached:
                continue  # who has not been reached has not decided
            if (decision.rule, decision.title) != (known.rule, known.title):
                assert name in asked, (name, facts)
            assert decision.permitted != "yes" or known.permitted == "yes", (name, facts)


def test_an_unknown_day_is_taken_for_one_under_the_present_law() -> None:
    for to in get_args(Place):
        territories = Facts(unit=UnitFacts("BE"), crossing=CrossingFacts("BE", to)).scene.territories

        assert law(Scene(None, territories)) == law(Scene(date(2026, 11, 24), territories))


def test_wording_never_says_what_the_treaty_does_not() -> None:
    for row in RULES:
        for text in (row.title, row.words, row.meaning, *row.powers, *row.warnings, *(o.text for o in row.obligations)):
            assert not BANNED.search(text), text
    for modifier in MODIFIERS:
        assert not BANNED.search(modifier.warning), modifier
    for entry in borders():
        for text in (entry.words, entry.without, *entry.powers, *entry.warnings):
            assert not BANNED.search(text), text


def test_every_third_state_has_an_answer_and_none_is_a_plain_yes() -> None:
    for origin, to in product(get_args(State), get_args(Place)):
        if to in get_args(State):
            continue
        decision = decide(
            Facts(date(2026, 1, 1), UnitFacts(origin), PursuitFacts("pursuit", origin), CrossingFacts(origin, to, 0.0))
        )

        assert decision.rule == "R8"
        assert decision.permitted in {"conditional", "uncertain"}
        assert decision.basis is not Basis.TEXT or (origin, to) == ("NL", "DE")


def test_the_page_of_rules_is_up_to_date() -> None:
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")

    assert page == document(), "run: python -m tracker.document > docs/rules.md"
