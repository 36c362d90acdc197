"""The border ahead: where a unit will cross if it goes on as it does."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from borders.atlas import Atlas
from borders.error_model import CAUTION
from borders.geodesy import LocalPlane, distance_m
from borders.motion import Sample, velocity_of
from borders.states import Territory

SLOWEST_MPS: Final = 1.5
"""Slower than this a direction says nothing about where a unit is going."""

THROUGH_S: Final = 4.0
"""The way must lead this far beyond the border: who only grazes it does not cross."""

NEEDED_NEAR: Final = 3
NEEDED_FAR: Final = 6
FAR_S: Final = 45.0
"""A crossing that is further off must be seen more often, in a row, before it is announced: roads bend."""

STEEPEST_FAR: Final = 0.35
"""Sine of the least angle to the border at which a far crossing is believed; along a border the road decides."""


class Approach(NamedTuple):
    """A crossing that lies ahead; `needed` sightings in a row make it worth announcing."""

    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    eta_s: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float
    needed: int


def look_ahead(atlas: Atlas, samples: tuple[Sample, ...], believed: Territory, horizon_s: float) -> Approach | None:
    """The first crossing on the straight way ahead within the horizon, or None."""
    last = samples[-1]
    east, north = velocity_of(samples)
    speed = math.hypot(east, north)
    if speed < SLOWEST_MPS or len(samples) < NEEDED_NEAR:
        return None
    if atlas.distance_bound_m(last.lon, last.lat) > speed * horizon_s:
        return None
    plane = LocalPlane(last.lon, last.lat)
    end = plane.lonlat(east * horizon_s, north * horizon_s)
    points = atlas.cross((last.lon, last.lat), end)
    if not points or points[0].from_territory is not believed:
        return None
    point = points[0]
    eta_s = distance_m(last.lon, last.lat, point.lon, point.lat) / speed
    beyond = plane.lonlat(east * (eta_s + THROUGH_S), north * (eta_s + THROUGH_S))
    if atlas.territory(*beyond) is not point.to_territory or point.to_territory is Territory.OUTSIDE:
        return None
    closing = (atlas.locate(last.lon, last.lat).distance_m or 0.0) / max(eta_s * speed, 1.0)
    if eta_s > FAR_S and closing < STEEPEST_FAR:
        return None
    spread_m = CAUTION * last.sigma_m + 0.1 * eta_s * speed
    return Approach(
        from_=point.from_territory,
        to=point.to_territory,
        border=point.border,
        lon=point.lon,
        lat=point.lat,
        eta_s=eta_s,
        uncertainty_m=spread_m,
        uncertainty_s=1.0 + 0.15 * eta_s,
        # A straight way ahead is a forecast; the further off, the likelier a bend.
        confidence=max(0.3, 0.95 - 0.005 * eta_s),
        needed=NEEDED_FAR if eta_s > FAR_S else NEEDED_NEAR,
    )
