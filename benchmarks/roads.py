"""Roads for the laboratory: ways across, along and beside the borders, laid from the borders' own geometry.

A road is a function from seconds to exact motion. Whoever drives on it crosses exactly where the atlas says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from borders.atlas import Atlas
from borders.features import MultiLineString
from borders.geodesy import LocalPlane
from borders.states import Territory

BORDERS: Final = ("BE-NL", "BE-LU")
SHORTEST: Final = 10
"""Vertices. Shorter lines are the rims of Baarle's smallest parcels, where no road runs."""

_ATTEMPTS: Final = 2_000
_STEP_S: Final = 0.25

Position = tuple[float, float]
Table = NDArray[np.float64]


class Motion(NamedTuple):
    """Exact position (degrees), speed (m/s) and course (degrees from north) at one instant."""

    lon: float
    lat: float
    speed_mps: float
    course_deg: float


Road = Callable[[float], Motion]


class Truth(NamedTuple):
    """One true crossing: seconds from the start of the drive, degrees."""

    at_s: float
    lon: float
    lat: float
    from_territory: Territory
    to_territory: Territory


def border_lines(atlas: Atlas) -> list[list[Position]]:
    """The borders in `BORDERS`, as runs of positions."""
    return [
        list(line)
        for feature in atlas.features()
        if feature.properties.name in BORDERS and isinstance(feature.geometry, MultiLineString)
        for line in feature.geometry.coordinates
        if len(line) > SHORTEST
    ]


def truths(atlas: Atlas, road: Road, seconds: float, step_s: float = 0.25) -> list[Truth]:
    """Every crossing of a drive, by the atlas, on chords so short that they are the road."""
    found = []
    at = 0.0
    here = road(at)
    while at < seconds:
        there = road(at + step_s)
        found += [
            Truth(at + point.fraction * step_s, point.lon, point.lat, point.from_territory, point.to_territory)
            for point in atlas.cross((here.lon, here.lat), (there.lon, there.lat))
        ]
        at, here = at + step_s, there
    return found


def straight(lon: float, lat: float, speed_mps: float, course_deg: float, at_s: float, turn_dps: float = 0.0) -> Road:
    """A road through a position, reached at `at_s`; an arc if it turns (degrees per second)."""
    plane = LocalPlane(lon, lat)

    def road(t: float) -> Motion:
        since = t - at_s
        half = math.radians(turn_dps * since / 2)
        chord = speed_mps * since * (math.sin(half) / half if half else 1.0)
        heading = math.radians(course_deg) + half
        course = (course_deg + turn_dps * since) % 360.0
        return Motion(*plane.lonlat(chord * math.sin(heading), chord * math.cos(heading)), speed_mps, course)

    return road


def _edges(random: Random, lines: list[list[Position]], attempts: int) -> Iterator[tuple[LocalPlane, float, float]]:
    """Edges of borders at random: a plane at where each begins, and where it ends on that, metres. Those shorter than a
    metre have no direction, and are passed over.
    """
    for _ in range(attempts):
        line = random.choices(lines, weights=[len(run) for run in lines])[0]
        start = random.randrange(len(line) - 1)
        one = LocalPlane(*line[start])
        x, y = one.xy(*line[start + 1])
        if math.hypot(x, y) >= 1.0:
            yield one, x, y


def across(
    random: Random, atlas: Atlas, lines: list[list[Position]], *, before_s: float, after_s: float, turn_dps: float = 0.0
) -> tuple[Road, list[Truth]]:
    """A road that crosses one border once, at 12 to 55 m/s, within 50 degrees of the normal."""
    for one, x, y in _edges(random, lines, _ATTEMPTS):
        share = random.random()
        course = math.degrees(math.atan2(x, y)) + random.choice((-90, 90)) + random.uniform(-50, 50)
        at_s = before_s + random.random()
        speed = random.uniform(12, 55)
        turn = random.uniform(-1, 1) * turn_dps
        road = straight(*one.lonlat(share * x, share * y), speed, course % 360.0, at_s, turn)
        crossings = truths(atlas, road, before_s + after_s)
        if len(crossings) == 1:
            return road, crossings
    raise RuntimeError("no road across found")


def corner(
    random: Random, atlas: Atlas, lines: list[list[Position]], *, least_s: float, most_s: float
) -> tuple[Road, list[Truth]]:
    """A straight road, at 15 to 35 m/s, that cuts a corner of another state: in and out again within so many seconds,
    about a minute after it begins, and no other border in the minute after.
    """
    for one, x, y in _edges(random, lines, 10 * _ATTEMPTS):
        speed, course, share = random.uniform(15, 35), random.uniform(0, 360), random.random()
        road = straight(*one.lonlat(share * x, share * y), speed, course, 60.0)
        before, after = road(60.0 - 1.5 * most_s), road(60.0 + 1.5 * most_s)
        if len(atlas.cross((before.lon, before.lat), (after.lon, after.lat))) != 2:
            continue
        crossings = truths(atlas, road, 130.0)
        if len(crossings) == 2 and least_s <= crossings[1].at_s - crossings[0].at_s <= most_s:
            return road, crossings
    raise RuntimeError("no corner found")


