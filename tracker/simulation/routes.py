"""Roads across the Benelux borders, drawn by hand; no map data is in here.

Each crosses the border where the real road does, within some tens of metres; between the drawn points it is
smooth, not surveyed.
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from borders.geodesy import LocalPlane

SPACING_M: Final = 10.0
"""Between the vertices of a finished route, before the last one."""

Offsets = tuple[tuple[float, float], ...]


class Route(NamedTuple):
    """A line to drive along: vertices about 10 m apart, in metres east and north of the plane's origin."""

    name: str
    plane: LocalPlane
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    marks_m: tuple[float, ...]
    """Metres along the route to each vertex."""

    @property
    def length_m(self) -> float:
        """From the first vertex to the last."""
        return self.marks_m[-1]

    def lonlat(self) -> list[tuple[float, float]]:
        """The vertices in WGS 84 degrees."""
        return [self.plane.lonlat(x, y) for x, y in zip(self.xs, self.ys, strict=True)]


def route(name: str, *drawn: tuple[float, float]) -> Route:
    """A smooth route through positions drawn in degrees: a Catmull-Rom spline, cut into equal pieces."""
    plane = LocalPlane(*drawn[0])
    return _finish(name, plane, [plane.xy(lon, lat) for lon, lat in drawn])


def through(name: str, *drawn: tuple[float, float]) -> Route:
    """A route through positions drawn in degrees, far apart and unevenly: straight, with rounded corners."""
    plane = LocalPlane(*drawn[len(drawn) // 2])
    return _resampled(name, plane, _rounded([plane.xy(lon, lat) for lon, lat in drawn]))


def _rounded(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Straight stretches with rounded corners: a quadratic Bezier over at most 300 m, or 45 % of a stretch, to each
    side.
    """
    fine = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        sides = [math.dist(corner, other) for other in (before, after)]
        cut = min(300.0, *(0.45 * side for side in sides))
        begin, end = (_between(corner, other, cut / side) for other, side in zip((before, after), sides, strict=True))
        fine += [
            _between(_between(begin, corner, t), _between(corner, end, t), t) for t in (step / 32 for step in range(33))
        ]
    fine.append(points[-1])
    dense = [fine[0]]
    for one, other in pairwise(fine):
        steps = max(1, round(math.dist(one, other) / 4))
        dense += [_between(one, other, step / steps) for step in range(1, steps + 1)]
    return dense


def _between(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def there_and_back(name: str, road: Route, keep_right_m: float, turn: Offsets) -> Route:
    """A closed circuit: along the road's right lane, round a `turn` at its end, back in the other lane, and
    round the same turn at its beginning.

    `turn` holds points in metres (ahead, to the right) of the end of the centre line.
    """
    forward = list(zip(road.xs, road.ys, strict=True))
    backward = forward[::-1]
    points: list[tuple[float, float]] = []
    for lane in (forward, backward):
        points += _right_of(lane, keep_right_m)[1:-1:10]  # the spline fills the gaps again
        points += [_relative(lane, ahead, right) for ahead, right in turn]
    return _finish(name, road.plane, [*points, points[0]])


def _right_of(lane: list[tuple[float, float]], distance_m: float) -> list[tuple[float, float]]:
    shifted = []
    for index, (x, y) in enumerate(lane):
        before, after = lane[max(index - 1, 0)], lane[min(index + 1, len(lane) - 1)]
        east, north = _unit(after[0] - before[0], after[1] - before[1])
        shifted.append((x + distance_m * north, y - distance_m * east))
    return shifted


def _relative(lane: list[tuple[float, float]], ahead_m: float, right_m: float) -> tuple[float, float]:
    (x0, y0), (x, y) = lane[-2], lane[-1]
    east, north = _unit(x - x0, y - y0)
    return x + ahead_m * east + right_m * north, y + ahead_m * north - right_m * east


def _unit(east: float, north: float) -> tuple[float, float]:
    length = math.hypot(east, north)
    return east / length, north / length


def _finish(name: str, plane: LocalPlane, points: list[tuple[float, float]]) -> Route:
    fine = [points[0]]
    for index in range(len(points) - 1):
        p0 = points[max(index - 1, 0)]
        p1, p2 = points[index], points[index + 1]
        p3 = points[min(index + 2, len(points) - 1)]
        steps = max(4, round(math.hypot(p2[0] - p1[0], p2[1] - p1[1]) / 4))
        fine += [_catmull_rom(p0, p1, p2, p3, step / steps) for step in range(1, steps + 1)]
    return _resampled(name, plane, fine)


def _resampled(name: str, plane: LocalPlane, fine: list[tuple[float, float]]) -> Route:
    xs, ys, since = [fine[0][0]], [fine[0][1]], 0.0
    for (x0, y0), (x, y) in pairwise(fine):
        since += math.hypot(x - x0, y - y0)
        if since >= SPACING_M:
            xs.append(x)
            ys.append(y)
            since = 0.0
    if since > 1.0:
        xs.append(fine[-1][0])
        ys.append(fine[-1][1])
    lengths = (math.hypot(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(zip(xs, ys, strict=True)))
    return Route(name, plane, tuple(xs), tuple(ys), tuple(accumulate(lengths, initial=0.0)))


def _catmull_rom(
    p0: tuple[float, float],
    p1: tuple[float, float],
    p2: tuple[float, float],
    p3: tuple[float, float],
    t: float,
) -> tuple[float, float]:
    """Uniform Catmull-Rom between `p1` and `p2` (Catmull and Rom, 1974; tension one half)."""
    w0 = -0.5 * t + t**2 - 0.5 * t**3
    w1 = 1 - 2.5 * t**2 + 1.5 * t**3
    w2 = 0.5 * t + 2 * t**2 - 1.5 * t**3
    w3 = -0.5 * t**2 + 0.5 * t**3
    x, y = (w0 * p0[axis] + w1 * p1[axis] + w2 * p2[axis] + w3 * p3[axis] for axis in (0, 1))
    return x, y


E19: Final = route(
    "E19 Meer - Hazeldonk",
    (4.7265, 51.4758),
    (4.7302, 51.4801),
    (4.7353, 51.4860),
    (4.7386, 51.4918),
    (4.7412, 51.4975),
    (4.7432, 51.5022),
)
E411: Final = route(
    "E411 Arlon - Sterpenich - Windhof",
    (5.8400, 49.6560),
    (5.8600, 49.6480),
    (5.8880, 49.6395),
    (5.9065, 49.6385),
    (5.9300, 49.6390),
    (5.9600, 49.6420),
)
E25: Final = route(
    "E25 Vise - Eijsden",
    (5.7080, 50.7330),
    (5.7160, 50.7430),
    (5.7230, 50.7520),
    (5.7275, 50.7590),
    (5.7300, 50.7680),
    (5.7330, 50.7800),
)
BAARLE: Final = route("Baarle", (4.93060, 51.43753), (4.93190, 51.43668), (4.93318, 51.43584))
"""Out of Belgium and back, twice, in 260 m: two of the Dutch counter-enclaves in the largest Belgian
enclave."""

CORRIDORS: Final = (E19, E411, E25)

_FLYOVER: Final = (
    (60.0, 14.0),
    (130.0, 26.0),
    (190.0, 50.0),
    (235.0, 62.0),
    (262.0, 40.0),
    (268.0, 0.0),
    (262.0, -40.0),
    (235.0, -62.0),
    (190.0, -50.0),
    (130.0, -26.0),
    (60.0, -14.0),
)
HAZELDONK: Final = there_and_back("E19 Meer - Hazeldonk and back", E19, 14.0, _FLYOVER)
"""North in the right lanes, over the flyover, south, and over the one at Meer to where it began."""

STROLL: Final = there_and_back("Baarle there and back", BAARLE, 1.5, ((2.0, 1.5), (4.0, 0.0), (2.0, -1.5)))
