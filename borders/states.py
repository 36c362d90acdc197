"""Territories and the borders between them. Imports nothing of ours."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Territory(StrEnum):
    """Every point of the covered box lies in exactly one of these (never in `OUTSIDE`)."""

    BE = "BE"
    NL = "NL"
    LU = "LU"
    DE = "DE"
    FR = "FR"
    GB = "GB"
    LU_DE = "LU+DE"
    """The Moselle, Sauer and Our: a condominium of Luxembourg and Germany."""
    NL_DE = "NL+DE"
    """The Ems-Dollard, whose border the two states leave open."""
    SEA = "SEA"
    """Beyond every territorial sea."""
    OUTSIDE = "OUTSIDE"
    """Beyond the covered box: no claim is made about where this is."""


TERRITORIES: Final = tuple(Territory)
"""In the order of the numeric codes that batch look-ups answer with."""

BENELUX: Final = frozenset({Territory.BE, Territory.NL, Territory.LU})
"""The parties to the treaty of 23 July 2018 (Art. 67: for the Netherlands, the European part)."""

STATES: Final = BENELUX | {Territory.DE, Territory.FR, Territory.GB}

SHARED: Final = {
    Territory.LU_DE: frozenset({Territory.LU, Territory.DE}),
    Territory.NL_DE: frozenset({Territory.NL, Territory.DE}),
}
"""Zones that belong to two states at once."""

BOX: Final = (1.5, 48.9, 8.6, 54.0)
"""West, south, east, north of what the boundary data covers, WGS 84 degrees."""


def border_name(one: str, other: str) -> str:
    """Name a border by its two territories, in alphabetical order: `border_name("NL", "BE") == "BE-NL"`."""
    first, second = sorted((str(one), str(other)))
    return f"{first}-{second}"
