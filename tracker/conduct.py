"""What people do to a pursuit: start, join, contact, host decision, danger, hold, handover, report, end.

Each command first asks the phase table whether it is possible, then changes the pursuit, says so in an event, and has
the decisions looked at again that it may have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypedDict, get_args

import msgspec

from borders.states import BENELUX, STATES, Territory
from tracker import duties
from tracker.decisions import decide_again, decide_presence
from tracker.errors import Refused
from tracker.events import (
    Event,
    PursuitContact,
    PursuitContinuity,
    PursuitDanger,
    PursuitEnded,
    PursuitHandover,
    PursuitHold,
    PursuitHostDecision,
    PursuitJoined,
    PursuitReport,
    PursuitStarted,
    rfc3339,
)
from tracker.facts import GROUNDS, Kind, is_ground
from tracker.fix import check_name
from tracker.inputs import (
    EndPursuit,
    FileReport,
    JoinPursuit,
    MeetObligation,
    PursuitCommand,
    ReportContact,
    ReportContinuity,
    ReportDanger,
    ReportHandover,
    ReportHold,
    ReportHostDecision,
    StartPursuit,
)
from tracker.pursuits import Hold, Member, Move, Phase, Pursuit, Visit
from tracker.treaty.contact_points import ContactPoints
from tracker.treaty.owed import HAND_OVER
from tracker.treaty.rules import obligation
from tracker.turn import Turn
from tracker.units import Unit, call_sign_of, is_simulated
from tracker.world import PURSUITS_KEPT, World

MAX_TEXT: Final = 1000
"""Characters of a note, an instruction or a name."""

EARLIEST_S: Final = 86_400.0
"""A contact may have been made so long before the pursuit that it serves."""

CONTACT_STATUSES: Final = ("attempted", "established", "lost")
KINDS: Final = get_args(Kind)
_ACTIVE: Final = (Phase.RUNNING, Phase.BREAKING_OFF, Phase.HELD)
"""In these members abroad act, or still have to hand over."""

HOST_DECISIONS: Final = {
    "none": Move.HOST_CONTINUES,
    "continue": Move.HOST_CONTINUES,
    "joint": Move.HOST_CONTINUES,
    "takeover": Move.HOST_TAKES_OVER,
    "stop": Move.HOST_STOPS,
}


def conduct(world: World, contact_points: ContactPoints, command: PursuitCommand) -> list[Event]:
    """Let one command happen.

    Raises:
        IllegalMove: the pursuit's phase does not allow it.
        Refused: a field is missing, unknown or out of range.
    """
    _check_texts(command)
    if isinstance(command, StartPursuit):
        return _start(world, contact_points, command)
    pursuit = world.pursuits.get(command.id)
    if pursuit is None:
        raise Refused("id", f"no pursuit {command.id!r} is known")
    turn = Turn(world, command.at, command.at - world.lag_of(pursuit), command.id, world.offset, is_act=True)
    _HANDLERS[type(command)](turn, contact_points, pursuit, command)
    return turn.events


def _start(world: World, contact_points: ContactPoints, command: StartPursuit) -> list[Event]:
    check_name("id", command.id)
    check_name("unit", command.unit)
    if command.id in world.pursuits:
        raise Refused("id", f"pursuit {command.id!r} exists already")
    track = world.tracks.get(command.unit)
    now = command.at - (0.0 if track is None else track.lag_s)
    turn = Turn(world, command.at, now, command.id, world.offset, is_act=True)
    if command.kind not in KINDS:
        raise Refused("kind", f"{command.kind!r} is not one of {', '.join(KINDS)}")
    if command.ground is not None and not is_ground(command.ground):
        raise Refused("ground", f"{command.ground[:40]!r} is not one of {GROUNDS}")
    pursuit = Pursuit(command.id, now, kind=command.kind, ground=command.ground, note=command.note)
    pursuit = _enlist(turn, pursuit, command.unit, command.started_in)
    turn.emit(
        PursuitStarted(
            **_common(turn, pursuit, "pursuit.started", command),
            unit=command.unit,
            started_in=pursuit.members[0].started_in,
            ground=command.ground,
            kind=command.kind,
        )
    )
    decide_presence(turn, contact_points, pursuit, command.unit)
    return turn.events


def _enlist(turn: Turn, pursuit: Pursuit, unit: str, started_in: str | None) -> Pursuit:
    """Make a unit a member, with the place that its newest fix gives it."""
    world = turn.world
    if started_in is not None and started_in not in BENELUX:
        raise Refused("started_in", f"{started_in!r} is not one of BE, LU, NL")
    if is_simulated(unit) != is_simulated(pursuit.id):
        raise Refused("unit", f"{unit} and pursuit {pursuit.id} are not both simulated, or both real; they never mix")
    if unit in world.pursuit_of:
        raise Refused("unit", f"{unit} is already in pursuit {world.pursuit_of[unit]}")
    if unit not in world.units:
        world.put(world.units, unit, Unit(unit, call_sign=call_sign_of(unit)))
    track = world.tracks.get(unit)
    # Where a lost unit was is no sign of where it is: its next fix will tell.
    unknown = track is None or track.silence == "lost" or track.territory is Territory.OUTSIDE
    territory = None if track is None or unknown else track.territory.value
    if started_in is None and territory in BENELUX:
        started_in = territory
    world.put(world.pursuit_of, unit, pursuit.id)
    return turn.keep(pursuit.with_member(Member(unit, turn.now, started_in, territory)))


def _join(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: JoinPursuit) -> None:
    check_name("unit", command.unit)
    pursuit = _move(turn, pursuit, Move.JOIN)
    pursuit = _enlist(turn, pursuit, command.unit, command.started_in)
    turn.emit(
        PursuitJoined(
            **_common(turn, pursuit, "pursuit.joined", command),
            unit=command.unit,
            started_in=pursuit.members[-1].started_in,
        )
    )
    decide_presence(turn, contact_points, pursuit, command.unit)


def _contact(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportContact) -> None:
    if command.status not in CONTACT_STATUSES:
        raise Refused("status", f"{command.status!r} is not one of {', '.join(CONTACT_STATUSES)}")
    pursuit = _move(turn, pursuit, Move.CONTACT)
    field = "attempted_at" if command.status == "attempted" else "established_at"
    at = _moment(turn, pursuit, field, command.happened_at)
    steps = [(command.status, at)]
    if command.attempted_at is not None:
        attempted_at = _moment(turn, pursuit, "attempted_at", command.attempted_at)
        if attempted_at > at:
            raise Refused("attempted_at", "lies after established_at")
        steps.insert(0, ("attempted", attempted_at))
    host = _host(turn, pursuit, command.host)
    for status, moment in steps:
        line = pursuit.line(host).after(status, moment)
        line = msgspec.structs.replace(line, with_=command.with_ or line.with_, channel=command.channel or line.channel)
        pursuit = turn.keep(pursuit.with_line(line))
        turn.emit(
            PursuitContact(
                **_common(turn, pursuit, "pursuit.contact", command, status),
                host=host,
                status=status,
                with_=line.with_,
                channel=line.channel,
            )
        )
    if command.status == "established":
        pursuit = duties.meet(turn, pursuit, duties.CONTACT, host, at)
    decide_again(turn, contact_points, pursuit)


def _moment(turn: Turn, pursuit: Pursuit, field: str, at: float | None) -> float:
    """When something happened, in data time: now if nobody says otherwise, and never outside the pursuit's own days."""
    if at is None:
        return turn.now
    if not pursuit.started_at - EARLIEST_S <= at <= turn.now + 1.0:  # also false for NaN
        raise Refused(field, "lies in the future, or more than a day before the pursuit began")
    return at


