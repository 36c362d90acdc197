"""The command line's side of credentials: each answers with JSON lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from tracker.errors import Refused
from tracker.events import rfc3339
from tracker.io.clock import Clock
from tracker.io.credentials import Credentials
from tracker.roles import Role


class Facts(NamedTuple):
    """What holds for all units of a token; None is unknown."""

    state: str | None
    service: str | None
    means: str | None
    marked: bool | None
    uniformed: bool | None


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new token, the one time that it is shown."""

    token: str
    role: str
    units: tuple[str, ...] = ()
    state: str | None = None
    name: str | None = None


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token as it is listed."""

    id: str
    role: str
    units: tuple[str, ...]
    state: str | None
    issued_at: str
    name: str | None = None
    revoked_at: str | None = None


class Revoked(msgspec.Struct, frozen=True):
    """A token that is worthless now."""

    revoked: str
    role: str
    units: tuple[str, ...]


def issue(directory: Path, role: str | None, units: tuple[str, ...], facts: Facts, name: str | None) -> bytes:
    """Make a token.

    Args:
        directory: holds the credentials.
        role: as in `tracker.roles.Role`; None for that of a unit, or of a gateway if there are several units.
        units: that it speaks for.
        facts: that hold for all of them.
        name: who the record names for what is done with it.

    Raises:
        Refused: names the field and what is allowed.
    """
    if role is None:
        if not units:
            raise Refused("--unit", "missing; name the unit, several for a gateway, or a --role")
        role = "unit" if len(units) == 1 else "gateway"
    with contextlib.closing(Credentials(directory)) as credentials:
        token = credentials.issue(
            cast("Role", role),  # what is none is refused there
            units,
            at=Clock().now(),
            state=facts.state,
            service=facts.service,
            means=facts.means,
            marked=facts.marked,
            uniformed=facts.uniformed,
            name=name,
        )
    return msgspec.json.encode(Secret(token, role, units, facts.state, name))


def revoke(directory: Path, id_: str) -> bytes:
    """Make a token worthless.

    Raises:
        Refused: there is none of this id that is not revoked yet.
    """
    with contextlib.closing(Credentials(directory)) as credentials:
        grant = credentials.revoke(id_, Clock().now())
    return msgspec.json.encode(Revoked(id_, grant.role, tuple(sorted(grant.units))))


def listed(directory: Path) -> Iterator[bytes]:
    """A line for each token, the oldest first."""
    with contextlib.closing(Credentials(directory)) as credentials:
        for issued in credentials.list():
            grant = issued.grant
            revoked_at = None if issued.revoked_at is None else rfc3339(issued.revoked_at)
            entry = Entry(
                grant.id,
                grant.role,
                tuple(sorted(grant.units)),
                grant.state,
                rfc3339(issued.issued_at),
                grant.name,
                revoked_at,
            )
            yield msgspec.json.encode(entry)
