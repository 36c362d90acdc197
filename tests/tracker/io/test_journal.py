from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from tests.needs import small_disk
from tracker.errors import Corrupt
from tracker.io.journal import (
    CHECKPOINT_PAGES,
    FILE,
    PIECE_BYTES,
    Edition,
    EventRow,
    InputRow,
    Journal,
    PingKey,
    QuarantineRow,
    SnapshotRow,
)
from tracker.io.sqlite import Clash, DiskFull, Unusable, check_sqlite


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "data")
    yield journal
    journal.close()


def row(id_: int, body: bytes = b"") -> InputRow:
    """An input that is no ping."""
    return (id_, None, None, None, body)


def ping_row(id_: int, seq: float, unit: str = "BE-1", boot: str = "a") -> InputRow:
    return (id_, unit, boot, seq, f"body {id_}".encode())


def event_row(offset: int, input_: int) -> EventRow:
    return EventRow(offset, f"event-{offset}", input_, f'{{"n":{offset}}}'.encode())


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(
        [ping_row(1, 7), row(2, b"tick"), ping_row(3, 8)],
        [event_row(1, 1), event_row(2, 1), event_row(3, 3)],
        [QuarantineRow(5.0, "ZeroDivisionError", b"poison")],
    )
    epoch = journal.epoch
    journal.close()

    again = Journal(tmp_path, create=False)
    causes = [(cause.id, cause.body, [offset for offset, _ in cause.events]) for cause in again.causes(0, 0)]

    assert causes == [(1, b"body 1", [1, 2]), (2, b"tick", []), (3, b"body 3", [3])]
    assert (again.last_input, again.last_offset) == (3, 3)
    assert again.epoch == epoch
    assert again.quarantine() == [QuarantineRow(5.0, "ZeroDivisionError", b"poison")]
    again.close()


def test_two_journals_have_two_epochs(tmp_path: Path) -> None:
    epochs = set()
    for name in "ab":
        journal = Journal(tmp_path / name)
        epochs.add(journal.epoch)
        journal.close()

    assert len(epochs) == 2


def test_a_commit_is_flushed_to_the_disk(journal: Journal) -> None:
    """The setting that survives a power cut, read back from SQLite itself."""
    connection = journal._connection

    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("locking_mode") == "exclusive"


def test_each_group_calls_fsync(tmp_path: Path) -> None:
    """SQLite is watched at work: a commit is not over before the log was synced."""
    synced: list[str] = []

    class Watching(apsw.VFS):
        def __init__(self) -> None:
            super().__init__("watching", "unix")

        def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
            return WatchedFile(name, flags)

    class WatchedFile(apsw.VFSFile):
        def __init__(self, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
            super().__init__("unix", name, flags)
            self.name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

        def xSync(self, flags: int) -> None:  # noqa: N802
            synced.append(Path(self.name).name)
            super().xSync(flags)

    vfs = Watching()
    apsw.set_default_vfs("watching")
    try:
        journal = Journal(tmp_path)
    finally:
        apsw.set_default_vfs("unix")
    counts = []
    for id_ in range(1, 6):
        synced.clear()
        journal.write([ping_row(id_, id_)])
        counts.append(synced.count(f"{FILE}-wal"))
    journal.close()
    vfs.unregister()

    assert min(counts) >= 1


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    Journal(tmp_path / "new" / "data").close()

    assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "data" / FILE).stat().st_mode & 0o777 == 0o600


