"""The access log: who looked at what, when, and why (Directive (EU) 2016/680, Art. 25). And the openings it grants.

Each snapshot, subscription (start and stop), resume, call that reads, report and opening is one row, with the person,
the scope and, for an opening, the reason. Rows are added and never changed; `expire` is the only way out, and leaves a
row that says so. The file is one of its own, so that it can be kept, and given to an auditor, apart from the journal.

A row is on the disk before what it is about is shown. Where that cannot be, since the disk is full or broken, what a
control room sees goes on, since lives hang on it: the rows wait in memory for the disk, and the log of the server says
so. An opening does not go on: without its reason on record nothing is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec
import structlog

from tracker.errors import Corrupt
from tracker.facts import State
from tracker.io.copying import copy_database
from tracker.io.credentials import Grant
from tracker.io.journal import create_file
from tracker.io.service import Unavailable
from tracker.io.sqlite import Unusable
from tracker.policy import EVERYTHING, Scope, scope_of

FILE: Final = "access.db"

OPENED_S: Final = 12 * 3600.0
"""How long an opening lasts: a shift."""

MAX_WAITING: Final = 10_000
"""Rows that wait in memory for a disk that fails; beyond it the oldest are lost, and the log of the server has them."""

_APPLICATION: Final = 0x44524D41  # "DRMA"
_SCHEMA: Final = """
    CREATE TABLE access (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, action TEXT NOT NULL,
        who TEXT NOT NULL, name TEXT, role TEXT NOT NULL, state TEXT, pursuit TEXT, about TEXT NOT NULL,
        reason TEXT, detail TEXT NOT NULL) STRICT;
    CREATE INDEX access_at ON access (at);
    CREATE TRIGGER access_stays BEFORE UPDATE ON access
        BEGIN SELECT RAISE(ABORT, 'rows of the access log are never changed'); END;
    """
_COLUMNS: Final = "id, at, action, who, name, role, state, pursuit, about, reason, detail"

_log: Final = structlog.get_logger(__name__)


class Access(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row. `about` are the states whose units are in the pursuit, if it is about one."""

    id: int = 0
    at: float
    """Unix seconds UTC."""
    action: str
    who: str
    """The id of the grant; `name` is whom it names."""
    name: str | None = None
    role: str
    state: str | None = None
    pursuit: str | None = None
    about: tuple[str, ...] = ()
    reason: str | None = None
    detail: dict[str, Any] = {}


def access(grant: Grant, at: float, action: str, pursuit: str | None = None, **detail: object) -> Access:
    """A row of what somebody does."""
    return Access(
        at=at, action=action, who=grant.id, name=grant.name, role=grant.role, state=grant.state, pursuit=pursuit,
        detail={name: value for name, value in detail.items() if value is not None},
    )  # fmt: skip


