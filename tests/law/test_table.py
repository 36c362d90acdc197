"""The table itself: complete, unambiguous, and every citation resolves."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import reduce
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from tracker.facts import (
    ContactFacts,
    CrossingFacts,
    Facts,
    HostDecision,
    HostFacts,
    Kind,
    Place,
    PursuitFacts,
    Scene,
    Service,
    State,
    UnitFacts,
)
from tracker.treaty import predicates as p
from tracker.treaty import rows
from tracker.treaty.cite import Basis, Cite, Instrument, index
from tracker.treaty.document import document
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.params import params
from tracker.treaty.predicates import Predicate
from tracker.treaty.rows import RULES
from tracker.treaty.rules import Finding, decide, law
from tracker.treaty.table import Owed, Row
from tracker.treaty.third_states import borders

ROOT = Path(__file__).parents[2]
CHANGES_OF_LAW = sorted(
    {
        day
        for instrument in index().values()
        for change in (instrument.in_force, instrument.until)
        if change
        for day in (change - timedelta(days=1), change)
    }
)
BANNED = re.compile(r"\b(arrest\w*|permission|authori[sz]\w+)\b", re.IGNORECASE)


EVERYTHING = frozenset(get_args(Place))


def cites() -> list[tuple[str, Cite]]:
    owed = [(asked.id, asked) for asked in vars(rows).values() if isinstance(asked, Owed)]
    owed += [(row.id, asked) for row in RULES for asked in row.obligations]
    found = [(row.id, cite) for row in RULES for cite in (*row.cites, *row.also)]
    found += [(where, cite) for where, asked in owed for cite in asked.cites]
    found += [(modifier.id, modifier.cite) for modifier in MODIFIERS if modifier.cite is not None]
    found += [("params", getattr(params(), name).cite) for name in params().__struct_fields__]
    return found + [(f"{entry.origin}->{entry.to}", entry.cite) for entry in borders()]


@pytest.mark.parametrize(("where", "cite"), cites(), ids=str)
def test_every_citation_resolves(where: str, cite: Cite) -> None:
    instrument = index()[cite.instrument]

    assert instrument.summary(cite), f"{where} cites {cite} of {instrument.title}, which the index does not know"


@pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row.id} {row.variant}".strip())
def test_articles_named_in_words_exist_too(row: Row) -> None:
    for text in (row.words, *row.powers, *row.warnings):
        for article, paragraph, point in re.findall(r"Arts? (\d+)(?:\((\d+)\))?(?:\((\w)\))?", text.replace(".", "")):
            assert index()["BPT2018"].summary(Cite("BPT2018", article, paragraph, point)), text


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


class Group(NamedTuple):
    """Facts that only a few predicates read, and every alternative of them, known and unknown."""

    name: str
    predicates: tuple[Predicate, ...]
    alternatives: Callable[[], Iterator[Facts]]


def _wheres() -> Iterator[Facts]:
    places: tuple[Place | None, ...] = (None, *get_args(Place))
    states: tuple[State | None, ...] = (None, *get_args(State))
    for day, origin, from_, to, started in product(CHANGES_OF_LAW, states, places, places, places):
        yield Facts(day, UnitFacts(origin), PursuitFacts(None, started), CrossingFacts(from_, to))


def _contacts() -> Iterator[Facts]:
    said: tuple[HostDecision | None, ...] = (None, *get_args(HostDecision))
    contacts = (None, ContactFacts(), *(ContactFacts(established_at=at) for at in (900.0, 1010.0, 1100.0)))
    for contact, at, uncertainty_s in product(contacts, (None, 1000.0), (None, 20.0)):
        for can, decision in product((None, True, False), said):
            crossing = CrossingFacts(time=at, uncertainty_s=uncertainty_s)
            yield Facts(crossing=crossing, contact=contact, host=HostFacts(can, decision))


GROUPS = (
    Group("where and when", (p.RETURNS_HOME, p.BEGAN_ABROAD, p.LEAVES_THE_BENELUX, p.ENTERS_A_PARTY), _wheres),
    Group(
        "contact and host",
        (p.HOST_SAID_STOP, p.HOST_TAKES_OVER, p.HOST_IS_READY, p.CONTACT_NOT_IN_TIME),
        _contacts,
    ),
    Group(
        "service",
        (p.IS_CUSTOMS, p.IS_UNLISTED_SERVICE, p.IS_POLICE),
        lambda: (Facts(unit=UnitFacts(service=service)) for service in (None, *get_args(Service))),
    ),
    Group(
        "kind",
        (p.IS_OBSERVATION, p.IS_ESCORT, p.IS_TRANSIT, p.IS_JOINT_PATROL, p.IS_ANOTHER_ACTION, p.IS_PURSUIT),
        lambda: (Facts(pursuit=PursuitFacts(kind)) for kind in (None, *get_args(Kind))),
    ),
    Group(
        "ground",
        (p.WITHOUT_OLD_GROUND,),
        lambda: (
            Facts(pursuit=PursuitFacts(ground=ground))
            for ground in (None, "none_known", "stop_evaded", "escaped", "offence", "offence(theft)")
        ),
    ),
    Group("danger", (p.DANGER_IS_DISPROPORTIONATE,), lambda: (Facts(danger=danger) for danger in (None, True, False))),
)


def stands(row: Row, group: Group, facts: Facts) -> bool:
    """Whether the row, as far as this group of facts goes, may win."""
    asked = [predicate for predicate in row.when if predicate in group.predicates]
    answers = [predicate.ask(facts) for predicate in asked]
    return all(
        predicate.presumed if answer is None else answer for predicate, answer in zip(asked, answers, strict=True)
    )


def together(parts: Sequence[Facts]) -> Facts:
    """One record of facts out of one alternative of each group."""
    where, contact, service, kind, ground, danger = parts
    return Facts(
        where.date,
        UnitFacts(where.unit.origin_state, service.unit.service),
        PursuitFacts(kind.pursuit.kind, where.pursuit.started_in, ground.pursuit.ground),
        msgspec.structs.replace(contact.crossing, from_=where.crossing.from_, to=where.crossing.to),
        contact.contact,
        contact.host,
        danger.danger,
    )


def classes() -> tuple[list[list[Facts]], list[NDArray[np.bool_]], int]:
    """Each group's alternatives, one of each kind that the rows can tell apart; which rows stand in each; how many
    combinations that covers.
    """
    samples, tables, count = [], [], 1
    for group in GROUPS:
        found: dict[tuple[bool, ...], Facts] = {}
        number = 0
        for number, facts in enumerate(group.alternatives(), 1):  # noqa: B007
            rows_of = set(map(id, law(facts.scene))) if group is GROUPS[0] else set(map(id, RULES))
            found.setdefault(tuple(id(row) in rows_of and stands(row, group, facts) for row in RULES), facts)
        count *= number
        samples.append(list(found.values()))
        tables.append(np.array(list(found), dtype=bool))
    return samples, tables, count


def no_rule_is_expected(facts: Facts) -> bool:
    """Only where the texts are silent: whither is unknown, or the action is older than any text on it."""
    on = facts.date
    kind, service = facts.pursuit.kind, facts.unit.service
    assert on is not None
    if facts.crossing.to is None:
        return True
    if kind in (None, "pursuit"):
        silent = {"customs": date(2009, 6, 23), "other": date(2023, 10, 1)}
        return on < silent.get(service or "", date(1967, 12, 11))
    earliest = {"observation": date(1995, 3, 26), "transit": date(2006, 6, 1), "joint_patrol": date(2006, 6, 1)}
    return on < earliest.get(kind, date(2023, 10, 1))


def check(facts: Facts, decision: Finding) -> None:
    """What must hold of any decision on any facts."""
    if decision.rule == "none":
        assert no_rule_is_expected(facts), facts
        assert decision.permitted == "uncertain"
        assert not decision.obligations
        assert not decision.powers
    if decision.permitted == "yes":
        assert not decision.asks, facts
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
def test_every_combination_has_one_winner_and_every_overlap_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    """All values of all facts that rows read, on both sides of each change of law.

    The facts fall into groups such that each predicate reads one. Alternatives that no row can tell apart count once;
    what is left is multiplied out in full.
    """
    began_at = time.perf_counter()
    read = {predicate for row in RULES for predicate in row.when}
    assert read == {predicate for group in GROUPS for predicate in group.predicates}
    samples, tables, count = classes()
    shape = tuple(len(table) for table in tables)
    standing = []
    for number in range(len(RULES)):
        columns = [table[:, number] for table in tables]
        standing.append(np.ascontiguousarray(reduce(np.logical_and.outer, columns)).reshape(-1))
    first = np.full(standing[0].shape, -1, dtype=np.int8)
    for number in reversed(range(len(RULES))):
        first[standing[number]] = number

    declared: dict[str, set[str]] = {}
    for row in RULES:
        declared.setdefault(row.id, {row.id}).update(row.overrides)
    undeclared = {
        (one.id, other.id)
        for i, one in enumerate(RULES)
        for j, other in enumerate(RULES)
        if i < j and other.id not in declared[one.id] and (standing[i] & standing[j]).any()
    }
    for place, winner in enumerate(first):
        facts = together([samples[g][i] for g, i in enumerate(np.unravel_index(place, shape))])
        decision = decide(facts)

        assert decision.rule == (RULES[winner].id if winner >= 0 else "none"), facts
        check(facts, decision)
    seconds = time.perf_counter() - began_at
    with capsys.disabled():
        print(f"\n{count:,} combinations in {first.size:,} classes, each decided, in {seconds:.1f} s")

    assert not undeclared
    assert set(np.unique(first)) == {-1, *range(len(RULES))}


def test_every_fact_that_is_read_exists_and_has_its_question() -> None:
    read = [predicate for predicate in vars(p).values() if isinstance(predicate, Predicate)]

    assert {fact for predicate in read for fact in predicate.reads} | {"date", "crossing.from"} == set(p.QUESTIONS)
    for fact in p.QUESTIONS:
        assert not Facts().states(fact)


def test_any_combination_at_random_is_decided_soundly() -> None:
    """Alternatives that win alike may ask for different things; 20,000 are drawn from all of them."""
    draw = random.Random(21)
    pools = [list(group.alternatives()) for group in GROUPS]
    for _ in range(20_000):
        facts = together([draw.choice(pool) for pool in pools])
        check(facts, decide(facts))


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
        for text in (entry.words, *entry.powers, *entry.warnings):
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

    assert page == document(), "run: python -m tracker.treaty.document > docs/rules.md"
