"""Every event: a fact that happened, was journalled before anyone heard of it, and never changes.

`id` is a hash of what caused the event, so that the same cause gives the same event however often it is worked out.
`time` is the data time at which it became known: that of the fix, command or tick that caused it. Times are RFC 3339,
UTC, milliseconds. Fields that are not known are left out of the JSON.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final, TypeGuard, get_args

import msgspec

from tracker.facts import Facts, State


class Obligation(msgspec.Struct, frozen=True):
    """Something the law asks for. `deadline` is None where it sets no time."""

    id: str
    text: str
    article: str
    deadline: str | None = None
    instrument: str | None = None
    """The title of the law that `article` is of."""


class Ask(msgspec.Struct, frozen=True):
    """A fact that nobody has stated and that decides: were it true, row `would_change` would apply."""

    fact: str
    question: str
    would_change: str


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", kw_only=True):
    id: str
    time: str


class _Crossing(_Event, frozen=True, kw_only=True):
    """What every crossing event says. `lon`, `lat` and `crossed_at` are the estimate of the crossing itself."""

    unit: str
    from_: str = msgspec.field(name="from")
    to: str
    border: str
    lon: float
    lat: float
    crossed_at: str
    uncertainty_m: float
    uncertainty_s: float
    confidence: float
    via: tuple[str, ...] = ()
    """The shared zone that lies between the two, if one does."""
    pursuit: str | None = None


class CrossingApproaching(_Crossing, frozen=True, kw_only=True, tag="crossing.approaching"):
    """On its present course and speed the unit will cross in `eta_s` seconds."""

    eta_s: float


class CrossingProbable(_Crossing, frozen=True, kw_only=True, tag="crossing.probable"):
    """There is evidence of a crossing, not yet enough to be sure."""


class CrossingConfirmed(_Crossing, frozen=True, kw_only=True, tag="crossing.confirmed"):
    """The unit has crossed. Where a pursuit's crossings are shown as they stand, `corrected_by` names the event whose
    place and time these are.
    """

    corrected_by: str | None = None


class CrossingCorrected(_Crossing, frozen=True, kw_only=True, tag="crossing.corrected"):
    """A fix that came late shows better where and when a unit crossed. `crossing` is the event that confirmed it,
    `supersedes` the latest that said where and when.
    """

    crossing: str
    supersedes: str


class CrossingRetracted(_Crossing, frozen=True, kw_only=True, tag="crossing.retracted"):
    """A crossing that was told did not happen; `supersedes` names the event it takes back. One that was confirmed
    (`takes_back`) falls only to a fix that came late.
    """

    reason: str
    takes_back: str
    supersedes: str | None = None


class Decision(_Event, frozen=True, kw_only=True, tag="decision"):
    """What the law says of one crossing of one unit, with the article. It supports, and does not replace, the
    officer's judgement.

    `cites` are all the places that it rests on, `matched` the later rules that would have applied too, `facts` what was
    known: put to the table again, they give the same answer.
    """

    unit: str
    pursuit: str
    crossing: str | None
    rule: str
    instrument: str
    article: str
    permitted: str
    obligations: tuple[Obligation, ...]
    powers: tuple[str, ...]
    warnings: tuple[str, ...]
    basis: str
    title: str
    words: str
    words_in: dict[str, str] = {}
    """The words in Dutch, French and German, by language code."""
    unchecked: tuple[str, ...] = ()
    """Those of the languages whose words nobody has compared with the authentic text."""
    asks: tuple[Ask, ...] = ()
    cites: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    facts: Facts = Facts()
    host: str | None = None
    supersedes: str | None = None


class _ObligationEvent(_Event, frozen=True, kw_only=True):
    """`obligation` stays the same from opening to end. `deadline` is None where the law sets no time."""

    pursuit: str
    unit: str
    obligation: str
    text: str
    article: str
    kind: str
    host: str
    deadline: str | None = None
    addressee: str | None = None


class ObligationOpened(_ObligationEvent, frozen=True, kw_only=True, tag="obligation.opened"):
    """Something must now be done."""


class ObligationMet(_ObligationEvent, frozen=True, kw_only=True, tag="obligation.met"):
    """It was done; `late_s` says how long after the deadline, if it was late. `by` and `note` are of who said so."""

    late_s: float | None = None
    by: str | None = None
    note: str | None = None


class ObligationOverdue(_ObligationEvent, frozen=True, kw_only=True, tag="obligation.overdue"):
    """Its deadline has passed and it is not done."""


class ObligationWithdrawn(_ObligationEvent, frozen=True, kw_only=True, tag="obligation.withdrawn"):
    """It was opened for a crossing that was announced and did not happen."""


class _PursuitEvent(_Event, frozen=True, kw_only=True):
    pursuit: str
    phase: str
    by: str | None = None
    unit: str | None = None
    note: str | None = None


class PursuitStarted(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.started"):
    """A unit began to pursue. `started_in` is None until its first position is known."""

    started_in: str | None = None
    ground: str | None = None
    kind: str = "pursuit"


class PursuitJoined(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.joined"):
    """Another unit joined; its own right runs from the state in which it joined."""

    started_in: str | None = None


class PursuitContact(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.contact"):
    """Contact with a host state's competent service was attempted, established or lost."""

    host: str
    status: str
    with_: str | None = msgspec.field(name="with", default=None)
    channel: str | None = None


