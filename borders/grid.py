"""A grid over the box that answers most questions without any geometry.

A cell that no border enters lies wholly in one territory, and knows it. A cell that a border enters knows the
few territories that meet in it, and which edges those are; only there must geometry be asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from borders.geodesy import Floats, meridian_radius_m, transverse_radius_m
from borders.states import TERRITORIES

SIZE: Final = 1024
"""Cells along each side: 480 by 554 m over the Benelux."""

BLOCK: Final = 8
"""Cells along each side of a block, the coarse grid of far distances."""

FINE_REACH: Final = 10
"""Columns of cells within which the distance to a border cell is measured in cells; beyond, in blocks."""

MIXED: Final = len(TERRITORIES)
"""Cell codes below this are territories; `MIXED + k` is the k-th set of territories that meet in a cell."""

_MARGIN: Final = 1e-6
"""In cells: half a millimetre by which a border is taken to be thicker than it is, far more than rounding
moves it."""

_STRIDE: Final = SIZE + 1
"""The east and north edges of the box get cells of their own, copies of their neighbours."""

Codes = NDArray[np.uint8]
Ids = NDArray[np.int64]

Edge = tuple[float, float, float, float]
"""A straight piece of border from (x0, y0) to (x1, y1), in degrees."""

_Kind = TypeVar("_Kind", bound=np.generic)


class Edges(NamedTuple):
    """Straight pieces of border, from (x0, y0) to (x1, y1) in degrees, with the territories left and right of
    them.
    """

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    lefts: Codes
    rights: Codes


class Grid:
    """What every cell of the box knows.

    Args:
        box: west, south, east, north in degrees.
        edges: every border in it, but not the edge of the box.
        territories: the exact answer for positions on no border, asked once for every run of empty cells.
    """

    __slots__ = (
        "_clearance_m",
        "_codes",
        "_east",
        "_edge_cells",
        "_edge_ids",
        "_edges",
        "_flat",
        "_known_edges",
        "_kx",
        "_ky",
        "_north",
        "_south",
        "_west",
        "members",
        "sets",
    )

    def __init__(
        self,
        box: tuple[float, float, float, float],
        edges: Edges,
        territories: Callable[[Floats, Floats], Codes],
    ) -> None:
        self._west, self._south, self._east, self._north = box
        self._kx: Final = SIZE / (self._east - self._west)
        self._ky: Final = SIZE / (self._north - self._south)

        self._edges: Final = edges
        cells, ids = self._rasterise(edges)
        order = np.argsort(cells, kind="stable")
        self._edge_cells: Final = cells[order]
        self._edge_ids: Final = ids[order]
        self._known_edges: Final[dict[int, tuple[Edge, ...]]] = {}

        meeting = np.zeros(SIZE * SIZE, dtype=np.uint16)
        for sides in (edges.lefts, edges.rights):
            np.bitwise_or.at(meeting, cells, np.left_shift(np.uint16(1), sides[ids].astype(np.uint16)))
        kinds, kind = np.unique(meeting, return_inverse=True)
        self.sets: Final = tuple(
            tuple(code for code in range(MIXED) if bits >> code & 1) for bits in kinds[1:].tolist()
        )
        """The territory codes that meet in a border cell, each set in the order of `TERRITORIES`."""
        self.members: Final = np.array([[code in codes for code in range(MIXED)] for codes in self.sets])
        """The same as truth values, (sets, territories)."""

        border = (meeting != 0).reshape(SIZE, SIZE)
        codes = np.where(border, kind.reshape(SIZE, SIZE) + (MIXED - 1), 0).astype(np.uint8)
        self._fill(codes, ~border, territories)
        self._codes: Final = _padded(codes)
        self._flat: Final = self._codes.data
        self._clearance_m: Final = _padded(self._clearances(border)).data

    def _rasterise(self, edges: Edges) -> tuple[Ids, Ids]:
        """Every pair of a cell and an edge that enters it."""
        x0, x1 = (edges.x0 - self._west) * self._kx, (edges.x1 - self._west) * self._kx
        y0, y1 = (edges.y0 - self._south) * self._ky, (edges.y1 - self._south) * self._ky
        column, columns = _span(x0, x1)
        row, rows = _span(y0, y1)
        count = columns * rows
        ids = np.repeat(np.arange(count.size), count)
        nth = np.arange(ids.size) - np.repeat(np.cumsum(count) - count, count)
        i = column[ids] + nth % columns[ids]
        j = row[ids] + nth // columns[ids]
        # An edge misses a cell of its bounding box when the cell's centre is further from the edge's line
        # than the cell reaches in that direction (separating axis; Ericson, Real-Time Collision Detection,
        # 2005, sec. 5.2.1).
        dx, dy = (x1 - x0)[ids], (y1 - y0)[ids]
        off = np.abs(dx * (j + 0.5 - y0[ids]) - dy * (i + 0.5 - x0[ids]))
        enters = off <= (0.5 + _MARGIN) * (np.abs(dx) + np.abs(dy)) + _MARGIN
        return (j * SIZE + i)[enters], ids[enters]

    def _fill(self, codes: Codes, inner: NDArray[np.bool_], territories: Callable[[Floats, Floats], Codes]) -> None:
        """Write into the cells that no border enters where they lie.

        Neighbours along a row share a side that no border crosses, hence lie in one territory: one question a
        run.
        """
        starts = inner.copy()
        starts[:, 1:] &= ~inner[:, :-1]
        row, column = np.nonzero(starts)
        lon = self._west + (column.astype(np.float64) + 0.5) / self._kx
        lat = self._south + (row.astype(np.float64) + 0.5) / self._ky
        answers = territories(lon, lat)
        run = np.searchsorted(row * SIZE + column, np.flatnonzero(inner), side="right") - 1
        codes[inner] = answers[run]

    def _clearances(self, border: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Metres that certainly lie between any point of a cell and any border."""
        # Cells are narrowest in the north. A geodesic over the whole box is at most 0.1 % shorter than its
        # parallel.
        height_m = np.radians(1 / self._ky) * meridian_radius_m(self._south) * 0.999
        width_m = np.radians(1 / self._kx) * transverse_radius_m(self._north) * np.cos(np.radians(self._north)) * 0.999
        per_side = SIZE // BLOCK
        blocks = np.logical_or.reduce(border.reshape(per_side, BLOCK, per_side, BLOCK), axis=(1, 3))
        coarse = _gaps(blocks, per_side, width_m * BLOCK, height_m * BLOCK)
        fine = _gaps(border, FINE_REACH, width_m, height_m)
        return np.maximum(fine, np.repeat(np.repeat(coarse, BLOCK, axis=0), BLOCK, axis=1))

    def covers(self, lon: float, lat: float) -> bool:
        """Whether a position lies in the box or on its edge."""
        return self._west <= lon <= self._east and self._south <= lat <= self._north

    def code(self, lon: float, lat: float) -> int:
        """The cell of a position in the box: a territory code, or `MIXED` plus the index of a set in
        `sets`.
        """
        return self._flat[int((lat - self._south) * self._ky) * _STRIDE + int((lon - self._west) * self._kx)]

    def clearance_m(self, lon: float, lat: float) -> float:
        """Metres that certainly lie between a position in the box and any border; 0 in and beside border
        cells.
        """
        return self._clearance_m[int((lat - self._south) * self._ky) * _STRIDE + int((lon - self._west) * self._kx)]

    def code_and_clearance_m(self, lon: float, lat: float) -> tuple[int, float]:
        """`code` and `clearance_m` in one look."""
        cell = int((lat - self._south) * self._ky) * _STRIDE + int((lon - self._west) * self._kx)
        return self._flat[cell], self._clearance_m[cell]

    def edges_along(self, lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> list[Edge]:
        """The edges in the cells that a segment passes through, in order of the cells (Amanatides and Woo 1987); one
        that enters several comes as often.

        Of cells that meet in a corner it may pass either pair: a border that near is in all of them. What lies beyond
        the box has no cells.
        """
        x, y = (lon_a - self._west) * self._kx, (lat_a - self._south) * self._ky
        dx, dy = (lon_b - lon_a) * self._kx, (lat_b - lat_a) * self._ky
        column, row = math.floor(x), math.floor(y)
        left, up = math.floor(x + dx) - column, math.floor(y + dy) - row
        east, north = (1 if left > 0 else -1), (1 if up > 0 else -1)
        # How far along, from 0 to 1, the next side of a column and of a row is met.
        next_x = (column + (east > 0) - x) / dx if left else math.inf
        next_y = (row + (north > 0) - y) / dy if up else math.inf
        flat, found = self._flat, list[Edge]()
        for _ in range(abs(left) + abs(up) + 1):
            if 0 <= column <= SIZE and 0 <= row <= SIZE and flat[row * _STRIDE + column] >= MIXED:
                found += self._edges_in(min(row, SIZE - 1) * SIZE + min(column, SIZE - 1))
            if next_x < next_y:
                column += east
                next_x = (column + (east > 0) - x) / dx
            elif up:
                row += north
                next_y = (row + (north > 0) - y) / dy
        return found

    def covers_many(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """`covers`, for arrays."""
        return (lon >= self._west) & (lon <= self._east) & (lat >= self._south) & (lat <= self._north)

    def codes(self, lon: Floats, lat: Floats) -> Codes:
        """`code`, for arrays."""
        y = lat - self._south
        y *= self._ky
        cell = y.astype(np.int32)
        cell *= _STRIDE
        x = np.subtract(lon, self._west, out=y)
        x *= self._kx
        cell += x.astype(np.int32)
        # Positions in the box have no cell out of range; `clip` spares the check.
        return self._codes.take(cell, mode="clip")

    def _edges_in(self, cell: int) -> tuple[Edge, ...]:
        """The edges that enter a cell."""
        known = self._known_edges.get(cell)
        if known is None:
            first, last = np.searchsorted(self._edge_cells, (cell, cell + 1)).tolist()
            ids = self._edge_ids[first:last]
            columns = (self._edges.x0[ids], self._edges.y0[ids], self._edges.x1[ids], self._edges.y1[ids])
            known = tuple(zip(*(column.tolist() for column in columns), strict=True))
            self._known_edges[cell] = known
        return known


def _padded(cells: NDArray[_Kind]) -> NDArray[_Kind]:
    """Cells (n, n) with copies of the last row and column added, in one dimension."""
    return np.pad(cells, ((0, 1), (0, 1)), mode="edge").ravel()


def _span(one: Floats, other: Floats) -> tuple[Ids, Ids]:
    """The first cell between two co-ordinates in cells, and how many there are."""
    first = np.floor(np.minimum(one, other) - _MARGIN).astype(np.int64).clip(0, SIZE - 1)
    last = np.floor(np.maximum(one, other) + _MARGIN).astype(np.int64).clip(0, SIZE - 1)
    return first, last - first + 1


def _gaps(border: NDArray[np.bool_], reach: int, width_m: float, height_m: float) -> NDArray[np.float32]:
    """Metres between the nearest sides of each cell and of the nearest border cell, at most `reach *
    width_m`.

    A cell `n` columns away leaves `n - 1` whole cells between, and likewise for rows: first along each column
    to the nearest border cell, then over the columns within reach (Felzenszwalb and Huttenlocher 2012, done
    plainly).
    """
    size = border.shape[0]
    rows = np.arange(size)[:, None]
    south = np.maximum.accumulate(np.where(border, rows, -size), axis=0)
    north = np.minimum.accumulate(np.where(border, rows, 2 * size)[::-1], axis=0)[::-1]
    apart = np.minimum(rows - south, north - rows)
    squared = np.where(apart < size, (np.maximum(apart - 1, 0) * height_m) ** 2, np.inf).astype(np.float32)
    nearest = np.full_like(squared, (reach * width_m) ** 2)
    for shift in range(-reach, reach + 1):
        here, there = slice(max(0, -shift), size - max(0, shift)), slice(max(0, shift), size - max(0, -shift))
        across = np.float32((max(abs(shift) - 1, 0) * width_m) ** 2)
        np.minimum(nearest[:, here], squared[:, there] + across, out=nearest[:, here])
    return np.sqrt(nearest)
