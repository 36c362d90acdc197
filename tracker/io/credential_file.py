"""The file that knows who may call: tokens, accounts, sessions and sign-in links, each as a hash of its secret, and for
whom which client certificates speak.

It may be written by the command line while a server reads it: `version` tells the server that it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import apsw

from tracker.errors import Corrupt, DrempelloosError
from tracker.io.journal import create_file
from tracker.io.sqlite import Unusable

FILE: Final = "credentials.db"

_BUSY_MS: Final = 5_000
_APPLICATION: Final = 0x44524D43  # "DRMC"
_SCHEMAS: Final = (
    """
    CREATE TABLE token (id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, issued_at REAL NOT NULL, revoked_at REAL,
        grant_ BLOB NOT NULL) STRICT;
    """,
    """
    CREATE TABLE account (name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL, state TEXT, password TEXT NOT NULL,
        made_at REAL NOT NULL, password_at REAL NOT NULL, disabled_at REAL) STRICT;
    CREATE TABLE session (hash BLOB PRIMARY KEY, subject TEXT NOT NULL COLLATE NOCASE, grant_ BLOB NOT NULL,
        began_at REAL NOT NULL, seen_at REAL NOT NULL) STRICT;
    CREATE INDEX session_subject ON session (subject);
    CREATE TABLE link (hash BLOB PRIMARY KEY, subject TEXT NOT NULL COLLATE NOCASE, grant_ BLOB NOT NULL,
        ends_at REAL NOT NULL) STRICT;
    """,
    """
    CREATE TABLE certificate (id TEXT PRIMARY KEY, name TEXT NOT NULL, issued_at REAL NOT NULL, revoked_at REAL,
        grant_ BLOB NOT NULL) STRICT;
    CREATE UNIQUE INDEX certificate_in_force ON certificate (name) WHERE revoked_at IS NULL;
    """,
)
"""What each version of the file adds to the one before."""

Row = tuple[Any, ...]


class CredentialFile:
    """The open file.

    Args:
        directory: holds it; both are made, readable by their owner only, if they are not there.

    Raises:
        Unusable: it cannot be opened, or a newer version of Drempelloos wrote it.
        Corrupt: it is not such a file.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._revision = 0
        if not self._path.exists():
            create_file(self._path)
        with _translated(self._path):
            self._connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with _translated(self._path):
                self._set_up()
        except BaseException:
            self._connection.close(True)
            raise

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever anything is changed by another process, or by `change` in this one."""
        with _translated(self._path):
            return cast("int", self._connection.pragma("data_version")), self._revision

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """What a query finds."""
        with _translated(self._path):
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row that a query finds; None if there is none."""
        with _translated(self._path):
            found: Row | None = self._connection.execute(query, values).fetchone()
            return found

    def change(self, *statements: tuple[str, Sequence[Any]]) -> list[Row]:
        """Change things, all or nothing, and durably; what the last statement returns."""
        self._revision += 1
        return self.note(*statements)

    def note(self, *statements: tuple[str, Sequence[Any]]) -> list[Row]:
        """The same for a change that takes nothing from anybody; `version` stays."""
        found: list[Row] = []
        with _translated(self._path), self._connection:
            for statement, values in statements:
                found = self._connection.execute(statement, values).fetchall()
        return found

    def _set_up(self) -> None:
        connection = self._connection
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.pragma("trusted_schema", "OFF")
        if connection.pragma("user_version") == 0:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have done it meanwhile.
            if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
                connection.execute(_SCHEMAS[0])
                connection.pragma("application_id", _APPLICATION)
                connection.pragma("user_version", 1)
            connection.execute("COMMIT")
        if connection.pragma("application_id") != _APPLICATION:
            raise Corrupt(f"{self._path} is a database, but not one of tokens")
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            known = cast("int", connection.pragma("user_version"))
            for version, schema in enumerate(_SCHEMAS[known:], known + 1):
                connection.execute(schema)
                connection.pragma("user_version", version)
        connection.execute("COMMIT")
        if connection.pragma("user_version") != len(_SCHEMAS):
            raise Unusable(f"{self._path} was written by a newer version of Drempelloos")


def digest(secret: str) -> bytes:
    """Under what a secret is stored. One of 256 random bits needs no salt and no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's errors in our terms."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Corrupt(f"{path} is damaged: {error}") from error
    except apsw.BusyError as error:
        raise Unusable(f"{path} is in use by another process") from error
    except apsw.Error as error:
        raise DrempelloosError(f"{path}: {error}") from error
