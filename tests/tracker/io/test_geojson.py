"""Driven tracks as GeoJSON: divided where the border was crossed, and nothing drawn that no fix supports."""

from __future__ import annotations

from tracker.events import CrossingConfirmed, rfc3339
from tracker.fix import Fix
from tracker.io.geojson import LegFeature, legs


def fix(at: float, lon: float) -> Fix:
    return Fix("BE-1", "a", int(at), at, lon, 51.0, 5.0, None, None)


def crossing(at: float, lon: float, from_: str, to: str, unit: str = "BE-1") -> CrossingConfirmed:
    return CrossingConfirmed(
        id=f"{unit}{at}", time=rfc3339(at), unit=unit, from_=from_, to=to, border="BE-NL", lon=lon, lat=51.0,
        crossed_at=rfc3339(at), uncertainty_m=1.0, uncertainty_s=0.1, confidence=0.99,
    )  # fmt: skip


def shape(features: list[LegFeature]) -> list[tuple[str | None, list[float]]]:
    return [(feature.properties.territory, [lon for lon, _ in feature.geometry.coordinates]) for feature in features]


def test_without_a_crossing_there_is_one_leg() -> None:
    features = legs("BE-1", [fix(0, 4.0), fix(1, 4.1)], [], "BE")

    assert shape(features) == [("BE", [4.0, 4.1])]
    assert features[0].properties.times == ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"]


def test_legs_meet_in_the_computed_crossing() -> None:
    fixes = [fix(0, 4.0), fix(1, 4.1), fix(2, 4.2), fix(3, 4.3)]
    crossings = [crossing(2.5, 4.25, "NL", "BE"), crossing(1.5, 4.15, "BE", "NL")]

    features = legs("BE-1", fixes, crossings, "BE")

    assert shape(features) == [("BE", [4.0, 4.1, 4.15]), ("NL", [4.15, 4.2, 4.25]), ("BE", [4.25, 4.3])]
    assert [len(feature.properties.times) for feature in features] == [3, 3, 2]


def test_crossings_of_others_and_of_other_times_do_not_count() -> None:
    crossings = [crossing(0.5, 4.05, "BE", "NL", "NL-1"), crossing(9, 4.9, "BE", "NL")]

    assert shape(legs("BE-1", [fix(0, 4.0), fix(1, 4.1)], crossings, "BE")) == [("BE", [4.0, 4.1])]


def test_a_single_fix_is_no_line() -> None:
    assert legs("BE-1", [fix(0, 4.0)], [], "BE") == []
    assert legs("BE-1", [], [], "BE") == []
