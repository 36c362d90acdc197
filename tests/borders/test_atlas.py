"""The atlas at places whose answers are known, at its edges, and with what it must refuse."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import shapely
from pyproj import Geod

from borders.atlas import Atlas, BadCoordinate, BorderPoint, Place
from borders.boundary_file import load
from borders.features import MultiLineString, MultiPolygon
from borders.states import BOX, TERRITORIES, Territory

BE, NL, LU, DE, FR = Territory.BE, Territory.NL, Territory.LU, Territory.DE, Territory.FR
GEOD = Geod(ellps="WGS84")
WEST, SOUTH, EAST, NORTH = BOX


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """The packaged one."""
    return load()


@pytest.mark.parametrize(
    ("lon", "lat", "territory"),
    [
        (4.3517, 50.8466, BE),  # Brussels, Grand-Place
        (4.8936, 52.3731, NL),  # Amsterdam, Dam
        (6.1304, 49.6113, LU),  # Luxembourg, palace
        (6.0839, 50.7753, DE),  # Aachen, town hall
        (3.0635, 50.6370, FR),  # Lille, Grand'Place
        (1.5500, 52.5800, Territory.GB),  # off Norfolk, in the territorial sea
        (3.0000, 53.5000, Territory.SEA),
        (6.9500, 53.3500, Territory.NL_DE),  # Ems-Dollard
        (4.9414, 51.4356, BE),  # Baarle, enclave H2
        (6.2150, 50.5680, DE),  # Mützenich, beyond the Vennbahn
        (5.7002, 50.7823, NL),  # Illal, Dutch since 1 January 2018
        (5.6859, 50.7644, BE),  # Petit-Gravier, Belgian since then
        (9.0000, 52.0000, Territory.OUTSIDE),
    ],
)
def test_known_places(atlas: Atlas, lon: float, lat: float, territory: Territory) -> None:
    assert atlas.territory(lon, lat) is territory
    assert atlas.locate(lon, lat).territory is territory
    assert TERRITORIES[atlas.territories(np.array([lon]), np.array([lat]))[0]] is territory


@pytest.mark.parametrize(
    ("lon", "lat", "within_m", "border"),
    [
        (4.7386, 51.4918, 600.0, "BE-NL"),  # Hazeldonk, E19
        (5.8880, 49.6395, 600.0, "BE-LU"),  # Sterpenich, E411
        (5.7366, 49.8330, 400.0, "BE-LU"),  # Martelange, N4
        (4.9294, 51.4381, 150.0, "BE-NL"),  # Baarle, town hall
        (6.1050, 50.7238, 1_500.0, "BE-DE"),  # Lichtenbusch, E40
        (3.1655, 50.7806, 1_500.0, "BE-FR"),  # Rekkem, E17
    ],
)
def test_the_nearest_border_by_name(atlas: Atlas, lon: float, lat: float, within_m: float, border: str) -> None:
    place = atlas.locate(lon, lat)

    assert place.border == border
    assert place.distance_m is not None
    assert 0 < place.distance_m < within_m


def test_three_states_meet_at_vaals_schengen_and_athus(atlas: Atlas) -> None:
    assert atlas.within(6.0208, 50.7545, 30.0) == (NL, BE, DE)
    assert atlas.within(5.8186, 49.5464, 30.0)[0] in {BE, LU, FR}
    assert set(atlas.within(5.8186, 49.5464, 30.0)) == {BE, LU, FR}
    assert set(atlas.within(6.3665, 49.4695, 200.0)) == {LU, DE, FR, Territory.LU_DE}


def test_within_grows_with_the_radius_and_starts_at_home(atlas: Atlas) -> None:
    assert atlas.within(4.3517, 50.8466, 0.0) == (BE,)
    assert atlas.within(4.3517, 50.8466, 40_000.0) == (BE,)
    assert atlas.within(4.3517, 50.8466, 60_000.0) == (BE, NL, FR)
    assert atlas.within(4.8936, 52.3731, 150_000.0)[0] is NL


def test_a_border_names_its_two_sides_in_alphabetical_order(atlas: Atlas) -> None:
    names = atlas.locate_many(np.array([4.0]), np.array([51.0])).names

    assert {"BE-NL", "BE-LU", "BE-DE", "BE-FR", "DE-NL", "DE-LU", "FR-LU", "BE-SEA", "LU-LU+DE"} <= set(names)
    assert all(name.split("-") == sorted(name.split("-")) for name in names)


def test_distance_is_that_of_the_geodesic_to_the_border(atlas: Atlas) -> None:
    """No vertex of the border is nearer than the distance told, and when the border is far the nearest vertex
    is as far.

    Vertices stand close together on land, so for points tens of kilometres away the nearest one is the
    nearest point.
    """
    line = np.concatenate(
        [
            np.array(part)
            for feature in atlas.features()
            if feature.properties.name in {"BE-NL", "BE-DE", "BE-LU", "BE-FR", "BE-LU+DE", "BE-SEA"}
            and isinstance(feature.geometry, MultiLineString)
            for part in feature.geometry.coordinates
        ]
    )
    for lon, lat in [(4.4, 50.5), (4.8, 50.6), (4.35, 50.85), (5.2, 50.4), (3.7, 51.0), (5.6, 50.2)]:
        told = atlas.locate(lon, lat).distance_m
        assert told is not None
        nearest = GEOD.inv(np.full(len(line), lon), np.full(len(line), lat), line[:, 0], line[:, 1])[2].min()
        assert told == pytest.approx(nearest, rel=1e-3)


def test_distance_a_known_way_from_a_border_that_is_straight(atlas: Atlas) -> None:
    """Walk square off the middle of the longest straight edge between Germany and the Netherlands."""
    edges = [
        (np.array(part[k]), np.array(part[k + 1]))
        for feature in atlas.features()
        if feature.properties.name == "DE-NL" and isinstance(feature.geometry, MultiLineString)
        for part in feature.geometry.coordinates
        for k in range(len(part) - 1)
    ]
    start, end = max(edges, key=lambda edge: float(np.hypot(*(edge[1] - edge[0]))))
    middle = (start + end) / 2
    azimuth = GEOD.inv(middle[0], middle[1], end[0], end[1])[0]
    for apart_m in (0.5, 5.0, 50.0, 200.0):
        lon, lat, _ = GEOD.fwd(middle[0], middle[1], azimuth + 90, apart_m)
        assert atlas.locate(lon, lat).distance_m == pytest.approx(apart_m, rel=1e-3, abs=0.02)


def test_signed_distance_is_positive_inside_only(atlas: Atlas) -> None:
    lon, lat = 4.7386, 51.4918  # Hazeldonk, just in the Netherlands
    here = atlas.locate(lon, lat).distance_m

    assert here is not None
    assert atlas.signed_distance_m(NL, lon, lat) == here
    assert atlas.signed_distance_m(BE, lon, lat) == pytest.approx(-here)
    assert atlas.signed_distance_m(LU, lon, lat) < -150_000


def test_signed_distance_outside_the_box_and_of_outside(atlas: Atlas) -> None:
    assert atlas.signed_distance_m(DE, 9.0, 52.0) == -math.inf
    with pytest.raises(ValueError, match="OUTSIDE, which has no border"):
        atlas.signed_distance_m(Territory.OUTSIDE, 4.0, 51.0)


def test_the_edge_of_the_box_is_no_border(atlas: Atlas) -> None:
    """At Kassel's longitude the box ends in the middle of Germany: the nearest border is far away."""
    place = atlas.locate(EAST, 51.3)

    assert place.territory is DE
    assert place.distance_m is not None
    assert place.distance_m > 100_000


