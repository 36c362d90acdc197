"""What goes out on the live feed, as bytes: snapshot, positions, event, heartbeat (docs/protocol.md).

Each is encoded once and sent to everybody whom it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tracker.io.faults import Fault
from tracker.policy import Scope, Sight, foreign_units, room_of, sight
from tracker.pursuits import Pursuit
from tracker.units import Track
from tracker.views import (
    AlertView,
    PursuitView,
    RosterView,
    Row,
    alert_view,
    pursuit_seen,
    roster_view,
    row,
    sees_alert,
)
from tracker.world import World

Bbox = tuple[float, float, float, float]
"""West, south, east, north, WGS 84 degrees."""

ACKNOWLEDGED_SHOWN: Final = 100
"""Acknowledged alerts in a snapshot, the latest ones; those that are not acknowledged are all in it."""

SLICE_ROWS: Final = 1_000
"""Rows that are encoded at a time: about 2 ms."""

_encoder: Final = msgspec.json.Encoder()


class _Picture(msgspec.Struct, frozen=True):
    units: list[Row]
    roster: dict[str, RosterView]
    pursuits: list[PursuitView]
    alerts: list[AlertView]


class _Shown(msgspec.Struct, frozen=True, tag_field="type", tag="show"):
    pursuit: PursuitView
    units: list[Row]
    roster: dict[str, RosterView]
    alerts: list[AlertView]


class _Introduced(msgspec.Struct, frozen=True, tag_field="type", tag="roster"):
    roster: dict[str, RosterView]


class _Hidden(msgspec.Struct, frozen=True, tag_field="type", tag="hide"):
    pursuits: list[str]
    units: list[str]


class Picture:
    """Everything that viewers of one scope start from, encoded; only who it is for is still missing."""

    def __init__(self, world: World, scope: Scope, bbox: Bbox | None) -> None:
        self.offset: Final = world.offset
        names = world.tracks.keys() | world.units.keys()
        if not scope.sees_all:
            names = {name for name in names if _is_of(world, name, scope.state)} | foreign_units(world, scope)
        tracks = (world.tracks[name] for name in world.tracks if name in names)
        views = (pursuit_seen(world, scope, pursuit) for pursuit in world.pursuits.values())
        self._body = _encoder.encode(
            _Picture(
                units=[row(track) for track in tracks if bbox is None or _lies_in(track, bbox)],
                roster={name: roster_view(world, name) for name in sorted(names)},
                pursuits=[view for view in views if view is not None],
                alerts=_alerts(world, scope),
            )
        )

    def frame(self, epoch: str, *, recovered: bool, now: float, faults: Sequence[Fault] = ()) -> bytes:
        """The snapshot message for one viewer. `now` is the server's clock, Unix seconds UTC."""
        head = b'{"type":"snapshot","epoch":%b,"offset":%d,"recovered":%b,"server_time":%b,"status":%b,' % (
            _encoder.encode(epoch),
            self.offset,
            b"true" if recovered else b"false",
            _encoder.encode(now),
            _encoder.encode({"faults": faults}),
        )
        return head + self._body[1:]


