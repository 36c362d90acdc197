"""The fan-out: everybody gets everything once and in order, and nobody can hold up another."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.tracker.io.live_room import (
    BEGAN_AT,
    Room,
    ping,
    receive,
    receive_all,
    receive_until,
    registered,
    start,
    subscribe,
)
from tracker.inputs import PingReceived, StartPursuit, Tick
from tracker.io import hub as hub_module
from tracker.io import viewer as viewer_module
from tracker.io.frames import Bbox, Moves
from tracker.io.hub import HEARTBEAT_S
from tracker.policy import EVERYTHING, Scope


async def test_events_go_out_at_once_and_in_order(room: Room) -> None:
    async with subscribe(room) as (viewer, snapshot):
        await room.submit(*(start(number) for number in range(5)))

        messages = [await receive(viewer) for _ in range(5)]

    assert [message["type"] for message in messages] == ["event"] * 5
    offsets = [message["offset"] for message in messages]
    assert offsets == list(range(snapshot["offset"] + 1, snapshot["offset"] + 6))
    assert [message["event"]["pursuit"] for message in messages] == [f"p-{number}" for number in range(5)]


async def test_an_alert_of_the_past_says_how_old_it_was_on_the_feed_and_in_snapshots(room: Room) -> None:
    """And nothing else does: what is of now has the frame that it always had."""
    await room.submit(ping("NL-1", 4.1))
    await room.submit(StartPursuit(at=BEGAN_AT, id="p-1", unit="NL-1", started_in="NL"))
    old = ping("NL-1", 4.11, 1)
    await room.submit(PingReceived(old.fix, old.received_at + 7_200.0))
    async with subscribe(room) as (viewer, _):
        await room.submit(Tick(old.received_at + 7_200.0 + 3_000.0))
        await room.submit(Tick(old.received_at + 7_200.0 + 6_000.0))
        lost = await receive_until(viewer, "event")
        await room.submit(start(2))
        started = await receive_until(viewer, "event")
    async with subscribe(room) as (_, snapshot):
        pass

    assert (lost["event"]["type"], lost["age_s"]) == ("unit.lost", 7_200.0)
    assert set(started) == {"type", "offset", "event"}
    aged = {one["event"]["type"]: one["age_s"] for one in snapshot["alerts"]}
    assert (aged["decision"], aged["unit.lost"]) == (None, 7_200.0)


async def test_positions_wait_for_the_tick_and_the_newest_wins(room: Room) -> None:
    async with subscribe(room) as (viewer, _):
        for seq, lon in enumerate((4.1, 4.2, 4.3)):
            await room.submit(ping("BE-1", lon, seq))
        await room.submit(ping("BE-2", 4.9))
        room.hub.tick()
        message = await receive_until(viewer, "positions")
        room.hub.tick()
        await room.submit(start(1))
        after = await receive_until(viewer, "event")

    assert [row[0] for row in message["units"]] == ["BE-1", "BE-2"]
    assert message["units"][0][2] == 4.3
    assert message["time"] == room.now()
    assert after["event"]["pursuit"] == "p-1"


async def test_snapshots_of_one_tick_differ_when_something_happened_between(room: Room) -> None:
    """The picture is shared by all who come in one tick, but not across an event."""
    async with subscribe(room) as (_, before):
        await room.submit(start(1))
        async with subscribe(room) as (late, after):
            await room.submit(start(2))
            message = await receive_until(late, "event")

    assert after["offset"] == before["offset"] + 1
    assert [pursuit["id"] for pursuit in after["pursuits"]] == ["p-1"]
    assert message["offset"] == after["offset"] + 1


async def test_one_frame_is_encoded_for_everybody(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    original = Moves.frame

    def frame(moves: Moves, now: float, offset: int, scope: Scope, bbox: Bbox | None = None) -> bytes | None:
        encoded.append(moves)
        return original(moves, now, offset, scope, bbox)

    monkeypatch.setattr(Moves, "frame", frame)
    async with subscribe(room) as (one, _), subscribe(room) as (two, _), subscribe(room) as (three, _):
        room.hub.tick()
        encoded.clear()
        await room.submit(ping("BE-1", 4.1))
        room.hub.tick()
        frames = [await receive_until(viewer, "positions") for viewer in (one, two, three)]

    assert frames[0] == frames[1] == frames[2]
    assert len(encoded) == 1


async def test_a_box_limits_positions_and_tells_who_leaves_it(room: Room) -> None:
    await room.submit(ping("BE-1", 4.5), ping("BE-2", 5.5))
    async with subscribe(room, bbox=[4.0, 50.0, 5.0, 52.0]) as (viewer, snapshot):
        assert [row[0] for row in snapshot["units"]] == ["BE-1"]
        assert set(snapshot["roster"]) == {"BE-1", "BE-2"}
        room.hub.tick()
        rows = []
        for number, (one, two) in enumerate([(4.6, 5.6), (5.1, 5.7), (5.2, 5.8), (4.9, 5.9)], start=1):
            await room.submit(ping("BE-1", one, 9 * number), ping("BE-2", two, 9 * number))
            room.hub.tick()
            await room.submit(start(number))
            while (message := await receive(viewer)).get("event", {}).get("pursuit") != f"p-{number}":
                if message["type"] == "positions":
                    rows += [(row[0], row[2]) for row in message["units"] if row[2] != 4.5 and row[2] != 5.5]

    assert rows == [("BE-1", 4.6), ("BE-1", 5.1), ("BE-1", 4.9)]


async def test_a_heartbeat_says_that_the_link_lives(room: Room) -> None:
    async with subscribe(room) as (viewer, _):
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        async with room.ticking(0.1):
            message = await receive(viewer)
            first_at = loop.time()
            again = await receive(viewer)

        assert message == {"type": "heartbeat", "time": room.now(), "offset": 0} == again
        assert 0.8 <= first_at - began_at <= HEARTBEAT_S + 0.4


async def test_a_silent_unit_shows_in_its_row(room: Room) -> None:
    """`unit.seen`, `stale` and `lost` change a row without a fix."""
    async with subscribe(room) as (viewer, _):
        await room.submit(ping("BE-1", 4.1))
        room.hub.tick()
        assert (await receive_until(viewer, "positions"))["units"][0][7] == "ok"
        await room.let_go_silent("BE-1")
        room.hub.tick()

        assert (await receive_until(viewer, "positions"))["units"][0][7] == "stale"


async def test_what_a_slow_viewer_missed_comes_later_newest_only(room: Room) -> None:
    async with subscribe(room, receive_bytes=4_096) as (slow, _), subscribe(room) as (quick, _):
        reader = asyncio.create_task(receive_all(room, quick))
        slow_end, quick_end = room.viewers()
        await room.submit(ping("BE-9", 4.9))
        ticks = 0
        while slow_end.skipped_frames < 3:
            ticks += 1
            assert ticks < 200, "the slow viewer was never skipped"
            await room.submit(*(ping(f"BE-{number:03}", 4.0, ticks) for number in range(1_000)))
            room.hub.tick()
            await asyncio.sleep(0.005)
        rows: dict[str, list[Any]] = {}
        frames = 0
        newest = BEGAN_AT + 100 * ticks
        async with room.ticking(0.02), asyncio.timeout(20):
            while len(rows) < 1_001 or any(rows[f"BE-{number:03}"][1] != newest for number in range(1_000)):
                message = await receive(slow)
                if message["type"] == "positions":
                    frames += 1
                    rows |= {row[0]: row for row in message["units"]}
        await room.until(lambda: room.received[quick]["positions"] + quick_end.skipped_frames >= ticks)
        reader.cancel()

    assert rows["BE-9"][2] == 4.9
    assert frames < ticks
    assert room.hub.statistics().aborted_viewers == 0
    assert quick_end.skipped_frames == 0


async def test_a_stalled_viewer_is_cut_off_and_the_others_miss_nothing(room: Room) -> None:
    """It leaves more than 1 MiB of events unread."""
    async with subscribe(room, receive_bytes=4_096) as (stalled, snapshot), subscribe(room) as (quick, _):
        stalled.transport.pause_reading()
        reader = asyncio.create_task(receive_all(room, quick))
        number = 0
        while room.hub.statistics().aborted_viewers == 0:
            assert number < 20_000, "the stalled viewer was never cut off"
            await room.submit(*(start(number + index, note="n" * 900) for index in range(200)))
            number += 200
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)
        reader.cancel()
        statistics = room.hub.statistics()

    assert (statistics.viewers, statistics.aborted_viewers) == (1, 1)
    assert room.offsets[quick] == list(range(snapshot["offset"] + 1, room.service.world.offset + 1))


async def test_a_viewer_that_takes_nothing_is_cut_off_after_a_while(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MAX_BLOCKED_S", 0.3)
    async with subscribe(room, receive_bytes=4_096) as (stalled, _):
        stalled.transport.pause_reading()
        async with room.ticking(0.05), asyncio.timeout(20):
            number = 0
            while room.hub.statistics().aborted_viewers == 0:
                number += 1
                await room.submit(*(ping(f"BE-{unit:03}", 4.0, number) for unit in range(1_000)))
                await asyncio.sleep(0.02)

    assert room.hub.statistics().viewers == 0


async def test_the_kernel_keeps_little_for_a_viewer(room: Room) -> None:
    """Otherwise a stalled viewer looks well for megabytes."""
    async with subscribe(room):
        (viewer,) = room.viewers()
        connected: socket.socket = viewer.connection.transport.get_extra_info("socket")

        # Linux doubles what is asked for.
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * hub_module.SEND_BUFFER_BYTES


async def test_statistics_outlive_viewers(room: Room) -> None:
    async with subscribe(room) as (viewer, _):
        await room.submit(start(1))
        await receive_until(viewer, "event")
    await room.until(lambda: room.hub.statistics().viewers == 0)

    statistics = room.hub.statistics()
    assert statistics.sent_frames >= 2
    assert statistics.sent_bytes > 100
    assert (statistics.buffered_bytes, statistics.aborted_viewers) == (0, 0)


async def test_each_scope_gets_its_own_rows_from_one_encoding(room: Room) -> None:
    """Two Belgian screens share a frame, the Dutch one has another, and no row is encoded twice."""
    await room.submit(registered("BE-1", "BE"), registered("NL-1", "NL"), registered("ZZ-1", None))
    belgian, dutch = Scope("BE"), Scope("NL")
    async with (
        subscribe(room, scope=belgian) as (one, first),
        subscribe(room, scope=belgian) as (two, _),
        subscribe(room, scope=dutch) as (other, _),
    ):
        await room.submit(ping("BE-1", 4.1), ping("NL-1", 4.2), ping("ZZ-1", 4.3))
        room.hub.tick()
        frames = [await receive_until(viewer, "positions") for viewer in (one, two, other)]

    assert set(first["roster"]) == {"BE-1"}
    assert [[row[0] for row in frame["units"]] for frame in frames] == [["BE-1"], ["BE-1"], ["NL-1"]]


async def test_what_is_hidden_in_the_middle_of_a_tick_is_not_in_the_rest_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames go out in slices; what is hidden between two of them must not follow the message that hid it."""
    monkeypatch.setattr(hub_module, "SLICE_BYTES", 1)
    await room.submit(registered("LU-1", "LU"), start(7), ping("NL-7", 4.0))
    await room.submit(registered("NL-7", "NL"))
    opened, closed = Scope("LU", opened=frozenset({"p-7"})), Scope("LU")
    async with subscribe(room, scope=opened) as (one, snapshot), subscribe(room, scope=opened) as (two, _):
        assert [row[0] for row in snapshot["units"]] == ["NL-7"]
        await room.submit(ping("LU-1", 4.1), ping("NL-7", 4.2, 1))
        steps = room.hub._steps()
        next(steps)
        next(steps)
        room.hub.rescope(lambda _: closed)
        for _ in steps:
            pass
        await room.submit(ping("LU-1", 4.1001, 2))
        room.hub.tick()
        seen = []
        for viewer in (one, two):
            order: list[Any] = []
            while ("LU-1", 4.1001) not in (order or [[]])[-1]:
                message = await receive(viewer)
                if message["type"] == "hide":
                    order.append((message["pursuits"], message["units"]))
                elif message["type"] == "positions":
                    order.append([(row[0], row[2]) for row in message["units"]])
            seen.append(order)

    for order in seen:
        after = order[order.index((["p-7"], ["NL-7"])) + 1 :]
        assert not any(unit == "NL-7" for frame in after for unit, _ in frame)