def test_outside_answers_nothing(atlas: Atlas) -> None:
    assert atlas.locate(9.0, 52.0) == Place(Territory.OUTSIDE, None, None)
    assert atlas.distance_bound_m(9.0, 52.0) == 0.0
    assert atlas.within(9.0, 52.0, 1e6) == (Territory.OUTSIDE,)
    many = atlas.locate_many(np.array([9.0, 4.0]), np.array([52.0, 51.0]))
    assert np.isnan(many.distances_m).tolist() == [True, False]
    assert many.borders[0] == -1


@pytest.mark.parametrize("lon", [WEST, (WEST + EAST) / 2, EAST])
@pytest.mark.parametrize("lat", [SOUTH, (SOUTH + NORTH) / 2, NORTH])
def test_the_box_includes_its_edge(atlas: Atlas, lon: float, lat: float) -> None:
    assert atlas.territory(lon, lat) is not Territory.OUTSIDE
    if lon != (WEST + EAST) / 2:
        assert atlas.territory(math.nextafter(lon, 20.0 * (lon - 5)), lat) is Territory.OUTSIDE


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 180.1, -180.1, 1e308])
def test_what_is_no_position_is_refused(atlas: Atlas, bad: float) -> None:
    good = 51.0
    for lon, lat, name in ((bad, good, "lon"), (good, bad, "lat")):
        many = np.array([4.0, lon]), np.array([51.0, lat])
        for ask in (
            lambda lon=lon, lat=lat: atlas.territory(lon, lat),
            lambda lon=lon, lat=lat: atlas.locate(lon, lat),
            lambda lon=lon, lat=lat: atlas.distance_bound_m(lon, lat),
            lambda lon=lon, lat=lat: atlas.within(lon, lat, 10.0),
            lambda lon=lon, lat=lat: atlas.signed_distance_m(BE, lon, lat),
            lambda lon=lon, lat=lat: atlas.cross((4.0, 51.0), (lon, lat)),
            lambda lon=lon, lat=lat: atlas.cross((lon, lat), (4.0, 51.0)),
        ):
            with pytest.raises(BadCoordinate, match=f"^{name}: got"):
                ask()
        for ask_many in (atlas.territories, atlas.locate_many):
            with pytest.raises(BadCoordinate, match=f"^position 1: {name}: got"):
                ask_many(*many)


