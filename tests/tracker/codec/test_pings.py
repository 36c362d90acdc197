"""Every way in which a ping can be wrong has one answer: which element, which field, and why."""

import json
import sys

import pytest

from tracker.codec.json_ping import MAX_PINGS, Refusal, decode, fixes
from tracker.fix import Fix, Ping

GOOD = {
    "unit": "BE-K03",
    "boot": "a1",
    "seq": 17,
    "t": 1795442531.25,
    "lon": 4.7353,
    "lat": 51.4859,
    "acc": 6.0,
    "speed": 36.1,
    "course": 208.1,
}
NOW = 1795442532.0


def with_literal(field: str, literal: str) -> str:
    """The good ping with one value spelt as given, which need not be JSON."""
    members = [f"{json.dumps(name)}:{literal if name == field else json.dumps(value)}" for name, value in GOOD.items()]
    return "{" + ",".join(members) + "}"


def the_refusal(message: bytes | str) -> Refusal:
    (refusal,) = fixes(message, NOW, numbered=True)
    assert isinstance(refusal, Refusal)
    return refusal


def test_a_good_ping_becomes_a_fix() -> None:
    assert decode(json.dumps(GOOD)) == [Ping(**GOOD)]  # type: ignore[arg-type]
    (fix,) = fixes(json.dumps(GOOD).encode(), NOW, numbered=True)
    assert fix == Fix("BE-K03", "a1", 17, 1795442531.25, 4.7353, 51.4859, 6.0, 36.1, 208.1)


@pytest.mark.parametrize(
    ("field", "literal", "reason"),
    [
        ("lon", "NaN", "NaN is not a number"),
        ("lat", "Infinity", "Infinity is not a number"),
        ("lat", "-Infinity", "-Infinity is not a number"),
        ("lon", "1e400", "1e400 is too large for a number"),
        ("lon", "-1e400", "-1e400 is too large for a number"),
        ("lon", "9" * 400, "9" * 40 + "... is too large for a number"),
        ("lon", "1e30", "1e+30 is outside -180 to 180 degrees"),
        ("lon", "1" + "0" * 30, "1e+30 is outside -180 to 180 degrees"),
        ("lat", "91", "91 is outside -90 to 90 degrees"),
        ("lat", "true", "true is not a number"),
        ("lat", "null", "null is not a number"),
        ("lat", '"51.4859"', '"51.4859" is not a number'),
        ("lat", "[51.4859]", "an array is not a number"),
        ("lat", '{"deg":51}', "an object is not a number"),
        ("t", "86400", "86400 is before the GPS epoch of 1980-01-06; Unix seconds UTC are expected"),
        ("speed", "-1", "-1 is outside 0 to 350 metres per second"),
        ("course", "361", "361 is outside 0 to 360 degrees"),
        ("acc", "-0.5", "-0.5 is outside 0 to 100000 metres"),
        ("seq", "17.0", "17.0 is not an integer"),
        ("seq", "1e3", "1000.0 is not an integer"),
        ("seq", "NaN", "NaN is not an integer"),
        ("seq", "true", "true is not an integer"),
        ("seq", "-1", "-1 is outside 0 to 9007199254740991"),
        ("seq", "9007199254740992", "9007199254740992 is outside 0 to 9007199254740991"),
        ("seq", "9" * 4000, "9" * 40 + "... is outside 0 to 9007199254740991"),
        ("seq", "9" * 5000, "9" * 40 + "... is outside 0 to 9007199254740991"),
        ("unit", "7", "7 is not a string"),
        ("unit", '""', "0 characters; 1 to 64 are allowed"),
        ("unit", '"BE K03"', "only ASCII letters, digits and . _ : - are allowed"),
        ("boot", r'"\ud800"', r'"\ud800" holds half a surrogate pair, which is not a character'),
        ("boot", r'"a\n"', "only ASCII letters, digits and . _ : - are allowed"),
        ("boot", "null", "missing; pings on a socket are numbered by boot and seq"),
    ],
)
def test_a_bad_value_names_its_field_and_what_was_received(field: str, literal: str, reason: str) -> None:
    refusal = the_refusal(with_literal(field, literal))
    assert (refusal.field, refusal.reason) == (field, reason)
    assert refusal.unit == (None if field == "unit" else "BE-K03")
    assert refusal.seq == (None if field == "seq" else 17)


def test_a_huge_time_does_not_make_a_huge_reason() -> None:
    assert len(the_refusal(with_literal("t", "1e300")).reason) <= 200