class Moves:
    """Position rows of one tick: each row is encoded once, and put into the frame of every scope that sees it.

    Args:
        tracks: those that moved.
        before: where each was in the frame before, `(lon, lat)`, if it was in one.
        world: whose units they are.
    """

    def __init__(self, tracks: Sequence[Track], before: dict[str, tuple[float, float]], world: World) -> None:
        self._tracks: Final = tracks
        self._before = before
        self._world = world
        self._lines: list[bytes] = []
        self._places: NDArray[np.float64] | None = None
        self._states: list[str | None] | None = None

    def encode(self) -> Iterator[None]:
        """Encode the rows, so many at a time that whoever else needs the loop can have it in between."""
        for first in range(0, len(self._tracks), SLICE_ROWS):
            rows = [row(track) for track in self._tracks[first : first + SLICE_ROWS]]
            # JSON texts hold no line breaks, so each line is one row.
            self._lines += _encoder.encode_lines(rows).splitlines()
            yield

    def frame(self, now: float, offset: int, scope: Scope, bbox: Bbox | None = None) -> bytes | None:
        """The positions message; None when there is nothing to say.

        With a `bbox`, the units in it, and those that have just left it, so that nobody is left standing at
        its edge.
        """
        lines = self._lines
        seen = self._seen_by(scope)
        if bbox is not None:
            concerned = self._concerns(bbox)
            seen = concerned if seen is None else [one and other for one, other in zip(seen, concerned, strict=True)]
        if seen is not None:
            lines = list(compress(lines, seen))
        return self._wrap(b",".join(lines), now, offset) if lines else None

    def _seen_by(self, scope: Scope) -> list[bool] | None:
        """Which rows a scope sees; None: all."""
        if scope.sees_all:
            return None
        if self._states is None:
            units = self._world.units
            known = (units.get(track.fix.unit) for track in self._tracks)
            self._states = [None if unit is None else unit.state for unit in known]
        own, foreign = scope.state, foreign_units(self._world, scope)
        seen = [own is not None and state == own for state in self._states]
        if foreign:
            for place, track in enumerate(self._tracks):
                seen[place] = seen[place] or track.fix.unit in foreign
        return seen

    def _wrap(self, rows: bytes, now: float, offset: int) -> bytes:
        return b'{"type":"positions","time":%b,"offset":%d,"units":[%b]}' % (_encoder.encode(now), offset, rows)

    def _concerns(self, bbox: Bbox) -> list[bool]:
        if self._places is None:
            fixes = [track.fix for track in self._tracks]
            now = [(fix.lon, fix.lat, *self._before.get(fix.unit, (fix.lon, fix.lat))) for fix in fixes]
            self._places = np.array(now, dtype=np.float64).reshape(-1, 4).T
        west, south, east, north = bbox
        lon, lat, lon_before, lat_before = self._places
        inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
        left = (west <= lon_before) & (lon_before <= east) & (south <= lat_before) & (lat_before <= north)
        concerned: list[bool] = (inside | left).tolist()
        return concerned


def event_frame(offset: int, event: bytes, age_s: float | None = None) -> bytes:
    """The event message for an event in its journalled form. `age_s` is that of its alert, if it is one of the past."""
    past = b"" if age_s is None else b',"age_s":%b' % _encoder.encode(age_s)
    return b'{"type":"event","offset":%d,"event":%b%b}' % (offset, event, past)


def show_frame(world: World, scope: Scope, pursuit: Pursuit) -> bytes:
    """The message that makes a pursuit visible, or says anew what is to be seen of it."""
    view = pursuit_seen(world, scope, pursuit)
    if view is None:
        raise ValueError(f"{pursuit.id} is not to be seen")
    is_live = sight(world, scope, pursuit) is Sight.LIVE
    units = [member.unit for member in pursuit.members] if is_live else []
    return _encoder.encode(
        _Shown(
            pursuit=view,
            units=[row(world.tracks[unit]) for unit in units if unit in world.tracks],
            roster={unit: roster_view(world, unit) for unit in units},
            alerts=[alert for alert in _alerts(world, scope) if alert.event.pursuit == pursuit.id],
        )
    )


def roster_frame(world: World, units: Iterable[str]) -> bytes:
    """The message that says who these units are."""
    return _encoder.encode(_Introduced({unit: roster_view(world, unit) for unit in units}))


def hide_frame(pursuits: list[str], units: list[str]) -> bytes:
    """The message that says what must go from the screen."""
    return _encoder.encode(_Hidden(pursuits, units))


def heartbeat_frame(now: float, offset: int) -> bytes:
    """The message that says that the link lives. `now` is the server's clock, Unix seconds UTC."""
    return b'{"type":"heartbeat","time":%b,"offset":%d}' % (_encoder.encode(now), offset)


def status_frame(faults: Sequence[Fault], now: float) -> bytes:
    """The message that says what is wrong with the server: all that stands, and nothing when all is well."""
    return b'{"type":"status","time":%b,"faults":%b}' % (_encoder.encode(now), _encoder.encode(faults))


def _alerts(world: World, scope: Scope) -> list[AlertView]:
    seen = [alert for alert in world.alerts.values() if sees_alert(world, scope, alert)]
    room = room_of(scope)
    acknowledged = {alert.offset for alert in seen if alert.acknowledged_for(room) is not None}
    latest = set(sorted(acknowledged)[-ACKNOWLEDGED_SHOWN:])
    return [alert_view(alert, scope) for alert in seen if alert.offset not in acknowledged or alert.offset in latest]


def _is_of(world: World, unit: str, state: str | None) -> bool:
    known = world.units.get(unit)
    return known is not None and known.state is not None and known.state == state


def _lies_in(track: Track, bbox: Bbox) -> bool:
    west, south, east, north = bbox
    return west <= track.fix.lon <= east and south <= track.fix.lat <= north
