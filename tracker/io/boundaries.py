"""The boundary data that a server works with, and what it does when what it was shipped with cannot be used.

Each set that was found right is copied into the data directory. When the shipped file is missing, damaged or of another
version, the server goes on with that copy. Without one it runs all the same: positions are taken, kept and shown, and
no border is watched (`no_borders`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import structlog

from borders import boundary_file
from borders.atlas import Atlas
from borders.boundary_file import digest_path
from borders.errors import BoundaryFileError

KEPT: Final = "benelux.borders"
"""The copy, in the data directory."""

_log: Final = structlog.get_logger(__name__)


class Boundaries(NamedTuple):
    """What was found."""

    atlas: Atlas | None
    """None: no border is watched."""
    trouble: str | None = None
    """What is wrong with the shipped file, if anything is; without its place on this machine."""


def find(directory: Path) -> Boundaries:
    """The shipped boundary data, or the last set that was right, kept in `directory`, or none."""
    shipped = boundary_file.PACKAGED
    kept = directory / KEPT
    try:
        atlas = boundary_file.load(shipped)
    except BoundaryFileError as error:
        shown, trouble = str(error), f"the boundary file {error.reason}"
    else:
        _keep(shipped, kept)
        return Boundaries(atlas)
    try:
        atlas = boundary_file.load(kept)
    except BoundaryFileError as error:
        _log.critical("no border is watched", error=shown, copy=str(error))
        return Boundaries(None, trouble)
    _log.error("a copy of the boundary data is used", error=shown, vintage=atlas.vintage, sha256=atlas.sha256)
    return Boundaries(atlas, trouble)


def _keep(shipped: Path, kept: Path) -> None:
    """Copy the file and its hash, the hash last: a copy that was cut off does not fit it."""
    try:
        if digest_path(kept).is_file() and digest_path(kept).read_bytes() == digest_path(shipped).read_bytes():
            return
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for source, target in ((shipped, kept), (digest_path(shipped), digest_path(kept))):
            part = target.with_name(f"{target.name}.part")
            part.write_bytes(source.read_bytes())
            part.replace(target)
    except OSError as error:  # a full disk, as a rule; the shipped one is there
        _log.warning("the boundary data was not copied", error=str(error))
