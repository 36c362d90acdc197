"""Everything that enters the core, in the order in which the journal keeps it.

Each input carries its own time: `at` and `received_at` are the server's clock when it arrived (Unix seconds UTC, never
going back within one journal), `fixed_at` inside a fix is the receiver's. What people do goes before pings and ticks
that wait for their turn. Those then take the moment of that act for their place in the order, and say how long before
it they came, so that no fix seems later, and no unit silent for longer, than it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from tracker.facts import State
from tracker.fix import Fix
from tracker.units import Unit


class _Input(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    pass


class PingReceived(_Input, frozen=True, tag="ping"):
    """An accepted position."""

    fix: Fix
    received_at: float
    blind: bool = False
    """It came while the server knew no borders: it is placed nowhere, now and in every replay."""
    waited_s: float = 0.0
    """How long before `received_at` it came, if an act of that moment went before it."""

    @property
    def came_at(self) -> float:
        """When it came, Unix seconds UTC, server time."""
        return self.received_at - self.waited_s


class UnitRegistered(_Input, frozen=True, tag="unit"):
    """What is known of a unit was learnt or has changed."""

    unit: Unit
    at: float


class Tick(_Input, frozen=True, tag="tick"):
    """Time has passed. A tick that causes no event changes nothing, and is not journalled."""

    at: float
    waited_s: float = 0.0
    """How long before `at` it came: what has come since is still behind it."""

    @property
    def came_at(self) -> float:
        """When it came, Unix seconds UTC, server time."""
        return self.at - self.waited_s


class ClockSet(_Input, frozen=True, tag="clock"):
    """The server's clock was set forward: between `before` and `at`, both its own, `by_s` is no time that passed."""

    at: float
    before: float
    by_s: float


class Forget(_Input, frozen=True, kw_only=True, tag="forget"):
    """Time to forget: units last heard before `heard_before`, pursuits that ended before `ended_before` (both server
    time, Unix seconds UTC) but for those `held`, and their alerts up to an offset.
    """

    at: float
    heard_before: float
    ended_before: float
    events_upto: int = 0
    held: tuple[str, ...] = ()


class _Command(_Input, frozen=True, kw_only=True):
    at: float
    by: str | None = None
    note: str | None = None


class StartPursuit(_Command, frozen=True, kw_only=True, tag="start"):
    """A unit begins an action, a pursuit unless `kind` says otherwise. `started_in` left out means: where its fixes
    place it.
    """

    id: str
    unit: str
    started_in: str | None = None
    ground: str | None = None
    kind: str = "pursuit"


class JoinPursuit(_Command, frozen=True, kw_only=True, tag="join"):
    """Another unit joins a running pursuit."""

    id: str
    unit: str
    started_in: str | None = None


class ReportContact(_Command, frozen=True, kw_only=True, tag="contact"):
    """Contact with the host's service was `attempted`, `established` or `lost`; `happened_at` if not just now.

    `attempted_at` may come with `established`: the attempt and its success in one.
    """

    id: str
    status: str = "established"
    host: str | None = None
    with_: str | None = None
    channel: str | None = None
    happened_at: float | None = None
    attempted_at: float | None = None


class ReportHostDecision(_Command, frozen=True, kw_only=True, tag="host_decision"):
    """What the host's service said: none, continue, joint, takeover or stop."""

    id: str
    decision: str
    host: str | None = None
    instructions: str | None = None
    can_take_over: bool | None = None
    consent: bool | None = None


class ReportDanger(_Command, frozen=True, kw_only=True, tag="danger"):
    """A person's judgement of the danger that continuing causes (Art. 21(2)(a))."""

    id: str
    disproportionate: bool


class ReportContinuity(_Command, frozen=True, kw_only=True, tag="continuity"):
    """Whether a unit pursued without a break; left out, `unit` is every member."""

    id: str
    continuous: bool
    unit: str | None = None


class MeetObligation(_Command, frozen=True, kw_only=True, tag="obligation"):
    """A person did what was owed: the obligation of that id, or the open one of that kind (towards that host)."""

    id: str
    obligation: str | None = None
    kind: str | None = None
    host: str | None = None
    met_at: float | None = None


class ReportHold(_Command, frozen=True, kw_only=True, tag="hold"):
    """A person is being held, since `held_at` if not just now."""

    id: str
    unit: str | None = None
    held_at: float | None = None
    suspected_eaw: bool | None = None
    force_used: bool | None = None


class ReportHandover(_Command, frozen=True, kw_only=True, tag="handover"):
    """Held persons and secured objects were handed over."""

    id: str
    to: str | None = None


class FileReport(_Command, frozen=True, kw_only=True, tag="report"):
    """The report on the action in one host state was made (Art. 46)."""

    id: str
    host: str | None = None


class EndPursuit(_Command, frozen=True, kw_only=True, tag="end"):
    """The pursuit is over."""

    id: str
    reason: str | None = None


class AcknowledgeAlert(_Command, frozen=True, kw_only=True, tag="acknowledge"):
    """A person has seen an alert; `event` is its event's id, and `state` that of the person's control room: its
    acknowledgement counts for no other. None is somebody who sees everything, and counts for all.
    """

    event: str
    state: State | None = None


PursuitCommand = (
    StartPursuit
    | JoinPursuit
    | ReportContact
    | ReportHostDecision
    | ReportDanger
    | ReportContinuity
    | MeetObligation
    | ReportHold
    | ReportHandover
    | FileReport
    | EndPursuit
)
Input = PingReceived | UnitRegistered | Tick | ClockSet | Forget | PursuitCommand | AcknowledgeAlert

_decoder: Final[msgspec.msgpack.Decoder[Input]] = msgspec.msgpack.Decoder(Input)

encode: Final[Callable[[Input], bytes]] = msgspec.msgpack.Encoder().encode
"""The journal's form of an input (MessagePack)."""


def decode(body: bytes) -> Input:
    """Read an input back.

    Raises:
        msgspec.ValidationError: when it is not an input.
    """
    return _decoder.decode(body)


def blinded(entry: Input) -> Input:
    """An input as it is taken while no borders are known."""
    return PingReceived(entry.fix, entry.received_at, blind=True) if isinstance(entry, PingReceived) else entry
