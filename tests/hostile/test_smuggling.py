"""Requests that two readers would divide differently, and lines that would end where they should not.

A proxy before the server may see one request where the server sees two. So whatever leaves that open is refused, the
connection is closed, and nothing behind it is read as a request: the marker that would answer it never appears.
"""

from __future__ import annotations

import json

import pytest

from tests.hostile.target import Target, answers, ask, handshake

INNER = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
MARK = b'"openapi"'


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /api/v1/pursuits HTTP/1.1", b"Host: 127.0.0.1:PORT", *lines, b"", b""]) + body


def get(*lines: bytes, first: bytes = b"GET /healthz HTTP/1.1") -> bytes:
    return b"\r\n".join([first, b"Host: 127.0.0.1:PORT", *lines, b"", b""])


CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = {
    "length and chunks": post(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\nINNER"),
    "chunks and length": post(CHUNKED, b"Content-Length: 4", body=b"0\r\n\r\nINNER"),
    "two lengths": post(b"Content-Length: 2", b"Content-Length: 200", body=b"{}INNER"),
    "two lengths in one": post(b"Content-Length: 2, 200", body=b"{}INNER"),
    "two equal lengths": post(b"Content-Length: 2", b"Content-Length: 2", body=b"{}INNER"),
    "a length with a sign": post(b"Content-Length: +2", body=b"{}INNER"),
    "a negative length": post(b"Content-Length: -1", body=b"INNER"),
    "a length in hexadecimal": post(b"Content-Length: 0x2", body=b"{}INNER"),
    "a length with a line": post(b"Content-Length: 1_0", body=b"{}INNER"),
    "a length in other digits": post("Content-Length: ２".encode(), body=b"{}INNER"),
    "a length of 2^64 + 2": post(b"Content-Length: 18446744073709551618", body=b"{}INNER"),
    "a length with a space before the colon": post(b"Content-Length : 2", body=b"{}INNER"),
    "a length with a tab before the colon": post(b"Content-Length\t: 2", body=b"{}INNER"),
    "a length after a null": post(b"\0Content-Length: 2", body=b"{}INNER"),
    "chunks with a space before the colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\nINNER"),
    "chunks, twice": post(CHUNKED, CHUNKED, body=b"0\r\n\r\nINNER"),
    "chunks, then identity": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\nINNER"),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\nINNER"),
    "chunked in quotes": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\nINNER"),
    "chunked after a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\nINNER"),
    "chunked, gzip": post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\nINNER"),
    "chunked in HTTP/1.0": post(CHUNKED, body=b"0\r\n\r\nINNER").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "a chunk's size with a sign": post(CHUNKED, body=b"+2\r\n{}\r\n0\r\n\r\nINNER"),
    "a chunk's size in 0x": post(CHUNKED, body=b"0x2\r\n{}\r\n0\r\n\r\nINNER"),
    "a chunk's size of 2^64": post(CHUNKED, body=b"10000000000000000\r\n{}\r\n0\r\n\r\nINNER"),
    "a negative chunk": post(CHUNKED, body=b"-1\r\n{}\r\n0\r\n\r\nINNER"),
    "a chunk that is longer than it says": post(CHUNKED, body=b"2\r\n{}INNER"),
    "a chunk's line ended by LF": post(CHUNKED, body=b"2\n{}\r\n0\r\n\r\nINNER"),
    "a bare LF in a chunk's extension": post(CHUNKED, body=b"2;a\nb\r\n{}\r\n0\r\n\r\nINNER"),
    "a bare CR in a chunk's extension": post(CHUNKED, body=b"2;a\rb\r\n{}\r\n0\r\n\r\nINNER"),
    "a folded header": post(b"X: a", b" Content-Length: 2", b"Content-Length: 60", body=b"INNER"),
    "a header without a colon": post(b"Content-Length 2", body=b"{}INNER"),
    "a header without a name": post(b": a", b"Content-Length: 2", body=b"{}INNER"),
    "a name with a null": post(b"X\0: a", b"Content-Length: 2", body=b"{}INNER"),
    "a value with a null": post(b"X: a\0b", b"Content-Length: 2", body=b"{}INNER"),
    "a value with a bare CR": post(b"X: a\rContent-Length: 0", b"Content-Length: 2", body=b"{}INNER"),
    "lines ended by CR": post(b"X: a").replace(b"\r\n", b"\r") + b"INNER",
    "two hosts": get(b"Host: evil.example") + b"INNER",
    "a space before the first header": b"GET /healthz HTTP/1.1\r\n Host: 127.0.0.1:PORT\r\n\r\nINNER",
    "a CR in the path": get(first=b"GET /healthz\rX HTTP/1.1") + b"INNER",
    "a null in the path": get(first=b"GET /healthz\0 HTTP/1.1") + b"INNER",
    "another version": get(first=b"GET /healthz HTTP/9.9") + b"INNER",
    "no version": b"GET /healthz\r\n\r\nINNER",
    "two paths": get(first=b"GET /healthz /readyz HTTP/1.1") + b"INNER",
    "a method with a colon": get(first=b"GET: /healthz HTTP/1.1") + b"INNER",
}
"""Each would have the server read INNER, or less or more than another reader, as a request of its own."""


