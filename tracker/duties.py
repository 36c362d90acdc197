"""Obligations with clocks: opened, met, overdue, withdrawn, each an event."""

from __future__ import annotations

from typing import Final, TypedDict, cast

import msgspec

from tracker.events import (
    Obligation,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    ObligationWithdrawn,
    event_id,
    rfc3339,
    unix_s,
)
from tracker.facts import CrossingFacts, Facts, Origin, Place, UnitFacts
from tracker.pursuits import CONFIRM, Duty, Pursuit
from tracker.treaty.contact_points import ContactPoint
from tracker.treaty.owed import REPORT_NOW
from tracker.treaty.rules import obligation
from tracker.turn import Turn

CONTACT: Final = "contact"
"""The ids of the treaty's obligations are the kinds here."""

HANDOVER: Final = "hand_over"
REPORT: Final = "report"
BREAK_OFF: Final = "break_off"

INFORM: Final = "inform_contact_points"
STOP: Final = "stop_without_consent"
REQUEST: Final = "request"
OWN_ACTS: Final = {CONTACT: "contact", HANDOVER: "handover", REPORT: "report", BREAK_OFF: "end"}
"""Obligations that a command of their own meets. The handover opens with a hold, the others with a decision."""

SAID: Final = frozenset(
    {
        CONFIRM,
        INFORM,
        STOP,
        REQUEST,
        "notify",
        "report_before",
        "report_at_once",
        "report_on_crossing",
        "report_force",
        "release",
    }
)
"""Obligations that are met when somebody says so."""

TRACKED: Final = frozenset({*OWN_ACTS, *SAID}) - {HANDOVER}
"""Obligations that a decision opens, since some act closes them. The others (follow instructions, return, report after
the action) hold throughout, or are opened in another form when they are due."""

ONCE: Final = frozenset({CONFIRM, INFORM})
"""Met once for a line, they are not asked for again by a further crossing on it."""


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
    asked: Obligation,
    point: ContactPoint | None,
    *,
    announced: bool = False,
) -> tuple[Pursuit, Duty | None]:
    """Open an obligation towards a host, or take the one of that kind that is open already.

    One that was announced becomes due in earnest with the crossing, at the crossing's own time. A contact is not asked
    for while the line to that host is open, nor what was met for that line already, nor a report on what was reported:
    None.
    """
    deadline_at = None if asked.deadline is None else unix_s(asked.deadline)
    duty = pursuit.duty(asked.id, host)
    if duty is not None:
        if duty.announced and (not announced or (deadline_at or 0.0) < (duty.deadline_at or 0.0)):
            duty = msgspec.structs.replace(duty, announced=announced, deadline_at=deadline_at)
            pursuit = turn.keep(pursuit.with_duty(duty))
        return pursuit, duty
    line = pursuit.line(host)
    if (asked.id == CONTACT and line.is_open) or asked.id in line.settled:
        return pursuit, None
    visit = pursuit.visit(host)
    if asked.id == REPORT and visit is not None and not visit.is_owed:
        return pursuit, None
    if asked.id == CONFIRM and asked.deadline is None:
        return pursuit, None  # nothing was said yet that could be confirmed
    number = pursuit.duties_opened + 1
    duty = Duty(
        id=event_id("obligation", pursuit.id, asked.id, host, number),
        kind=asked.id,
        text=asked.text,
        article=asked.article,
        host=host,
        unit=unit,
        deadline_at=deadline_at,
        addressee=None if point is None else point.name,
        announced=announced,
    )
    pursuit = turn.keep(msgspec.structs.replace(pursuit.with_duty(duty), duties_opened=number))
    turn.emit(ObligationOpened(id=turn.id("obligation.opened", duty.id), **_common(turn, pursuit, duty)))
    return pursuit, duty


def meet(
    turn: Turn, pursuit: Pursuit, kind: str, host: str, met_at: float, by: str | None = None, note: str | None = None
) -> Pursuit:
    """Close the open obligation of that kind towards that host, if there is one, as met at `met_at` (data time)."""
    duty = pursuit.duty(kind, host)
    if duty is None:
        return pursuit
    late_s = None if duty.deadline_at is None else round(met_at - duty.deadline_at, 3)
    turn.emit(
        ObligationMet(
            id=turn.id("obligation.met", duty.id),
            late_s=late_s if late_s is not None and late_s > 0 else None,
            by=by,
            note=note,
            **_common(turn, pursuit, duty),
        )
    )
    if kind in ONCE:
        line = pursuit.line(host)
        pursuit = pursuit.with_line(msgspec.structs.replace(line, settled=(*line.settled, kind)))
    return turn.keep(pursuit.without_duty(duty))


