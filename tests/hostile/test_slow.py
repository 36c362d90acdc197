"""Callers that hold a place and do nothing with it: each loses it, and those that are well do not notice."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import needs
from tests.hostile.target import Target, handshake
from tests.hostile.target import target as run_target

CLOSED_WITHIN_S = 12.0


class Kind(NamedTuple):
    """A way of being slow: what is sent at first, and what then, a little at a time."""

    port: str
    first: bytes
    trickle: bytes
    reads: bool = True


def kinds(target: Target) -> dict[str, Kind]:
    host = f"Host: 127.0.0.1:{target.http_port}\r\n".encode()
    key = f"Authorization: Bearer {target.unit}\r\n".encode()
    post = b"POST /api/v1/pings HTTP/1.1\r\n" + host + key
    subscribed = handshake(target.ws_port, "/live", f"Authorization: Bearer {target.dispatcher}")
    return {
        "silent": Kind("http", b"", b""),
        "a head, byte by byte": Kind("http", b"GET / HTTP/1.1\r\n", b"a"),
        "header after header": Kind("http", b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        "a second head": Kind("http", b"GET /healthz HTTP/1.1\r\n" + host + b"\r\nGET / HTTP/1.1\r\n", b"a"),
        "a body": Kind("http", post + b"Content-Length: 60000\r\n\r\n", b" "),
        "chunks": Kind("http", post + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        "a body that nobody asked for": Kind(
            "http", b"GET /healthz HTTP/1.1\r\n" + host + b"Content-Length: 9999\r\n\r\n", b" "
        ),
        "answers that are not read": Kind(
            "http", (b"GET /api/v1/borders HTTP/1.1\r\n" + host + b"\r\n") * 40, b"", reads=False
        ),
        "a silent socket": Kind("ws", b"", b""),
        "a handshake, byte by byte": Kind("ws", b"GET /live HTTP/1.1\r\n", b"a"),
        "no subscription": Kind("ws", subscribed, b""),
        "a subscription, byte by byte": Kind("ws", subscribed + b"\x81\xfe\x08\x00abcd", b"a"),
        "a refused handshake": Kind("ws", handshake(target.ws_port, "/nowhere"), b"a"),
    }


async def hold(target: Target, kind: Kind, for_s: float) -> float:
    """Be slow in that way; how long it took until the server put an end to it, at most `for_s`."""
    port = target.http_port if kind.port == "http" else target.ws_port
    began_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    gone = asyncio.create_task(_read(reader)) if kind.reads else asyncio.create_task(asyncio.sleep(for_s))
    with suppress(OSError):
        writer.write(kind.first)
        while not gone.done() and time.monotonic() - began_at < for_s and not writer.transport.is_closing():
            await asyncio.wait([gone], timeout=0.5)
            writer.write(kind.trickle)
            if not kind.reads:
                await _drained(reader, writer)
    took_s = time.monotonic() - began_at
    gone.cancel()
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
    return took_s


async def _read(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(1024):
            pass


async def _drained(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reader that reads nothing learns of the end only by its error."""
    if reader.exception() is not None:
        writer.transport.abort()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """With room for all of them at once: here it is time that must put an end to them, not number."""
    directory = tmp_path_factory.mktemp("slow")
    config = Path(directory / "config.toml")
    config.write_text("[limits]\nconnections = 3000\nconnections_per_address = 3000\n", encoding="utf-8")
    with run_target(directory, "--config", str(config)) as running:
        yield running


async def test_every_way_of_being_slow_comes_to_an_end(target: Target) -> None:
    slow = {name: kind for name, kind in kinds(target).items() if kind.reads}
    took = await asyncio.gather(*(hold(target, kind, 3 * CLOSED_WITHIN_S) for kind in slow.values()))

    assert {name: took_s for name, took_s in zip(slow, took, strict=True) if took_s > CLOSED_WITHIN_S} == {}
    assert target.witness.is_served()


@pytest.mark.parametrize("count", needs.sizes(0, soak=500, long=2_000))
async def test_the_slow_ones_are_not_noticed_by_those_who_are_well(target: Target, count: int) -> None:
    """Six windows of ten seconds, without and with the slow ones by turns; each that is put out is replaced at once."""
    every = list(kinds(target).values())
    quiet, loud = [], []
    took: list[float] = []
    for _ in range(3):
        quiet.append(await _percentiles(target, 10.0))
        until = time.monotonic() + 20.0
        holding = [asyncio.create_task(_keep(target, every[n % len(every)], until, took)) for n in range(count)]
        await asyncio.sleep(1.0)
        loud.append(await _percentiles(target, 10.0))
        await asyncio.gather(*holding)
    print(f"p99 of a ping's acknowledgement, ms: alone {quiet}, beside {count} slow ones {loud}")
    assert max(took) <= CLOSED_WITHIN_S
    assert len(took) >= 3 * count
    alone_ms, beside_ms = statistics.median(quiet), statistics.median(loud)
    assert beside_ms <= max(1.1 * alone_ms, alone_ms + 2.0)


async def _keep(target: Target, kind: Kind, until: float, took: list[float]) -> None:
    while True:
        took_s = await hold(target, kind, 2 * CLOSED_WITHIN_S)
        if kind.reads:
            took.append(took_s)
        if time.monotonic() > until:
            return


async def _percentiles(target: Target, for_s: float) -> float:
    """The 99th percentile of the time from a ping to its acknowledgement in milliseconds, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("well.py")), target.server.ws, target.unit, str(for_s)]
    measuring = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await measuring.communicate()
    assert measuring.returncode == 0
    return float(out)