def _host_decision(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportHostDecision) -> None:
    if command.decision not in HOST_DECISIONS:
        raise Refused("decision", f"{command.decision!r} is not one of {', '.join(HOST_DECISIONS)}")
    host = _host(turn, pursuit, command.host)
    line = pursuit.line(host)
    line = msgspec.structs.replace(
        line,
        decision=command.decision,
        complied=False,
        instructions=command.instructions or line.instructions,
        can_take_over=line.can_take_over if command.can_take_over is None else command.can_take_over,
        stated_at=line.stated_at if command.can_take_over is None else turn.now,
        consent=line.consent if command.consent is None else command.consent,
    )
    pursuit = _move(turn, pursuit.with_line(line), HOST_DECISIONS[command.decision])
    turn.emit(
        PursuitHostDecision(
            **_common(turn, pursuit, "pursuit.host_decision", command),
            host=host,
            decision=command.decision,
            instructions=command.instructions,
            can_take_over=command.can_take_over,
            consent=command.consent,
        )
    )
    pursuit = duties.lift_break_off(turn, _resume(turn, pursuit))
    if command.consent:
        for kind in (duties.STOP, duties.REQUEST):
            pursuit = duties.meet(turn, pursuit, kind, host, turn.now, command.by)
    decide_again(turn, contact_points, pursuit)


