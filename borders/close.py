"""The cells near borders once more, in parts of 60 by 70 m: most of them lie wholly in one territory too.

The parts of a cell are worked out once it has been asked about a few times, as it is when a unit drives through, and
remembered. Until then nothing is said. What is said does not depend on that: it follows from the borders alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from borders.geodesy import Floats, meridian_radius_m, transverse_radius_m
from borders.grid import Codes

PARTS: Final = 8
"""Parts along each side of a cell."""

ASKED: Final = 3
"""Questions about a cell after which it is worked out, which takes as long as ten answers by geometry."""

_SHARE: Final = 0.999
_SLACK_M: Final = 0.1
"""Distances are taken to be a little shorter than the map of the lines says: its scale varies that much less."""


class _Cell(NamedTuple):
    """What the parts of one cell know, row by row."""

    codes: bytes
    clearances_m: tuple[float, ...]


class Close:
    """Looks up parts of cells.

    Args:
        box: west, south, east, north in degrees.
        size: cells along each side of it.
        territories: the exact answer for many positions.
        distances_m: metres from many positions to the nearest border.
    """

    __slots__ = ("_cells", "_distances_m", "_height", "_last", "_reach_m", "_south", "_territories", "_west", "_width")

    def __init__(
        self,
        box: tuple[float, float, float, float],
        size: int,
        territories: Callable[[Floats, Floats], Codes],
        distances_m: Callable[[Floats, Floats], Floats],
    ) -> None:
        self._west, self._south, east, north = box
        self._last: Final = size * PARTS - 1
        self._width: Final = (east - self._west) / size / PARTS
        self._height: Final = (north - self._south) / size / PARTS
        self._territories: Final = territories
        self._distances_m: Final = distances_m
        # No point of a part is further from its middle than this, a hair of rounding included; parts are widest in the
        # south and highest in the north.
        half_m = (
            0.51 * math.radians(self._width) * transverse_radius_m(north) * math.cos(math.radians(self._south)),
            0.51 * math.radians(self._height) * meridian_radius_m(north),
        )
        self._reach_m: Final = math.hypot(*half_m)
        self._cells: Final[dict[int, _Cell | int]] = {}

    def code_and_clearance_m(self, lon: float, lat: float) -> tuple[int, float]:
        """The territory code of a position in the box, and metres that certainly lie between it and any border; where
        that is 0 the code says nothing either.
        """
        column, row = int((lon - self._west) / self._width), int((lat - self._south) / self._height)
        column, row = min(column, self._last), min(row, self._last)
        name = (row // PARTS) * self._last + column // PARTS
        cell = self._cells.get(name, 0)
        if isinstance(cell, int):
            if cell < ASKED:
                self._cells[name] = cell + 1
                return 0, 0.0
            cell = self._cells[name] = self._worked_out(row // PARTS * PARTS, column // PARTS * PARTS)
        part = row % PARTS * PARTS + column % PARTS
        return cell.codes[part], cell.clearances_m[part]

    def _worked_out(self, row: int, column: int) -> _Cell:
        nth = np.arange(PARTS) + 0.5
        lon = np.tile(self._west + (column + nth) * self._width, PARTS)
        lat = np.repeat(self._south + (row + nth) * self._height, PARTS)
        clear_m = (self._distances_m(lon, lat) * _SHARE - _SLACK_M - self._reach_m).clip(0.0)
        return _Cell(self._territories(lon, lat).tobytes(), tuple(clear_m.tolist()))
