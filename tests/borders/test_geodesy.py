"""Our geodesy against `pyproj.Geod` and PROJ."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from borders.geodesy import ConicPlane, Floats, LocalPlane, azimuth_deg, distance_m
from borders.states import BOX

GEOD = pyproj.Geod(ellps="WGS84")
WEST, SOUTH, EAST, NORTH = BOX


def pairs(reach_m: float, count: int = 500) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Random positions in the box, and others at a known azimuth and distance from them."""
    random = np.random.default_rng(1)
    lon, lat = random.uniform(WEST, EAST, count), random.uniform(SOUTH, NORTH, count)
    azimuth, apart = random.uniform(0, 360, count), random.uniform(reach_m / 100, reach_m, count)
    lon_b, lat_b, _ = GEOD.fwd(lon, lat, azimuth, apart)
    return lon, lat, lon_b, lat_b, azimuth, apart


def turn_deg(one: Floats, other: Floats) -> float:
    """The largest difference between directions."""
    return float(np.abs((one - other + 180) % 360 - 180).max())


@pytest.mark.parametrize(("reach_m", "tolerance"), [(1.0, 1e-6), (50_000.0, 1e-7), (500_000.0, 2e-6)])
def test_distance_is_the_geodesic(reach_m: float, tolerance: float) -> None:
    lon, lat, lon_b, lat_b, _, apart = pairs(reach_m)

    ours = np.array([distance_m(*pair) for pair in zip(lon, lat, lon_b, lat_b, strict=True)])

    assert np.abs(ours / apart - 1).max() < tolerance


def test_distance_holds_all_over_the_earth() -> None:
    random = np.random.default_rng(2)
    lon, lon_b = random.uniform(-180, 180, (2, 3000))
    lat, lat_b = random.uniform(-90, 90, (2, 3000))
    truth = GEOD.inv(lon, lat, lon_b, lat_b)[2]

    error = np.abs([distance_m(*pair) for pair in zip(lon, lat, lon_b, lat_b, strict=True)] / truth - 1)

    assert error[truth < 10_000_000].max() < 0.002
    assert error.max() < 0.05


def test_distance_across_the_antimeridian_and_over_the_pole() -> None:
    assert distance_m(179.999, 0.0, -179.999, 0.0) == pytest.approx(GEOD.inv(179.999, 0, -179.999, 0)[2], rel=1e-9)
    assert distance_m(0.0, 89.999, 180.0, 89.999) == pytest.approx(GEOD.inv(0, 89.999, 180, 89.999)[2], rel=1e-9)


@pytest.mark.parametrize(("reach_m", "tolerance_deg"), [(100.0, 1e-5), (100_000.0, 1e-3)])
def test_azimuth_is_that_of_the_geodesic(reach_m: float, tolerance_deg: float) -> None:
    lon, lat, lon_b, lat_b, azimuth, _ = pairs(reach_m)

    ours = np.array([azimuth_deg(*pair) for pair in zip(lon, lat, lon_b, lat_b, strict=True)])

    assert turn_deg(ours, azimuth) < tolerance_deg
    assert ours.min() >= 0.0
    assert ours.max() < 360.0


def test_azimuth_to_itself_is_zero() -> None:
    assert azimuth_deg(4.7, 51.5, 4.7, 51.5) == 0.0


def test_azimuth_never_reaches_360() -> None:
    """A hair west of north rounds to 360 when 360 is added."""
    assert azimuth_deg(4.0, 51.0, 4.0 - 1e-15, 52.0) < 360.0


@pytest.mark.parametrize(("reach_m", "tolerance", "tolerance_deg"), [(5_000.0, 1e-7, 0.031), (50_000.0, 1e-5, 0.31)])
def test_local_plane_keeps_lengths_and_directions(reach_m: float, tolerance: float, tolerance_deg: float) -> None:
    lon, lat, lon_b, lat_b, azimuth, apart = pairs(reach_m)

    xy = np.array([LocalPlane(a, b).xy(c, d) for a, b, c, d in zip(lon, lat, lon_b, lat_b, strict=True)])

    assert np.abs(np.hypot(xy[:, 0], xy[:, 1]) / apart - 1).max() < tolerance
    assert turn_deg(np.degrees(np.arctan2(xy[:, 0], xy[:, 1])), azimuth) < tolerance_deg


@given(st.floats(-180, 180), st.floats(-80, 80), st.floats(-100_000, 100_000), st.floats(-100_000, 100_000))
def test_local_plane_there_and_back(lon: float, lat: float, east_m: float, north_m: float) -> None:
    plane = LocalPlane(lon, lat)

    assert plane.xy(*plane.lonlat(east_m, north_m)) == pytest.approx((east_m, north_m), abs=1e-6)


def test_conic_plane_is_the_one_of_proj() -> None:
    sixth = (NORTH - SOUTH) / 6
    theirs = pyproj.Proj(
        proj="lcc",
        ellps="WGS84",
        lat_1=SOUTH + sixth,
        lat_2=NORTH - sixth,
        lat_0=(SOUTH + NORTH) / 2,
        lon_0=(WEST + EAST) / 2,
    )
    lon, lat, *_ = pairs(1.0)

    x, y, scale = ConicPlane(*BOX).project(lon, lat)

    assert np.abs(np.array(theirs(lon, lat)) - [x, y]).max() < 1e-6
    assert np.abs(theirs.get_factors(lon, lat).meridional_scale - scale).max() < 1e-9
    assert np.abs(scale - 1).max() < 6e-4


def test_conic_plane_measures_within_a_tenth_of_a_percent() -> None:
    """What the border distances rest on: a length on the map over the scale at one end, up to 50 km."""
    lon, lat, lon_b, lat_b, _, apart = pairs(50_000.0)
    plane = ConicPlane(*BOX)
    xa, ya, scale = plane.project(lon, lat)
    xb, yb, _ = plane.project(lon_b, lat_b)

    assert np.abs(np.hypot(xb - xa, yb - ya) / scale / apart - 1).max() < 5e-4


def test_no_distance_from_itself() -> None:
    assert distance_m(4.0, 51.0, 4.0, 51.0) == 0.0