def test_there_are_enough_of_them() -> None:
    assert len(SMUGGLED) + len(IN_HANDSHAKES) + len(IN_VALUES) >= 40


@pytest.mark.parametrize("kind", SMUGGLED)
def test_what_can_be_divided_in_two_ways_is_refused_and_nothing_behind_it_is_read(target: Target, kind: str) -> None:
    inner = INNER % target.http_port
    sent = SMUGGLED[kind].replace(b"INNER", inner).replace(b"PORT", b"%d" % target.http_port)

    received = ask(target.http_port, sent, 1.5)

    assert MARK not in received
    for answer in answers(received):
        assert 400 <= answer.status < 500, received
    assert len(answers(received)) == 1


IN_HANDSHAKES = {
    "a body": handshake(1, "/units", "Content-Length: 60") + b"INNER",
    "chunks": handshake(1, "/units", "Transfer-Encoding: chunked") + b"0\r\n\r\nINNER",
    "a second handshake": handshake(1, "/nowhere") + b"INNER",
    "a POST": handshake(1, "/units").replace(b"GET", b"POST") + b"INNER",
    "HTTP/1.0": handshake(1, "/units").replace(b"HTTP/1.1", b"HTTP/1.0") + b"INNER",
    "a folded header": handshake(1, "/units", "X: a", " b") + b"INNER",
    "a bare CR": handshake(1, "/units", "X: a\rOrigin: b") + b"INNER",
    "a null": handshake(1, "/units", "X: a\0") + b"INNER",
    "a space before the colon": handshake(1, "/units", "Origin : https://evil.example") + b"INNER",
    "a line without a colon": handshake(1, "/units", "Origin") + b"INNER",
    "lines ended by LF": handshake(1, "/units").replace(b"\r\n", b"\n") + b"INNER",
    "200 headers": handshake(1, "/units", *["a: b"] * 200) + b"INNER",
    "a long line": handshake(1, "/units", "a: " + "b" * 100_000) + b"INNER",
    "two keys": handshake(1, "/units", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") + b"INNER",
    "another version": handshake(1, "/units").replace(b"Version: 13", b"Version: 8") + b"INNER",
    "no upgrade": handshake(1, "/units").replace(b"Upgrade: websocket\r\n", b"") + b"INNER",
}


@pytest.mark.parametrize("kind", IN_HANDSHAKES)
def test_a_handshake_that_can_be_read_in_two_ways_opens_nothing(target: Target, kind: str) -> None:
    inner = handshake(target.ws_port, "/units", f"Authorization: Bearer {target.unit}")
    sent = IN_HANDSHAKES[kind].replace(b"INNER", inner).replace(b"127.0.0.1:1\r", b"127.0.0.1:%d\r" % target.ws_port)

    received = ask(target.ws_port, sent, 1.5)

    assert b" 101 " not in received
    for answer in answers(received):
        assert 400 <= answer.status < 500, received


IN_VALUES = {
    "a path": "/%0d%0aX-Injected:%20a",
    "a query": "/api/v1/events?after=0%0d%0aX-Injected:%20a",
    "the name of a parameter": "/api/v1/events?%0d%0aX-Injected:%20a=1",
    "an id": "/api/v1/pursuits/%0d%0aX-Injected:%20a",
    "a wide CR and LF": "/api/v1/pursuits/%E5%98%8D%E5%98%8AX-Injected:a",
}


@pytest.mark.parametrize("kind", IN_VALUES)
def test_a_line_break_in_a_value_never_becomes_a_header(target: Target, kind: str) -> None:
    sent = f"GET {IN_VALUES[kind]} HTTP/1.1\r\nHost: 127.0.0.1:{target.http_port}\r\n"
    sent += f"Authorization: Bearer {target.dispatcher}\r\nConnection: close\r\n\r\n"
    (answer,) = answers(ask(target.http_port, sent.encode()))

    assert answer.status in {400, 404}
    assert "x-injected" not in answer.headers
    assert json.loads(answer.body)["error"]["reason"].isprintable()


@pytest.mark.parametrize("header", ["Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c\r\nConnection: Upgrade"])
def test_an_upgrade_that_is_not_made_leaves_no_way_around_the_checks(target: Target, header: str) -> None:
    """What comes behind a declined upgrade is read as a request of its own, with all its checks."""
    port = target.http_port
    first = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n"
    second = "POST /api/v1/pursuits HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}"

    found = answers(ask(port, (first + second).encode(), 1.5))

    assert [answer.status for answer in found] in ([200, 403], [200], [400])


def test_whole_requests_one_behind_another_are_answered_in_order(target: Target) -> None:
    """The cases above are refused for what is wrong in them, and not since nothing is ever read behind a first."""
    port = target.http_port
    inner = INNER % port
    first = get().replace(b"PORT", b"%d" % port)

    found = answers(ask(port, first + inner, 1.5))

    assert [answer.status for answer in found] == [200, 200]
    assert MARK in found[1].body
