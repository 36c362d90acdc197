"""The evaluation: facts in, one decision out. It holds no law of its own; `rows.py` and the TOML files do."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from tracker.events import Ask, Obligation, rfc3339
from tracker.facts import Facts, Scene
from tracker.treaty.cite import Basis, Cite, binding, firmness, index
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.predicates import QUESTIONS
from tracker.treaty.rows import RULES
from tracker.treaty.table import Modifier, Owed, Permitted, Row
from tracker.treaty.third_states import entering

NO_RULE: Final = "none"
"""The `rule` of a decision where no row applies."""


class Finding(msgspec.Struct, frozen=True):
    """What the law says of one crossing of one unit: the body of a decision event.

    `asks` are facts that nobody has stated and that decide, those that lead to the highest row first. `cites` are all
    the places that the answer rests on. `matched` are the later rules that would have applied too.
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


class _Answer(NamedTuple):
    """The parts of a row that its third-state entry may replace."""

    permitted: Permitted
    basis: Basis
    cites: tuple[Cite, ...]
    words: str
    powers: tuple[str, ...]
    warnings: tuple[str, ...]


@lru_cache(maxsize=4096)
def law(scene: Scene) -> tuple[Row, ...]:
    """The rows that are law on a day between territories, in order."""
    return tuple(row for row in RULES if row.is_law(scene))


def decide(facts: Facts, addressee: str | None = None) -> Finding:
    """Apply the table to the facts. The first row that is law there and then, and whose questions are all answered yes,
    wins.

    Args:
        facts: what is known; what is not is asked for where it would lead to another row.
        addressee: whom to contact, for the words.
    """
    scene = facts.scene
    asks: list[Ask] = []
    presumed: list[Ask] = []
    fired: Row | None = None
    matched: list[str] = []
    for row in law(scene):
        answers = [(predicate, predicate.ask(facts)) for predicate in row.when]
        if any(answer is False for _, answer in answers):
            continue
        unknown = [predicate for predicate, answer in answers if answer is None]
        stands = all(predicate.presumed for predicate in unknown)
        if fired is None and stands:
            fired = row
            presumed = [_ask(predicate.missing(facts), NO_RULE) for predicate in unknown]
        elif fired is None:
            asks += [_ask(predicate.missing(facts), row.id) for predicate in unknown]
        elif stands and row.id != fired.id:
            matched.append(row.id)
    # Were a presumption wrong, the next row that stands would apply.
    otherwise = matched[0] if matched else NO_RULE
    asks += [msgspec.structs.replace(ask, would_change=otherwise) for ask in presumed]
    if facts.on is None:
        asks.append(_ask("date", "R10"))
    if fired is None:
        return _no_rule(facts, _once(asks))
    if fired.id == "R8" and facts.left_own_state is None and facts.crossing.from_ is None:
        asks.append(_ask("crossing.from", "R8"))
    return _finding(facts, scene, fired, _once(asks), tuple(dict.fromkeys(matched)), addressee)


def obligation(owed: Owed, facts: Facts = Facts()) -> Obligation:  # noqa: B008 - frozen
    """An obligation of the table, by the place that binds in the facts' scene, with its deadline if they tell it."""
    return _obligation(owed, binding(owed.cites, facts.scene) or owed.cites, facts)


def _obligation(owed: Owed, cites: tuple[Cite, ...], facts: Facts) -> Obligation:
    deadline_at = None if owed.deadline is None else owed.deadline(facts)
    return Obligation(
        owed.id,
        owed.text,
        str(cites[0]),
        None if deadline_at is None else rfc3339(deadline_at),
        index()[cites[0].instrument].title,
    )


def _ask(fact: str, would_change: str) -> Ask:
    return Ask(fact, QUESTIONS[fact], would_change)


def _once(asks: list[Ask]) -> tuple[Ask, ...]:
    """One question for each fact, with the first row that it would lead to."""
    first: dict[str, Ask] = {}
    for ask in asks:
        first.setdefault(ask.fact, ask)
    return tuple(first.values())


def _answer(facts: Facts, scene: Scene, row: Row) -> _Answer:
    cites = binding(row.cites, scene)
    basis = row.basis
    if not cites:
        # By analogy: nothing that says so binds here. Preferably by something that is law that day at all.
        in_force = tuple(cite for cite in row.cites if index()[cite.instrument].is_in_force(scene.on))
        cites, basis = (in_force or row.cites)[:1], basis.weakened_by(Basis.INFERRED)
    answer = _Answer(row.permitted, basis, (*cites, *binding(row.also, scene)), row.words, row.powers, row.warnings)
    if row.id == "R8" and facts.pursuit.kind in (None, "pursuit") and (entry := entering(facts, scene)) is not None:
        answer = _Answer(
            entry.permitted, entry.basis, (entry.cite, *answer.cites), entry.words, entry.powers, entry.warnings
        )
    return answer._replace(basis=answer.basis.weakened_by(firmness(answer.cites[0])))


def _applying(facts: Facts, row: Row, answer: _Answer) -> tuple[Modifier, ...]:
    if answer.permitted == "no":
        return ()
    return tuple(
        modifier
        for modifier in MODIFIERS
        if (not modifier.rules or row.id in modifier.rules)
        and (modifier.cite is None or modifier.cite.instrument == answer.cites[0].instrument)
        and modifier.when.ask(facts)
    )


def _finding(
    facts: Facts, scene: Scene, row: Row, asks: tuple[Ask, ...], matched: tuple[str, ...], addressee: str | None
) -> Finding:
    answer = _answer(facts, scene, row)
    modifiers = _applying(facts, row, answer)
    permitted = answer.permitted
    if permitted == "yes" and (asks or any(modifier.caps_at == "conditional" for modifier in modifiers)):
        # A yes that an unknown fact could turn is not a yes yet.
        permitted = "conditional"
    places = (*answer.cites, *(modifier.cite for modifier in modifiers if modifier.cite is not None))
    contact = facts.contact
    host = addressee or "the host's control room"
    return Finding(
        crossing=None,
        rule=row.id,
        instrument=index()[places[0].instrument].title,
        article=str(places[0]),
        permitted=permitted,
        obligations=tuple(
            _obligation(owed, cites, facts)
            for owed in row.obligations
            if (cites := binding(owed.cites, scene) or (owed.cites if owed.always else ()))
        ),
        powers=answer.powers,
        warnings=(*answer.warnings, *(modifier.warning for modifier in modifiers)),
        basis=answer.basis,
        title=row.title,
        words=answer.words.format(
            to=facts.crossing.to or "the host state",
            from_=facts.crossing.from_ or "there",
            origin=facts.unit.origin_state or "the unit's state",
            addressee=host,
            contact=host if contact is None or contact.with_ is None else contact.with_,
        ),
        asks=asks,
        cites=tuple(dict.fromkeys(f"{index()[cite.instrument].title}, {cite}" for cite in places)),
        matched=matched,
        facts=facts,
    )


def _no_rule(facts: Facts, asks: tuple[Ask, ...]) -> Finding:
    """No row applies. That is no consent: it is said, and asked about."""
    return Finding(
        crossing=None,
        rule=NO_RULE,
        instrument="none",
        article="none",
        permitted="uncertain",
        obligations=(),
        powers=(),
        warnings=("No rule applies to these facts: ask a supervisor",),
        basis=Basis.UNVERIFIED,
        title="No rule applies",
        words="No rule applies to what is known: ask a supervisor.",
        asks=asks,
        cites=(),
        matched=(),
        facts=facts,
    )
