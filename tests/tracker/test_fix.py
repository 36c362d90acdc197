"""What of a ping is accepted, and how the rest is refused."""

from __future__ import annotations

import math

import msgspec
import pytest

from tracker.errors import Refused
from tracker.fix import DEFAULT_ACCURACY_M, GPS_EPOCH_S, MAX_ACCURACY_M, MAX_SEQ, MAX_SPEED_MPS, Ping, accept

NOW = 1_795_442_540.0


def ping(**changes: object) -> Ping:
    values: dict[str, object] = {
        "unit": "BE-K03",
        "t": 1_795_442_531.25,
        "lon": 4.7353,
        "lat": 51.4859,
        "boot": "a1",
        "seq": 17,
        "acc": 6.0,
        "speed": 36.1,
        "course": 208.1,
    }
    return Ping(**(values | changes))  # type: ignore[arg-type]


def test_a_good_ping_becomes_a_fix_unchanged() -> None:
    fix = accept(ping(), NOW, numbered=True)

    assert (fix.unit, fix.boot, fix.seq, fix.fixed_at) == ("BE-K03", "a1", 17, 1_795_442_531.25)
    assert (fix.lon, fix.lat, fix.accuracy_m) == (4.7353, 51.4859, 6.0)
    assert (fix.speed_mps, fix.course_deg) == (36.1, 208.1)


def test_a_course_of_360_degrees_is_north() -> None:
    assert accept(ping(course=360.0), NOW).course_deg == 0.0


def test_missing_accuracy_is_assumed_and_zero_is_not_believed() -> None:
    assert accept(ping(acc=None), NOW).accuracy_m == DEFAULT_ACCURACY_M
    assert accept(ping(acc=0.0), NOW).accuracy_m == 1.0


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"lat": 91.0}, "lat", "-90 to 90"),
        ({"lat": math.nan}, "lat", "nan"),
        ({"lon": -180.5}, "lon", "-180 to 180"),
        ({"lon": math.inf}, "lon", "inf"),
        ({"t": 0.0}, "t", "GPS epoch"),
        ({"t": 31_536_000.0}, "t", "GPS epoch"),
        ({"t": 32_503_680_000.0}, "t", "ahead"),
        ({"t": math.nan}, "t", "not a time"),
        ({"t": math.inf}, "t", "not a time"),
        ({"acc": -1.0}, "acc", "0 to 100000"),
        ({"acc": 1e6}, "acc", "0 to 100000"),
        ({"speed": -0.1}, "speed", "0 to 350"),
        ({"speed": 400.0}, "speed", "0 to 350"),
        ({"course": 360.1}, "course", "0 to 360"),
        ({"seq": -1}, "seq", str(MAX_SEQ)),
        ({"seq": MAX_SEQ + 1}, "seq", str(MAX_SEQ)),
        ({"unit": ""}, "unit", "1 to 64"),
        ({"unit": "x" * 65}, "unit", "1 to 64"),
        ({"unit": "BE K03"}, "unit", "letters"),
        ({"unit": "BE-K03\n"}, "unit", "letters"),
        ({"unit": "BË-K03"}, "unit", "ASCII"),
        ({"boot": "a\x00"}, "boot", "letters"),
        ({"boot": None}, "boot", "missing"),
        ({"seq": None}, "seq", "missing"),
    ],
)
def test_each_range_is_checked_and_the_field_named(changes: dict[str, object], field: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        accept(ping(**changes), NOW)

    assert refused.value.field == field
    assert says in refused.value.reason


def test_sockets_demand_numbered_pings_and_http_does_not() -> None:
    unnumbered = ping(boot=None, seq=None)

    assert accept(unnumbered, NOW).key == ("BE-K03", "", 1_795_442_531.25)
    with pytest.raises(Refused, match="boot"):
        accept(unnumbered, NOW, numbered=True)


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("t", GPS_EPOCH_S, None),
        ("lon", -180.0, 180.0),
        ("lat", -90.0, 90.0),
        ("seq", 0, MAX_SEQ),
        ("acc", 0.0, MAX_ACCURACY_M),
        ("speed", 0.0, MAX_SPEED_MPS),
        ("course", 0.0, 360.0),
    ],
)
def test_a_typed_decoder_demands_the_same_ranges(field: str, low: float, high: float | None) -> None:
    """What it lets through is not checked again."""

    def is_decoded(value: float) -> bool:
        try:
            msgspec.json.decode(msgspec.json.encode(ping(**{field: value})), type=Ping)
        except msgspec.ValidationError:
            return False
        return True

    def is_accepted(value: float) -> bool:
        try:
            accept(ping(**{field: value}), NOW)
        except Refused:
            return False
        return True

    def beyond(value: float, towards: float) -> float:
        return value + (1 if towards > 0 else -1) if field == "seq" else math.nextafter(value, towards)

    for bound, towards in ((low, -math.inf), (high, math.inf)):
        if bound is not None:
            assert is_decoded(bound)
            assert is_accepted(bound)
            assert not is_decoded(beyond(bound, towards))
            assert not is_accepted(beyond(bound, towards))
