"""Whatever is sent, in whatever field: a line of the log is one that the server wrote, and an answer is one answer."""

from __future__ import annotations

import json

import pytest

from tests.hostile.target import Target, ask, connect, error_of, handshake, ping, request
from tracker.io.openapi import CALLS

FORGED = '{"event": "the server was told to stop", "level": "error", "timestamp": "2026-11-26T00:00:00Z"}'
MARKS = [
    "\r\n",
    "\n",
    "\r",
    "\x1b[2J\x1b[31m",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\0",
    "\u202e",
    "\ud800",
    "\ufeff",
    "\x7f",
    "\x9b31m",
]
INJECTED = [f"a{mark}{FORGED}" for mark in MARKS] + ["%s%n{0}${{jndi:ldap://127.0.0.1/a}}", "'; DROP TABLE event; --"]
TEXTS = {
    "start": ["unit", "id", "started_in", "ground", "kind", "note", "by"],
    "join": ["unit", "started_in", "note", "by"],
    "contact": ["status", "host", "with", "channel", "attempted_at", "established_at", "note", "by"],
    "hostDecision": ["decision", "host", "instructions", "by"],
    "danger": ["note", "by"],
    "continuity": ["unit", "note", "by"],
    "obligation": ["obligation", "kind", "host", "met_at", "note", "by"],
    "hold": ["unit", "held_at", "note", "by"],
    "handover": ["to", "note", "by"],
    "report": ["host", "note", "by"],
    "acknowledge": ["by"],
}
PATHS = {call.name: call.path for call in CALLS}
NEEDED: dict[str, dict[str, object]] = {
    "start": {"unit": "NL-2", "started_in": "NL"},
    "join": {"unit": "NL-2", "started_in": "NL"},
    "hostDecision": {"decision": "none"},
    "danger": {"disproportionate": False},
    "continuity": {"continuous": True},
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_in_a_command_is_kept_as_data_or_refused_in_printable_words(target: Target, name: str) -> None:
    key = {"Authorization": f"Bearer {target.dispatcher}"}
    body = json.dumps({"id": "p-log", "unit": "LU-2", "started_in": "LU"}).encode()
    started = request(target.http_port, "POST", "/api/v1/pursuits", body, **key)
    assert started.status in {201, 409}  # the first time, and then it is there already
    path = PATHS[name].replace("{id}", "p-log")
    for field in [*TEXTS[name], FORGED]:
        for text in INJECTED:
            sent = json.dumps(NEEDED.get(name, {}) | {field: text}).encode()
            answer = request(target.http_port, "POST", path, sent, **key)
            assert answer.status < 500, (field, text, answer)
            assert b"\n" not in answer.body
            if answer.status >= 400:
                assert error_of(answer)["field"].isprintable()
                assert error_of(answer)["reason"].isprintable()
    assert target.witness.is_served()


def test_a_text_in_a_ping_or_a_subscription_is_refused_in_printable_words(target: Target) -> None:
    with connect(target, "/units", target.unit) as connection:
        for text in INJECTED:
            for field in ("unit", "boot", "seq", "t", "lon", text):
                connection.send(json.dumps(ping(**{field: text})))
                while (refused := json.loads(connection.recv(timeout=10)))["type"] != "refused":
                    pass  # the acknowledgement that the one before has been dealt with
                assert all(value.isprintable() for value in refused.values() if isinstance(value, str))
    key = {"Authorization": f"Bearer {target.unit}"}
    # In one call: after so many pings the next would be too soon.
    pings = [one for text in INJECTED for one in (ping(unit=text), ping() | {text: 1}, ping(boot=text))]
    answer = request(target.http_port, "POST", "/api/v1/pings", json.dumps(pings).encode(), **key)
    refused_ones = json.loads(answer.body)["refused"]
    assert len(refused_ones) >= 3 * len(MARKS)
    assert all(one["reason"].isprintable() for one in refused_ones)
    for text in INJECTED:
        subscription = json.dumps({"type": "subscribe", "epoch": text, text: 1})
        with connect(target, "/live", target.dispatcher) as viewer:
            viewer.send(subscription)
            while True:
                try:
                    viewer.recv(timeout=10)
                except Exception:  # noqa: BLE001 - closed, however
                    break
        assert viewer.close_reason is None or viewer.close_reason.isprintable()


def test_a_text_in_the_head_of_a_request_reaches_no_log(target: Target) -> None:
    """The fixture reads the log in the end: every line of it must be the server's own."""
    for text in INJECTED:
        raw = text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
        for header in ("User-Agent", "Origin", "Authorization", "Cookie", "X-Forwarded-For", "Referer", "Content-Type"):
            head = f"GET /api/v1/units HTTP/1.1\r\nHost: 127.0.0.1:{target.http_port}\r\nConnection: close\r\n"
            ask(target.http_port, f"{head}{header}: {raw}\r\n\r\n".encode("utf-8", "surrogateescape"), 0.5)
            ask(target.ws_port, handshake(target.ws_port, "/units", f"{header}: {raw}"), 0.5)
        for first in (f"GET /{raw} HTTP/1.1", f"{raw} / HTTP/1.1", f"GET / {raw}"):
            ask(
                target.http_port,
                f"{first}\r\nHost: a\r\nConnection: close\r\n\r\n".encode("utf-8", "surrogateescape"),
                0.5,
            )
            ask(target.ws_port, f"{first}\r\nHost: a\r\n\r\n".encode("utf-8", "surrogateescape"), 0.5)
    assert target.witness.is_served()
    assert "told to stop" not in target.server.log()
