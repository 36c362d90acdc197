from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.tracker.io.drives import opened
from tests.tracker.road import BORDER_LAT, LON, STARTED_AT
from tracker.engine import Engine
from tracker.inputs import PingReceived, decode
from tracker.io import sockets
from tracker.io.config import Address, Auth, Config
from tracker.io.credentials import Credentials
from tracker.io.door import Door, bind
from tracker.io.gate import Gate
from tracker.io.hub import Hub
from tracker.io.metrics import Metrics
from tracker.io.pace import Limit, Paces
from tracker.io.revocations import Revocations
from tracker.io.service import Service
from tracker.io.tls import ServerTls
from tracker.io.turnstile import Turnstile
from tracker.io.unit_session import MESSAGES_IN_FLIGHT
from tracker.io.units_socket import UnitsSocket


class Station:
    """The socket server for units."""

    def __init__(self, service: Service, credentials: Credentials) -> None:
        self.service = service
        self.credentials = credentials
        self.metrics = Metrics(Hub(service, 0.5, 10, lambda: STARTED_AT).statistics, lambda: 0, service.timings)
        self._rooms: dict[str, sockets.Room] = {}
        self.tls: ServerTls | None = None

    async def open(
        self,
        *,
        auth: bool = True,
        max_connections: int = 100,
        limit: Limit | None = None,
        strangers: Turnstile | None = None,
        tls: ServerTls | None = None,
    ) -> None:
        door = Door(bind("127.0.0.1", 0), Turnstile(1_000, 1_000) if strangers is None else strangers)
        self._server: Server = await sockets.listen(door, self._rooms, tls)
        self.port: int = next(iter(self._server.sockets)).getsockname()[1]
        addresses = Address("127.0.0.1", 8080), Address("127.0.0.1", self.port)
        self.gate = Gate(Config(auth=Auth(auth)), *addresses, self.credentials, lambda: STARTED_AT + 50)
        revocations = Revocations(self.gate, self.credentials.file, lambda: STARTED_AT + 50)
        at = STARTED_AT + 50
        self.socket = UnitsSocket(
            self.service,
            self.gate,
            revocations,
            self.metrics,
            max_connections,
            lambda: at,
            paces=None if limit is None else Paces(limit),
            per_token=2,
            known=door.known,
        )
        self._rooms["/units"] = self.socket
        self._watching = asyncio.create_task(revocations.watch())

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self._server.close()
        await self._server.wait_closed()

    def call(self, token: str | None = None, path: str = "/units", **headers: str) -> connect:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"ws://127.0.0.1:{self.port}{path}"
        return connect(url, additional_headers=headers, compression=None, proxy=None)

    async def refusal(self, connection: connect) -> tuple[int, str]:
        """Status and offending field of a handshake that must fail."""
        with pytest.raises(InvalidStatus) as refused:
            async with connection:
                pass
        response = refused.value.response
        assert response.headers["Content-Type"] == "application/json"
        assert response.body is not None
        return response.status_code, json.loads(response.body)["error"]["field"]


@pytest_asyncio.fixture
async def service(tmp_path: Path, engine: Engine) -> AsyncIterator[Service]:
    async with opened(tmp_path / "data", engine) as service:
        yield service


@pytest_asyncio.fixture
async def station(service: Service, credentials: Credentials) -> AsyncIterator[Station]:
    station = Station(service, credentials)
    await station.open()
    yield station
    await station.close()


def ping(seq: int, unit: str = "BE-K03", boot: str = "a1", **changes: Any) -> dict[str, Any]:
    return {
        "unit": unit,
        "boot": boot,
        "seq": seq,
        "t": STARTED_AT + seq,
        "lon": LON,
        "lat": BORDER_LAT - 0.01,
        **changes,
    }


async def send(connection: ClientConnection, message: object) -> None:
    await connection.send(json.dumps(message))


async def receive(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await connection.recv())
        return message


async def acked(connection: ClientConnection, upto: int) -> list[dict[str, Any]]:
    """Everything that comes until a number is acknowledged, and nothing beyond it is."""
    answers = []
    while True:
        answers.append(await receive(connection))
        if answers[-1]["type"] == "ack":
            assert answers[-1]["upto"] <= upto
            if answers[-1]["upto"] == upto:
                return answers


def ack(upto: int, unit: str = "BE-K03", boot: str = "a1") -> dict[str, Any]:
    return {"type": "ack", "unit": unit, "boot": boot, "upto": upto}


async def limit_pages(service: Service, pages: int) -> None:
    """Let the disk be full from this page on."""
    connection = service._journal._connection
    await service._in_thread(lambda: connection.pragma("max_page_count", pages))


