"""Callers that hold a place and do nothing with it: each loses it, and those that are well do not notice."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.hostile.slow import hold, kinds
from tests.hostile.target import Target, answers
from tests.hostile.target import target as run_target
from tracker.io import http, http_port, live_socket, sockets

CLOSED_WITHIN_S = 12.0
ASKED = 4
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """With room for all of them at once: here it is time that must put an end to them, not number."""
    directory = tmp_path_factory.mktemp("slow")
    config = Path(directory / "config.toml")
    config.write_text("[limits]\nconnections = 3000\nconnections_per_address = 3000\n", encoding="utf-8")
    with run_target(directory, "--config", str(config)) as running:
        yield running


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Target]:
    """A server that nobody is slow with."""
    with run_target(tmp_path) as running:
        yield running


def test_what_the_server_waits_for_leaves_two_seconds_for_whatever_else_the_machine_does() -> None:
    """The bound holds by what is waited for, one after the other; what is looked at now and then is late by a look."""
    waits = {
        "a head": http_port.HEAD_S + http_port.LOOK_S,
        "a body": http.BODY_S + http_port.LINGER_S,
        "a handshake": sockets.HANDSHAKE_TIMEOUT_S,
        "a subscription": live_socket.SUBSCRIBE_TIMEOUT_S + sockets.CLOSE_TIMEOUT_S,
    }

    assert max(waits.values()) <= CLOSED_WITHIN_S - 2.0, waits


async def test_every_way_of_being_slow_comes_to_an_end_but_one_who_reads_slowly_is_left_alone(target: Target) -> None:
    slow = {name: kind for name, kind in kinds(*of(target)).items() if kind.reads}
    reading = asyncio.create_task(read_slowly(target.http_port, http_port.TAKING_S + 2.0))
    took = await asyncio.gather(*(hold(kind, 3 * CLOSED_WITHIN_S) for kind in slow.values()))

    assert {name: took_s for name, took_s in zip(slow, took, strict=True) if took_s > CLOSED_WITHIN_S} == {}
    assert target.witness.is_served()
    found = answers(await reading)
    assert [answer.status for answer in found] == [200] * ASKED
    assert len({answer.body for answer in found}) == 1
    assert json.loads(found[0].body)["type"] == "FeatureCollection"


async def read_slowly(port: int, for_s: float) -> bytes:
    """Large answers over a slow line, for longer than a reader that takes nothing is left alone; then the rest at once.

    What waits for it must be more than the two kernels hold, or nobody has to be patient.
    """
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await loop.sock_connect(line, ("127.0.0.1", port))
        head = f"GET /api/v1/borders HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        await loop.sock_sendall(
            line, f"{head}\r\n".encode() * (ASKED - 1) + f"{head}Connection: close\r\n\r\n".encode()
        )
        received, began_at = b"", loop.time()
        while loop.time() < began_at + for_s:
            received += await asyncio.wait_for(loop.sock_recv(line, 2048), 30)
            await asyncio.sleep(0.25)
        slowly = len(received)
        while chunk := await asyncio.wait_for(loop.sock_recv(line, 262_144), 30):
            received += chunk
    assert len(received) - slowly > 10 * 1024 * 1024
    return received


@pytest.mark.parametrize("count", needs.sizes(0, soak=500, long=2_000))
async def test_the_slow_ones_are_not_noticed_by_those_who_are_well(target: Target, other: Target, count: int) -> None:
    """For a minute; whoever is put out begins again. Beside it runs a server with none of them, so that whatever else
    the machine does, it does to both.
    """
    arguments = map(str, (*of(target), count, 60.0))
    slow = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "slow.py"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=lambda: os.nice(19),  # it is the server that is measured, not who gets a processor
    )
    await asyncio.sleep(11.0)
    windows = [await asyncio.gather(_percentile(target, 10.0), _percentile(other, 10.0)) for _ in range(5)]
    out, _ = await slow.communicate()
    told = json.loads(out)
    # What a busy machine adds is not the server's.
    took = [(name, round(took_s - told["late_s"], 2)) for name, took_s in told["took_s"]]
    longest = {name: max(took_s for one, took_s in took if one == name) for name in sorted({name for name, _ in took})}
    print(f"p99 of a ping's acknowledgement beside {count} slow and alone, ms: {windows}; longest, s: {longest}")
    assert len(took) >= 3 * count
    assert {name: took_s for name, took_s in longest.items() if took_s > CLOSED_WITHIN_S} == {}
    beside_ms, alone_ms = (statistics.median(one) for one in zip(*windows, strict=True))
    assert beside_ms <= max(1.1 * alone_ms, alone_ms + 2.0)


def of(target: Target) -> tuple[int, int, str, str]:
    """What a slow caller must know."""
    return target.http_port, target.ws_port, target.unit, target.dispatcher


async def _percentile(target: Target, for_s: float) -> float:
    """The 99th percentile of the time from a ping to its acknowledgement in milliseconds, in a process of its own."""
    command = [sys.executable, str(HERE / "well.py"), target.server.ws, target.unit, str(for_s)]
    measuring = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await measuring.communicate()
    assert measuring.returncode == 0
    return float(out)
