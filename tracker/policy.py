"""Who sees what: one table of role, relation and sight (docs/visibility.md is checked against it).

Theory. A control room works for one state. It sees that state's own units, always; of other states' units it sees
those in a pursuit that concerns its soil, as long as it does, and no others (Directive (EU) 2016/680, Art. 4(1)(c):
no more than the purpose needs). A pursuit stands to a state in one or more *relations*; `SEES` says what each of them
lets the state see while the pursuit runs and after its end, and the most that any of them gives counts. Nothing that
is not in the table is seen. A person may *open* a pursuit that the table hides, with a reason that is logged.

An event is seen by whoever may see it when it happens: that is worked out once, written beside it in the journal, and
holds for every later resume, call and export, whatever has become of the pursuit since.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Final, get_args

import msgspec

from borders.states import SHARED, Territory
from tracker.events import (
    AlertAcknowledged,
    CrossingApproaching,
    CrossingConfirmed,
    CrossingCorrected,
    CrossingProbable,
    CrossingRetracted,
    Decision,
    Event,
    ObligationEvent,
    PursuitContact,
    PursuitEvent,
    PursuitHold,
    PursuitHostDecision,
    PursuitReport,
    UnitSeen,
)
from tracker.facts import State
from tracker.pursuits import Phase, Pursuit
from tracker.roles import Role, may
from tracker.world import World

STATES: Final[tuple[State, ...]] = get_args(State)


class Relation(StrEnum):
    """What a pursuit is to a state."""

    OWN = "own"
    """One of the state's own units is in it."""
    HERE = "here"
    """A unit in it is on the state's soil, as far as its crossings tell; a zone that two states share is of both."""
    APPROACHING = "approaching"
    """A crossing into the state is announced, and neither came nor was taken back."""
    CALLED = "called"
    """The state's service was called, or reached, about a pursuit that has not been there."""
    WAS_HERE = "was here"
    """A unit in it was on the state's soil: the report (Art. 46) is about that."""


class Sight(IntEnum):
    """How much of a pursuit is seen. Each holds all of the one before."""

    NOTHING = 0
    RECORD = 1
    """Its card and events as far as they concern this state; no positions, and nothing that happened elsewhere."""
    LIVE = 2
    """All of it: its history, its units, and where they are now."""


SEES: Final[dict[Relation, tuple[Sight, Sight]]] = {
    Relation.OWN: (Sight.LIVE, Sight.LIVE),
    Relation.HERE: (Sight.LIVE, Sight.RECORD),
    Relation.APPROACHING: (Sight.LIVE, Sight.NOTHING),
    Relation.CALLED: (Sight.LIVE, Sight.NOTHING),
    Relation.WAS_HERE: (Sight.RECORD, Sight.RECORD),
}
"""What a relation gives: while the pursuit runs, and after its end."""


class Scope(msgspec.Struct, frozen=True):
    """What one who watches may see. Viewers with equal scopes get the same bytes."""

    state: State | None = None
    """The state that he works for; None sees no state's units."""
    sees_all: bool = False
    """Only where the server runs without sign-in, on this machine alone."""
    opened: frozenset[str] = frozenset()
    """The pursuits that he opened, with a reason."""


EVERYTHING: Final = Scope(sees_all=True)
NOTHING: Final = Scope()


def scope_of(role: Role, state: State | None, opened: frozenset[str] = frozenset()) -> Scope:
    """What a role of a state sees."""
    return Scope(state, opened=opened) if may(role, "see") and state is not None else NOTHING


def is_on_soil(territory: str | None, state: str) -> bool:
    """Whether a territory is the state's, or a zone that it shares."""
    return territory == state or (territory in _SHARED and state in _SHARED[territory])


def relations(world: World, pursuit: Pursuit, state: State) -> set[Relation]:
    """What a pursuit is to a state."""
    return {relation for relation, holds in _HOLDS.items() if holds(world, pursuit, state)}


def sight_of_state(world: World, pursuit: Pursuit, state: State) -> Sight:
    """How much of a pursuit a state's control room sees."""
    is_over = pursuit.phase is Phase.ENDED
    return max((SEES[relation][is_over] for relation in relations(world, pursuit, state)), default=Sight.NOTHING)


def sight(world: World, scope: Scope, pursuit: Pursuit) -> Sight:
    """How much of a pursuit is seen."""
    if scope.sees_all or pursuit.id in scope.opened:
        return Sight.LIVE
    return Sight.NOTHING if scope.state is None else sight_of_state(world, pursuit, scope.state)


def room_of(scope: Scope) -> State | None:
    """The state for whose control room one acts; None for one who sees everything."""
    return None if scope.sees_all else scope.state


def may_act(world: World, scope: Scope, pursuit: Pursuit) -> bool:
    """Whether a control room has a part in a pursuit. To have opened it gives none."""
    return sight(world, msgspec.structs.replace(scope, opened=frozenset()), pursuit) > Sight.NOTHING


