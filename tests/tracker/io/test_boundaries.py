"""A boundary file that cannot be used: the last good one is, or none, and the server can say which."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from borders import boundary_file
from borders.boundary_file import MAGIC, PACKAGED, digest_line, digest_path
from tracker.io import boundaries

Spoil = Callable[[Path], None]


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def of_another_version(path: Path) -> None:
    content = struct.pack("<8sH", MAGIC, boundary_file.FORMAT + 1) + path.read_bytes()[10:]
    path.write_bytes(content)
    digest_path(path).write_text(digest_line(content, path))


def without_hash(path: Path) -> None:
    digest_path(path).unlink()


SPOILT: dict[str, Spoil] = {
    "corrupt": corrupt,
    "cut off": cut_off,
    "of another version": of_another_version,
    "missing": Path.unlink,
    "without its hash": without_hash,
}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A boundary file to spoil, in the place of the packaged one."""
    path = tmp_path / "package" / PACKAGED.name
    path.parent.mkdir()
    for source, target in ((PACKAGED, path), (digest_path(PACKAGED), digest_path(path))):
        shutil.copy(source, target)
    monkeypatch.setattr(boundary_file, "PACKAGED", path)
    return path


@pytest.mark.parametrize("how", SPOILT)
def test_without_a_copy_no_border_is_watched(shipped: Path, tmp_path: Path, how: str) -> None:
    SPOILT[how](shipped)
    with capture_logs() as log:
        found = boundaries.find(tmp_path / "data")

    assert found.atlas is None
    assert found.trouble is not None
    assert str(tmp_path) not in found.trouble, "whoever asks whether it is well need not know where it is"
    (entry,) = log
    assert entry["log_level"] == "critical"
    assert str(shipped) in entry["error"]


@pytest.mark.parametrize("how", SPOILT)
def test_the_last_good_set_is_used_and_said_to_be(shipped: Path, tmp_path: Path, how: str) -> None:
    good = boundaries.find(tmp_path / "data")
    assert good.atlas is not None
    assert good.trouble is None
    SPOILT[how](shipped)
    with capture_logs() as log:
        found = boundaries.find(tmp_path / "data")

    assert found.atlas is not None
    assert found.atlas.sha256 == good.atlas.sha256
    assert found.trouble
    assert [entry["log_level"] for entry in log] == ["error"]


def test_a_copy_that_was_cut_off_is_no_copy_and_is_made_again(shipped: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    boundaries.find(data)
    kept = data / boundaries.KEPT
    corrupt(kept)
    spoilt = shipped.with_name("spoilt")
    shipped.rename(spoilt)
    assert boundaries.find(data).atlas is None

    spoilt.rename(shipped)
    digest_path(kept).unlink()
    assert boundaries.find(data).trouble is None
    assert boundary_file.load(kept).sha256 == boundary_file.load(shipped).sha256


def test_a_newer_set_takes_the_place_of_the_copy(shipped: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    boundaries.find(data)
    content = boundary_file.PACKAGED.read_bytes()
    header, coverage = boundary_file.decode(content, shipped)
    newer = boundary_file.encode(
        coverage, vintage="2999a", licence=header.licence, attribution=header.attribution, sources=header.sources
    )
    shipped.write_bytes(newer)
    digest_path(shipped).write_text(digest_line(newer, shipped))

    assert boundaries.find(data).trouble is None
    assert boundary_file.load(data / boundaries.KEPT).vintage == "2999a"
