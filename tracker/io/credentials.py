"""Tokens: who a unit, a gateway, a control room or an admin is. Only their hashes are stored, in a file of their own.

A token is 256 random bits. Its SHA-256 is looked up, so a thief of the file has nothing to log in with, and nobody
can feel his way to a token by the time that a look-up takes. The file may be written by the command line while a
server reads it; what was revoked is refused from the next look-up on.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast, get_args

import apsw
import msgspec

from tracker.errors import Corrupt, DrempelloosError, Refused
from tracker.facts import Means, Service, State
from tracker.fix import check_name
from tracker.io.journal import Unusable, create_file
from tracker.roles import ROOM, SENDERS, Access, Role, may

FILE: Final = "credentials.db"
MAX_UNITS: Final = 10_000
"""Units that one gateway may speak for."""

MAX_NAME: Final = 60
"""Characters in the name of whoever holds a token."""

_BUSY_MS: Final = 5_000
_APPLICATION: Final = 0x44524D43  # "DRMC"
_SCHEMA: Final = """
    CREATE TABLE token (id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, issued_at REAL NOT NULL, revoked_at REAL,
        grant_ BLOB NOT NULL) STRICT;
    """


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who calls, and for whom. The facts hold for all its units; None is "unknown", never "no"."""

    id: str
    role: Role
    units: frozenset[str] = frozenset()
    state: State | None = None
    """The sending state of the units, or the state whose control room it is. None of a supervisor: all states, which
    only this machine's own can be (`LOCAL`)."""
    service: Service | None = None
    means: Means | None = None
    marked: bool | None = None
    uniformed: bool | None = None
    name: str | None = None
    """Who the record says did it. None: whoever the caller says, which only `LOCAL` may."""

    def may(self, access: Access) -> bool:
        """True when this caller may make calls of this kind."""
        return may(self.role, access)


LOCAL: Final = Grant("local", "supervisor")
"""Whoever can reach a server that asks nobody who he is: a supervisor of all states."""


class Issued(msgspec.Struct, frozen=True):
    """A token as it is listed: without the secret. Times are Unix seconds UTC."""

    grant: Grant
    issued_at: float
    revoked_at: float | None


