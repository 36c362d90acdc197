"""What a test needs beyond Python: a program, a right, a size. On a developer's machine a test that lacks it is skipped
and says so; in CI nothing is skipped, so there it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest


def is_ci() -> bool:
    """In CI nothing is skipped."""
    return bool(os.environ.get("CI"))


def lacks(what: str) -> NoReturn:
    """End the test: skipped here, failed in CI."""
    if is_ci():
        pytest.fail(f"CI must have this: {what}")
    pytest.skip(what)


def program(name: str, package: str | None = None) -> str:
    """The path of a program; `package` is Debian's, if it is not called the same."""
    path = shutil.which(name)
    if path is None:
        lacks(f"no {name} here; on Debian: apt install {package or name}")
    return path


@contextmanager
def small_disk(directory: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of that size, mounted on a directory that is made for it; needs root."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(directory)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        lacks(f"this user may not mount a file system: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def sizes(everyday: int, *, soak: int, long: int) -> list[Any]:
    """Parameters of a test that is small in `make test`, larger in `make soak`, and large in `make soak SOAK=long`.

    An `everyday` of 0 leaves it out of `make test`.
    """
    larger = pytest.param(long if os.environ.get("SOAK") == "long" else soak, marks=pytest.mark.soak)
    return [everyday, larger] if everyday else [larger]
