"""Erasing from the journal what is too old, in steps short enough that nobody waits for them. All for its one thread.

Events are made from inputs, so what is erased can no longer be replayed. The world as it was at a later moment takes
its place: a milestone, one of the snapshots that are kept for this, becomes the *base*, from which `rebuild` and a
restart begin. In `meta`, and written before the first row is erased:

    base           input of the base; 0: the first input is still there
    pings_upto     pings up to this input are erased, but for those of pursuits that are kept
    events_upto    events up to this offset are erased, but for those of pursuits that are kept
    inputs_upto    other inputs (commands, registrations) up to this one likewise

The `…_done` of each says how far that got; a run that was cut off is finished by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from tracker import events
from tracker.errors import Corrupt, DrempelloosError, Refused
from tracker.events import PursuitEnded, PursuitJoined, PursuitStarted, rfc3339, unix_s
from tracker.fix import Fix
from tracker.inputs import PingReceived, decode
from tracker.io.history import first_input_at
from tracker.io.journal import Journal, SnapshotRow
from tracker.io.recovery import time_of
from tracker.world import World

STEP: Final = 1_000
"""Rows in one transaction: some milliseconds."""


class CannotErase(DrempelloosError):
    """Nothing can stand for what would be erased, so it stays."""


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who keeps a pursuit as evidence, since when, and why."""

    by: str
    at: str
    reason: str
    state: str | None = None
    """Whose control room that is; None: the operator's."""


class Kept(NamedTuple):
    """A member of a pursuit that is not to be erased yet: since which input and data time, and until when."""

    pursuit: str
    unit: str
    since: int
    since_at: float
    ended: float
    ended_at: float

    def covers(self, input_: int, fix: Fix) -> bool:
        """Whether a ping is of the pursuit: by when it came, or, when it came late, by its own time."""
        return self.since <= input_ <= self.ended or self.since_at <= fix.fixed_at <= self.ended_at


class Limits(NamedTuple):
    """How long what is kept, seconds of server time."""

    positions_s: float
    events_s: float


class Plan(NamedTuple):
    """What one run erases."""

    base: SnapshotRow
    pings_upto: int
    events_upto: int
    inputs_upto: int


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is remembered of an erasure, a hold or a release: that it was, and never what was in it."""

    at: str
    act: str
    positions_before: str | None = None
    events_before: str | None = None
    base: int | None = None
    base_sha256: str | None = None
    pings_upto: int | None = None
    events_upto: int | None = None
    pings: int | None = None
    events: int | None = None
    inputs: int | None = None
    pursuit: str | None = None
    by: str | None = None
    reason: str | None = None
    state: str | None = None


def marker(journal: Journal, name: str) -> int:
    """One of the places in `meta`; 0 at first."""
    return int(next((value for (value,) in journal.rows("SELECT value FROM meta WHERE key = ?", (name,))), 0))


def scan(journal: Journal) -> bool:
    """Note the pursuits of the next events; False when there are no more."""
    scanned = marker(journal, "scanned")
    statement = "SELECT offset, input, body FROM event WHERE offset > ? ORDER BY offset LIMIT ?"
    page = list(journal.rows(statement, (scanned, STEP)))
    if not page:
        return False
    with journal.transaction():
        for _, input_, body in page:
            if body.startswith(b'{"type":"pursuit.'):
                _note(journal, input_, events.decode(body))
        _mark(journal, scanned=page[-1][0])
    return True


def kept(journal: Journal, longer_than: float) -> list[Kept]:
    """The members of pursuits that go on, are held, or ended at `longer_than` (server time, Unix seconds) or later."""
    rows = journal.rows(
        "SELECT pursuit, unit, since, since_at, ifnull(ended, 9e18), ifnull(ended_at, 9e18) FROM member "
        "JOIN pursuit ON pursuit.id = member.pursuit WHERE held IS NOT NULL OR over_at IS NULL OR over_at >= ?",
        (longer_than,),
    )
    return [Kept(*row) for row in rows]


def held(journal: Journal) -> dict[str, list[Held]]:
    """The pursuits that are kept as evidence, each by whom: a state's control room, or the operator, once each."""
    rows = journal.rows("SELECT id, held FROM pursuit WHERE held IS NOT NULL ORDER BY id")
    # One alone is as it was written when there could be no second.
    found = ((name, msgspec.json.decode(body, type=list[Held] | Held)) for name, body in rows)
    return {name: holds if isinstance(holds, list) else [holds] for name, holds in found}


