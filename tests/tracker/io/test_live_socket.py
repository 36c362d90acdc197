"""`WS /live`: who may watch, what a subscription must be, and that no event is lost or doubled in between."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.tracker.io.live_room import Room, ping, receive, receive_until, start, subscribe
from tracker.facts import State
from tracker.io import live_socket
from tracker.io.credentials import Grant
from tracker.roles import Role


async def closed_with(room: Room, *messages: str | bytes) -> tuple[int, str]:
    """Close code and reason after sending these."""
    async with connect(room.url(), compression=None) as viewer:
        for message in messages:
            await viewer.send(message)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionClosed):
                async for _ in viewer:
                    pass
        return viewer.close_code or 0, viewer.close_reason or ""


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("", "type: missing"),
        ("{", "not JSON"),
        ("[]", "expected object"),
        ('{"type":"subscribe","box":null}', "box: unknown field"),
        ('{"type":"hello"}', 'type: "hello" is not allowed'),
        ('{"type":"subscribe","bbox":[4,50,5]}', "bbox: [4,50,5] is not allowed"),
        ('{"type":"subscribe","bbox":[5,50,4,52]}', "bbox: not west, south, east, north"),
        ('{"type":"subscribe","bbox":[4,50,5,"52"]}', "bbox:"),
        ('{"type":"subscribe","bbox":[4,50,5,1e400]}', "bbox:"),
        ('{"type":"subscribe","offset":"1"}', 'offset: "1" is not allowed'),
        ('{"type":"subscribe","epoch":1}', "epoch: 1 is not allowed"),
        ('{"type":"subscribe","' + "é" * 60 + '":1}', "unknown field"),
        (b'{"type":"subscribe"}', "a text message is expected"),
        ('{"type":"subscribe","epoch":' + "[" * 3_000, "epoch:"),
    ],
)
async def test_bad_subscription_is_closed_by_field(room: Room, message: str | bytes, part: str) -> None:
    code, reason = await closed_with(room, message)

    assert code == 1008
    assert part in reason
    assert reason.isascii()


async def test_a_message_of_more_than_4_kib_is_not_read(room: Room) -> None:
    code, _ = await closed_with(room, json.dumps({"type": "subscribe", "epoch": "e" * 5_000}))

    assert code == 1009


async def test_who_says_nothing_is_sent_away(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "SUBSCRIBE_TIMEOUT_S", 0.2)

    assert await closed_with(room) == (1008, "no subscription within 0 s")


async def test_nothing_is_said_after_the_subscription(room: Room) -> None:
    code, reason = await closed_with(room, '{"type":"subscribe"}', '{"type":"subscribe"}')

    assert (code, reason) == (1008, "nothing is expected after the subscription")
    await room.until(lambda: not room.viewers())


async def test_too_many_viewers_are_told_to_come_back(room: Room) -> None:
    room.hub._max_viewers = 1
    async with subscribe(room):
        code, reason = await closed_with(room, '{"type":"subscribe"}')

    assert (code, reason) == (1013, "too many viewers; try again later")


async def test_the_snapshot_is_the_world_as_it_stands(room: Room) -> None:
    await room.submit(ping("BE-K03", 4.7), start(1))
    async with subscribe(room) as (_, snapshot):
        pass

    assert (snapshot["epoch"], snapshot["offset"]) == (room.service.epoch, room.service.world.offset)
    assert (snapshot["recovered"], snapshot["server_time"]) == (False, room.now())
    assert [row[:4] for row in snapshot["units"]] == [["BE-K03", room.now(), 4.7, 51.2]]
    assert snapshot["roster"]["BE-K03"]["call_sign"] == "K03"
    assert snapshot["pursuits"] == [] or snapshot["pursuits"][0]["id"] == "p-1"
    assert isinstance(snapshot["alerts"], list)


@pytest.mark.parametrize(
    ("epoch", "behind", "recovered"),
    [
        ("ours", 3, True),
        ("ours", 0, True),
        ("ours", -1, False),  # ahead of us
        ("ours", None, False),
        ("another", 3, False),
        (None, 3, False),
        ("ours", 10**9, False),  # negative
    ],
)
async def test_what_is_missing_is_sent_or_honestly_not(
    room: Room, epoch: str | None, behind: int | None, *, recovered: bool
) -> None:
    await room.submit(*(start(number) for number in range(10)))
    newest = room.service.world.offset
    epoch = room.service.epoch if epoch == "ours" else epoch
    offset = None if behind is None else newest - behind
    async with subscribe(room, epoch=epoch, offset=offset) as (viewer, snapshot):
        await room.submit(start(99))
        offsets = []
        while (message := await receive_until(viewer, "event"))["event"].get("pursuit") != "p-99":
            offsets.append(message["offset"])

    assert (snapshot["recovered"], snapshot["offset"]) == (recovered, newest)
    assert offsets == (list(range(newest - (behind or 0) + 1, newest + 1)) if recovered else [])
    assert message["offset"] == newest + 1


async def test_a_gap_that_nobody_would_read_is_not_sent(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "MAX_GAP", 4)
    await room.submit(*(start(number) for number in range(10)))
    newest = room.service.world.offset
    for missed, recovered in ((5, False), (4, True)):
        async with subscribe(room, epoch=room.service.epoch, offset=newest - missed) as (_, snapshot):
            assert snapshot["recovered"] is recovered


async def test_no_event_is_lost_or_doubled_around_the_snapshot(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events keep coming while viewers resume from everywhere, and each still gets each once, in order."""
    monkeypatch.setattr(live_socket, "_PAGE", 3)
    await room.submit(*(start(number) for number in range(20)))

    async def resume(offset: int) -> list[int]:
        async with connect(room.url(), compression=None, max_queue=None) as viewer:
            epoch = room.service.epoch
            await viewer.send(json.dumps({"type": "subscribe", "epoch": epoch, "offset": offset}))
            snapshot = await receive(viewer)
            assert (snapshot["type"], snapshot["recovered"]) == ("snapshot", True)
            offsets = []
            while True:
                message = await receive_until(viewer, "event")
                offsets.append(message["offset"])
                if message["event"].get("pursuit") == "p-400":
                    return offsets

    tasks = [asyncio.create_task(resume(offset)) for offset in range(20)]
    for number in range(100, 401):
        await room.submit(start(number))
        if number == 399:
            await room.until(lambda: len(room.viewers()) == len(tasks))
    for offset, task in enumerate(tasks):
        assert await task == list(range(offset + 1, room.service.world.offset + 1))