def _danger(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportDanger) -> None:
    pursuit = msgspec.structs.replace(pursuit, danger=command.disproportionate)
    pursuit = _move(turn, pursuit, Move.DANGER if command.disproportionate else Move.DANGER_OVER)
    turn.emit(
        PursuitDanger(
            **_common(turn, pursuit, "pursuit.danger", command),
            disproportionate=command.disproportionate,
        )
    )
    pursuit = duties.lift_break_off(turn, pursuit)
    decide_again(turn, contact_points, pursuit)


def _continuity(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportContinuity) -> None:
    if command.unit is not None and pursuit.member(command.unit) is None:
        raise Refused("unit", f"{command.unit} is not in pursuit {pursuit.id}")
    for member in pursuit.members:
        if command.unit in (None, member.unit):
            pursuit = pursuit.with_member(msgspec.structs.replace(member, continuous=command.continuous))
    pursuit = _move(turn, pursuit, Move.CONTINUITY)
    turn.emit(
        PursuitContinuity(
            **_common(turn, pursuit, "pursuit.continuity", command),
            unit=command.unit,
            continuous=command.continuous,
        )
    )
    decide_again(turn, contact_points, pursuit)


def _obligation(turn: Turn, _points: ContactPoints, pursuit: Pursuit, command: MeetObligation) -> None:
    """A person says that something was done that no other command reports."""
    field, name = ("kind", command.kind) if command.obligation is None else ("obligation", command.obligation)
    if name is None:
        raise Refused("obligation", "missing; name an open obligation, or its kind")
    if field == "kind" and name in duties.OWN_ACTS:
        raise Refused("kind", f"{name!r} is met by `{duties.OWN_ACTS[name]}`, which says more of it")
    found = [
        duty
        for duty in pursuit.duties
        if name == (duty.kind if field == "kind" else duty.id) and command.host in (None, duty.host)
    ]
    if not found:
        raise Refused(field, f"no obligation {name!r} is open in pursuit {pursuit.id}")
    if len(found) > 1:
        hosts = ", ".join(sorted({duty.host for duty in found}))
        raise Refused("host", f"missing; {name!r} is open towards {hosts}")
    [duty] = found
    if duty.kind in duties.OWN_ACTS:
        raise Refused(field, f"{duty.kind!r} is met by `{duties.OWN_ACTS[duty.kind]}`, which says more of it")
    at = _moment(turn, pursuit, "met_at", command.met_at)
    pursuit = _move(turn, pursuit, Move.OBLIGATION)
    duties.meet(turn, pursuit, duty.kind, duty.host, at, command.by, command.note)


def _hold(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportHold) -> None:
    unit = command.unit or pursuit.members[0].unit
    member = pursuit.member(unit)
    if member is None:
        raise Refused("unit", f"{unit} is not in pursuit {pursuit.id}")
    state = turn.state_of(unit)
    if state is None:
        raise Refused("unit", f"the sending state of {unit} is not known, so neither is whether it is abroad")
    abroad = member.territory in STATES and member.territory != state
    held_at = _moment(turn, pursuit, "held_at", command.held_at)
    pursuit = _move(turn, pursuit, Move.HOLD if abroad else Move.HOLD_AT_HOME)
    host = member.territory if abroad else None
    if abroad:
        hold = Hold(unit, held_at, command.suspected_eaw, command.force_used)
        pursuit = _resume(turn, msgspec.structs.replace(pursuit, hold=hold))
    turn.emit(
        PursuitHold(
            **_common(turn, pursuit, "pursuit.hold", command),
            unit=unit,
            host=host,
            held_at=rfc3339(held_at),
            suspected_eaw=command.suspected_eaw,
            force_used=command.force_used,
        )
    )
    if host is not None:
        duties.open_duty(turn, pursuit, unit, host, obligation(HAND_OVER, duties.scene(turn, unit, host)), None)
        decide_again(turn, contact_points, turn.world.pursuits[pursuit.id])


def _handover(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, command: ReportHandover) -> None:
    pursuit = _move(turn, pursuit, Move.HANDOVER)
    turn.emit(
        PursuitHandover(
            **_common(turn, pursuit, "pursuit.handover", command),
            to=command.to,
        )
    )
    for duty in pursuit.duties:
        if duty.kind == duties.HANDOVER:
            pursuit = duties.meet(turn, pursuit, duty.kind, duty.host, turn.now)
    decide_again(turn, contact_points, pursuit)


