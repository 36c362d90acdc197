"""Obligations with clocks: opened, met, overdue, withdrawn, each an event."""

from __future__ import annotations

from typing import Final, TypedDict

import msgspec

from borders.states import BENELUX
from tracker.events import (
    CrossingApproaching,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    ObligationWithdrawn,
    event_id,
    rfc3339,
)
from tracker.pursuits import Duty, Pursuit
from tracker.treaty.contact_points import ContactPoints
from tracker.turn import Turn

CONTACT: Final = "contact"
"""The kind of obligation that a contact meets (Art. 21(2)(a)); the ids of treaty obligations are their kinds."""

REPORT: Final = "report"


class _Common(TypedDict):
    time: str
    pursuit: str
    unit: str
    obligation: str
    text: str
    article: str
    kind: str
    host: str
    deadline: str | None
    addressee: str | None


def open_duty(
    turn: Turn,
    pursuit: Pursuit,
    unit: str,
    host: str,
    kind: str,
    text: str,
    article: str,
    deadline_at: float | None,
    addressee: str | None = None,
    *,
    announced: bool = False,
) -> tuple[Pursuit, Duty]:
    """Open an obligation towards a host, or return the one of that kind that is open already.

    An open one that was announced becomes due in earnest with the crossing, at the crossing's own time.
    """
    duty = pursuit.duty(kind, host)
    if duty is not None:
        if duty.announced and not announced:
            duty = msgspec.structs.replace(duty, announced=False, deadline_at=deadline_at)
            pursuit = turn.keep(pursuit.with_duty(duty))
        return pursuit, duty
    number = pursuit.duties_opened + 1
    duty = Duty(
        id=event_id("obligation", pursuit.id, kind, host, number),
        kind=kind,
        text=text,
        article=article,
        host=host,
        unit=unit,
        deadline_at=deadline_at,
        addressee=addressee,
        announced=announced,
    )
    pursuit = turn.keep(msgspec.structs.replace(pursuit.with_duty(duty), duties_opened=number))
    turn.emit(ObligationOpened(id=turn.id("obligation.opened", duty.id), **_common(turn, pursuit, duty)))
    return pursuit, duty


def meet(turn: Turn, pursuit: Pursuit, kind: str, host: str, met_at: float) -> Pursuit:
    """Close the open obligation of that kind towards that host, if there is one, as met at `met_at` (data time)."""
    duty = pursuit.duty(kind, host)
    if duty is None:
        return pursuit
    late_s = None if duty.deadline_at is None else round(met_at - duty.deadline_at, 3)
    turn.emit(
        ObligationMet(
            id=turn.id("obligation.met", duty.id),
            late_s=late_s if late_s is not None and late_s > 0 else None,
            **_common(turn, pursuit, duty),
        )
    )
    return turn.keep(pursuit.without_duty(duty))


def find_overdue(turn: Turn, pursuit: Pursuit) -> Pursuit:
    """Say once of each open obligation that its deadline has passed."""
    for duty in pursuit.duties:
        # While the crossing is only announced its time is a forecast, and a forecast cannot be missed.
        if duty.overdue or duty.announced or duty.deadline_at is None or turn.now <= duty.deadline_at:
            continue
        turn.emit(ObligationOverdue(id=turn.id("obligation.overdue", duty.id), **_common(turn, pursuit, duty)))
        pursuit = turn.keep(pursuit.with_duty(msgspec.structs.replace(duty, overdue=True)))
    return pursuit


def announce_contact(
    turn: Turn, contact_points: ContactPoints, pursuit: Pursuit, unit: str, event: CrossingApproaching
) -> Pursuit:
    """Ask for contact while the border is still ahead: the treaty wants it at the latest at the crossing."""
    known = turn.world.units.get(unit)
    if event.to not in BENELUX or (known is not None and known.state == event.to):
        return pursuit
    if pursuit.line(event.to).is_open:
        return pursuit
    point = contact_points.nearest(event.to, event.lon, event.lat, turn.now)
    raise NotImplementedError(point)


def withdraw_announced(turn: Turn, pursuit: Pursuit, host: str) -> Pursuit:
    """Take back what was opened for an announced crossing once no member is on its way to that host any more."""
    if any(approach.host == host for approach in pursuit.approaches):
        return pursuit
    for duty in pursuit.duties:
        if duty.host == host and duty.announced:
            turn.emit(
                ObligationWithdrawn(
                    id=turn.id("obligation.withdrawn", duty.id), **_common(turn, pursuit, duty)
                )
            )
            pursuit = turn.keep(pursuit.without_duty(duty))
    return pursuit


def _common(turn: Turn, pursuit: Pursuit, duty: Duty) -> _Common:
    return _Common(
        time=turn.time,
        pursuit=pursuit.id,
        unit=duty.unit,
        obligation=duty.id,
        text=duty.text,
        article=duty.article,
        kind=duty.kind,
        host=duty.host,
        deadline=None if duty.deadline_at is None else rfc3339(duty.deadline_at),
        addressee=duty.addressee,
    )
