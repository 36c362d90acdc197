"""After the action, over a real server: the record of a pursuit, its stays in host states, the reports on them."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.e2e.browser import drive, send
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server


@pytest.fixture(scope="module")
def driven(module_server_factory: ServerFactory) -> Server:
    """A server on which BE-K03 pursued from Belgium into the Netherlands, and it is over; NL-X1 was not in it."""
    server = module_server_factory("--no-auth")
    pings = drive("BE-K03")
    with server.units() as unit:
        send(unit, pings[:30])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "ground": "stop_evaded"})
        send(unit, pings[30:])
        send(unit, drive("NL-X1"))
    server.post("/api/v1/pursuits/p-1/contact", {"status": "established", "host": "NL", "by": "Ann"})
    server.post("/api/v1/pursuits/p-1/end", {"reason": "Lost", "by": "Ann"})
    return server


def page(server: Server, path: str) -> tuple[int, str, dict[str, str]]:
    try:
        with urllib.request.urlopen(server.http + path, timeout=30) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def test_the_record_holds_every_event_and_every_fix_of_the_pursuit_and_no_others(driven: Server) -> None:
    record = driven.get("/api/v1/pursuits/p-1/record")

    own = [event for event in driven.events() if event.get("pursuit") == "p-1"]
    assert [event for event in record["events"] if event.get("pursuit") == "p-1"] == own
    assert {event.get("unit", "BE-K03") for event in record["events"]} == {"BE-K03"}
    assert list(record["roster"]) == list(record["fixes"]) == ["BE-K03"]
    fixes = record["fixes"]["BE-K03"]
    assert len(fixes) >= 45
    assert [fix[0] for fix in fixes] == sorted(fix[0] for fix in fixes)
    [crossing] = [event for event in own if event["type"] == "crossing.confirmed"]
    where = [fix[5] for fix in fixes]
    assert where == ["BE"] * where.count("BE") + ["NL"] * where.count("NL")
    assert {"BE", "NL"} == set(where)
    assert crossing["to"] == "NL"


def test_each_stay_in_a_host_state_has_a_report_to_print_in_every_language(driven: Server) -> None:
    [leg] = driven.get("/api/v1/pursuits/p-1/legs")["legs"]
    assert (leg["leg"], leg["host"], leg["units"], leg["reported"]) == (1, "NL", ["BE-K03"], False)
    assert "report" in leg["open"]

    for language, words in (("en", "Report on a cross-border action"), ("nl", 'lang="nl"'), ("fr", 'lang="fr"')):
        status, text, headers = page(driven, f"/api/v1/pursuits/p-1/legs/1?lang={language}")
        assert status == 200
        assert words in text
        assert "BE-K03" in text
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'; style-src 'sha256-" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/v1/pursuits/p-2/record", 404, "id"),
        ("/api/v1/pursuits/p-2/legs", 404, "id"),
        ("/api/v1/pursuits/p-1/legs/2", 404, "leg"),
        ("/api/v1/pursuits/p-1/legs/0", 404, "leg"),
        ("/api/v1/pursuits/p-1/legs/1e0", 404, "leg"),
        ("/api/v1/pursuits/p-1/legs/%D9%A1", 404, "leg"),
        ("/api/v1/pursuits/p-1/legs/99999999999999999999", 404, "leg"),
        ("/api/v1/pursuits/p-1/legs/1?lang=xx", 400, "lang"),
        ("/api/v1/pursuits/p-1/legs/1?long=nl", 400, "long"),
    ],
)
def test_what_is_not_there_is_said_with_field_and_reason(driven: Server, path: str, status: int, field: str) -> None:
    found, body = driven.status(path)

    assert (found, body["error"]["field"]) == (status, field)