class AccessLog:
    """The log in a directory.

    Args:
        directory: holds the file; made if it is not there.
        now: the clock, Unix seconds UTC.

    Raises:
        Unusable: the file cannot be opened, or is of a newer version.
        Corrupt: it is not an access log.
    """

    def __init__(self, directory: Path, now: Callable[[], float]) -> None:
        path = directory / FILE
        if not path.exists():
            create_file(path)
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="access log")
        self._waiting: list[tuple[Sequence[Access], asyncio.Future[None] | None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._kept: list[Access] = []
        try:
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._set_up(path)
            rows = self._connection.execute(
                "SELECT who, pursuit, at FROM access WHERE action = 'open' AND at > ?", (now() - OPENED_S,)
            )
            self._openings = {(who, pursuit): at + OPENED_S for who, pursuit, at in rows}
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise Corrupt(f"{path} is damaged: {error}") from error
        except apsw.Error as error:
            raise Unusable(f"{path} cannot be opened: {error}") from error

    async def close(self) -> None:
        """Write what waits, and give the file free."""
        while self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        self._thread.shutdown()
        self._connection.close()

    def scope(self, grant: Grant) -> Scope:
        """What somebody may see now."""
        if grant.role == "supervisor" and grant.state is None:  # who runs the server on his own machine
            return EVERYTHING
        return scope_of(grant.role, grant.state, self.opened(grant.id))

    def opened(self, who: str) -> frozenset[str]:
        """The pursuits that somebody opened and may still look at."""
        at = self._now()
        return frozenset(pursuit for (one, pursuit), until in self._openings.items() if one == who and until > at)

    async def note(self, *rows: Access) -> None:
        """Add rows; they are on the disk when this returns, or wait for it."""
        try:
            await self._write(rows)
        except Unavailable:
            _log.critical("the access log cannot be written; what is read is read without", waiting=len(self._kept))
            for row in rows:
                _log.critical("access", **msgspec.to_builtins(row))
            self._kept = [*self._kept, *rows][-MAX_WAITING:]

    async def record(self, *rows: Access) -> None:
        """Add rows of what is about to be done.

        Raises:
            Unavailable: they could not be put on record, and it must not be done.
        """
        await self._write(rows)

    def note_later(self, *rows: Access) -> None:
        """Add rows of what is over already."""
        self._waiting.append((rows, None))
        self._start()

    async def open(self, grant: Grant, pursuit: str, about: tuple[str, ...], reason: str) -> None:
        """Open a pursuit for somebody.

        Raises:
            Unavailable: the reason could not be put on record; nothing is opened.
        """
        row = msgspec.structs.replace(access(grant, self._now(), "open", pursuit), about=about, reason=reason)
        await self.record(row)
        self._openings[grant.id, pursuit] = row.at + OPENED_S

    async def page(self, after: int, limit: int, state: State | None) -> list[Access]:
        """At most `limit` rows after an id: what people of a state did, and what others opened of it; None: all."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, after, limit, state)

    async def expire(self, before: float) -> int:
        """Remove the rows from before a moment (Unix seconds UTC), and note that; says how many."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._expire, before)

    async def copy(self, path: Path) -> None:
        """Copy the file, while it is in use."""
        copying = partial(copy_database, self._connection, path)
        await asyncio.get_running_loop().run_in_executor(self._thread, copying)

    async def _write(self, rows: Sequence[Access]) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, waiter))
        self._start()
        await waiter

    def _start(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._drain(), name="access log")

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            kept, self._kept = self._kept, []
            rows = [*kept, *(row for rows, _ in group for row in rows)]
            error: Unavailable | None = None
            try:
                await loop.run_in_executor(self._thread, self._insert, rows)
            except apsw.Error as cause:
                error = Unavailable(f"the access log cannot be written: {cause}")
                self._kept = [*kept, *(row for rows, waiter in group if waiter is None for row in rows)]
            for _, waiter in group:
                if waiter is None or waiter.done():
                    continue
                if error is None:
                    waiter.set_result(None)
                else:
                    waiter.set_exception(error)
        self._writing = None

    def _insert(self, rows: Sequence[Access]) -> None:
        with self._connection:
            self._connection.executemany(
                f"INSERT INTO access ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - ours
                [
                    (
                        row.at, row.action, row.who, row.name, row.role, row.state, row.pursuit,
                        " ".join(row.about), row.reason, msgspec.json.encode(row.detail).decode(),
                    )
                    for row in rows
                ],
            )  # fmt: skip

    def _read(self, after: int, limit: int, state: State | None) -> list[Access]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM access WHERE id > ? "  # noqa: S608 - ours
            "AND (?2 IS NULL OR state = ?2 OR instr(about, ?2) > 0) ORDER BY id LIMIT ?3",
            (after, state, limit),
        )
        return [
            Access(
                id=id_, at=at, action=action, who=who, name=name, role=role, state=of, pursuit=pursuit,
                about=tuple(about.split()), reason=reason, detail=msgspec.json.decode(detail),
            )
            for id_, at, action, who, name, role, of, pursuit, about, reason, detail in rows
        ]  # fmt: skip

    def _expire(self, before: float) -> int:
        with self._connection:
            self._connection.execute("DELETE FROM access WHERE at < ?", (before,))
            number = self._connection.changes()
            if number:
                row = Access(
                    at=self._now(), action="expire", who="server", role="server",
                    detail={"rows": number, "before": before},
                )  # fmt: skip
                self._insert([row])
        return number

    def _set_up(self, path: Path) -> None:
        connection = self._connection
        connection.pragma("locking_mode", "EXCLUSIVE")
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.pragma("trusted_schema", "OFF")
        connection.pragma("secure_delete", "ON")  # what is erased is overwritten
        if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
            with connection:
                connection.execute(_SCHEMA)
                connection.pragma("application_id", _APPLICATION)
                connection.pragma("user_version", 1)
        if connection.pragma("application_id") != _APPLICATION:
            raise Corrupt(f"{path} is a database, but no access log")
        if connection.pragma("user_version") != 1:
            raise Unusable(f"{path} was written by a newer version of Drempelloos")
