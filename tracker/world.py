"""The world: everything the core remembers, and how to take a change back.

Values are frozen; the tables that hold them are not. A change is written through `put` and `drop`, which remember what
was there, so that a group of inputs whose commit fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

import msgspec

from tracker.errors import Corrupt
from tracker.events import AlertAcknowledged, AlertEvent
from tracker.pursuits import Pursuit
from tracker.units import Track, Unit

ALERTS_KEPT: Final = 500
"""Alerts beyond this number leave the world, oldest first; the journal keeps all."""

PURSUITS_KEPT: Final = 500
"""Ended pursuits beyond this number leave the world, oldest first; the journal keeps all."""


class Alert(msgspec.Struct, frozen=True):
    """An event for a dispatcher's eyes, and who has seen it: `acknowledged` first, then each of `also`."""

    offset: int
    event: AlertEvent
    acknowledged: AlertAcknowledged | None = None
    also: tuple[AlertAcknowledged, ...] = ()
    age_s: float | None = None
    """How old it was when it became known, if that makes it one of the past (`tracker.turn.PAST_S`)."""

    @property
    def acknowledgements(self) -> tuple[AlertAcknowledged, ...]:
        """All that there are, the oldest first; at most one of each control room."""
        return () if self.acknowledged is None else (self.acknowledged, *self.also)

    def acknowledged_for(self, state: str | None) -> AlertAcknowledged | None:
        """The one that counts for a state's control room: its own, or that of somebody who sees everything. For one
        who sees everything himself (None) the first counts, whoever's it is.
        """
        found = (one for one in self.acknowledgements if state is None or one.state in {None, state})
        return next(found, None)

    def with_acknowledgement(self, event: AlertAcknowledged) -> Alert:
        """This alert with one more."""
        if self.acknowledged is None:
            return msgspec.structs.replace(self, acknowledged=event)
        return msgspec.structs.replace(self, also=(*self.also, event))


class _Snapshot(msgspec.Struct, frozen=True, array_like=True):
    offset: int
    tracks: dict[str, Track]
    units: dict[str, Unit]
    pursuits: dict[str, Pursuit]
    pursuit_of: dict[str, str]
    alerts: dict[str, Alert]
    heard: dict[str, float]
    due: dict[str, float]


_Value = TypeVar("_Value")
_MISSING: Final = object()
_decoder: Final = msgspec.msgpack.Decoder(_Snapshot)
_encode: Final = msgspec.msgpack.Encoder().encode
_TABLES: Final = _Snapshot.__struct_fields__[1:]

# Heads of the MessagePack format: an array of 8 elements, and a map whose number of entries follows in 4 bytes.
_ARRAY_OF_8: Final = b"\x98"
_MAP_32: Final = b"\xdf"
_PART: Final = 500


def _head_bytes(entries: int) -> int:
    """How long the head of a map of at most 65,535 entries is."""
    return 1 if entries < 16 else 3


