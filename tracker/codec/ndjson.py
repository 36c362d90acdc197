"""Tracks as newline-delimited JSON: a line is what a unit sends, a ping or an array of pings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tracker.codec.json_ping import Refusal, decode
from tracker.errors import Refused
from tracker.fix import Ping, accept

_encoder: Final = msgspec.json.Encoder()


def read(lines: Iterable[bytes]) -> Iterator[Ping]:
    """Every ping in the order of the file, each with its values in range.

    Raises:
        Refused: names the line; nothing after it is read.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        for ping in decode(line):
            if isinstance(ping, Refusal):
                raise Refused(ping.field, f"line {number}: {ping.reason}")
            try:
                accept(ping, ping.t)
            except Refused as refused:
                raise Refused(refused.field, f"line {number}: {refused.reason}") from None
            yield ping


def write(pings: Iterable[Ping]) -> bytes:
    """A line per ping."""
    return _encoder.encode_lines(pings if isinstance(pings, list) else list(pings))
