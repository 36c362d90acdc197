"""What a pursuit makes of a crossing that a late fix puts elsewhere, or shows not to have happened."""

from __future__ import annotations

import msgspec

from tracker import duties
from tracker.decisions import bind_again, decide_again, decide_instead
from tracker.events import CrossingConfirmed, CrossingCorrected, CrossingRetracted, unix_s
from tracker.pursuits import Phase, Pursuit, Visit
from tracker.treaty.contact_points import ContactPoints
from tracker.turn import Turn


def correct(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, event: CrossingCorrected) -> Pursuit:
    """A crossing was elsewhere, or at another time: deadlines that ran from it move, and the law is asked again, for
    whether contact was made in time turns on it.
    """
    before = next((known for known in pursuit.crossings if known.id == event.crossing), None)
    if before is None:
        return pursuit
    stands = msgspec.structs.replace(
        before,
        lon=event.lon,
        lat=event.lat,
        crossed_at=event.crossed_at,
        uncertainty_m=event.uncertainty_m,
        uncertainty_s=event.uncertainty_s,
        confidence=event.confidence,
        via=event.via,
        corrected_by=event.id,
    )
    crossings = tuple(stands if known is before else known for known in pursuit.crossings)
    pursuit = turn.keep(msgspec.structs.replace(pursuit, crossings=crossings))
    pursuit = duties.move_deadlines(turn, pursuit, event.unit, unix_s(before.crossed_at), unix_s(event.crossed_at))
    return decide_again(turn, contact_points, pursuit)


def take_back(turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, event: CrossingRetracted) -> Pursuit:
    """A crossing did not happen: the unit is where it is believed to be now, what was asked for its sake is withdrawn,
    and what the law said of it no longer stands.
    """
    fallen = _superseded(pursuit, event)
    member = pursuit.member(event.unit)
    if fallen is None or member is None:
        return pursuit
    territory = turn.world.tracks[event.unit].territory.value
    member = msgspec.structs.replace(member, territory=territory)
    crossings = tuple(known for known in pursuit.crossings if known is not fallen)
    pursuit = msgspec.structs.replace(pursuit.with_member(member), crossings=crossings)
    host = fallen.to
    still = any(known.to == host for known in crossings) or any(one.territory == host for one in pursuit.members)
    visit = pursuit.visit(host)
    if not still:
        pursuit = pursuit.without_visit(host)
    elif visit is not None and _is_reported(pursuit, visit):
        pursuit = pursuit.with_visit(msgspec.structs.replace(visit, is_owed=False))
    pursuit = turn.keep(pursuit)
    if not still:
        pursuit = duties.withdraw_from(turn, pursuit, host)
    if territory == fallen.from_ and pursuit.phase is not Phase.ENDED:
        pursuit = _stay(turn, pursuit, event.unit, territory)
    if member.decision is None or member.decision.crossing != fallen.id:
        return pursuit
    last = next((known for known in reversed(crossings) if known.unit == event.unit and known.to == territory), None)
    return decide_instead(turn, contact_points, pursuit, event.unit, last)


def _stay(turn: Turn, pursuit: Pursuit, unit: str, host: str) -> Pursuit:
    """A unit has not left a state: a stop there is not obeyed yet, and no report is due on its account."""
    if host == turn.state_of(unit):
        return pursuit
    pursuit = bind_again(turn, pursuit, host)
    came_home = (member.decision for member in pursuit.members if member.unit != unit)
    if any(decision is not None and (decision.rule, decision.host) == ("R0", host) for decision in came_home):
        return pursuit
    return duties.withdraw_report(turn, pursuit, host)


def _is_reported(pursuit: Pursuit, visit: Visit) -> bool:
    """Whether nobody has been in a host state since the latest report to it."""
    return (
        visit.reported_at is not None
        and all(member.territory != visit.host for member in pursuit.members)
        and all(known.to != visit.host or unix_s(known.crossed_at) <= visit.reported_at for known in pursuit.crossings)
    )


def _superseded(pursuit: Pursuit, event: CrossingRetracted) -> CrossingConfirmed | None:
    """The crossing as it stood that an event takes back."""
    return next((known for known in pursuit.crossings if event.supersedes in (known.id, known.corrected_by)), None)
