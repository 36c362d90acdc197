"""What people say of a pursuit, as the commands that the core understands: one table of all of them.

The key is the last part of the call's path, and the `do` of an act in a scenario; `start` makes the pursuit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tracker.errors import Refused
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
from tracker.io.requests import (
    Body,
    ContactBody,
    ContinuityBody,
    DangerBody,
    EndBody,
    HandoverBody,
    HoldBody,
    HostDecisionBody,
    JoinBody,
    ObligationBody,
    ReportBody,
    StartBody,
    read,
    read_moment,
)
from tracker.units import SIMULATED, is_simulated


class Step(NamedTuple):
    """A kind of command: what is said, and how the core is told."""

    body: type[Body]
    tell: Callable[[str, Any, float], PursuitCommand]
    """From the pursuit's id, the body and the server's clock (Unix seconds UTC)."""


def command(step: str, id_: str, message: bytes, at: float) -> PursuitCommand:
    """Read what is said of a pursuit.

    Args:
        step: a key of `STEPS`.
        id_: the pursuit; `""` for a new one, whose body may name it.
        message: JSON of that step's body.
        at: the server's clock, Unix seconds UTC.

    Raises:
        Refused: names the field, what was received in it and what is allowed.
    """
    kind = STEPS[step]
    return kind.tell(id_, read(kind.body, message), at)


def name_of(step: str) -> str:
    """The name of a step's call: `hostDecision` of `host-decision`."""
    first, *others = step.split("-")
    return first + "".join(other.title() for other in others)


def _start(id_: str, body: StartBody, at: float) -> StartPursuit:
    return StartPursuit(
        at=at,
        by=body.by,
        id=id_ or body.id or _new_id(body.unit),
        unit=body.unit,
        started_in=body.started_in,
        ground=body.ground,
        kind=body.kind,
        note=body.note,
    )


def _new_id(unit: str) -> str:
    """A name for the pursuit that a unit begins; that of a simulated one says so."""
    return f"{SIMULATED if is_simulated(unit) else ''}p-{secrets.token_hex(4)}"


def _join(id_: str, body: JoinBody, at: float) -> JoinPursuit:
    return JoinPursuit(at=at, by=body.by, id=id_, unit=body.unit, started_in=body.started_in, note=body.note)


def _contact(id_: str, body: ContactBody, at: float) -> ReportContact:
    """An attempt and its success may come together."""
    attempted_at = read_moment("attempted_at", body.attempted_at)
    established_at = read_moment("established_at", body.established_at)
    status = body.status
    if status is None:
        status = "attempted" if attempted_at is not None and established_at is None else "established"
    if status == "attempted" and established_at is not None:
        raise Refused("status", "attempted and established_at do not go together")
    happened_at = {"attempted": attempted_at, "established": established_at, "lost": None}[status]
    return ReportContact(
        at=at,
        by=body.by,
        id=id_,
        status=status,
        host=body.host,
        with_=body.with_,
        channel=body.channel,
        happened_at=happened_at,
        attempted_at=attempted_at if status == "established" else None,
        note=body.note,
    )


def _host_decision(id_: str, body: HostDecisionBody, at: float) -> ReportHostDecision:
    return ReportHostDecision(
        at=at,
        by=body.by,
        id=id_,
        decision=body.decision,
        host=body.host,
        instructions=body.instructions,
        can_take_over=body.can_take_over,
        consent=body.consent,
    )


def _danger(id_: str, body: DangerBody, at: float) -> ReportDanger:
    return ReportDanger(at=at, by=body.by, id=id_, disproportionate=body.disproportionate, note=body.note)


def _continuity(id_: str, body: ContinuityBody, at: float) -> ReportContinuity:
    return ReportContinuity(at=at, by=body.by, id=id_, continuous=body.continuous, unit=body.unit, note=body.note)


def _obligation(id_: str, body: ObligationBody, at: float) -> MeetObligation:
    return MeetObligation(
        at=at,
        by=body.by,
        id=id_,
        obligation=body.obligation,
        kind=body.kind,
        host=body.host,
        met_at=read_moment("met_at", body.met_at),
        note=body.note,
    )


def _hold(id_: str, body: HoldBody, at: float) -> ReportHold:
    return ReportHold(
        at=at,
        by=body.by,
        id=id_,
        unit=body.unit,
        held_at=read_moment("held_at", body.held_at),
        suspected_eaw=body.suspected_eaw,
        force_used=body.force_used,
        note=body.note,
    )


def _handover(id_: str, body: HandoverBody, at: float) -> ReportHandover:
    return ReportHandover(at=at, by=body.by, id=id_, to=body.to, note=body.note)


def _report(id_: str, body: ReportBody, at: float) -> FileReport:
    return FileReport(at=at, by=body.by, id=id_, host=body.host, note=body.note)


def _end(id_: str, body: EndBody, at: float) -> EndPursuit:
    return EndPursuit(at=at, by=body.by, id=id_, reason=body.reason)


STEPS: Final[Mapping[str, Step]] = {
    "start": Step(StartBody, _start),
    "join": Step(JoinBody, _join),
    "contact": Step(ContactBody, _contact),
    "host-decision": Step(HostDecisionBody, _host_decision),
    "danger": Step(DangerBody, _danger),
    "continuity": Step(ContinuityBody, _continuity),
    "obligation": Step(ObligationBody, _obligation),
    "hold": Step(HoldBody, _hold),
    "handover": Step(HandoverBody, _handover),
    "report": Step(ReportBody, _report),
    "end": Step(EndBody, _end),
}