class Credentials:
    """The tokens that were issued.

    Args:
        directory: holds the file; both are made, readable by their owner only, if they are not there.

    Raises:
        Unusable: the file cannot be opened.
        Corrupt: it is not a file of tokens.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        if not path.exists():
            create_file(path)
        with _translated(path):
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with _translated(path):
                self._set_up(path)
        except BaseException:
            self._connection.close(True)
            raise
        self._path = path
        self._decoder = msgspec.json.Decoder(Grant)

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever a token is issued or revoked, here or by another process."""
        with _translated(self._path):
            return cast("int", self._connection.pragma("data_version")), self._connection.total_changes()

    def check(self, token: str) -> Grant | None:
        """Whom a token speaks for; None when it is unknown or revoked."""
        digest = _digest(token)
        with _translated(self._path):
            row: tuple[Any, ...] | None = self._connection.execute(
                "SELECT hash, grant_ FROM token WHERE hash = ? AND revoked_at IS NULL", (digest,)
            ).fetchone()
        if row is None or not hmac.compare_digest(row[0], digest):
            return None
        grant = self._decoder.decode(row[1])
        # A control room belongs to a state; tokens from before that was asked for are worth nothing.
        return None if grant.role in ROOM and grant.state is None else grant

    def issue(
        self,
        role: Role,
        units: Sequence[str] = (),
        *,
        at: float,
        state: str | None = None,
        service: str | None = None,
        means: str | None = None,
        marked: bool | None = None,
        uniformed: bool | None = None,
        name: str | None = None,
    ) -> str:
        """Make a token, and return it: this is the only time that it is seen.

        Args:
            role: a unit's token speaks for one unit, a gateway's for several, another's for none.
            units: their names.
            at: Unix seconds UTC.
            state: BE, NL or LU; needed for all but admins.
            service: as in `tracker.facts.Service`; None when it is not known, and so on.
            means: as in `tracker.facts.Means`.
            marked: whether the vehicles bear the service's livery.
            uniformed: whether the officers are in uniform.
            name: who the record names for what is done with it; left out: its role and id.

        Raises:
            Refused: names the field, the value and what is allowed.
        """
        _one_of("role", role, get_args(Role))
        _check_units(role, units)
        if state is None and role != "admin":
            raise Refused("state", f"missing; allowed are {', '.join(get_args(State))}")
        if state is not None and role == "admin":
            raise Refused("state", "an admin is of no state")
        id_ = secrets.token_hex(4)
        grant = Grant(
            id_,
            role,
            frozenset(units),
            cast("State | None", _one_of("state", state, get_args(State))),
            cast("Service | None", _one_of("service", service, get_args(Service))),
            cast("Means | None", _one_of("means", means, get_args(Means))),
            marked,
            uniformed,
            check_person(name) if name is not None else f"{role} {id_}",
        )
        token = secrets.token_urlsafe(32)
        with _translated(self._path):
            self._connection.execute(
                "INSERT INTO token VALUES (?, ?, ?, NULL, ?)",
                (grant.id, _digest(token), at, msgspec.json.encode(grant, order="deterministic")),
            )
        return token

    def revoke(self, id_: str, at: float) -> Grant:
        """Make a token worthless.

        Args:
            id_: of the token, as it is listed.
            at: Unix seconds UTC.

        Raises:
            Refused: there is none of this id that is not revoked yet.
        """
        with _translated(self._path):
            row: tuple[Any, ...] | None = self._connection.execute(
                "UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING grant_", (at, id_)
            ).fetchone()
        if row is None:
            raise Refused("id", f"{id_!r} is not the id of a token in force")
        return self._decoder.decode(row[0])

    def list(self) -> list[Issued]:
        """All tokens, the oldest first."""
        with _translated(self._path):
            rows = self._connection.execute("SELECT grant_, issued_at, revoked_at FROM token ORDER BY issued_at, id")
            return [Issued(self._decoder.decode(grant), issued, revoked) for grant, issued, revoked in rows]

    def _set_up(self, path: Path) -> None:
        connection = self._connection
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.pragma("trusted_schema", "OFF")
        if connection.pragma("user_version") == 0:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have done it meanwhile.
            if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
                connection.execute(_SCHEMA)
                connection.pragma("application_id", _APPLICATION)
                connection.pragma("user_version", 1)
            connection.execute("COMMIT")
        if connection.pragma("application_id") != _APPLICATION:
            raise Corrupt(f"{path} is a database, but not one of tokens")
        if connection.pragma("user_version") != 1:
            raise Unusable(f"{path} was written by a newer version of Drempelloos")


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _check_units(role: str, units: Sequence[str]) -> None:
    for unit in units:
        check_name("unit", unit)
    if role == "unit" and len(units) != 1:
        raise Refused("unit", f"{len(units)} given; a unit's token is for one")
    if role == "gateway" and not 1 <= len(units) <= MAX_UNITS:
        raise Refused("unit", f"{len(units)} given; a gateway's token is for 1 to {MAX_UNITS}")
    if role not in SENDERS and units:
        raise Refused("unit", f"{_A[role]} token is for no unit")


_A: Final = {
    "dispatcher": "a dispatcher's",
    "supervisor": "a supervisor's",
    "auditor": "an auditor's",
    "admin": "an admin's",
}


def check_person(name: str) -> str:
    """A name under which somebody stands in the record.

    Raises:
        Refused: it is empty, long, or holds what cannot be printed.
    """
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise Refused("name", f"not 1 to {MAX_NAME} printable characters without spaces around them")
    return name


def _one_of(field: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
    if value is not None and value not in allowed:
        raise Refused(field, f"{value!r} is not one of {', '.join(allowed)}")
    return value


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
