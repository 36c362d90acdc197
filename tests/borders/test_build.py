"""The recipe of the boundary file: that it gives the shipped one, and that its checks can fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from borders.boundary_file import PACKAGED, decode, digest_line, digest_path
from borders.build import BuildError, build, check, compare, dissolve
from borders.coverage import MICRO, Coverage, from_polygons
from borders.states import BOX, TERRITORIES, Territory

WEST, SOUTH, EAST, NORTH = (side * MICRO for side in BOX)
NOWHERE = shapely.Polygon()


def shipped() -> Coverage:
    """What users get, decoded."""
    return decode(PACKAGED.read_bytes(), PACKAGED)[1]


def test_building_again_gives_the_shipped_file() -> None:
    """Byte for byte, unless another release of zlib packs the same arrays otherwise."""
    content = build()

    header, coverage = decode(content, PACKAGED)
    assert header == decode(PACKAGED.read_bytes(), PACKAGED)[0]
    assert all(np.array_equal(one, two) for one, two in zip(coverage, shipped(), strict=True))


def test_the_shipped_file_passes_every_check() -> None:
    check(shipped())


def test_a_moved_vertex_fails_the_checks() -> None:
    """It moves for both neighbours, so the areas still add up; far enough, it makes the polygons invalid."""
    coverage = shipped()
    vertices = coverage.vertices.copy()
    vertices[len(vertices) // 3] += 500_000

    with pytest.raises(BuildError, match="not so: every polygon is valid"):
        check(coverage._replace(vertices=vertices))


def test_swapped_territories_fail_the_checks() -> None:
    coverage = shipped()
    be, nl = TERRITORIES.index(Territory.BE), TERRITORIES.index(Territory.NL)

    def swap(codes: np.ndarray[tuple[int], np.dtype[np.int32]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.where(codes == be, nl, np.where(codes == nl, be, codes)).astype(np.int32)

    with pytest.raises(BuildError, match="not so: Belgium is a country and 22 enclaves"):
        check(
            coverage._replace(
                lefts=swap(coverage.lefts),
                rights=swap(coverage.rights),
                polygon_territories=swap(coverage.polygon_territories),
            )
        )


def test_states_that_overlap_are_refused() -> None:
    """Only the shared zones may lie in two states."""
    left = shapely.MultiPolygon([shapely.box(WEST, SOUTH, WEST + 3e6, NORTH)])
    right = shapely.MultiPolygon([shapely.box(WEST + 2e6, SOUTH, EAST, NORTH)])

    with pytest.raises(BuildError, match="BE and NL overlap near"):
        dissolve({Territory.BE: left, Territory.NL: right}, NOWHERE)

    shared = dissolve({Territory.LU: left, Territory.DE: right}, NOWHERE)
    assert shared[Territory.LU_DE].area == 1e6 * (NORTH - SOUTH)


def test_what_no_state_claims_is_the_sea() -> None:
    island = shapely.box(WEST + 1e6, SOUTH + 1e6, WEST + 2e6, SOUTH + 2e6)

    parts = dissolve({Territory.NL: shapely.MultiPolygon([island])}, NOWHERE)

    assert set(parts) == {Territory.NL, Territory.SEA}
    assert parts[Territory.SEA].area + parts[Territory.NL].area == (EAST - WEST) * (NORTH - SOUTH)


def test_an_enclave_is_cut_from_its_surroundings() -> None:
    country = shapely.MultiPolygon([shapely.box(WEST, SOUTH, EAST, NORTH)])
    enclave = shapely.box(WEST + 1e6, SOUTH + 1e6, WEST + 2e6, SOUTH + 2e6)

    parts = dissolve({Territory.NL: country}, enclave)

    assert parts[Territory.BE].equals(shapely.MultiPolygon([enclave]))
    assert len(parts[Territory.NL].geoms[0].interiors) == 1


def test_arcs_are_kept_once_and_know_their_sides() -> None:
    """Two squares side by side and a hole with an island in it: one common border, one ring, two outer
    sides.
    """
    island = shapely.box(2, 2, 4, 4)
    left = shapely.box(0, 0, 10, 10).difference(island)
    right = shapely.box(10, 0, 20, 10)
    coverage = from_polygons(
        {
            Territory.BE: shapely.MultiPolygon([left]),
            Territory.NL: shapely.MultiPolygon([right]),
            Territory.LU: shapely.MultiPolygon([island]),
        }
    )

    sides = sorted(
        (TERRITORIES[one], TERRITORIES[other])
        for one, other in zip(coverage.lefts.tolist(), coverage.rights.tolist(), strict=True)
    )
    assert sides == [("BE", "LU"), ("BE", "NL"), ("BE", "OUTSIDE"), ("NL", "OUTSIDE")]
    rebuilt = {territory: shapely.Polygon(shell, holes) for territory, (shell, *holes) in coverage.polygons()}
    assert rebuilt[Territory.BE].equals(left)
    assert rebuilt[Territory.NL].equals(right)
    assert rebuilt[Territory.LU].equals(island)
    assert coverage.consistent()


def test_overlapping_polygons_have_no_arcs() -> None:
    square = shapely.MultiPolygon([shapely.box(0, 0, 10, 10)])

    with pytest.raises(ValueError, match="not a border between two territories"):
        from_polygons({Territory.BE: square, Territory.NL: square})


def test_compare_tells_another_file_from_the_shipped_one(tmp_path: Path) -> None:
    content = PACKAGED.read_bytes()
    compare(content, PACKAGED)

    path = tmp_path / "other.borders"
    path.write_bytes(content)
    digest_path(path).write_text("0" * 64, "ascii")
    with pytest.raises(BuildError, match="is not the hash of"):
        compare(content, path)
    digest_path(path).write_text(digest_line(content, path), "ascii")
    with pytest.raises(BuildError, match="is not what the sources give"):
        compare(content + b"\0", path)
