"""The evaluation: facts in, one decision out. It holds no law of its own; `rows.py` and the TOML files do."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from tracker.events import Ask, Obligation, rfc3339
from tracker.facts import LOCAL, Facts, Scene, unix_s
from tracker.treaty.cite import Basis, Cite, binding, firmness, index
from tracker.treaty.facts import QUESTIONS
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.rows import RULES
from tracker.treaty.table import Modifier, Owed, Permitted, Row
from tracker.treaty.third_states import ThirdState, entering
from tracker.treaty.timers import release_at
from tracker.words import LANGUAGES, phrases


class NoRule(Exception):
    """No row applies: the table has a gap. It is never an answer; a test walks every combination."""


class Finding(msgspec.Struct, frozen=True):
    """What the law says of one crossing of one unit: the body of a decision event.

    `asks` are facts that nobody has stated and that decide, those that lead to the highest row first; then those that
    only a modifier turns on. `cites` are all
    the places that the answer rests on. `matched` are the later rules that would have applied too. `words_in` are the
    words in each other language, `unchecked` those of them that nobody has compared with the authentic text.
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
    words_in: dict[str, str]
    unchecked: tuple[str, ...]
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


_OTHERS: Final = tuple(phrases(language) for language in LANGUAGES if language != "en")


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

    Raises:
        NoRule: the table has a gap.
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
            presumed = [_ask(predicate.missing(facts), row.id) for predicate in unknown]
        elif fired is None:
            # One question at a time: whether the next of the row matters turns on the answer.
            asks.append(next(_ask(one.missing(facts), row.id) for one in unknown if not one.presumed))
        elif stands and row.id != fired.id:
            matched.append(row.id)
    # Were a presumption wrong, the next row that stands would apply.
    asks += [msgspec.structs.replace(ask, would_change=matched[0]) if matched else ask for ask in presumed]
    if facts.on is None:
        asks.append(_ask("date", "R10"))
    if fired is None:
        raise NoRule(msgspec.json.encode(facts).decode())
    if fired.id == "R8" and facts.left_own_state is None and facts.crossing.from_ is None:
        asks.append(_ask("crossing.from", "R8"))
    entry = _entry(facts, scene, fired)
    if entry is not None and entry.lacks_ground(facts) is None:
        asks.append(_ask("pursuit.ground", "R8"))
    return _finding(facts, scene, fired, _once(asks), tuple(dict.fromkeys(matched)), addressee)


def obligation(owed: Owed, facts: Facts = Facts()) -> Obligation:  # noqa: B008 - frozen
    """An obligation of the table, by the place that binds in the facts' scene, with its deadline if they tell it.

    Where no place binds it is owed by analogy, and says so.
    """
    scene = facts.scene
    if cites := binding(owed.cites, scene):
        return _obligation(owed, cites, facts)
    in_force = tuple(cite for cite in owed.cites if index()[cite.instrument].is_in_force(scene.on))
    found = _obligation(owed, in_force or owed.cites, facts)
    return msgspec.structs.replace(found, article=f"{found.article} (by analogy)")


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


def _entry(facts: Facts, scene: Scene, row: Row) -> ThirdState | None:
    """The third-state border that a row answers by, if it does."""
    return entering(facts, scene) if row.id == "R8" and facts.pursuit.kind in (None, "pursuit") else None


def _answer(facts: Facts, scene: Scene, row: Row) -> _Answer:
    cites = binding(row.cites, scene)
    basis = row.basis
    if not cites:
        # By analogy: nothing that says so binds here. Preferably by something that is law that day at all.
        in_force = tuple(cite for cite in row.cites if index()[cite.instrument].is_in_force(scene.on))
        cites, basis = (in_force or row.cites)[:1], basis.weakened_by(Basis.INFERRED)
    answer = _Answer(row.permitted, basis, (*cites, *binding(row.also, scene)), row.words, row.powers, row.warnings)
    if (entry := _entry(facts, scene, row)) is not None:
        answer = _Answer(
            entry.permitted, entry.basis, (entry.cite, *answer.cites), entry.words, entry.powers, entry.warnings
        )
        if entry.lacks_ground(facts):
            answer = answer._replace(permitted="no", words=entry.without, powers=())
    return answer._replace(basis=answer.basis.weakened_by(firmness(answer.cites[0])))


