"""What can go wrong with the boundary data."""

from __future__ import annotations

from pathlib import Path
from typing import Final


class BoundaryFileError(Exception):
    """The boundary file cannot be used; the message names the file and the reason, in one line."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"boundary file {path}: {reason}")
        self.path: Final = path
        self.reason: Final = reason
