"""What the law says of one unit in one pursuit: gather the facts, ask the treaty's table, say it, open what follows."""

from __future__ import annotations

from typing import cast

import msgspec

from borders.states import STATES
from tracker import duties
from tracker import facts as law
from tracker.events import CrossingApproaching, CrossingConfirmed, Decision, rfc3339, unix_s
from tracker.pursuits import Member, Move, Phase, Pursuit
from tracker.treaty.contact_points import ContactPoints
from tracker.treaty.rules import Finding, decide
from tracker.turn import Turn
from tracker.units import Unit


def decide_crossing(
    turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, unit: str, crossing: CrossingConfirmed
) -> Pursuit:
    """A member has crossed: close the leg it leaves, open the one it enters, and say what the law says."""
    member = pursuit.member(unit)
    if member is None or pursuit.phase is Phase.ENDED:
        return pursuit
    home = _unit(turn, unit).state
    pursuit = pursuit.with_member(msgspec.structs.replace(member, territory=crossing.to))
    left = crossing.from_
    if crossing.to in STATES and crossing.to != home:
        pursuit = pursuit.owing(crossing.to)
    elif crossing.to == home and left in STATES and pursuit.visit(left) is None:
        pursuit = pursuit.owing(left)  # that it was a guest there has come to be known only now
    pursuit = turn.keep(pursuit)
    if crossing.to == home and not any(
        other.territory == left != _unit(turn, other.unit).state for other in pursuit.members
    ):
        pursuit = _comply(turn, pursuit, left)
    if crossing.to != home:
        pursuit = bind_again(turn, pursuit, crossing.to)
    return _decide(turn, contact_points, pursuit, unit, crossing)


def _comply(turn: Turn, pursuit: Pursuit, left: str) -> Pursuit:
    """Nobody from elsewhere is in a state any more: what it ordered is obeyed, and binds again only on a new entry."""
    pursuit = duties.meet(turn, pursuit, duties.BREAK_OFF, left, turn.now)
    line = pursuit.line(left)
    if line.decision != "stop" or line.complied:
        return pursuit
    pursuit = pursuit.with_line(msgspec.structs.replace(line, complied=True))
    return turn.keep(pursuit.moved(Move.COMPLY) if pursuit.phase is Phase.BREAKING_OFF else pursuit)


def bind_again(turn: Turn, pursuit: Pursuit, host: str) -> Pursuit:
    """Somebody is where a host's stop was obeyed: it binds again."""
    line = pursuit.line(host)
    if line.decision != "stop" or not line.complied:
        return pursuit
    pursuit = pursuit.with_line(msgspec.structs.replace(line, complied=False))
    return turn.keep(pursuit.moved(Move.ENTER_AGAIN) if pursuit.phase is Phase.RUNNING else pursuit)


def announce_contact(
    turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, unit: str, approach: CrossingApproaching
) -> Pursuit:
    """Ask for contact while the border is still ahead: the treaty wants it at the latest at the crossing.

    What would be asked for is what the table says of the crossing as it is foreseen.
    """
    member = pursuit.member(unit)
    known = _unit(turn, unit)
    if member is None or approach.to == known.state:
        return pursuit
    found = decide(_facts(contact_points, pursuit, known, member, approach.to, approach, turn.now))
    for asked in found.obligations:
        if asked.id == duties.CONTACT:
            point = contact_points.nearest(approach.to, approach.lon, approach.lat, turn.now)
            pursuit, _ = duties.open_duty(turn, pursuit, unit, approach.to, asked, point, announced=True)
    return pursuit


def decide_presence(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, unit: str) -> Pursuit:
    """A unit began or joined while it is already abroad: no crossing, and still the law has something to say."""
    member = pursuit.member(unit)
    state = _unit(turn, unit).state
    if member is None or member.territory not in STATES or member.territory == state:
        return pursuit
    if state is None and member.territory == member.started_in:
        return pursuit  # whether it is abroad is not known, and nothing was crossed
    pursuit = turn.keep(pursuit.owing(member.territory))
    return _decide(turn, contact_points, pursuit, unit, None)


def decide_again(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit) -> Pursuit:
    """Something has changed: decide again on every member that is abroad, and say so where the answer is another."""
    if pursuit.phase is Phase.ENDED:
        return pursuit
    for member in pursuit.members:
        if member.decision is None or member.territory == _unit(turn, member.unit).state:
            continue
        crossing = next((entry for entry in reversed(pursuit.crossings) if entry.id == member.decision.crossing), None)
        pursuit = _decide(turn, contact_points, pursuit, member.unit, crossing, again=True)
    return pursuit


def decide_instead(
    turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, unit: str, crossing: CrossingConfirmed | None
) -> Pursuit:
    """The crossing of the latest decision did not happen: decide on the one before it, or on where the unit is."""
    member = pursuit.member(unit)
    if member is None or pursuit.phase is Phase.ENDED:
        return pursuit
    if crossing is None and member.territory in (None, _unit(turn, unit).state):
        return turn.keep(pursuit.with_member(msgspec.structs.replace(member, decision=None)))
    return _decide(turn, contact_points, pursuit, unit, crossing, again=True, even_if_same=True)


