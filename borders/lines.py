"""The border lines, for "how far" and "which border".

Distances are looked up in one flat conic map of the box, where a spatial index can find the nearest piece of
border, and corrected by the map's scale at the point. Edges are straight in longitude and latitude; the map
bends them, so long ones are first cut until the bend is a few millimetres.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from borders.geodesy import ConicPlane, Floats
from borders.grid import Edge, Edges, Ids
from borders.states import TERRITORIES, Territory, border_name

STEP_M: Final = 500.0
"""A straight edge of this length bends by 6 mm on the map (Snyder 1987, p. 104: the sagitta, s² tan φ /
8R)."""

PIECE_EDGES: Final = 8
"""Edges per indexed piece: few enough to search one fast, many enough to keep the index small."""


_ROUNDING_DEG: Final = 1e-12
"""A ten-millionth of a metre."""


class Lines:
    """Every border in the box as short pieces on a flat map, indexed."""

    __slots__ = ("_own", "_own_pieces", "_plane", "_tree", "borders", "names", "sides")

    def __init__(self, box: tuple[float, float, float, float], edges: Edges) -> None:
        self._plane: Final = ConicPlane(*box)
        pairs = np.stack([np.minimum(edges.lefts, edges.rights), np.maximum(edges.lefts, edges.rights)], axis=1)
        kinds, kind = np.unique(pairs, axis=0, return_inverse=True)
        named = [border_name(TERRITORIES[one], TERRITORIES[other]) for one, other in kinds.tolist()]
        self.names: Final = tuple(named)
        """Names of the borders there are; other arrays index into it."""
        self.sides: Final = tuple((TERRITORIES[one], TERRITORIES[other]) for one, other in kinds.tolist())

        pieces, first_edges = self._pieces(edges)
        self.borders: Final = kind.reshape(-1)[first_edges].astype(np.int64)
        """Which border each piece belongs to."""
        self._tree: Final = shapely.STRtree(pieces)
        self._own_pieces: Final[list[Ids]] = [
            np.flatnonzero((pairs[first_edges] == code).any(axis=1)) for code in range(len(TERRITORIES))
        ]
        self._own: Final = [shapely.STRtree(pieces[own]) for own in self._own_pieces]

    def _pieces(self, edges: Edges) -> tuple[NDArray[np.object_], Ids]:
        """Lines of a few consecutive edges each, on the map, and the first edge of each."""
        x0, y0, _ = self._plane.project(edges.x0, edges.y0)
        x1, y1, _ = self._plane.project(edges.x1, edges.y1)
        steps = np.ceil(np.hypot(x1 - x0, y1 - y0) / STEP_M).clip(1).astype(np.int64)
        # A piece ends where the next edge does not continue this one, or separates other territories.
        follows = (
            (edges.x0[1:] == edges.x1[:-1])
            & (edges.y0[1:] == edges.y1[:-1])
            & (edges.lefts[1:] == edges.lefts[:-1])
            & (edges.rights[1:] == edges.rights[:-1])
        )
        run_of = np.concatenate([[0], np.cumsum(~follows)])
        run_start = np.flatnonzero(np.concatenate([[True], ~follows]))
        in_run = np.arange(steps.size) - run_start[run_of]
        piece_of = (
            np.cumsum(np.concatenate([[True], (run_of[1:] != run_of[:-1]) | (in_run[1:] % PIECE_EDGES == 0)])) - 1
        )
        first_edges = np.flatnonzero(np.concatenate([[True], piece_of[1:] != piece_of[:-1]]))

        edge = np.repeat(np.arange(steps.size), steps)
        part = (np.arange(edge.size) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[edge]
        lon = edges.x0[edge] + part * (edges.x1 - edges.x0)[edge]
        lat = edges.y0[edge] + part * (edges.y1 - edges.y0)[edge]
        last_edges = np.append(first_edges[1:], steps.size) - 1
        order = np.argsort(np.concatenate([piece_of[edge], np.arange(first_edges.size)]), kind="stable")
        x, y, _ = self._plane.project(
            np.concatenate([lon, edges.x1[last_edges]])[order],
            np.concatenate([lat, edges.y1[last_edges]])[order],
        )
        pieces: NDArray[np.object_] = shapely.linestrings(
            np.stack([x, y], axis=1),
            indices=np.concatenate([piece_of[edge], np.arange(first_edges.size)])[order],
        )
        return pieces, first_edges

    def nearest(self, code: int, lon: Floats, lat: Floats) -> tuple[Floats, Ids]:
        """Metres to the nearest border of one territory, and which border that is, for positions in the box.

        Where borders are equally near, as at a tripoint, the first by name is the nearest.
        """
        x, y, scale = self._plane.project(lon, lat)
        (point, piece), apart = self._own[code].query_nearest(shapely.points(x, y), return_distance=True)
        border = self.borders[self._own_pieces[code][piece]]
        if point.size > lon.size:
            order = np.lexsort((border, point))
            first = order[np.searchsorted(point[order], np.arange(lon.size))]
            apart, border = apart[first], border[first]
        distance_m: Floats = apart / scale
        return distance_m, border

    def distances_m(self, lon: Floats, lat: Floats) -> Floats:
        """Metres to the nearest border of any, for positions in the box."""
        x, y, scale = self._plane.project(lon, lat)
        _, apart = self._tree.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
        distance_m: Floats = apart / scale
        return distance_m

    def within(self, lon: float, lat: float, radius_m: float) -> frozenset[Territory]:
        """The territories that have a border within a radius of a position in the box."""
        x, y, scale = self._plane.project(np.array([lon]), np.array([lat]))
        near = self._tree.query(shapely.Point(x[0], y[0]), predicate="dwithin", distance=radius_m * scale[0])
        return frozenset(side for border in set(self.borders[near].tolist()) for side in self.sides[border])


def crossings(edges: Iterable[Edge], a: tuple[float, float], b: tuple[float, float]) -> list[float]:
    """Fractions of the segment from `a` to `b` (degrees, apart) at which it may touch one of the edges.

    Generous: a fraction too many is harmless, since the caller looks at both sides of each; one too few is
    not. An edge that runs along the segment counts with both its ends.
    """
    lon, lat = a
    dx, dy = b[0] - lon, b[1] - lat
    length = math.hypot(dx, dy)
    # How far, in degrees times the length, both ends of the edge lie off the segment's line: to meet, they must lie on
    # two sides, give or take rounding.
    most = _ROUNDING_DEG * length
    least = -most
    found: list[float] = []
    for x0, y0, x1, y1 in edges:
        px, py = x0 - lon, y0 - lat
        ex, ey = x1 - x0, y1 - y0
        turn = dx * ey - dy * ex
        off = dx * py - dy * px
        end_off = off + turn
        if (off <= most or end_off <= most) and (off >= least or end_off >= least):
            found += _cuts(dx, dy, length, px, py, ex, ey, turn)
    found.sort()
    return found


def _cuts(dx: float, dy: float, length: float, px: float, py: float, ex: float, ey: float, turn: float) -> list[float]:
    """`crossings` with one edge whose ends do not lie on one side of the segment's line."""
    reach = math.hypot(ex, ey)
    if reach == 0.0:
        return []
    a_off = (py * ex - px * ey) / reach
    b_off = a_off + turn / reach
    if min(a_off, b_off) > _ROUNDING_DEG or max(a_off, b_off) < -_ROUNDING_DEG:
        return []
    first = (px * dx + py * dy) / length**2
    last = first + (ex * dx + ey * dy) / length**2
    cut = (px * ey - py * ex) / turn if turn else first
    cuts = [min(max(cut, min(first, last)), max(first, last))]
    if abs(turn) <= 1e-6 * length * reach:
        cuts += (first, last)
    return [min(max(one, 0.0), 1.0) for one in cuts]