def _report(turn: Turn, _points: ContactPoints, pursuit: Pursuit, command: FileReport) -> None:
    host = command.host or next((duty.host for duty in pursuit.duties if duty.kind == duties.REPORT), None)
    if host is None:
        raise Refused("host", "no report is due on any host state; name the host state reported to")
    visit = pursuit.visit(host)
    if visit is None:
        raise Refused("host", f"{host!r} is not a host state of this pursuit")
    if visit.reported_at is not None and not visit.is_owed:
        raise Refused(
            "host", f"{host} was reported to at {rfc3339(visit.reported_at)}, and nothing was done there since"
        )
    pursuit = _move(turn, pursuit, Move.REPORT)
    turn.emit(
        PursuitReport(
            **_common(turn, pursuit, "pursuit.report", command),
            host=host,
        )
    )
    pursuit = _resume(turn, pursuit.with_visit(Visit(host, is_owed=False, reported_at=turn.now)))
    duties.meet(turn, pursuit, duties.REPORT, host, turn.now)


def _resume(turn: Turn, pursuit: Pursuit) -> Pursuit:
    """Where members from elsewhere go on after a report, another is owed for what they still do."""
    guests_in = {member.territory for member in pursuit.members if member.territory != turn.state_of(member.unit)}
    if pursuit.phase in _ACTIVE:
        for visit in pursuit.visits:
            if visit.host in guests_in:
                pursuit = pursuit.owing(visit.host)
    return turn.keep(pursuit)


def _end(turn: Turn, _points: ContactPoints, pursuit: Pursuit, command: EndPursuit) -> None:
    pursuit = _move(turn, pursuit, Move.END)
    pursuit = turn.keep(msgspec.structs.replace(pursuit, ended_at=turn.now, lag_s=turn.at - turn.now, approaches=()))
    turn.emit(
        PursuitEnded(
            **_common(turn, pursuit, "pursuit.ended", command),
            reason=command.reason,
        )
    )
    pursuit = duties.end(turn, pursuit)
    world = turn.world
    for member in pursuit.members:
        world.drop(world.pursuit_of, member.unit)
    ended = sorted(
        (other.ended_at or 0.0, name) for name, other in world.pursuits.items() if other.phase is Phase.ENDED
    )
    for _, name in ended[: max(0, len(ended) - PURSUITS_KEPT)]:
        world.drop(world.pursuits, name)
        world.drop(world.due, name)


class _Common(TypedDict):
    id: str
    time: str
    pursuit: str
    phase: str
    by: str | None
    note: str | None


def _common(turn: Turn, pursuit: Pursuit, type_: str, command: PursuitCommand, *detail: str) -> _Common:
    """What the event of every command says; `detail` tells the events of one command apart."""
    return _Common(
        id=turn.id(type_, *detail),
        time=turn.time,
        pursuit=pursuit.id,
        phase=pursuit.phase,
        by=command.by,
        note=command.note,
    )


def _move(turn: Turn, pursuit: Pursuit, step: Move) -> Pursuit:
    return turn.keep(pursuit.moved(step))


def _host(turn: Turn, pursuit: Pursuit, host: str | None) -> str:
    """The host state that a command is about: as named, or the one that the pursuit's obligations or places tell."""
    if host is not None:
        if host not in STATES:
            raise Refused("host", f"{host!r} is not one of {', '.join(sorted(STATES))}")
        return host
    candidates = dict.fromkeys(
        [duty.host for duty in pursuit.duties if duty.kind == duties.CONTACT]
        + [
            member.territory
            for member in pursuit.members
            if member.territory is not None and member.territory != turn.state_of(member.unit)
        ]
        + [approach.host for approach in pursuit.approaches]
    )
    if not candidates:
        raise Refused("host", "missing; no member is in or near another state, so it must be named")
    return next(iter(candidates))


def _check_texts(command: PursuitCommand) -> None:
    for field in command.__struct_fields__:
        value = getattr(command, field)
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise Refused(field.rstrip("_"), f"{len(value)} characters; at most {MAX_TEXT} are allowed")


_HANDLERS: Final[dict[type, Callable[[Turn, ContactPoints, Pursuit, Any], None]]] = {
    JoinPursuit: _join,
    ReportContact: _contact,
    ReportHostDecision: _host_decision,
    ReportDanger: _danger,
    ReportContinuity: _continuity,
    MeetObligation: _obligation,
    ReportHold: _hold,
    ReportHandover: _handover,
    FileReport: _report,
    EndPursuit: _end,
}
"""What each command of a known pursuit does."""
