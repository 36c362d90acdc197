"""The power goes at any moment: what was acknowledged is there, whole, once.

A killed process leaves the page cache behind, so no kill can see a sync that is missing. This can: without it the
newest acknowledged groups are gone, which the second test demands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw
import pytest

from tests.needs import sizes
from tests.power.volatile import Disk
from tracker.errors import Corrupt, DrempelloosError
from tracker.io import journal as journal_module
from tracker.io.journal import EventRow, InputRow, Journal, SnapshotRow

CUTS = 4


class Group(NamedTuple):
    """What is written as one."""

    inputs: list[InputRow]
    events: list[EventRow]


class Run:
    """A journal on a disk that forgets, and beside it what its users were told."""

    def __init__(self, directory: Path, seed: int, synchronous: str | None = None) -> None:
        self._random = Random(seed)
        self._name = f"volatile-{synchronous}-{seed}"
        self._disk = Disk(self._name, self._random)
        self._directory = directory
        self._synchronous = synchronous
        self.acked: list[Group] = []
        self.in_doubt: Group | None = None
        self._snapshot: Iterator[None] | None = None

    def use_until_the_power_goes(self) -> None:
        """Write groups, snapshots and checkpoints; whatever was acknowledged is noted outside."""
        self._disk.cut_after(self._random.randrange(2, 250))
        with contextlib.suppress(DrempelloosError):
            while True:
                journal = self._open()
                self._verify(journal)
                with _abandoned(journal):
                    for _ in range(self._random.choice((20, 200))):
                        self._write(journal)
                    journal.close()  # as at an orderly stop: the log goes into the database, and is deleted
        assert not self._disk.is_on, "the journal failed while the power was on"
        self._disk.restore()

    def verify(self) -> None:
        """Open the journal once more and look."""
        journal = self._open()
        self._verify(journal)
        journal.close()

    def _open(self) -> Journal:
        self._snapshot = None
        journal = opened(self._directory, self._disk, self._name)
        if self._synchronous is not None:
            journal._connection.pragma("synchronous", self._synchronous)
        return journal

    def _write(self, journal: Journal) -> None:
        random = self._random
        lot = random.random()
        if lot < 0.1:
            journal.checkpoint()
        elif lot < 0.4:
            # A step of a snapshot; groups come in between, and so may the end.
            if self._snapshot is None:
                taken = SnapshotRow(journal.last_input, journal.last_offset, "layout", random.randbytes(9_000))
                self._snapshot = journal.writing_snapshot(taken)
            if next(self._snapshot, self._snapshot) is not None:
                self._snapshot = None
        self.in_doubt = self._group(journal.last_input, journal.last_offset)
        journal.write(*self.in_doubt)
        self.acked.append(self.in_doubt)
        self.in_doubt = None

    def _group(self, last_input: int, last_offset: int) -> Group:
        random, group = self._random, Group([], [])
        for id_ in range(last_input + 1, last_input + random.randrange(2, 30)):
            body = random.randbytes(random.randrange(20, 200))
            group.inputs.append((id_, "BE-1", "b", id_, body))
            if random.random() < 0.3:
                last_offset += 1
                group.events.append(EventRow(last_offset, body[:16].hex(), id_, body[::-1]))
        return group

    def _verify(self, journal: Journal) -> None:
        """Every acknowledged group is there, in order; the one in doubt is there whole or not at all; nothing else."""
        assert journal._connection.pragma("integrity_check") == "ok"
        found = [(cause.id, cause.body, cause.events) for cause in journal.causes(0, 0)]
        expected = _causes(self.acked)
        if self.in_doubt is not None and len(found) > len(expected):
            # The power went after the commit reached the medium and before anybody was told.
            self.acked.append(self.in_doubt)
            expected = _causes(self.acked)
        self.in_doubt = None
        assert found == expected
        journal.snapshot()


@pytest.fixture(autouse=True)
def snapshots_have_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "PIECE_BYTES", 4_000)


def opened(directory: Path, disk: Disk, vfs: str) -> Journal:
    """A journal on that disk, which hears of its directory being synced too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "sync_directory", lambda _: disk.sync_directory())
        return Journal(directory, vfs=vfs)


def _causes(groups: list[Group]) -> list[tuple[int, bytes, list[tuple[int, bytes]]]]:
    return [
        (id_, body, [(event.offset, event.body) for event in group.events if event.input == id_])
        for group in groups
        for id_, *_, body in group.inputs
    ]


@contextlib.contextmanager
def _abandoned(journal: Journal) -> Iterator[None]:
    """The process is gone with the power: its connection is closed, and can do nothing more."""
    try:
        yield
    finally:
        with contextlib.suppress(apsw.IOError):
            journal._connection.close(True)


@pytest.mark.parametrize("seeds", sizes(100, soak=1_000, long=100_000))
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path, seeds: int) -> None:
    acked = 0
    for seed in range(seeds):
        run = Run(tmp_path / str(seed), seed)
        for _ in range(CUTS):
            run.use_until_the_power_goes()
        run.verify()
        acked += len(run.acked)
    assert acked > 10 * seeds


# A connection to a disk that lied complains once more when it is let go; that it fails is what is wanted here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_the_sync_at_each_commit_it_does(tmp_path: Path) -> None:
    losses = 0
    for seed in range(20):
        run = Run(tmp_path / str(seed), seed, "NORMAL")
        try:
            for _ in range(CUTS):
                run.use_until_the_power_goes()
            run.verify()
        except (AssertionError, Corrupt):
            losses += 1
    assert losses >= 15


def test_a_snapshot_that_the_power_cut_is_not_taken_for_one(tmp_path: Path) -> None:
    disk = Disk("volatile-snapshot", Random(1))
    journal = opened(tmp_path, disk, "volatile-snapshot")
    journal.write([(1, None, None, None, b"one")])
    journal.write_snapshot(SnapshotRow(1, 0, "layout", b"old" * 5_000))
    disk.cut_after(3)
    with pytest.raises(DrempelloosError), _abandoned(journal):
        journal.write_snapshot(SnapshotRow(1, 0, "layout", b"new" * 5_000))
    disk.restore()
    again = opened(tmp_path, disk, "volatile-snapshot")
    snapshot = again.snapshot()
    assert snapshot is not None
    assert snapshot.body == b"old" * 5_000
    again.close()
