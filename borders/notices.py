"""What the detector tells: crossings ahead, probable, confirmed and taken back; fixes that cannot be true."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from borders.states import Territory


class _Crossing(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    """One possible crossing of a unit keeps its number from approaching to confirmed or retracted."""
    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    """Of the crossing itself, Unix seconds; while it lies ahead, when it is expected."""
    uncertainty_m: float
    uncertainty_s: float
    """The truth lies within these in 68 % of cases."""
    confidence: float
    """Probability that the unit crosses this border, about there and then."""
    via: Territory | None = None
    """The shared zone between the two, if one lies on the way. Place and time are those of leaving it."""


class Approaching(_Crossing, frozen=True, kw_only=True):
    """It will cross, if it goes on as it does."""

    eta_s: float


class Probable(_Crossing, frozen=True, kw_only=True):
    """It seems to have crossed."""


class Confirmed(_Crossing, frozen=True, kw_only=True):
    """It has crossed."""


class Retracted(_Crossing, frozen=True, kw_only=True):
    """An announced crossing did not happen."""

    reason: str
    takes_back: Literal["approaching", "probable"]


class Suspect(msgspec.Struct, frozen=True):
    """A fix that cannot be true, the first of its kind in a row."""

    lon: float
    lat: float
    at: float
    reason: str


Notice = Approaching | Probable | Confirmed | Retracted | Suspect
Notices = tuple[Notice, ...]


class Passage(NamedTuple):
    """One border on the way of a unit, crossed or ahead, as the evidence has it; fields as in the notices."""

    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float
    via: Territory | None = None


def retract(notice: Approaching | Probable, reason: str) -> Retracted:
    """Take a notice back."""
    what: Literal["approaching", "probable"] = "approaching" if isinstance(notice, Approaching) else "probable"
    return Retracted(
        number=notice.number,
        from_=notice.from_,
        to=notice.to,
        border=notice.border,
        lon=notice.lon,
        lat=notice.lat,
        crossed_at=notice.crossed_at,
        uncertainty_m=notice.uncertainty_m,
        uncertainty_s=notice.uncertainty_s,
        confidence=notice.confidence,
        via=notice.via,
        reason=reason,
        takes_back=what,
    )
