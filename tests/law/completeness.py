"""Every combination of what rows read, walked: who wins, what overlaps, where there is a gap.

The facts fall into groups such that each predicate reads one. The walk takes the groups in turn; alternatives that no
row still standing can tell apart are walked once, and counted all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import product
from typing import NamedTuple, get_args

import msgspec

from tracker.facts import (
    ContactFacts,
    CrossingFacts,
    Facts,
    HostDecision,
    HostFacts,
    Kind,
    Origin,
    Place,
    PursuitFacts,
    Scene,
    Service,
    UnitFacts,
)
from tracker.treaty.cite import index
from tracker.treaty.table import Row

CHANGES_OF_LAW = sorted(
    {
        day
        for instrument in index().values()
        for change in (instrument.in_force, instrument.until)
        if change
        for day in (change - timedelta(days=1), change)
    }
)


class Group(NamedTuple):
    """Facts that only a few predicates read, and every alternative of them, known and unknown."""

    name: str
    reads: frozenset[str]
    alternatives: Callable[[], Iterator[Facts]]


def _wheres() -> Iterator[Facts]:
    places: tuple[Place | None, ...] = (None, *get_args(Place))
    origins: tuple[Origin | None, ...] = (None, *get_args(Origin))
    for day, origin, from_, to, started in product(CHANGES_OF_LAW, origins, places, places, places):
        yield Facts(day, UnitFacts(origin), PursuitFacts(None, started), CrossingFacts(from_, to))


def _contacts() -> Iterator[Facts]:
    said: tuple[HostDecision | None, ...] = (None, *get_args(HostDecision))
    contacts = (None, ContactFacts(), *(ContactFacts(established_at=at) for at in (900.0, 1010.0, 1100.0)))
    for contact, at, uncertainty_s in product(contacts, (None, 1000.0), (None, 20.0)):
        for can, decision in product((None, True, False), said):
            crossing = CrossingFacts(time=at, uncertainty_s=uncertainty_s)
            yield Facts(crossing=crossing, contact=contact, host=HostFacts(can, decision))


_YES_NO = (None, True, False)
_GROUNDS = (None, "none_known", "stop_evaded", "escaped", "offence", "offence(theft)")
GROUPS = (
    Group(
        "kind",
        frozenset({"pursuit.kind"}),
        lambda: (Facts(pursuit=PursuitFacts(kind)) for kind in (None, *get_args(Kind))),
    ),
    Group("danger", frozenset({"danger"}), lambda: (Facts(danger=danger) for danger in _YES_NO)),
    Group(
        "service",
        frozenset({"unit.service"}),
        lambda: (Facts(unit=UnitFacts(service=service)) for service in (None, *get_args(Service))),
    ),
    Group(
        "where and when",
        frozenset({"date", "unit.origin_state", "crossing.from", "crossing.to", "pursuit.started_in"}),
        _wheres,
    ),
    Group(
        "contact and host",
        frozenset({"host.decision", "host.can_take_over", "contact.established_at", "crossing.time"}),
        _contacts,
    ),
    Group(
        "ground",
        frozenset({"pursuit.ground"}),
        lambda: (Facts(pursuit=PursuitFacts(ground=ground)) for ground in _GROUNDS),
    ),
    Group(
        "consent",
        frozenset({"host.consent"}),
        lambda: (Facts(host=HostFacts(consent=consent)) for consent in _YES_NO),
    ),
    Group(
        "border region",
        frozenset({"crossing.border_region"}),
        lambda: (Facts(crossing=CrossingFacts(border_region=inside)) for inside in _YES_NO),
    ),
    Group("held", frozenset({"held"}), lambda: (Facts(held=held) for held in _YES_NO)),
)
_WHERE = GROUPS[3]


def together(parts: Sequence[Facts]) -> Facts:
    """One record of facts out of one alternative of each group, in their order."""
    kind, danger, service, where, contact, ground, consent, region, held = parts
    return Facts(
        where.date,
        UnitFacts(where.unit.origin_state, service.unit.service),
        PursuitFacts(kind.pursuit.kind, where.pursuit.started_in, ground.pursuit.ground),
        msgspec.structs.replace(
            contact.crossing,
            from_=where.crossing.from_,
            to=where.crossing.to,
            border_region=region.crossing.border_region,
        ),
        contact.contact,
        msgspec.structs.replace(contact.host, consent=consent.host.consent),
        danger.danger,
        held.held,
    )


class Walk(NamedTuple):
    """What a walk over all combinations found. `leaves` are facts, with the number of the row that wins."""

    combinations: int
    leaves: list[tuple[Facts, int]]
    overlaps: set[tuple[str, str]]
    """Rules that can apply together without declared precedence."""
    gaps: list[Facts]


def walk(rows: Sequence[Row]) -> Walk:
    """Walk all values of all facts that rows read, on both sides of each change of law."""
    for predicate in {predicate for row in rows for predicate in row.when}:
        assert any(set(predicate.reads) <= group.reads for group in GROUPS), f"{predicate.name} reads across groups"
    tables, combinations = [], 1
    for group in GROUPS:
        table, number = _table(rows, group)
        tables.append(table)
        combinations *= number
    leaves: list[tuple[Facts, int]] = []
    gaps: list[Facts] = []
    standing: set[int] = set()

    def descend(depth: int, alive: _Rows, parts: tuple[Facts, ...]) -> None:
        if depth == len(GROUPS):
            standing.add(alive.stand)
            facts = together(parts)
            if alive.stand:
                leaves.append((facts, (alive.stand & -alive.stand).bit_length() - 1))
            else:
                gaps.append(facts)
            return
        seen: set[_Rows] = set()
        for mask, facts in tables[depth]:
            left = _Rows(alive.stand & mask.stand, alive.possible & mask.possible)
            if left not in seen:
                seen.add(left)
                descend(depth + 1, left, (*parts, facts))

    descend(0, _Rows((1 << len(rows)) - 1, (1 << len(rows)) - 1), ())
    return Walk(combinations, leaves, _undeclared(rows, standing), gaps)


class _Rows(NamedTuple):
    """Sets of rows, as bits: those that may win, and those that no answer excludes (an unknown may hold them up)."""

    stand: int
    possible: int


def _table(rows: Sequence[Row], group: Group) -> tuple[list[tuple[_Rows, Facts]], int]:
    """The alternatives of a group that rows can tell apart, each with its rows; and how many there are."""
    asked = [
        (1 << number, row, tuple(one for one in row.when if set(one.reads) <= group.reads))
        for number, row in enumerate(rows)
    ]
    predicates = list(dict.fromkeys(one for _, _, ones in asked for one in ones))
    laws: dict[Scene, int] = {}
    seen: set[tuple[object, ...]] = set()
    found: dict[_Rows, Facts] = {}
    number = 0
    for number, facts in enumerate(group.alternatives(), 1):  # noqa: B007
        law = (1 << len(rows)) - 1
        if group is _WHERE:
            scene = facts.scene
            if scene not in laws:
                laws[scene] = sum(bit for bit, row, _ in asked if row.is_law(scene))
            law = laws[scene]
        said = {one: one.ask(facts) for one in predicates}
        key = (law, *said.values())
        if key in seen:
            continue
        seen.add(key)
        stand = possible = 0
        for bit, _, ones in asked:
            if not law & bit or any(said[one] is False for one in ones):
                continue
            possible |= bit
            if all(said[one] or one.presumed for one in ones):
                stand |= bit
        found.setdefault(_Rows(stand, possible), facts)
    return list(found.items()), number


def _undeclared(rows: Sequence[Row], standing: set[int]) -> set[tuple[str, str]]:
    declared: dict[str, set[str]] = {}
    for row in rows:
        declared.setdefault(row.id, {row.id}).update(row.overrides)
    found = set()
    for one, row in enumerate(rows):
        beside = 0
        for alive in standing:
            if alive >> one & 1:
                beside |= alive >> (one + 1)
        found |= {
            (row.id, other.id)
            for number, other in enumerate(rows[one + 1 :])
            if beside >> number & 1 and other.id not in declared[row.id]
        }
    return found
