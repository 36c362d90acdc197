"""Tracks as comma-separated values (RFC 4180), UTF-8, with a header.

| column | required | holds |
| --- | --- | --- |
| `t` or `time` | yes | RFC 3339 with its offset from UTC, or Unix seconds |
| `lon`, `lat` | yes | WGS 84 degrees |
| `unit` | no | the unit; without it all rows are of one |
| `acc` | no | 68 % radius, metres |
| `speed` | no | metres per second |
| `course` | no | degrees from true north |
| `boot`, `seq` | no | as in a ping |

Columns come in any order; an empty cell says "not known".
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from tracker.codec.quote import quote
from tracker.codec.scalars import instant, integer, number
from tracker.errors import Refused
from tracker.fix import Ping, accept

COLUMNS: Final = ("unit", "t", "time", "lon", "lat", "acc", "speed", "course", "boot", "seq")


def read(lines: Iterable[bytes], unit: str) -> Iterator[Ping]:
    """Every ping in the order of the file, each with its values in range.

    Args:
        lines: the file.
        unit: whose the rows are that do not name a unit.

    Raises:
        Refused: names the line and the column; nothing after it is read.
    """
    rows = csv.reader(_texts(lines), strict=True)
    columns: list[str] | None = None
    try:
        for cells in rows:
            if columns is None:
                columns = _header(cells)
            elif cells:
                yield _ping(columns, cells, unit)
    except csv.Error as error:
        raise Refused("", f"line {rows.line_num}: {quote(str(error))}") from None
    except Refused as refused:
        raise Refused(refused.field, f"line {rows.line_num}: {refused.reason}") from None
    if columns is None:
        raise Refused("", f"no header; the columns are {', '.join(COLUMNS)}")


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    # What is not UTF-8 becomes lone surrogates, which no column allows: the refusal then names the cell.
    for index, line in enumerate(lines):
        yield line.decode("utf-8" if index else "utf-8-sig", "surrogateescape")


def _header(cells: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    for position, column in enumerate(columns):
        if column not in COLUMNS:
            allowed = ", ".join(COLUMNS)
            raise Refused(quote(column), f"unknown column; allowed are {allowed}, parted by commas")
        if column in columns[:position]:
            raise Refused(column, "given twice; once is allowed")
    if "t" in columns and "time" in columns:
        raise Refused("time", "t is given too; one of the two is allowed")
    for column in ("lon", "lat"):
        if column not in columns:
            raise Refused(column, "missing column")
    if "t" not in columns and "time" not in columns:
        raise Refused("t", "missing column; t or time is needed")
    return columns


def _ping(columns: list[str], cells: list[str], unit: str) -> Ping:
    if len(cells) != len(columns):
        raise Refused("", f"{len(cells)} cells; the header has {len(columns)}")
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
    time = "time" if "time" in columns else "t"
    for column in (time, "lon", "lat"):
        if column not in row:
            raise Refused(column, "missing")
    ping = Ping(
        unit=row.get("unit", unit),
        t=instant(time, row[time]),
        lon=number("lon", row["lon"]),
        lat=number("lat", row["lat"]),
        boot=row.get("boot"),
        seq=integer("seq", row["seq"]) if "seq" in row else None,
        acc=number("acc", row["acc"]) if "acc" in row else None,
        speed=number("speed", row["speed"]) if "speed" in row else None,
        course=number("course", row["course"]) if "course" in row else None,
    )
    accept(ping, ping.t)
    return ping
