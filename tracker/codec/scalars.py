"""Numbers and instants as track files spell them."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from tracker.codec.quote import quote
from tracker.errors import Refused

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?P<fraction>\.\d{1,12})?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)


def number(field: str, text: str) -> float:
    """A finite decimal number; unlike `float`, no `nan`, `inf`, `1_000` or digits of other scripts.

    Raises:
        Refused: names `field`.
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise Refused(field, f'"{quote(text)}" is not a number')
    return value


def integer(field: str, text: str) -> int:
    """A whole number of at most 20 digits.

    Raises:
        Refused: names `field`.
    """
    if not _INTEGER.fullmatch(text):
        raise Refused(field, f'"{quote(text)}" is not an integer')
    return int(text)


def instant(field: str, text: str, *, zone_optional: bool = False) -> float:
    """An RFC 3339 time, or a number of Unix seconds, as Unix seconds UTC.

    Args:
        field: name for errors.
        text: such as `2026-11-23T14:02:11.25Z` or `1795442531.25`.
        zone_optional: read a time without an offset as UTC, where the format says that all its times are.

    Raises:
        Refused: names `field`.
    """
    if _NUMBER.fullmatch(text):
        return number(field, text)
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise Refused(field, f'"{quote(text)}" is neither an RFC 3339 time nor Unix seconds')
    fraction, zone = match["fraction"], match["zone"]
    if zone is None and not zone_optional:
        raise Refused(field, f'"{quote(text)}" does not say its offset from UTC, as in 2026-11-23T14:02:11Z')
    offset = "+00:00" if zone in {None, "Z", "z"} else zone
    try:
        moment = datetime.fromisoformat(f"{text[:10]}T{text[11:19]}{offset}")
        return moment.timestamp() + float(fraction or 0)
    except (ValueError, OverflowError):
        raise Refused(field, f'"{quote(text)}" is not a time that exists') from None