def hold(journal: Journal, pursuit: str, mark: Held) -> None:
    """Keep a pursuit as evidence: nothing of it is erased until all who keep it have released it.

    Raises:
        Refused: there is none of that name in the journal, or the same state, or operator, holds it already.
    """
    _check_known(journal, pursuit)
    holds = held(journal).get(pursuit, [])
    for before in holds:
        if before.state == mark.state:
            raise Refused("pursuit", f"{pursuit} is held already, by {before.by} since {before.at}")
    body = msgspec.json.encode([*holds, mark]).decode()
    with journal.transaction():
        _run(journal, "UPDATE pursuit SET held = ? WHERE id = ?", (body, pursuit))
        _remember(journal, _act("held", pursuit, mark))


def release(journal: Journal, pursuit: str, mark: Held) -> None:
    """Keep a pursuit no longer than any other, as far as it goes by this state, or by the operator.

    Raises:
        Refused: they do not hold it.
    """
    _check_known(journal, pursuit)
    holds = held(journal).get(pursuit, [])
    others = [one for one in holds if one.state != mark.state]
    if len(others) == len(holds):
        raise Refused("pursuit", f"{pursuit} is not held by {mark.state or 'the operator'}")
    body = msgspec.json.encode(others).decode() if others else None
    with journal.transaction():
        _run(journal, "UPDATE pursuit SET held = ?, swept = 0 WHERE id = ?", (body, pursuit))
        _remember(journal, _act("released", pursuit, mark))


def _act(act: str, pursuit: str, mark: Held) -> Erasure:
    return Erasure(at=mark.at, act=act, pursuit=pursuit, by=mark.by, reason=mark.reason, state=mark.state)


def remembered(journal: Journal) -> list[Erasure]:
    """Everything that was erased, held and released, in order."""
    return [msgspec.json.decode(body, type=Erasure) for (body,) in journal.rows("SELECT body FROM erasure ORDER BY id")]


def plan(journal: Journal, now: float, limits: Limits) -> Plan | None:
    """What is too old now; None if nothing is that was not erased before.

    The base is the oldest milestone that is younger than half the time for which positions are kept: it holds the last
    position of each unit that was heard in as long before it, and so none that is older than the whole.

    Raises:
        CannotErase: there is no base, or it cannot be read back.
    """
    pings_upto = first_input_at(journal, now - limits.positions_s) - 1
    inputs_upto = first_input_at(journal, now - limits.events_s) - 1
    events_upto = _value(journal, "SELECT max(offset) FROM event WHERE input <= ?", (inputs_upto,))
    wanted = Plan(
        _base(journal, now - limits.positions_s / 2),
        max(pings_upto, marker(journal, "pings_upto")),
        max(events_upto, marker(journal, "events_upto")),
        max(inputs_upto, marker(journal, "inputs_upto")),
    )
    done = tuple(marker(journal, f"{name}_done") for name in Plan._fields[1:])
    is_due = wanted[1:] != done or unswept(journal, now - limits.positions_s) or over(journal, now - limits.events_s)
    return wanted if is_due else None


def begin(journal: Journal, plan: Plan, now: float, limits: Limits) -> None:
    """Note what will be erased, and from where on everything is still there."""
    older = (plan.base.input,)
    with journal.transaction():
        _mark(journal, base=plan.base.input, **{name: getattr(plan, name) for name in Plan._fields[1:]})
        _run(journal, "DELETE FROM piece WHERE snapshot IN (SELECT pieces FROM snapshot WHERE input < ?)", older)
        _run(journal, "DELETE FROM snapshot WHERE input < ?", older)
        _remember(
            journal,
            Erasure(
                at=rfc3339(now),
                act="begun",
                positions_before=rfc3339(now - limits.positions_s),
                events_before=rfc3339(now - limits.events_s),
                base=plan.base.input,
                base_sha256=_sha256(journal, plan.base.input),
                pings_upto=plan.pings_upto,
                events_upto=plan.events_upto,
            ),
        )


