"""`decide`: a line of facts, a line of decision."""

from __future__ import annotations

import json

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
    assert all(set(owed) == {"id", "text", "article", "deadline"} for owed in answer["obligations"])
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
        (b'{"crossing":{"time":NaN}}', "line 2"),
        (b"[" * 100_000, "line 2"),
    ],
)
def test_a_bad_line_is_refused_by_line_and_field(line: bytes, says: str) -> None:
    answers = decide_lines([GOOD, line])
    next(answers)

    with pytest.raises(Refused, match=says):
        next(answers)
