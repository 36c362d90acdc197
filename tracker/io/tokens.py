"""The command line's side of tokens and certificates: each answers with JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import msgspec

from tracker.io.administration import administration_of
from tracker.io.clock import Clock
from tracker.io.credentials import Details


def issue(
    directory: Path,
    role: str | None,
    units: tuple[str, ...],
    certificate: str | None,
    days: float | None,
    **details: Unpack[Details],
) -> bytes:
    """Make a token, or let a certificate speak for units instead; the arguments are those of `Administration.issue`.

    Raises:
        Refused: names the field and what is allowed.
    """
    with administration_of(directory) as administration:
        made = administration.issue(role, units, certificate, days, Clock().now(), **details)
    return msgspec.json.encode(made)


def revoke(directory: Path, id_: str) -> bytes:
    """Make a token or a certificate worthless.

    Raises:
        Refused: there is none of this id that is not revoked yet.
    """
    with administration_of(directory) as administration:
        return msgspec.json.encode(administration.revoke(id_, Clock().now()))


def listed(directory: Path) -> Iterator[bytes]:
    """A line for each token and certificate, the oldest first."""
    with administration_of(directory) as administration:
        for credential in administration.credentials():
            yield msgspec.json.encode(credential)