def find_overdue(turn: Turn, pursuit: Pursuit) -> Pursuit:
    """Say once of each open obligation that its deadline has passed."""
    due = pursuit.next_deadline
    if due is None or turn.now <= due:
        return pursuit
    for duty in pursuit.duties:
        if duty.overdue or duty.announced or duty.deadline_at is None or turn.now <= duty.deadline_at:
            continue
        turn.emit(ObligationOverdue(id=turn.id("obligation.overdue", duty.id), **_common(turn, pursuit, duty)))
        pursuit = turn.keep(pursuit.with_duty(msgspec.structs.replace(duty, overdue=True)))
    return pursuit


def withdraw_announced(turn: Turn, pursuit: Pursuit, host: str) -> Pursuit:
    """Take back what was opened for an announced crossing once no member is on its way to that host any more."""
    if any(approach.host == host for approach in pursuit.approaches):
        return pursuit
    return _withdraw(turn, pursuit, [duty for duty in pursuit.duties if duty.host == host and duty.announced])


def lift_break_off(turn: Turn, pursuit: Pursuit) -> Pursuit:
    """Take back the orders to break off that nothing stands behind any more: no danger, and no stop of that host."""
    if pursuit.danger:
        return pursuit
    lifted = [duty for duty in pursuit.duties if duty.kind == BREAK_OFF and pursuit.line(duty.host).decision != "stop"]
    return _withdraw(turn, pursuit, lifted)


def withdraw_from(turn: Turn, pursuit: Pursuit, host: str) -> Pursuit:
    """Take back everything that was asked for towards a host that nobody has entered after all."""
    return _withdraw(turn, pursuit, [duty for duty in pursuit.duties if duty.host == host])


def withdraw_report(turn: Turn, pursuit: Pursuit, host: str) -> Pursuit:
    """Take back that a report is due: nobody has come home from that host yet."""
    return _withdraw(turn, pursuit, [duty for duty in pursuit.duties if duty.kind == REPORT and duty.host == host])


def move_deadlines(turn: Turn, pursuit: Pursuit, unit: str, before: float, now: float) -> Pursuit:
    """What was due by a crossing of a unit is due by the time at which that is now known to have been (data times)."""
    for duty in pursuit.duties:
        if duty.unit == unit and duty.deadline_at == before:
            pursuit = turn.keep(pursuit.with_duty(msgspec.structs.replace(duty, deadline_at=now)))
    return pursuit


def end(turn: Turn, pursuit: Pursuit) -> Pursuit:
    """The action is over: what could only be done during it lapses, what must follow it remains.

    Breaking off, or stopping for want of consent, is met by the end itself; a contact that was never established, and
    what is to be confirmed in writing, stay on record as overdue or opened; every host state that was entered is owed a
    report.
    """
    pursuit = _withdraw(turn, pursuit, [duty for duty in pursuit.duties if duty.announced])
    for duty in pursuit.duties:
        if duty.kind in (BREAK_OFF, STOP):
            pursuit = meet(turn, pursuit, duty.kind, duty.host, turn.now)
    for host in [visit.host for visit in pursuit.visits if visit.is_owed]:
        guest = next((member.unit for member in pursuit.members if turn.state_of(member.unit) != host), None)
        if guest is not None:
            pursuit, _ = open_duty(turn, pursuit, guest, host, obligation(REPORT_NOW, scene(turn, guest, host)), None)
    return pursuit


def scene(turn: Turn, unit: str, host: str) -> Facts:
    """Between which states, and when: what decides which instrument an obligation rests on."""
    return Facts(
        unit=UnitFacts(origin_state=cast("Origin | None", turn.state_of(unit))),
        crossing=CrossingFacts(to=cast("Place", host), time=turn.time),
    )


def _withdraw(turn: Turn, pursuit: Pursuit, withdrawn: list[Duty]) -> Pursuit:
    for duty in withdrawn:
        turn.emit(ObligationWithdrawn(id=turn.id("obligation.withdrawn", duty.id), **_common(turn, pursuit, duty)))
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
