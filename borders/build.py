"""Make the boundary file from its sources: `python -m borders.build [--check]`.

Needs the packages `timezonefinder` and `timezonefinder-data`, whose time zones of Brussels, Amsterdam,
Luxembourg and their neighbours are the borders of the states, drawn from OpenStreetMap. `data/PROVENANCE.md`
tells the rest.

Everything is done in whole micro-degrees, which is what the source is drawn in: all lines are cut where they
meet, the faces between them are found, and each face is told which zones it lies in. No vertex of the source
moves, and no sliver or gap can arise, since a face belongs to one territory or another.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import distribution, version
from itertools import combinations
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from borders.atlas import Atlas
from borders.boundary_file import PACKAGED, decode, digest_line, digest_path, encode
from borders.coverage import MICRO, Coverage, from_polygons
from borders.geodesy import meridian_radius_m, transverse_radius_m
from borders.states import BOX, TERRITORIES, Territory

ZONES: Final = {
    Territory.BE: "Europe/Brussels",
    Territory.NL: "Europe/Amsterdam",
    Territory.LU: "Europe/Luxembourg",
    Territory.DE: "Europe/Berlin",
    Territory.FR: "Europe/Paris",
    Territory.GB: "Europe/London",
}

H2: Final = Path(__file__).parent / "data" / "baarle_h2.geojson"
"""The Belgian enclave that the source lacks."""

LICENCE: Final = "ODbL-1.0"
ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"

OWNERS: Final = {
    frozenset[Territory](): Territory.SEA,
    **{frozenset({state}): state for state in ZONES},
    frozenset({Territory.LU, Territory.DE}): Territory.LU_DE,
    frozenset({Territory.NL, Territory.DE}): Territory.NL_DE,
}
"""Whose a face is that lies in these zones. Any other overlap is an error in the source."""


LANDMARKS: Final = (
    ("the tripoint at Vaals is there", 6.0208, 50.7545, 30.0, {Territory.BE, Territory.NL, Territory.DE}),
    ("the tripoint at Athus is there", 5.8186, 49.5464, 30.0, {Territory.BE, Territory.LU, Territory.FR}),
    (
        "the tripoint at Schengen is there",
        6.3665,
        49.4695,
        200.0,
        {Territory.LU, Territory.LU_DE, Territory.DE, Territory.FR},
    ),
    ("Illal is Dutch, as it has been since 2018", 5.7002, 50.7823, 0.0, {Territory.NL}),
    ("Petit-Gravier is Belgian, as it has been since 2018", 5.6859, 50.7644, 0.0, {Territory.BE}),
)
"""Known from elsewhere: the territories that a disc of so many metres must touch."""


class BuildError(Exception):
    """The source is not what the recipe was written for."""


def build() -> bytes:
    """The boundary file, checked.

    Raises:
        BuildError: a check failed; nothing may be shipped.
    """
    territories = dissolve(zones(), h2())
    coverage = from_polygons(territories)
    content = encode(
        coverage,
        vintage=vintage(),
        licence=LICENCE,
        attribution=ATTRIBUTION,
        sources={
            "timezonefinder": version("timezonefinder"),
            "timezonefinder-data": version("timezonefinder-data"),
            "@geo-maps/countries-coastline-1m": "0.6.0 (enclave H2 of Baarle only)",
        },
    )
    # What is checked is what will be read, not what was meant to be written.
    _, shipped = decode(content, PACKAGED)
    check(shipped)
    return content


def vintage() -> str:
    """The release of the time-zone boundaries, such as "2026c"."""
    file = distribution("timezonefinder-data").locate_file("timezonefinder_data/data/data_version.txt")
    return Path(str(file)).read_text("ascii").strip()


def zones() -> dict[Territory, shapely.MultiPolygon]:
    """The source's zones in whole micro-degrees, cut to a little more than the box."""
    from timezonefinder import TimezoneFinder  # noqa: PLC0415  only the build needs it

    west, south, east, north = BOX
    margin = shapely.box(west - 0.1, south - 0.1, east + 0.1, north + 0.1)
    source = TimezoneFinder()
    found = {}
    for state, name in ZONES.items():
        polygons = [
            shapely.Polygon(shell, holes) for shell, *holes in source.get_geometry(tz_name=name, coords_as_pairs=True)
        ]
        if not all(polygon.is_valid for polygon in polygons):
            raise BuildError(f"{name} has invalid polygons")
        found[state] = _micro(shapely.intersection(shapely.MultiPolygon(polygons), margin))
    return found


def h2() -> shapely.Polygon:
    """The enclave H2 in whole micro-degrees."""
    geometry = msgspec.json.decode(H2.read_bytes(), type=_H2Feature).geometry
    return _micro(shapely.Polygon(geometry.coordinates[0]))


class _H2Geometry(msgspec.Struct, frozen=True):
    coordinates: list[list[tuple[float, float]]]


class _H2Feature(msgspec.Struct, frozen=True):
    geometry: _H2Geometry


def _micro(geometry: shapely.Geometry) -> shapely.Geometry:
    """Degrees to whole micro-degrees."""
    return shapely.transform(geometry, lambda degrees: np.rint(degrees * MICRO))


