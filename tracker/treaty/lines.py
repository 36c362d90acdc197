"""Decisions by the line: JSON facts in, JSON decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tracker.errors import Refused
from tracker.facts import Facts
from tracker.treaty.rules import decide

_decoder: Final[msgspec.json.Decoder[Facts]] = msgspec.json.Decoder(Facts)


def decide_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A decision for each line of facts; empty lines are passed over.

    Raises:
        Refused: names the line, the field and the reason.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            facts = _decoder.decode(line)
        except msgspec.DecodeError as error:
            raise _refusal(number, str(error)) from error
        except RecursionError:
            raise Refused(f"line {number}", "nested too deeply") from None
        yield msgspec.json.encode(decide(facts))


def _refusal(number: int, message: str) -> Refused:
    reason, _, path = message.partition(" - at `$.")
    field = path.rstrip("`")
    return Refused(f"line {number}: {field}" if field else f"line {number}", reason)
