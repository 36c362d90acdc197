"""Atlas: in which territory is a point, how far is the border, where does a segment cross it.

Every answer starts in the grid; only cells that a border enters ask geometry, and the geometry there is that
of the whole territories, so that the short way and the long way are one.

A point exactly on a border belongs to the first of its territories in the order of `TERRITORIES`: BE before
NL, NL before LU, LU before DE. Segments are straight in longitude and latitude, as the borders' own edges
are; over 5 km that is within 0.7 m of the geodesic.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from borders.close import Close
from borders.coverage import MICRO, OUTSIDE, Coverage
from borders.features import Feature, features
from borders.geodesy import Floats, at_most_m
from borders.grid import MIXED, SIZE, Codes, Edges, Grid, Ids
from borders.lines import Lines, crossings
from borders.states import BOX, TERRITORIES, Territory, border_name

_SAME_DEG: Final = 1e-9
"""Border points nearer together than this (0.1 mm) are one."""


_WORTH_M: Final = 200.0
"""The shortest stretch that a look at the grid must clear to be worth it."""


class BadCoordinate(ValueError):
    """Not a position on Earth: not a number, infinite, or out of range."""


class Place(NamedTuple):
    """Where a point is."""

    territory: Territory
    distance_m: float | None
    """Metres, 0 or more, from the point inside `territory` to the nearest border; None when `OUTSIDE`."""
    border: str | None
    """Name of that nearest border, such as "BE-NL"; None when `OUTSIDE`."""


class Places(NamedTuple):
    """Where many points are; arrays of the shape of the input."""

    territories: Codes
    """Indexes into `TERRITORIES`."""
    distances_m: Floats
    """Metres to the nearest border; NaN when outside."""
    borders: Ids
    """Indexes into `names`; -1 when outside."""
    names: tuple[str, ...]


class BorderPoint(NamedTuple):
    """Where a segment passes from one territory into another."""

    fraction: float
    """How far along the segment, from 0 to 1."""
    lon: float
    lat: float
    from_territory: Territory
    to_territory: Territory

    @property
    def border(self) -> str:
        """Name of the border crossed, such as "BE-NL"."""
        return border_name(self.from_territory, self.to_territory)


class Atlas:
    """The territories in the covered box.

    Positions are WGS 84 degrees, longitude first. Every method that takes one raises `BadCoordinate` unless
    it is finite, with a longitude from -180 to 180 and a latitude from -90 to 90.
    """

    def __init__(self, coverage: Coverage, *, sha256: str, vintage: str, attribution: str) -> None:
        self.sha256: Final = sha256
        """Of the boundary file, hexadecimal."""
        self.vintage: Final = vintage
        """When the borders were drawn."""
        self.attribution: Final = attribution
        """What to show wherever the borders are shown."""
        self._coverage: Final = coverage
        self._polygons: Final = _polygons(coverage)
        edges = _edges(coverage)
        self._lines: Final = Lines(BOX, edges)
        self._grid: Final = Grid(BOX, edges, self._anywhere)
        self._close: Final = Close(BOX, SIZE, self._territories, self._lines.distances_m)

    def territory(self, lon: float, lat: float) -> Territory:
        """The territory of a point; `OUTSIDE` beyond the box."""
        if not self._grid.covers(lon, lat):
            _check(lon, lat)
            return Territory.OUTSIDE
        code = self._grid.code(lon, lat)
        return TERRITORIES[code if code < MIXED else self._resolve(code, lon, lat)]

    def _resolve(self, code: int, lon: float, lat: float) -> int:
        """The territory code of a point in a cell that a border enters."""
        sure, clearance_m = self._close.code_and_clearance_m(lon, lat)
        return sure if clearance_m else self._exactly(code, lon, lat)

    def _exactly(self, code: int, lon: float, lat: float) -> int:
        """`_resolve`, by geometry."""
        *others, last = self._grid.sets[code - MIXED]
        for candidate in others:
            if shapely.intersects_xy(self._polygons[candidate], lon, lat):
                return candidate
        return last

    def territories(self, lon: Floats, lat: Floats) -> Codes:
        """`territory` of many points at once, as indexes into `TERRITORIES`, in the shape of the input.

        Raises:
            BadCoordinate: one of them is no position.
            ValueError: the two arrays differ in shape.
        """
        lon, lat = _arrays(lon, lat)
        inside = self._grid.covers_many(lon, lat)
        if not inside.all():
            _check_many(lon, lat)
            answer = np.full(lon.shape, OUTSIDE, dtype=np.uint8)
            answer[inside] = self._territories(lon[inside], lat[inside])
            return answer
        return self._territories(lon.ravel(), lat.ravel()).reshape(lon.shape)

    def _territories(self, lon: Floats, lat: Floats) -> Codes:
        """`territories` of points in the box, in one dimension."""
        codes = self._grid.codes(lon, lat)
        mixed = np.flatnonzero(codes >= MIXED)
        if mixed.size:
            codes[mixed] = self._exact(self._grid.members[codes[mixed] - MIXED], lon[mixed], lat[mixed])
        return codes

    def _exact(self, candidates: NDArray[np.bool_], lon: Floats, lat: Floats) -> Codes:
        """Which of its candidates, (n, territories), has each point; one must, so the last is not asked.

        Uses the candidates up.
        """
        answer: Codes = (candidates.shape[1] - 1 - np.argmax(candidates[:, ::-1], axis=1)).astype(np.uint8)
        for code, polygon in self._polygons.items():
            asked = np.flatnonzero(candidates[:, code] & (answer != code))
            if asked.size:
                found = asked[shapely.intersects_xy(polygon, lon[asked], lat[asked])]
                answer[found] = code
                candidates[found] = False
        return answer

    def _anywhere(self, lon: Floats, lat: Floats) -> Codes:
        """The territories of points in the box, by geometry alone."""
        return self._exact(np.ones((lon.size, len(TERRITORIES)), dtype=np.bool_), lon, lat)

    def locate(self, lon: float, lat: float) -> Place:
        """Territory, distance to the nearest border and its name. The edge of the box is no border."""
        territory = self.territory(lon, lat)
        if territory is Territory.OUTSIDE:
            return Place(territory, None, None)
        distance_m, border = self._lines.nearest(TERRITORIES.index(territory), np.array([lon]), np.array([lat]))
        return Place(territory, float(distance_m[0]), self._lines.names[border[0]])

    def locate_many(self, lon: Floats, lat: Floats) -> Places:
        """`locate` for many points at once. Raises as `territories` does."""
        territories = self.territories(lon, lat)
        distances_m = np.full(territories.shape, np.nan)
        borders = np.full(territories.shape, -1, dtype=np.int64)
        for code in np.unique(territories).tolist():
            if code != OUTSIDE:
                at = territories == code
                distances_m[at], borders[at] = self._lines.nearest(code, lon[at], lat[at])
        return Places(territories, distances_m, borders, self._lines.names)

    def signed_distance_m(self, territory: Territory, lon: float, lat: float) -> float:
        """Metres to a territory's own border: positive inside it, negative elsewhere.

        Beyond the box nothing is known, and every territory answers minus infinity.

        Raises:
            ValueError: `OUTSIDE` has no border.
        """
        if territory is Territory.OUTSIDE:
            allowed = ", ".join(TERRITORIES[:-1])
            raise ValueError(f"territory: got OUTSIDE, which has no border; allowed are {allowed}")
        here = self.territory(lon, lat)
        if here is Territory.OUTSIDE:
            return -math.inf
        distance_m = float(self._lines.nearest(TERRITORIES.index(territory), np.array([lon]), np.array([lat]))[0][0])
        return distance_m if here is territory else -distance_m

    def distance_bound_m(self, lon: float, lat: float) -> float:
        """Metres that certainly lie between a point and any border, looked up and never too many.

        0 beyond the box, and where it says nothing: so near to a border that only geometry can tell.
        """
        if not self._grid.covers(lon, lat):
            _check(lon, lat)
            return 0.0
        return self._grid.clearance_m(lon, lat) or self._close.code_and_clearance_m(lon, lat)[1]

    def spot(self, lon: float, lat: float) -> tuple[Territory, float]:
        """`territory` and `distance_bound_m` of a point, in one look."""
        if not self._grid.covers(lon, lat):
            _check(lon, lat)
            return Territory.OUTSIDE, 0.0
        code, clearance_m = self._grid.code_and_clearance_m(lon, lat)
        if clearance_m:
            return TERRITORIES[code], clearance_m
        sure, clearance_m = self._close.code_and_clearance_m(lon, lat)
        if clearance_m:
            return TERRITORIES[sure], clearance_m
        return TERRITORIES[code if code < MIXED else self._exactly(code, lon, lat)], 0.0

    def within(self, lon: float, lat: float, radius_m: float) -> tuple[Territory, ...]:
        """The territories that a disc touches: the point's own, then the others in the order of
        `TERRITORIES`.

        `OUTSIDE` stands alone: beyond the box nothing is known. That a disc reaches out of the box is not
        told.

        Raises:
            ValueError: the radius is negative or not finite.
        """
        if not 0.0 <= radius_m < math.inf:
            raise ValueError(f"radius_m: got {radius_m!r}, allowed is a finite number of metres, 0 or more")
        own = self.territory(lon, lat)
        if own is Territory.OUTSIDE or self.distance_bound_m(lon, lat) > radius_m:
            return (own,)
        touched = self._lines.within(lon, lat, radius_m)
        return (own, *(other for other in TERRITORIES if other in touched and other is not own))

    def cross(self, a: tuple[float, float], b: tuple[float, float]) -> tuple[BorderPoint, ...]:
        """Every passage from one territory into another on the segment from `a` to `b`, in order.

        The first leaves the territory of `a`, each next one leaves where the one before arrived, the last
        arrives in the territory of `b`. A segment that starts on a border may have its first passage at
        fraction 0. Passing the edge of the box counts, into or out of `OUTSIDE`, for the chain to hold; it is
        not a border. A segment that runs along an edge of a border lies on whichever side rounding puts its
        middle.
        """
        _check(*a)
        _check(*b)
        length_deg = math.dist(a, b)
        cuts = [0.0, 1.0]
        if length_deg > _SAME_DEG:
            touches = self._touches(a, b)
            if not touches:
                return ()
            cuts = _distinct(touches, _SAME_DEG / length_deg)
        middles = [(before + after) / 2 for before, after in pairwise(cuts)]
        chain = [self.territory(*a), *(self.territory(*_along(a, b, middle)) for middle in middles), self.territory(*b)]
        return tuple(
            BorderPoint(cut, *_along(a, b, cut), before, after)
            for cut, (before, after) in zip(cuts, pairwise(chain), strict=True)
            if before is not after
        )

    def _touches(self, a: tuple[float, float], b: tuple[float, float]) -> list[float]:
        """Fractions, ascending, at which the segment may touch a border or the edge of the box."""
        if not (self._grid.covers(*a) and self._grid.covers(*b)):
            edges = self._grid.edges_along(*a, *b)
            return sorted([*crossings(edges, a, b), *_box_crossings(a, b)])
        # Each look clears a stretch, and the next goes on from there, until looks clear little.
        length_m, clear_m = at_most_m(*a, *b), 0.0
        lon, lat = a
        while (step_m := self._grid.clearance_m(lon, lat)) >= _WORTH_M:
            clear_m += step_m
            if clear_m > length_m:
                return []
            lon, lat = _along(a, b, clear_m / length_m)
        edges = self._grid.edges_along(lon, lat, *b)
        return crossings(edges, a, b) if edges else []

    def features(self) -> list[Feature]:
        """The territories, then the borders between them, as GeoJSON features (RFC 7946)."""
        return features(self._coverage)

    @property
    def coverage(self) -> Coverage:
        """The arcs that it is made of."""
        return self._coverage


def _check(lon: float, lat: float) -> None:
    """Raise unless a position; NaN fails every comparison, so it is refused too."""
    if not -180.0 <= lon <= 180.0:
        raise BadCoordinate(f"lon: got {lon!r}, allowed are degrees from -180 to 180")
    if not -90.0 <= lat <= 90.0:
        raise BadCoordinate(f"lat: got {lat!r}, allowed are degrees from -90 to 90")


def _arrays(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if lon.shape != lat.shape:
        raise ValueError(f"lon, lat: got shapes {lon.shape} and {lat.shape}, allowed is one shape for both")
    return lon, lat


def _check_many(lon: Floats, lat: Floats) -> None:
    """`_check` for arrays, naming the first offender."""
    good = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    if not good.all():
        first = int(np.argmin(good))
        try:
            _check(float(lon.flat[first]), float(lat.flat[first]))
        except BadCoordinate as error:
            raise BadCoordinate(f"position {first}: {error}") from None


def _polygons(coverage: Coverage) -> dict[int, shapely.MultiPolygon]:
    """The territories by code, in degrees, prepared."""
    parts: dict[int, list[shapely.Polygon]] = {}
    for territory, (shell, *holes) in coverage.polygons():
        polygon = shapely.Polygon(shell / MICRO, [hole / MICRO for hole in holes])
        parts.setdefault(TERRITORIES.index(territory), []).append(polygon)
    polygons = {code: shapely.MultiPolygon(parts[code]) for code in sorted(parts)}
    shapely.prepare(list(polygons.values()))
    return polygons


def _edges(coverage: Coverage) -> Edges:
    """The straight pieces of every border; the edge of the box is none."""
    arc = np.repeat(np.arange(coverage.arc_sizes.size), coverage.arc_sizes)
    keep = (arc[:-1] == arc[1:]) & (coverage.rights[arc[:-1]] != OUTSIDE)
    lon, lat = coverage.vertices[:, 0] / MICRO, coverage.vertices[:, 1] / MICRO
    return Edges(
        lon[:-1][keep],
        lat[:-1][keep],
        lon[1:][keep],
        lat[1:][keep],
        coverage.lefts[arc[:-1]][keep].astype(np.uint8),
        coverage.rights[arc[:-1]][keep].astype(np.uint8),
    )


def _box_crossings(a: tuple[float, float], b: tuple[float, float]) -> list[float]:
    """Fractions at which the segment from `a` to `b` meets the four lines that bound the box."""
    west, south, east, north = BOX
    dx, dy = b[0] - a[0], b[1] - a[1]
    met = [(side - a[0]) / dx for side in (west, east) if dx]
    met += [(side - a[1]) / dy for side in (south, north) if dy]
    return [fraction for fraction in met if 0.0 <= fraction <= 1.0]


def _along(a: tuple[float, float], b: tuple[float, float], fraction: float) -> tuple[float, float]:
    """The point so far along the segment."""
    return a[0] + fraction * (b[0] - a[0]), a[1] + fraction * (b[1] - a[1])


def _distinct(fractions: list[float], apart: float) -> list[float]:
    """0, those of the ascending fractions that differ, and 1."""
    cuts = [0.0]
    for fraction in fractions:
        if fraction - cuts[-1] > apart and 1.0 - fraction > apart:
            cuts.append(fraction)
    return [*cuts, 1.0]
