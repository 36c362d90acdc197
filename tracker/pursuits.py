"""A pursuit's life.

Theory. A pursuit is in exactly one phase. A command moves it from phase to phase, or leaves it where it is; which
command is possible in which phase, and where it leads, is `MOVES` below and nowhere else. A command that the table
does not list for the present phase is refused, and nothing changes.

- `running`: officers pursue (Art. 21(1)).
- `breaking_off`: the host said stop, or going on would be disproportionately dangerous (Art. 21(2)(a)).
- `taken_over`: the host's services took over (Art. 45(1)).
- `held`: a person is held abroad; handing over at once comes before anything else (Art. 36(2)).
- `handed_over`: persons and objects are with the host's officers.
- `ended`: nothing remains but the report (Art. 46), and a contact that is made after all.

One rule goes over the table: while a reason to break off stands, a pursuit that the table would let run is breaking
off. There can be several (a danger, the stop of each host), and lifting one does not lift the others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from tracker.errors import IllegalMove
from tracker.events import CrossingConfirmed, Decision

CONFIRM: Final = "confirm_in_writing"
"""The id of the treaty's obligation."""


class Phase(StrEnum):
    """Where a pursuit is in its life."""

    RUNNING = "running"
    BREAKING_OFF = "breaking_off"
    TAKEN_OVER = "taken_over"
    HELD = "held"
    HANDED_OVER = "handed_over"
    ENDED = "ended"


class Move(StrEnum):
    """What can be done to a pursuit."""

    JOIN = "join"
    CONTACT = "contact"
    HOST_CONTINUES = "host-decision continue"
    HOST_STOPS = "host-decision stop"
    HOST_TAKES_OVER = "host-decision takeover"
    DANGER = "danger"
    DANGER_OVER = "danger over"
    CONTINUITY = "continuity"
    OBLIGATION = "obligation"
    COMPLY = "stop complied with"
    ENTER_AGAIN = "entering again where stopped"
    HOLD = "hold"
    HOLD_AT_HOME = "hold at home"
    HANDOVER = "handover"
    REPORT = "report"
    END = "end"


_R, _B, _T, _H, _O, _E = Phase
MOVES: Final[dict[Phase, dict[Move, Phase]]] = {
    _R: {
        Move.JOIN: _R,
        Move.CONTACT: _R,
        Move.CONTINUITY: _R,
        Move.OBLIGATION: _R,
        Move.HOST_CONTINUES: _R,
        Move.HOST_STOPS: _B,
        Move.HOST_TAKES_OVER: _T,
        Move.DANGER: _B,
        Move.DANGER_OVER: _R,
        Move.ENTER_AGAIN: _B,
        Move.HOLD: _H,
        Move.HOLD_AT_HOME: _R,
        Move.REPORT: _R,
        Move.END: _E,
    },
    _B: {
        Move.CONTACT: _B,
        Move.CONTINUITY: _B,
        Move.OBLIGATION: _B,
        Move.HOST_CONTINUES: _R,
        Move.HOST_STOPS: _B,
        Move.HOST_TAKES_OVER: _T,
        Move.DANGER: _B,
        Move.DANGER_OVER: _R,
        Move.COMPLY: _R,
        Move.HOLD_AT_HOME: _B,
        Move.REPORT: _B,
        Move.END: _E,
    },
    _T: {
        Move.CONTACT: _T,
        Move.CONTINUITY: _T,
        Move.OBLIGATION: _T,
        Move.HOST_CONTINUES: _R,
        Move.HOST_STOPS: _B,
        Move.HOST_TAKES_OVER: _T,
        Move.HANDOVER: _O,
        Move.REPORT: _T,
        Move.END: _E,
    },
    _H: {
        Move.CONTACT: _H,
        Move.CONTINUITY: _H,
        Move.OBLIGATION: _H,
        Move.HOST_CONTINUES: _H,
        Move.HOST_STOPS: _H,
        Move.HOST_TAKES_OVER: _H,
        Move.HOLD: _H,
        Move.HANDOVER: _O,
        Move.REPORT: _H,
    },
    _O: {
        Move.JOIN: _O,
        Move.CONTACT: _O,
        Move.OBLIGATION: _O,
        Move.HOLD: _H,
        Move.REPORT: _O,
        Move.END: _E,
    },
    _E: {Move.CONTACT: _E, Move.OBLIGATION: _E, Move.REPORT: _E},
}
"""The whole of a pursuit's life. Missing means refused."""


