from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from borders.atlas import Atlas
from borders.crossing import Detector, Settings
from tests.tracker.io.drives import opened, ping
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.errors import Corrupt, Refused
from tracker.inputs import EndPursuit, PingReceived, ReportContact, StartPursuit, Tick, UnitRegistered
from tracker.io import recovery, snapshots
from tracker.io.journal import FILE, Journal, SnapshotRow
from tracker.io.service import Service
from tracker.io.sqlite import Unusable
from tracker.treaty import contact_points
from tracker.units import Unit


async def live(service: Service) -> None:
    """A pursuit over the border, with company, contact, silence, and resends."""
    await service.submit([UnitRegistered(Unit("BE-1", "BE", "1"), STARTED_AT)])
    await service.submit([StartPursuit(id="p-1", unit="BE-1", ground="stop_evaded", at=STARTED_AT)])
    for seq in range(90):
        others = [ping("NL-1", seq, north_m=2_000), ping("BE-2", seq, north_m=-3_000 - seq)]
        await service.submit([ping(seq=seq), ping(seq=seq), *others])
        if seq == 60:
            await service.submit([ReportContact(id="p-1", host="NL", with_="Driebergen", at=STARTED_AT + 60)])
    await service.submit([Tick(STARTED_AT + second) for second in range(90, 200, 10)])
    await service.submit([EndPursuit(id="p-1", at=STARTED_AT + 200)])


async def no_snapshot(*_: object) -> None:
    pass


def forget_snapshot(directory: Path) -> None:
    journal = Journal(directory, create=False)
    journal._connection.execute("DELETE FROM snapshot")
    journal.close()


@pytest.mark.parametrize("snapshot", ["none", "in the middle", "on closing"])
async def test_after_a_restart_the_world_is_the_same(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, snapshot: str
) -> None:
    if snapshot == "in the middle":
        monkeypatch.setattr(snapshots, "EVERY", 100)
    async with opened(tmp_path, engine) as service:
        await live(service)
        world, epoch = service.world.encode(), service.epoch
        if snapshot == "in the middle":
            kept = await service._in_thread(service._journal.snapshot)
            assert kept is not None
            assert 0 < kept.input < service._journal.last_input
            # What a kill leaves behind: no snapshot on closing.
            monkeypatch.setattr(service._snapshots, "finish", no_snapshot)
    if snapshot == "none":
        forget_snapshot(tmp_path)

    async with opened(tmp_path, engine) as again:
        assert again.world.encode() == world
        assert again.epoch == epoch


