"""Pages of other sites: none of their origins is taken for ours, whatever it resembles."""

from __future__ import annotations

import json

import pytest

from tests.hostile.target import Target, answers, ask, error_of, handshake, request

FOREIGN = {
    "null": "null",
    "another site": "https://evil.example",
    "our name as a suffix": "http://evil-127.0.0.1:{http}",
    "our name as a prefix": "http://127.0.0.1:{http}.evil.example",
    "our name as a subdomain": "http://127.0.0.1.evil.example:{http}",
    "another port": "http://127.0.0.1:1",
    "the port of the sockets": "http://127.0.0.1:{ws}",
    "a longer port": "http://127.0.0.1:{http}0",
    "no port": "http://127.0.0.1",
    "https": "https://127.0.0.1:{http}",
    "another scheme": "chrome-extension://127.0.0.1:{http}",
    "a scheme in capitals": "HTTP://127.0.0.1:{http}",
    "a user before it": "http://a@127.0.0.1:{http}",
    "us as the user": "http://127.0.0.1:{http}@evil.example",
    "a dot behind the host": "http://127.0.0.1.:{http}",
    "a path": "http://127.0.0.1:{http}/",
    "a query": "http://127.0.0.1:{http}?",
    "a fragment": "http://127.0.0.1:{http}#a",
    "a backslash": "http://127.0.0.1:{http}\\.evil.example",
    "a space within": "http://127.0.0.1:{http} http://evil.example",
    "two": "http://127.0.0.1:{http}, http://evil.example",
    "letters that look like ours": "http://lосalhost:{http}",
    "wide digits": "http://１２７.0.0.1:{http}",
    "the number of the address": "http://2130706433:{http}",
    "a short form of the address": "http://127.1:{http}",
    "another address of this machine": "http://127.0.0.2:{http}",
    "a mapped address": "http://[::ffff:127.0.0.1]:{http}",
    "the wildcard": "http://0.0.0.0:{http}",
    "any": "*",
    "empty": "",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_origin_that_is_not_ours_is_refused_on_every_socket_and_every_change(target: Target, kind: str) -> None:
    origin = FOREIGN[kind].format(http=target.http_port, ws=target.ws_port)
    for path, token in (("/units", target.unit), ("/live", target.dispatcher)):
        sent = handshake(target.ws_port, path, f"Origin: {origin}", f"Authorization: Bearer {token}")
        (answer,) = answers(ask(target.ws_port, sent))
        assert (answer.status, error_of(answer)["field"]) == (403, "Origin")
    for path, token in (("/api/v1/pings", target.unit), ("/api/v1/pursuits", target.dispatcher)):
        body = json.dumps({"unit": "NL-2"}).encode()
        answer = request(target.http_port, "POST", path, body, Origin=origin, Authorization=f"Bearer {token}")
        assert (answer.status, error_of(answer)["field"]) == (403, "Origin")
    assert target.witness.is_served()


def test_two_origins_are_no_origin_of_ours(target: Target) -> None:
    ours = f"Origin: http://127.0.0.1:{target.http_port}"
    for pair in ((ours, ours), (ours, "Origin: https://evil.example"), ("Origin: https://evil.example", ours)):
        sent = handshake(target.ws_port, "/units", *pair, f"Authorization: Bearer {target.unit}")
        (answer,) = answers(ask(target.ws_port, sent))
        assert answer.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_our_own_page_may_connect_and_so_may_what_is_no_page(target: Target, host: str) -> None:
    for headers in ([f"Origin: http://{host}:{target.http_port}"], []):
        sent = handshake(target.ws_port, "/units", *headers, f"Authorization: Bearer {target.unit}")
        assert answers(ask(target.ws_port, sent, 1.0))[0].status == 101


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:{http}",
        "",
        "127.0.0.1",
        "127.0.0.1:{http}, evil.example",
        "a@127.0.0.1:{http}",
    ],
)
def test_a_name_that_was_pointed_at_this_machine_is_refused(target: Target, host: str) -> None:
    host = host.format(http=target.http_port)
    sent = f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    (answer,) = answers(ask(target.http_port, sent))
    assert answer.status in {400, 403}
    live = handshake(target.ws_port).replace(b"Host: 127.0.0.1:%d" % target.ws_port, f"Host: {host}".encode())
    assert [one.status for one in answers(ask(target.ws_port, live))] in ([403], [])
