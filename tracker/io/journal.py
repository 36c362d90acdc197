"""The journal: every input that was accepted and every event that followed from it, in SQLite.

A group of inputs and its events are one transaction, and `write` returns only once that is on the disk: WAL
with `synchronous=FULL` calls fsync at each commit. The file is locked for as long as it is open, so there is
one writer, and no second connection ever sees it. All methods block, and are for one thread. Its tables are in
`tracker.io.schema`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from tracker.errors import Corrupt
from tracker.io.schema import APPLICATION, MIGRATIONS
from tracker.io.sqlite import (
    SQLITE_FLOOR,
    Unusable,
    check_sqlite,
    opening,
    translated,
)

FILE: Final = "journal.db"

CHECKPOINT_PAGES: Final = 8_000
"""Once the write-ahead log is this long (32 MB), its content moves to the database; a page has 4 KiB. Every unit has
pages of its own in the index of pings: the longer the log, the fewer times each is moved.
"""

PIECE_BYTES: Final = 256 * 1024
"""Of a snapshot, written in one transaction."""

_ROWS_A_STATEMENT: Final = (256, 64, 16, 4, 1)


class Edition(NamedTuple):
    """What the core worked with besides its code: SHA-256 of the boundary data and of the file of contact points."""

    boundary_sha256: str
    contacts_sha256: str


class PingKey(NamedTuple):
    """What names a ping: `n` is its `seq`, or its time (Unix seconds) where `boot` is `""`."""

    unit: str
    boot: str
    n: float


InputRow = tuple[int, str | None, str | None, float | None, bytes]
"""An input in its journalled form: its id, what names a ping (`PingKey`; None for any other input), and the form. A
plain tuple, since there is one of every ping.
"""


class EventRow(NamedTuple):
    """An event in its journalled form; `input` is the id of what caused it.

    `seen_by` are the states that saw it when it happened, as in `tracker.policy.seen_by`, `pursuit` what it is part of.
    """

    offset: int
    id: str
    input: int
    body: bytes
    seen_by: int = 0
    pursuit: str | None = None


class QuarantineRow(NamedTuple):
    """An input that the core failed on, with the error; `failed_at` in Unix seconds UTC."""

    failed_at: float
    error: str
    body: bytes


class SnapshotRow(NamedTuple):
    """The world after `input`, when `offset` events had happened, at `at` (server time, Unix seconds UTC).

    `layout` names the form of `body`.
    """

    input: int
    offset: int
    layout: str
    body: bytes
    at: float = 0.0


class Cause(NamedTuple):
    """An input as it is replayed, and the events that it caused, by offset."""

    id: int
    body: bytes
    events: list[tuple[int, bytes]]


class Journal:
    """An open journal.

    Args:
        directory: holds the file; made, readable by its owner only, if it is not there.
        create: make a journal if there is none.
        vfs: name of the SQLite file system to use; the system's own if none is given.

    Raises:
        Unusable: there is none and none is to be made, another process uses it, or it is of a newer version.
        Corrupt: the file is not a journal, or damaged.
    """

    def __init__(self, directory: Path, *, create: bool = True, vfs: str | None = None) -> None:
        check_sqlite(apsw.sqlite_lib_version(), SQLITE_FLOOR)
        path = directory / FILE
        is_new = not path.exists()
        if is_new:
            if not create:
                raise Unusable(f"there is no journal in {directory}")
            create_file(path)
        self._wal_pages = 0
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
        try:
            with opening(path):
                self._set_up(path)
                # What SQLite made or deleted just now, or before a cut that came while the file was being set up: a
                # rollback journal whose name comes back would take back everything since.
                sync_directory(directory)
                self.epoch: Final = self._meta("epoch")
                # The newest may have been erased; a snapshot knows how far things had come.
                self.last_input = self._newest("id", "input")
                self.last_offset = self._newest("offset", "event")
        except BaseException:
            # On a disk that fails this fails too, and must not hide why.
            with suppress(apsw.Error):
                self._connection.close(True)
            raise

    def close(self) -> None:
        """Move the log into the database, and give the file free."""
        with translated():
            self._connection.close()

    def write(
        self,
        inputs: Iterable[InputRow] = (),
        events: Iterable[EventRow] = (),
        quarantined: Iterable[QuarantineRow] = (),
    ) -> None:
        """Write a group, whole or not at all; it is on the disk when this returns.

        Raises:
            DiskFull, Clash: nothing was written; the journal is as it was.
            Broken, Corrupt: the journal must not be used any more.
        """
        inputs, events = list(inputs), list(events)
        with self.transaction():
            self._insert("input", inputs)
            self._insert("event", events)
            self._insert("quarantine", [(None, *row) for row in quarantined])
        if inputs:
            self.last_input = inputs[-1][0]
        if events:
            self.last_offset = events[-1].offset

    def write_snapshot(self, snapshot: SnapshotRow, *, milestone: bool = False) -> None:
        """Replace the snapshot; milestones stay until `tracker.io.erasing` drops them. Raises as `write` does."""
        for _ in self.writing_snapshot(snapshot, milestone=milestone):
            pass

    def writing_snapshot(self, snapshot: SnapshotRow, *, milestone: bool = False) -> Iterator[None]:
        """`write_snapshot` in steps, each a short transaction, so that groups can be written in between: a world of
        many units has as many bytes as a thousand groups. It counts with the last step but those that tidy up; one
        that was broken off is tidied up by the next.
        """
        yield from self._drop_pieces()
        pieces: int = self._value("SELECT 1 + ifnull(max(pieces), 0) FROM snapshot")
        body, digest = memoryview(snapshot.body), sha256()
        for nth, start in enumerate(range(0, len(body), PIECE_BYTES)):
            piece = body[start : start + PIECE_BYTES]
            digest.update(piece)
            with self.transaction():
                self._connection.execute("INSERT INTO piece VALUES (?, ?, ?)", (pieces, nth, piece))
            yield
        with self.transaction():
            self._connection.execute("DELETE FROM snapshot WHERE NOT milestone")
            self._connection.execute(
                "INSERT INTO snapshot VALUES (?, ?, ?, ?, x'', ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "layout = excluded.layout, digest = excluded.digest, body = excluded.body, pieces = excluded.pieces, "
                "milestone = max(milestone, excluded.milestone)",
                (*snapshot[:3], digest.digest(), snapshot.at, int(milestone), pieces),
            )
        yield
        yield from self._drop_pieces()

    def _drop_pieces(self) -> Iterator[None]:
        """Drop what belongs to no snapshot, piece by piece: what is dropped is overwritten too."""
        statement = "SELECT rowid FROM piece WHERE snapshot NOT IN (SELECT pieces FROM snapshot WHERE pieces NOT NULL)"
        for (row,) in list(self.rows(statement)):
            with self.transaction():
                self._connection.execute("DELETE FROM piece WHERE rowid = ?", (row,))
            yield

    @property
    def base(self) -> int:
        """The input of the snapshot that stands for what is erased; 0 if nothing is (`tracker.io.erasing`)."""
        return self._place("base")

    @property
    def erased_offset(self) -> int:
        """Events up to this offset are erased, but for those that are kept as evidence."""
        return self._place("events_upto")

    @property
    def kept_after(self) -> tuple[int, int]:
        """The input after which none is erased, and the offset of the last event that it or an earlier one caused."""
        input_ = max(self._place("pings_upto"), self._place("inputs_upto"))
        first = self._value("SELECT min(offset) FROM event WHERE input > ?", (input_,))
        return input_, self.last_offset if first is None else first - 1

    def note_edition(self, edition: Edition) -> Edition | None:
        """Note what is used from the next input on.

        Returns what was used before, if it was something else. Raises as `write` does.
        """
        before = next((known for _, known in reversed(self.editions())), None)
        if before == edition:
            return None
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO edition VALUES (?, ?, ?)", (self.last_input + 1, *edition))
        return before

    def probe(self) -> None:
        """Write something small, to see whether writing is possible. Raises as `write` does."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('probe', ?)", (secrets.token_hex(8),))

    @property
    def wants_checkpoint(self) -> bool:
        """True when the log has become long. May be read from any thread."""
        return self._wal_pages >= CHECKPOINT_PAGES

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Move the log into the database; with `truncate`, nothing stays in its file. Raises as `write` does."""
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if truncate else apsw.SQLITE_CHECKPOINT_PASSIVE
        with translated():
            self._connection.wal_checkpoint(mode=mode)
        self._wal_pages = 0

    def begin_copy(self, target: apsw.Connection) -> apsw.Backup:
        """A copy of the whole into another database, to be made step by step between transactions."""
        return target.backup("main", self._connection, "main")

    def stored(self, keys: Iterable[PingKey]) -> dict[PingKey, bytes]:
        """The journalled form of those of these pings that are in the journal."""
        found: dict[PingKey, bytes] = {}
        for key in keys:
            body = self._value("SELECT body FROM input WHERE unit = ? AND boot = ? AND n = ?", key)
            if body is not None:
                found[key] = body
        return found

    def newest(self, unit: str, boot: str) -> float | None:
        """The highest number of a ping of this boot, if there is one."""
        n: float | None = self._value("SELECT max(n) FROM input WHERE unit = ? AND boot = ?", (unit, boot))
        return n

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """At most `limit` events after an offset, in order."""
        statement = "SELECT offset, body FROM event WHERE offset > ? ORDER BY offset LIMIT ?"
        return [(offset, body) for offset, body in self.rows(statement, (after, limit))]

    def events_seen(self, after: int, limit: int, bits: int, pursuits: Collection[str]) -> list[tuple[int, bytes]]:
        """As `events`, but only those that one of these states saw, and those of these pursuits."""
        names = ", ".join("?" * len(pursuits))
        statement = (
            f"SELECT offset, body FROM event WHERE offset > ? AND (seen_by & ? OR pursuit IN ({names})) "  # noqa: S608
            "ORDER BY offset LIMIT ?"
        )
        return [(offset, body) for offset, body in self.rows(statement, (after, bits, *sorted(pursuits), limit))]

    def events_of(self, pursuit: str, bits: int | None) -> list[tuple[int, bytes]]:
        """The events of a pursuit, in order; with `bits`, those that one of these states saw."""
        statement = "SELECT offset, body FROM event WHERE pursuit = ? AND (? IS NULL OR seen_by & ?) ORDER BY offset"
        return [(offset, body) for offset, body in self.rows(statement, (pursuit, bits, bits))]

    def input_from(self, id_: int) -> tuple[int, bytes] | None:
        """The first input whose id is not below this one."""
        for id_found, body in self.rows("SELECT id, body FROM input WHERE id >= ? ORDER BY id LIMIT 1", (id_,)):
            return id_found, body
        return None

    def pings_of(self, unit: str, from_input: int) -> Iterator[bytes]:
        """The pings of a unit among the inputs from this one on, by boot and number."""
        # The index holds the ids too, so rows before `from_input` are passed over without being read.
        statement = "SELECT body FROM input INDEXED BY ping WHERE unit = ? AND id >= ? ORDER BY boot, n"
        return (body for (body,) in self.rows(statement, (unit, from_input)))

    def causes(self, after_input: int, after_offset: int) -> Iterator[Cause]:
        """Every input after one, in order, with the events that it caused.

        Args:
            after_input: id of the last input to leave out.
            after_offset: offset of the last event to leave out.

        Raises:
            Corrupt: an input or an event is missing, or an event belongs to no input.
        """
        events = self.rows("SELECT offset, input, body FROM event WHERE offset > ? ORDER BY offset", (after_offset,))
        event, offset, expected = next(events, None), after_offset, after_input
        for id_, body in self.rows("SELECT id, body FROM input WHERE id > ? ORDER BY id", (after_input,)):
            expected += 1
            if id_ != expected:
                raise Corrupt(f"the journal has no input {expected}")
            caused: list[tuple[int, bytes]] = []
            while event is not None and event[1] == id_:
                offset += 1
                if event[0] != offset:
                    raise Corrupt(f"the journal has no event {offset}")
                caused.append((offset, event[2]))
                event = next(events, None)
            yield Cause(id_, body, caused)
        if event is not None:
            raise Corrupt(f"event {event[0]} belongs to input {event[1]}, which the journal does not have")

    def snapshots(self) -> Iterator[SnapshotRow]:
        """The snapshots that are as they were written, newest first."""
        rows = list(
            self.rows("SELECT input, offset, layout, digest, at, body, pieces FROM snapshot ORDER BY input DESC")
        )
        for input_, offset, layout, digest, at, whole, pieces in rows:
            found = self.rows("SELECT body FROM piece WHERE snapshot = ? ORDER BY nth", (pieces,))
            body = b"".join([whole, *(piece for (piece,) in found)])
            if sha256(body).digest() == digest:
                yield SnapshotRow(input_, offset, layout, body, at)

    def snapshot(self) -> SnapshotRow | None:
        """The newest snapshot, if there is one."""
        return next(self.snapshots(), None)

    def editions(self) -> list[tuple[int, Edition]]:
        """From which input on what was used, in order."""
        return [(input_, Edition(*used)) for input_, *used in self.rows("SELECT * FROM edition ORDER BY input")]

    def quarantine(self) -> list[QuarantineRow]:
        """What the core failed on, in order."""
        rows = self.rows("SELECT failed_at, error, body FROM quarantine ORDER BY id")
        return [QuarantineRow(*row) for row in rows]

    def _set_up(self, path: Path) -> None:
        connection = self._connection
        # In this order: a log that is exclusive from the start needs no shared memory and keeps others out.
        for pragma, value, expected in (
            ("locking_mode", "EXCLUSIVE", "exclusive"),
            ("journal_mode", "WAL", "wal"),
            ("synchronous", "FULL", 2),
            ("trusted_schema", "OFF", 0),
            ("secure_delete", "ON", 1),  # what is erased is overwritten
        ):
            connection.pragma(pragma, value)
            found = connection.pragma(pragma)
            if found != expected:
                raise Unusable(f"{path}: SQLite does not set {pragma} to {value} here; it is {found}")
        connection.set_wal_hook(self._note_wal)
        self._migrate(path)

    def _migrate(self, path: Path) -> None:
        connection = self._connection
        version: int = self._value("PRAGMA user_version")
        if version > len(MIGRATIONS):
            raise Unusable(f"{path} was written by a newer version of Drempelloos (its format is {version})")
        is_empty = self._value("SELECT count(*) FROM sqlite_schema") == 0
        if not is_empty and self._value("PRAGMA application_id") != APPLICATION:
            raise Corrupt(f"{path} is a database, but not a journal of Drempelloos")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            with self.transaction():
                connection.execute(script)
                connection.pragma("application_id", APPLICATION)
                connection.pragma("user_version", number)
                if number == 1:
                    connection.execute("INSERT INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        # A hook of our own also switches SQLite's automatic checkpoints off, which hide their errors.
        self._wal_pages = pages
        return apsw.SQLITE_OK

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is executed within is on the disk at its end, whole or not at all. Raises as `write` does."""
        with translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # Some errors roll back by themselves.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _insert(self, table: str, rows: Sequence[tuple[apsw.SQLiteValue, ...]]) -> None:
        """Insert rows, many to a statement: SQLite gives the interpreter free once a statement, and to get it back from
        a busy loop can take milliseconds.
        """
        start = 0
        while start < len(rows):
            # Few lengths, so that each statement is compiled once and then found in the cache.
            size = next(size for size in _ROWS_A_STATEMENT if size <= len(rows) - start)
            some = rows[start : start + size]
            row = f"({', '.join('?' * len(some[0]))})"
            self._connection.execute(
                f"INSERT INTO {table} VALUES {', '.join([row] * size)}",  # noqa: S608 - all of it ours
                tuple(chain.from_iterable(some)),
            )
            start += size

    # What a row holds follows from the statement and the strict schema; each caller says what that is.
    def rows(self, statement: str, values: tuple[apsw.SQLiteValue, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Execute a statement of one of the modules that keep the journal."""
        with translated():
            yield from self._connection.execute(statement, values)

    def _value(self, statement: str, values: tuple[apsw.SQLiteValue, ...] = ()) -> Any:  # noqa: ANN401
        with translated():
            return self._connection.execute(statement, values).get

    def _place(self, key: str) -> int:
        return int(self._value("SELECT value FROM meta WHERE key = ?", (key,)) or 0)

    def _newest(self, number: str, table: str) -> int:
        # The row itself may have been erased; a snapshot knows how far things had come.
        column = "offset" if table == "event" else "input"
        snapshot: int = self._value(f"SELECT ifnull(max({column}), 0) FROM snapshot")  # noqa: S608 - all of it ours
        newest: int = self._value(f"SELECT ifnull(max({number}), 0) FROM {table}")  # noqa: S608
        return max(snapshot, newest)

    def _meta(self, key: str) -> str:
        value: str | None = self._value("SELECT value FROM meta WHERE key = ?", (key,))
        if value is None:
            raise Corrupt(f"the journal has no {key}")
        return value


def create_file(path: Path) -> None:
    """Make an empty file that only its owner can read, and its directory likewise if it is not there.

    Raises:
        Unusable: says why it cannot be made.
    """
    try:
        missing = [parent for parent in path.parents if not parent.exists()]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
        for made in missing:
            sync_directory(made.parent)
    except OSError as error:
        raise Unusable(f"{path} cannot be made: {error.strerror}") from error


def sync_directory(directory: Path) -> None:
    """Make sure that the names in a directory are on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