def sees_unit(world: World, scope: Scope, unit: str) -> bool:
    """Whether a unit, and where it is, is seen."""
    if scope.sees_all:
        return True
    known = world.units.get(unit)
    if known is not None and known.state is not None and known.state == scope.state:
        return True
    name = world.pursuit_of.get(unit)
    return name is not None and sight(world, scope, world.pursuits[name]) is Sight.LIVE


def foreign_units(world: World, scope: Scope) -> set[str]:
    """The units of others that are seen, all of them in pursuits that go on."""
    seen: dict[str, bool] = {}
    for name in set(world.pursuit_of.values()):
        seen[name] = sight(world, scope, world.pursuits[name]) is Sight.LIVE
    return {unit for unit, name in world.pursuit_of.items() if seen[name]}


def sees_event(scope: Scope, seen_by: int, pursuit: str | None) -> bool:
    """Whether an event is seen: `seen_by` is what `seen_by` said when it happened."""
    return scope.sees_all or bool(seen_by & bits(scope)) or (pursuit is not None and pursuit in scope.opened)


def bits(scope: Scope) -> int:
    """The scope's place in a `seen_by`."""
    return 0 if scope.state is None else _BITS[scope.state]


def seen_by(world: World, event: Event) -> int:
    """The states whose control rooms see an event, as bits: BE 1, NL 2, LU 4.

    Args:
        world: right after the input that caused it.
        event: of that input.
    """
    if isinstance(event, AlertAcknowledged):
        alert = world.alerts.get(event.event)
        return 0 if alert is None else seen_by(world, alert.event)
    return sum(_BITS[state] for state in STATES if _is_seen(world, event, state))


def pursuit_of(world: World, event: Event) -> str | None:
    """The pursuit that an event is part of."""
    match event:
        case UnitSeen():
            return world.pursuit_of.get(event.unit)
        case AlertAcknowledged():
            alert = world.alerts.get(event.event)
            return None if alert is None else alert.event.pursuit
        case _:
            return event.pursuit


def is_of_record(event: Event, state: State) -> bool:
    """Whether an event of a pursuit belongs to the record of what concerns a state."""
    if isinstance(event, PursuitContact | PursuitHostDecision | PursuitHold | PursuitReport):
        return event.host in {None, state}
    return isinstance(event, PursuitEvent) or names(event, state)


def names(event: Event, state: State) -> bool:
    """Whether an event of a pursuit is about a state: it crosses its border, or is owed or said to it."""
    match event:
        case (
            CrossingApproaching() | CrossingProbable() | CrossingConfirmed() | CrossingCorrected() | CrossingRetracted()
        ):
            return is_on_soil(event.from_, state) or is_on_soil(event.to, state)
        case PursuitContact() | PursuitHostDecision() | PursuitHold() | PursuitReport() | Decision():
            return event.host == state
        case _:
            return isinstance(event, ObligationEvent) and event.host == state


def _is_seen(world: World, event: Event, state: State) -> bool:
    unit = getattr(event, "unit", None)
    if unit is not None and not isinstance(event, PursuitEvent) and _is_own(world, unit, state):
        return True
    name = pursuit_of(world, event)
    pursuit = None if name is None else world.pursuits.get(name)
    if pursuit is None:
        return False
    much = sight_of_state(world, pursuit, state)
    return much is Sight.LIVE or names(event, state) or (much is Sight.RECORD and is_of_record(event, state))


def _is_own(world: World, unit: str, state: str) -> bool:
    known = world.units.get(unit)
    return known is not None and known.state == state


def _is_ours(world: World, pursuit: Pursuit, state: str) -> bool:
    return any(_is_own(world, member.unit, state) for member in pursuit.members)


def _is_here(_: World, pursuit: Pursuit, state: str) -> bool:
    return any(is_on_soil(member.territory, state) for member in pursuit.members)


def _approaches(_: World, pursuit: Pursuit, state: str) -> bool:
    return any(is_on_soil(approach.host, state) for approach in pursuit.approaches)


def _was_called(_: World, pursuit: Pursuit, state: str) -> bool:
    return pursuit.visit(state) is None and pursuit.line(state).status in {"attempted", "established"}


def _was_here(_: World, pursuit: Pursuit, state: str) -> bool:
    return pursuit.visit(state) is not None


_HOLDS: Final[dict[Relation, Callable[[World, Pursuit, str], bool]]] = {
    Relation.OWN: _is_ours,
    Relation.HERE: _is_here,
    Relation.APPROACHING: _approaches,
    Relation.CALLED: _was_called,
    Relation.WAS_HERE: _was_here,
}
_BITS: Final[dict[str, int]] = {state: 1 << place for place, state in enumerate(STATES)}
_SHARED: Final[dict[str, frozenset[Territory]]] = {zone.value: states for zone, states in SHARED.items()}