class PursuitHostDecision(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.host_decision"):
    """The host state's service decided: continue, joint, takeover or stop."""

    host: str
    decision: str
    instructions: str | None = None
    can_take_over: bool | None = None
    consent: bool | None = None


class PursuitDanger(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.danger"):
    """Somebody judged whether continuing endangers health or life out of proportion (Art. 21(2)(a))."""

    disproportionate: bool


class PursuitContinuity(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.continuity"):
    """Somebody said whether the pursuit of a unit (none named: of all) was unbroken."""

    continuous: bool


class PursuitHold(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.hold"):
    """A person is being held (Art. 36(1)(a)), since `held_at`."""

    host: str | None = None
    held_at: str | None = None
    suspected_eaw: bool | None = None
    force_used: bool | None = None


class PursuitHandover(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.handover"):
    """Persons and secured objects were handed over to a host officer (Art. 36(2))."""

    to: str | None = None


class PursuitReport(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.report"):
    """The report to the host authorities on one leg was made (Art. 46)."""

    host: str


class PursuitEnded(_PursuitEvent, frozen=True, kw_only=True, tag="pursuit.ended"):
    """The pursuit is over."""

    reason: str | None = None


class UnitSeen(_Event, frozen=True, kw_only=True, tag="unit.seen"):
    """A unit reported for the first time, or again after it was stale or lost."""

    unit: str
    silent_s: float | None = None


class UnitStale(_Event, frozen=True, kw_only=True, tag="unit.stale"):
    """Nothing was heard of a unit for five of its intervals."""

    unit: str
    silent_s: float
    pursuit: str | None = None


class UnitLost(_Event, frozen=True, kw_only=True, tag="unit.lost"):
    """Nothing was heard of a unit for so long that its place is no longer known."""

    unit: str
    silent_s: float
    pursuit: str | None = None


class UnitSuspect(_Event, frozen=True, kw_only=True, tag="unit.suspect"):
    """A fix that cannot be true was kept out of the detection; it is kept in the record."""

    unit: str
    lon: float
    lat: float
    reason: str
    pursuit: str | None = None


class AlertAcknowledged(_Event, frozen=True, kw_only=True, tag="alert.acknowledged"):
    """A person has seen an alert: of the control room of `state`; absent, of one who sees everything."""

    event: str
    by: str
    state: State | None = None


CrossingEvent = CrossingApproaching | CrossingProbable | CrossingConfirmed | CrossingCorrected | CrossingRetracted
ObligationEvent = ObligationOpened | ObligationMet | ObligationOverdue | ObligationWithdrawn
PursuitEvent = (
    PursuitStarted
    | PursuitJoined
    | PursuitContact
    | PursuitHostDecision
    | PursuitDanger
    | PursuitContinuity
    | PursuitHold
    | PursuitHandover
    | PursuitReport
    | PursuitEnded
)
UnitEvent = UnitSeen | UnitStale | UnitLost | UnitSuspect
Event = CrossingEvent | Decision | ObligationEvent | PursuitEvent | UnitEvent | AlertAcknowledged

AlertEvent = (
    CrossingApproaching
    | CrossingConfirmed
    | CrossingRetracted
    | Decision
    | ObligationOverdue
    | PursuitHostDecision
    | UnitLost
)
"""What a dispatcher must see, and acknowledges; of crossings that are taken back only those that were confirmed."""

_ALERTS: Final = get_args(AlertEvent)


def is_alert(event: Event) -> TypeGuard[AlertEvent]:
    """Whether a dispatcher must see an event, if it is about a pursuit."""
    if isinstance(event, CrossingRetracted):
        return event.takes_back == "confirmed"
    return isinstance(event, _ALERTS)


_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """The one JSON form of an event: what the journal keeps, the feed sends and an export writes."""
    return _encoder.encode(event)


def decode(body: bytes) -> Event:
    """Read an event back.

    Raises:
        msgspec.ValidationError: when it is not an event.
    """
    return _decoder.decode(body)


def event_id(type_: str, *cause: str | float | None) -> str:
    """A name for the effect of a cause: the first 128 bits of a SHA-256, in hex."""
    # A member of an enumeration comes back from a snapshot as a plain text, and must be the same cause.
    text = "\x1f".join((type_, *(repr(str(part) if isinstance(part, str) else part) for part in cause)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rfc3339(unix_s: float) -> str:
    """Unix seconds as RFC 3339, UTC, milliseconds: `rfc3339(0) == "1970-01-01T00:00:00.000Z"`."""
    moment = datetime.fromtimestamp(round(unix_s, 3), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def unix_s(text: str) -> float:
    """The inverse of `rfc3339`."""
    return datetime.fromisoformat(text).timestamp()
