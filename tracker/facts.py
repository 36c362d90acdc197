"""The facts that a decision reads. None means unknown: it is never taken as yes or no."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from borders.states import SHARED, Territory

LOCAL: Final = ZoneInfo("Europe/Brussels")
"""The same clock as in Amsterdam and Luxembourg."""

Moment = (
    Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
    | Annotated[float, msgspec.Meta(extra_json_schema={"minimum": -315_619_200, "exclusiveMaximum": 4_102_444_800})]
)
"""An instant: RFC 3339 with its offset, or Unix seconds UTC."""

State = Literal["BE", "NL", "LU"]
Origin = Literal["BE", "NL", "LU", "DE", "FR"]
"""Units of the neighbours come in by other instruments than the treaty."""
Place = Literal["BE", "NL", "LU", "DE", "FR", "GB", "LU+DE", "NL+DE", "SEA", "OUTSIDE"]
Service = Literal["police", "kmar", "customs", "special", "other"]
Means = Literal["car", "moto", "foot", "boat", "helicopter", "drone", "train"]
Kind = Literal[
    "pursuit",
    "observation",
    "escort",
    "transport",
    "transit",
    "joint_patrol",
    "emergency",
    "assistance",
    "train_or_ship",
]
"""`emergency`: action on own initiative (Art. 19); `assistance`: at the host's request (Art. 18); `train_or_ship`: a
check on board that goes on abroad (Art. 26)."""
HostDecision = Literal["none", "continue", "joint", "takeover", "stop"]

GROUND_PATTERN: Final = r"none_known|stop_evaded|escaped|offence(\([\w .:/-]{1,64}\))?"
_GROUND: Final = re.compile(GROUND_PATTERN)

Ground = Annotated[str, msgspec.Meta(max_length=1000, extra_json_schema={"pattern": f"^({GROUND_PATTERN})$"})]
GROUNDS: Final = "none_known, stop_evaded, escaped, offence or offence(CODE)"

EARLIEST: Final = dt.datetime(1960, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
"""Times outside are mistakes: before the oldest rule, or in no unit's future."""


def is_ground(text: str) -> bool:
    """Whether a text is a ground to pursue: one of `GROUNDS`."""
    return _GROUND.fullmatch(text) is not None


def unix_s(moment: Moment | None) -> float | None:
    """An instant as Unix seconds UTC."""
    return _parsed(moment).timestamp() if isinstance(moment, str) else moment


def _parsed(text: str) -> dt.datetime:
    return msgspec.convert(text, dt.datetime)


def _check_moment(field: str, moment: Moment | None) -> None:
    """Refuse what is no instant.

    Raises:
        ValueError: it is not RFC 3339 with an offset, or outside `EARLIEST` to `LATEST`; names the field.
    """
    if isinstance(moment, str):
        try:
            parsed = _parsed(moment)
        except msgspec.ValidationError:
            raise ValueError(f"`{field}` {moment[:40]!r} is not an RFC 3339 time") from None
        if parsed.tzinfo is None:
            raise ValueError(f"`{field}` {moment[:40]!r} has no offset; write it with Z or +01:00")
    at = unix_s(moment)
    if at is not None and not EARLIEST.timestamp() <= at < LATEST.timestamp():
        raise ValueError(f"`{field}` {moment!r} is not between {EARLIEST.year} and {LATEST.year}")


def _parts(territory: str) -> frozenset[str]:
    """The states that a territory belongs to: two for a shared zone, otherwise itself."""
    return frozenset(str(state) for state in SHARED.get(Territory(territory), {territory}))


class Scene(NamedTuple):
    """When and between which territories something happens: what decides which instruments bind.

    `on` is None when the day is unknown; the present law is assumed then.
    """

    on: dt.date | None
    territories: frozenset[str]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class UnitFacts(_Part, frozen=True):
    """Who crosses."""

    origin_state: Origin | None = None
    service: Service | None = None
    means: Means | None = None
    marked: bool | None = None
    uniformed: bool | None = None


class PursuitFacts(_Part, frozen=True):
    """What they are doing. `ground` is none_known, stop_evaded, escaped, offence or offence(CODE)."""

    kind: Kind | None = None
    started_in: Place | None = None
    ground: Ground | None = None
    continuous: bool | None = None

    def __post_init__(self) -> None:
        if self.ground is not None and not is_ground(self.ground):
            raise ValueError(f"`ground` {self.ground[:40]!r} is not one of {GROUNDS}")


