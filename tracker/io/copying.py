"""Copies of SQLite databases, by SQLite's own backup."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from tracker.errors import DrempelloosError
from tracker.io.sqlite import DiskFull


def copy_database(source: apsw.Connection, path: Path) -> None:
    """Copy a small database in one go.

    Raises:
        DiskFull, DrempelloosError: it cannot be copied.
    """
    with (
        translated(),
        contextlib.closing(apsw.Connection(str(path))) as target,
        target.backup("main", source, "main") as copying,
    ):
        copying.step()


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors in our terms; none of them is one of the journal that is being copied."""
    try:
        yield
    except apsw.FullError as error:
        raise DiskFull("the disk is full") from error
    except apsw.Error as error:
        raise DrempelloosError(f"it cannot be copied: {error}") from error