def erase_pings(journal: Journal, after: int, upto: int, spans: Mapping[str, list[Kept]]) -> tuple[int, int]:
    """Erase the pings of the next inputs but for those of `spans`; the last input looked at, and how many went."""
    statement = "SELECT id, unit FROM input WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
    page = list(journal.rows(statement, (after, upto, STEP)))
    if not page:
        return upto, 0
    pings = [(id_, unit) for id_, unit in page if unit is not None]
    return page[-1][0], erase_some(journal, pings, spans)


def pings_of(journal: Journal, pursuits: Iterable[str], upto: int) -> list[tuple[int, str]]:
    """The pings up to an input that members of these pursuits sent at any time: id and unit."""
    found: dict[int, str] = {}
    for pursuit in pursuits:
        for (unit,) in list(journal.rows("SELECT unit FROM member WHERE pursuit = ?", (pursuit,))):
            rows = journal.rows("SELECT id FROM input INDEXED BY ping WHERE unit = ? AND id <= ?", (unit, upto))
            found.update((id_, unit) for (id_,) in rows)
    return sorted(found.items())


def erase_events(journal: Journal, after: int, upto: int, pursuits: frozenset[str]) -> tuple[int, int]:
    """Erase the next events but for those of these pursuits; the last offset looked at, and how many went."""
    statement = "SELECT offset, pursuit FROM event WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?"
    page = list(journal.rows(statement, (after, upto, STEP)))
    if not page:
        return upto, 0
    doomed = [offset for offset, pursuit in page if pursuit not in pursuits]
    _delete(journal, "event", "offset", doomed)
    return page[-1][0], len(doomed)


def erase_inputs(journal: Journal, after: int, upto: int, events_upto: int) -> tuple[int, int]:
    """Erase the next inputs but pings, of whose events up to that offset none is left; as `erase_pings`."""
    statement = (
        "SELECT id FROM input WHERE id > ? AND id <= ? AND unit IS NULL AND id NOT IN "
        "(SELECT input FROM event WHERE offset <= ?) ORDER BY id LIMIT ?"
    )
    page = [id_ for (id_,) in journal.rows(statement, (after, upto, events_upto, STEP))]
    _delete(journal, "input", "id", page)
    return (page[-1], len(page)) if page else (upto, 0)


def swept(journal: Journal, pursuits: Iterable[str]) -> None:
    """Note that no positions of these are kept any more."""
    with journal.transaction():
        for pursuit in pursuits:
            _run(journal, "UPDATE pursuit SET swept = 1 WHERE id = ?", (pursuit,))


def strike(journal: Journal, pursuits: Iterable[str]) -> None:
    """Forget that there were these."""
    with journal.transaction():
        for pursuit in pursuits:
            _run(journal, "DELETE FROM member WHERE pursuit = ?", (pursuit,))
            _run(journal, "DELETE FROM pursuit WHERE id = ?", (pursuit,))


def finish(journal: Journal, plan: Plan, now: float, limits: Limits, pings: int, gone: int, inputs: int) -> None:
    """Note that a run is done, and leave nothing of it in the write-ahead log."""
    with journal.transaction():
        _run(journal, "DELETE FROM quarantine WHERE failed_at < ?", (now - limits.positions_s,))
        _mark(journal, **{f"{name}_done": getattr(plan, name) for name in Plan._fields[1:]})
        _remember(journal, Erasure(at=rfc3339(now), act="erased", pings=pings, events=gone, inputs=inputs))
    journal.checkpoint(truncate=True)


def _base(journal: Journal, youngest: float) -> SnapshotRow:
    """The oldest milestone from this moment (server time) or later, checked: it must say again what it says."""
    row = next(
        iter(
            journal.rows(
                "SELECT input FROM snapshot WHERE milestone AND at >= ? AND input >= ? ORDER BY input LIMIT 1",
                (youngest, marker(journal, "base")),
            )
        ),
        None,
    )
    found = [one for one in journal.snapshots() if row is not None and one.input == row[0]]
    if not found:
        raise CannotErase("there is no milestone that could be the base of what is kept")
    (base,) = found
    try:
        world = World.decode(base.body)
    except Corrupt as error:
        raise CannotErase(f"the milestone at input {base.input}: {error}") from error
    if world.encode() != base.body or world.offset != base.offset:
        raise CannotErase(f"the milestone at input {base.input} does not say again what it says")
    return base


