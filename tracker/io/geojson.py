"""Units, borders and driven tracks as GeoJSON (RFC 7946): WGS 84, longitude first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from borders.atlas import Atlas
from borders.features import Feature, MultiLineString, MultiPolygon, features
from borders.outline import Side, outline
from borders.outline import sides as find_sides
from tracker.events import CrossingConfirmed, rfc3339
from tracker.fix import Fix
from tracker.policy import Scope, sees_unit
from tracker.views import roster_view, row
from tracker.world import World

OUTLINE_M: Final = 40.0
"""The outline that the page draws until it has the rest is this near to the data."""

Position = tuple[float, float]
"""Longitude, latitude."""


class Point(msgspec.Struct, frozen=True, tag_field="type", tag="Point"):
    """One position."""

    coordinates: Position


class LineString(msgspec.Struct, frozen=True, tag_field="type", tag="LineString"):
    """Two or more positions."""

    coordinates: list[Position]


class UnitProperties(msgspec.Struct, frozen=True):
    """What is known of a unit: as in a position row, and as in the roster."""

    unit: str
    t: float
    speed: float | None
    course: float | None
    territory: str
    quality: str
    state: str | None
    call_sign: str
    pursuit: str | None
    simulated: bool


class UnitFeature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    """The newest fix of a unit."""

    id: str
    geometry: Point
    properties: UnitProperties


class UnitCollection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """The newest fix of every unit."""

    features: list[UnitFeature]


class LegProperties(msgspec.Struct, frozen=True):
    """Whose leg it is and where; `times` has one entry per position, RFC 3339."""

    unit: str
    territory: str | None
    times: list[str]


class LegFeature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    """What a unit drove in one territory, from the border to the border where it crossed one."""

    geometry: LineString
    properties: LegProperties


class LegCollection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """The track of a pursuit: member by member as they joined, the legs of each in order of time."""

    features: list[LegFeature]


class TerritoryProperties(msgspec.Struct, frozen=True, tag_field="kind", tag="territory"):
    """Which territory it is."""

    territory: str


class BorderProperties(msgspec.Struct, frozen=True, tag_field="kind", tag="border"):
    """Between which territories it runs, and which of them lies on either side of its lines."""

    border: str
    left: str
    right: str


class BorderFeature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    """A territory, or a border."""

    geometry: MultiPolygon | MultiLineString
    properties: TerritoryProperties | BorderProperties


class BorderCollection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """The boundary data that the server decides by."""

    features: list[BorderFeature]


class SideProperties(msgspec.Struct, frozen=True):
    """How the names of both sides of a border stand at a place on it (`borders.outline.Side`)."""

    left: str
    right: str
    angle: float
    above: str
    rank: int


class SideFeature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    """A place on a border for the names of both its sides."""

    geometry: Point
    properties: SideProperties


class SideCollection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """Where the names of the states stand along the borders between them."""

    features: list[SideFeature]


def borders(found: Iterable[Feature]) -> BorderCollection:
    """The boundary data: territories, then the borders between them."""
    return BorderCollection([BorderFeature(feature.geometry, _properties(feature)) for feature in found])


def _properties(feature: Feature) -> TerritoryProperties | BorderProperties:
    name = feature.properties.name
    if feature.properties.kind == "territory":
        return TerritoryProperties(name)
    return BorderProperties(name, *feature.properties.territories)


def sides(found: Iterable[Side]) -> SideCollection:
    """Where the states' names stand along their borders; angles are whole degrees."""
    return SideCollection(
        [
            SideFeature(
                Point((round(side.lon, 6), round(side.lat, 6))),
                SideProperties(side.left, side.right, round(side.angle_deg), side.above, side.rank),
            )
            for side in found
        ]
    )


def boundary_files(atlas: Atlas | None) -> dict[str, bytes]:
    """What the page draws of the boundaries, encoded, by the name of the call that answers it; nothing, if there are
    none.
    """
    if atlas is None:
        return dict.fromkeys(("borders", "borderOutline", "borderSides"), msgspec.json.encode(borders([])))
    shapes = atlas.features()
    return {
        "borders": msgspec.json.encode(borders(shapes)),
        "borderOutline": msgspec.json.encode(borders(features(outline(atlas.coverage, OUTLINE_M)))),
        "borderSides": msgspec.json.encode(sides(find_sides(atlas, shapes))),
    }


def units(world: World, scope: Scope) -> UnitCollection:
    """The newest fix of every unit that is seen, in order of name."""
    features = []
    for name, track in sorted(world.tracks.items()):
        if not sees_unit(world, scope, name):
            continue
        _, t, lon, lat, speed, course, territory, quality = row(track)
        known = roster_view(world, name)
        shown = UnitProperties(
            name,
            t,
            speed,
            course,
            territory,
            quality,
            known.state,
            known.call_sign,
            known.pursuit,
            known.simulated,
        )
        features.append(UnitFeature(name, Point((lon, lat)), shown))
    return UnitCollection(features)


def legs(
    unit: str, fixes: Sequence[Fix], crossings: Iterable[CrossingConfirmed], territory: str | None
) -> list[LegFeature]:
    """Divide what a unit drove at the borders that it crossed. One position is no line, and is left out.

    Args:
        unit: the unit.
        fixes: in order of time.
        crossings: confirmed crossings; those of other units, and of times outside the fixes, do not count.
        territory: where it was, if it crossed nothing.
    """
    if not fixes:
        return []
    cuts = _cuts(unit, fixes, crossings)
    features: list[LegFeature] = []
    points: list[tuple[float, Position]] = []
    where = cuts[0][1].from_ if cuts else territory
    rest = iter(fixes)
    fix = next(rest, None)
    for at, crossing in cuts:
        while fix is not None and fix.fixed_at < at:
            points.append((fix.fixed_at, (fix.lon, fix.lat)))
            fix = next(rest, None)
        border_point = (at, (crossing.lon, crossing.lat))
        features += _leg(unit, where, [*points, border_point])
        points = [border_point]
        where = crossing.to
    while fix is not None:
        points.append((fix.fixed_at, (fix.lon, fix.lat)))
        fix = next(rest, None)
    return features + _leg(unit, where, points)


def territories(
    unit: str, fixes: Sequence[Fix], crossings: Iterable[CrossingConfirmed], territory: str | None
) -> list[str | None]:
    """Where a unit was at each fix, as the crossings have it. As `legs`."""
    cuts = _cuts(unit, fixes, crossings) if fixes else []
    where = cuts[0][1].from_ if cuts else territory
    found: list[str | None] = []
    for fix in fixes:
        while cuts and cuts[0][0] <= fix.fixed_at:
            where = cuts.pop(0)[1].to
        found.append(where)
    return found


def _cuts(
    unit: str, fixes: Sequence[Fix], crossings: Iterable[CrossingConfirmed]
) -> list[tuple[float, CrossingConfirmed]]:
    cuts = [(_unix(crossing.crossed_at), crossing) for crossing in crossings if crossing.unit == unit]
    within = ((at, crossing) for at, crossing in cuts if fixes[0].fixed_at < at <= fixes[-1].fixed_at)
    return sorted(within, key=lambda cut: cut[0])


def _leg(unit: str, territory: str | None, points: list[tuple[float, Position]]) -> list[LegFeature]:
    if len(points) < 2:
        return []
    line = LineString([position for _, position in points])
    return [LegFeature(line, LegProperties(unit, territory, [rfc3339(at) for at, _ in points]))]


def _unix(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