class Member(msgspec.Struct, frozen=True):
    """A unit in a pursuit. The right to go on abroad is its own: it runs from where *it* began (Art. 21(1))."""

    unit: str
    joined_at: float
    started_in: str | None
    territory: str | None = None
    """Where it is believed to be; None until its first fix in the pursuit."""
    continuous: bool | None = None
    """Whether it pursued without a break, if somebody has said."""
    decision: Decision | None = None
    """The latest decision on it."""


class Line(msgspec.Struct, frozen=True):
    """The line to one host state's competent service, and what that service said."""

    host: str
    status: str = "none"
    attempted_at: float | None = None
    established_at: float | None = None
    with_: str | None = msgspec.field(name="with", default=None)
    channel: str | None = None
    decision: str = "none"
    instructions: str | None = None
    complied: bool = False
    """Its stop was obeyed: nobody from elsewhere is there any more."""
    spans: tuple[tuple[float, float | None], ...] = ()
    """From when to when the line was up, data time; None while it is."""
    can_take_over: bool | None = None
    stated_at: float | None = None
    """When `can_take_over` was stated, data time."""
    consent: bool | None = None
    """Whether the host agreed to an action that needs it; a pursuit does not."""
    settled: tuple[str, ...] = ()
    """Kinds of obligations that were met for this line, and are not asked for again by a further crossing."""

    def could_take_over(self, crossed_at: float) -> bool | None:
        """Whether the host was in place at a crossing. That it came to be later takes nothing from a right in use."""
        if self.can_take_over and self.stated_at is not None and self.stated_at > crossed_at:
            return None
        return self.can_take_over

    def contact_for(self, crossed_at: float, uncertainty_s: float) -> float | None:
        """Since when the line was up that a crossing had, or the first after it; None when there was none."""
        for began_at, ended_at in self.spans:
            if ended_at is None or ended_at >= crossed_at - uncertainty_s:
                return began_at
        return None

    def after(self, status: str, at: float) -> Line:
        """This line after a contact was attempted, established or lost at `at`, data time."""
        attempted_at = at if self.attempted_at is None or status == "attempted" else self.attempted_at
        line = msgspec.structs.replace(self, attempted_at=attempted_at)
        if status == "attempted" and self.is_open:
            return line  # calling again on a live line does not close it
        if status == "established" and not self.is_open:
            # What was said on another call is another thing to be confirmed.
            settled = tuple(kind for kind in self.settled if kind != CONFIRM)
            line = msgspec.structs.replace(line, established_at=at, spans=(*self.spans, (at, None)), settled=settled)
        if status == "lost" and self.is_open:
            *rest, (began_at, _) = self.spans
            line = msgspec.structs.replace(line, spans=(*rest, (began_at, at)))
        return msgspec.structs.replace(line, status=status)

    @property
    def is_open(self) -> bool:
        """An open, live line serves every further entry to the same host (inferred; the text is silent)."""
        return self.status == "established"


class Hold(msgspec.Struct, frozen=True):
    """A person is held by a unit, or was until the handover."""

    unit: str
    held_at: float
    suspected_eaw: bool | None = None
    force_used: bool | None = None


class Duty(msgspec.Struct, frozen=True):
    """An obligation that is open. `deadline_at` is data time, Unix seconds UTC; None where the law sets no time."""

    id: str
    kind: str
    text: str
    article: str
    host: str
    unit: str
    deadline_at: float | None
    addressee: str | None = None
    overdue: bool = False
    announced: bool = False
    """Opened for a crossing that is announced and has not happened yet."""


class Approach(msgspec.Struct, frozen=True):
    """A member on its way to a host state: `number` is the detector's name for the possible crossing."""

    unit: str
    number: int
    host: str


class Visit(msgspec.Struct, frozen=True):
    """What is done in one host state, in one stay or several. The report on it (Art. 46(1)) covers what came before it;
    another stay is owed another report.
    """

    host: str
    is_owed: bool = True
    reported_at: float | None = None
    """When the latest report was made, data time."""


