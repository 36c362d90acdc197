"""A disk that forgets: what was written and not synced may be gone after a power cut, sector by sector.

SQLite works on it through a virtual file system, all of it in memory. A write is seen by later reads at once, as in the
page cache, and is on the medium only after `xSync`. When the power goes, of every write that was not synced each
sector of 512 bytes is there or is not, by lot; so the newest pages are torn, and not in the order of their writing.
It may be full too, or fail to sync.
"""

from __future__ import annotations

from random import Random
from typing import Final

import apsw

SECTOR: Final = 512


class PowerCut(apsw.IOError):
    """The power is off; nothing can be read or written until it is back."""


class _Content:
    """One file: what readers see, what the medium holds, and the writes between the two."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.medium: bytearray | None = None
        """None until it was synced for the first time: then its name is not on the medium either."""
        self.pending: list[tuple[int, bytes] | int] = []
        """Writes (offset, bytes) and truncations (size)."""

    def write(self, offset: int, data: bytes) -> None:
        self.pending.append((offset, data))
        _put(self.seen, offset, data)

    def truncate(self, size: int) -> None:
        self.pending.append(size)
        del self.seen[size:]

    def sync(self) -> None:
        self.medium = bytearray(self.seen)
        self.pending.clear()

    def lose(self, random: Random) -> bool:
        """The power goes; False when nothing of the file is left."""
        if self.medium is None and random.random() < 0.5:
            return False
        kept = self.medium or bytearray()
        for change in self.pending:
            if isinstance(change, int):
                if random.random() < 0.5:
                    del kept[change:]
                continue
            offset, data = change
            for start in range(0, len(data), SECTOR):
                if random.random() < 0.5:
                    _put(kept, offset + start, data[start : start + SECTOR])
        self.medium, self.seen = bytearray(kept), bytearray(kept)
        self.pending.clear()
        return True


class Disk(apsw.VFS):
    """A disk, registered with SQLite under a name.

    Args:
        name: for `Journal(..., vfs=name)`.
        random: decides what a power cut leaves.
    """

    def __init__(self, name: str, random: Random) -> None:
        super().__init__(name, base="")
        self._random = random
        self._files: dict[str, _Content] = {}
        self._deleted: dict[str, _Content] = {}
        """Whose name may come back, since the directory was not synced."""
        self._life = 0
        self._left: int | None = None
        self.is_on = True
        self.is_full = False
        """No file can grow."""
        self.is_broken = False
        """Nothing can be synced."""

    def end_process(self) -> None:
        """Whoever had files open is gone; what it wrote stays, as in the page cache."""
        self._life += 1

    def cut_after(self, operations: int) -> None:
        """Let the power go after so many writes, truncations and syncs."""
        self._left = operations

    def restore(self) -> None:
        """The power goes, if it has not yet, and comes back; nobody has a file open."""
        self._life += 1
        back = {name: file for name, file in self._deleted.items() if self._random.random() < 0.5}
        self._deleted.clear()
        self._files = {name: file for name, file in (back | self._files).items() if file.lose(self._random)}
        self._left, self.is_on = None, True

    def sync_directory(self) -> None:
        """What was deleted stays so; for `tracker.io.journal.sync_directory`, which does not go through SQLite."""
        self.operate(self._life)
        self._deleted.clear()

    def operate(self, life: int) -> None:
        """Something is about to reach the disk."""
        self.check(life)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.is_on = False
                raise PowerCut

    def check(self, life: int) -> None:
        """Raise unless the power has been on ever since the file was opened."""
        if not self.is_on or life != self._life:
            raise PowerCut

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # type: ignore[override]  # noqa: N802
        filename = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return _File(self, self._files.setdefault(filename, _Content()), self._life)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.operate(self._life)
        file = self._files.pop(filename, None)
        if file is not None and not syncdir:
            self._deleted[filename] = file

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802, ARG002
        return pathname in self._files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class _File:
    """A file as SQLite holds it open; the names are SQLite's."""

    def __init__(self, disk: Disk, content: _Content, life: int) -> None:
        self._disk = disk
        self._content = content
        self._life = life

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.check(self._life)
        return bytes(self._content.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.operate(self._life)
        if self._disk.is_full and offset + len(data) > len(self._content.seen):
            raise apsw.FullError
        self._content.write(offset, bytes(data))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.operate(self._life)
        self._content.truncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002
        self._disk.operate(self._life)
        if self._disk.is_broken:
            raise apsw.IOError("what was written did not reach the disk")
        self._content.sync()

    def xFileSize(self) -> int:  # noqa: N802
        self._disk.check(self._life)
        return len(self._content.seen)

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802, ARG002
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xClose(self) -> None:  # noqa: N802
        pass


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
