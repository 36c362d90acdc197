"""`decide`: a line of facts, a line of decision."""

from __future__ import annotations

import json
import time

import pytest

from tracker.errors import Refused
from tracker.treaty.lines import decide_lines

GOOD = b'{"date":"2026-11-23","unit":{"origin_state":"BE"},"crossing":{"from":"BE","to":"NL","time":1795442547.5}}'


def test_a_decision_a_line_with_the_fields_of_a_decision_event() -> None:
    first, second = decide_lines([GOOD + b"\n", b"\n", GOOD])

    answer = json.loads(first)
    assert first == second
    assert answer["rule"] == "R12"
    assert {
        "crossing",
        "rule",
        "instrument",
        "article",
        "permitted",
        "obligations",
        "powers",
        "warnings",
        "basis",
    } <= set(answer)
    assert all(set(owed) == {"id", "text", "article", "deadline", "instrument"} for owed in answer["obligations"])
    assert answer["facts"]["crossing"] == {"from": "BE", "to": "NL", "time": 1795442547.5}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "line 2"),
        (b'{"date":"2026-02-30"}', "line 2: date"),
        (b'{"unit":{"origin_state":"XX"}}', "line 2: unit.origin_state"),
        (b'{"unit":{"colour":"red"}}', "colour"),
        (b'{"crossing":{"time":"noon"}}', "noon"),
        (b'{"crossing":{"time":"2026-11-23T14:02:27"}}', "no offset"),
        (b'{"pursuit":{"ground":"because"}}', "because"),
        (b'{"danger":1}', "line 2: danger"),
        (b'{"crossing":{"time":1e18}}', "line 2: crossing: `time`"),
        (b'{"crossing":{"time":-1e18}}', "line 2: crossing: `time`"),
        (b'{"crossing":{"time":1e400}}', "line 2"),
        (b'{"crossing":{"time":"9999-12-31T23:59:59Z"}}', "line 2: crossing: `time`"),
        (b'{"crossing":{"time":"20261123T140227Z"}}', "not an RFC 3339 time"),
        (b'{"crossing":{"time":true}}', "line 2: crossing.time"),
        (b'{"crossing":{"uncertainty_s":-1}}', "line 2: crossing.uncertainty_s"),
        (b'{"contact":{"established_at":"yesterday"}}', "line 2: contact: `established_at`"),
        (b'{"pursuit":{"ground":"offence()"}}', "offence"),
        (b"[]", "line 2: Expected `object`"),
        (b"\xff", "line 2"),
        (b'{"crossing":{"time":NaN}}', "line 2"),
        (b"[" * 100_000, "line 2"),
    ],
)
def test_a_bad_line_is_refused_by_line_and_field(line: bytes, says: str) -> None:
    answers = decide_lines([GOOD, line])
    next(answers)

    with pytest.raises(Refused, match=says):
        next(answers)


def test_times_are_unix_seconds_or_rfc_3339_alike() -> None:
    line = '{"unit":{"origin_state":"BE"},"crossing":{"from":"BE","to":"NL","time":%s}}'
    one, other = decide_lines([(line % time).encode() for time in ("1795442547.5", '"2026-11-23T14:02:27.500Z"')])

    assert [owed["deadline"] for owed in json.loads(one)["obligations"]] == [
        owed["deadline"] for owed in json.loads(other)["obligations"]
    ]


def test_the_facts_that_a_decision_saw_decide_the_same_again() -> None:
    """A decision can be explained and replayed from itself."""
    (once,) = decide_lines([GOOD])
    (again,) = decide_lines([json.dumps(json.loads(once)["facts"]).encode()])

    assert once == again


def test_ten_thousand_lines_take_less_than_ten_seconds() -> None:
    began_at = time.perf_counter()

    assert sum(1 for _ in decide_lines([GOOD] * 10_000)) == 10_000
    assert time.perf_counter() - began_at < 10