def dissolve(
    states: Mapping[Territory, shapely.MultiPolygon], enclave: shapely.Polygon
) -> dict[Territory, shapely.MultiPolygon]:
    """Cut the box into faces along every line there is, and give each face to its owner.

    Raises:
        BuildError: a face lies in zones that do not share a territory.
    """
    box = shapely.box(*(side * MICRO for side in BOX))
    outlines = [shapely.boundary(area) for area in (*states.values(), enclave, box)]
    lines = shapely.union_all(outlines, grid_size=1)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    within = {state: shapely.contains(area, inner) for state, area in states.items()}
    belgian, covered = shapely.contains(enclave, inner), shapely.contains(box, inner)
    owned: dict[Territory, list[shapely.Polygon]] = {}
    for k in np.flatnonzero(covered).tolist():
        claims = frozenset({Territory.BE}) if belgian[k] else frozenset(s for s in states if within[s][k])
        owner = OWNERS.get(claims)
        if owner is None:
            where = shapely.get_coordinates(inner[k])[0] / MICRO
            raise BuildError(f"{' and '.join(sorted(claims))} overlap near {where.tolist()}")
        owned.setdefault(owner, []).append(faces[k])
    return {
        territory: shapely.MultiPolygon(shapely.get_parts(shapely.coverage_union_all(owned[territory])).tolist())
        for territory in TERRITORIES
        if territory in owned
    }


def check(coverage: Coverage) -> None:
    """Assert everything that is known of these borders and could go wrong unseen.

    Raises:
        BuildError: something is not so; the message says what.
    """
    polygons: dict[Territory, list[shapely.Polygon]] = {}
    twice_area = 0
    for territory, (shell, *holes) in coverage.polygons():
        polygons.setdefault(territory, []).append(shapely.Polygon(shell, holes))
        twice_area += sum(_twice_area(ring) for ring in (shell, *holes))
    west, south, east, north = (round(side * MICRO) for side in BOX)
    areas = {territory: shapely.MultiPolygon(parts) for territory, parts in polygons.items()}
    counts = {territory: len(parts) for territory, parts in polygons.items()}
    dutch = max(polygons[Territory.NL], key=shapely.area)
    everywhere = list(areas.values())
    _require("every territory but OUTSIDE is there", set(areas) == set(TERRITORIES) - {Territory.OUTSIDE})
    _require("every polygon is valid", all(shapely.is_valid(everywhere)))
    _require("neighbours match edge for edge", bool(shapely.coverage_is_valid(everywhere)))
    _require("areas add up to the box exactly", twice_area == 2 * (east - west) * (north - south))
    overlaps = (shapely.intersection(one, other) for one, other in combinations(everywhere, 2))
    _require("no two territories overlap", all(_square_m(overlap) < 1e-4 for overlap in overlaps))
    _require("Belgium is a country and 22 enclaves", counts[Territory.BE] == 23)
    _require("the Netherlands are a country and 8 counter-enclaves", counts[Territory.NL] == 9)
    _require("the Dutch country has 22 holes", len(dutch.interiors) == 22)
    _require("Germany has its 5 exclaves along the Vennbahn", counts[Territory.DE] == 6)
    _require("the Moselle, Sauer and Our are shared", 6e6 < _square_m(areas[Territory.LU_DE]) < 8e6)
    _require("the Ems-Dollard is shared", 2.5e8 < _square_m(areas[Territory.NL_DE]) < 3e8)
    atlas = Atlas(coverage, sha256="", vintage="", attribution="")
    for finding, lon, lat, radius_m, among in LANDMARKS:
        _require(finding, among == set(atlas.within(lon, lat, radius_m)))


def _require(finding: str, holds: bool) -> None:
    if not holds:
        raise BuildError(f"not so: {finding}")


def _twice_area(ring: NDArray[np.int32]) -> int:
    """Twice the area of a closed ring in square micro-degrees, exactly; negative when it runs clockwise."""
    x, y = (ring - ring[0]).astype(np.int64).T
    return int(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _square_m(area: shapely.Geometry) -> float:
    """Square metres of an area in micro-degrees, within 1 % if it is small."""
    if area.is_empty:
        return 0.0
    lat = area.centroid.y / MICRO
    degree_m = (
        np.radians(1) * meridian_radius_m(lat),
        np.radians(np.cos(np.radians(lat))) * transverse_radius_m(lat),
    )
    return float(area.area / MICRO**2 * degree_m[0] * degree_m[1])


def main() -> int:
    """Write the boundary file, or with `--check` say whether the shipped one is what would be written."""
    if sys.argv[1:] not in ([], ["--check"]):
        sys.stderr.write("usage: python -m borders.build [--check]\n")
        return 2
    try:
        content = build()
        if sys.argv[1:] == ["--check"]:
            compare(content, PACKAGED)
        else:
            PACKAGED.write_bytes(content)
            digest_path(PACKAGED).write_text(digest_line(content, PACKAGED), "ascii")
    except (BuildError, OSError) as error:
        sys.stderr.write(f"borders.build: {error}\n")
        return 1
    sys.stdout.write(digest_line(content, PACKAGED))
    return 0


def compare(content: bytes, path: Path) -> None:
    """Compare what was built with the file at `path` and its hash.

    Raises:
        BuildError: they differ.
        OSError: the file or its hash cannot be read.
    """
    if path.read_bytes() != content:
        raise BuildError(f"{path} is not what the sources give")
    if digest_path(path).read_text("ascii") != digest_line(content, path):
        raise BuildError(f"{digest_path(path)} is not the hash of {path.name}")


if __name__ == "__main__":
    sys.exit(main())