async def refusal(room: Room, host: str | None = None, **headers: str) -> tuple[int, str]:
    """Status and field with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"ws://{host or f'127.0.0.1:{room.port}'}/live",
            host="127.0.0.1",
            port=room.port,
            additional_headers=headers,
        ):
            pass
    response = refused.value.response
    assert (response.headers.get("WWW-Authenticate") == "Bearer") == (response.status_code == 401)
    return response.status_code, json.loads(response.body or b"")["error"]["field"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:8080.evil.example",
        "http://127.0.0.1:8080/",
        "HTTP://127.0.0.1:8080",
        "http://evil.example:8080",
    ],
)
async def test_pages_of_other_sites_are_refused(room: Room, origin: str) -> None:
    assert await refusal(room, Origin=origin) == (403, "Origin")


async def test_two_origins_are_none(room: Room) -> None:
    ours = "http://127.0.0.1:8080"
    headers = [("Origin", ours), ("Origin", ours)]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(room.url(), additional_headers=headers):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1", "127.0.0.2:{port}", "127.0.0.1.evil.example:{port}"]
)
async def test_other_names_are_refused(room: Room, host: str) -> None:
    """A page whose name was pointed at this machine (DNS rebinding) sends its own name."""
    assert await refusal(room, host.format(port=room.port)) == (403, "Host")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
async def test_our_own_page_may_watch(room: Room, origin: str) -> None:
    async with connect(room.url(), additional_headers={"Origin": origin}) as viewer:
        await viewer.send('{"type":"subscribe"}')
        assert (await receive(viewer))["type"] == "snapshot"


@pytest_asyncio.fixture
async def strict(room: Room) -> Room:
    """Viewers must say who they are."""
    await room.close()
    await room.open(auth=True)
    return room


OURS = "http://127.0.0.1:8080"


def cookie(room: Room, role: Role = "dispatcher", state: State | None = "BE") -> dict[str, str]:
    """Of a browser in which somebody has just signed in, on our own page."""
    secret = room.gate.sessions.begin("user:ada", Grant("user:ada", role, state=state, name="ada"), room.now())
    return {"Cookie": f"a=b; {room.gate.cookie_name}={secret}", "Origin": OURS}


async def watched(room: Room, ticket: str | None = None, **headers: str) -> str | tuple[int, str]:
    """What a viewer with these headers gets: the type of the first message, or close code and reason."""
    message = {"type": "subscribe"} if ticket is None else {"type": "subscribe", "ticket": ticket}
    async with connect(room.url(), additional_headers=headers) as viewer:
        await viewer.send(json.dumps(message))
        try:
            return str((await receive(viewer))["type"])
        except ConnectionClosed:
            return viewer.close_code or 0, viewer.close_reason or ""


async def test_a_token_is_checked_before_the_upgrade(strict: Room, tokens: dict[str, str]) -> None:
    assert await refusal(strict, Authorization="Bearer wrong") == (401, "Authorization")
    assert await refusal(strict, Authorization="Basic eA==") == (401, "Authorization")
    assert await refusal(strict, Authorization=f"Bearer {tokens['unit']}") == (403, "Authorization")
    assert await refusal(strict, f"evil.example:{strict.port}") == (403, "Host")
    assert await watched(strict, Authorization=f"Bearer {tokens['dispatcher']}") == "snapshot"


async def test_who_is_not_signed_in_sees_nothing_and_a_page_is_told_so(strict: Room) -> None:
    """A page learns nothing of a refused handshake but that it failed; a close code it can act upon."""
    nobody = (4401, "sign in first: no cookie, token or ticket that is known came")

    assert await watched(strict) == nobody
    assert await watched(strict, Cookie=f"{strict.gate.cookie_name}=wrong", Origin=OURS) == nobody
    assert await watched(strict, ticket="wrong") == nobody
    assert strict.viewers() == []


async def test_a_session_watches_from_our_own_page(strict: Room) -> None:
    headers = cookie(strict)
    assert await watched(strict, **headers) == "snapshot"

    without = {"Cookie": headers["Cookie"]}
    assert await watched(strict, **without) == (4401, "sign in first: no cookie, token or ticket that is known came")
    assert await refusal(strict, **without, Origin="http://127.0.0.1:9999") == (403, "Origin")


async def test_an_admin_sees_no_live_data(strict: Room) -> None:
    seen = await watched(strict, **cookie(strict, "admin", None))

    assert seen == (4403, "only for auditor, dispatcher, supervisor; the caller is admin")


async def test_a_ticket_works_once_and_for_half_a_minute(strict: Room, tokens: dict[str, str]) -> None:
    caller = strict.gate.identify(f"Bearer {tokens['auditor']}")
    assert caller is not None
    once, late = strict.tickets.make(caller), strict.tickets.make(caller)

    assert await watched(strict, once) == "snapshot"
    assert await watched(strict, once) == (4401, "sign in first: no cookie, token or ticket that is known came")
    strict.at += 30
    assert await watched(strict, late) == (4401, "sign in first: no cookie, token or ticket that is known came")


async def closing(viewer: ClientConnection) -> tuple[int, str]:
    """How the server ends a connection; within the 2 s that are promised."""
    async with asyncio.timeout(2):
        with contextlib.suppress(ConnectionClosed):
            async for _ in viewer:
                pass
    return viewer.close_code or 0, viewer.close_reason or ""


@pytest.mark.parametrize("how", ["sign out", "everywhere", "token", "ticket"])
async def test_a_revoked_viewer_is_gone_within_two_seconds(strict: Room, tokens: dict[str, str], how: str) -> None:
    """And nobody else is."""
    token = tokens["supervisor"]
    by_token = strict.gate.identify(f"Bearer {token}")
    assert by_token is not None
    headers = cookie(strict) if how in {"sign out", "everywhere"} else {}
    headers = {"Authorization": f"Bearer {token}"} if how == "token" else headers
    message = {"type": "subscribe", "ticket": strict.tickets.make(by_token) if how == "ticket" else None}
    other = cookie(strict) if how == "sign out" else {"Authorization": f"Bearer {tokens['auditor']}"}
    async with (
        connect(strict.url(), additional_headers=headers) as viewer,
        connect(strict.url(), additional_headers=other) as stays,
    ):
        await viewer.send(json.dumps(message))
        await stays.send('{"type":"subscribe"}')
        assert (await receive(viewer))["type"] == (await receive(stays))["type"] == "snapshot"
        secret = strict.gate.cookie([headers.get("Cookie", "")])
        session = None if secret is None else strict.gate.sessions.find(secret, strict.now())
        if how == "sign out":
            assert session is not None
            strict.gate.sessions.end(session)
        elif how == "everywhere":
            strict.gate.sessions.end_all("user:ada")
        else:
            strict.credentials.revoke(by_token.grant.id, strict.now())

        reason = "the token is revoked, or has ended" if how in {"token", "ticket"} else "the session has ended"
        assert await closing(viewer) == (4401, reason)
        assert len(strict.viewers()) == 1
        assert stays.close_code is None


async def test_a_session_that_grows_too_old_ends_while_it_watches(strict: Room) -> None:
    """An open feed counts as use, so it is never idle; but thirteen hours are thirteen hours."""
    async with connect(strict.url(), additional_headers=cookie(strict)) as viewer:
        await viewer.send('{"type":"subscribe"}')
        assert (await receive(viewer))["type"] == "snapshot"
        for _ in range(12):
            strict.at += 59 * 60
            await asyncio.sleep(0.6)
        assert len(strict.viewers()) == 1
        strict.at += 75 * 60

        assert await closing(viewer) == (4401, "the session has ended")


async def test_one_person_has_four_screens_and_not_more(strict: Room) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            viewer = await stack.enter_async_context(connect(strict.url(), additional_headers=cookie(strict)))
            await viewer.send('{"type":"subscribe"}')
            assert (await receive(viewer))["type"] == "snapshot"
        assert await watched(strict, **cookie(strict)) == (1013, "too many screens are open already; close one")
    await strict.until(lambda: not strict.viewers())

    assert await watched(strict, **cookie(strict)) == "snapshot"
