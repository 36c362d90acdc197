"""Whom to contact, and which state restricts cooperation: configuration with validity dates, by host state."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from hashlib import sha256
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


class Restriction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A state's notice that it refuses cooperation, or makes it depend on conditions (Art. 61)."""

    state: State
    text: str
    valid_from: date
    valid_until: date | None = None
    source: str
    verified: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    point: tuple[ContactPoint, ...]
    restriction: tuple[Restriction, ...] = ()


class ContactPoints:
    """Every control room that is known, and every notice under Art. 61.

    Args:
        points: in the order of the file.
        restrictions: in the order of the file.
        sha256: of the file, in hex: other contacts give other decisions.
    """

    def __init__(
        self, points: tuple[ContactPoint, ...], restrictions: tuple[Restriction, ...] = (), sha256: str = ""
    ) -> None:
        self.points = points
        self.restrictions = restrictions
        self.sha256 = sha256

    def restriction(self, state: str, at: float) -> str | None:
        """What the notices of a state that hold at a time (Unix seconds UTC) say; None when there is none."""
        on = datetime.fromtimestamp(at, LOCAL).date()
        texts = [one.text for one in self.restrictions if one.state == state and _holds(one, on)]
        return "; ".join(texts) or None

    def nearest(self, state: str, lon: float, lat: float, at: float) -> ContactPoint | None:
        """The control room of a state whose stretch is nearest to a place (degrees) at a time (Unix seconds UTC).

        None when the configuration has none for that state and day.
        """
        on = datetime.fromtimestamp(at, LOCAL).date()
        candidates = [
            (distance_m(lon, lat, *place), number, point)
            for number, point in enumerate(self.points)
            if point.state == state and _holds(point, on)
            for place in point.places
        ]
        return min(candidates, key=lambda entry: entry[:2])[2] if candidates else None


def _holds(entry: ContactPoint | Restriction, on: date) -> bool:
    """Whether an entry holds on a day."""
    return entry.valid_from <= on and (entry.valid_until is None or on < entry.valid_until)


def load(path: Path | None = None) -> ContactPoints:
    """Read a file of contact points; None for the shipped one.

    Raises:
        Refused: the file cannot be read, is not TOML, or an entry is not allowed; names the key and the reason.
    """
    source = files("tracker.treaty").joinpath("contact_points.toml") if path is None else path
    try:
        body = source.read_bytes()
        found = msgspec.convert(tomllib.loads(body.decode()), _File)
    except OSError as error:
        raise Refused("treaty.contact_points", f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Refused("treaty.contact_points", f"{path}: {error}") from error
    for point in found.point:
        if not point.places:
            raise Refused("treaty.contact_points", f"{point.name}: places is empty; one place at least is needed")
        for lon, lat in point.places:
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                raise Refused("treaty.contact_points", f"{point.name}: [{lon}, {lat}] is not [lon, lat] in degrees")
    for name, entry in [(point.name, point) for point in found.point] + [
        (f"restriction of {one.state}", one) for one in found.restriction
    ]:
        if entry.valid_until is not None and entry.valid_until <= entry.valid_from:
            raise Refused(
                "treaty.contact_points",
                f"{name}: valid_until {entry.valid_until} is not after valid_from {entry.valid_from}",
            )
    return ContactPoints(found.point, found.restriction, sha256(body).hexdigest())