def _decide(
    turn: Turn,
    contact_points: ContactPoints,
    pursuit: Pursuit,
    unit: str,
    crossing: CrossingConfirmed | None,
    *,
    again: bool = False,
    even_if_same: bool = False,
) -> Pursuit:
    member = pursuit.member(unit)
    if member is None or member.territory is None:
        return pursuit
    known = _unit(turn, unit)
    # What R0 asks for concerns the state that was left; everything else the one that was entered.
    going_home = crossing is not None and crossing.to == known.state
    host = crossing.from_ if crossing is not None and going_home else member.territory
    lon, lat = _place(turn, unit, crossing)
    point = contact_points.nearest(host, lon, lat, turn.now)
    facts = _facts(contact_points, pursuit, known, member, member.territory, crossing, turn.now)
    found = decide(facts, None if point is None else point.name)
    previous = member.decision
    if again and not even_if_same and previous is not None and _same_answer(found, previous):
        return pursuit

    obligations = []
    for asked in found.obligations:
        duty = None
        if asked.id in duties.TRACKED:
            pursuit, duty = duties.open_duty(turn, pursuit, unit, host, asked, point)
        obligations.append(asked if duty is None else msgspec.structs.replace(asked, id=duty.id))
    decision = Decision(
        id=turn.id("decision", unit, None if crossing is None else crossing.id, found.rule),
        time=turn.time,
        unit=unit,
        pursuit=pursuit.id,
        crossing=None if crossing is None else crossing.id,
        rule=found.rule,
        instrument=found.instrument,
        article=found.article,
        permitted=found.permitted,
        obligations=tuple(obligations),
        powers=found.powers,
        warnings=found.warnings,
        basis=found.basis,
        title=found.title,
        words=found.words,
        words_in=found.words_in,
        unchecked=found.unchecked,
        asks=found.asks,
        cites=found.cites,
        matched=found.matched,
        facts=found.facts,
        host=host,
        supersedes=previous.id if again and previous is not None else None,
    )
    turn.emit(decision)
    return turn.keep(pursuit.with_member(msgspec.structs.replace(member, decision=decision)))


def _same_answer(found: Finding, previous: Decision) -> bool:
    """Whether the law says the same as before to those who act on it."""
    return _answer(found) == _answer(previous)


def _answer(given: Finding | Decision) -> tuple[object, ...]:
    owed = [obligation.text for obligation in given.obligations]
    return given.rule, given.permitted, given.powers, given.warnings, owed


def _unit(turn: Turn, unit: str) -> Unit:
    return turn.world.units.get(unit) or Unit(unit)


def _facts(
    contact_points: ContactPoints,
    pursuit: Pursuit,
    known: Unit,
    member: Member,
    host: str,
    crossing: CrossingConfirmed | CrossingApproaching | None,
    now: float,
) -> law.Facts:
    # The world holds plain strings, each checked when it came in; the facts name their alternatives.
    line = pursuit.line(host)
    if crossing is None:
        established_at = line.established_at if line.is_open else None
    else:
        established_at = line.contact_for(unix_s(crossing.crossed_at), crossing.uncertainty_s)
    hold = pursuit.hold if pursuit.hold is not None and pursuit.hold.unit == known.id else None
    holds = any(duty.kind == duties.HANDOVER and duty.unit == known.id for duty in pursuit.duties)
    return law.Facts(
        unit=law.UnitFacts(
            origin_state=cast("law.State | None", known.state),
            service=cast("law.Service | None", known.service),
            means=cast("law.Means | None", known.means),
            marked=known.marked,
            uniformed=known.uniformed,
        ),
        pursuit=law.PursuitFacts(
            kind=cast("law.Kind", pursuit.kind),
            started_in=cast("law.Place | None", member.started_in),
            ground=pursuit.ground,
            continuous=member.continuous,
        ),
        crossing=law.CrossingFacts(
            from_=None if crossing is None else cast("law.Place", crossing.from_),
            to=cast("law.Place", host),
            time=rfc3339(now) if crossing is None else crossing.crossed_at,
            uncertainty_s=0.0 if crossing is None else crossing.uncertainty_s,
        ),
        contact=law.ContactFacts(
            attempted_at=None if line.attempted_at is None else rfc3339(line.attempted_at),
            established_at=None if established_at is None else rfc3339(established_at),
            with_=line.with_,
            channel=line.channel,
            earlier_entry=_serves_again(pursuit, host, established_at, crossing),
        ),
        host=law.HostFacts(
            can_take_over=line.can_take_over if crossing is None else line.could_take_over(unix_s(crossing.crossed_at)),
            decision=cast("law.HostDecision", line.decision),
            instructions=line.instructions,
            consent=line.consent,
            restriction=contact_points.restriction(host, now),
        ),
        danger=pursuit.danger,
        held=holds or None,
        held_at=rfc3339(hold.held_at) if hold is not None and holds else None,
        suspected_eaw=hold.suspected_eaw if hold is not None and holds else None,
        force_used=None if hold is None else hold.force_used,
    )


def _serves_again(
    pursuit: Pursuit,
    host: str,
    established_at: float | None,
    crossing: CrossingConfirmed | CrossingApproaching | None,
) -> bool | None:
    """Whether the line was up when somebody last left the host state, before this crossing into it."""
    if crossing is None or established_at is None:
        return None
    now = unix_s(crossing.crossed_at)
    left = [unix_s(known.crossed_at) for known in pursuit.crossings if known.from_ == host]
    return any(established_at < at < now for at in left) or None


def _place(turn: Turn, unit: str, crossing: CrossingConfirmed | None) -> tuple[float, float]:
    if crossing is not None:
        return crossing.lon, crossing.lat
    fix = turn.world.tracks[unit].fix
    return fix.lon, fix.lat
