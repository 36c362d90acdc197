"""The disk fails at the N-th flush: nothing is acknowledged from then on, the process says why and ends, and what was
acknowledged before is there when it starts anew.

After a failed fsync nobody knows what is on the disk, and a second one that succeeds proves nothing (PostgreSQL learnt
that in 2018). So there is no second try in the same process.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server
from tests.e2e.test_kill import LEG, Car, stored
from tests.needs import program, sizes
from tracker.io import recovery

CALLS = "fdatasync"
"""What SQLite flushes with on Linux."""

_GONE = (ConnectionClosed, InvalidHandshake, OSError, EOFError, TimeoutError)


def failing(strace: str, log: Path, when: int) -> tuple[str, ...]:
    """What runs a server whose `when`-th flush fails, and every one after it."""
    inject = f"inject={CALLS}:error=EIO:when={when}+"
    return (strace, "-D", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={CALLS}", "-e", inject)


def send_until_it_ends(server: Server, car: Car) -> None:
    """One ping at a time, each after the ack of the one before."""
    with server.units() as connection:
        for seq in range(car.acked + 1, 10 * LEG):
            car.sent = seq
            connection.send(json.dumps(car.ping(seq)))
            while car.acked < seq:
                answer = json.loads(connection.recv(timeout=20))
                if answer["type"] == "ack":
                    car.acked = max(car.acked, answer["upto"])


@pytest.mark.parametrize("count", sizes(2, soak=40, long=200))
def test_a_flush_that_fails_ends_the_server_and_loses_nothing(
    server_factory: ServerFactory, tmp_path: Path, count: int
) -> None:
    strace = program("strace")
    answered = 0
    for when in (1 + number * max(1, 40 // count) for number in range(count)):
        server, car = Server(tmp_path / f"data{when}", "--no-auth"), Car("BE-K03")
        server.prefix = failing(strace, tmp_path / f"strace{when}", when)
        server.launch()
        with contextlib.suppress(AssertionError):  # it need not get as far as being ready
            server.wait_until_ready()
            with contextlib.suppress(*_GONE):
                send_until_it_ends(server, car)
        assert server.wait_for_end() == 1
        assert "EIO" in (tmp_path / f"strace{when}").read_text()
        last_words = server.log().splitlines()[-1]
        assert last_words.startswith("drempelloos: "), server.log()
        assert "disk I/O error" in last_words
        assert "Traceback" not in server.log().split("drempelloos: ")[-1]

        again = server_factory("--no-auth", data=server.data)
        assert "replay differs" not in again.log()
        with again.units() as connection:
            for seq in range(car.acked + 1, car.sent + 2):
                connection.send(json.dumps(car.ping(seq)))
            while car.acked < car.sent + 1:
                car.acked = max(car.acked, json.loads(connection.recv(timeout=20))["upto"])
        assert again.stop() == 0
        car.sent += 1
        assert stored(server.data, [car]) == {car.unit: [*range(car.sent + 1)]}
        assert recovery.rebuild(server.data).identical
        answered += car.sent
    assert answered > count