def _open_to(row: Row, answer: _Answer) -> tuple[Modifier, ...]:
    """The modifiers that this answer may get."""
    return tuple(
        modifier
        for modifier in MODIFIERS
        if (answer.permitted != "no" or modifier.even_if_not)
        and (not modifier.rules or row.id in modifier.rules)
        and (modifier.cite is None or modifier.cite.instrument == answer.cites[0].instrument)
    )


def _weakest(permitted: Permitted, *caps: Permitted | None) -> Permitted:
    """The answer after caps; a no stays a no."""
    order: tuple[Permitted, ...] = ("yes", "conditional", "uncertain", "no")
    return max((permitted, *(cap for cap in caps if cap is not None)), key=order.index)


def _said(warning: str, facts: Facts) -> str:
    """A modifier's warning, with what it names filled in."""
    if "{" not in warning:
        return warning
    held_at = unix_s(facts.held_at)
    released = None if held_at is None else datetime.fromtimestamp(release_at(held_at), LOCAL)
    return warning.format(
        to=facts.crossing.to or "the host state",
        restriction=facts.host.restriction,
        release_at="six hours after it began"
        if released is None
        else f"at the latest {released:%Y-%m-%d %H:%M} local time",
    )


def _finding(
    facts: Facts, scene: Scene, row: Row, asks: tuple[Ask, ...], matched: tuple[str, ...], addressee: str | None
) -> Finding:
    answer = _answer(facts, scene, row)
    answered = [(modifier, modifier.when.ask(facts)) for modifier in _open_to(row, answer)]
    modifiers = [modifier for modifier, applies in answered if applies]
    # A yes that an unknown fact could turn is not a yes yet.
    permitted = _weakest(
        answer.permitted, "conditional" if asks else None, *(modifier.caps_at for modifier in modifiers)
    )
    asks += tuple(
        _ask(modifier.when.missing(facts), modifier.id)
        for modifier, applies in answered
        if applies is None and modifier.asks and facts.held
    )
    owing = (*row.obligations, *(owed for modifier in modifiers for owed in modifier.obligations))
    places = (*answer.cites, *(modifier.cite for modifier in modifiers if modifier.cite is not None))
    basis = answer.basis
    for modifier in modifiers:
        basis = basis if modifier.weakens_to is None else basis.weakened_by(modifier.weakens_to)
    contact = facts.contact
    host = addressee or "the host's control room"
    named = {
        "to": facts.crossing.to or "the host state",
        "from_": facts.crossing.from_ or "there",
        "origin": facts.unit.origin_state or "the unit's state",
        "addressee": host,
        "contact": host if contact is None or contact.with_ is None else contact.with_,
    }
    return Finding(
        crossing=None,
        rule=row.id,
        instrument=index()[places[0].instrument].title,
        article=str(places[0]),
        permitted=permitted,
        obligations=tuple(
            _obligation(owed, cites, facts)
            for owed in {owed.id: owed for owed in owing}.values()
            if (cites := binding(owed.cites, scene) or (owed.cites if owed.always else ()))
        ),
        powers=answer.powers,
        warnings=(*answer.warnings, *(_said(modifier.warning, facts) for modifier in modifiers)),
        basis=basis,
        title=row.title,
        words=answer.words.format(**named),
        words_in={words.language: words.fill(answer.words, **named) for words in _OTHERS},
        unchecked=tuple(words.language for words in _OTHERS if not words.is_checked),
        asks=asks,
        cites=tuple(dict.fromkeys(f"{index()[cite.instrument].title}, {cite}" for cite in places)),
        matched=matched,
        facts=facts,
    )