class CrossingFacts(_Part, frozen=True):
    """What was crossed, and when; `uncertainty_s` is that of `time`."""

    from_: Place | None = msgspec.field(name="from", default=None)
    to: Place | None = None
    time: Moment | None = None
    uncertainty_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    border_region: bool | None = None
    """Whether the place lies in the border region of Annex 3."""

    def __post_init__(self) -> None:
        _check_moment("time", self.time)


class ContactFacts(_Part, frozen=True):
    """What is known of the contact with the host's service. A record without `established_at` says: none so far;
    no record at all says that nobody knows.
    """

    attempted_at: Moment | None = None
    established_at: Moment | None = None
    with_: str | None = msgspec.field(name="with", default=None)
    channel: str | None = None
    earlier_entry: bool | None = None
    """Whether the line that serves this crossing was opened for an earlier one into the same state."""

    def __post_init__(self) -> None:
        _check_moment("attempted_at", self.attempted_at)
        _check_moment("established_at", self.established_at)


class HostFacts(_Part, frozen=True):
    """What the host's service can do, and said."""

    can_take_over: bool | None = None
    decision: HostDecision | None = None
    instructions: str | None = None
    consent: bool | None = None
    """Whether it agreed beforehand, to an action that needs that; a pursuit does not."""
    restriction: str | None = None
    """What its notice under Art. 61 says, if one is in force."""


class Facts(_Part, frozen=True):
    """Everything that a decision reads; the fields are those of `drempelloos decide`."""

    date: dt.date | None = None
    unit: UnitFacts = UnitFacts()
    pursuit: PursuitFacts = PursuitFacts()
    crossing: CrossingFacts = CrossingFacts()
    contact: ContactFacts | None = None
    host: HostFacts = HostFacts()
    danger: bool | None = None
    held: bool | None = None
    """Whether a person is being held, or is being taken along."""
    held_at: Moment | None = None
    """When that began."""
    suspected_eaw: bool | None = None
    """Whether that person is suspected of an offence for which surrender is possible."""
    force_used: bool | None = None

    def __post_init__(self) -> None:
        _check_moment("held_at", self.held_at)

    @property
    def on(self) -> dt.date | None:
        """The day whose law applies: as stated, or the local day of the crossing."""
        if self.date is not None or self.crossed_at is None:
            return self.date
        return dt.datetime.fromtimestamp(self.crossed_at, LOCAL).date()

    @property
    def crossed_at(self) -> float | None:
        """The time of the crossing, Unix seconds UTC."""
        return unix_s(self.crossing.time)

    @property
    def established_at(self) -> float | None:
        """When contact with the host's service was established, Unix seconds UTC."""
        return None if self.contact is None else unix_s(self.contact.established_at)

    def states(self, fact: str) -> bool:
        """Whether somebody has stated the fact of that name in the input, such as `crossing.from`."""
        value: object = self
        for name in fact.split("."):
            value = None if value is None else getattr(value, "from_" if name == "from" else name)
        return value is not None

    @property
    def scene(self) -> Scene:
        """When and between which territories: what decides which instruments bind.

        On the way home it is the state that was left which was the host.
        """
        origin, to = self.unit.origin_state, self.crossing.to
        host = self.crossing.from_ if to is not None and to == origin else to
        return Scene(self.on, frozenset[str]().union(*(_parts(place) for place in (origin, host) if place is not None)))

    @property
    def offence_ground(self) -> str | None:
        """The ground without the code of the offence."""
        return None if self.pursuit.ground is None else self.pursuit.ground.partition("(")[0]

    @property
    def began_at_home(self) -> bool | None:
        """Whether the pursuit began in the unit's own state; a shared zone belongs to it too."""
        return _within(self.pursuit.started_in, self.unit.origin_state)

    @property
    def left_own_state(self) -> bool | None:
        """Whether the crossing started from the unit's own state."""
        return _within(self.crossing.from_, self.unit.origin_state)


def _within(place: str | None, state: str | None) -> bool | None:
    return None if place is None or state is None else state in _parts(place)
