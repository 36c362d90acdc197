"""The table itself: complete, unambiguous, and every citation resolves."""

from __future__ import annotations

import re
import time
from datetime import date
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from tracker.treaty import rows
from tracker.treaty.cite import Basis, Cite, index
from tracker.treaty.document import document
from tracker.treaty.facts import (
    ContactFacts,
    CrossingFacts,
    Facts,
    HostDecision,
    HostFacts,
    Kind,
    Place,
    PursuitFacts,
    Service,
    State,
    UnitFacts,
)
from tracker.treaty.rows import RULES
from tracker.treaty.rules import decide
from tracker.treaty.table import Owed
from tracker.treaty.third_states import borders

ROOT = Path(__file__).parents[2]
CHANGES_OF_LAW = (date(2006, 5, 31), date(2006, 6, 1), date(2023, 9, 30), date(2023, 10, 1))
BANNED = re.compile(r"\b(arrest\w*|permission|authori[sz]\w+)\b", re.IGNORECASE)


def cites() -> list[tuple[str, Cite]]:
    owed = [value for value in vars(rows).values() if isinstance(value, Owed)]
    found = [(row.id, cite) for row in RULES for cite in row.cites]
    found += [(row.id, asked.cite) for row in RULES for asked in row.obligations]
    found += [(asked.id, asked.cite) for asked in owed]
    return found + [(f"{entry.origin}->{entry.to}", entry.cite) for entry in borders()]


@pytest.mark.parametrize(("where", "cite"), cites(), ids=str)
def test_every_citation_resolves(where: str, cite: Cite) -> None:
    instrument = index()[cite.instrument]

    assert instrument.summary(cite), f"{where} cites {cite} of {instrument.title}, which the index does not know"


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.id)
def test_articles_named_in_words_exist_too(row: rows.Row) -> None:
    for text in (*row.powers, *row.warnings):
        for article, paragraph, point in re.findall(r"Art\. (\d+)(?:\((\d+)\))?(?:\((\w)\))?", text):
            assert index()["BPT2018"].summary(Cite("BPT2018", article, paragraph, point)), text


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.id)
def test_no_row_claims_a_right_older_than_its_instrument(row: rows.Row) -> None:
    instrument = index()[row.cites[0].instrument]
    general = row.id in {"R0", "R1", "R2", "R3", "R7b"}  # hold under every instrument; cite the present numbering

    assert general or instrument.in_force is None or row.valid_from >= instrument.in_force
    assert row.valid_until is None or row.valid_from < row.valid_until


def test_ids_are_unique_and_overrides_name_later_rows() -> None:
    ids = [row.id for row in RULES]

    assert len(set(ids)) == len(ids)
    for place, row in enumerate(RULES):
        assert set(row.overrides) <= set(ids[place + 1 :]), row.id


def combinations() -> list[Facts]:
    contacts = (None, ContactFacts(), ContactFacts(established_at=900.0), ContactFacts(established_at=1100.0))
    hosts = [HostFacts(can, said) for can in (None, True, False) for said in (None, *get_args(HostDecision))]
    return [
        Facts(
            on,
            UnitFacts(origin, service),
            PursuitFacts(kind, started),
            CrossingFacts(None, to, 1000.0),
            contact,
            host,
            danger,
        )
        for on, origin, service, kind, started, to in product(
            CHANGES_OF_LAW,
            (None, "BE", "NL"),
            (None, *get_args(Service)),
            (None, *get_args(Kind)),
            (None, "BE", "NL"),
            ("BE", "NL", "DE", None),
        )
        for contact, host, danger in (
            (contacts[0], hosts[0], None),
            *((contact, HostFacts(False, "none"), False) for contact in contacts),
            *((contacts[2], host, danger) for host in hosts for danger in (None, True, False)),
        )
    ]


@pytest.mark.slow
def test_every_combination_has_one_winner_and_every_overlap_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    """All values of every fact that rows read, on both sides of each change of law."""
    began_at = time.perf_counter()
    declared = {row.id: set(row.overrides) for row in RULES}
    seen: dict[str, int] = {}
    undeclared: set[tuple[str, str]] = set()
    count = 0
    for facts in combinations():
        count += 1
        decision = decide(facts)
        seen[decision.rule] = seen.get(decision.rule, 0) + 1
        undeclared |= {(decision.rule, other) for other in decision.matched if other not in declared[decision.rule]}
        if decision.rule == "none":
            assert facts.pursuit.kind not in (None, "pursuit"), facts
            assert facts.date is not None
            assert facts.date < date(2023, 10, 1), facts
            assert decision.permitted == "uncertain"
        if decision.permitted == "yes":
            assert not decision.asks, facts
    with capsys.disabled():
        print(f"\n{count} combinations in {time.perf_counter() - began_at:.1f} s")

    assert not undeclared
    assert set(seen) == {row.id for row in RULES} | {"none"}


def test_wording_never_says_what_the_treaty_does_not() -> None:
    for row in RULES:
        for text in (row.title, row.words, row.meaning, *row.powers, *row.warnings, *(o.text for o in row.obligations)):
            assert not BANNED.search(text), text
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
