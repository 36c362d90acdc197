"""Callers that are slow in every way, many at once, in a process of their own.

Usage: slow.py HTTP_PORT WS_PORT UNIT_TOKEN DISPATCHER_TOKEN COUNT SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.hostile.target import handshake


class Kind(NamedTuple):
    """A way of being slow: what is sent at first, and what then, a little at a time."""

    port: int
    first: bytes
    trickle: bytes
    reads: bool = True


def kinds(http_port: int, ws_port: int, unit: str, dispatcher: str) -> dict[str, Kind]:
    """All ways, by name. Answers that are not read end unseen: that is for the tests of the port."""
    host = f"Host: 127.0.0.1:{http_port}\r\n".encode()
    key = f"Authorization: Bearer {unit}\r\n".encode()
    post = b"POST /api/v1/pings HTTP/1.1\r\n" + host + key
    subscribed = handshake(ws_port, "/live", f"Authorization: Bearer {dispatcher}")
    return {
        "silent": Kind(http_port, b"", b""),
        "a head, byte by byte": Kind(http_port, b"GET / HTTP/1.1\r\n", b"a"),
        "header after header": Kind(http_port, b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        "a second head": Kind(http_port, b"GET /healthz HTTP/1.1\r\n" + host + b"\r\nGET / HTTP/1.1\r\n", b"a"),
        "a body": Kind(http_port, post + b"Content-Length: 60000\r\n\r\n", b" "),
        "chunks": Kind(http_port, post + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        "a body that nobody asked for": Kind(
            http_port, b"GET /healthz HTTP/1.1\r\n" + host + b"Content-Length: 9999\r\n\r\n", b" "
        ),
        "answers that are not read": Kind(
            http_port, (b"GET /api/v1/borders HTTP/1.1\r\n" + host + b"\r\n") * 4, b"", reads=False
        ),
        "a silent socket": Kind(ws_port, b"", b""),
        "a handshake, byte by byte": Kind(ws_port, b"GET /live HTTP/1.1\r\n", b"a"),
        "no subscription": Kind(ws_port, subscribed, b""),
        "a subscription, byte by byte": Kind(ws_port, subscribed + b"\x81\xfe\x08\x00abcd", b"a"),
        "a refused handshake": Kind(ws_port, handshake(ws_port, "/nowhere"), b"a"),
    }


async def hold(kind: Kind, for_s: float) -> float:
    """Be slow in that way; how long it took until the server put an end to it, at most `for_s`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", kind.port, limit=1024)
    began_at = time.monotonic()
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


async def keep(name: str, kind: Kind, after_s: float, for_s: float) -> list[tuple[str, float]]:
    """Begin after a while, and begin again whenever it is ended; how long each took."""
    await asyncio.sleep(after_s)
    until = time.monotonic() + for_s
    took: list[tuple[str, float]] = []
    while time.monotonic() < until:
        took_s = await hold(kind, 24.0)
        if kind.reads:
            took.append((name, round(took_s, 2)))
    return took


async def main(http_port: int, ws_port: int, unit: str, dispatcher: str, count: int, for_s: float) -> None:
    """So many at once, begun over ten seconds; prints how long each lasted, and how late this process itself was."""
    late: list[float] = [0.0]
    clock = asyncio.create_task(_be_late(late))
    every = list(kinds(http_port, ws_port, unit, dispatcher).items())
    keeping = (keep(*every[n % len(every)], 10.0 * n / count, for_s) for n in range(count))
    took = [one for each in await asyncio.gather(*keeping) for one in each]
    clock.cancel()
    print(json.dumps({"took_s": took, "late_s": max(late)}))


async def _be_late(late: list[float]) -> None:
    while True:
        due_at = time.monotonic() + 0.1
        await asyncio.sleep(0.1)
        late.append(time.monotonic() - due_at)


if __name__ == "__main__":
    _, http, ws, unit, dispatcher, count, seconds = sys.argv
    asyncio.run(main(int(http), int(ws), unit, dispatcher, int(count), float(seconds)))
