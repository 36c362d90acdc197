"""What goes out on the live feed, as bytes: snapshot, positions, event, heartbeat (docs/protocol.md).

Each is encoded once and sent to everybody whom it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tracker.io.faults import Fault
from tracker.units import Track
from tracker.views import AlertView, PursuitView, RosterView, Row, alert_view, pursuit_view, roster_view, row
from tracker.world import World

Bbox = tuple[float, float, float, float]
"""West, south, east, north, WGS 84 degrees."""

ACKNOWLEDGED_SHOWN: Final = 100
"""Acknowledged alerts in a snapshot, the latest ones; those that are not acknowledged are all in it."""

_encoder: Final = msgspec.json.Encoder()


class _Picture(msgspec.Struct, frozen=True):
    units: list[Row]
    roster: dict[str, RosterView]
    pursuits: list[PursuitView]
    alerts: list[AlertView]


class Picture:
    """Everything that a viewer starts from, encoded; only who it is for is still missing."""

    def __init__(self, world: World, bbox: Bbox | None) -> None:
        self.offset: Final = world.offset
        tracks = world.tracks.values()
        shown = tracks if bbox is None else [track for track in tracks if _lies_in(track, bbox)]
        names = world.tracks.keys() | world.units.keys()
        self._body = _encoder.encode(
            _Picture(
                units=[row(track) for track in shown],
                roster={name: roster_view(world, name) for name in sorted(names)},
                pursuits=[pursuit_view(world, pursuit) for pursuit in world.pursuits.values()],
                alerts=_alerts(world),
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
    """Position rows of one tick, encoded row by row when somebody wants only a part of them.

    Args:
        tracks: those that moved.
        before: where each was in the frame before, `(lon, lat)`, if it was in one.
    """

    def __init__(self, tracks: Sequence[Track], before: dict[str, tuple[float, float]]) -> None:
        self._rows: Final = [row(track) for track in tracks]
        self._before = before
        self._lines: list[bytes] | None = None
        self._places: NDArray[np.float64] | None = None

    def frame(self, now: float, bbox: Bbox | None = None) -> bytes | None:
        """The positions message; None when there is nothing to say.

        With a `bbox`, the units in it, and those that have just left it, so that nobody is left standing at
        its edge.
        """
        if not self._rows:
            return None
        if bbox is None:
            return self._wrap(_encoder.encode(self._rows), now)
        lines = list(compress(self._encoded(), self._concerns(bbox)))
        return self._wrap(b"[" + b",".join(lines) + b"]", now) if lines else None

    def _wrap(self, rows: bytes, now: float) -> bytes:
        return b'{"type":"positions","time":%b,"units":%b}' % (_encoder.encode(now), rows)

    def _encoded(self) -> list[bytes]:
        if self._lines is None:
            # JSON texts hold no line breaks, so each line is one row.
            self._lines = _encoder.encode_lines(self._rows).splitlines()
        return self._lines

    def _concerns(self, bbox: Bbox) -> list[bool]:
        if self._places is None:
            now = ((lon, lat, *self._before.get(unit, (lon, lat))) for unit, _, lon, lat, *_ in self._rows)
            self._places = np.array(list(now), dtype=np.float64).T
        west, south, east, north = bbox
        lon, lat, lon_before, lat_before = self._places
        inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
        left = (west <= lon_before) & (lon_before <= east) & (south <= lat_before) & (lat_before <= north)
        concerned: list[bool] = (inside | left).tolist()
        return concerned


def event_frame(offset: int, event: bytes) -> bytes:
    """The event message for an event in its journalled form."""
    return b'{"type":"event","offset":%d,"event":%b}' % (offset, event)


def heartbeat_frame(now: float) -> bytes:
    """The message that says that the link lives. `now` is the server's clock, Unix seconds UTC."""
    return b'{"type":"heartbeat","time":%b}' % _encoder.encode(now)


def status_frame(faults: Sequence[Fault], now: float) -> bytes:
    """The message that says what is wrong with the server: all that stands, and nothing when all is well."""
    return b'{"type":"status","time":%b,"faults":%b}' % (_encoder.encode(now), _encoder.encode(faults))


def _alerts(world: World) -> list[AlertView]:
    seen = [alert for alert in world.alerts.values() if alert.acknowledged is not None]
    latest = {alert.offset for alert in seen[-ACKNOWLEDGED_SHOWN:]}
    shown: Iterable[AlertView] = (
        alert_view(alert) for alert in world.alerts.values() if alert.acknowledged is None or alert.offset in latest
    )
    return list(shown)


def _lies_in(track: Track, bbox: Bbox) -> bool:
    west, south, east, north = bbox
    return west <= track.fix.lon <= east and south <= track.fix.lat <= north
