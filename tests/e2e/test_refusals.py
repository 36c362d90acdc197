"""Bad input over real sockets to a real server: each gets a clear refusal, and harms nothing and nobody."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.process import ROOT, Server

MEBIBYTE = 1024 * 1024


class Target(NamedTuple):
    """A running server, and tokens that it knows."""

    http: str
    ws: str
    healthy: str
    """Token of BE-OK, which is well throughout."""
    other: str
    """Token of NL-2, which misbehaves."""
    session: dict[str, str]
    """Headers of the local supervisor."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """It must be alive to the end, must stop when told, and must never have had a fault of its own."""
    server = Server(tmp_path_factory.mktemp("refusals") / "data").start()
    try:
        healthy = server.token("--unit", "BE-OK", "--state", "BE")
        other = server.token("--unit", "NL-2", "--state", "NL")
        yield Target(server.http, server.ws, healthy, other, server.session)
        assert server.get("/healthz") == {"status": "ok"}
        assert server.stop() == 0
    finally:
        server.kill()
    logged = server.log()
    assert "Traceback" not in logged
    assert '"level": "error"' not in logged
    for secret in (healthy, other):
        assert secret not in logged


class Healthy:
    """A unit that is well, and must stay so whatever others send."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._boot = f"b{time.monotonic_ns()}"
        self._seq = 0

    async def is_served(self) -> bool:
        """Send a ping, and see it acknowledged."""
        await self._connection.send(json.dumps(ping("BE-OK", boot=self._boot, seq=self._seq)))
        answer = json.loads(await self._connection.recv())
        served = {"type": "ack", "unit": "BE-OK", "boot": self._boot, "upto": self._seq}
        self._seq += 1
        return bool(answer == served)


@pytest_asyncio.fixture
async def healthy(target: Target) -> AsyncIterator[Healthy]:
    """Served before, and served after."""
    async with unit(target, target.healthy) as connection:
        one = Healthy(connection)
        assert await one.is_served()
        yield one
        assert await one.is_served()


@pytest_asyncio.fixture
async def session() -> AsyncIterator[ClientSession]:
    """A client of the API."""
    async with ClientSession() as session:
        yield session


