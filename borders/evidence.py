"""Whether the path of a unit's last fixes crossed a border: how surely, where and when."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from borders.atlas import Atlas, BorderPoint
from borders.error_model import CAUTION, drift_m, tail
from borders.geodesy import distance_m
from borders.motion import Sample, Shape, shape_of
from borders.states import Territory, border_name

BEYOND_TO_CONFIRM: Final = 2
"""One fix never confirms."""

DEPTH_NOW: Final = 0.5
"""How far beyond the border the path must reach, in standard deviations of one axis (with caution)."""

DEPTH_BEFORE: Final = 1.5
"""How far on the near side it must have been."""

UNMEASURED: Final = 2.0
"""Where the receiver states no velocity, the path is known less well: both depths are multiplied with this."""

SETTLED: Final = 45
"""Fixes in a row beyond the border that confirm without a path: the unit came across unseen or at a crawl."""

SETTLED_DEPTH: Final = 2.5

PLACE_SPREAD: Final = 1.15
"""What one axis' stated error becomes as the 68 % error of the place along the border, over all receivers."""

GAP_SPREAD: Final = 0.15
"""Part of a gap's length by which the place may be off: the road between is not known."""

GAP_S: Final = 5.0
CARRIED_MPS: Final = 100.0
"""A step is a gap when it took longer than this, or was faster than anything drives."""

SAMPLING_S: Final = 0.2


class Passage(NamedTuple):
    """One border on the way: the estimate of its crossing, with its uncertainty (68 %)."""

    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float


class Evidence(NamedTuple):
    """What the path says. `passages` lead from the believed territory to the present one."""

    passages: tuple[Passage, ...]
    is_probable: bool
    is_certain: bool


def weigh(
    atlas: Atlas, samples: tuple[Sample, ...], believed: Territory, place: Territory, beyond: int
) -> Evidence | None:
    """Weigh the path of `samples`, the last `beyond` of which lie outside `believed`, the newest in `place`.

    None when the path does not lead from the one to the other.
    """
    shape = shape_of(samples)
    chain = _chain(atlas, shape, believed)
    if not chain or chain[-1][1].to_territory is not place:
        return _settled(atlas, samples, believed, place, beyond)
    sigma = CAUTION * samples[-1].sigma_m * (1.0 if shape.measured else UNMEASURED)
    depths = [-atlas.signed_distance_m(believed, lon, lat) for lon, lat in shape.points]
    now = depths[-1]
    first = min(range(len(depths)), key=depths.__getitem__)
    before = -depths[first]
    moved_m = now + before
    z_now = now / samples[-1].sigma_m
    z_moved = moved_m / drift_m(sigma, samples[-1].at - samples[first].at)
    # That the unit has not crossed needs two things at once: an error that puts it beyond, and a drift that looks like
    # a passage. They are taken as independent, and neither is ever excluded altogether.
    confidence = 1.0 - max(tail(z_now), 1e-3) * max(tail(z_moved), 1e-2)
    passages = tuple(_passage(shape, samples, depths, step, point, confidence) for step, point in chain)
    came = before >= DEPTH_BEFORE * sigma and z_moved >= 2.0
    certain = beyond >= BEYOND_TO_CONFIRM and came and now >= DEPTH_NOW * sigma
    return Evidence(passages, came and now > 0.0, certain)


def _chain(atlas: Atlas, shape: Shape, believed: Territory) -> list[tuple[int, BorderPoint]]:
    """The border points that lead from the believed territory to the end of the path, without detours: a territory that
    the path left again is not on the way. Each with the step of the path that it lies on.
    """
    chain: list[tuple[int, BorderPoint]] = []
    for step, (one, other) in enumerate(zip(shape.points, shape.points[1:], strict=False)):
        for point in atlas.cross(one, other):
            visited = [entry.from_territory for _, entry in chain]
            if point.to_territory is believed:
                chain.clear()
            elif point.to_territory in visited:
                del chain[visited.index(point.to_territory) :]
            elif chain or point.from_territory is believed:
                chain.append((step, point))
    return chain


def _passage(
    shape: Shape,
    samples: tuple[Sample, ...],
    depths: list[float],
    step: int,
    point: BorderPoint,
    confidence: float,
) -> Passage:
    began_at, ended_at = shape.times[step], shape.times[step + 1]
    elapsed_s = ended_at - began_at
    length_m = distance_m(*shape.points[step], *shape.points[step + 1])
    speed = max(length_m / elapsed_s, 0.1)
    # Across the border the place is certain, it lies on it; along it the error grows as the path grows flatter.
    steepness = min(1.0, max(0.2, abs(depths[step + 1] - depths[step]) / max(length_m, 0.1)))
    fraction = _fraction(shape, step, point)
    sigma = PLACE_SPREAD * samples[step + 1].sigma_m
    gap_m = GAP_SPREAD * length_m if elapsed_s > GAP_S or speed > CARRIED_MPS else 0.0
    return Passage(
        from_=point.from_territory,
        to=point.to_territory,
        border=point.border,
        lon=point.lon,
        lat=point.lat,
        crossed_at=began_at + fraction * elapsed_s,
        uncertainty_m=math.hypot(sigma / steepness, gap_m),
        uncertainty_s=math.hypot(sigma / (speed * steepness), gap_m / speed, SAMPLING_S),
        confidence=confidence,
    )


def _fraction(shape: Shape, step: int, point: BorderPoint) -> float:
    whole = distance_m(*shape.points[step], *shape.points[step + 1])
    return min(1.0, distance_m(*shape.points[step], point.lon, point.lat) / whole) if whole > 0.0 else 0.5


def _settled(
    atlas: Atlas, samples: tuple[Sample, ...], believed: Territory, place: Territory, beyond: int
) -> Evidence | None:
    """No path leads there, and yet the unit has been there for long: believe it, and say how little is known."""
    if beyond < SETTLED:
        return None
    sigma = CAUTION * samples[-1].sigma_m
    depth = sum(-atlas.signed_distance_m(believed, s.lon, s.lat) for s in samples) / len(samples)
    if depth < SETTLED_DEPTH * sigma:
        return None
    last = samples[-1]
    since_s = last.at - samples[0].at
    passage = Passage(
        from_=believed,
        to=place,
        border=border_name(believed, place),
        lon=last.lon,
        lat=last.lat,
        crossed_at=last.at - since_s,
        uncertainty_m=2.0 * depth,
        uncertainty_s=since_s,
        confidence=1.0 - tail(depth / last.sigma_m),
    )
    return Evidence((passage,), is_probable=True, is_certain=True)
