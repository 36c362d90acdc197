"""Whom to contact: control rooms by host state and border stretch, as configuration with validity dates."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import msgspec

from borders.geodesy import distance_m
from tracker.errors import Refused
from tracker.facts import LOCAL, State


class ContactPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A control room. `places` are `(lon, lat)` in degrees, on the border stretch that it answers for."""

    state: State
    name: str
    stretch: str
    places: tuple[tuple[float, float], ...]
    valid_from: date
    valid_until: date | None = None
    source: str
    verified: bool = False

    def is_valid(self, on: date) -> bool:
        """Whether the entry holds on a day."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    point: tuple[ContactPoint, ...]


class ContactPoints:
    """Every control room that is known."""

    def __init__(self, points: tuple[ContactPoint, ...]) -> None:
        self.points = points

    def nearest(self, state: str, lon: float, lat: float, at: float) -> ContactPoint | None:
        """The control room of a state whose stretch is nearest to a place (degrees) at a time (Unix seconds UTC).

        None when the configuration has none for that state and day.
        """
        on = datetime.fromtimestamp(at, LOCAL).date()
        candidates = [
            (distance_m(lon, lat, *place), number, point)
            for number, point in enumerate(self.points)
            if point.state == state and point.is_valid(on)
            for place in point.places
        ]
        return min(candidates, key=lambda entry: entry[:2])[2] if candidates else None


def load(path: Path | None = None) -> ContactPoints:
    """Read a file of contact points; None for the shipped one.

    Raises:
        Refused: the file cannot be read, is not TOML, or an entry is not allowed; names the key and the reason.
    """
    source = files("tracker.treaty").joinpath("contact_points.toml") if path is None else path
    try:
        text = source.read_text(encoding="utf-8")
        found = msgspec.convert(tomllib.loads(text), _File)
    except OSError as error:
        raise Refused("treaty.contact_points", f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Refused("treaty.contact_points", f"{path}: {error}") from error
    for point in found.point:
        if not point.places:
            raise Refused("treaty.contact_points", f"{point.name}: places is empty; one place at least is needed")
        if point.valid_until is not None and point.valid_until <= point.valid_from:
            raise Refused(
                "treaty.contact_points",
                f"{point.name}: valid_until {point.valid_until} is not after valid_from {point.valid_from}",
            )
        for lon, lat in point.places:
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                raise Refused("treaty.contact_points", f"{point.name}: [{lon}, {lat}] is not [lon, lat] in degrees")
    return ContactPoints(found.point)
