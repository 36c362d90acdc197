"""The boundaries as a map draws them: a small outline to begin with, and where names stand along a border."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import atan2, cos, degrees, hypot, radians
from typing import Final, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from borders.atlas import Atlas
from borders.coverage import MICRO, Coverage
from borders.features import Feature, MultiLineString
from borders.states import TERRITORIES, Territory

_M_PER_DEG: Final = 111_250.0
_NARROWING: Final = cos(radians(51.2))
"""Of a degree of longitude, in the middle of the Benelux. What is drawn by it is a line's weight off elsewhere."""

RANKS: Final = 6
"""Each doubles the number of names along a border: those of rank 0 are for a view of a whole province."""
_STEP_M: Final = 400.0
"""Between two names when all ranks are shown."""
_ASIDE_M: Final = 450.0
"""How far from the border the names of rank 0 stand; half of it at each further rank."""
_HALF_NAME: Final = 2.2
"""Half the length of a name, as a multiple of its distance from the border."""
_SHORTEST_M: Final = 3_000.0
"""Shorter pieces of border, and rings around a parcel of Baarle, have names inside instead of along."""

_INNER: Final = frozenset({"BE-NL", "BE-LU"})


class Side(NamedTuple):
    """A place on a border where the names of both its sides can stand.

    `angle_deg` turns a name, clockwise, so that it runs along the border from west to east; `above` says which side of
    the border's own direction is then above it.
    """

    lon: float
    lat: float
    left: Territory
    right: Territory
    angle_deg: float
    above: Literal["left", "right"]
    rank: int


def outline(coverage: Coverage, tolerance_m: float) -> Coverage:
    """The same territories with fewer vertices, none of them moved: neighbours still share every one.

    Args:
        coverage: the whole data.
        tolerance_m: how far a left-out vertex may lie from the line (Douglas and Peucker's rule).
    """
    tolerance = tolerance_m / _M_PER_DEG * MICRO
    stretch = np.array([_NARROWING, 1.0])
    arcs = [_thinned(arc, tolerance, stretch) for arc in coverage.arcs()]
    return coverage._replace(
        vertices=np.concatenate(arcs), arc_sizes=np.array([len(arc) for arc in arcs], coverage.arc_sizes.dtype)
    )


def _thinned(arc: NDArray[np.int32], tolerance: float, stretch: NDArray[np.float64]) -> NDArray[np.int32]:
    closed = bool((arc[0] == arc[-1]).all())
    line = shapely.linestrings(arc * stretch)
    kept = shapely.get_coordinates(shapely.simplify(line, tolerance, preserve_topology=False)) / stretch
    thin = np.rint(kept).astype(np.int32)
    # A ring of three points is no area, and a small enclave is not to vanish.
    return arc if len(thin) < (5 if closed else 2) else thin


def sides(atlas: Atlas, shapes: Iterable[Feature]) -> list[Side]:
    """Where the names of the states stand along the borders between the Benelux states.

    A place is left out where the border bends so much that a name would stand on the wrong side of it.

    Args:
        atlas: says on which side a place lies.
        shapes: the features of that atlas.
    """
    tried = [
        candidate
        for feature in shapes
        if isinstance(feature.geometry, MultiLineString) and feature.properties.name in _INNER
        for line in feature.geometry.coordinates
        for candidate in _along(np.array(line), *feature.properties.territories)
    ]
    probes = np.array([candidate.probes for candidate in tried])
    codes = atlas.territories(probes[..., 0], probes[..., 1])
    wanted = np.array([[TERRITORIES.index(side.left), TERRITORIES.index(side.right)] * 3 for side, _ in tried])
    # The first rank at which the names stand right is the place's.
    found: dict[tuple[float, float], Side] = {}
    for (side, _), stands in zip(tried, (codes == wanted).all(axis=1).tolist(), strict=True):
        if stands:
            found.setdefault((side.lon, side.lat), side)
    return list(found.values())


class _Candidate(NamedTuple):
    """Names of a place at one rank, and where they must lie: on the left and the right, at both ends and between."""

    side: Side
    probes: list[tuple[float, float]]


def _along(line: NDArray[np.float64], left: Territory, right: Territory) -> Iterator[_Candidate]:
    plane = line * np.array([_NARROWING, 1.0]) * _M_PER_DEG
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(plane, axis=0).T))])
    if along[-1] < _SHORTEST_M or bool((line[0] == line[-1]).all()):
        return

    def at(metres: float) -> tuple[float, float]:
        return float(np.interp(metres, along, plane[:, 0])), float(np.interp(metres, along, plane[:, 1]))

    for number in range(1, int(along[-1] / _STEP_M)):
        first = RANKS - 1 - min(RANKS - 1, (number & -number).bit_length() - 1)
        x, y = at(number * _STEP_M)
        for rank in range(first, RANKS):
            aside_m = _ASIDE_M / 2**rank
            (x0, y0), (x1, y1) = at(number * _STEP_M - aside_m), at(number * _STEP_M + aside_m)
            east, north, length = x1 - x0, y1 - y0, hypot(x1 - x0, y1 - y0)
            if length < aside_m:
                continue
            ahead_x, ahead_y = east / length * aside_m, north / length * aside_m
            # Both ends of a name must lie on its side too.
            probes = [
                (
                    (x + part * _HALF_NAME * ahead_x - sign * ahead_y) / _NARROWING / _M_PER_DEG,
                    (y + part * _HALF_NAME * ahead_y + sign * ahead_x) / _M_PER_DEG,
                )
                for part in (-1, 0, 1)
                for sign in (1, -1)
            ]
            eastward = east >= 0
            angle = -degrees(atan2(north, east) if eastward else atan2(-north, -east))
            lon, lat = x / _NARROWING / _M_PER_DEG, y / _M_PER_DEG
            side = Side(lon, lat, left, right, angle, "left" if eastward else "right", rank)
            yield _Candidate(side, probes)
