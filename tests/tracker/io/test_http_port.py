"""Connections that do nothing for their place lose it, and those that do something keep it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.tracker.io.http_room import HttpRoom
from tracker.io import http
from tracker.io.credentials import Credentials
from tracker.io.http_port import HEAD_S, IDLE_S, TAKING_S
from tracker.io.service import Service
from tracker.io.turnstile import Turnstile

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def raw(room: HttpRoom, sent: bytes = b"", limit: int = 2**16) -> AsyncIterator[Streams]:
    """A caller that speaks for itself, and has little room for what it does not read."""
    connecting = socket.socket()
    connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    connecting.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", room.port))
    reader, writer = await asyncio.open_connection(sock=connecting, limit=limit)
    try:
        writer.write(sent)
        await asyncio.sleep(0.05)
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def request(room: HttpRoom, path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{room.port}", *headers, "", ""]).encode()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


def in_seconds(room: HttpRoom, seconds: float) -> int:
    """How many connections are cut when the watch looks so many seconds from now."""
    return room.served.abort_overdue(asyncio.get_running_loop().time() + seconds)


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
async def test_a_head_that_does_not_come_costs_the_place(http_room: HttpRoom, sent: bytes) -> None:
    async with raw(http_room, sent) as (reader, _):
        assert in_seconds(http_room, HEAD_S - 1) == 0
        assert in_seconds(http_room, HEAD_S) == 1
        assert await reader.read() == b""


async def test_a_second_head_has_the_same_time_from_its_first_byte(http_room: HttpRoom) -> None:
    async with raw(http_room, request(http_room, "/healthz")) as (reader, writer):
        await head(reader)
        assert in_seconds(http_room, IDLE_S - 1) == 0
        writer.write(b"GET /")
        await asyncio.sleep(0.05)
        assert in_seconds(http_room, HEAD_S - 1) == 0
        assert in_seconds(http_room, HEAD_S) == 1


async def test_a_connection_may_be_idle_between_requests_but_not_for_ever(http_room: HttpRoom) -> None:
    async with raw(http_room, request(http_room, "/healthz")) as (reader, _):
        await head(reader)
        assert in_seconds(http_room, IDLE_S - 1) == 0
        assert in_seconds(http_room, IDLE_S) == 1


async def test_an_answer_that_is_not_taken_costs_the_place(
    service: Service, credentials: Credentials, web_directory: Path
) -> None:
    (web_directory / "large.png").write_bytes(bytes(16 * 1024 * 1024))  # more than all buffers between
    async with (
        HttpRoom(service, credentials, web_directory).open() as room,
        raw(room, request(room, "/large.png"), limit=1024),
    ):
        await asyncio.sleep(0.5)
        assert in_seconds(room, 0) == 0
        assert in_seconds(room, TAKING_S - 1) == 0
        assert in_seconds(room, TAKING_S) == 1


async def test_a_body_that_trickles_is_answered_with_408(http_room: HttpRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_S", 0.2)
    async with raw(http_room, request(http_room, "/api/v1/pings", "Content-Length: 900", method="POST")) as streams:
        reader, writer = streams
        answering = asyncio.create_task(reader.read())
        for _ in range(100):  # it would go on like this for ever
            if answering.done():
                break
            writer.write(b" ")
            await asyncio.wait([answering], timeout=0.05)
        else:
            pytest.fail("each byte bought the whole time anew")
        answer = answering.result()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in answer
    assert b"comes too slowly" in answer


async def test_a_body_that_comes_fast_enough_may_take_longer(
    http_room: HttpRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_S", 0.2)
    monkeypatch.setattr(http, "BODY_BYTES_PER_S", 1)
    async with raw(http_room, request(http_room, "/api/v1/pings", "Content-Length: 10", method="POST")) as streams:
        reader, writer = streams
        for _ in range(10):
            writer.write(b" ")
            await asyncio.sleep(0.05)

        assert (await head(reader)).startswith(b"HTTP/1.1 400 ")


NOT_HTTP = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a long line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
}


@pytest.mark.parametrize("kind", NOT_HTTP)
async def test_what_is_not_http_is_answered_in_json_and_not_repeated_or_logged(
    http_room: HttpRoom, kind: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with raw(http_room, NOT_HTTP[kind]) as (reader, _):
            answer = await asyncio.wait_for(reader.read(), 5)

    headers, _, body = answer.partition(b"\r\n\r\n")
    assert headers.split()[1] == b"400"
    assert b"X-Content-Type-Options: nosniff" in headers
    assert json.loads(body)["error"]["reason"] == "this is not HTTP as it is understood here"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err


def test_there_is_no_place_for_more_than_so_many_from_one_address() -> None:
    turnstile = Turnstile(total=3, per_address=2)
    assert [turnstile.enter(address) for address in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    assert (len(turnstile), turnstile.turned_away) == (3, 2)

    turnstile.leave("a")

    assert turnstile.enter("c")
    assert not turnstile.enter("b")


async def test_a_connection_without_a_place_is_closed_at_once_and_gives_none_back(http_room: HttpRoom) -> None:
    writers = []
    for _ in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", http_room.port)
        writers.append(writer)
    await asyncio.sleep(0.05)
    async with raw(http_room) as (reader, _):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.05)

    async with raw(http_room, request(http_room, "/healthz")) as (reader, _):
        assert (await head(reader)).startswith(b"HTTP/1.1 200 ")
