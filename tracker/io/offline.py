"""Commands that need no server: files and lines in, JSON lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from borders import boundary_file
from borders.atlas import Atlas
from borders.crossing import Detector
from tracker import events, offline
from tracker.codec.track_file import read_track
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.treaty import contact_points

NO_BORDERS: Final = "none"
"""Stands for the SHA-256 of the boundary data where there is none."""


class _Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lon: float
    lat: float


class _Located(msgspec.Struct, frozen=True):
    lon: float
    lat: float
    territory: str
    distance_m: float | None
    border: str | None


def build_engine(atlas: Atlas | None, points: Path | None = None) -> Engine:
    """The core, with the shipped contact points or those of a file. Without an atlas it watches no border."""
    contacts = contact_points.load(points)
    return Engine(None, contacts, NO_BORDERS) if atlas is None else Engine(Detector(atlas), contacts, atlas.sha256)


def locate(lon: str, lat: str | None, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Place one point, or with `lon == "-"` a point a line.

    Raises:
        Refused: names the line, the field and the reason.
    """
    atlas = boundary_file.load()
    if lon != "-":
        if lat is None:
            raise Refused("lat", "missing")
        yield _locate(atlas, _degrees("lon", lon), _degrees("lat", lat))
        return
    decoder = msgspec.json.Decoder(_Point)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            point = decoder.decode(line)
            yield _locate(atlas, point.lon, point.lat)
        except msgspec.DecodeError as error:
            raise Refused(f"line {number}", str(error)) from error
        except Refused as error:
            raise Refused(f"line {number}: {error.field}", error.reason) from error


def detect(file: Path, unit: str | None, kinds: frozenset[str]) -> Iterator[bytes]:
    """Every event of a recorded track; with `kinds`, only crossings of those types.

    Raises:
        Refused: the file cannot be read; names its place, the field and the reason.
    """
    engine = build_engine(boundary_file.load())
    try:
        with file.open("rb") as body:
            for event in offline.run(engine, read_track(file.name, body, unit)):
                if not kinds or event.__struct_config__.tag in kinds:
                    yield events.encode(event)
    except OSError as error:
        raise Refused("file", f"{file} cannot be read: {error.strerror}") from error


def _locate(atlas: Atlas, lon: float, lat: float) -> bytes:
    for field, value, limit in (("lon", lon, 180.0), ("lat", lat, 90.0)):
        if not -limit <= value <= limit:  # also true for NaN
            raise Refused(field, f"{value:g} is outside {-limit:g} to {limit:g} degrees")
    place = atlas.locate(lon, lat)
    distance_m = None if place.distance_m is None else round(place.distance_m, 2)
    return msgspec.json.encode(_Located(lon, lat, place.territory, distance_m, place.border))


def _degrees(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused(field, f"{text!r} is not a number of degrees") from None
