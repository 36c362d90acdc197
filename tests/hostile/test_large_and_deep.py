"""Too much, too deep, or packed: on every call that takes a body and on every socket."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.hostile.target import Target, answers, ask, connect, error_of, handshake, memory_bytes, ping, request
from tracker.io.openapi import CALLS

BODIES = {
    call.name: call.path.replace("{id}", "p-1")
    for call in CALLS
    if call.body is not None and call.access in {"see", "command", "train", "send"} and call.name != "stopTraining"
}
"""Calls with a body that a supervisor or a unit may make; to stop a training there must be one."""

KIBIBYTE = 1024
DEEP = {
    "arrays": b"[" * 30_000,
    "closed arrays": b"[" * 30_000 + b"]" * 30_000,
    "objects": b'{"a":' * 12_000,
    "closed objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "in a known field": b'{"unit":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "in the note": b'{"unit":"NL-2","note":' + b'{"note":' * 7_000 + b'""' + b"}" * 7_001,
    "wide": b"[" + b"[]," * 20_000 + b"[]]",
    "many fields": b"{" + b",".join(b'"a%d":1' % n for n in range(6_000)) + b"}",
    "the same field": b"{" + b",".join([b'"unit":"NL-2"'] * 4_000) + b"}",
    "a long number": b'{"unit":' + b"9" * 60_000 + b"}",
    "a long exponent": b'{"unit":1e' + b"9" * 60_000 + b"}",
    "a long string": b'{"unit":"' + b"\\u0000" * 10_000 + b'"}',
    "half a surrogate pair": b'{"unit":"\\ud800"}',
    "not UTF-8": b'{"unit":"\xff\xfe"}',
    "UTF-16": '{"unit":"NL-2"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"unit":"NL-2"}',
    "nulls": b"\0" * 60_000,
    "NaN": b'{"unit":NaN}',
    "infinity": b'{"unit":1e400}',
    "two values": b'{"unit":"NL-2"}{"unit":"NL-2"}',
}


def headers(target: Target, path: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.unit if path.endswith('/pings') else target.dispatcher}"}


@pytest.fixture(scope="session", autouse=True)
def a_pursuit(target: Target) -> None:
    """So that every command has something to act on. It is made once, as the server is, in whatever order tests run."""
    body = json.dumps({"id": "p-1", "unit": "LU-1", "started_in": "LU"}).encode()
    answer = request(target.http_port, "POST", "/api/v1/pursuits", body, **headers(target, "/api/v1/pursuits"))
    assert answer.status == 201


@pytest.mark.parametrize("name", BODIES)
def test_what_is_too_deep_or_no_json_is_a_bad_request_on_every_call(target: Target, name: str) -> None:
    path = BODIES[name]
    for kind, body in DEEP.items():
        answer = request(target.http_port, "POST", path, body, **headers(target, path))
        whole = path.endswith("/pings") and answer.status == 200  # each ping was looked at, and refused
        assert whole or answer.status in {400, 404}, (kind, answer)
        if whole:
            assert json.loads(answer.body)["accepted"] == 0
        else:
            assert error_of(answer)["reason"].isprintable()
        assert len(answer.body) < 200 * KIBIBYTE


@pytest.mark.parametrize("name", BODIES)
def test_what_is_too_large_is_refused_however_it_is_sent(target: Target, name: str) -> None:
    path = BODIES[name]
    size = 1025 * KIBIBYTE if name == "pings" else 65 * KIBIBYTE
    (token,) = headers(target, path).values()
    told = request(target.http_port, "POST", path, b" " * size, Authorization=token)
    assert told.status == 413

    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.http_port}\r\nAuthorization: {token}\r\n"
    untold = head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks = b"400\r\n" + b" " * KIBIBYTE + b"\r\n"
    received = ask(target.http_port, untold.encode() + chunks * (size // KIBIBYTE + 1) + b"0\r\n\r\n")
    assert [answer.status for answer in answers(received)] == [413]

    claimed = head + "Content-Length: 9000000000000000000\r\nConnection: close\r\n\r\n"
    received = ask(target.http_port, claimed.encode())
    assert [answer.status for answer in answers(received)] == [413]


@pytest.mark.parametrize("name", BODIES)
def test_what_is_packed_is_not_unpacked(target: Target, name: str) -> None:
    path = BODIES[name]
    bomb = gzip.compress(b" " * 10_000_000, 9)
    for coding, body in (
        ("gzip", bomb),
        ("x-gzip", bomb),
        ("deflate", zlib.compress(b" " * 10_000_000)),
        ("br", b"\x0b\x02\x80"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("GZIP", bomb),
        ("identity, gzip", bomb),
        ("gzip, gzip", gzip.compress(bomb)),
    ):
        answer = request(target.http_port, "POST", path, body, Content_Encoding=coding, **headers(target, path))
        assert (coding, answer.status) == (coding, 415)


def test_ten_megabytes_at_once_neither_stay_in_memory_nor_reach_the_others(target: Target) -> None:
    before = memory_bytes(target.server.pid)
    for _ in range(5):
        answer = request(
            target.http_port, "POST", "/api/v1/pings", b"[" * 10_000_000, **headers(target, "/api/v1/pings")
        )
        assert answer.status == 413
        with connect(target, "/units", target.unit) as connection:
            with suppress(ConnectionClosed):
                connection.send("[" * 10_000_000)
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(timeout=10)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert target.witness.is_served()
    assert memory_bytes(target.server.pid) - before < 16 * KIBIBYTE**2


@pytest.mark.parametrize("kind", DEEP)
def test_what_is_too_deep_is_refused_on_both_sockets(target: Target, kind: str) -> None:
    with connect(target, "/units", target.unit) as connection:
        connection.send(DEEP[kind])
        answer = json.loads(connection.recv(timeout=10))
        assert answer["type"] == "refused"
        assert answer["reason"].isprintable()
        connection.send(json.dumps(ping(boot=f"after-{kind.replace(' ', '-')}"[:64])))
        while answer["type"] != "ack":
            answer = json.loads(connection.recv(timeout=10))
    for message in (DEEP[kind][:4_000], DEEP[kind]):
        with connect(target, "/live", target.dispatcher) as viewer:
            viewer.send(message, text=True)
            with pytest.raises(ConnectionClosed) as closed:
                viewer.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in {1007, 1008, 1009}
        assert closed.value.rcvd.reason.isprintable()


def test_a_packed_frame_is_a_breach_of_the_protocol(target: Target) -> None:
    """No extension was agreed on, so RSV1 means nothing here, and nothing is inflated."""
    offered = f"Authorization: Bearer {target.unit}", "Sec-WebSocket-Extensions: permessage-deflate"
    packed = zlib.compress(b" " * 10_000_000)[2:-4]
    frame = b"\xc1\xfe" + len(packed).to_bytes(2, "big") + b"\0\0\0\0" + packed

    with socket.create_connection(("127.0.0.1", target.ws_port), timeout=10) as connection:
        connection.sendall(handshake(target.ws_port, "/units", *offered))
        head = connection.recv(4_096)
        connection.sendall(frame)
        frames = connection.recv(4_096)

    assert b" 101 " in head
    assert b"permessage-deflate" not in head.lower()
    assert frames[:1] == b"\x88"
    assert int.from_bytes(frames[2:4], "big") == 1002
