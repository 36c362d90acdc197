"""The border ahead: where a unit will cross if it goes on as it does."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from borders.atlas import Atlas, BorderPoint
from borders.geodesy import LocalPlane, distance_m
from borders.motion import Sample, Samples, velocity_of
from borders.notices import Passage
from borders.states import Territory
from borders.zones import fold

SLOWEST_MPS: Final = 1.5
"""Slower than this a direction says nothing about where a unit is going."""

THROUGH_S: Final = 4.0
"""The way must lead this far beyond the border: who only grazes it does not cross."""

SEEN_TO_ANNOUNCE: Final = 5
"""Sightings of the same border ahead."""

NEARER_TO_ANNOUNCE: Final = 0.2
"""Part of the distance to the nearest border that the unit must have covered since the first sighting. Who drives
along a border sees it ahead at every bend, and comes no nearer."""

CLEAR_TO_ANNOUNCE_M: Final = 80.0
"""Nor is a crossing announced that was first seen from nearer to a border than this. A road so near runs along it, and
every bend of either points across; that it does cross is told as probable."""


class Approach(NamedTuple):
    """A crossing that lies ahead."""

    passage: Passage
    eta_s: float


def look_ahead(
    atlas: Atlas, samples: Samples, believed: Territory, entered: Passage | None, horizon_s: float, bound_m: float
) -> Approach | None:
    """The first crossing on the straight way ahead within the horizon, or None; over a bridge, that of the far bank.

    No border lies within `bound_m` of the newest sample.
    """
    if len(samples) < 3:
        return None
    last = samples[-1]
    east, north = velocity_of(samples)
    speed = math.hypot(east, north)
    if speed < SLOWEST_MPS or bound_m > speed * horizon_s:
        return None
    plane = LocalPlane(last.lon, last.lat)
    points = atlas.cross((last.lon, last.lat), plane.lonlat(east * horizon_s, north * horizon_s))
    if not points or points[0].from_territory is not believed:
        return None
    passages, _ = fold(entered, [_passage(last, point, speed) for point in points[:2]])
    if not passages or passages[0].to is Territory.OUTSIDE:
        return None
    passage = passages[0]
    eta_s = passage.crossed_at - last.at
    through_s = eta_s + THROUGH_S
    if through_s > horizon_s:
        there = atlas.territory(*plane.lonlat(east * through_s, north * through_s))
    else:
        # As far as the segment goes it is known where it leads.
        passed = [point for point in points if point.fraction * horizon_s <= through_s]
        there = passed[-1].to_territory if passed else believed
    return Approach(passage, eta_s) if there is passage.to else None


def _passage(last: Sample, point: BorderPoint, speed: float) -> Passage:
    eta_s = distance_m(last.lon, last.lat, point.lon, point.lat) / speed
    return Passage(
        from_=point.from_territory,
        to=point.to_territory,
        border=point.border,
        lon=point.lon,
        lat=point.lat,
        crossed_at=last.at + eta_s,
        uncertainty_m=last.sigma_m + 0.1 * eta_s * speed,
        uncertainty_s=1.0 + 0.15 * eta_s,
        # A straight way ahead is a forecast; the further off, the likelier a bend.
        confidence=max(0.3, 0.95 - 0.005 * eta_s),
    )
