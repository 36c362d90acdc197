"""The bodies and queries that callers send, typed and strict; the errors name what is wrong in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.facts import Ground, Kind, Means, Service
from tracker.roles import Role

_NAME: Final = r"^[A-Za-z0-9._:-]{1,64}$(?!\n)"
# The look-ahead makes Python refuse "A1\n" too, as `$` alone does in ECMAScript, the language of schemas.
Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
State = Literal["BE", "NL", "LU"]
_TIME: Final = {"format": "date-time", "pattern": "^(19[89][0-9]|20[0-9]{2}|2100)-"}
_UNIX: Final = {"minimum": 315_532_800, "maximum": 4_102_444_800}
Moment = (
    Annotated[str, msgspec.Meta(extra_json_schema=_TIME)]
    | Annotated[float, msgspec.Meta(extra_json_schema=_UNIX)]
    | None
)
"""RFC 3339 with an offset, or Unix seconds UTC; `read_moment` checks what the schema says, and says better why."""


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A viewer's first message: the last event that it has, and the box whose positions it wants."""

    type: Literal["subscribe"]
    epoch: str | None = None
    offset: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    ticket: str | None = None
    """Of `POST /api/v1/ws-ticket`, for a viewer that can send neither the cookie nor a token."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every command carries: who gives it."""

    by: Text | None = None


class StartBody(Body, frozen=True, kw_only=True):
    """A unit begins to pursue. Left out, `started_in` is where its fixes place it, and `id` is made up."""

    unit: Name
    id: Name | None = None
    started_in: State | None = None
    ground: Ground | None = None
    kind: Kind = "pursuit"
    note: Text | None = None


class JoinBody(Body, frozen=True, kw_only=True):
    """Another unit joins."""

    unit: Name
    started_in: State | None = None
    note: Text | None = None


class ContactBody(Body, frozen=True, kw_only=True):
    """Contact with a host's service. Left out, `status` is `attempted` if only `attempted_at` is given, else
    `established`; and `host` is the state that the open contact obligation names.
    """

    status: Literal["attempted", "established", "lost"] | None = None
    host: State | None = None
    with_: Text | None = msgspec.field(name="with", default=None)
    channel: Text | None = None
    attempted_at: Moment = None
    established_at: Moment = None
    note: Text | None = None


class HostDecisionBody(Body, frozen=True, kw_only=True):
    """What the host's service said."""

    decision: Literal["none", "continue", "joint", "takeover", "stop"]
    host: State | None = None
    instructions: Text | None = None
    can_take_over: bool | None = None
    consent: bool | None = None


class DangerBody(Body, frozen=True, kw_only=True):
    """Whether going on endangers health or life out of proportion."""

    disproportionate: bool
    note: Text | None = None


class HoldBody(Body, frozen=True, kw_only=True):
    """A person is being held, since `held_at` if not just now."""

    unit: Name | None = None
    held_at: Moment = None
    suspected_eaw: bool | None = None
    force_used: bool | None = None
    note: Text | None = None


class ContinuityBody(Body, frozen=True, kw_only=True):
    """Whether the pursuit was unbroken: that of one unit, or of all."""

    continuous: bool
    unit: Name | None = None
    note: Text | None = None


class ObligationBody(Body, frozen=True, kw_only=True):
    """What was owed was done: the obligation of that id, or the open one of that kind, towards that host."""

    obligation: Name | None = None
    kind: Name | None = None
    host: State | None = None
    met_at: Moment = None
    note: Text | None = None


class HandoverBody(Body, frozen=True, kw_only=True):
    """Held persons and secured objects were handed over."""

    to: Text | None = None
    note: Text | None = None


class ReportBody(Body, frozen=True, kw_only=True):
    """The report on the action in one host state was made."""

    host: State | None = None
    note: Text | None = None


class EndBody(Body, frozen=True, kw_only=True):
    """The pursuit is over."""

    reason: Text | None = None


class TrainBody(Body, frozen=True, kw_only=True):
    """Which scenario is to be played, and what of it people do themselves."""

    scenario: Name
    acts: Literal["all", "start", "none"] = "start"


class OpenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody must see a pursuit that is another state's."""

    reason: Annotated[str, msgspec.Meta(min_length=5, max_length=1000)]


class KeepBody(Body, frozen=True, kw_only=True):
    """Why a pursuit is kept as evidence, or no longer: a case, an order."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=1000)]


class RoleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody is, and in which state's control room; an admin is in none."""

    role: Literal["dispatcher", "supervisor", "auditor", "admin"]
    state: State | None = None


class AccountBody(RoleBody, frozen=True, kw_only=True):
    """A new account. It has no password; the answer has a link that lets its owner choose one."""

    name: Annotated[str, msgspec.Meta(max_length=60)]


class CredentialBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new token, or the client certificate that is to speak for units instead. What is left out is unknown; the role
    is then that of a unit, or of a gateway if there are several units.
    """

    units: Annotated[list[Name], msgspec.Meta(max_length=10_000)] = []
    role: Role | None = None
    state: State | None = None
    service: Service | None = None
    means: Means | None = None
    marked: bool | None = None
    uniformed: bool | None = None
    name: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    certificate: Annotated[str, msgspec.Meta(max_length=300)] | None = None
    days: Annotated[float, msgspec.Meta(gt=0, le=3_660)] | None = None


class AcknowledgeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has seen an alert; whoever is signed in, if left out."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None


class SignInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password of an account; or the secret of a link that signs in once, and with it, if it is to have one
    from now on, the account's new password.
    """

    name: Text | None = None
    password: Text | None = None
    once: Text | None = None


