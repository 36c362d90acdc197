"""Reading the record: every event of a journal, or of a running server."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tracker import events
from tracker.errors import Corrupt, Refused
from tracker.explain import explain
from tracker.io.journal import Journal
from tracker.legs import Leg, Numbered, legs
from tracker.report import leg_report
from tracker.words import phrases

PAGE: Final = 1000
TIMEOUT_S: Final = 20.0


def read(data: Path, server: str | None = None, token: str | None = None) -> list[Numbered]:
    """Every event with its offset, in order.

    Args:
        data: the directory of the journal; not read when a server is named.
        server: `http://HOST:PORT` of a running server, which has its journal to itself.
        token: a dispatcher's, if the server wants one.

    Raises:
        Unusable: the journal cannot be read, or a server has it open.
        Corrupt: an event is not one of this version.
        Refused: the server does not answer, or refuses.
    """
    if server is not None:
        return list(_from_server(server.rstrip("/"), token))
    with contextlib.closing(Journal(data, create=False)) as journal:
        found: list[Numbered] = []
        while page := journal.events(found[-1][0] if found else 0, PAGE):
            found += [(offset, _decode(offset, body)) for offset, body in page]
        return found


def _decode(offset: int, body: bytes) -> events.Event:
    try:
        return events.decode(body)
    except msgspec.ValidationError as error:
        raise Corrupt(f"event {offset} is not one of this version: {error}") from error


def _from_server(server: str, token: str | None) -> Iterator[Numbered]:
    after = 0
    while True:
        request = urllib.request.Request(f"{server}/api/v1/events?after={after}&limit={PAGE}")  # noqa: S310 - checked below
        if not server.startswith(("http://", "https://")):
            raise Refused("--server", f"{server!r} is not http://HOST:PORT")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                page = json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(
                "--server", f"{server} answered {error.code}: {error.read(300).decode(errors='replace')}"
            ) from error
        except (OSError, ValueError) as error:
            raise Refused("--server", f"{server} does not answer: {error}") from error
        for event in page["events"]:
            offset = event.pop("offset")
            yield offset, _decode(offset, msgspec.json.encode(event))
        if not page["events"]:
            return
        after = page["next"]


def explained(record: list[Numbered], name: str, lang: str) -> Iterator[bytes]:
    """The account of one event, a line each.

    Raises:
        Refused: the event or the language is not known.
    """
    return (line.encode() for line in explain(record, name, phrases(lang)))


def report(record: list[Numbered], pursuit: str, number: int, lang: str) -> str:
    """The report on one leg, as HTML.

    Raises:
        Refused: the pursuit, the leg or the language is not known.
    """
    words = phrases(lang)
    found = _legs(record, pursuit)
    if not 1 <= number <= len(found):
        raise Refused("--leg", f"{number} is not one of the {len(found)} legs of {pursuit}")
    return leg_report(found[number - 1], number, len(found), words)


def listed(record: list[Numbered], pursuit: str) -> Iterator[bytes]:
    """The legs of a pursuit, a JSON line each.

    Raises:
        Refused: the pursuit is not known.
    """
    for number, leg in enumerate(_legs(record, pursuit), 1):
        line = {
            "leg": number,
            "host": leg.host,
            "units": leg.units,
            "entered_at": leg.entered_at,
            "left_at": leg.left_at,
            "reported": leg.report is not None,
            "open": leg.still_owed,
        }
        yield msgspec.json.encode(line)


def _legs(record: list[Numbered], pursuit: str) -> list[Leg]:
    found = legs(pursuit, record)
    if not found:
        known = any(getattr(event, "pursuit", None) == pursuit for _, event in record)
        reason = "has been in no other state" if known else "is not in the journal"
        raise Refused("pursuit", f"{pursuit[:64]!r} {reason}")
    return found