def wandering(
    random: Random, atlas: Atlas, lines: list[list[Position]], *, before_s: float, after_s: float
) -> tuple[Road, list[Truth]]:
    """A way through town and country that crosses one border once: stretches of 0.2 to 3 km, each with its own speed
    (8 to 42 m/s) and course (40 degrees about the first), and now and then a wait between two.
    """
    for one, x, y in _edges(random, lines, _ATTEMPTS):
        share, speed = random.random(), random.uniform(8, 35)
        course = math.degrees(math.atan2(x, y)) + random.choice((-90, 90)) + random.uniform(-50, 50)
        onwards = _stretches(random, course, speed, after_s)
        back = _stretches(random, course + 180.0, speed, before_s)[:0:-1]
        back[:, 3] += 180.0
        road = _driven(LocalPlane(*one.lonlat(share * x, share * y)), np.vstack([back, onwards]))
        seconds = before_s + after_s
        places = [atlas.territory(m.lon, m.lat) for m in map(road, np.arange(0.0, seconds, 4.0).tolist())]
        if sum(here is not there for here, there in pairwise(places)) != 1:
            continue
        crossings = truths(atlas, road, seconds, 1.0)
        if len(crossings) == 1:
            return road, crossings
    raise RuntimeError("no way across found")


def waiting(road: Road, from_s: float, for_s: float) -> Road:
    """The same, but for a wait."""

    def waits(t: float) -> Motion:
        if from_s < t < from_s + for_s:
            return road(from_s)._replace(speed_mps=0.0)
        return road(t if t <= from_s else t - for_s)

    return waits


def _stretches(random: Random, course_deg: float, speed_mps: float, seconds: float) -> Table:
    """Metres east and north, speed and course, every `_STEP_S`."""
    x = y = 0.0
    course, target, left_m, wait_s = course_deg, speed_mps, random.uniform(200, 3000), 0.0
    rows = []
    for _ in range(int(seconds / _STEP_S) + 2):
        rows.append((x, y, speed_mps, course))
        if wait_s > 0:
            speed_mps = max(0.0, speed_mps - 5 * _STEP_S)
            wait_s -= _STEP_S if speed_mps == 0 else 0.0
        else:
            speed_mps = min(max(target, speed_mps - 5 * _STEP_S), speed_mps + 3 * _STEP_S)
        x += speed_mps * _STEP_S * math.sin(math.radians(course))
        y += speed_mps * _STEP_S * math.cos(math.radians(course))
        left_m -= speed_mps * _STEP_S
        if left_m <= 0:
            left_m, course = random.uniform(200, 3000), course_deg + random.gauss(0, 40)
            target = random.choice((random.uniform(8, 15), random.uniform(15, 25), random.uniform(25, 42)))
            wait_s = random.uniform(5, 90) if random.random() < 0.25 else 0.0
    return np.array(rows)


def _driven(plane: LocalPlane, table: Table) -> Road:
    """Drive what a table says."""

    def road(t: float) -> Motion:
        index = min(max(int(t / _STEP_S), 0), len(table) - 2)
        share = min(max(t / _STEP_S - index, 0.0), 1.0)
        x, y, speed, _ = ((1 - share) * table[index] + share * table[index + 1]).tolist()
        return Motion(*plane.lonlat(x, y), speed, float(table[index, 3]) % 360.0)

    return road


def along(
    random: Random, atlas: Atlas, lines: list[list[Position]], *, nearest_m: float, furthest_m: float
) -> tuple[Road, float]:
    """A road beside a border that never crosses it, at 8 to 30 m/s; and the seconds that it lasts (60 to 180)."""
    for _ in range(_ATTEMPTS):
        line = random.choice([run for run in lines if len(run) > 40])
        first = random.randrange(len(line) - 20)
        plane = LocalPlane(*line[first])
        run = shapely.LineString([plane.xy(*position) for position in line[first : first + 400]]).simplify(2.0)
        offset = random.uniform(nearest_m, furthest_m) * random.choice((-1, 1))
        way = shapely.offset_curve(run, offset, join_style="round")
        if isinstance(way, shapely.MultiLineString):
            way = max(way.geoms, key=lambda part: part.length)
        speed = random.uniform(8, 30)
        if way.length < 60 * speed:
            continue
        seconds = min(way.length / speed, 180.0)
        road = _follow(plane, np.asarray(way.coords), speed)
        places = {atlas.territory(m.lon, m.lat) for m in map(road, np.arange(0.0, seconds, 0.5).tolist())}
        if len(places) > 1:
            continue
        gaps = [atlas.locate(m.lon, m.lat).distance_m or 0.0 for m in map(road, np.arange(0.0, seconds, 2.0).tolist())]
        if min(gaps) >= 0.8 * nearest_m:
            return road, seconds
    raise RuntimeError("no road along found")


def beside(
    random: Random, atlas: Atlas, lines: list[list[Position]], *, nearest_m: float, furthest_m: float
) -> Position:
    """A place to stand at a distance from a border."""
    for _ in range(_ATTEMPTS):
        plane = LocalPlane(*random.choice(random.choice(lines)))
        spot = plane.lonlat(random.uniform(-furthest_m, furthest_m), random.uniform(-furthest_m, furthest_m))
        if nearest_m <= (atlas.locate(*spot).distance_m or 0.0) <= furthest_m:
            return spot
    raise RuntimeError("no place beside found")


def standing(spot: Position) -> Road:
    """No road at all: a car that stands."""
    return lambda _: Motion(*spot, 0.0, 0.0)


def _follow(plane: LocalPlane, way: np.ndarray[tuple[int, int], np.dtype[np.float64]], speed_mps: float) -> Road:
    """Drive a polyline (metres in the plane) at constant speed."""
    steps = np.diff(way, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    ends = np.concatenate([[0.0], np.cumsum(lengths)])

    def road(t: float) -> Motion:
        far = min(max(speed_mps * t, 0.0), float(ends[-1]) - 1e-6)
        i = int(np.searchsorted(ends, far, side="right")) - 1
        x, y = way[i] + steps[i] * ((far - ends[i]) / lengths[i])
        return Motion(*plane.lonlat(float(x), float(y)), speed_mps, math.degrees(math.atan2(*steps[i])) % 360.0)

    return road