def test_latitude_ends_at_90(atlas: Atlas) -> None:
    assert atlas.territory(-180.0, 90.0) is Territory.OUTSIDE
    with pytest.raises(BadCoordinate, match=r"^lat: got 90\.5, allowed are degrees from -90 to 90$"):
        atlas.territory(0.0, 90.5)


@pytest.mark.parametrize("radius_m", [-1.0, math.nan, math.inf])
def test_a_radius_must_be_finite_and_not_negative(atlas: Atlas, radius_m: float) -> None:
    with pytest.raises(ValueError, match="radius_m: got"):
        atlas.within(4.0, 51.0, radius_m)


def test_batches_keep_their_shape(atlas: Atlas) -> None:
    lon, lat = np.meshgrid(np.linspace(1.0, 9.0, 7), np.linspace(48.5, 54.5, 5))

    codes = atlas.territories(lon, lat)
    places = atlas.locate_many(lon, lat)

    assert codes.shape == places.territories.shape == places.distances_m.shape == places.borders.shape == (5, 7)
    assert np.array_equal(codes, places.territories)
    assert atlas.territories(np.empty(0), np.empty(0)).shape == (0,)
    assert atlas.locate_many(np.empty(0), np.empty(0)).distances_m.shape == (0,)


def test_arrays_of_different_shapes_are_refused(atlas: Atlas) -> None:
    with pytest.raises(ValueError, match="one shape for both"):
        atlas.territories(np.zeros(2), np.zeros(3))


def test_crossing_at_hazeldonk(atlas: Atlas) -> None:
    (point,) = atlas.cross((4.7300, 51.4700), (4.7420, 51.5000))

    assert (point.from_territory, point.to_territory, point.border) == (BE, NL, "BE-NL")
    assert atlas.locate(point.lon, point.lat).distance_m == pytest.approx(0.0, abs=0.01)
    assert point.lon == pytest.approx(4.7300 + point.fraction * 0.0120)


def test_a_segment_through_baarle_lists_every_border_in_order(atlas: Atlas) -> None:
    points = atlas.cross((4.90, 51.4381), (4.96, 51.4385))

    assert [(point.from_territory, point.to_territory) for point in points] == [(NL, BE), (BE, NL)] * 4
    assert [point.fraction for point in points] == sorted(point.fraction for point in points)


def test_there_and_back_is_the_same_the_other_way(atlas: Atlas) -> None:
    there = atlas.cross((4.90, 51.4381), (4.96, 51.4385))
    back = atlas.cross((4.96, 51.4385), (4.90, 51.4381))

    assert [(point.to_territory, point.from_territory) for point in reversed(back)] == [
        (point.from_territory, point.to_territory) for point in there
    ]
    assert [1 - point.fraction for point in reversed(back)] == pytest.approx([point.fraction for point in there])


def test_no_crossing_within_one_state(atlas: Atlas) -> None:
    assert atlas.cross((4.35, 50.85), (4.36, 50.86)) == ()
    assert atlas.cross((4.35, 50.85), (5.00, 50.60)) == ()
    assert atlas.cross((4.7386, 51.4918), (4.7386, 51.4918)) == ()


def test_a_segment_through_the_box_enters_and_leaves_it(atlas: Atlas) -> None:
    points = atlas.cross((0.0, 50.0), (10.0, 50.5))

    assert points[0].from_territory is Territory.OUTSIDE
    assert points[0].lon == pytest.approx(WEST)
    assert points[-1].to_territory is Territory.OUTSIDE
    assert points[-1].lon == pytest.approx(EAST)
    assert {point.to_territory for point in points} >= {FR, BE, DE}


def test_a_segment_all_round_the_earth_but_not_here(atlas: Atlas) -> None:
    assert atlas.cross((-180.0, -45.0), (180.0, -45.0)) == ()
    assert atlas.cross((9.0, 40.0), (9.0, 80.0)) == ()


def border_vertices(atlas: Atlas, name: str) -> list[tuple[float, float]]:
    """All vertices of one border."""
    return [
        position
        for feature in atlas.features()
        if feature.properties.name == name and isinstance(feature.geometry, MultiLineString)
        for part in feature.geometry.coordinates
        for position in part
    ]


