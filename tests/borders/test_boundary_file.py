"""The boundary file: what is refused, and how."""

from __future__ import annotations

import hashlib
import random
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from borders.boundary_file import (
    FORMAT,
    MAGIC,
    PACKAGED,
    decode,
    digest_line,
    digest_path,
    encode,
    load,
)
from borders.errors import BoundaryFileError
from borders.states import BOX, TERRITORIES

CONTENT = PACKAGED.read_bytes()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A boundary file of our own to spoil, with its hash beside it."""
    path = tmp_path / "copy.borders"
    shutil.copy(PACKAGED, path)
    digest_path(path).write_text(digest_line(CONTENT, path), "ascii")
    return path


def reseal(path: Path, content: bytes) -> None:
    """Write other content with the hash that fits it, to get past the hash."""
    path.write_bytes(content)
    digest_path(path).write_text(digest_line(content, path), "ascii")


def reason(path: Path) -> str:
    """Why a file is refused; the message must be one line that names the file."""
    with pytest.raises(BoundaryFileError) as refused:
        load(path)

    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return refused.value.reason


def test_the_packaged_file_loads_and_says_what_it_is() -> None:
    atlas = load()

    assert atlas.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert atlas.vintage == "2026c"
    assert "OpenStreetMap" in atlas.attribution


def test_header_names_licence_and_sources() -> None:
    header, _ = decode(CONTENT, PACKAGED)

    assert header.licence == "ODbL-1.0"
    assert header.sources["timezonefinder-data"].startswith("3.2026.3")
    assert header.box == BOX
    assert header.territories == tuple(TERRITORIES)


def test_a_copy_loads(copy: Path) -> None:
    assert load(copy).sha256 == load().sha256


def test_encoding_what_was_decoded_gives_the_same_arrays() -> None:
    header, coverage = decode(CONTENT, PACKAGED)
    again = encode(
        coverage,
        vintage=header.vintage,
        licence=header.licence,
        attribution=header.attribution,
        sources=header.sources,
    )

    assert decode(again, PACKAGED)[0] == header
    assert all(np.array_equal(one, two) for one, two in zip(decode(again, PACKAGED)[1], coverage, strict=True))


def test_missing(tmp_path: Path) -> None:
    assert "No such file" in reason(tmp_path / "none.borders")


def test_missing_hash(copy: Path) -> None:
    digest_path(copy).unlink()

    assert "its hash copy.borders.sha256 cannot be read" in reason(copy)


def test_a_directory_is_no_boundary_file(tmp_path: Path) -> None:
    assert "cannot be read" in reason(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 13, 200, len(CONTENT) // 2, len(CONTENT) - 1])
def test_truncated(copy: Path, kept: int) -> None:
    copy.write_bytes(CONTENT[:kept])

    assert "corrupt or truncated" in reason(copy) or "does not begin like one" in reason(copy)


@pytest.mark.parametrize("kept", [0, 13, 200, len(CONTENT) // 2, len(CONTENT) - 1])
def test_truncated_and_resealed(copy: Path, kept: int) -> None:
    """Even with a hash that fits, half a file is none."""
    reseal(copy, CONTENT[:kept])

    assert reason(copy)


def test_extended(copy: Path) -> None:
    copy.write_bytes(CONTENT + b"\0")
    assert "corrupt" in reason(copy)

    reseal(copy, CONTENT + b"\0")
    assert "malformed" in reason(copy)


def test_any_flipped_bit_is_refused(copy: Path) -> None:
    """The prefix and header bit by bit, the rest at random places."""
    chance = random.Random(7)
    places = [*range(64), *(chance.randrange(len(CONTENT)) for _ in range(200)), len(CONTENT) - 1]
    for place in places:
        spoiled = bytearray(CONTENT)
        spoiled[place] ^= 1 << chance.randrange(8)
        copy.write_bytes(spoiled)
        assert reason(copy)


def test_a_spoiled_hash_is_refused(copy: Path) -> None:
    line = digest_line(CONTENT, copy)
    for spoiled in ("", line[1:], line.upper(), line + line, line.replace("copy", "other")):
        digest_path(copy).write_text(spoiled, "ascii")
        assert "SHA-256" in reason(copy)


def test_binary_rubbish_for_a_hash_is_refused(copy: Path) -> None:
    digest_path(copy).write_bytes(b"\xff\xfe\n\x00" * 16)

    assert "SHA-256" in reason(copy)


def test_another_format_version(copy: Path) -> None:
    reseal(copy, MAGIC + struct.pack("<H", FORMAT + 1) + CONTENT[len(MAGIC) + 2 :])

    assert reason(copy) == f"has format version {FORMAT + 1}, this program reads {FORMAT}"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\x89PNG\r\n\x1a\n" + CONTENT[8:], CONTENT.replace(b"\r\n", b"\n", 1)]
)
def test_another_kind_of_file(copy: Path, content: bytes) -> None:
    reseal(copy, content)

    assert "is not a boundary file" in reason(copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"box":[1.5,', b'"box":[1.6,'),
        (b'"BE","NL"', b'"NL","BE"'),
        (b'"vintage":', b'"vintagf":'),
        (b'"arc_sizes":', b'"arc_sizfs":'),
        (b'{"vertices":', b'{"vertices":9'),
        (b'"licence":"ODbL-1.0"', b'"licence":null      '),
    ],
)
def test_a_header_that_is_not_ours(copy: Path, old: bytes, new: bytes) -> None:
    """Resealed with a fitting hash, so that the header itself is judged."""
    assert CONTENT.count(old) == 1
    start = len(MAGIC) + 6
    size = struct.unpack_from("<I", CONTENT, len(MAGIC) + 2)[0]
    header = CONTENT[start : start + size].replace(old, new)
    reseal(copy, CONTENT[: len(MAGIC) + 2] + struct.pack("<I", len(header)) + header + CONTENT[start + size :])

    assert reason(copy)


@pytest.mark.parametrize("field", ["arc_sizes", "lefts", "rights", "arc_refs", "ring_sizes", "polygon_sizes"])
def test_arrays_that_do_not_fit_each_other(copy: Path, field: str) -> None:
    header, coverage = decode(CONTENT, PACKAGED)
    spoiled = coverage._replace(**{field: getattr(coverage, field) + 999_999})
    reseal(
        copy,
        encode(
            spoiled,
            vintage=header.vintage,
            licence=header.licence,
            attribution=header.attribution,
            sources=header.sources,
        ),
    )

    assert reason(copy) == "is malformed: the arrays do not fit each other"
