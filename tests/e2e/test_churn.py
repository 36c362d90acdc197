"""T4: viewers and units that come and go by the thousand, half of them without a goodbye, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.bare import request, text_frame
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server

AT_ONCE = 50
GROWTH_BYTES = 20 * 1024 * 1024
CLOSE = bytes((0x88, 0x82)) + bytes(4) + struct.pack(">H", 1000)


def descriptors(server: Server) -> int:
    """Files and sockets that the server has open."""
    return len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208 - the entries are not files


def resident_bytes(server: Server) -> int:
    """Memory that the server holds."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def come_and_go(server: Server, number: int) -> None:
    """One connection; what becomes of it depends on its number."""
    parts = urlsplit(server.ws)
    room = ("/live", "/units")[number // 8 % 2]
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    own: socket.socket = writer.get_extra_info("socket")
    way = number % 8
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        if way >= 2:
            writer.write(request(server.ws + room))
        if way >= 4:
            await reader.readuntil(b"\r\n\r\n")
            body = b'{"type":"subscribe"}' if room == "/live" else b'{"unit":"BE-1","boot":"b","seq":1}'
            writer.write(text_frame(body))
        if way >= 6:
            await reader.readexactly(2)
        if way % 2 and way >= 4:
            writer.write(CLOSE)
            await reader.read()
    if way % 2 == 0:
        # No FIN and no close frame: the other end gets a reset.
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def churn(server: Server, connections: int) -> None:
    """So many, some at a time."""
    numbers = iter(range(connections))

    async def one_after_another() -> None:
        for number in numbers:
            async with asyncio.timeout(30):
                await come_and_go(server, number)

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


async def settles(server: Server, base: int, base_tasks: int) -> None:
    """Wait until no more descriptors are open than before, nor more tasks under way: those end a little later."""
    async with asyncio.timeout(30):
        while descriptors(server) > base or tasks(server) > base_tasks:
            await asyncio.sleep(0.2)


def check(server: Server, connections: int) -> None:
    """Warm up, churn, and compare."""
    base, base_tasks = descriptors(server), tasks(server)
    asyncio.run(churn(server, 400))
    asyncio.run(settles(server, base, base_tasks))
    before = resident_bytes(server)
    asyncio.run(churn(server, connections))
    asyncio.run(settles(server, base, base_tasks))
    assert resident_bytes(server) - before <= GROWTH_BYTES
    with server.live() as live:
        assert '"type":"snapshot"' in str(live.recv(timeout=10))


def tasks(server: Server) -> int:
    """Tasks of its event loop; a connection has at least one."""
    with urllib.request.urlopen(f"{server.http}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    (line,) = (line for line in text.splitlines() if line.startswith("drempelloos_tasks "))
    return int(float(line.split()[1]))


def test_five_hundred_connections_leave_nothing(server_factory: ServerFactory) -> None:
    check(server_factory("--no-auth"), 500)


@pytest.mark.soak
def test_ten_thousand_connections_leave_nothing(server_factory: ServerFactory) -> None:
    check(server_factory("--no-auth"), 10_000)
