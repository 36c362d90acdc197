"""The boundary file: verified bytes to an `Atlas`.

Layout: `MAGIC`, format version (uint16), length of the header (uint32), the header (JSON: `Header`), then the
arrays of a `Coverage`, all little-endian. The arrays are int32, one after another, the vertices as
differences from the one before; the first bytes of all numbers come first, then all second bytes, and so on,
and zlib has compressed the whole. The SHA-256 of the file stands beside it in `NAME.sha256`, as `sha256sum`
writes it, so that `sha256sum -c` can check it too.

Nothing is read from a file before its hash has been found right.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from borders.atlas import Atlas
from borders.coverage import Coverage
from borders.errors import BoundaryFileError
from borders.states import BOX, TERRITORIES

PACKAGED: Final = Path(__file__).parent / "data" / "benelux.borders"
"""The boundary file that ships with the package."""

MAGIC: Final = b"\x89DRB\r\n\x1a\n"
"""Not text, and spoiled by whatever turns line ends into others (after PNG, ISO/IEC 15948, 5.2)."""

FORMAT: Final = 1

_PREFIX: Final = struct.Struct("<8sHI")


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says about itself."""

    vintage: str
    """When the borders were drawn."""
    licence: str
    """SPDX identifier."""
    attribution: str
    """What to show wherever the borders are shown."""
    sources: dict[str, str]
    """What the borders were made from, and its version."""
    box: tuple[float, float, float, float]
    """West, south, east, north in degrees."""
    territories: tuple[str, ...]
    """The codes that numbers in the arrays stand for."""
    sizes: dict[str, int]
    """How many numbers each array of `Coverage` has, in order."""


def encode(coverage: Coverage, *, vintage: str, licence: str, attribution: str, sources: dict[str, str]) -> bytes:
    """Write a boundary file. The same input gives the same bytes."""
    moves = np.diff(coverage.vertices, axis=0, prepend=np.zeros((1, 2), dtype=np.int32))
    arrays = [array.ravel() for array in coverage._replace(vertices=moves)]
    header = Header(
        vintage=vintage,
        licence=licence,
        attribution=attribution,
        sources=sources,
        box=BOX,
        territories=tuple(TERRITORIES),
        sizes={name: array.size for name, array in zip(Coverage._fields, arrays, strict=True)},
    )
    text = msgspec.json.encode(header)
    planes = np.concatenate(arrays).astype("<i4").view(np.uint8).reshape(-1, 4).T
    return _PREFIX.pack(MAGIC, FORMAT, len(text)) + text + zlib.compress(planes.tobytes(), 9)


def load(path: Path | None = None) -> Atlas:
    """Read a boundary file, by default the packaged one.

    Raises:
        BoundaryFileError: it is missing, unreadable, truncated, corrupt, or of another kind or version.
    """
    path = PACKAGED if path is None else path
    content, sha256 = _verified(path)
    header, coverage = decode(content, path)
    return Atlas(coverage, sha256=sha256, vintage=header.vintage, attribution=header.attribution)


def digest_path(path: Path) -> Path:
    """Where the SHA-256 of a boundary file stands."""
    return path.with_name(path.name + ".sha256")


def digest_line(content: bytes, path: Path) -> str:
    """What stands there."""
    return f"{hashlib.sha256(content).hexdigest()}  {path.name}\n"


def _verified(path: Path) -> tuple[bytes, str]:
    """The bytes of the file, found to be those its hash was made from, and the hash."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BoundaryFileError(path, f"cannot be read: {error.strerror or error}") from error
    try:
        expected = digest_path(path).read_bytes()
    except OSError as error:
        reason = f"its hash {digest_path(path).name} cannot be read: {error.strerror or error}"
        raise BoundaryFileError(path, reason) from error
    line = digest_line(content, path)
    if not content.startswith(MAGIC):
        raise BoundaryFileError(path, "is not a boundary file: it does not begin like one")
    if expected != line.encode():
        reason = (
            f"is corrupt or truncated: the SHA-256 of its {len(content)} bytes is {line[:12]}…, "
            f"{digest_path(path).name} says {expected[:12].decode('ascii', 'replace')!r}…"
        )
        raise BoundaryFileError(path, reason)
    return content, line.split()[0]


def decode(content: bytes, path: Path) -> tuple[Header, Coverage]:
    """Take a boundary file apart; `path` is only named in errors.

    Raises:
        BoundaryFileError: it is truncated, malformed, or of another kind, version, box or set of territories.
    """
    try:
        magic, version, size = _PREFIX.unpack_from(content)
        if magic != MAGIC:
            raise BoundaryFileError(path, "is not a boundary file: it does not begin like one")
        if version != FORMAT:
            raise BoundaryFileError(path, f"has format version {version}, this program reads {FORMAT}")
        start = _PREFIX.size + size
        header = msgspec.json.decode(content[_PREFIX.size : start], type=Header)
        if header.box != BOX or header.territories != tuple(TERRITORIES):
            reason = f"covers {header.box} and {', '.join(header.territories)}, not what this program does"
            raise BoundaryFileError(path, reason)
        return header, _coverage(header, content[start:])
    except (struct.error, msgspec.MsgspecError, zlib.error, ValueError) as error:
        raise BoundaryFileError(path, f"is malformed: {error}") from error


def _coverage(header: Header, body: bytes) -> Coverage:
    """The arrays; `ValueError` or `zlib.error` when they are not as the header says."""
    if tuple(header.sizes) != Coverage._fields:
        raise ValueError(f"arrays {', '.join(header.sizes)} instead of {', '.join(Coverage._fields)}")
    expected = 4 * sum(header.sizes.values())
    unpacker = zlib.decompressobj()
    planes = unpacker.decompress(body, max(expected, 1))
    if len(planes) != expected or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"the arrays do not fill {expected} bytes exactly")
    octets = np.frombuffer(planes, dtype=np.uint8).reshape(4, -1).T.copy()
    numbers = octets.view("<i4").astype(np.int32).ravel()
    vertices, *others = np.split(numbers, np.cumsum(list(header.sizes.values()))[:-1])
    coverage = Coverage(np.cumsum(vertices.reshape(-1, 2), axis=0, dtype=np.int32), *others)
    if not coverage.consistent():
        raise ValueError("the arrays do not fit each other")
    return coverage