async def test_a_ping_is_acknowledged_once_it_is_in_the_journal(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(17))

        assert await receive(unit) == ack(17)
        assert station.service._journal.last_input == 2, "the unit's registration, and the ping"
        assert station.service.world.units["BE-K03"].state == "BE"


async def test_pings_are_read_ahead_and_acknowledged_together(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        for seq in range(200):
            await send(unit, ping(seq))
        answers = await acked(unit, 199)

    assert len(answers) < 150
    assert [answer["upto"] for answer in answers] == sorted(answer["upto"] for answer in answers)


async def test_nothing_is_acknowledged_before_the_disk_has_it(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(0))  # else the look into the journal would wait, and not the writing
        assert await receive(unit) == ack(0)
        slow = asyncio.create_task(station.service._in_thread(time.sleep, 0.4))
        await asyncio.sleep(0.01)
        await send(unit, ping(1))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await unit.recv()
        await slow

        assert await receive(unit) == ack(1)


async def test_a_resend_is_acknowledged_again(station: Station, tokens: dict[str, str]) -> None:
    for _ in range(2):
        async with station.call(tokens["unit"]) as unit:
            await send(unit, [ping(0), ping(1)])
            assert await receive(unit) == ack(1)

    assert station.service._journal.last_input == 3


async def test_a_gateway_speaks_for_several(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["gateway"]) as gateway:
        await send(gateway, [ping(0), ping(4, "BE-K04"), ping(9, "BE-K04", boot="b2")])
        answers = [await receive(gateway) for _ in range(3)]

    assert answers == [ack(0), ack(4, "BE-K04"), ack(9, "BE-K04", "b2")]


async def test_a_refused_ping_is_named_and_stops_nothing_else(station: Station, tokens: dict[str, str]) -> None:
    """It counts as dealt with: the sender need not keep it."""
    async with station.call(tokens["unit"]) as unit:
        await send(unit, [ping(0), ping(1, lat=91), ping(2, colour="blue"), ping(3)])
        answers = await acked(unit, 3)

    assert [(answer["type"], answer.get("seq"), answer.get("field")) for answer in answers] == [
        ("refused", 1, "lat"),
        ("refused", 2, "colour"),
        ("ack", None, None),
    ]


async def test_a_refused_ping_is_refused_again(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        for _ in range(2):
            await send(unit, ping(0, lat=91))
            assert (await receive(unit))["reason"] == "91 is outside -90 to 90 degrees"
            assert await receive(unit) == ack(0)


@pytest.mark.parametrize(
    "message",
    [b"{", b"\xff\xfe", b"null", b'"ping"', b"[" * 10_000, b"[[]]", b'{"unit":"BE-K03"}', b'{"lat":1e400}', b"{}" * 2],
)
async def test_what_is_no_ping_is_refused_and_the_connection_lives_on(
    station: Station, tokens: dict[str, str], message: bytes
) -> None:
    async with station.call(tokens["unit"]) as unit:
        await unit.send(message, text=True)
        refused = await receive(unit)
        assert refused["type"] == "refused"
        assert "Traceback" not in json.dumps(refused)
        await send(unit, ping(5))

        assert await receive(unit) == ack(5)


async def test_each_of_many_that_come_mixed_is_answered_for_itself(station: Station, tokens: dict[str, str]) -> None:
    """Two units, three boots, a number out of its order, a resend, a contradiction, and one that is no position."""
    async with station.call(tokens["gateway"]) as gateway:
        await send(gateway, [ping(0), ping(7, boot="b2")])
        await acked(gateway, 7)
        sent = [
            *(ping(1), ping(2), ping(5, "BE-K04"), ping(8, boot="b2"), ping(4), ping(3)),
            *(ping(5, lat=91), ping(2), ping(1, lat=50.0), ping(6, "BE-K04"), ping(7, lat=91, boot="b2"), ping(6)),
        ]
        await send(gateway, sent)
        answers = [await receive(gateway) for _ in range(6)]

    refused = [(answer["seq"], answer["field"]) for answer in answers if answer["type"] == "refused"]
    assert refused == [(5, "lat"), (7, "lat"), (1, "seq")]
    assert answers[3:] == [ack(6), ack(6, "BE-K04"), ack(8, boot="b2")]
    pings = station.service._journal.pings_of("BE-K03", 0)
    stored = [(entry.fix.boot, entry.fix.seq) for body in pings if isinstance(entry := decode(body), PingReceived)]
    assert stored == [*(("a1", seq) for seq in (0, 1, 2, 3, 4, 6)), ("b2", 7), ("b2", 8)]


async def test_another_units_name_is_refused(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        await send(unit, [ping(0, "NL-7"), ping(0, "NL-7", lat=91), ping(1)])
        answers = await acked(unit, 1)

    assert [answer.get("field") for answer in answers] == ["unit", "lat", None] or [
        answer.get("field") for answer in answers
    ] == ["lat", "unit", None]
    assert "this token is not for unit NL-7" in json.dumps(answers)
    assert "NL-7" not in station.service.world.tracks


async def test_the_same_name_for_another_place_is_refused(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(0))
        await acked(unit, 0)
        await send(unit, ping(0, lat=50.0))
        refused = await receive(unit)

    assert (refused["field"], refused["seq"]) == ("seq", 0)
    assert refused["reason"] == "0 of boot a1 is already used for another position"


async def test_a_full_disk_says_slow_down_and_nothing_is_acknowledged_falsely(
    station: Station, tokens: dict[str, str]
) -> None:
    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(0))
        assert await receive(unit) == ack(0)
        await limit_pages(station.service, 1)
        await send(unit, [ping(seq) for seq in range(1, 500)])
        assert await receive(unit) == {"type": "slow_down", "reason": "the disk is full: nothing was accepted"}

        await limit_pages(station.service, 2**32 - 2)
        await send(unit, ping(500))
        assert await receive(unit) == ack(0), "500 is stored, and must not cover what was lost before it"
        await send(unit, [ping(seq) for seq in range(1, 500)])
        assert await receive(unit) == ack(500)
    assert station.service._journal.last_input == 502


async def test_a_connection_that_is_gone_takes_nothing_back(station: Station, tokens: dict[str, str]) -> None:
    """What was received is stored, acknowledged or not."""
    slow = asyncio.create_task(station.service._in_thread(time.sleep, 0.2))
    async with station.call(tokens["unit"]) as unit:
        for seq in range(10):
            await send(unit, ping(seq))
        await asyncio.sleep(0.05)
        unit.transport.abort()
    await slow
    async with station.call(tokens["unit"]) as unit:
        await send(unit, [ping(seq) for seq in range(10)])
        assert await receive(unit) == ack(9)
    assert station.service._journal.last_input == 11


async def test_who_does_not_listen_is_not_read_from(
    station: Station, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in flight for one connection stays within its bound, however much it sends."""
    in_flight = 0
    post = station.service.post

    def count(inputs: Any, tell: Any) -> bool:
        nonlocal in_flight
        in_flight += len(inputs)
        return post(inputs, tell)

    monkeypatch.setattr(station.service, "post", count)
    slow = asyncio.create_task(station.service._in_thread(time.sleep, 0.5))
    async with station.call(tokens["unit"]) as unit:
        for seq in range(300):
            await send(unit, ping(seq))
        await asyncio.sleep(0.2)
        assert in_flight <= MESSAGES_IN_FLIGHT + 2, "and the unit's registration, until it is on the disk"
        await slow
        await acked(unit, 299)


async def test_a_message_that_is_too_long_closes_the_connection(station: Station, tokens: dict[str, str]) -> None:
    async with station.call(tokens["unit"]) as unit:
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - the close may come while still sending
            await unit.send(" " * 300 * 1024)
            await unit.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_compressed_message_is_not_understood(station: Station, tokens: dict[str, str]) -> None:
    """No compression, so no message that unfolds to a huge one."""
    url = f"ws://127.0.0.1:{station.port}/units"
    async with connect(url, additional_headers={"Authorization": f"Bearer {tokens['unit']}"}, proxy=None) as unit:
        assert unit.protocol.extensions == []


async def test_who_may_not_connect_is_told_before_the_upgrade(station: Station, tokens: dict[str, str]) -> None:
    origin = {"Origin": "https://evil.example"}
    answers = {
        "nobody": station.call(),
        "stranger": station.call("stranger"),
        "empty": station.call(""),
        "dispatcher": station.call(tokens["dispatcher"]),
        "foreign page": station.call(tokens["unit"], **origin),
        "null page": station.call(tokens["unit"], Origin="null"),
        "elsewhere": station.call(tokens["unit"], path="/elsewhere"),
        "near": station.call(tokens["unit"], path="/units/"),
    }

    assert {name: await station.refusal(connection) for name, connection in answers.items()} == {
        "nobody": (401, "Authorization"),
        "stranger": (401, "Authorization"),
        "empty": (401, "Authorization"),
        "dispatcher": (403, "Authorization"),
        "foreign page": (403, "Origin"),
        "null page": (403, "Origin"),
        "elsewhere": (404, ""),
        "near": (404, ""),
    }


async def test_without_tokens_only_our_own_names_are_served(service: Service, credentials: Credentials) -> None:
    """A page whose name was pointed at this machine is not."""
    station = Station(service, credentials)
    await station.open(auth=False)
    async with station.call() as unit:
        await send(unit, ping(3))
        assert await receive(unit) == ack(3)

    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    writer.write(
        b"GET /units HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 403")
    writer.close()
    await station.close()


async def test_more_connections_than_allowed_are_told_to_come_later(
    service: Service, credentials: Credentials, tokens: dict[str, str]
) -> None:
    station = Station(service, credentials)
    await station.open(max_connections=1)
    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(0))
        await acked(unit, 0)
        assert await station.refusal(station.call(tokens["unit"])) == (503, "")
    await station.close()


async def test_a_revoked_token_ends_its_connections_within_two_seconds(
    station: Station, tokens: dict[str, str]
) -> None:
    async with station.call(tokens["unit"]) as unit, station.call(tokens["gateway"]) as gateway:
        await send(unit, ping(0))
        await acked(unit, 0)
        [mine] = [one for one in station.credentials.list() if one.grant.units == {"BE-K03"}]
        began_at = time.monotonic()
        station.credentials.revoke(mine.grant.id, STARTED_AT)
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await unit.recv()

        assert time.monotonic() - began_at < 2
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "the token is revoked, or has ended")
        await send(gateway, ping(1))
        await acked(gateway, 1)
        assert await station.refusal(station.call(tokens["unit"])) == (401, "Authorization")


async def test_beyond_its_pace_a_unit_waits_and_loses_nothing(
    service: Service, credentials: Credentials, tokens: dict[str, str]
) -> None:
    """A burst of 3, then one in 0.2 s: twelve messages and what comes after them take longer than 1.5 s, whether one
    read brings them all or each has its own; and all are acknowledged.
    """
    station = Station(service, credentials)
    await station.open(limit=Limit(5.0, 3, 500.0))
    async with station.call(tokens["unit"]) as unit:
        began_at = time.monotonic()
        for seq in range(12):
            await send(unit, ping(seq, t=STARTED_AT + 50 + seq / 100))
        await acked(unit, 11)
        await send(unit, ping(12, t=STARTED_AT + 51))
        await acked(unit, 12)
    elapsed_s = time.monotonic() - began_at
    await station.close()

    assert elapsed_s > 1.5


async def test_the_oldest_socket_of_a_token_gives_way(station: Station, tokens: dict[str, str]) -> None:
    """A modem that comes back with another address has left its old one open."""
    async with (
        station.call(tokens["unit"]) as old,
        station.call(tokens["gateway"]) as other,
        station.call(tokens["unit"]),
        station.call(tokens["unit"]) as newest,
    ):
        with pytest.raises(ConnectionClosed) as closed:
            await receive(old)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        for one in (newest, other):
            await send(one, ping(1, boot=f"b{id(one)}"))
            assert (await receive(one))["type"] == "ack"


async def test_who_has_not_said_who_it_is_takes_no_more_than_its_address_has_places(
    service: Service, credentials: Credentials, tokens: dict[str, str]
) -> None:
    """The strangers of one address hold its two places; another address, and a unit that is known, are served."""
    station = Station(service, credentials)
    strangers = Turnstile(total=3, per_address=2)
    await station.open(strangers=strangers)

    async def stranger(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", station.port, local_addr=(address, 0))

    async with station.call(tokens["unit"]) as unit:
        await send(unit, ping(0))
        assert await receive(unit) == ack(0)
        assert len(strangers) == 0, "it has said who it is"

        silent = [await stranger("127.0.0.1") for _ in range(2)]
        turned_away, writer = await stranger("127.0.0.1")
        assert await asyncio.wait_for(turned_away.read(), 5) == b""
        writer.close()
        silent.append(await stranger("127.0.0.2"))
        await until(lambda: len(strangers) == 3)
        none_left, writer = await stranger("127.0.0.3")
        assert await asyncio.wait_for(none_left.read(), 5) == b""
        writer.close()
        await send(unit, ping(1))
        assert await receive(unit) == ack(1)

        for _, writer in silent:
            writer.close()
        await until(lambda: len(strangers) == 0)
        async with station.call(tokens["gateway"]) as gateway:
            await send(gateway, ping(0, "BE-K04"))
            assert await receive(gateway) == ack(0, "BE-K04")
    await station.close()
    assert len(strangers) == 0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)
