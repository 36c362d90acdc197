"""A real server to be hostile to, a unit that must not notice, and what must hold of the server in the end."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import websockets.sync.client as ws
from websockets.sync.connection import Connection

from tests.e2e.process import Server, run
from tracker.io.credentials import Credentials

ADDRESS = "127.0.0.1"


class Answer(NamedTuple):
    """One HTTP answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Witness:
    """A unit that is well, and must stay so whatever others send."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.acknowledged = 0
        self.lon = 0.0
        """Of the newest ping."""

    def is_served(self) -> bool:
        """Send a ping, and see it acknowledged."""
        seq = self.acknowledged
        self.lon = round(4.4 + seq * 1e-5, 5)
        self._connection.send(json.dumps(ping("BE-OK", boot="w", seq=seq, lon=self.lon, lat=51.1)))
        served = json.loads(self._connection.recv(timeout=30)) == {
            "type": "ack",
            "unit": "BE-OK",
            "boot": "w",
            "upto": seq,
        }
        self.acknowledged += served
        return bool(served)


class Target(NamedTuple):
    """The server, and tokens that it knows."""

    server: Server
    witness: Witness
    unit: str
    """Token of NL-2, which misbehaves."""
    dispatcher: str
    """Token of a supervisor of BE, who may do whatever dispatchers may."""

    @property
    def http_port(self) -> int:
        return int(self.server.http.rpartition(":")[2])

    @property
    def ws_port(self) -> int:
        return int(self.server.ws.rpartition(":")[2])


@contextmanager
def target(directory: Path, *options: str) -> Iterator[Target]:
    """Run a server; in the end it must be alive, stop when told, have lost nothing that it acknowledged, and have a
    log of whole JSON lines in which there is no fault of its own and no secret.
    """
    with closing(Credentials(directory / "data")) as credentials:
        tokens = [
            credentials.issue("unit", ["BE-OK"], at=0.0, state="BE"),
            credentials.issue("unit", ["NL-2"], at=0.0, state="NL"),
            credentials.issue("supervisor", at=0.0, state="BE"),
        ]
    # What they send is sent faster than any unit may; the pace has tests of its own.
    fast = {f"DREMPELLOOS__LIMITS__{key}": "10000" for key in ("PINGS_PER_S", "PINGS_BURST", "BACKLOG_PER_S")}
    server = Server(directory / "data", *options, environment=fast).start()
    try:
        with server.units(tokens[0]) as connection:
            witness = Witness(connection)
            assert witness.is_served()
            yield Target(server, witness, tokens[1], tokens[2])
            assert witness.is_served()
        assert server.get("/healthz") == {"status": "ok"}
        assert witness.lon in longitudes(server, "BE-OK", tokens[2])
        assert server.stop() == 0
    finally:
        server.kill()
    check_log(server.log(), tokens)
    assert json.loads(run("rebuild", "--data", str(server.data)).stdout)["identical"] is True


def longitudes(server: Server, unit: str, token: str) -> list[float]:
    """Where the server has a unit."""
    features = server.get("/api/v1/units", Authorization=f"Bearer {token}")["features"]
    return [one["geometry"]["coordinates"][0] for one in features if one["properties"]["unit"] == unit]


def check_log(log: str, secrets: list[str]) -> None:
    """Every line is one event of ours, none is a fault, and no secret is in it."""
    lines = log.split("\n")[:-1]
    welcome = [place for place, line in enumerate(lines) if not line or line.startswith("  ")]
    # What a person reads at the start stands there once, in one piece.
    assert welcome == list(range(welcome[0], welcome[0] + len(welcome))) if welcome else True
    for line in lines[: welcome[0]] + lines[welcome[-1] + 1 :] if welcome else lines:
        event = json.loads(line)
        assert {"event", "level", "timestamp"} <= event.keys(), line
        assert event["level"] not in {"error", "critical"}, line
        assert line.isprintable(), line
    assert "Traceback" not in log
    for secret in secrets:
        assert secret not in log


def ping(name: str = "NL-2", **changes: object) -> dict[str, object]:
    """A good ping, but for the changes."""
    good: dict[str, object] = {"unit": name, "boot": "a1", "seq": 0, "t": time.time() - 1, "lon": 5.1, "lat": 52.1}  # noqa: TID251
    return good | changes


def ask(port: int, sent: bytes, within_s: float = 5.0) -> bytes:
    """Send bytes as they are; everything that comes back until the server closes or is silent."""
    received = b""
    with socket.create_connection((ADDRESS, port), timeout=within_s) as connection:
        with suppress(OSError):  # it may have said enough before it has all
            connection.sendall(sent)
        with suppress(OSError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


def answers(received: bytes) -> list[Answer]:
    """Split what came back into answers; raises AssertionError if it is not whole HTTP."""
    found = []
    while received:
        head, separator, received = received.partition(b"\r\n\r\n")
        assert separator, head
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", "0"))
        status = int(first.split(" ")[1])
        found.append(Answer(status, headers, received[:length]))
        received = received[length:] if status != 101 else b""
    return found


def request(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """One call, as a client makes it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {ADDRESS}:{port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    sent = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (body or b"")
    (answer,) = answers(ask(port, sent, 30.0))
    return answer


def handshake(port: int, path: str = "/live", *headers: str) -> bytes:
    """The bytes that open a socket."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {ADDRESS}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def error_of(answer: Answer) -> dict[str, Any]:
    """What a refusal says; it is always field and reason."""
    error: dict[str, Any] = json.loads(answer.body)["error"]
    assert set(error) == {"field", "reason"}
    return error


def connect(target: Target, path: str, token: str | None = None) -> ws.ClientConnection:
    """A socket."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return ws.connect(f"{target.server.ws}{path}", additional_headers=headers, compression=None, max_size=None)


def memory_bytes(pid: int) -> int:
    """Resident set of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