def test_missing_and_unknown_and_repeated_names() -> None:
    without = {name: value for name, value in GOOD.items() if name != "lat"}
    assert the_refusal(json.dumps(without)).field == "lat"
    assert the_refusal(json.dumps(without)).reason == "missing"
    unknown = the_refusal(json.dumps({**GOOD, "speeed": 1}))
    assert unknown.field == "speeed"
    assert unknown.reason.startswith("unknown field; allowed are unit, t, lon, lat,")
    repeated = the_refusal(json.dumps(GOOD)[:-1] + ',"lon":4.7}')
    assert (repeated.field, repeated.reason) == ("lon", "given 2 times; once is allowed")


@pytest.mark.parametrize(
    "text",
    [
        r'{"unit":"a\u003ab","t":1795442531,"lon":1,"lat":2,"lat":3}',
        r'{"unit":"a:b","t":1795442531,"lon":1,"lat":2,"lat":3}',
        r'{"unit":"a","t":1795442531,"lon":1,"lat":2,"l\u0061t":3}',
        '{"unit":"a","t":1795442531,"lon":1,"lat":2,"acc":null,"acc":3}',
        '{"unit":"a","t":1795442531,"lon":1,"lat" : 2, "lat" : 3, "acc":null}',
    ],
)
def test_a_repeated_name_cannot_hide_behind_escapes_colons_or_nulls(text: str) -> None:
    (refusal,) = decode(text)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "given 2 times; once is allowed"


def test_one_bad_ping_stops_nothing_else_in_its_array() -> None:
    bad = with_literal("lon", "NaN")
    good = json.dumps({**GOOD, "unit": "BE:K:03"})
    first, second, third, fourth = fixes(f"[{good},{bad},7,{good}]", NOW, numbered=True)
    assert isinstance(first, Fix)
    assert isinstance(fourth, Fix)
    assert second == Refusal(1, "BE-K03", "a1", 17, "lon", "NaN is not a number")
    assert third == Refusal(2, None, None, None, "", "7 is not a ping; an object is expected")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "not JSON from byte 0"),
        (b"hello", "not JSON from byte 0"),
        (b'{"unit":"BE-K03"', "not JSON from byte 16"),
        (json.dumps(GOOD).encode() + b"x", f"not JSON from byte {len(json.dumps(GOOD))}"),
        ('{"unit":"é",}'.encode(), "not JSON from byte "),
        (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "not JSON from byte 0"),
        (b'{"unit":"\xff"}', "not UTF-8 from byte 9"),
        (b'{"unit":"\xed\xa0\x80"}', "not UTF-8 from byte 9"),
        ('{"unit":"\ud800"}', "not UTF-8 from byte 9"),
        ("[" * 100_000, "nested too deeply"),
        ('{"unit":' * 100_000, "nested too deeply"),
        ("[" + "0," * MAX_PINGS + "0]", "1001 pings in one message; at most 1000 are allowed"),
        ("3", "3 is not a ping"),
        ("null", "null is not a ping"),
    ],
)
def test_what_is_not_pings_at_all_is_refused_once_and_as_a_whole(message: bytes | str, reason: str) -> None:
    refusal = the_refusal(message)
    assert (refusal.index, refusal.unit, refusal.seq, refusal.field) == (0, None, None, "")
    assert refusal.reason.startswith(reason)


def test_a_thousand_good_pings_are_the_most() -> None:
    many = [{**GOOD, "seq": seq} for seq in range(MAX_PINGS)]
    assert len(fixes(json.dumps(many), NOW, numbered=True)) == MAX_PINGS
    assert the_refusal(json.dumps([*many, GOOD])).reason.startswith("1001 pings")


def test_no_pings_are_no_mistake() -> None:
    assert decode("[]") == []


def test_deep_garbage_is_refused_from_a_deep_stack_too() -> None:
    def descend(levels: int) -> list[Ping | Refusal]:
        return descend(levels - 1) if levels else decode('[{"unit":' * 400 + "1" + "}]" * 400)

    assert len(descend(sys.getrecursionlimit() - 300)) == 1


@pytest.mark.parametrize("evil", ["\r\n", "\x1b[31m", "\u2028", "\x00", "\ud800", "\x7f", "é"])
def test_nothing_that_a_sender_writes_reaches_a_log_unescaped(evil: str) -> None:
    for message in (
        json.dumps({**GOOD, evil: 1}),
        json.dumps({**GOOD, "lat": evil * 100}),
        json.dumps({**GOOD, "unit": evil}),
        json.dumps({**GOOD, "boot": evil, "lat": "x"}),
    ):
        refusal = the_refusal(message)
        for text in (refusal.unit, refusal.boot, refusal.field, refusal.reason):
            assert text is None or (text.isascii() and text.isprintable())
        assert len(refusal.reason) <= 500
