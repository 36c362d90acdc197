"""Backup while the server runs, and restore.

The server copies each database page by page, between two groups of inputs: what is written meanwhile goes into the copy
too, so that it is the whole as it stood at one moment, the last. The command line packs the copies into one file with
a manifest of their hashes. A restored journal gets a new epoch: what viewers have seen since the backup did not happen
in it.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Final

import apsw
import msgspec

from tracker.errors import Corrupt, Refused
from tracker.events import rfc3339
from tracker.io import access_log, control, credential_file, journal
from tracker.io.clock import Clock
from tracker.io.control import NotRunning
from tracker.io.copying import copy_database, translated
from tracker.io.journal import Journal, sync_directory
from tracker.io.service import Service

DIRECTORY: Final = "backup.part"
"""In the data directory: where the server puts the copies until they are packed."""

PAGES: Final = 128
"""Copied at once: half a megabyte, some milliseconds."""

SPARE_BYTES: Final = 128 * 1024 * 1024
"""What must be left on the disk besides the copies: a backup must never be what fills it."""

FILES: Final = (journal.FILE, credential_file.FILE, access_log.FILE)
_MANIFEST: Final = "manifest.json"
_MAX_MANIFEST_BYTES: Final = 64 * 1024


class Part(msgspec.Struct, frozen=True):
    """One file of a backup."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, and how far the journal had come: its last input and its last event."""

    format: int
    made_at: str
    epoch: str
    input: int
    offset: int
    files: dict[str, Part]


class Copied(msgspec.Struct, frozen=True):
    """Copies that the server made, and how far the journal in them had come."""

    directory: str
    epoch: str
    input: int
    offset: int


class Backup(msgspec.Struct, frozen=True):
    """What `backup` and `restore` say they did."""

    file: str
    made_at: str
    epoch: str
    input: int
    offset: int
    bytes: int


class _Copy:
    """A copy of a journal that is being made, in the journal's thread."""

    def __init__(self, source: Journal, path: Path) -> None:
        self._target = apsw.Connection(str(path))
        self._target.pragma("synchronous", "OFF")  # it is synced as a whole, at the end
        self._backup = source.begin_copy(self._target)

    def step(self, source: Journal) -> tuple[str, int, int] | None:
        """Copy some pages; with the last of them, say of which epoch the journal is and how far it had come."""
        with translated():
            if not self._backup.step(PAGES):
                return None
        # At once: until it is closed, what is written to the journal goes into the copy too.
        self.abandon(source)
        return source.epoch, source.last_input, source.last_offset

    def abandon(self, _: Journal) -> None:
        """Leave it as it is."""
        with contextlib.suppress(apsw.Error):
            self._backup.finish()
        self._target.close()


async def copy(directory: Path, service: Service, log: access_log.AccessLog) -> Copied:
    """Copy everything in a data directory, while it is in use.

    Raises:
        Refused: there is not enough room.
        DiskFull, DrempelloosError: it could not be copied; nothing is left of it.
    """
    target = _make_room(directory)
    try:
        one = await service.in_journal(_Copy, target / journal.FILE)
        try:
            while (came := await service.in_journal(one.step)) is None:
                pass
        except BaseException:
            await service.in_journal(one.abandon)
            raise
        await log.copy(target / access_log.FILE)
        _copy_file(directory, target, credential_file.FILE)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return Copied(str(target.resolve()), *came)


