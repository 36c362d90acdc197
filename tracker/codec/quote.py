"""Showing a sender what it sent, without letting it write into our logs or terminals."""

from __future__ import annotations

from typing import Final

MAX_SHOWN: Final = 40
"""Characters of a received value that an error message repeats."""


def quote(value: str, limit: int = MAX_SHOWN) -> str:
    """The start of a received text in printable ASCII: control characters, line separators, surrogates and
    all else beyond ASCII appear as backslash escapes.
    """
    shown = value[:limit].encode("unicode_escape").decode("ascii")
    return f"{shown}..." if len(value) > limit else shown
