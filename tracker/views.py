"""What viewers are shown of the world: position rows and pursuits (docs/protocol.md)."""

from __future__ import annotations

import msgspec

from tracker.events import AlertEvent, CrossingConfirmed, Decision, rfc3339
from tracker.facts import State
from tracker.policy import Scope, Sight, is_on_soil, names, room_of, seen_by, sees_event, sight
from tracker.pursuits import Pursuit
from tracker.units import Track, call_sign_of, is_simulated
from tracker.world import Alert, World

Row = tuple[str, float, float, float, float | None, float | None, str, str]
"""unit, t, lon, lat, speed, course, territory, quality."""


class MemberView(msgspec.Struct, frozen=True):
    """A unit in a pursuit."""

    unit: str
    state: str | None
    started_in: str | None
    territory: str | None


class LineView(msgspec.Struct, frozen=True):
    """The line to a host state's service."""

    host: str
    status: str
    with_: str | None = msgspec.field(name="with")
    channel: str | None
    since: str | None
    decision: str
    instructions: str | None


class DutyView(msgspec.Struct, frozen=True):
    """An open obligation."""

    id: str
    kind: str
    text: str
    article: str
    host: str
    unit: str
    deadline: str | None
    addressee: str | None
    overdue: bool
    announced: bool


class PursuitView(msgspec.Struct, frozen=True):
    """One pursuit as it stands."""

    id: str
    simulated: bool
    phase: str
    started_at: str
    ended_at: str | None
    started_in: str | None
    ground: str | None
    note: str | None
    danger: bool | None
    members: tuple[MemberView, ...]
    lines: tuple[LineView, ...]
    obligations: tuple[DutyView, ...]
    decisions: dict[str, Decision]
    crossings: tuple[CrossingConfirmed, ...]


class RosterView(msgspec.Struct, frozen=True):
    """What is known of a unit besides its motion."""

    state: str | None
    call_sign: str
    pursuit: str | None
    simulated: bool


class AcknowledgementView(msgspec.Struct, frozen=True):
    """Who has seen an alert: of a state's control room, or (null) one who sees everything."""

    state: str | None
    by: str


class AlertView(msgspec.Struct, frozen=True):
    """An event that asks for a dispatcher's eyes. `acknowledged_by` is what counts for who looks; `age_s`, how old it
    was when it became known, stands only at one of the past.
    """

    offset: int
    event: AlertEvent
    acknowledged_by: str | None
    acknowledgements: tuple[AcknowledgementView, ...]
    age_s: float | None


def row(track: Track) -> Row:
    """A unit's newest fix as the positions frame carries it."""
    fix = track.fix
    return (
        fix.unit,
        fix.fixed_at,
        fix.lon,
        fix.lat,
        fix.speed_mps,
        fix.course_deg,
        track.territory.value,
        track.quality if track.silence == "fresh" else track.silence,
    )


def pursuit_seen(world: World, scope: Scope, pursuit: Pursuit) -> PursuitView | None:
    """A pursuit as far as it is seen; None when it is not."""
    match sight(world, scope, pursuit), scope.state:
        case Sight.NOTHING, _:
            return None
        case Sight.RECORD, str(state):
            return _record(pursuit_view(world, pursuit), state)
        case _:
            return pursuit_view(world, pursuit)


def _record(view: PursuitView, state: State) -> PursuitView:
    """What of a pursuit concerns a state, once its units are no longer there."""
    return msgspec.structs.replace(
        view,
        members=tuple(
            member if is_on_soil(member.territory, state) else msgspec.structs.replace(member, territory=None)
            for member in view.members
        ),
        lines=tuple(line for line in view.lines if line.host == state),
        obligations=tuple(duty for duty in view.obligations if duty.host == state),
        decisions={unit: decision for unit, decision in view.decisions.items() if names(decision, state)},
        crossings=tuple(crossing for crossing in view.crossings if names(crossing, state)),
    )


def pursuit_view(world: World, pursuit: Pursuit) -> PursuitView:
    """A pursuit in full."""
    return PursuitView(
        id=pursuit.id,
        simulated=is_simulated(pursuit.id),
        phase=pursuit.phase,
        started_at=rfc3339(pursuit.started_at),
        ended_at=None if pursuit.ended_at is None else rfc3339(pursuit.ended_at),
        started_in=pursuit.members[0].started_in,
        ground=pursuit.ground,
        note=pursuit.note,
        danger=pursuit.danger,
        members=tuple(
            MemberView(member.unit, _state(world, member.unit), member.started_in, member.territory)
            for member in pursuit.members
        ),
        lines=tuple(
            LineView(
                line.host,
                line.status,
                line.with_,
                line.channel,
                None if line.established_at is None else rfc3339(line.established_at),
                line.decision,
                line.instructions,
            )
            for line in pursuit.lines
        ),
        obligations=tuple(
            DutyView(
                duty.id,
                duty.kind,
                duty.text,
                duty.article,
                duty.host,
                duty.unit,
                None if duty.deadline_at is None else rfc3339(duty.deadline_at),
                duty.addressee,
                duty.overdue,
                duty.announced,
            )
            for duty in pursuit.duties
        ),
        decisions={member.unit: member.decision for member in pursuit.members if member.decision is not None},
        crossings=pursuit.crossings,
    )


def roster_view(world: World, unit: str) -> RosterView:
    """A unit's entry in the roster."""
    known = world.units.get(unit)
    sign = None if known is None else known.call_sign
    return RosterView(_state(world, unit), sign or call_sign_of(unit), world.pursuit_of.get(unit), is_simulated(unit))


def sees_alert(world: World, scope: Scope, alert: Alert) -> bool:
    """Whether an alert is seen, as its pursuit is to be seen now: with the pursuit, its alerts go from the screen."""
    name = alert.event.pursuit
    pursuit = None if name is None else world.pursuits.get(name)
    if pursuit is not None and sight(world, scope, pursuit) is Sight.NOTHING:
        return False
    return sees_event(scope, seen_by(world, alert.event), name)


def alert_view(alert: Alert, scope: Scope) -> AlertView:
    """An alert as the feed and the API show it."""
    counts = alert.acknowledged_for(room_of(scope))
    everybody = tuple(AcknowledgementView(one.state, one.by) for one in alert.acknowledgements)
    return AlertView(alert.offset, alert.event, None if counts is None else counts.by, everybody, alert.age_s)


def _state(world: World, unit: str) -> str | None:
    known = world.units.get(unit)
    return None if known is None else known.state
