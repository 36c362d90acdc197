"""`explain` and `report`, of a journal and of a running server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.browser import drive, send
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, lines, run


@pytest.fixture(scope="module")
def server(module_server_factory: ServerFactory) -> Server:
    """One on which a Belgian unit in pursuit has crossed into the Netherlands."""
    server = module_server_factory("--no-auth")
    pings = drive("BE-K03")
    with server.units() as unit:
        send(unit, pings[:30])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
        send(unit, pings[30:])
    server.post("/api/v1/pursuits/p-1/contact", {"status": "established", "with": "Meldkamer"})
    return server


def test_a_decision_is_explained_from_a_running_server_and_from_its_journal(server: Server) -> None:
    decision = next(event for event in server.events() if event["type"] == "decision")

    live = run("explain", decision["id"], "--server", server.http)
    busy = run("explain", decision["id"], "--data", str(server.data))
    server.stop()
    kept = run("explain", decision["id"][:8], "--data", str(server.data))
    server.start()

    assert live.returncode == 0, live.stderr
    assert live.stdout == kept.stdout
    assert b"Art. 21" in live.stdout
    assert busy.returncode == 1
    assert b"in use" in busy.stderr


def test_a_report_is_written_for_each_leg(server: Server, tmp_path: Path) -> None:
    page = tmp_path / "report.html"

    listed = run("report", "p-1", "--server", server.http)
    written = run("report", "p-1", "--leg", "1", "--lang", "nl", "--out", str(page), "--server", server.http)

    [leg] = lines(listed.stdout)
    assert (leg["leg"], leg["host"], leg["units"], leg["reported"]) == (1, "NL", ["BE-K03"], False)
    assert written.returncode == 0, written.stderr
    assert written.stdout == b""
    assert "Meldkamer" in page.read_text()
    assert '<html lang="nl">' in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("explain", "0123456789abcdef"), "no event"),
        (("explain", "0123"), "too short"),
        (("explain", "0123456789", "--lang", "lb"), "not one of en, nl, fr, de"),
        (("report", "p-9"), "'p-9' is not in the journal"),
        (("report", "p-1", "--leg", "2"), "2 is not one of the 1 legs"),
        (("report", "p-1", "--leg", "1", "--out", "/no/such/place.html"), "cannot be written"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(server: Server, arguments: tuple[str, ...], reason: str) -> None:
    done = run(*arguments, "--server", server.http)

    assert done.returncode == 2
    assert reason in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert done.stdout == b""


def test_a_server_that_is_not_there_is_named() -> None:
    done = run("explain", "0123456789", "--server", "http://127.0.0.1:9")

    assert done.returncode == 2
    assert b"http://127.0.0.1:9 does not answer" in done.stderr
