"""The covered box cut into territories without a gap or an overlap.

Territories are not kept as polygons that happen to touch. Every stretch of border is kept once, as an *arc*
that knows the territory on its left and the one on its right, and the polygons are strung together from arcs.
Neighbours therefore share their border to the last bit, and a border has a name because its two sides have
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from borders.states import TERRITORIES, Territory

MICRO: Final = 1_000_000
"""Positions are whole micro-degrees: 11 cm of latitude, 7 cm of longitude."""

OUTSIDE: Final = TERRITORIES.index(Territory.OUTSIDE)
"""What lies on the far side of the edge of the box."""


class Coverage(NamedTuple):
    """Arcs, and the polygons strung from them. All arrays are int32.

    `vertices` (n, 2) holds lon, lat in micro-degrees, arc after arc; arc `i` has `arc_sizes[i]` of them, with
    territory `lefts[i]` on its left and `rights[i]` on its right (indexes into `TERRITORIES`). Ring `j` is
    made of `ring_sizes[j]` of the `arc_refs`: `i` is arc `i` forwards, `~i` is arc `i` backwards. Polygon `k`
    has `polygon_sizes[k]` rings, the shell first, and belongs to `polygon_territories[k]`. Every ring has its
    polygon on its left, so shells run anticlockwise and holes clockwise, as RFC 7946 wants them.
    """

    vertices: NDArray[np.int32]
    arc_sizes: NDArray[np.int32]
    lefts: NDArray[np.int32]
    rights: NDArray[np.int32]
    arc_refs: NDArray[np.int32]
    ring_sizes: NDArray[np.int32]
    polygon_sizes: NDArray[np.int32]
    polygon_territories: NDArray[np.int32]

    def consistent(self) -> bool:
        """Whether the arrays fit each other, so that `arcs` and `polygons` can follow them."""
        arcs, polygons = self.arc_sizes.size, self.polygon_sizes.size
        sizes = (
            (self.arc_sizes, self.vertices),
            (self.ring_sizes, self.arc_refs),
            (self.polygon_sizes, self.ring_sizes),
        )
        return (
            all(int(parts.sum()) == len(whole) and bool((parts >= 1).all()) for parts, whole in sizes)
            and self.lefts.size == self.rights.size == arcs
            and self.polygon_territories.size == polygons
            and bool(((self.arc_refs >= -arcs) & (self.arc_refs < arcs)).all())
            and all(
                bool(((codes >= 0) & (codes <= OUTSIDE)).all())
                for codes in (self.lefts, self.rights, self.polygon_territories)
            )
        )

    def arcs(self) -> list[NDArray[np.int32]]:
        """The vertices of each arc, (n, 2)."""
        return np.split(self.vertices, np.cumsum(self.arc_sizes)[:-1])

    def polygons(self) -> Iterator[tuple[Territory, list[NDArray[np.int32]]]]:
        """Each polygon as its territory and its closed rings (n, 2), shell first."""
        arcs = self.arcs()
        refs = iter(self.arc_refs.tolist())
        ring_sizes = iter(self.ring_sizes.tolist())
        for rings, territory in zip(self.polygon_sizes.tolist(), self.polygon_territories.tolist(), strict=True):
            yield (
                TERRITORIES[territory],
                [_string([next(refs) for _ in range(next(ring_sizes))], arcs) for _ in range(rings)],
            )


def _string(refs: list[int], arcs: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """String arcs into one closed ring; where two meet, their common vertex is kept once."""
    parts = [arcs[ref] if ref >= 0 else arcs[~ref][::-1] for ref in refs]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


Vertex = tuple[int, int]
Ring = list[Vertex]


def from_polygons(territories: Mapping[Territory, shapely.MultiPolygon]) -> Coverage:
    """Find the arcs in polygons that already share their vertices.

    Args:
        territories: valid polygons in whole micro-degrees that tile the box; where two touch they must have
        the same
            vertices.

    Raises:
        ValueError: the polygons do not tile the plane: an edge has the same territory on both sides, or
        belongs to a
            territory twice.
    """
    polygons = [
        (code, _rings(polygon))
        for code, territory in enumerate(TERRITORIES)
        for polygon in shapely.get_parts(territories.get(territory, shapely.MultiPolygon()))
    ]
    left_of: dict[tuple[Vertex, Vertex], int] = {}
    for code, rings in polygons:
        for ring in rings:
            for edge in pairwise(ring):
                if left_of.setdefault(edge, code) != code or left_of.get(edge[::-1]) == code:
                    raise ValueError(f"edge {edge} of {TERRITORIES[code]} is not a border between two territories")
    nodes = _nodes(left_of)
    rotated = sorted(
        (code, [_rotate(shell, nodes), *sorted(_rotate(hole, nodes) for hole in holes)])
        for code, (shell, *holes) in polygons
    )
    return _assemble(rotated, left_of, nodes)


def _rings(polygon: shapely.Polygon) -> list[Ring]:
    """Closed rings of whole numbers, the shell first, each with the polygon on its left."""
    oriented = shapely.orient_polygons(polygon, exterior_cw=False)
    rings = [oriented.exterior, *oriented.interiors]
    return [[(int(x), int(y)) for x, y in shapely.get_coordinates(ring).tolist()] for ring in rings]


def _nodes(left_of: Mapping[tuple[Vertex, Vertex], int]) -> frozenset[Vertex]:
    """Where more than two arcs meet, or the two sides of a border change."""
    sides: dict[Vertex, list[frozenset[int]]] = {}
    for (start, end), code in left_of.items():
        other = left_of.get((end, start))
        if other is None or code < other:
            pair = frozenset((code, OUTSIDE if other is None else other))
            sides.setdefault(start, []).append(pair)
            sides.setdefault(end, []).append(pair)
    return frozenset(vertex for vertex, pairs in sides.items() if len(pairs) != 2 or pairs[0] != pairs[1])


def _rotate(ring: Ring, nodes: frozenset[Vertex]) -> Ring:
    """Start a ring at its first node, or, having none, at its first vertex in lexical order: its neighbour
    does too.
    """
    start = min((vertex for vertex in ring if vertex in nodes), default=min(ring))
    at = ring.index(start)
    return [*ring[at:-1], *ring[: at + 1]]


def _assemble(
    polygons: list[tuple[int, list[Ring]]],
    left_of: Mapping[tuple[Vertex, Vertex], int],
    nodes: frozenset[Vertex],
) -> Coverage:
    """Cut every ring at its nodes; keep each arc the first time it is met, refer to it the second time."""
    arcs: list[Ring] = []
    sides: list[tuple[int, int]] = []
    by_edge: dict[tuple[Vertex, Vertex], int] = {}
    refs: list[int] = []
    ring_sizes: list[int] = []
    for code, rings in polygons:
        for ring in rings:
            cuts = [k for k, vertex in enumerate(ring) if vertex in nodes or k in {0, len(ring) - 1}]
            ring_sizes.append(len(cuts) - 1)
            for start, end in pairwise(cuts):
                known = by_edge.get((ring[end], ring[end - 1]))
                if known is None:
                    by_edge[ring[start], ring[start + 1]] = len(arcs)
                    refs.append(len(arcs))
                    arcs.append(ring[start : end + 1])
                    sides.append((code, left_of.get((ring[start + 1], ring[start]), OUTSIDE)))
                else:
                    refs.append(~known)
    return Coverage(
        vertices=np.array([vertex for arc in arcs for vertex in arc], dtype=np.int32).reshape(-1, 2),
        arc_sizes=np.array([len(arc) for arc in arcs], dtype=np.int32),
        lefts=np.array([left for left, _ in sides], dtype=np.int32),
        rights=np.array([right for _, right in sides], dtype=np.int32),
        arc_refs=np.array(refs, dtype=np.int32),
        ring_sizes=np.array(ring_sizes, dtype=np.int32),
        polygon_sizes=np.array([len(rings) for _, rings in polygons], dtype=np.int32),
        polygon_territories=np.array([code for code, _ in polygons], dtype=np.int32),
    )