async def test_a_snapshot_of_another_layout_is_not_used(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
        world = service.world.encode()
    journal = Journal(tmp_path, create=False)
    kept = journal.snapshot()
    assert kept is not None
    journal.write_snapshot(SnapshotRow(kept.input, kept.offset, "of an older version", b"\x00"))
    journal.close()

    async with opened(tmp_path, engine) as again:
        assert again.world.encode() == world


async def test_a_snapshot_that_cannot_be_read_is_not_used(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
        world = service.world.encode()
    journal = Journal(tmp_path, create=False)
    kept = journal.snapshot()
    assert kept is not None
    journal.write_snapshot(SnapshotRow(kept.input, kept.offset, recovery.layout(), kept.body[:-20]))
    journal.close()

    async with opened(tmp_path, engine) as again:
        assert again.world.encode() == world


async def test_other_rules_change_nothing_that_was_said(tmp_path: Path, atlas: Atlas, engine: Engine) -> None:
    """After an update that decides otherwise, what is stored stands, and new offsets follow on."""
    async with opened(tmp_path, engine) as service:
        await live(service)
        stored = await service.events(0, 1_000)
    forget_snapshot(tmp_path)
    changed = Engine(Detector(atlas, Settings(horizon_s=5.0)), engine.contact_points, "0" * 64)

    async with opened(tmp_path, changed) as again:
        assert again.world.offset == stored[-1][0]
        assert await again.events(0, 1_000) == stored
        [caused] = await again.submit([ping("LU-1")])
        assert isinstance(caused, list)
        assert [offset for offset, _ in await again.events(stored[-1][0], 9)] == [stored[-1][0] + 1]


async def test_rebuild_finds_every_event_identical(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
        count = service.world.offset

    assert count > 10
    assert msgspec.json.encode(recovery.rebuild(tmp_path)) == b'{"events":%d,"identical":true}' % count


async def test_rebuild_shows_the_first_event_that_was_changed(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
    journal = Journal(tmp_path, create=False)
    later = "CAST(replace(body, '2026', '2025') AS BLOB)"
    journal._connection.execute(f"UPDATE event SET body = {later} WHERE offset IN (5, 7)")  # noqa: S608
    journal.close()
    rebuilt = recovery.rebuild(tmp_path)

    assert not rebuilt.identical
    assert rebuilt.first_difference is not None
    assert rebuilt.first_difference.offset == 5
    assert rebuilt.first_difference.stored == rebuilt.first_difference.derived.replace("2026", "2025")


async def test_rebuild_leaves_the_journal_as_it_was(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
    before = (tmp_path / FILE).read_bytes()
    recovery.rebuild(tmp_path)
    recovery.export(tmp_path, tmp_path / "out.ndjson")

    assert (tmp_path / FILE).read_bytes() == before


async def test_export_writes_every_event_in_order_as_stored(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
        stored = await service.events(0, 1_000)
    written = recovery.export(tmp_path, tmp_path / "out.ndjson").events

    assert (tmp_path / "out.ndjson").read_bytes() == b"".join(body + b"\n" for _, body in stored)
    assert written == len(stored)


async def test_an_export_that_fails_leaves_the_older_one(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path / "data", engine) as service:
        await live(service)
    out = tmp_path / "out.ndjson"
    out.write_text("older")
    journal = Journal(tmp_path / "data", create=False)
    journal._connection.execute("DELETE FROM event WHERE offset = 4")
    journal.close()

    with pytest.raises(Corrupt, match="no event 4"):
        recovery.export(tmp_path / "data", out)
    assert out.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.ndjson"]


def test_an_export_to_nowhere_names_the_place(tmp_path: Path) -> None:
    Journal(tmp_path / "data").close()

    with pytest.raises(Refused, match=r"nowhere/out.ndjson cannot be written: No such file or directory"):
        recovery.export(tmp_path / "data", tmp_path / "nowhere" / "out.ndjson")


async def test_neither_works_on_a_journal_that_a_server_has_open(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine):
        with pytest.raises(Unusable, match="in use"):
            recovery.rebuild(tmp_path)
        with pytest.raises(Unusable, match="in use"):
            recovery.export(tmp_path, tmp_path / "out")


def test_neither_makes_a_journal_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="there is no journal"):
        recovery.rebuild(tmp_path)
    with pytest.raises(Unusable, match="there is no journal"):
        recovery.export(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


async def test_an_input_that_cannot_be_read_is_named(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await live(service)
    journal = Journal(tmp_path, create=False)
    journal._connection.execute("UPDATE input SET body = x'c1' WHERE id = 7")
    journal.close()

    with pytest.raises(Corrupt, match="input 7 of the journal cannot be read"):
        recovery.rebuild(tmp_path)


async def test_replay_does_not_depend_on_the_order_of_sets(tmp_path: Path, engine: Engine) -> None:
    """In processes whose string hashes differ, every event comes out byte for byte the same."""
    async with opened(tmp_path, engine) as service:
        await live(service)
    code = (
        "import sys; from pathlib import Path; from tracker.io.recovery import rebuild; "
        "sys.exit(not rebuild(Path(sys.argv[1])).identical)"
    )
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)


async def test_the_clock_does_not_fall_behind_the_journal(tmp_path: Path, engine: Engine) -> None:
    async with opened(tmp_path, engine) as service:
        await service.submit([ping(seq=100)])
    async with opened(tmp_path, engine, at=STARTED_AT - 5_000) as again:
        assert again._clock.now() == ping(seq=100).received_at


def test_server_time_of_an_input() -> None:
    assert recovery.time_of(PingReceived(ping().fix, 7.0)) == 7.0
    assert recovery.time_of(Tick(8.0)) == 8.0


async def test_other_contact_points_are_named_and_not_mistaken_for_damage(tmp_path: Path, engine: Engine) -> None:
    """What was decided with them stands; a rebuild with others says so."""
    own = tmp_path / "own.toml"
    shipped = files("tracker.treaty").joinpath("contact_points.toml").read_text()
    own.write_text(shipped.replace("Meldkamer", "Kamer"))
    sha = sha256(own.read_bytes()).hexdigest()
    other = Engine(engine.detector, contact_points.load(own), engine.boundary_sha256)
    async with opened(tmp_path / "data", other):
        pass

    [note] = recovery.rebuild(tmp_path / "data").made_with_others
    assert note == f"from input 1 on: other contact points (SHA-256 {sha})"
    assert recovery.rebuild(tmp_path / "data", own).made_with_others == ()


async def test_a_journal_from_before_contact_points_were_noted_says_that_they_are_not_known(
    tmp_path: Path, engine: Engine
) -> None:
    async with opened(tmp_path, engine):
        pass
    journal = Journal(tmp_path, create=False)
    journal._connection.execute("ALTER TABLE edition DROP COLUMN contacts_sha256")
    journal._connection.execute("DROP INDEX event_of_pursuit")
    journal._connection.execute("ALTER TABLE event DROP COLUMN seen_by")
    journal._connection.execute("ALTER TABLE event DROP COLUMN pursuit")
    for column in ("at", "milestone", "pieces"):
        journal._connection.execute(f"ALTER TABLE snapshot DROP COLUMN {column}")
    for table in ("pursuit", "member", "erasure", "piece"):
        journal._connection.execute(f"DROP TABLE {table}")
    journal._connection.pragma("user_version", 1)
    journal.close()

    [note] = recovery.rebuild(tmp_path).made_with_others
    assert note == "from input 1 on: contact points that an older version did not note"
