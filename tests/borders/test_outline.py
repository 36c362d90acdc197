"""What a map draws of the boundaries: the outline keeps what matters, and names stand on the right side."""

from __future__ import annotations

from math import cos, radians, sin

import pytest
import shapely

from borders.atlas import Atlas
from borders.features import MultiLineString, MultiPolygon, features
from borders.outline import RANKS, outline, sides

M_PER_DEG = 111_250.0


@pytest.fixture(scope="module")
def thin(atlas: Atlas) -> dict[str, MultiPolygon | MultiLineString]:
    return {feature.properties.name: feature.geometry for feature in features(outline(atlas.coverage, 40.0))}


def test_the_outline_has_a_tenth_of_the_vertices_and_every_enclave(
    atlas: Atlas, thin: dict[str, MultiPolygon | MultiLineString]
) -> None:
    assert outline(atlas.coverage, 40.0).consistent()
    for feature in atlas.features():
        small = thin[feature.properties.name]
        assert len(small.coordinates) == len(feature.geometry.coordinates)
    assert len(outline(atlas.coverage, 40.0).vertices) < 0.12 * len(atlas.coverage.vertices)


def test_no_vertex_of_the_outline_is_moved_and_no_line_strays(
    atlas: Atlas, thin: dict[str, MultiPolygon | MultiLineString]
) -> None:
    for feature in atlas.features():
        if feature.properties.name != "BE-NL":
            continue
        exact = shapely.MultiLineString(feature.geometry.coordinates)
        drawn = shapely.MultiLineString(thin["BE-NL"].coordinates)
        known = {tuple(vertex) for vertex in shapely.get_coordinates(exact).tolist()}
        assert all(tuple(vertex) in known for vertex in shapely.get_coordinates(drawn).tolist())
        assert shapely.hausdorff_distance(exact, drawn) < 41 / M_PER_DEG / cos(radians(51))


def test_every_line_of_a_border_has_its_first_territory_on_its_left(atlas: Atlas) -> None:
    for feature in atlas.features():
        if not isinstance(feature.geometry, MultiLineString):
            continue
        left, right = feature.properties.territories
        for line in feature.geometry.coordinates[:20]:
            (x0, y0), (x1, y1) = line[0], line[1]
            for sign, expected in ((1, left), (-1, right)):
                lon = (x0 + x1) / 2 - sign * (y1 - y0) * 1e-3
                lat = (y0 + y1) / 2 + sign * (x1 - x0) * 1e-3
                if max(abs(x1 - x0), abs(y1 - y0)) > 2e-4:
                    assert atlas.territory(lon, lat) == expected


def test_a_name_above_the_line_stands_in_its_own_state(atlas: Atlas) -> None:
    """Seen as the map draws it: turned by the angle, the one name above, the other below."""
    found = sides(atlas, atlas.features())

    assert {side.rank for side in found} == set(range(RANKS))
    for side in found:
        above, below = (side.left, side.right) if side.above == "left" else (side.right, side.left)
        aside = 450 / 2**side.rank / M_PER_DEG
        east, north = sin(radians(side.angle_deg)), cos(radians(side.angle_deg))
        assert -90 <= side.angle_deg <= 90
        for sign, expected in ((1, above), (-1, below)):
            lon = side.lon + sign * aside * east / cos(radians(51.2))
            assert atlas.territory(lon, side.lat + sign * aside * north) == expected


def test_names_stand_along_the_whole_border(atlas: Atlas) -> None:
    found = sides(atlas, atlas.features())

    for border, least in (({"BE", "NL"}, 300), ({"BE", "LU"}, 80)):
        assert len([side for side in found if {side.left, side.right} == border]) > least
