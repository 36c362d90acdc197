"""The access log: who looked at what, and what becomes of it when the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
import pytest_asyncio

from tracker.errors import Corrupt
from tracker.io.access_log import FILE, OPENED_S, AccessLog, access
from tracker.io.credentials import LOCAL, Grant
from tracker.io.service import Unavailable
from tracker.policy import EVERYTHING, NOTHING, Scope

AT = 1_795_442_531.25
DISPATCHER = Grant("d1", "dispatcher", state="LU", name="Anna")


class Clock:
    """Stands still until it is set."""

    at = AT

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[AccessLog]:
    log = AccessLog(tmp_path, clock.now)
    yield log
    await log.close()


def break_disk(log: AccessLog, *, broken: bool) -> None:
    """Make every write fail as a full disk does, or mend it."""
    log._connection.pragma("query_only", "ON" if broken else "OFF")


async def test_a_row_says_who_what_when_and_why(log: AccessLog) -> None:
    await log.note(access(DISPATCHER, AT, "snapshot", offset=7, bbox=None))
    await log.open(DISPATCHER, "p-1", ("BE", "NL"), "the car is stolen in Esch")

    first, second = await log.page(0, 10, None)
    assert (first.id, first.at, first.action, first.who, first.name) == (1, AT, "snapshot", "d1", "Anna")
    assert (first.role, first.state, first.detail) == ("dispatcher", "LU", {"offset": 7})
    assert (second.action, second.pursuit, second.about) == ("open", "p-1", ("BE", "NL"))
    assert second.reason == "the car is stolen in Esch"


async def test_a_state_reads_its_own_rows_and_those_about_it(log: AccessLog) -> None:
    await log.note(access(DISPATCHER, AT, "consult"), access(Grant("d2", "dispatcher", state="NL"), AT, "consult"))
    await log.open(DISPATCHER, "p-1", ("BE",), "a good reason")

    assert [row.id for row in await log.page(0, 10, "LU")] == [1, 3]
    assert [row.id for row in await log.page(0, 10, "BE")] == [3]
    assert [row.id for row in await log.page(1, 1, None)] == [2]


async def test_what_is_opened_is_opened_to_one_person_for_one_shift(log: AccessLog, clock: Clock) -> None:
    await log.open(DISPATCHER, "p-1", ("BE",), "a good reason")
    other = Grant("d2", "dispatcher", state="LU")

    assert log.scope(DISPATCHER) == Scope("LU", opened=frozenset({"p-1"}))
    assert log.scope(other) == Scope("LU")
    clock.at += OPENED_S
    assert log.scope(DISPATCHER) == Scope("LU")


async def test_an_opening_outlives_a_restart(tmp_path: Path, log: AccessLog, clock: Clock) -> None:
    await log.open(DISPATCHER, "p-1", ("BE",), "a good reason")
    await log.close()
    again = AccessLog(tmp_path, clock.now)
    try:
        assert again.opened("d1") == {"p-1"}
    finally:
        await again.close()


def test_roles_have_their_scope(log: AccessLog) -> None:
    assert log.scope(LOCAL) == EVERYTHING
    assert log.scope(Grant("a", "auditor", state="BE")) == Scope("BE")
    assert log.scope(Grant("b", "admin")) == NOTHING
    assert log.scope(Grant("c", "dispatcher")) == NOTHING


async def test_a_full_disk_holds_nobody_up_and_the_rows_come_later(log: AccessLog) -> None:
    break_disk(log, broken=True)
    await log.note(access(DISPATCHER, AT, "snapshot"))
    log.note_later(access(DISPATCHER, AT + 1, "unsubscribe"))
    await log.note(access(DISPATCHER, AT + 2, "consult"))
    break_disk(log, broken=False)
    assert await log.page(0, 10, None) == []
    await log.note(access(DISPATCHER, AT + 3, "consult"))

    assert sorted(row.at - AT for row in await log.page(0, 10, None)) == [0.0, 1.0, 2.0, 3.0]


async def test_without_its_reason_on_record_nothing_is_opened(log: AccessLog) -> None:
    break_disk(log, broken=True)
    with pytest.raises(Unavailable):
        await log.open(DISPATCHER, "p-1", ("BE",), "a good reason")

    assert log.opened("d1") == frozenset()
    break_disk(log, broken=False)


async def test_a_row_is_never_changed(log: AccessLog) -> None:
    await log.note(access(DISPATCHER, AT, "snapshot"))
    with pytest.raises(apsw.ConstraintError):
        log._connection.execute("UPDATE access SET who = 'nobody'")


async def test_expiry_is_itself_a_row(log: AccessLog, clock: Clock) -> None:
    await log.note(access(DISPATCHER, AT - 10, "snapshot"), access(DISPATCHER, AT, "consult"))
    assert await log.expire(AT - 5) == 1
    assert await log.expire(AT - 5) == 0

    rows = await log.page(0, 10, None)
    assert [row.action for row in rows] == ["consult", "expire"]
    assert rows[1].detail == {"rows": 1, "before": AT - 5}


async def test_rows_that_come_together_are_written_together(log: AccessLog) -> None:
    """A hundred viewers that come back at once wait for one write, not for a hundred."""
    written: list[int] = []
    insert = log._insert

    def counted(rows: list[object]) -> None:
        written.append(len(rows))
        insert(rows)  # type: ignore[arg-type]

    log._insert = counted  # type: ignore[assignment, method-assign]
    await asyncio.gather(*(log.note(access(DISPATCHER, AT, "snapshot")) for _ in range(100)))

    assert sum(written) == 100
    assert len(written) <= 2


def test_another_file_is_refused(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / FILE).write_bytes(b"nothing of ours" * 100)
    with pytest.raises(Corrupt):
        AccessLog(tmp_path, clock.now)
