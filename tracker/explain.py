"""Why an event says what it says, for a person: from the events alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracker.errors import Refused
from tracker.events import (
    CrossingApproaching,
    CrossingConfirmed,
    CrossingCorrected,
    CrossingProbable,
    CrossingRetracted,
    Decision,
    Event,
    ObligationEvent,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    ObligationWithdrawn,
)
from tracker.legs import STATUSES, Numbered
from tracker.report import BASIS, PERMITTED, when
from tracker.treaty.cite import index
from tracker.treaty.facts import FACTS, Source
from tracker.treaty.rows import RULES
from tracker.words import UNCHECKED, Phrases

SHORTEST_PREFIX = 8
"""Characters of an id that may stand for all of it."""

_SOURCES = {
    Source.SEEN: "seen by the software",
    Source.KEPT: "kept on file",
    Source.SAID: "said by a person",
}
_Crossing = CrossingApproaching | CrossingProbable | CrossingConfirmed | CrossingCorrected | CrossingRetracted


def explain(events: Sequence[Numbered], name: str, words: Phrases) -> Iterator[str]:
    """The account of one event, line by line.

    Args:
        events: of the journal, in order.
        name: the event's id, or its first eight characters or more.
        words: the language.

    Raises:
        Refused: no event has that id, or several begin so.
    """
    offset, event = _find(events, name)
    yield f"{_tag(event)} · {event.id}"
    yield f"{words.say('Time')}: {when(event.time)} · offset {offset}"
    if not words.is_checked:
        yield words.say(UNCHECKED)
    match event:
        case Decision():
            yield from _decision(events, event, words)
        case (
            CrossingApproaching() | CrossingProbable() | CrossingConfirmed() | CrossingCorrected() | CrossingRetracted()
        ):
            yield from _crossing(events, event, words)
        case ObligationOpened() | ObligationMet() | ObligationOverdue() | ObligationWithdrawn():
            yield from _obligation(events, event, words)
        case _:
            yield " ".join((event.__doc__ or "").split())
            yield from _fields(event)
    yield words.say(
        "This supports, and does not replace, the judgement of officers and control rooms. It is not legal advice."
    )


def _find(events: Sequence[Numbered], name: str) -> Numbered:
    if len(name) < SHORTEST_PREFIX:
        raise Refused("event-id", f"{name!r} is too short; {SHORTEST_PREFIX} characters at least are needed")
    found = [(offset, event) for offset, event in events if event.id.startswith(name)]
    if not found:
        raise Refused("event-id", f"no event {name[:40]!r} is in the journal")
    if len(found) > 1:
        raise Refused("event-id", f"{len(found)} events begin with {name!r}; give more of the id")
    return found[0]


def _tag(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _decision(events: Sequence[Numbered], event: Decision, words: Phrases) -> Iterator[str]:
    say = words.say
    yield ""
    yield f"{event.unit} · {say(event.title)} ({event.rule})"
    yield say(event.words)
    yield f"{say('Answer')}: {say(PERMITTED[event.permitted])}"
    yield f"{say('Basis')}: {say(BASIS[event.basis])}"
    yield ""
    yield f"{say('Rests on')}:"
    links = {instrument.title: instrument.link for instrument in index().values()}
    for place in event.cites:
        title = place.rpartition(", ")[0]
        yield f"  {place}" + (f"  {links[title]}" if title in links else "")
    yield ""
    yield f"{say('Facts')}:"
    for fact in FACTS:
        value = _value(event, fact.name)
        known = say("unknown") if value is None else f"{value} ({say(_SOURCES[fact.source])})"
        yield f"  {fact.name}: {known}"
    if event.asks:
        yield ""
        yield f"{say('Asked for')}:"
        yield from (f"  {say(ask.question)} -> {ask.would_change}" for ask in event.asks)
    if event.matched:
        titles = {row.id: row.title for row in RULES}
        yield ""
        yield f"{say('Would also have applied')}:"
        yield from (f"  {rule}: {say(titles.get(rule, rule))}" for rule in event.matched)
    yield from _listed(
        "Owed", [_owed(events, one.id, one.text, one.article, one.deadline, words) for one in event.obligations], words
    )
    yield from _listed("Powers at hand", [say(power) for power in event.powers], words)
    yield from _listed("Warnings", [say(warning) for warning in event.warnings], words)
    if event.supersedes is not None:
        yield f"supersedes {event.supersedes}"
    yield from (f"superseded by {later.id}" for _, later in events if getattr(later, "supersedes", None) == event.id)


def _owed(events: Sequence[Numbered], name: str, text: str, article: str, deadline: str | None, words: Phrases) -> str:
    history = [event for _, event in events if isinstance(event, ObligationEvent) and event.obligation == name]
    status = f" · {words.say(STATUSES[type(history[-1])])}" if history else ""
    due = "" if deadline is None else f" · {words.say('Deadline')}: {when(deadline)}"
    return f"{words.say(text)} ({article}){due}{status}"


def _crossing(events: Sequence[Numbered], event: _Crossing, words: Phrases) -> Iterator[str]:
    say = words.say
    yield " ".join((type(event).__doc__ or "").split())
    yield f"{event.unit} · {event.border} · {words.state(event.from_)} -> {words.state(event.to)}"
    yield f"{say('Time')}: {when(event.crossed_at)} ± {event.uncertainty_s:g} s"
    yield f"{say('Place')}: {event.lat:.6f} N, {event.lon:.6f} E ± {event.uncertainty_m:g} m"
    yield f"confidence: {event.confidence:.2%} (docs/detection.md)"
    for zone in event.via:
        yield f"via {words.state(zone)}"
    if isinstance(event, CrossingRetracted):
        yield f"reason: {event.reason}"
    if isinstance(event, CrossingCorrected | CrossingRetracted):
        yield f"supersedes {event.supersedes}"
    name = event.crossing if isinstance(event, CrossingCorrected) else event.id
    for _, later in events:
        if isinstance(later, Decision) and later.crossing == name:
            yield f"decision {later.id}: {later.rule}, {say(PERMITTED[later.permitted])}"
        elif getattr(later, "supersedes", None) == event.id:
            yield f"superseded by {_tag(later)} {later.id}"


def _obligation(events: Sequence[Numbered], event: ObligationEvent, words: Phrases) -> Iterator[str]:
    say = words.say
    yield f"{say(event.text)} ({event.article})"
    yield f"{say('Host state')}: {words.state(event.host)}" + (f" · {event.addressee}" if event.addressee else "")
    if event.deadline is not None:
        yield f"{say('Deadline')}: {when(event.deadline)}"
    for _, other in events:
        if isinstance(other, Decision) and any(owed.id == event.obligation for owed in other.obligations):
            yield f"asked for by decision {other.id}: {other.rule}, {other.article}, {other.instrument}"
    for _, other in events:
        if isinstance(other, ObligationEvent) and other.obligation == event.obligation:
            late = getattr(other, "late_s", None)
            note = "" if late is None else f" ({late:g} s late)"
            yield f"{when(other.time)}: {say(STATUSES[type(other)])}{note}"


def _fields(event: Event) -> Iterator[str]:
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name not in ("id", "time") and value is not None:
            yield f"  {name.rstrip('_')}: {value}"


def _listed(label: str, lines: Sequence[str], words: Phrases) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{words.say(label)}:"
        yield from (f"  {line}" for line in lines)


def _value(event: Decision, name: str) -> object:
    """A fact by its name in the input of `decide`, such as `crossing.from`."""
    value: object = event.facts
    for part in name.split("."):
        value = None if value is None else getattr(value, {"from": "from_", "with": "with_"}.get(part, part))
    return value
