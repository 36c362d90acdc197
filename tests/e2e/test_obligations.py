"""What is owed after a crossing, over HTTP, through a kill and a rebuild."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, run
from tests.e2e.test_whole_way import drive, send


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    """A Belgian unit in pursuit is in the Netherlands, and contact was made."""
    server = server_factory("--no-auth")
    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    with server.units() as unit:
        send(unit, drive("BE-K03", "a1"))
    server.post("/api/v1/pursuits/p-1/contact", {"host": "NL"})
    return server


def owed(server: Server) -> dict[str, dict[str, Any]]:
    return {duty["kind"]: duty for duty in server.get("/api/v1/pursuits/p-1")["obligations"]}


def do(server: Server, command: str, **body: object) -> tuple[int, Any]:
    return server.status(f"/api/v1/pursuits/p-1/{command}", json.dumps(body).encode())


def test_what_a_person_says_was_done_is_met_once_and_stays_met(server: Server) -> None:
    confirm = owed(server)["confirm_in_writing"]
    assert confirm["deadline"] is not None

    status, answer = do(server, "obligation", obligation=confirm["id"], by="An", note="mail 17")
    assert status == 200
    [met] = answer["events"]
    assert (met["type"], met["obligation"], met["by"], met["note"]) == (
        "obligation.met",
        confirm["id"],
        "An",
        "mail 17",
    )
    server.kill()
    server.start()

    assert "confirm_in_writing" not in owed(server)
    assert "inform_contact_points" in owed(server)
    status, answer = do(server, "obligation", obligation=confirm["id"])
    assert (status, answer["error"]["field"]) == (400, "obligation")
    server.stop()
    rebuilt = json.loads(run("rebuild", "--data", str(server.data)).stdout)
    assert rebuilt["identical"] is True


def test_a_host_is_reported_to_once_for_what_was_done_there(server: Server) -> None:
    status, answer = do(server, "obligation", kind="report")
    assert (status, answer["error"]["field"]) == (400, "kind")
    do(server, "end", reason="lost sight")
    assert owed(server)["report"]["host"] == "NL"

    status, answer = do(server, "report", by="An")
    assert status == 200
    assert [event["type"] for event in answer["events"]] == ["pursuit.report", "obligation.met"]
    status, answer = do(server, "report", host="NL")
    assert status == 400
    assert "nothing was done there since" in answer["error"]["reason"]
