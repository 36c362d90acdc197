"""The facts that a decision reads. None means unknown: it is never taken as yes or no."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

LOCAL: Final = ZoneInfo("Europe/Brussels")
"""The same clock as in Amsterdam and Luxembourg."""

Moment = str | float
"""An instant: RFC 3339 with its offset, or Unix seconds UTC."""

State = Literal["BE", "NL", "LU"]
Place = Literal["BE", "NL", "LU", "DE", "FR", "GB", "LU+DE", "NL+DE", "SEA", "OUTSIDE"]
Service = Literal["police", "kmar", "customs", "special", "other"]
Means = Literal["car", "moto", "foot", "boat", "helicopter", "drone", "train"]
Kind = Literal["pursuit", "observation", "escort", "transit", "joint_patrol"]
HostDecision = Literal["none", "continue", "joint", "takeover", "stop"]

_GROUNDS: Final = ("none_known", "stop_evaded", "escaped")


def unix_s(moment: Moment | None) -> float | None:
    """An instant as Unix seconds UTC.

    Raises:
        ValueError: it is not RFC 3339 with an offset.
    """
    if not isinstance(moment, str):
        return moment
    try:
        parsed = dt.datetime.fromisoformat(moment)
    except ValueError:
        raise ValueError(f"{moment[:40]!r} is not an RFC 3339 time") from None
    if parsed.tzinfo is None:
        raise ValueError(f"{moment!r} has no offset; write it with Z or +01:00")
    return parsed.timestamp()


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class UnitFacts(_Part, frozen=True):
    """Who crosses."""

    origin_state: State | None = None
    service: Service | None = None
    means: Means | None = None
    marked: bool | None = None
    uniformed: bool | None = None


class PursuitFacts(_Part, frozen=True):
    """What they are doing. `ground` is none_known, stop_evaded, escaped or offence(CODE)."""

    kind: Kind | None = None
    started_in: Place | None = None
    ground: str | None = None
    continuous: bool | None = None

    def __post_init__(self) -> None:
        ground = self.ground
        if ground is None or ground in _GROUNDS or ground == "offence":
            return
        if not (ground.startswith("offence(") and ground.endswith(")")):
            raise ValueError(f"ground {ground[:40]!r} is not one of {', '.join(_GROUNDS)}, offence(CODE)")


class CrossingFacts(_Part, frozen=True):
    """What was crossed, and when; `uncertainty_s` is that of `time`."""

    from_: Place | None = msgspec.field(name="from", default=None)
    to: Place | None = None
    time: Moment | None = None
    uncertainty_s: float | None = None

    def __post_init__(self) -> None:
        unix_s(self.time)


class ContactFacts(_Part, frozen=True):
    """What is known of the contact with the host's service. A record without `established_at` says: none so far."""

    attempted_at: Moment | None = None
    established_at: Moment | None = None
    with_: str | None = msgspec.field(name="with", default=None)
    channel: str | None = None

    def __post_init__(self) -> None:
        unix_s(self.attempted_at)
        unix_s(self.established_at)


class HostFacts(_Part, frozen=True):
    """What the host's service can do, and said."""

    can_take_over: bool | None = None
    decision: HostDecision | None = None
    instructions: str | None = None


class Facts(_Part, frozen=True):
    """Everything that a decision reads; the fields are those of `drempelloos decide`."""

    date: dt.date | None = None
    unit: UnitFacts = UnitFacts()
    pursuit: PursuitFacts = PursuitFacts()
    crossing: CrossingFacts = CrossingFacts()
    contact: ContactFacts | None = None
    host: HostFacts = HostFacts()
    danger: bool | None = None

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