def backup(directory: Path, out: Path) -> Backup:
    """Make a backup of a data directory, whether a server runs on it or not. `out` is a file, or a directory.

    Raises:
        Unusable: there is no journal.
        Refused: `out` exists already, or cannot be written, or there is no room.
        Asked: the server could not copy.
    """
    made_at = rfc3339(Clock().now())
    if out.is_dir():
        out = out / f"drempelloos-{made_at[:19].replace(':', '')}Z.tar"
    if out.exists():
        raise Refused("--out", f"{out} is there already")
    try:
        copied = msgspec.convert(control.ask(directory, {"do": "backup"}), Copied)
    except NotRunning:
        copied = _copy_stopped(directory)
    source = Path(copied.directory)
    try:
        parts = {name: _part(source / name) for name in FILES if (source / name).exists()}
        manifest = Manifest(1, made_at, copied.epoch, copied.input, copied.offset, parts)
        _pack(out, manifest, source)
    except OSError as error:
        raise Refused("--out", f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(source, ignore_errors=True)
    return Backup(str(out), made_at, copied.epoch, copied.input, copied.offset, out.stat().st_size)


def restore(file: Path, directory: Path) -> Backup:
    """Make a data directory from a backup, checked in every way that needs no replay. It appears whole or not at all.

    Raises:
        Refused: the directory is there already and not empty, or the file cannot be read.
        Corrupt: the file is not a backup, or not as it was written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused("--data", f"{directory} is not empty; nothing is overwritten")
    part = directory.with_name(f"{directory.name}.part")
    if part.exists():
        raise Refused("--data", f"{part} is in the way: what an earlier restore left; remove it")
    try:
        part.mkdir(mode=0o700, parents=True)
        manifest = _unpack(file, part)
        for name in manifest.files:
            _check_database(part / name)
        epoch = _begin_epoch(part, manifest)
        sync_directory(part)
        if directory.exists():
            directory.rmdir()
        part.rename(directory)
        sync_directory(directory.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise Refused("--from", f"{file}: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Backup(str(file), manifest.made_at, epoch, manifest.input, manifest.offset, file.stat().st_size)


def _make_room(directory: Path) -> Path:
    target = directory / DIRECTORY
    shutil.rmtree(target, ignore_errors=True)
    needed = sum(path.stat().st_size for name in FILES for path in directory.glob(f"{name}*"))
    disk = os.statvfs(directory)
    if disk.f_bavail * disk.f_frsize < needed + SPARE_BYTES:
        raise Refused("", f"{directory} has no room for a copy of {needed} bytes and {SPARE_BYTES} besides")
    target.mkdir(mode=0o700)
    return target


def _copy_stopped(directory: Path) -> Copied:
    with contextlib.closing(Journal(directory, create=False)) as source:
        target = _make_room(directory)
        one = _Copy(source, target / journal.FILE)
        while (came := one.step(source)) is None:
            pass
        for name in FILES[1:]:
            _copy_file(directory, target, name)
    return Copied(str(target), *came)


def _copy_file(directory: Path, target: Path, name: str) -> None:
    if (directory / name).exists():
        with contextlib.closing(apsw.Connection(str(directory / name))) as source:
            copy_database(source, target / name)


def _part(path: Path) -> Part:
    with path.open("rb") as file:
        return Part(file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _pack(out: Path, manifest: Manifest, source: Path) -> None:
    part = out.with_name(f"{out.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                body = msgspec.json.encode(manifest)
                head = tarfile.TarInfo(_MANIFEST)
                head.size = len(body)
                archive.addfile(head, io.BytesIO(body))
                for name in manifest.files:
                    archive.add(source / name, name)
            file.flush()
            os.fsync(file.fileno())
        _check(part, manifest)
        part.rename(out)
        sync_directory(out.parent)
    finally:
        part.unlink(missing_ok=True)


def _check(file: Path, manifest: Manifest) -> None:
    """Read what was written, and compare."""
    with _opened(file) as archive:
        for name, part in manifest.files.items():
            member = archive.extractfile(name)
            digest = sha256()
            while member is not None and (some := member.read(1024 * 1024)):
                digest.update(some)
            if digest.hexdigest() != part.sha256:
                raise Corrupt(f"{file} was not written as it should have been; the disk is not to be trusted")


def _unpack(file: Path, target: Path) -> Manifest:
    with _opened(file) as archive:
        manifest = _manifest(file, archive)
        for name, part in manifest.files.items():
            member = archive.extractfile(name)
            if member is None:
                raise Corrupt(f"{file} has no {name}")
            _write(target / name, member)
            if _part(target / name) != part:
                raise Corrupt(f"{name} in {file} is not what was written: its hash differs")
    return manifest


def _manifest(file: Path, archive: tarfile.TarFile) -> Manifest:
    names = archive.getnames()
    first = archive.next() if not names else archive.getmember(names[0])
    member = None if first is None or first.name != _MANIFEST else archive.extractfile(first)
    if member is None:
        raise Corrupt(f"{file} is not a backup of Drempelloos: it does not begin with a manifest")
    try:
        manifest = msgspec.json.decode(member.read(_MAX_MANIFEST_BYTES), type=Manifest)
    except msgspec.MsgspecError as error:
        raise Corrupt(f"{file} is not a backup of this version: {error}") from error
    if manifest.format != 1 or journal.FILE not in manifest.files or not set(manifest.files) <= set(FILES):
        raise Corrupt(f"{file} is not a backup of this version: it is of format {manifest.format}")
    if sorted(names) != sorted([_MANIFEST, *manifest.files]):
        raise Corrupt(f"{file} holds other files than its manifest says")
    return manifest


def _write(path: Path, source: IO[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, 1024 * 1024)
        file.flush()
        os.fsync(file.fileno())


def _check_database(path: Path) -> None:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        try:
            found = connection.pragma("integrity_check")
        except apsw.Error as error:
            raise Corrupt(f"{path.name} is damaged: {error}") from error
    if found != "ok":
        raise Corrupt(f"{path.name} is damaged: {found}")


def _begin_epoch(directory: Path, manifest: Manifest) -> str:
    with contextlib.closing(Journal(directory, create=False)) as restored:
        found = (restored.epoch, restored.last_input, restored.last_offset)
        if found != (manifest.epoch, manifest.input, manifest.offset):
            raise Corrupt(f"the journal is not the one that the manifest tells of: {found}")
        epoch = secrets.token_hex(8)
        with restored.transaction():
            for _ in restored.rows("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,)):
                pass
        return epoch


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:") as archive:
            yield archive
    except (tarfile.TarError, EOFError, KeyError) as error:
        raise Corrupt(f"{file} is not a backup, or damaged: {error}") from error
