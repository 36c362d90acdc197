"""A file that holds room for what must be written when the disk is full.

It is deleted at that moment, and made again once there is plenty of room. Whoever else fills the disk may take the room
that it gives free: then nothing can be written any more, and that is said too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import structlog

from tracker.io.journal import sync_directory

FILE: Final = "ballast"

MARGIN: Final = 0.25
"""It is made only where this part of its size is left besides: else the disk would be full again at once."""

_log: Final = structlog.get_logger(__name__)


class Ballast:
    """The file, in the journal's directory. All methods block.

    Args:
        directory: the journal's.
        size_bytes: 0 for none.
    """

    def __init__(self, directory: Path, size_bytes: int) -> None:
        self._path: Final = directory / FILE
        self._size_bytes: Final = size_bytes

    @property
    def is_wanted(self) -> bool:
        """False when there is to be none."""
        return self._size_bytes > 0

    def make(self) -> bool:
        """Make the file where there is room for it; True when it is there."""
        if not self.is_wanted:
            self._path.unlink(missing_ok=True)
            return False
        try:
            if self._path.exists() and self._path.stat().st_blocks * 512 >= self._size_bytes:
                return True
            self._path.unlink(missing_ok=True)
            directory = os.statvfs(self._path.parent)
            if directory.f_bavail * directory.f_frsize < self._size_bytes * (1 + MARGIN):
                return False
            self._write()
        except OSError as error:
            _log.warning("no ballast can be made", path=str(self._path), error=error.strerror)
            self._path.unlink(missing_ok=True)
            return False
        return True

    def spend(self) -> bool:
        """Delete the file, so that its room can be used; False when there was none."""
        try:
            self._path.unlink()
            sync_directory(self._path.parent)
        except FileNotFoundError:
            return False
        _log.warning("the ballast was given up", bytes=self._size_bytes)
        return True

    def _write(self) -> None:
        handle = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.posix_fallocate(handle, 0, self._size_bytes)
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_directory(self._path.parent)
