"""The short way equals the long way: grid against whole polygons, batch against scalar, bound against
distance.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from borders.atlas import Atlas
from borders.boundary_file import PACKAGED, decode, load
from borders.coverage import MICRO, OUTSIDE, Coverage
from borders.geodesy import Floats
from borders.grid import SIZE, Codes
from borders.states import BOX, TERRITORIES, Territory

WEST, SOUTH, EAST, NORTH = BOX
SEED = 20260823


@cache
def packaged() -> Atlas:
    """The atlas that ships."""
    return load()


@cache
def coverage() -> Coverage:
    """What the shipped file holds."""
    return decode(PACKAGED.read_bytes(), PACKAGED)[1]


@cache
def polygons() -> tuple[shapely.MultiPolygon, ...]:
    """The territories in the order of `TERRITORIES`, strung together here and prepared, with nothing of the
    grid.
    """
    parts: dict[Territory, list[shapely.Polygon]] = {}
    for territory, (shell, *holes) in coverage().polygons():
        parts.setdefault(territory, []).append(shapely.Polygon(shell / MICRO, [hole / MICRO for hole in holes]))
    areas = tuple(shapely.MultiPolygon(parts.get(territory, [])) for territory in TERRITORIES)
    shapely.prepare(list(areas))
    return areas


def long_way(lon: Floats, lat: Floats) -> Codes:
    """Ask every territory in turn about every point that none before has."""
    codes = np.full(lon.size, OUTSIDE, dtype=np.uint8)
    left = np.arange(lon.size)
    for code, area in enumerate(polygons()):
        has = shapely.intersects_xy(area, lon[left], lat[left])
        codes[left[has]] = code
        left = left[~has]
    return codes


def uniform(count: int, margin_deg: float = 0.0) -> tuple[Floats, Floats]:
    """Random points all over the box."""
    random = np.random.default_rng(SEED)
    return (
        random.uniform(WEST - margin_deg, EAST + margin_deg, count),
        random.uniform(SOUTH - margin_deg, NORTH + margin_deg, count),
    )


def near_borders(count: int, reach_m: float = 500.0) -> tuple[Floats, Floats]:
    """Random points within so many metres of a border, in the box."""
    random = np.random.default_rng(SEED)
    arcs = [arc for arc, right in zip(coverage().arcs(), coverage().rights.tolist(), strict=True) if right != OUTSIDE]
    starts, ends = (np.concatenate([arc[part] for arc in arcs]) / MICRO for part in (slice(-1), slice(1, None)))
    edge = random.integers(0, len(starts), count)
    on_border = starts[edge] + random.random((count, 1)) * (ends[edge] - starts[edge])
    away, direction = reach_m * 0.999 * random.random(count), random.uniform(0, 2 * np.pi, count)
    lat = on_border[:, 1] + away * np.sin(direction) / 111_400
    lon = on_border[:, 0] + away * np.cos(direction) / (111_400 * np.cos(np.radians(lat)))
    return lon.clip(WEST, EAST), lat.clip(SOUTH, NORTH)


def on_cell_sides(count: int) -> tuple[Floats, Floats]:
    """Points on the sides and corners of grid cells, and next to them by one unit in the last place."""
    random = np.random.default_rng(SEED)
    lon = WEST + random.integers(0, SIZE + 1, count) / (SIZE / (EAST - WEST))
    lat = SOUTH + random.integers(0, SIZE + 1, count) / (SIZE / (NORTH - SOUTH))
    nudge = random.integers(-1, 2, count)
    lon = np.where(nudge, np.nextafter(lon, lon + nudge), lon)
    lat = np.where(random.random(count) < 0.5, lat, random.uniform(SOUTH, NORTH, count))
    return lon.clip(WEST, EAST), lat.clip(SOUTH, NORTH)


def on_borders() -> tuple[Floats, Floats]:
    """Every vertex of every border, and the middles of all edges."""
    vertices = coverage().vertices / MICRO
    middles = (vertices[:-1] + vertices[1:]) / 2
    lon, lat = np.concatenate([vertices, middles]).T
    return lon, lat


def test_a_million_points_by_grid_and_by_polygon() -> None:
    lon, lat = uniform(1_000_000, margin_deg=0.01)

    assert np.array_equal(packaged().territories(lon, lat), long_way(lon, lat))


@pytest.mark.parametrize("reach_m", [500.0, 1.0, 1e-5])
def test_a_hundred_thousand_points_near_borders_by_grid_and_by_polygon(reach_m: float) -> None:
    lon, lat = near_borders(100_000, reach_m)

    assert np.array_equal(packaged().territories(lon, lat), long_way(lon, lat))


def test_points_on_cell_sides_by_grid_and_by_polygon() -> None:
    lon, lat = on_cell_sides(50_000)

    assert np.array_equal(packaged().territories(lon, lat), long_way(lon, lat))


def test_points_on_borders_by_grid_and_by_polygon() -> None:
    lon, lat = on_borders()

    codes = packaged().territories(lon, lat)

    assert np.array_equal(codes, long_way(lon, lat))
    assert OUTSIDE not in codes


def test_one_by_one_as_in_a_batch() -> None:
    atlas = packaged()
    for lon, lat in (
        uniform(2_000, margin_deg=0.2),
        near_borders(2_000),
        tuple(part[::60] for part in on_borders()),
    ):
        places = atlas.locate_many(lon, lat)
        for k, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
            place = atlas.locate(x, y)
            assert atlas.territory(x, y) is place.territory is TERRITORIES[places.territories[k]]
            if place.territory is Territory.OUTSIDE:
                assert np.isnan(places.distances_m[k])
                assert places.borders[k] == -1
            else:
                assert place.distance_m == pytest.approx(places.distances_m[k], rel=1e-12, abs=1e-9)
                assert place.border == places.names[places.borders[k]]


def test_the_nearest_border_is_one_of_the_territory_itself() -> None:
    atlas = packaged()
    for lon, lat in (uniform(5_000), near_borders(5_000)):
        places = atlas.locate_many(lon, lat)
        for code, border in zip(places.territories.tolist(), places.borders.tolist(), strict=True):
            assert TERRITORIES[code] in places.names[border].split("-")


def test_the_bound_is_never_more_than_the_distance() -> None:
    atlas = packaged()
    for lon, lat in (uniform(20_000), near_borders(20_000, 3_000.0), on_cell_sides(5_000)):
        distances_m = atlas.locate_many(lon, lat).distances_m
        bounds_m = [atlas.distance_bound_m(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
        assert (np.array(bounds_m) <= distances_m).all()


def in_known_cells(places: int, each: int) -> tuple[Floats, Floats]:
    """Points so close together near a border that the parts of their cells are worked out after the first few."""
    lon, lat = near_borders(places)
    random = np.random.default_rng(SEED)
    lon, lat = (np.repeat(degrees, each) + random.uniform(-0.003, 0.003, places * each) for degrees in (lon, lat))
    return lon.clip(WEST, EAST), lat.clip(SOUTH, NORTH)


def test_parts_of_cells_lie_where_the_polygons_say() -> None:
    atlas = packaged()
    lon, lat = in_known_cells(150, 60)
    spots = [atlas.spot(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]

    assert [TERRITORIES.index(territory) for territory, _ in spots] == long_way(lon, lat).tolist()
    bounds_m = np.array([bound_m for _, bound_m in spots])
    distances_m = atlas.locate_many(lon, lat).distances_m
    assert (bounds_m <= distances_m).all()
    assert (bounds_m[len(bounds_m) // 2 :][distances_m[len(bounds_m) // 2 :] > 250] > 0).mean() > 0.8, "worth having"


def test_what_is_crossed_does_not_depend_on_what_was_asked_before() -> None:
    """The same segments in an atlas that knows nothing yet, and in one that has worked out the parts of its cells."""
    lon, lat = in_known_cells(40, 12)
    ends = list(
        zip(
            zip(lon.tolist(), lat.tolist(), strict=True),
            zip(lon[::-1].tolist(), lat[::-1].tolist(), strict=True),
            strict=True,
        )
    )
    ends += [((x, y), (x + 0.02, y + 0.01)) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    knowing = packaged()
    for _ in range(4):
        for (x, y), _ in ends:
            knowing.spot(x, y)
    new = load()

    assert [knowing.cross(a, b) for a, b in ends] == [new.cross(a, b) for a, b in ends]


def test_the_bound_is_worth_having() -> None:
    """Most points are far from any border, and the bound must say so, or nothing is saved."""
    atlas = packaged()
    lon, lat = uniform(5_000)
    distances_m = atlas.locate_many(lon, lat).distances_m
    bounds_m = np.array([atlas.distance_bound_m(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)])

    far = distances_m > 2_000
    assert (bounds_m[far] > 0).all()
    assert np.median((bounds_m / distances_m)[far]) > 0.7


def test_signed_distance_agrees_with_within() -> None:
    """A disc a little larger than the distance to a territory touches it; a little smaller does not."""
    atlas = packaged()
    lon, lat = near_borders(300, 5_000.0)
    for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
        here = atlas.territory(x, y)
        for territory in (Territory.BE, Territory.NL, Territory.LU, Territory.DE):
            distance_m = atlas.signed_distance_m(territory, x, y)
            assert (distance_m >= 0) == (territory is here)
            if territory is not here and -distance_m < 50_000:
                assert territory in atlas.within(x, y, -distance_m * 1.000_001 + 1e-6)
                assert territory not in atlas.within(x, y, max(0.0, -distance_m * 0.999_999 - 1e-6))


def chain_holds(a: tuple[float, float], b: tuple[float, float]) -> None:
    """Follow `cross` from `a` to `b` and compare with `territory` at both ends and between all points."""
    atlas = packaged()
    points = atlas.cross(a, b)
    here = atlas.territory(*a)
    before = 0.0
    for point in points:
        assert point.from_territory is here
        assert point.from_territory is not point.to_territory
        assert before <= point.fraction <= 1.0
        middle = (before + point.fraction) / 2
        if (point.fraction - before) * max(abs(b[0] - a[0]), abs(b[1] - a[1])) > 1e-8:
            assert atlas.territory(a[0] + middle * (b[0] - a[0]), a[1] + middle * (b[1] - a[1])) is here
        here, before = point.to_territory, point.fraction
    assert here is atlas.territory(*b)


def steps_find_nothing_else(a: tuple[float, float], b: tuple[float, float], steps: int) -> None:
    """Walk the segment in small steps: no territory may show that `cross` does not tell of."""
    atlas = packaged()
    points = atlas.cross(a, b)
    cuts = np.array([point.fraction for point in points])
    fractions = np.linspace(0.0, 1.0, steps)
    seen = atlas.territories(a[0] + fractions * (b[0] - a[0]), a[1] + fractions * (b[1] - a[1]))
    told = [
        TERRITORIES.index(atlas.territory(*a)),
        *(TERRITORIES.index(point.to_territory) for point in points),
    ]
    clear = np.abs(fractions[:, None] - cuts).min(axis=1, initial=1.0) > 1e-9
    expected = np.array(told)[np.searchsorted(cuts, fractions)]
    assert np.array_equal(seen[clear], expected[clear])


positions = st.tuples(st.floats(WEST - 0.5, EAST + 0.5), st.floats(SOUTH - 0.5, NORTH + 0.5))
baarle = st.tuples(st.floats(4.90, 4.96), st.floats(51.42, 51.46))


@settings(deadline=None, max_examples=150)
@given(positions, positions)
def test_crossings_of_long_segments(a: tuple[float, float], b: tuple[float, float]) -> None:
    chain_holds(a, b)
    steps_find_nothing_else(a, b, 2_000)


@settings(deadline=None, max_examples=150)
@given(baarle, baarle)
def test_crossings_in_baarle(a: tuple[float, float], b: tuple[float, float]) -> None:
    chain_holds(a, b)
    steps_find_nothing_else(a, b, 2_000)
    assert [(p.to_territory, p.from_territory) for p in reversed(packaged().cross(b, a))] == [
        (p.from_territory, p.to_territory) for p in packaged().cross(a, b)
    ]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_crossings_between_vertices_of_borders(data: st.DataObject) -> None:
    """The nastiest segments: both ends on a border, some along an edge, some through a tripoint."""
    vertices = coverage().vertices
    k = data.draw(st.integers(0, len(vertices) - 2))
    hop = data.draw(st.integers(1, 30))
    a, b = (tuple((vertices[i] / MICRO).tolist()) for i in (k, min(k + hop, len(vertices) - 1)))
    chain_holds((a[0], a[1]), (b[0], b[1]))


def test_crossings_of_short_segments_near_borders() -> None:
    """As a car makes them: 30 m a second, most of them crossing nothing."""
    lon, lat = near_borders(3_000, 60.0)
    random = np.random.default_rng(SEED)
    step = random.normal(0, 0.0003, (2, lon.size))
    crossed = 0
    for x, y, dx, dy in zip(lon.tolist(), lat.tolist(), *step.tolist(), strict=True):
        a, b = (x, y), (min(x + dx, EAST), min(y + dy, NORTH))
        chain_holds(a, b)
        points = packaged().cross(a, b)
        crossed += bool(points)
        for point in points:
            if Territory.OUTSIDE not in {point.from_territory, point.to_territory}:
                assert packaged().signed_distance_m(point.from_territory, point.lon, point.lat) == pytest.approx(
                    0, abs=0.01
                )
    assert crossed > 300