def unit(target: Target, token: str | None, **headers: str) -> connect:
    """A unit's connection."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return connect(f"{target.ws}/units", additional_headers=headers, compression=None)


def ping(name: str = "NL-2", **changes: object) -> dict[str, object]:
    """A good ping, but for the changes."""
    good: dict[str, object] = {"unit": name, "boot": "a1", "seq": 0, "t": time.time() - 1, "lon": 5.1, "lat": 52.1}  # noqa: TID251
    return good | changes


def raw(name: str, value: str) -> str:
    """A ping with a value that `json` would not write."""
    return json.dumps(ping(**{name: "@"})).replace('"@"', value)


BAD_PINGS = {
    "malformed": ('{"unit":"NL-2",', "", "not JSON"),
    "no object": ("[7]", "", "not a ping"),
    "NaN": (raw("lat", "NaN"), "lat", "NaN"),
    "1e400": (raw("lon", "1e400"), "lon", "1e400"),
    "lat 91": (json.dumps(ping(lat=91)), "lat", "91 is outside -90 to 90 degrees"),
    "lon text": (json.dumps(ping(lon="5.1")), "lon", "not a number"),
    "year 1970": (json.dumps(ping(t=0)), "t", "1980-01-06"),
    "tomorrow": (json.dumps(ping(t=time.time() + 86_400)), "t", "ahead of the server's clock"),  # noqa: TID251
    "unknown field": (json.dumps(ping(colour="blue")), "colour", "unknown field"),
    "another unit's id": (json.dumps(ping("BE-OK")), "unit", "BE-OK"),
    "name with a line break": (json.dumps(ping("NL-2\n")), "unit", "only ASCII letters"),
    "too fast": (json.dumps(ping(speed=351)), "speed", "351 is outside 0 to 350"),
    "deep": ("[" * 50_000, "", ""),
}
"""What is sent, the field that the refusal names, and a part of its reason."""


@pytest.mark.parametrize("kind", BAD_PINGS)
@pytest.mark.usefixtures("healthy")
async def test_a_bad_ping_on_a_socket_is_refused_by_field_and_the_next_is_served(target: Target, kind: str) -> None:
    message, field, reason = BAD_PINGS[kind]
    boot = f"b{time.monotonic_ns()}"
    async with unit(target, target.other) as connection:
        await connection.send(message)
        refused = json.loads(await connection.recv())
        await connection.send(json.dumps(ping(boot=boot, seq=0)))
        answer = json.loads(await connection.recv())
        while answer.get("boot") != boot:  # a refused ping may be acknowledged too: it has been dealt with
            answer = json.loads(await connection.recv())

    assert (refused["type"], refused["field"]) == ("refused", field)
    assert reason in refused["reason"]
    assert refused["reason"].isprintable()
    assert answer == {"type": "ack", "unit": "NL-2", "boot": boot, "upto": 0}


@pytest.mark.parametrize("kind", BAD_PINGS)
@pytest.mark.usefixtures("healthy")
async def test_a_bad_ping_over_http_is_refused_by_field(target: Target, session: ClientSession, kind: str) -> None:
    message, field, reason = BAD_PINGS[kind]
    headers = {"Authorization": f"Bearer {target.other}"}
    async with session.post(f"{target.http}/api/v1/pings", data=message, headers=headers) as response:
        body = await response.json()

    if response.status == 400:
        assert field == ""
        told = body["error"]
    else:
        assert (response.status, body["accepted"]) == (200, 0)
        (told,) = body["refused"]
        assert told["index"] == 0
    assert told["field"] == field
    assert reason in told["reason"]


@pytest.mark.usefixtures("healthy")
async def test_a_bad_ping_stops_nothing_else_in_its_batch(target: Target) -> None:
    boot = f"b{time.monotonic_ns()}"
    batch = [
        ping(boot=boot, seq=0),
        ping(boot=boot, seq=1, lat=91),
        ping("BE-OK", boot=boot, seq=2),
        ping(boot=boot, seq=3),
    ]
    async with unit(target, target.other) as connection:
        await connection.send(json.dumps(batch))
        refused: dict[tuple[str, int], str] = {}
        upto = -1
        while upto < 3:
            answer = json.loads(await connection.recv())
            if answer["type"] == "refused":
                refused[answer["unit"], answer["seq"]] = answer["field"]
            elif answer["unit"] == "NL-2":
                upto = answer["upto"]
            if upto == 1 and len(refused) == 2:
                # 2 was another unit's, so for NL-2 it is still to come.
                await connection.send(json.dumps(ping(boot=boot, seq=2)))

    assert refused == {("NL-2", 1): "lat", ("BE-OK", 2): "unit"}


@pytest.mark.usefixtures("healthy")
async def test_a_message_of_10_mb_is_not_read(target: Target, session: ClientSession) -> None:
    whole = b"\x81\xff" + (10 * MEBIBYTE).to_bytes(8, "big") + bytes(4)  # how such a frame begins (RFC 6455, 5.2)
    async with unit(target, target.other) as connection:
        connection.transport.write(whole)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009

    async with unit(target, target.other) as connection:
        with contextlib.suppress(ConnectionClosed):
            await connection.send(" " * 4_096 for _ in range(10 * MEBIBYTE // 4_096))
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009

    message = b" " * (10 * MEBIBYTE)
    headers = {"Authorization": f"Bearer {target.other}", "Expect": "100-continue"}
    async with session.post(f"{target.http}/api/v1/pings", data=io.BytesIO(message), headers=headers) as response:
        assert response.status == 413
        assert "larger than" in (await response.json())["error"]["reason"]


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 8_000])
@pytest.mark.usefixtures("healthy")
async def test_a_wrong_token_is_refused_before_anything_is_read(
    target: Target, session: ClientSession, token: str | None
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with unit(target, token):
            pass
    assert refused.value.response.status_code in {400, 401}

    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with session.post(f"{target.http}/api/v1/pings", data=b"{", headers=headers) as response:
        assert response.status in {400, 401}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.usefixtures("healthy")
async def test_a_foreign_origin_is_refused_everywhere(target: Target, session: ClientSession, origin: str) -> None:
    for path in ("units", "live"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                f"{target.ws}/{path}",
                origin=origin,  # type: ignore[arg-type]
                additional_headers={"Authorization": f"Bearer {target.other}"},
            ):
                pass
        assert refused.value.response.status_code == 403
    headers = {"Authorization": f"Bearer {target.other}", "Origin": origin}
    for path in ("pings", "pursuits"):
        async with session.post(f"{target.http}/api/v1/{path}", json=ping(), headers=headers) as response:
            assert response.status == 403
            assert (await response.json())["error"]["field"] == "Origin"


@pytest.mark.parametrize(
    "subscription", ["{", '{"type":"subscribe","bbox":[1,2,3]}', '{"type":"subscribe","all":true}', '{"type":"x"}']
)
@pytest.mark.usefixtures("healthy")
async def test_a_bad_subscription_is_closed_with_a_reason(target: Target, subscription: str) -> None:
    async with connect(f"{target.ws}/live", additional_headers=target.session) as viewer:
        await viewer.send(subscription)
        with pytest.raises(ConnectionClosed) as closed:
            await viewer.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason


@pytest.mark.usefixtures("healthy")
async def test_bad_commands_change_nothing(target: Target, session: ClientSession) -> None:
    async def offset() -> int:
        async with session.get(f"{target.http}/api/v1/events?after=0&limit=1000", headers=target.session) as response:
            events = (await response.json())["events"]
            return len([event for event in events if not event["type"].startswith("unit.")])

    before = await offset()
    for data, status in (
        (b"", 400),
        (b"{", 400),
        (b'{"unit":NaN}', 400),
        (b'{"unit":"NL-2","colour":"blue"}', 400),
        (b'{"unit":"NL-2","started_in":"DE"}', 400),
        (b" " * (65 * 1024), 413),
    ):
        async with session.post(f"{target.http}/api/v1/pursuits", data=data, headers=target.session) as response:
            assert (response.status, data[:40]) == (status, data[:40])
            error: dict[str, Any] = (await response.json())["error"]
            assert error["reason"]

    assert await offset() == before


@pytest.mark.usefixtures("healthy")
async def test_nothing_of_all_that_was_stored(target: Target, session: ClientSession) -> None:
    """Only the two units are known, and they are where their good pings put them."""
    async with session.get(f"{target.http}/api/v1/units", headers=target.session) as response:
        features = (await response.json())["features"]

    assert {feature["properties"]["unit"] for feature in features} <= {"BE-OK", "NL-2"}
    assert all(feature["geometry"]["coordinates"] == [5.1, 52.1] for feature in features)


@pytest.mark.parametrize("damage", ["truncated", "empty", "one bit", "absent"])
def test_a_damaged_boundary_file_answers_nothing(tmp_path: Path, damage: str) -> None:
    for name in ("borders", "tracker"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "server.py", tmp_path)
    path = tmp_path / "borders" / "data" / "benelux.borders"
    content = path.read_bytes()
    match damage:
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "one bit":
            path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
        case _:
            path.unlink()

    command = [sys.executable, "server.py", "locate", "4.9", "52.3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "boundary file" in done.stderr
    assert "benelux.borders" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
