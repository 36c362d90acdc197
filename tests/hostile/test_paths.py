"""Paths that lead out of the page's directory: there are none, and every try gets the same answer."""

from __future__ import annotations

from itertools import product

import pytest

from tests.hostile.target import Answer, Target, answers, ask

UP = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "..%c0%af", "%uff0e%uff0e/", "..;/", "....//"]
GOALS = ["etc/passwd", "data/credentials.db", "data/journal.db", "server.py", "pyproject.toml", ".git/config"]
STARTS = ["", "vendor/", "api/v1/"]
OTHERS = [
    "/index.html%00.png",
    "/%00",
    "/index.html/",
    "/index.html/.",
    "/.env",
    "/.npmrc",
    "/package.json",
    "/vendor.mjs/../package.json",
    "/vendor/",
    "/vendor",
    "/node_modules/typescript/package.json",
    "//etc/passwd",
    "/./.git/HEAD",
    "/INDEX.HTML",
    "/index.html::$DATA",
    "/C:/windows/win.ini",
    "/c%3a%5cwindows%5cwin.ini",
    "/file:///etc/passwd",
    "/http://127.0.0.1/healthz",
    "/proc/self/environ",
    "/~root/.ssh/id_rsa",
    "/" + "a/" * 2000,
    "/" + "%2e%2e/" * 500,
    "/" + "..%2f" * 500 + "etc/passwd",
    "/api/v1/pursuits/..%2f..%2fconfig/track/x",
    "/tracker/io/gate.py",
    "/tsconfig.json",
    "/package-lock.json",
]
PAYLOADS = [f"/{start}{up * depth}{goal}" for start, up, goal, depth in product(STARTS, UP, GOALS, (2,))] + OTHERS


def get(target: Target, path: str) -> Answer:
    sent = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.http_port}\r\nConnection: close\r\n\r\n".encode()
    (answer,) = answers(ask(target.http_port, sent))
    return answer


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) >= 200


def test_each_is_answered_with_the_same_404(target: Target) -> None:
    absent = get(target, "/absent")
    assert absent.status == 404
    for path in PAYLOADS:
        answer = get(target, path)
        assert (path[:80], answer.status, answer.body) == (path[:80], 404, absent.body)
        assert answer.headers | {"date": ""} == absent.headers | {"date": ""}
    assert target.witness.is_served()


def test_none_is_found_under_another_method_either(target: Target) -> None:
    for path in PAYLOADS[::7]:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND"):
            sent = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.http_port}\r\nConnection: close\r\n\r\n"
            received = ask(target.http_port, sent.encode())
            assert int(received.split()[1]) in {400, 404, 405}, (method, path)


@pytest.mark.parametrize("target_form", ["http://127.0.0.1/index.html", "*", "127.0.0.1:443", "?", "#", "index.html"])
def test_a_target_in_another_form_finds_nothing_that_its_path_does_not(target: Target, target_form: str) -> None:
    sent = f"GET {target_form} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    (answer,) = answers(ask(target.http_port, sent.encode()))
    assert answer.status in {400, 403, 404}


def test_the_sockets_have_no_other_paths(target: Target) -> None:
    for path in ("/", "/units/", "/units/..", "/%75nits", "//units", "/live%00", "/LIVE", "/../live", "/live/x"):
        sent = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.ws_port}\r\nConnection: close\r\n\r\n"
        received = ask(target.ws_port, sent.encode())
        assert received.startswith(b"HTTP/1.1 404 "), path