@pytest.mark.parametrize(("name", "owner"), [("BE-NL", BE), ("BE-LU", BE), ("DE-NL", NL), ("FR-LU", LU)])
def test_a_point_on_a_border_belongs_to_the_first_of_its_territories(atlas: Atlas, name: str, owner: Territory) -> None:
    """Vertices lie exactly on it; where a third territory touches, that one may come first."""
    vertices = border_vertices(atlas, name)[:: 97 if name == "BE-NL" else 41]
    lon, lat = np.array(vertices).T

    scalar = [atlas.territory(*vertex) for vertex in vertices]

    assert scalar == [TERRITORIES[code] for code in atlas.territories(lon, lat).tolist()]
    assert scalar.count(owner) >= len(scalar) - 2
    assert max(atlas.locate_many(lon, lat).distances_m) < 0.001


def test_a_segment_that_starts_on_a_border_joins_the_one_that_ended_there(atlas: Atlas) -> None:
    """The chain holds over consecutive fixes, wherever they fall."""
    for middle in border_vertices(atlas, "BE-NL")[::500]:
        before, after = (middle[0] - 0.01, middle[1] - 0.007), (middle[0] + 0.01, middle[1] + 0.007)
        chain = [*atlas.cross(before, middle), *atlas.cross(middle, after)]
        here = atlas.territory(*before)
        for point in chain:
            assert point.from_territory is here
            here = point.to_territory
        assert here is atlas.territory(*after)


@pytest.mark.parametrize("step", [5e-324, 1e-200, 1e-15, 1e-12, 2e-9])
def test_a_segment_of_no_length_to_speak_of(atlas: Atlas, step: float) -> None:
    """Shorter than what tells two border points apart, on a border and beyond the box where doubles are finer."""
    for lon, lat in [*border_vertices(atlas, "BE-NL")[::2_000], (0.0, 51.0), (0.0, SOUTH)]:
        here = atlas.territory(lon, lat)
        for point in atlas.cross((lon, lat), (lon + step, lat)):
            assert point.from_territory is here
            here = point.to_territory
        assert here is atlas.territory(lon + step, lat)


def test_a_segment_along_an_edge_of_a_border_keeps_the_chain(atlas: Atlas) -> None:
    vertices = border_vertices(atlas, "BE-NL")
    for k in range(0, len(vertices) - 1, 400):
        points = atlas.cross(vertices[k], vertices[k + 1])
        here = atlas.territory(*vertices[k])
        for point in points:
            assert point.from_territory is here
            here = point.to_territory
        assert here is atlas.territory(*vertices[k + 1])


def test_features_are_what_rfc_7946_asks_for(atlas: Atlas) -> None:
    features = atlas.features()

    territories = [feature for feature in features if feature.properties.kind == "territory"]
    assert [feature.properties.name for feature in territories] == list(TERRITORIES[:-1])
    for feature in territories:
        assert isinstance(feature.geometry, MultiPolygon)
        for shell, *holes in feature.geometry.coordinates:
            assert shell[0] == shell[-1]
            assert shapely.LinearRing(shell).is_ccw
            assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)
    borders = [feature for feature in features if feature.properties.kind == "border"]
    assert [feature.properties.name for feature in borders] == sorted(atlas.locate_many(np.empty(0), np.empty(0)).names)
    assert "OUTSIDE" not in {name for feature in borders for name in feature.properties.territories}


def test_features_encode_with_six_decimals_at_most(atlas: Atlas) -> None:
    text = msgspec.json.encode(atlas.features())

    assert text.startswith(b'[{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[')
    numbers = text.replace(b"[", b",").replace(b"]", b",").split(b",")
    assert max(len(number.partition(b".")[2]) for number in numbers if number[:1].isdigit()) == 6


def test_border_lengths_are_those_measured_on_the_source(atlas: Atlas) -> None:
    """Kilometres; the BE-NL border has the enclaves of Baarle in it and reaches twelve miles out to sea."""
    lengths_km = {
        feature.properties.name: sum(GEOD.line_length(*np.array(part).T) for part in feature.geometry.coordinates)
        / 1000
        for feature in atlas.features()
        if isinstance(feature.geometry, MultiLineString)
    }

    assert lengths_km["BE-NL"] == pytest.approx(527, rel=0.01)
    assert lengths_km["BE-LU"] == pytest.approx(152, rel=0.01)
    assert lengths_km["BE-FR"] == pytest.approx(678, rel=0.01)
    assert lengths_km["FR-LU"] == pytest.approx(80, rel=0.01)


def test_border_point_is_named_by_its_border() -> None:
    assert BorderPoint(0.5, 4.0, 51.0, NL, BE).border == "BE-NL"