class World:
    """Units, tracks, pursuits and alerts, by name. Read freely; write only through `put` and `drop`."""

    def __init__(self) -> None:
        self.offset = 0
        """How many events there have been: the offset of the newest one."""
        self.tracks: dict[str, Track] = {}
        self.units: dict[str, Unit] = {}
        self.pursuits: dict[str, Pursuit] = {}
        self.pursuit_of: dict[str, str] = {}
        """The pursuit that has not ended, by member unit."""
        self.alerts: dict[str, Alert] = {}
        """By the id of the event, oldest first."""
        self.heard: dict[str, float] = {}
        """When each unit that is not lost was last heard (server time), the longest silent first."""
        self.due: dict[str, float] = {}
        """The data time of the next deadline of each pursuit that has one, also after its end."""
        self._undo: list[tuple[dict[str, object], str, object]] = []
        self._began_at = 0

    def put(self, table: dict[str, _Value], key: str, value: _Value) -> None:
        """Set an entry of one of the tables."""
        self._undo.append((table, key, table.get(key, _MISSING)))  # type: ignore[arg-type]
        table[key] = value

    def drop(self, table: dict[str, _Value], key: str) -> None:
        """Remove an entry of one of the tables, if it is there."""
        if key in table:
            self._undo.append((table, key, table.pop(key)))  # type: ignore[arg-type]

    def sight(self, unit: str, track: Track) -> None:
        """Put a unit's track, and move the unit, heard with it, to the end of `heard`."""
        undo, tracks, heard = self._undo, self.tracks, self.heard
        undo.append((tracks, unit, tracks.get(unit, _MISSING)))  # type: ignore[arg-type]
        tracks[unit] = track
        undo.append((heard, unit, heard.pop(unit, _MISSING)))  # type: ignore[arg-type]
        heard[unit] = track.received_at

    def sort_heard(self) -> None:
        """Put the longest silent first again, when entries were changed in their places."""
        _sort(self.heard, lambda unit: (self.heard[unit], unit))

    def begin(self) -> None:
        """Start a group of changes that `rollback` can take back as one."""
        self._undo.clear()
        self._began_at = self.offset

    def commit(self) -> None:
        """Keep the changes since `begin`."""
        self._undo.clear()
        self._began_at = self.offset

    def rollback(self) -> None:
        """Take back every change since `begin`."""
        self.undo_to((0, self._began_at))

    def mark(self) -> tuple[int, int]:
        """A place within the present group that `undo_to` goes back to."""
        return len(self._undo), self.offset

    def undo_to(self, mark: tuple[int, int]) -> None:
        """Take back every change since `mark`."""
        length, self.offset = mark
        if len(self._undo) == length:
            return
        while len(self._undo) > length:
            table, key, value = self._undo.pop()
            if value is _MISSING:
                del table[key]
            else:
                table[key] = value
        # Putting entries back does not put them back in their places. These two are kept in order; nobody may rely on
        # the order of the others.
        self.sort_heard()
        _sort(self.alerts, lambda name: (self.alerts[name].offset, name))

    def copy(self) -> World:
        """A world that stays as this one is now. The values are frozen, so only the tables are copied."""
        copied = World()
        copied.offset = self.offset
        for name in _TABLES:
            setattr(copied, name, dict(getattr(self, name)))
        return copied

    def encode(self) -> bytes:
        """The whole world as bytes, for a snapshot (MessagePack)."""
        return b"".join(self.encode_in_parts())

    def encode_in_parts(self) -> Iterator[bytes]:
        """`encode`, a little at a time: no part takes longer than a few milliseconds, however many units there are. The
        world must stay as it is meanwhile.
        """
        yield _ARRAY_OF_8 + _encode(self.offset)
        for name in _TABLES:
            table: dict[str, object] = getattr(self, name)
            yield _MAP_32 + len(table).to_bytes(4, "big")
            entries = iter(table.items())
            while some := dict(islice(entries, _PART)):
                yield _encode(some)[_head_bytes(len(some)) :]

    @classmethod
    def decode(cls, body: bytes) -> World:
        """Read a snapshot back.

        Raises:
            Corrupt: when the bytes are not a snapshot of this version.
        """
        try:
            kept = _decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise Corrupt(f"not a snapshot of this version: {error}") from error
        world = cls()
        world.offset = kept.offset
        world.tracks = kept.tracks
        world.units = kept.units
        world.pursuits = kept.pursuits
        world.pursuit_of = kept.pursuit_of
        world.alerts = kept.alerts
        world.heard = kept.heard
        world.due = kept.due
        return world

    def lag_of(self, pursuit: Pursuit) -> float:
        """Server time less data time of a pursuit, seconds: the least of its members', so that its time is never before
        any fix that has come. One that uploads late does not turn the clock of the others back. After its end it stays
        as it was: what its units do later is none of its business.
        """
        if pursuit.lag_s is not None:
            return pursuit.lag_s
        return min((track.lag_s for track in self.members_of(pursuit).values()), default=0.0)

    def members_of(self, pursuit: Pursuit) -> Mapping[str, Track]:
        """The tracks of a pursuit's members that have sent a fix, in the order in which they joined."""
        return {member.unit: self.tracks[member.unit] for member in pursuit.members if member.unit in self.tracks}


def _sort(table: dict[str, _Value], rank: Callable[[str], tuple[float, str]]) -> None:
    ordered = sorted(table.items(), key=lambda entry: rank(entry[0]))
    table.clear()
    table.update(ordered)
