"""The bodies that the server answers with. Their types are what the OpenAPI document is made from."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tracker.events import AlertAcknowledged, Event
from tracker.facts import State
from tracker.io.access_log import Access
from tracker.io.administration import AccountView, CredentialView, LinkView, SessionView
from tracker.io.basemap import BasemapAnswer
from tracker.io.contacts import Way
from tracker.io.erasing import Held
from tracker.io.training import ScenarioView, TrainingView
from tracker.roles import Role
from tracker.views import PursuitView, RosterView


class Problem(msgspec.Struct, frozen=True):
    """What is wrong: the offending field (`""`: the message as a whole), and what is allowed."""

    field: str
    reason: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Every answer that is not a success."""

    error: Problem


class BoundaryAnswer(msgspec.Struct, frozen=True):
    """Which boundary data the server uses."""

    sha256: str
    vintage: str


class ActAnswer(msgspec.Struct, frozen=True):
    """A command of a pursuit's life, why it is asked for, and the articles that say so."""

    name: str
    says: str
    articles: tuple[str, ...]


class WordsAnswer(msgspec.Struct, frozen=True):
    """The law's words in one language: phrases by their English text, with the same `{places}` to fill in."""

    language: str
    checked: bool
    """Whether somebody has compared them with the authentic text."""
    phrases: dict[str, str]


class ConfigAnswer(msgspec.Struct, frozen=True):
    """What a page must know before it starts."""

    version: str
    ws: str
    attribution: str
    boundary: BoundaryAnswer
    epoch: str
    demo: bool
    basemap: BasemapAnswer
    sign_in: tuple[str, ...]
    """The ways in: `password`, `oidc`; empty where nobody has to sign in."""
    acts: tuple[ActAnswer, ...]
    phases: dict[str, tuple[str, ...]]
    """What can be done to a pursuit, by its phase."""


class TrainingsAnswer(msgspec.Struct, frozen=True):
    """What can be played, and what is."""

    scenarios: list[ScenarioView]
    running: list[TrainingView]


class SessionAnswer(msgspec.Struct, frozen=True):
    """Who is signed in. Where nobody has to, `name` is null, and calls say `by` whom they are."""

    name: str | None
    role: Role | None
    """Null: nobody is."""
    state: State | None
    """Null: all states, or none."""
    ends_at: str | None
    """When the session ends however much it is used, RFC 3339; null for a token."""
    contacts: dict[str, list[Way]] = {}
    """How control rooms are reached, by their name or their state; empty where nobody is signed in."""


class SignedOutAnswer(msgspec.Struct, frozen=True):
    """How many sessions ended."""

    ended: int


class TicketAnswer(msgspec.Struct, frozen=True):
    """What a viewer shows in its subscription, once, within so many seconds."""

    ticket: str
    seconds: int


class RefusedPing(msgspec.Struct, frozen=True):
    """One ping that was not accepted; `index` counts from 0 within the message."""

    index: int
    field: str
    reason: str


class AccountsAnswer(msgspec.Struct, frozen=True):
    """All accounts, by name."""

    accounts: list[AccountView]


class NewAccountAnswer(msgspec.Struct, frozen=True):
    """A new account, and the link by which its owner comes in first. The link is not shown again."""

    account: AccountView
    link: LinkView


class CredentialsAnswer(msgspec.Struct, frozen=True):
    """All tokens and certificates, the oldest first, without a secret."""

    tokens: list[CredentialView]


class SessionsAnswer(msgspec.Struct, frozen=True):
    """Everybody who is signed in, the longest first."""

    sessions: list[SessionView]


class KeptAnswer(msgspec.Struct, frozen=True):
    """Who keeps a pursuit as evidence, since when, and why: each state's control room once, and the operator."""

    pursuit: str
    holds: list[Held]


class PingsAnswer(msgspec.Struct, frozen=True):
    """What became of a message of pings. A resend of a known ping counts as accepted."""

    accepted: int
    refused: list[RefusedPing]


RecordedFix = tuple[float, float, float, float | None, float | None, str]
"""t, lon, lat, speed, course, territory."""


class RecordHead(msgspec.Struct, frozen=True):
    """What is on record of a pursuit, but for its events; `fixes` are those of each unit, in order of time."""

    epoch: str
    pursuit: str
    roster: dict[str, RosterView]
    fixes: dict[str, list[RecordedFix]]


class RecordAnswer(RecordHead, frozen=True, kw_only=True):
    """What is on record of a pursuit, as far as the caller may see it; each event has its `offset` too."""

    events: list[Event]


class LegAnswer(msgspec.Struct, frozen=True):
    """A stay in a host state; `open` are the kinds of what is still owed."""

    leg: int
    host: str
    units: tuple[str, ...]
    entered_at: str | None
    left_at: str | None
    reported: bool
    open: tuple[str, ...]


class LegsAnswer(msgspec.Struct, frozen=True):
    """The stays of a pursuit in host states, in order."""

    legs: list[LegAnswer]


class EventsAnswer(msgspec.Struct, frozen=True):
    """A page of events, each with its offset; `next` is the `after` of the next page."""

    epoch: str
    events: list[Event]
    next: int


class PursuitsAnswer(msgspec.Struct, frozen=True):
    """All pursuits that the server remembers, oldest first."""

    pursuits: list[PursuitView]


class AccessAnswer(msgspec.Struct, frozen=True):
    """A page of the access log; `next` is the `after` of the next page."""

    rows: list[Access]
    next: int


class CommandAnswer(msgspec.Struct, frozen=True):
    """What a command led to."""

    pursuit: PursuitView
    events: list[Event]


class AcknowledgeAnswer(msgspec.Struct, frozen=True):
    """The acknowledgement of an alert; of several, the first."""

    events: tuple[AlertAcknowledged]


class HealthAnswer(msgspec.Struct, frozen=True):
    """The event loop runs."""

    status: Literal["ok"]


class ReadyAnswer(msgspec.Struct, frozen=True):
    """Whether the server can do its work, and what is wrong if not."""

    status: Literal["ready", "not ready"]
    boundaries: str
    journal: str
    checks: dict[str, str]
    """What was looked at, by name: `ok`, or what is wrong."""


_encoder: Final = msgspec.json.Encoder()


def encode(body: msgspec.Struct) -> bytes:
    """A body as JSON."""
    return _encoder.encode(body)


def encode_error(field: str, reason: str) -> bytes:
    """The body of an error."""
    return _encoder.encode(ErrorAnswer(Problem(field, reason)))


def encode_record(head: RecordHead, page: list[tuple[int, bytes]]) -> bytes:
    """`RecordAnswer` from its head, and events in their journalled form."""
    return b'%b,"events":[%b]}' % (_encoder.encode(head)[:-1], _numbered(page))


def encode_events(epoch: str, page: list[tuple[int, bytes]], next_: int) -> bytes:
    """`EventsAnswer` from events in their journalled form, which is spliced in and not decoded."""
    return b'{"epoch":%b,"events":[%b],"next":%d}' % (_encoder.encode(epoch), _numbered(page), next_)


def _numbered(page: list[tuple[int, bytes]]) -> bytes:
    return b",".join(b'{"offset":%d,%b' % (offset, event[1:]) for offset, event in page)