async def test_a_commits_events_are_one_write(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write costs as much as many events: with 10,000 units and 100 viewers that decides."""
    posted: list[bytes] = []
    original = viewer_module.post  # type: ignore[attr-defined]

    def post(connections: list[ServerConnection], sealed: bytes) -> None:
        posted.append(sealed)
        original(connections, sealed)

    async with subscribe(room) as (viewer, _):
        monkeypatch.setattr(viewer_module, "post", post)
        await room.submit(*(start(number) for number in range(5)))
        messages = [await receive(viewer) for _ in range(5)]

    assert [message["type"] for message in messages] == ["event"] * 5
    assert len([sealed for sealed in posted if b"pursuit.started" in sealed]) == 1


async def test_who_a_unit_is_reaches_the_screens_that_cannot_know_it(room: Room) -> None:
    """That of the state that it is given to, those that saw it before; also of a new one whose name says nothing."""
    await room.submit(registered("BE-U1", "BE"), ping("BE-U1", 4.4))
    async with (
        subscribe(room, scope=Scope("NL")) as (dutch, _),
        subscribe(room, scope=Scope("LU")) as (lux, _),
        subscribe(room, scope=EVERYTHING) as (all_, _),
    ):
        await room.submit(registered("BE-U1", "NL"))
        await room.submit(registered("U-2", "LU"), ping("U-2", 6.1))
        await room.submit(registered("NL-3", "NL"), ping("NL-3", 5.1))
        given, new = await receive(dutch), await receive(lux)
        everybody = [await receive_until(all_, "roster") for _ in range(2)]
        room.hub.tick()
        seen = await receive(dutch)

    entry = {"call_sign": "U1", "pursuit": None, "simulated": False, "state": "NL"}
    assert given == {"type": "roster", "roster": {"BE-U1": entry}}
    assert new == {"type": "roster", "roster": {"U-2": {**entry, "state": "LU", "call_sign": "U-2"}}}
    assert everybody == [given, new]
    assert seen["type"] == "event", "what the name says of NL-3 is not told again"


async def test_a_unit_that_is_given_to_another_state_leaves_the_former_ones_screens(room: Room) -> None:
    """With the pursuit that it alone made the former state's business; what both may see stays with both."""
    before, after = Scope("LU"), Scope("NL")
    for unit in ("U-1", "U-2", "U-3"):
        await room.submit(registered(unit, "LU"), ping(unit, 4.4))
    await room.submit(StartPursuit(at=BEGAN_AT, id="p-1", unit="U-1", started_in="LU"))
    room.hub.tick()
    async with (
        subscribe(room, scope=before) as (former, snapshot),
        subscribe(room, scope=after) as (newer, empty),
        subscribe(room, scope=EVERYTHING) as (all_, _),
    ):
        assert ({row[0] for row in snapshot["units"]}, empty["units"]) == ({"U-1", "U-2", "U-3"}, [])
        assert [one["id"] for one in snapshot["pursuits"]] == ["p-1"]
        await room.submit(registered("U-1", "NL"))
        await room.submit(registered("U-2", "NL"))
        room.hub.tick()

        assert await receive(former) == {"type": "hide", "pursuits": ["p-1"], "units": ["U-1"]}
        assert await receive(former) == {"type": "hide", "pursuits": [], "units": ["U-1"]}
        assert await receive(former) == {"type": "hide", "pursuits": [], "units": ["U-2"]}
        shown = await receive(newer)
        assert (shown["type"], shown["pursuit"]["id"], list(shown["roster"])) == ("show", "p-1", ["U-1"])
        assert sorted(row[0] for row in (await receive_until(newer, "positions"))["units"]) == ["U-1", "U-2"]
        news = [(await receive(all_)) for _ in range(3)]
        assert [one["type"] for one in news] == ["roster", "roster", "positions"], "who sees all is shown no change"
        assert [one["roster"]["U-1"]["state"] for one in news[:1]] == ["NL"]

        await room.submit(ping("U-1", 4.5, 1), ping("U-2", 4.5, 1), ping("U-3", 4.5, 1))
        room.hub.tick()
        assert [row[0] for row in (await receive_until(former, "positions"))["units"]] == ["U-3"]
        await room.submit(registered("U-3", None))
        assert (await receive(former))["units"] == ["U-3"], "whose state is not known any more is nobody's"
    async with subscribe(room, scope=before) as (_, later):
        assert (later["units"], later["pursuits"]) == ([], [])