class Pursuit(msgspec.Struct, frozen=True):
    """One pursuit, as a value: every command and crossing makes a new one."""

    id: str
    started_at: float
    phase: Phase = Phase.RUNNING
    kind: str = "pursuit"
    ground: str | None = None
    note: str | None = None
    danger: bool | None = None
    hold: Hold | None = None
    members: tuple[Member, ...] = ()
    lines: tuple[Line, ...] = ()
    duties: tuple[Duty, ...] = ()
    approaches: tuple[Approach, ...] = ()
    crossings: tuple[CrossingConfirmed, ...] = ()
    visits: tuple[Visit, ...] = ()
    """One for each host state that was entered, in order."""
    duties_opened: int = 0
    ended_at: float | None = None
    lag_s: float | None = None
    """How far its data time lay behind the server's at its end; None while it goes on."""

    @property
    def next_deadline(self) -> float | None:
        """The earliest deadline that can still be missed, data time. One of a crossing that is only announced cannot:
        its time is a forecast.
        """
        open_ = [
            duty.deadline_at
            for duty in self.duties
            if duty.deadline_at is not None and not duty.overdue and not duty.announced
        ]
        return min(open_, default=None)

    @property
    def must_break_off(self) -> bool:
        """Whether a reason to break off stands (Art. 21(2)(a))."""
        return bool(self.danger) or any(line.decision == "stop" and not line.complied for line in self.lines)

    def moved(self, step: Move) -> Pursuit:
        """This pursuit after a step.

        Raises:
            IllegalMove: the present phase does not allow it.
        """
        phase = move(self.phase, step)
        if phase is Phase.RUNNING and self.must_break_off:
            phase = Phase.BREAKING_OFF
        return msgspec.structs.replace(self, phase=phase)

    def member(self, unit: str) -> Member | None:
        """The member of that name, if it is one."""
        return next((member for member in self.members if member.unit == unit), None)

    def line(self, host: str) -> Line:
        """The line to a host; one on which nothing has happened, if there was none."""
        return next((line for line in self.lines if line.host == host), Line(host))

    def duty(self, kind: str, host: str) -> Duty | None:
        """The open obligation of that kind towards that host, if any."""
        return next((duty for duty in self.duties if duty.kind == kind and duty.host == host), None)

    def visit(self, host: str) -> Visit | None:
        """What was done in a host state, if it was entered."""
        return next((visit for visit in self.visits if visit.host == host), None)

    def with_visit(self, visit: Visit) -> Pursuit:
        """This pursuit with one visit added or replaced."""
        return msgspec.structs.replace(self, visits=_put(self.visits, visit, "host"))

    def owing(self, host: str) -> Pursuit:
        """This pursuit, in which a report to a host state is owed."""
        return self.with_visit(msgspec.structs.replace(self.visit(host) or Visit(host), is_owed=True))

    def without_visit(self, host: str) -> Pursuit:
        """This pursuit, in which nobody was in that host state."""
        return msgspec.structs.replace(self, visits=tuple(visit for visit in self.visits if visit.host != host))

    def with_member(self, member: Member) -> Pursuit:
        """This pursuit with one member added or replaced."""
        return msgspec.structs.replace(self, members=_put(self.members, member, "unit"))

    def with_line(self, line: Line) -> Pursuit:
        """This pursuit with one line added or replaced."""
        return msgspec.structs.replace(self, lines=_put(self.lines, line, "host"))

    def with_duty(self, duty: Duty) -> Pursuit:
        """This pursuit with one open obligation added or replaced."""
        return msgspec.structs.replace(self, duties=_put(self.duties, duty, "id"))

    def without_duty(self, duty: Duty) -> Pursuit:
        """This pursuit with one obligation no longer open."""
        return msgspec.structs.replace(self, duties=tuple(other for other in self.duties if other.id != duty.id))


def move(phase: Phase, step: Move) -> Phase:
    """The phase that a step leads to.

    Raises:
        IllegalMove: when the present phase does not allow the step.
    """
    try:
        return MOVES[phase][step]
    except KeyError:
        raise IllegalMove(step, phase, tuple(MOVES[phase])) from None


_Part = TypeVar("_Part", Member, Line, Duty, Visit)


def _put(parts: tuple[_Part, ...], part: _Part, key: str) -> tuple[_Part, ...]:
    """`parts` with `part` in the place of the one of the same key, or at the end."""
    name = getattr(part, key)
    if any(getattr(other, key) == name for other in parts):
        return tuple(part if getattr(other, key) == name else other for other in parts)
    return parts + (part,)  # noqa: RUF005 - mypy does not unpack a tuple of a constrained type
