"""Typed bodies: what is refused, and that the refusal names field, value and what is allowed."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Refused
from tracker.io.requests import (
    ContactBody,
    DangerBody,
    EndBody,
    HostDecisionBody,
    StartBody,
    Subscribe,
    check_bbox,
    read,
    read_moment,
    read_query,
)


@pytest.mark.parametrize(
    ("kind", "message", "field", "part"),
    [
        (Subscribe, b"", "type", "missing"),
        (Subscribe, b'{"epoch":null}', "type", "missing"),
        (Subscribe, b'{"type":"x"}', "type", '"x" is not allowed; allowed are subscribe'),
        (Subscribe, b'{"type":"subscribe","bbox":[1,2]}', "bbox", "[1,2] is not allowed: expected array"),
        (Subscribe, b'{"type":"subscribe","bbox":[1,2,3,"a"]}', "bbox", "expected float, got str"),
        (Subscribe, b'{"type":"subscribe","offset":1.5}', "offset", "1.5 is not allowed"),
        (Subscribe, b'{"type":"subscribe","offset":true}', "offset", "true is not allowed"),
        (Subscribe, b'{"type":"subscribe","x\\n\\u001b":1}', "x\\n\\x1b", "unknown field; allowed"),
        (Subscribe, b"[]", "", "expected object, got array"),
        (Subscribe, b"{", "", "not JSON"),
        (Subscribe, b'{"type":"subscribe","bbox":[NaN,1,1,1]}', "", "not JSON"),
        (StartBody, b"{}", "unit", "missing"),
        (StartBody, b'{"unit":""}', "unit", "allowed are 1 to 64 of A-Z a-z 0-9 . _ : -"),
        (StartBody, b'{"unit":"a b"}', "unit", '"a b" is not allowed'),
        (StartBody, b'{"unit":"a\\n"}', "unit", "is not allowed"),
        (StartBody, b'{"unit":"' + b"a" * 65 + b'"}', "unit", "is not allowed"),
        (StartBody, b'{"unit":"A","started_in":"DE"}', "started_in", "allowed are BE, NL, LU"),
        (ContactBody, b'{"status":"x"}', "status", "allowed are attempted, established, lost"),
        (ContactBody, b'{"with_":"x"}', "with_", "unknown field"),
        (ContactBody, b'{"with":5}', "with", "5 is not allowed: expected str | null"),
        (ContactBody, b'{"attempted_at":1e400}', "attempted_at", "1e400 is not allowed"),
        (ContactBody, b'{"note":"' + b"x" * 1001 + b'"}', "note", "length <= 1000"),
        (ContactBody, b'{"note":"\xff"}', "", "not JSON"),
        (DangerBody, b'{"disproportionate":1}', "disproportionate", "1 is not allowed: expected bool"),
        (HostDecisionBody, b'{"decision":"go"}', "decision", "none, continue, joint, takeover, stop"),
    ],
)  # fmt: skip
def test_refusals_name_field_value_and_what_is_allowed(
    kind: type[msgspec.Struct], message: bytes, field: str, part: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(kind, message)

    assert refused.value.field == field
    assert part in refused.value.reason
    assert str(refused.value).isprintable()


def test_empty_contact_means_established_now() -> None:
    assert read(ContactBody, b"{}") == read(ContactBody, b"") == ContactBody()


def test_field_named_with_is_read() -> None:
    assert read(ContactBody, b'{"with":"KLPD","attempted_at":1795442531}').with_ == "KLPD"


def test_longest_name_passes() -> None:
    assert read(StartBody, b'{"unit":"' + b"a" * 64 + b'"}').unit == "a" * 64


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_but_refusals_is_raised(message: bytes) -> None:
    for kind in (Subscribe, ContactBody, StartBody):
        with contextlib.suppress(Refused):
            read(kind, message)


def test_deep_nesting_is_refused() -> None:
    for message in (b"[" * 100_000, b'{"note":' + b"[" * 100_000, b'{"x":' + b'{"x":' * 100_000):
        with pytest.raises(Refused):
            read(ContactBody, message)


@pytest.mark.parametrize(
    ("value", "unix_s"),
    [
        (None, None),
        (1795442531, 1795442531.0),
        (1795442531.25, 1795442531.25),
        ("2026-11-23T14:02:11Z", 1795442531.0),
        ("2026-11-23t15:02:11.250+01:00", 1795442531.25),
    ],
)
def test_moments(value: str | float | None, unix_s: float | None) -> None:
    assert read_moment("attempted_at", value) == unix_s


@pytest.mark.parametrize(
    "value",
    ["", "2026-11-23", "2026-11-23T14:02:11", "2026-13-23T14:02:11Z", "20261123T140211Z", "now",
     "2026-11-23T14:02:11Z\n"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="RFC 3339") as refused:
        read_moment("attempted_at", value)

    assert refused.value.field == "attempted_at"


@pytest.mark.parametrize(
    "bbox", [(5, 1, 4, 2), (1, 5, 2, 4), (-181, 0, 1, 1), (0, 0, 181, 1), (0, -91, 1, 1), (0, 0, 1, 91)]
)
def test_bad_bbox_is_refused(bbox: tuple[float, float, float, float]) -> None:
    with pytest.raises(Refused) as refused:
        check_bbox(bbox)

    assert refused.value.field == "bbox"


@pytest.mark.parametrize("bbox", [None, (2.5, 49.4, 7.3, 53.6), (-180, -90, 180, 90), (5, 5, 5, 5)])
def test_good_bbox_passes(bbox: tuple[float, float, float, float] | None) -> None:
    check_bbox(bbox)


def test_query_has_defaults_and_bounds() -> None:
    allowed = {"after": (0, 0, 9), "limit": (5, 1, 10)}

    assert read_query({}, allowed) == {"after": 0, "limit": 5}
    assert read_query({"after": "9", "limit": "1"}, allowed) == {"after": 9, "limit": 1}
    for query, field in (
        ({"after": "10"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.0"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"page": "1"}, "page"),
    ):
        with pytest.raises(Refused) as refused:
            read_query(query, allowed)
        assert refused.value.field == field


@pytest.mark.parametrize("body", [b'{"by":"a","by":"b"}', b'{"note":"a","by":"a","\\u0062y":"a"}'])
def test_a_field_that_is_given_twice_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(EndBody, body.replace(b"note", b"reason"))

    assert (refused.value.field, refused.value.reason) == ("by", "given 2 times; once is allowed")
