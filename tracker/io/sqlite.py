"""SQLite's version and errors in our terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from tracker.errors import Corrupt, DrempelloosError

SQLITE_FLOOR: Final = 3_051_003
"""Older ones can corrupt a database when its log starts anew (sqlite.org, release notes of 3.51.3)."""


class Unusable(DrempelloosError):
    """The journal cannot be opened: it is missing, in use, or written by a newer version."""


class DiskFull(DrempelloosError):
    """There was no room for a transaction; nothing of it was written. It may be tried again later."""


class Clash(DrempelloosError):
    """A transaction holds a key that exists already; nothing of it was written."""


class Broken(DrempelloosError):
    """The disk failed. What it holds is not known until the journal is opened anew, by a new process."""


def check_sqlite(version: str, floor: int) -> None:
    """Refuse a SQLite that is too old.

    Args:
        version: as in `3.51.3`.
        floor: the oldest that will do, as in 3051003.

    Raises:
        Unusable: says which one there is and which is needed.
    """
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    if major * 1_000_000 + minor * 1_000 + patch < floor:
        needed = f"{floor // 1_000_000}.{floor // 1_000 % 1_000}.{floor % 1_000}"
        raise Unusable(f"SQLite {version} can lose data; {needed} or newer is needed (it comes with apsw)")


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors in our terms."""
    try:
        yield
    except apsw.FullError as error:
        raise DiskFull("the disk is full") from error
    except apsw.ConstraintError as error:
        raise Clash(str(error)) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Corrupt(f"the journal is damaged: {error}") from error
    except apsw.Error as error:
        raise Broken(
            f"the journal failed: {error} (SQLite code {getattr(error, 'extendedresult', 'unknown')})"
        ) from error


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """What the same errors mean while a journal is being opened."""
    try:
        with translated():
            yield
    except Broken as error:
        if isinstance(error.__cause__, apsw.BusyError):
            raise Unusable(f"{path} is in use by another process") from error
        raise Unusable(f"{path} cannot be opened: {error}") from error