_Message = TypeVar("_Message", bound=msgspec.Struct)


def read(kind: type[_Message], message: bytes | str) -> _Message:
    """Decode a message of a known kind; an empty one counts as `{}`.

    Raises:
        Refused: names the field, what was received in it and what is allowed.
    """
    message = message or b"{}"
    try:
        decoded = msgspec.json.decode(message, type=kind)
        json.loads(message, object_pairs_hook=_check_once)
    except msgspec.ValidationError as error:
        raise _explain(kind, message, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("", f"not JSON: {error}") from error
    except RecursionError as error:
        raise Refused("", "nested too deeply") from error
    return decoded


def read_query(query: Mapping[str, str], allowed: Mapping[str, tuple[int, int, int]]) -> dict[str, int]:
    """Read integers from a query string.

    Args:
        query: what was sent.
        allowed: for each name its default, smallest and largest value.

    Raises:
        Refused: names the parameter, its value and what is allowed.
    """
    for name in query:
        if name not in allowed:
            raise Refused(quote(name)[:_MAX_SHOWN], f"unknown parameter; allowed are {', '.join(allowed)}")
    values = {}
    for name, (default, low, high) in allowed.items():
        text = query.get(name)
        if text is None:
            values[name] = default
            continue
        number = int(text) if _INTEGER.fullmatch(text) else None
        if number is None or not low <= number <= high:
            raise Refused(name, f"{quote(text)} is not an integer from {low} to {high}")
        values[name] = number
    return values


def read_moment(field: str, value: Moment) -> float | None:
    """Unix seconds UTC of a moment.

    Raises:
        Refused: it is not a time, does not say in which offset, or lies outside 1980 to 2100.
    """
    if value is None:
        return None
    if isinstance(value, int | float):
        if not _MOMENTS[0] <= value <= _MOMENTS[1]:  # also false for NaN
            raise Refused(field, "not a time in Unix seconds between the years 1980 and 2100")
        return value
    if _RFC3339.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper()).timestamp()
        except (ValueError, OverflowError, OSError):
            pass
        else:
            if not _MOMENTS[0] <= at <= _MOMENTS[1]:
                raise Refused(field, f"{quote(value)} is not between the years 1980 and 2100")
            return at
    raise Refused(
        field,
        f'"{quote(value)}" is not a time; RFC 3339 with an offset is allowed, such as 2026-11-23T14:02:11Z',
    )


def check_bbox(bbox: tuple[float, float, float, float] | None) -> None:
    """Refuse a box that is not west, south, east, north in degrees.

    Raises:
        Refused: names `bbox`.
    """
    if bbox is None:
        return
    west, south, east, north = bbox
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Refused("bbox", "not west, south, east, north in degrees: -180 to 180 and -90 to 90, in that order")


def _check_once(pairs: list[tuple[str, object]]) -> None:
    """Refuse a name that is given twice: RFC 8259, section 4, leaves open which value counts, and what looked at one on
    the way here must not have let another through.
    """
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Refused(name, f"given {names.count(name)} times; once is allowed")


def _explain(kind: type[msgspec.Struct], message: bytes | str, reason: str) -> Refused:
    text, _, path = reason.partition(" - at `$")
    field = path.removesuffix("`").removeprefix(".")
    named = re.match(r"`([a-z_]+)` (.*)\Z", text, re.DOTALL)
    if named:  # by a check of our own, which knows the member of the object at that path
        return Refused(f"{field}.{named[1]}".lstrip("."), named[2])
    unknown = re.match(r"Object contains unknown field `(.*)`\Z", text, re.DOTALL)
    if unknown:
        names = ", ".join(known.encode_name for known in msgspec.structs.fields(kind))
        return Refused(quote(unknown[1])[:_MAX_SHOWN], f"unknown field; allowed are {names}")
    missing = re.match(r"Object missing required field `(.*)`\Z", text)
    if missing:
        return Refused(missing[1], "missing")
    text = (text[:1].lower() + text[1:]).replace("`", "")
    if not field:
        return Refused("", text)
    name = re.split(r"[.\[]", field)[0]
    options = _options(kind, name)
    if options:
        allowed = f"; allowed are {', '.join(options)}"
    elif "matching regex" in text:
        allowed = "; allowed are 1 to 64 of A-Z a-z 0-9 . _ : -"
    else:
        allowed = f": {text}"
    return Refused(name, f"{_received(message, name)} is not allowed{allowed}")


def _options(kind: type[msgspec.Struct], name: str) -> tuple[str, ...]:
    for field in msgspec.structs.fields(kind):
        if field.encode_name == name:
            hint = get_type_hints(kind)[field.name]
            for part in (hint, *get_args(hint)):
                if get_origin(part) is Literal:
                    return tuple(map(str, get_args(part)))
    return ()


def _received(message: bytes | str, name: str) -> str:
    try:
        content = msgspec.json.decode(message, type=dict[str, msgspec.Raw])
        return quote(bytes(content[name]).decode())
    except (ValueError, RecursionError, KeyError):
        return "what was sent"  # and behind it something that is not even JSON


_MAX_SHOWN: Final = 60
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_MOMENTS: Final = (315_532_800.0, 4_102_444_800.0)
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
