"""Whom to contact."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.errors import Refused
from tracker.treaty.contact_points import load

NOW = datetime(2026, 11, 23, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("state", "lon", "lat", "name"),
    [
        ("NL", 4.7326, 51.4851, "Meldkamer Zeeland-West-Brabant (Bergen op Zoom)"),
        ("NL", 5.47, 51.29, "Meldkamer Oost-Brabant ('s-Hertogenbosch)"),
        ("NL", 5.70, 50.76, "Meldkamer Limburg (Maastricht)"),
        ("BE", 4.7326, 51.4851, "CIC Antwerpen"),
        ("BE", 4.9294, 51.4381, "CIC Antwerpen"),
        ("BE", 5.8880, 49.6395, "CIC Arlon"),
        ("LU", 5.8880, 49.6395, "CIN Luxembourg (113)"),
    ],
)
def test_the_room_of_the_stretch_that_was_crossed(state: str, lon: float, lat: float, name: str) -> None:
    point = load().nearest(state, lon, lat, NOW)

    assert point is not None
    assert (point.name, point.verified) == (name, False)


def test_none_for_a_state_without_an_entry_or_a_day_without_a_valid_one() -> None:
    assert load().nearest("FR", 3.0, 50.5, NOW) is None
    assert load().nearest("NL", 4.7, 51.5, datetime(2020, 1, 1, tzinfo=UTC).timestamp()) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[point]]\nstate = 'NL'", "missing required field"),
        ("[[point]]\nstate = 'XX'\nname='a'\nstretch='b'\nplaces=[[4,51]]\nvalid_from=2023-10-01\nsource='c'", "XX"),
        ("[[point]]\nstate = 'NL'\nname='a'\nstretch='b'\nplaces=[]\nvalid_from=2023-10-01\nsource='c'", "places"),
        ("[[point]]\nstate = 'NL'\nname='a'\nstretch='b'\nplaces=[[51,400]]\nvalid_from=2023-10-01\nsource='c'", "400"),
        ("[[point]]\nstate = 'NL'\nphone = '1'", "phone"),
        (
            "[[point]]\nstate='NL'\nname='a'\nstretch='b'\nplaces=[[4,51]]\nsource='c'\n"
            "valid_from=2023-10-01\nvalid_until=2023-10-01",
            "valid_until",
        ),
        ("not toml", "treaty.contact_points"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "points.toml"
    file.write_text(text)

    with pytest.raises(Refused, match=says):
        load(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_a_successor_takes_over_on_its_day(tmp_path: Path) -> None:
    entry = "[[point]]\nstate='LU'\nname='%s'\nstretch='b'\nplaces=[[6,49.6]]\nsource='c'\nvalid_from=%s\n"
    file = tmp_path / "points.toml"
    file.write_text(entry % ("old", "2023-10-01\nvalid_until=2026-11-23") + entry % ("new", "2026-11-23"))
    rooms = load(file)

    names = [point.name for at in (NOW - 86400, NOW) if (point := rooms.nearest("LU", 6.0, 49.6, at))]
    assert names == ["old", "new"]


def test_a_notice_under_article_61_holds_on_its_days(tmp_path: Path) -> None:
    path = tmp_path / "points.toml"
    notice = 'state = "LU"\ntext = "None by air"\nvalid_from = 2026-12-01\nvalid_until = 2027-01-01\nsource = "a note"'
    path.write_text(f"point = []\n[[restriction]]\n{notice}\n")
    points = load(path)

    def on(day: str) -> str | None:
        return points.restriction("LU", datetime.fromisoformat(f"{day}T00:00:00+01:00").timestamp())

    assert [on(day) for day in ("2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01")] == [
        None,
        "None by air",
        "None by air",
        None,
    ]
    assert points.restriction("NL", datetime.fromisoformat("2026-12-01T12:00:00Z").timestamp()) is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('state = "DE"\ntext = "x"\nvalid_from = 2026-12-01\nsource = "x"', "restriction"),
        ('state = "LU"\nvalid_from = 2026-12-01\nsource = "x"', "text"),
        ('state = "LU"\ntext = "x"\nvalid_from = 2026-12-01\nvalid_until = 2026-12-01\nsource = "x"', "is not after"),
    ],
)
def test_a_notice_that_is_not_allowed_is_named(tmp_path: Path, entry: str, reason: str) -> None:
    path = tmp_path / "points.toml"
    path.write_text(f"point = []\n[[restriction]]\n{entry}\n")

    with pytest.raises(Refused, match=reason):
        load(path)
