"""Recorded tracks, read by the extension of their file."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Final

from tracker.codec import csv_track, geojson, gpx, ndjson
from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.fix import Ping, check_name

MAX_WHOLE_BYTES: Final = 64 * 1024 * 1024
"""The largest GPX or GeoJSON file: those are read whole. NDJSON and CSV stream, and may be of any length."""

KINDS: Final = (".gpx", ".geojson", ".json", ".csv", ".ndjson", ".jsonl")


def read_track(name: str, body: Iterable[bytes], unit: str | None = None) -> Iterator[Ping]:
    """Every ping of a track file.

    NDJSON and CSV come in the order of the file, line by line as they are read. The tracks of several units
    in one GPX or GeoJSON file are merged by time; the order within each unit stays, late points included.

    Args:
        name: the file's name, whose extension says what it holds: `.gpx`, `.geojson`, `.json` (GeoJSON), `.csv`,
            `.ndjson` or `.jsonl`.
        body: the file's bytes in pieces; lines, for NDJSON and CSV, as an open binary file gives them.
        unit: names the tracks of a file that names no units, and picks one unit from a file that does. Without it
            nameless tracks are called after the file.

    Raises:
        Refused: at the first point that is not acceptable; the reason names file, line or point, and value.
    """
    try:
        if unit is not None:
            check_name("unit", unit)
        yield from _of_unit(_read(name, body, unit), unit)
    except Refused as refused:
        raise Refused(refused.field, f"{quote(PurePath(name).name)}: {refused.reason}") from None


def _read(name: str, body: Iterable[bytes], unit: str | None) -> Iterator[Ping]:
    match PurePath(name).suffix.lower():
        case ".gpx":
            return _by_time(gpx.read(_capped(body), unit, _stem(name)))
        case ".geojson" | ".json":
            return _by_time(geojson.read(b"".join(_capped(body)), unit or _stem(name)))
        case ".csv":
            return csv_track.read(body, unit or _stem(name))
        case ".ndjson" | ".jsonl":
            return ndjson.read(body)
        case suffix:
            raise Refused("", f'"{quote(suffix)}" is not a kind of track; known are {", ".join(KINDS)}')


def _of_unit(pings: Iterable[Ping], unit: str | None) -> Iterator[Ping]:
    others: dict[str, None] = {}
    found = False
    for ping in pings:
        if unit is None or ping.unit == unit:
            found = True
            yield ping
        elif len(others) < 5:
            others[ping.unit] = None
    if others and not found:
        raise Refused("unit", f"nothing of {unit}; there is {', '.join(others)}")


def _by_time(pings: Iterable[Ping]) -> Iterator[Ping]:
    tracks: dict[str, list[Ping]] = {}
    for ping in pings:
        tracks.setdefault(ping.unit, []).append(ping)
    return heapq.merge(*tracks.values(), key=lambda ping: ping.t)


def _capped(body: Iterable[bytes]) -> Iterator[bytes]:
    total = 0
    for piece in body:
        total += len(piece)
        if total > MAX_WHOLE_BYTES:
            raise Refused("", f"more than {MAX_WHOLE_BYTES} bytes; split it, or convert it to NDJSON")
        yield piece


def _stem(name: str) -> str:
    """The file's name without extension, made into something that may name a unit."""
    stem = "".join(mark if mark.isascii() and mark.isalnum() else "-" for mark in PurePath(name).stem)
    return stem.strip("-")[:64] or "track"
