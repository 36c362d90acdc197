"""Tokens: who a unit, a gateway, a control room or an admin is. Only their hashes are stored.

A token is 256 random bits. Its SHA-256 is looked up, so a thief of the file has nothing to log in with, and nobody
can feel his way to a token by the time that a look-up takes. What was revoked is refused from the next look-up on.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast, get_args

import msgspec

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.facts import Means, Service, State
from tracker.fix import check_name
from tracker.io.credential_file import CredentialFile, digest
from tracker.roles import ROOM, SENDERS, Access, Role, may

MAX_UNITS: Final = 10_000
"""Units that one gateway may speak for."""

MAX_NAME: Final = 60
"""Characters in the name of whoever holds a token."""


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
        directory: holds the file, as in `CredentialFile`, which says what is raised.
    """

    def __init__(self, directory: Path) -> None:
        self.file: Final = CredentialFile(directory)
        self._decoder = msgspec.json.Decoder(Grant)

    def close(self) -> None:
        """Give the file free."""
        self.file.close()

    def check(self, token: str) -> Grant | None:
        """Whom a token speaks for; None when it is unknown or revoked."""
        return self.of(digest(token))

    def of(self, key: bytes) -> Grant | None:
        """The same, by the hash of the token."""
        row = self.file.row("SELECT hash, grant_ FROM token WHERE hash = ? AND revoked_at IS NULL", (key,))
        if row is None or not hmac.compare_digest(row[0], key):
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
        body = msgspec.json.encode(grant, order="deterministic")
        self.file.change(("INSERT INTO token VALUES (?, ?, ?, NULL, ?)", (grant.id, digest(token), at, body)))
        return token

    def revoke(self, id_: str, at: float) -> Grant:
        """Make a token worthless.

        Args:
            id_: of the token, as it is listed.
            at: Unix seconds UTC.

        Raises:
            Refused: there is none of this id that is not revoked yet.
        """
        revoked = self.file.change(
            ("UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING grant_", (at, id_))
        )
        if not revoked:
            raise Refused("id", f'"{quote(id_)}" is not the id of a token in force')
        return self._decoder.decode(revoked[0][0])

    def list(self) -> list[Issued]:
        """All tokens, the oldest first."""
        rows = self.file.rows("SELECT grant_, issued_at, revoked_at FROM token ORDER BY issued_at, id")
        return [Issued(self._decoder.decode(grant), issued, revoked) for grant, issued, revoked in rows]


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
