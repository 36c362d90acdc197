"""How control rooms are reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracker.io.contacts import Way, by_room, entry_of
from tracker.io.settings import BadConfig, load


@pytest.mark.parametrize(
    ("text", "room", "way"),
    [
        ("CIC Antwerpen=tel:+32 3 555 01 23", "CIC Antwerpen", Way("+32 3 555 01 23", "tel:+3235550123")),
        ("NL = tel:+31-(0)88.555.0123", "NL", Way("+31-(0)88.555.0123", "tel:+310885550123")),
        ("LU=sip:cin@police.example:5061", "LU", Way("cin@police.example:5061", "sip:cin@police.example:5061")),
        ("LU=mailto:cin@police.example", "LU", Way("cin@police.example", "mailto:cin@police.example")),
        ("BE=radio:ASTRID TG 4711", "BE", Way("ASTRID TG 4711", None)),
    ],
)
def test_a_way_is_read(text: str, room: str, way: Way) -> None:
    assert entry_of(text) == (room, way)


def test_a_room_may_have_several_ways_in_the_order_of_the_configuration() -> None:
    ways = by_room(["BE=tel:+3235550123", "NL=tel:+31885550123", "BE=radio:TG 1"])

    assert [way.text for way in ways["BE"]] == ["+3235550123", "TG 1"]


def test_none_are_made_up() -> None:
    assert load(environ={}).contacts.reach == ()


@pytest.mark.parametrize(
    "entry",
    ["CIC Antwerpen", "CIC Antwerpen=", "=tel:+3235550123", "BE=tel:03 555 01 23", "BE=tel:+0123456789",
     "BE=tel:+32 3 555 01 23;ext=9", "BE=tel:+1234567890123456", "BE=javascript:alert(1)", "BE=http://x.example",
     "BE=mailto:a@b?subject=c", "BE=sip:", "BE=radio:", "BE=radio:a\x07b"],
)  # fmt: skip
def test_a_way_that_cannot_be_is_refused_by_its_key(tmp_path: Path, entry: str) -> None:
    with pytest.raises(BadConfig, match=r"contacts\.reach"):
        load(_file(tmp_path, entry), environ={})


def test_a_room_that_nobody_would_be_told_to_call_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"contacts\.reach: 'CIC Antwerp' is neither .*CIC Antwerpen"):
        load(_file(tmp_path, "CIC Antwerp=tel:+3235550123"), environ={})

    good = load(_file(tmp_path, "CIC Antwerpen=tel:+3235550123"), environ={})
    assert list(by_room(good.contacts.reach)) == ["CIC Antwerpen"]


def _file(directory: Path, entry: str) -> Path:
    file = directory / "config.toml"
    file.write_text(f"[contacts]\nreach = {json.dumps([entry])}\n")
    return file
