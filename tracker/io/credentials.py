"""Tokens: who a unit, a gateway, a control room or an admin is. Only their hashes are stored. And client certificates.

A token is 256 random bits. Its SHA-256 is looked up, so a thief of the file has nothing to log in with, and nobody
can feel his way to a token by the time that a look-up takes. What was revoked is refused from the next look-up on.
A unit or a gateway may show a client certificate instead: then the name that it must be for is stored, and no secret.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypedDict, Unpack, cast, get_args

import msgspec

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.facts import Means, Service, State
from tracker.fix import check_name
from tracker.io.certificates import check_certificate_name
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
    certificate: str | None = None
    """The name for which a client certificate must be, as in `tracker.io.certificates`; None: a token or a session."""
    ends_at: float | None = None
    """When it is worth nothing any more, Unix seconds UTC; None: when it is revoked."""

    def may(self, access: Access) -> bool:
        """True when this caller may make calls of this kind."""
        return may(self.role, access)


LOCAL: Final = Grant("local", "supervisor")
"""Whoever can reach a server that asks nobody who he is: a supervisor of all states."""


class Details(TypedDict, total=False):
    """What is said of whoever gets a credential; None, or left out, is unknown."""

    state: str | None
    """BE, NL or LU: of the units, or of the control room."""
    service: str | None
    """As in `tracker.facts.Service`; it and the rest hold for all units."""
    means: str | None
    """As in `tracker.facts.Means`."""
    marked: bool | None
    """Whether the vehicles bear the service's livery."""
    uniformed: bool | None
    """Whether the officers are in uniform."""
    name: str | None
    """Who the record names for what is done with it; left out: its role and id."""
    ends_at: float | None
    """When it ends by itself, Unix seconds UTC; left out: when it is revoked."""


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
        **details: Unpack[Details],
    ) -> str:
        """Make a token, and return it: this is the only time that it is seen.

        Args:
            role: a unit's token speaks for one unit, a gateway's for several, another's for none.
            units: their names.
            at: Unix seconds UTC.
            details: the state, needed for all but admins, and what else there is to say.

        Raises:
            Refused: names the field, the value and what is allowed.
        """
        grant = _grant(role, units, at, **details)
        token = secrets.token_urlsafe(32)
        body = msgspec.json.encode(grant, order="deterministic")
        self.file.change(("INSERT INTO token VALUES (?, ?, ?, NULL, ?)", (grant.id, digest(token), at, body)))
        return token

    def trust(
        self,
        certificate: str,
        role: Role,
        units: Sequence[str],
        *,
        at: float,
        **details: Unpack[Details],
    ) -> Grant:
        """Let a client certificate speak for a unit or a gateway.

        Args:
            certificate: the name for which it must be, as in `tracker.io.certificates`.
            role: of a unit or a gateway.
            units: their names.
            at: Unix seconds UTC.
            details: the state, and what else there is to say.

        Raises:
            Refused: names the field, the value and what is allowed.
        """
        if role not in SENDERS:
            raise Refused("certificate", f"{_A.get(role, role)} is no unit or gateway, and shows a token")
        grant = _grant(role, units, at, **details)
        grant = msgspec.structs.replace(grant, certificate=check_certificate_name(certificate))
        if self.certified([grant.certificate or ""]):
            raise Refused("certificate", f'"{quote(grant.certificate or "")}" speaks for somebody already')
        body = msgspec.json.encode(grant, order="deterministic")
        self.file.change(("INSERT INTO certificate VALUES (?, ?, ?, NULL, ?)", (grant.id, grant.certificate, at, body)))
        return grant

    def certified(self, names: Iterable[str]) -> list[Grant]:
        """For whom a certificate of these names speaks."""
        rows = self.file.rows(
            "SELECT grant_ FROM certificate WHERE revoked_at IS NULL AND name IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode(list(names)).decode(),),
        )
        return [self._decoder.decode(grant) for (grant,) in rows]

    def of_certificate(self, id_: str) -> Grant | None:
        """The same, by the id of the credential; None when it is revoked."""
        row = self.file.row("SELECT grant_ FROM certificate WHERE id = ? AND revoked_at IS NULL", (id_,))
        return None if row is None else self._decoder.decode(row[0])

    def revoke(self, id_: str, at: float) -> Grant:
        """Make a token worthless, or a certificate.

        Args:
            id_: of the credential, as it is listed.
            at: Unix seconds UTC.

        Raises:
            Refused: there is none of this id that is not revoked yet.
        """
        for table in ("token", "certificate"):
            revoked = self.file.change(
                (
                    f"UPDATE {table} SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING grant_",  # noqa: S608
                    (at, id_),
                )
            )
            if revoked:
                return self._decoder.decode(revoked[0][0])
        raise Refused("id", f'"{quote(id_)}" is not the id of a token or a certificate in force')

    def list(self) -> list[Issued]:
        """All tokens and certificates, the oldest first."""
        rows = self.file.rows(
            "SELECT grant_, issued_at, revoked_at, id FROM token "
            "UNION ALL SELECT grant_, issued_at, revoked_at, id FROM certificate ORDER BY issued_at, id"
        )
        return [Issued(self._decoder.decode(grant), issued, revoked) for grant, issued, revoked, _ in rows]


def _grant(role: Role, units: Sequence[str], at: float, **details: Unpack[Details]) -> Grant:
    _one_of("role", role, get_args(Role))
    _check_units(role, units)
    state, name, ends_at = details.get("state"), details.get("name"), details.get("ends_at")
    if state is None and role != "admin":
        raise Refused("state", f"missing; allowed are {', '.join(get_args(State))}")
    if state is not None and role == "admin":
        raise Refused("state", "an admin is of no state")
    if ends_at is not None and ends_at <= at:
        raise Refused("days", "it would have ended already")
    id_ = secrets.token_hex(4)
    return Grant(
        id_,
        role,
        frozenset(units),
        cast("State | None", _one_of("state", state, get_args(State))),
        cast("Service | None", _one_of("service", details.get("service"), get_args(Service))),
        cast("Means | None", _one_of("means", details.get("means"), get_args(Means))),
        details.get("marked"),
        details.get("uniformed"),
        check_person(name) if name is not None else f"{role} {id_}",
        ends_at=ends_at,
    )


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