def _note(journal: Journal, input_: int, event: events.Event) -> None:
    at = unix_s(event.time)
    if isinstance(event, PursuitStarted):
        _run(
            journal,
            "INSERT OR IGNORE INTO pursuit (id, began, began_at) VALUES (?, ?, ?)",
            (event.pursuit, input_, at),
        )
    if isinstance(event, PursuitStarted | PursuitJoined) and event.unit is not None:
        _run(journal, "INSERT OR IGNORE INTO member VALUES (?, ?, ?, ?)", (event.pursuit, event.unit, input_, at))
    if isinstance(event, PursuitEnded):
        found = journal.input_from(input_)
        over_at = at if found is None or found[0] != input_ else time_of(decode(found[1]))
        _run(
            journal,
            "UPDATE pursuit SET ended = ?, ended_at = ?, over_at = ? WHERE id = ?",
            (input_, at, over_at, event.pursuit),
        )


def erase_some(journal: Journal, pings: list[tuple[int, str]], spans: Mapping[str, list[Kept]]) -> int:
    """Erase these pings but for those of `spans`; how many went."""
    doomed = [id_ for id_, unit in pings if unit not in spans or not _is_kept(journal, id_, spans[unit])]
    _delete(journal, "input", "id", doomed)
    return len(doomed)


def _is_kept(journal: Journal, id_: int, spans: Iterable[Kept]) -> bool:
    found = journal.input_from(id_)
    if found is None or found[0] != id_:
        return False
    entry = decode(found[1])
    return isinstance(entry, PingReceived) and any(span.covers(id_, entry.fix) for span in spans)


def unswept(journal: Journal, before: float) -> list[str]:
    """Pursuits that ended before `before` (server time), are not held, and whose positions were kept until now."""
    statement = "SELECT id FROM pursuit WHERE held IS NULL AND over_at < ? AND NOT swept ORDER BY id"
    return [name for (name,) in journal.rows(statement, (before,))]


def over(journal: Journal, before: float) -> list[str]:
    """Pursuits that ended before `before` (server time), and are not held."""
    statement = "SELECT id FROM pursuit WHERE held IS NULL AND over_at < ? ORDER BY id"
    return [name for (name,) in journal.rows(statement, (before,))]


def _check_known(journal: Journal, pursuit: str) -> None:
    if not list(journal.rows("SELECT 1 FROM pursuit WHERE id = ?", (pursuit,))):
        raise Refused("pursuit", f"{pursuit!r} is not a pursuit of this journal")


def _delete(journal: Journal, table: str, key: str, doomed: list[int]) -> None:
    if doomed:
        with journal.transaction():
            for first, last in _runs(doomed):
                _run(journal, f"DELETE FROM {table} WHERE {key} BETWEEN ? AND ?", (first, last))  # noqa: S608


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Numbers in order as ranges: `[1, 2, 3, 7]` is `[(1, 3), (7, 7)]`."""
    begins = [number for before, number in zip(chain([None], numbers), numbers, strict=False) if number - 1 != before]
    ends = [number for number, after in zip(numbers, chain(numbers[1:], [None]), strict=False) if number + 1 != after]
    return list(zip(begins, ends, strict=True))


def _mark(journal: Journal, **places: int) -> None:
    for name, place in places.items():
        _run(journal, "INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, str(place)))


def _remember(journal: Journal, erasure: Erasure) -> None:
    body = msgspec.json.encode(erasure)
    _run(journal, "INSERT INTO erasure (at, body) VALUES (?, ?)", (unix_s(erasure.at), body))


def _sha256(journal: Journal, input_: int) -> str:
    return next(
        str(digest.hex()) for (digest,) in journal.rows("SELECT digest FROM snapshot WHERE input = ?", (input_,))
    )


def _value(journal: Journal, statement: str, values: tuple[int | float | str, ...]) -> int:
    return next((value or 0 for (value,) in journal.rows(statement, values)), 0)


def _run(journal: Journal, statement: str, values: tuple[int | float | str | bytes | None, ...]) -> None:
    for _ in journal.rows(statement, values):
        pass
