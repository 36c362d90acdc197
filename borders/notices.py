"""What the detector tells: crossings ahead, probable, confirmed and taken back; fixes that cannot be true."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypedDict

import msgspec

from borders.states import Territory

Told = Literal["approaching", "probable", "confirmed"]


class _Crossing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
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


class Corrected(_Crossing, frozen=True, kw_only=True):
    """A confirmed crossing was there and then, as a fix shows that came late. It has the number of what it corrects."""


class Retracted(_Crossing, frozen=True, kw_only=True):
    """A crossing that was told did not happen. One that was confirmed is taken back only for a fix that came late."""

    reason: str
    takes_back: Told


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """A fix that cannot be true, the first of its kind in a row."""

    lon: float
    lat: float
    at: float
    reason: str


Notice = Approaching | Probable | Confirmed | Corrected | Retracted | Suspect
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


class Fields(TypedDict):
    """What every notice of a crossing says."""

    number: int
    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float
    via: Territory | None


def fields(crossing: Passage | Approaching | Probable | Confirmed, number: int) -> Fields:
    """What a notice says of a crossing, under a number."""
    return Fields(
        number=number,
        from_=crossing.from_,
        to=crossing.to,
        border=crossing.border,
        lon=crossing.lon,
        lat=crossing.lat,
        crossed_at=crossing.crossed_at,
        uncertainty_m=crossing.uncertainty_m,
        uncertainty_s=crossing.uncertainty_s,
        confidence=crossing.confidence,
        via=crossing.via,
    )


_NAMES: Final[dict[type, Told]] = {Approaching: "approaching", Probable: "probable", Confirmed: "confirmed"}


def retract(notice: Approaching | Probable | Confirmed, reason: str) -> Retracted:
    """Take a notice back."""
    return Retracted(**fields(notice, notice.number), reason=reason, takes_back=_NAMES[type(notice)])