def test_another_process_is_kept_out(journal: Journal, tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from tracker.io.journal import Journal
from tracker.io.sqlite import Unusable
try:
    Journal(Path({str(tmp_path / "data")!r}))
except Unusable as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == f"{tmp_path / 'data' / FILE} is in use by another process"
    journal.write([ping_row(1, 1)])


def test_a_second_journal_in_this_process_is_kept_out(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="in use"):
        Journal(tmp_path / "data")
    journal.write([ping_row(1, 1)])


def test_a_journal_that_is_not_there_is_not_made_when_not_wanted(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="there is no journal"):
        Journal(tmp_path / "nowhere", create=False)

    assert not (tmp_path / "nowhere").exists()


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Unusable, match=r"file/data/journal\.db cannot be made: Not a directory"):
        Journal(tmp_path / "file" / "data")


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read as one" * 20])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)

    with pytest.raises(Corrupt, match="damaged"):
        Journal(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("CREATE TABLE recipe (name)")
    other.close()

    with pytest.raises(Corrupt, match="not a journal"):
        Journal(tmp_path)


def test_a_journal_from_the_future_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    later = apsw.Connection(str(tmp_path / FILE))
    later.pragma("user_version", 99)
    later.close()

    with pytest.raises(Unusable, match="newer version of Drempelloos"):
        Journal(tmp_path)


def test_damage_in_the_middle_is_named_and_not_skipped(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write([row(id_, os.urandom(1000)) for id_ in range(1, 200)])
    journal.close()
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    content[4096 * 12 : 4096 * 40] = os.urandom(4096 * 28)
    path.write_bytes(content)

    with pytest.raises(Corrupt):  # noqa: PT012 - opening may find it already
        journal = Journal(tmp_path)
        try:
            list(journal.causes(0, 0))
        finally:
            journal.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_an_old_sqlite_is_refused(version: str) -> None:
    with pytest.raises(Unusable, match=r"3\.51\.3 or newer is needed"):
        check_sqlite(version, 3_051_003)


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0.0"])
def test_a_new_sqlite_is_taken(version: str) -> None:
    check_sqlite(version, 3_051_003)


def test_a_ping_is_stored_once(journal: Journal) -> None:
    journal.write([ping_row(1, 7)])

    with pytest.raises(Clash):
        journal.write([ping_row(2, 8), ping_row(3, 7)])
    assert journal.last_input == 1
    assert list(journal.stored([PingKey("BE-1", "a", 8)])) == []


def test_an_event_is_stored_once(journal: Journal) -> None:
    journal.write([ping_row(1, 1)], [event_row(1, 1)])

    with pytest.raises(Clash):
        journal.write([ping_row(2, 2)], [EventRow(2, "event-1", 2, b"{}")])
    journal.write([ping_row(2, 2)], [event_row(2, 2)])


def test_pings_are_found_by_name(journal: Journal) -> None:
    unnumbered = PingKey("BE-1", "", 1_795_442_531.25)
    journal.write([ping_row(1, 2**53 - 1), (2, *unnumbered, b"by time"), ping_row(3, 4, unit="BE-2")])
    asked = [PingKey("BE-1", "a", 2**53 - 1), unnumbered, PingKey("BE-1", "a", 4), PingKey("BE-2", "b", 4)]

    assert journal.stored(asked) == {asked[0]: b"body 1", unnumbered: b"by time"}
    assert journal.newest("BE-1", "a") == 2**53 - 1
    assert journal.newest("BE-1", "b") is None


def test_pings_of_a_unit_from_an_input_on(journal: Journal) -> None:
    journal.write([ping_row(id_, id_, unit=f"BE-{id_ % 2}") for id_ in range(1, 9)])

    assert list(journal.pings_of("BE-1", 4)) == [b"body 5", b"body 7"]


def test_events_by_the_page(journal: Journal) -> None:
    journal.write([ping_row(1, 1)], [event_row(offset, 1) for offset in range(1, 8)])

    assert [offset for offset, _ in journal.events(2, 3)] == [3, 4, 5]
    assert journal.events(7, 3) == []


def test_missing_events_and_inputs_are_found_out(journal: Journal) -> None:
    journal.write([ping_row(1, 1), ping_row(2, 2)], [event_row(1, 1), event_row(3, 2)])
    with pytest.raises(Corrupt, match="no event 2"):
        list(journal.causes(0, 0))

    journal.write([ping_row(4, 4)])
    with pytest.raises(Corrupt, match="no input 3"):
        list(journal.causes(2, 3))


def test_a_snapshot_that_was_changed_is_not_used(journal: Journal) -> None:
    journal.write_snapshot(SnapshotRow(3, 2, "layout", b"world"))
    journal.write_snapshot(SnapshotRow(5, 4, "layout", b"world later"))
    assert journal.snapshot() == SnapshotRow(5, 4, "layout", b"world later")

    journal._connection.execute("UPDATE piece SET body = ?", (b"world laser",))
    assert journal.snapshot() is None


def test_a_snapshot_counts_once_all_of_it_is_there_and_leaves_nothing_of_the_one_before(journal: Journal) -> None:
    first, second = (SnapshotRow(n, n, "layout", os.urandom(3 * PIECE_BYTES + n)) for n in (1, 2))
    steps = journal.writing_snapshot(first)
    next(steps)
    assert journal.snapshot() is None
    next(steps)  # and then the power goes

    journal.write_snapshot(first)
    assert journal.snapshot() == first
    journal.write([ping_row(1, 1)])
    for _ in journal.writing_snapshot(second):
        assert journal.snapshot() in (first, second)
        journal.write([ping_row(journal.last_input + 1, journal.last_input + 1)])
    assert journal.snapshot() == second
    assert [*journal.rows("SELECT count(*), sum(length(body)) FROM piece")] == [(4, 3 * PIECE_BYTES + 2)]


def test_a_milestone_stays_beside_the_snapshots_after_it(journal: Journal) -> None:
    journal.write_snapshot(SnapshotRow(1, 0, "layout", b"first"), milestone=True)
    journal.write_snapshot(SnapshotRow(1, 0, "layout", b"again"))
    journal.write_snapshot(SnapshotRow(2, 0, "layout", b"later"))
    assert [one.body for one in journal.snapshots()] == [b"later", b"again"]
    assert [*journal.rows("SELECT input, milestone FROM snapshot")] == [(1, 1), (2, 0)]


def test_what_was_used_is_noted_once(journal: Journal) -> None:
    one, two = Edition("ab", "cd"), Edition("ab", "ef")
    assert journal.note_edition(one) is None
    assert journal.note_edition(one) is None
    journal.write([ping_row(1, 1)])

    assert journal.note_edition(two) == one
    assert journal.editions() == [(1, one), (2, two)]


def test_the_log_does_not_grow_without_end(journal: Journal, tmp_path: Path) -> None:
    wal = tmp_path / "data" / f"{FILE}-wal"
    largest = 0
    for id_ in range(1, 101):
        journal.write([row(id_, bytes(CHECKPOINT_PAGES * 4096 // 25))])
        if journal.wants_checkpoint:
            journal.checkpoint()
        largest = max(largest, wal.stat().st_size)

    assert largest < 2 * CHECKPOINT_PAGES * 4096


def test_a_full_disk_takes_nothing_and_recovers(journal: Journal) -> None:
    """SQLite's own limit on the size of a file gives SQLITE_FULL, as a full disk does."""
    journal.write([ping_row(1, 1)])
    pages = journal._connection.pragma("page_count")
    assert isinstance(pages, int)
    journal._connection.pragma("max_page_count", pages)

    with pytest.raises(DiskFull):
        journal.write([ping_row(2, 2), row(3, bytes(100_000))])
    assert journal.last_input == 1
    assert journal.stored([PingKey("BE-1", "a", 2)]) == {}

    journal._connection.pragma("max_page_count", 2**32 - 2)
    journal.probe()
    journal.write([ping_row(2, 2)])
    assert [cause.id for cause in journal.causes(0, 0)] == [1, 2]


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", mebibytes=4) as directory:
        yield directory


def test_a_small_file_system_fills_and_empties(disk: Path) -> None:
    """The same on a file system that is really full, 20 times over: whole groups or nothing."""
    journal = Journal(disk / "data")
    written = 0
    for _ in range(20):
        fill(disk / "ballast")
        with pytest.raises(DiskFull):  # noqa: PT012 - how much still fits into the log is not known beforehand
            for _ in range(1_000):
                journal.write([row(written + 1, os.urandom(4_000)), row(written + 2)])
                written += 2
        assert journal.last_input == written
        (disk / "ballast").unlink()
        journal.write([row(written + 1), row(written + 2, b"there is room again")])
        written += 2
    journal.close()

    again = Journal(disk / "data")
    assert [cause.id for cause in again.causes(0, 0)] == list(range(1, written + 1))
    assert again._connection.pragma("integrity_check") == "ok"
    again.close()
