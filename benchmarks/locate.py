"""In which territory is a point: our grid beside whole polygons in shapely, in one run.

    python -m benchmarks.locate [--runs N] [--points N]

Prints a Markdown table. "Whole polygons" asks the territories in turn, prepared, with shapely's vectorised (or, one by
one, scalar) predicate, and is given the order that suits it: the three states first. Medians of several runs, in which
the two take turns, so that a noisy machine is noisy for both; the ratio is what to trust. Then
PostGIS is asked the same, if it is installed (`benchmarks/postgis.py`).
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import shapely

from benchmarks import postgis
from borders.atlas import Atlas
from borders.boundary_file import PACKAGED, decode, load
from borders.coverage import MICRO, OUTSIDE
from borders.geodesy import Floats
from borders.grid import Codes
from borders.states import BOX, TERRITORIES, Territory

SAME_M = 0.001
"""Nearer to a border than this, two ways of counting may differ."""

WEST, SOUTH, EAST, NORTH = BOX


def whole_polygons() -> list[tuple[int, shapely.MultiPolygon]]:
    """Every territory as one prepared polygon, with its code."""
    parts: dict[Territory, list[shapely.Polygon]] = {}
    for territory, (shell, *holes) in decode(PACKAGED.read_bytes(), PACKAGED)[1].polygons():
        parts.setdefault(territory, []).append(shapely.Polygon(shell / MICRO, [hole / MICRO for hole in holes]))
    areas = [(TERRITORIES.index(territory), shapely.MultiPolygon(polygons)) for territory, polygons in parts.items()]
    shapely.prepare([area for _, area in areas])
    return sorted(areas, key=lambda area: area[0])


def uniform(count: int) -> tuple[Floats, Floats]:
    """Points all over the box."""
    random = np.random.default_rng(1)
    return random.uniform(WEST, EAST, count), random.uniform(SOUTH, NORTH, count)


def near_borders(count: int, reach_m: float = 500.0) -> tuple[Floats, Floats]:
    """Points within so many metres of a border."""
    random = np.random.default_rng(2)
    coverage = decode(PACKAGED.read_bytes(), PACKAGED)[1]
    arcs = [arc for arc, right in zip(coverage.arcs(), coverage.rights.tolist(), strict=True) if right != OUTSIDE]
    vertices = np.concatenate(arcs)[random.integers(0, sum(map(len, arcs)), count)] / MICRO
    away, direction = reach_m * random.random(count), random.uniform(0, 2 * np.pi, count)
    lat = vertices[:, 1] + away * np.sin(direction) / 111_400
    lon = vertices[:, 0] + away * np.cos(direction) / (111_400 * np.cos(np.radians(lat)))
    return lon.clip(WEST, EAST), lat.clip(SOUTH, NORTH)


def nanoseconds(work: Callable[[], object], points: int) -> float:
    """How long the work takes for each point."""
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / points


def median_each(
    ours: Callable[[], object], theirs: Callable[[], object], points: int, runs: int
) -> tuple[float, float]:
    """Medians in nanoseconds per point, the two taking turns after a warm-up."""
    ours()
    theirs()
    pairs = [(nanoseconds(ours, points), nanoseconds(theirs, points)) for _ in range(runs)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


class Long:
    """The way without a grid."""

    def __init__(self) -> None:
        self.areas = whole_polygons()

    def batch(self, lon: Floats, lat: Floats) -> Codes:
        codes = np.full(lon.size, OUTSIDE, dtype=np.uint8)
        left = np.arange(lon.size)
        for code, area in self.areas:
            has = shapely.intersects_xy(area, lon[left], lat[left])
            codes[left[has]] = code
            left = left[~has]
            if not left.size:
                break
        return codes

    def one(self, lon: float, lat: float) -> int:
        for code, area in self.areas:
            if shapely.intersects_xy(area, lon, lat):
                return code
        return OUTSIDE


def in_batches(locate: Callable[[Floats, Floats], Codes], lon: Floats, lat: Floats, size: int) -> None:
    for start in range(0, lon.size, size):
        locate(lon[start : start + size], lat[start : start + size])


def one_by_one(locate: Callable[[float, float], object], points: list[tuple[float, float]]) -> None:
    for lon, lat in points:
        locate(lon, lat)


def table(atlas: Atlas, long: Long, points: int, runs: int) -> None:
    """Time every row and print it."""
    print("| points | at a time | grid, ns | whole polygons, ns | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (lon, lat) in (("uniform", uniform(points)), ("within 500 m of a border", near_borders(points))):
        wrong = int(np.count_nonzero(atlas.territories(lon, lat) != long.batch(lon, lat)))
        if wrong:
            raise SystemExit(f"{wrong} of {points} {name} points differ: nothing to compare")
        for size in (100_000, 10_000, 1_000, 100):
            ours, theirs = median_each(
                partial(in_batches, atlas.territories, lon, lat, size),
                partial(in_batches, long.batch, lon, lat, size),
                points,
                runs,
            )
            print(f"| {name} | {size:,} | {ours:,.1f} | {theirs:,.0f} | {theirs / ours:,.1f} |")
        some = list(zip(lon[:5_000].tolist(), lat[:5_000].tolist(), strict=True))
        ours, theirs = median_each(
            partial(one_by_one, atlas.territory, some), partial(one_by_one, long.one, some), len(some), runs
        )
        print(f"| {name} | 1 | {ours:,.0f} | {theirs:,.0f} | {theirs / ours:,.1f} |")


def beside_postgis(atlas: Atlas, long: Long, points: int, runs: int) -> None:
    """The same points in PostGIS, in turns with ours; whole tables at a time, which is what suits it."""
    if not postgis.is_installed():
        print("\nPostGIS is not installed (Debian: postgresql-15-postgis-3): nothing beside it.")
        return
    with postgis.running() as server:
        server.load(long.areas)
        print(f"\nPostGIS {server.version()}, ST_Contains on ST_Subdivide({postgis.VERTICES}) with GiST\n")
        print("| points | grid, ns | PostGIS, ns | ratio, its spread |")
        print("| --- | ---: | ---: | ---: |")
        for name, (lon, lat) in (("uniform", uniform(points)), ("within 500 m of a border", near_borders(points))):
            server.place(lon, lat)
            for at in np.flatnonzero(atlas.territories(lon, lat) != server.codes(points)).tolist():
                if lon[at] in (WEST, EAST) or lat[at] in (SOUTH, NORTH):
                    continue  # on the edge of the covered box, which ST_Contains does not count in
                # Cutting polygons up moves their edges by rounding, so points on an edge may change sides.
                off_m = atlas.locate(float(lon[at]), float(lat[at])).distance_m
                if off_m is None or off_m > SAME_M:
                    raise SystemExit(f"{lon[at]}, {lat[at]} differs, {off_m} m from the border: nothing to compare")
            pairs = []
            for _ in range(runs):
                ours = nanoseconds(partial(atlas.territories, lon, lat), points)
                pairs.append((ours, server.milliseconds() * 1e6 / points))
            ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratios = sorted(other / one for one, other in pairs)
            spread = f"{theirs / ours:,.0f} ({ratios[0]:,.0f} to {ratios[-1]:,.0f})"
            print(f"| {name} | {ours:,.1f} | {theirs:,.0f} | {spread} |")


def others(atlas: Atlas, runs: int) -> None:
    """What else the atlas is asked, without a peer beside it."""
    lon, lat = near_borders(2_000)
    far_lon, far_lat = uniform(2_000)
    near = list(zip(lon.tolist(), lat.tolist(), strict=True))
    far = list(zip(far_lon.tolist(), far_lat.tolist(), strict=True))
    hops = [((x, y), (x + 0.0003, y + 0.0002)) for x, y in near if x < EAST - 0.001 and y < NORTH - 0.001]
    print("\n| question | points | µs |")
    print("| --- | --- | ---: |")
    rows: list[tuple[str, str, Callable[[], object], int]] = [
        ("distance_bound_m", "uniform", lambda: [atlas.distance_bound_m(*at) for at in far], len(far)),
        ("locate", "uniform", lambda: [atlas.locate(*at) for at in far], len(far)),
        ("locate", "within 500 m", lambda: [atlas.locate(*at) for at in near], len(near)),
        ("locate_many", "uniform", lambda: atlas.locate_many(far_lon, far_lat), len(far)),
        ("locate_many", "within 500 m", lambda: atlas.locate_many(lon, lat), len(near)),
        ("within 50 m", "within 500 m", lambda: [atlas.within(*at, 50.0) for at in near], len(near)),
        ("cross, 30 m", "within 500 m", lambda: [atlas.cross(*hop) for hop in hops], len(hops)),
    ]
    for question, points, work, count in rows:
        work()
        median_us = statistics.median(nanoseconds(work, count) for _ in range(runs)) / 1000
        print(f"| {question} | {points} | {median_us:,.2f} |")
    load_us = statistics.median(nanoseconds(load, 1) for _ in range(runs)) / 1000
    print(f"| load the boundary file | - | {load_us:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--points", type=int, default=100_000)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, shapely {shapely.__version__} (GEOS {shapely.geos_version_string}), "
        f"numpy {np.__version__}, medians of {options.runs} runs\n"
    )
    atlas = load()
    long = Long()
    table(atlas, long, options.points, options.runs)
    beside_postgis(atlas, long, options.points, options.runs)
    others(atlas, options.runs)


if __name__ == "__main__":
    main()
