"""The evaluation: facts in, one decision out. It holds no law of its own; `rows.py` does."""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.events import Ask, Obligation, rfc3339
from tracker.treaty.cite import Basis, Cite, index
from tracker.treaty.facts import Facts
from tracker.treaty.predicates import IS_SPECIAL_UNIT, Predicate
from tracker.treaty.rows import RULES
from tracker.treaty.table import Owed, Permitted, Row
from tracker.treaty.third_states import entering

DATE: Final = Ask("date", "On which day was the crossing? The present law is assumed.", "R10")

_SPECIAL: Final = Cite("BPT2018", "55")


class Finding(msgspec.Struct, frozen=True):
    """What the law says of one crossing of one unit: the body of a decision event.

    `asks` are facts that nobody has stated and that decide. `matched` are the later rows that would have applied too.
    """

    crossing: str | None
    rule: str
    instrument: str
    article: str
    permitted: Permitted
    obligations: tuple[Obligation, ...]
    powers: tuple[str, ...]
    warnings: tuple[str, ...]
    basis: Basis
    title: str
    words: str
    asks: tuple[Ask, ...]
    cites: tuple[str, ...]
    matched: tuple[str, ...]
    facts: Facts


def decide(facts: Facts, addressee: str | None = None) -> Finding:
    """Apply the table to the facts. The first row that is in force, and whose questions are all answered yes, wins.

    Args:
        facts: what is known; what is not is asked for where it would lead to another row.
        addressee: whom to contact, for the words.
    """
    asks: list[Ask] = []
    fired: Row | None = None
    matched: list[str] = []
    for row in RULES:
        if not row.is_in_force(facts.on):
            continue
        answers = [(predicate, predicate.ask(facts)) for predicate in row.when]
        if any(answer is False for _, answer in answers):
            continue
        unknown = [predicate for predicate, answer in answers if answer is None]
        if fired is not None:
            if not unknown:
                matched.append(row.id)
        elif unknown:
            asks += [_ask(predicate, row) for predicate in unknown]
        else:
            fired = row
    if fired is None:
        return _no_rule(facts, tuple(asks))
    if facts.on is None:
        asks.append(DATE)
    return _finding(facts, fired, _once(asks), tuple(matched), addressee)


def _ask(predicate: Predicate, row: Row) -> Ask:
    return Ask(predicate.fact, predicate.question, row.id)


def _once(asks: list[Ask]) -> tuple[Ask, ...]:
    """One question for each fact, with the first row that it would lead to."""
    return tuple({ask.fact: ask for ask in reversed(asks)}.values())[::-1]


def _finding(facts: Facts, row: Row, asks: tuple[Ask, ...], matched: tuple[str, ...], addressee: str | None) -> Finding:
    cites, permitted, basis = row.cites, row.permitted, row.basis
    words, powers, warnings = row.words, row.powers, row.warnings
    if row.id == "R8" and (entry := entering(facts)) is not None:
        cites, permitted, basis = (entry.cite, *row.cites), entry.permitted, entry.basis
        words, powers, warnings = entry.words, entry.powers, entry.warnings
    if row.id == "R13" and IS_SPECIAL_UNIT.ask(facts):
        cites = (row.cites[0], _SPECIAL, *row.cites[1:])
    if permitted == "yes" and asks:
        # A yes that an unknown fact could turn is not a yes yet.
        permitted = "conditional"
    return Finding(
        crossing=None,
        rule=row.id,
        instrument=index()[cites[0].instrument].title,
        article=str(cites[0]),
        permitted=permitted,
        obligations=tuple(obligation(owed, facts) for owed in row.obligations),
        powers=powers,
        warnings=(*warnings, *_means_warnings(facts, permitted)),
        basis=basis,
        title=row.title,
        words=words.format(
            to=facts.crossing.to or "the host state",
            origin=facts.unit.origin_state or "the unit's state",
            addressee=addressee or "the host's control room",
        ),
        asks=asks,
        cites=tuple(dict.fromkeys(f"{index()[cite.instrument].title}, {cite}" for cite in cites)),
        matched=matched,
        facts=facts,
    )


def _means_warnings(facts: Facts, permitted: Permitted) -> tuple[str, ...]:
    """The modifiers M1 and M2: how the unit looks, and what it moves in."""
    if permitted == "no":
        return ()
    warnings = []
    if facts.unit.marked is False or facts.unit.uniformed is False:
        warnings.append("Unmarked or plain clothes: record why the action requires it (Art. 44(3))")
    if facts.unit.means in ("boat", "helicopter"):
        warnings.append("By water or air within Benelux territory only (Art. 21(2)(d))")
    if facts.unit.means == "drone":
        warnings.append("The treaty does not mention drones")
    return tuple(warnings)


def obligation(owed: Owed, facts: Facts = Facts()) -> Obligation:  # noqa: B008 - frozen
    """An obligation of the table, with its deadline if the facts tell it."""
    deadline_at = None if owed.deadline is None else owed.deadline(facts)
    return Obligation(owed.id, owed.text, str(owed.cite), None if deadline_at is None else rfc3339(deadline_at))


def _no_rule(facts: Facts, asks: tuple[Ask, ...]) -> Finding:
    """No row applies. That is no consent: it is said, and asked about."""
    return Finding(
        crossing=None,
        rule="none",
        instrument="none",
        article="none",
        permitted="uncertain",
        obligations=(),
        powers=(),
        warnings=("No rule applies to these facts: ask a supervisor",),
        basis=Basis.UNVERIFIED,
        title="No rule applies",
        words="No rule applies to these facts: ask a supervisor.",
        asks=_once(list(asks)),
        cites=(),
        matched=(),
        facts=facts,
    )
