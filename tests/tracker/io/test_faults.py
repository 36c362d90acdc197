"""What is wrong with the server is told to every viewer, once per change, and to those who come later."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.tracker.io.live_room import BEGAN_AT, Room, receive, subscribe
from tracker.events import rfc3339
from tracker.io.faults import Fault, Faults
from tracker.io.viewer import Viewer


def test_a_fault_keeps_its_beginning_and_is_told_once_per_change() -> None:
    now = [BEGAN_AT]
    faults = Faults(lambda: now[0])
    told: list[tuple[Fault, ...]] = []
    faults.listen(lambda: told.append(faults.standing))

    with capture_logs() as log:
        faults.set("overloaded", "too much")
        now[0] += 60
        faults.set("overloaded", "too much")
        faults.set("overloaded", "far too much")
        faults.set("not_recording", "the disk is full")
        faults.clear("overloaded")
        faults.clear("overloaded")

    begun = rfc3339(BEGAN_AT)
    full = Fault("not_recording", rfc3339(now[0]), "the disk is full")
    worse = Fault("overloaded", begun, "far too much")
    assert told == [(Fault("overloaded", begun, "too much"),), (worse,), (full, worse), (full,)]
    assert [(entry["event"], entry["code"]) for entry in log] == [
        ("fault", "overloaded"),
        ("fault", "not_recording"),
        ("fault over", "overloaded"),
    ]


async def test_viewers_hear_of_faults_and_of_their_end(room: Room) -> None:
    faults = room.service.faults
    async with subscribe(room) as (early, snapshot):
        assert snapshot["status"] == {"faults": []}

        faults.set("clock_step", "the clock was set by 3 s")
        fault = {"code": "clock_step", "since": rfc3339(BEGAN_AT), "text": "the clock was set by 3 s"}
        assert await receive(early) == {"type": "status", "time": BEGAN_AT, "faults": [fault]}

        async with subscribe(room) as (late, later):
            assert later["status"] == {"faults": [fault]}

            faults.clear("clock_step")
            over = {"type": "status", "time": BEGAN_AT, "faults": []}
            assert [await receive(early), await receive(late)] == [over, over]


async def test_a_fault_that_begins_while_a_viewer_takes_its_snapshot_follows_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the picture and going live there is room for a change; it must not fall through."""
    hand = room.hub.hand

    async def fail_and_hand(viewer: Viewer, frame: bytes) -> None:
        room.service.faults.set("overloaded", "too much")
        await hand(viewer, frame)

    monkeypatch.setattr(room.hub, "hand", fail_and_hand)
    async with subscribe(room) as (viewer, snapshot):
        assert snapshot["status"] == {"faults": []}
        message = await receive(viewer)

    assert message["type"] == "status"
    assert [fault["code"] for fault in message["faults"]] == ["overloaded"]
