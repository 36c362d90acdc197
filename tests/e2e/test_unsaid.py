"""Nothing that gives entry is ever in a log: what is searched for is found when it is there, and whatever goes wrong
with signing in, it is not.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import websockets.sync.client as ws
from websockets.exceptions import InvalidStatus

from tests.e2e.process import Server, run
from tests.e2e.unsaid import never_to_be_logged, search

PASSWORD = "Zeven zwanen op de Schelde"  # noqa: S105
MARKS = ("", '\n{"event":"signed in"}\n')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("unsaid") / "data", "--log-level", "debug").start()
    options = ("--role", "dispatcher", "--state", "NL", "--data", str(running.data))
    assert run("user", "add", "ada", *options, stdin=f"{PASSWORD}\n".encode()).returncode == 0
    yield running
    running.stop()


@pytest.mark.parametrize(
    "planted",
    [
        "Qh2TkiosOfMwe7sP_J0QhPFupMxoaIA3rUUEhmKbmjA",
        "signed in with a password that nobody guesses",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$hash",
        "GET /sign-in?once=x",
        "Authorization: Bearer x",
        "__Host-session=x",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_what_is_there_is_found(planted: str) -> None:
    never_to_be_logged("a password that nobody guesses")
    line = json.dumps({"event": "ready", "level": "info", "boundary": "ab" * 32, "connection": "0" * 36})
    search(f"{line}\n    http://127.0.0.1:1/sign-in?once={secrets.token_urlsafe(32)}\n{line}\n")
    with pytest.raises(AssertionError, match="a secret in the log") as found:
        search(f"{line}\n{json.dumps({'event': planted})}\n{line}\n")

    assert planted[12:] not in str(found.value)


def test_a_server_that_logs_one_fails_the_test_that_ran_it(tmp_path: Path) -> None:
    leaking = Server(
        tmp_path / "data",
        tuned="from tracker.io import sessions as s; b = s.Sessions.begin; "
        "s.Sessions.begin = lambda self, *a: (lambda secret: sys.stderr.write(secret + '\\n') and secret)(b(self, *a))",
    )
    leaking.start()
    with pytest.raises(AssertionError, match="a secret in the log"):
        leaking.stop()


def test_whatever_goes_wrong_with_signing_in(server: Server) -> None:
    """The log is at its most talkative, and read when the server ends: see the fixture, and `Server.stop`."""
    token = server.token("--unit", "BE-K03", "--state", "BE")
    link = json.loads(run("user", "link", "ada", "--data", str(server.data)).stdout)["path"].partition("=")[2]
    session = server.sign_in({"name": "ada", "password": PASSWORD})
    ticket = server.post("/api/v1/ws-ticket", {}, **session)["ticket"]
    never_to_be_logged(token, link, ticket, session["Cookie"].partition("=")[2])
    for secret in (PASSWORD, token, link, ticket, session["Cookie"]):
        for mark in MARKS:
            text = f"{secret}{mark}{secret}"
            for proof in (
                {"name": text, "password": "x"},
                {"name": "ada", "password": text},
                {"once": text},
                {text: "x"},
            ):
                assert server.status("/api/v1/session", json.dumps(proof).encode())[0] in {400, 401, 429}
        for headers in ({"Authorization": f"Bearer {secret}x"}, {"Cookie": f"a={secret}x; {secret}x"}):
            assert server.status("/api/v1/units", None, **headers)[0] == 401
        for path in (f"/sign-in?once={secret}", f"/api/v1/oidc/callback?code={secret}&state={secret}", f"/{secret}"):
            with suppress(HTTPError), urlopen(server.http + path.replace(" ", "%20"), timeout=30) as page:
                page.read()
        for headers in ({"Authorization": f"Bearer x{secret}"}, {"Authorization": secret}):
            with pytest.raises(InvalidStatus):
                ws.connect(f"{server.ws}/units", additional_headers=headers).close()
        with ws.connect(f"{server.ws}/live") as viewer:
            viewer.send(json.dumps({"type": "subscribe", "ticket": f"{secret}x", secret: secret}))
            with pytest.raises(Exception, match=r"4401|1008|1007"):
                viewer.recv(timeout=10)
    for _ in range(2):  # the second time it is used up
        server.status("/api/v1/session", json.dumps({"once": link}).encode())
    assert "sign-in refused" in server.log()
    search(server.log())
    for line in server.log().splitlines():
        if line.startswith("{"):
            assert {"event", "level", "timestamp"} <= json.loads(line).keys()
            assert line.isprintable()
    assert not [line for line in server.log().splitlines() if line and line[0] not in "{ "]
