"""Territories and borders as GeoJSON features (RFC 7946), typed."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from borders.coverage import MICRO, OUTSIDE, Coverage
from borders.states import TERRITORIES, Territory, border_name

Position = tuple[float, float]
"""Longitude, latitude, in at most six decimals."""


class MultiPolygon(msgspec.Struct, frozen=True, tag_field="type"):
    """Polygons of closed rings: the shell first, anticlockwise, then its holes, clockwise."""

    coordinates: list[list[list[Position]]]


class MultiLineString(msgspec.Struct, frozen=True, tag_field="type"):
    """Lines."""

    coordinates: list[list[Position]]


class Properties(msgspec.Struct, frozen=True):
    """`name` is a territory's code, or that of a border such as "BE-NL", which has two `territories`: the first on
    the left of its lines, the second on their right.
    """

    kind: Literal["territory", "border"]
    name: str
    territories: list[Territory]


class Feature(msgspec.Struct, frozen=True, tag_field="type"):
    """A territory with its area, or a border with its lines."""

    geometry: MultiPolygon | MultiLineString
    properties: Properties


def features(coverage: Coverage) -> list[Feature]:
    """The territories in the order of `TERRITORIES`, then the borders by name. The edge of the box is no
    border.
    """
    areas: dict[Territory, list[list[list[Position]]]] = {}
    for territory, rings in coverage.polygons():
        areas.setdefault(territory, []).append([_positions(ring) for ring in rings])
    lines: dict[tuple[int, int], list[list[Position]]] = {}
    for arc, left, right in zip(coverage.arcs(), coverage.lefts.tolist(), coverage.rights.tolist(), strict=True):
        if right != OUTSIDE:
            # Every line of a border runs the same way round, so that its sides can be told apart.
            oriented = arc if left < right else arc[::-1]
            lines.setdefault((min(left, right), max(left, right)), []).append(_positions(oriented))
    territories = [
        Feature(MultiPolygon(areas[territory]), Properties("territory", territory, [territory]))
        for territory in TERRITORIES
        if territory in areas
    ]
    borders = [
        Feature(
            MultiLineString(lines[pair]),
            Properties("border", border_name(*sides), list(sides)),
        )
        for pair in lines
        for sides in [(TERRITORIES[pair[0]], TERRITORIES[pair[1]])]
    ]
    return territories + sorted(borders, key=lambda feature: feature.properties.name)


def _positions(vertices: NDArray[np.int32]) -> list[Position]:
    """Vertices (n, 2) in micro-degrees as positions in degrees."""
    return [(lon, lat) for lon, lat in (vertices / MICRO).tolist()]
