"""The HTTP API: every call, every refusal, and headers that keep the page to itself."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from tests.tracker.io.http_room import BEGAN_AT, BORDERS, HttpRoom, ping
from tracker.io.credentials import Credentials
from tracker.io.openapi import CALLS
from tracker.io.service import Service
from tracker.treaty.lines import decide_lines
from tracker.words import phrases

PURSUIT_KEYS = {
    "id", "phase", "started_at", "started_in", "ground", "note", "members", "lines", "obligations",
    "decisions", "crossings",
}  # fmt: skip


def test_every_route_is_described_and_every_description_served(http_room: HttpRoom) -> None:
    routes = {
        (route.method, re.sub(r":\(\?!api/\)\.\+}", "}", route.resource.canonical))
        for route in http_room.api.app().router.routes()
        if route.resource is not None and route.method != "HEAD"
    }

    assert routes == {(call.method, call.path) for call in CALLS}


async def test_config(http_room: HttpRoom) -> None:
    answer = await http_room.get("/api/v1/config")

    assert answer.status == 200
    told = dict(answer.json)
    acts, phases = told.pop("acts"), told.pop("phases")
    assert {act["name"] for act in acts} == {"contact", "host-decision", "danger", "hold", "handover", "report"}
    assert phases["ended"] == ["contact", "obligation", "report"]
    assert told == {
        "version": "1.2.3",
        "ws": "ws://127.0.0.1:8081/live",
        "attribution": "© OpenStreetMap contributors",
        "boundary": {"sha256": "ab" * 32, "vintage": "2026-11"},
        "epoch": http_room.service.epoch,
        "demo": False,
        "basemap": {"kind": "builtin", "url": "", "attribution": ""},
        "sign_in": [],
    }


async def test_pings_become_units(http_room: HttpRoom) -> None:
    sent = [ping(speed=36.1, course=208.1, acc=6), ping("NL-7", lon=5.1, lat=52.1)]

    assert (await http_room.post("/api/v1/pings", sent)).json == {"accepted": 2, "refused": []}
    collection = (await http_room.get("/api/v1/units")).json
    assert collection["type"] == "FeatureCollection"
    assert [feature["properties"]["unit"] for feature in collection["features"]] == ["BE-K03", "NL-7"]
    unit = collection["features"][0]
    assert (unit["type"], unit["geometry"]) == ("Feature", {"type": "Point", "coordinates": [4.7353, 51.4]})
    properties = unit["properties"]
    assert (properties["t"], properties["speed"], properties["course"]) == (BEGAN_AT, 36.1, 208.1)
    assert (properties["territory"], properties["state"], properties["call_sign"]) == ("BE", "BE", "K03")
    assert (properties["quality"], properties["pursuit"]) == ("ok", None)


async def test_bad_pings_stop_no_good_ones(http_room: HttpRoom) -> None:
    sent = [
        ping(lat=91),
        ping("BE-1"),
        ping("BE-2", t=0),
        ping("BE-3"),
        {"unit": "BE-4"},
        5,
        ping("BE-5", x=1),
    ]

    answer = await http_room.post("/api/v1/pings", sent)

    assert answer.status == 200
    assert answer.json["accepted"] == 2
    refused = [(one["index"], one["field"]) for one in answer.json["refused"]]
    assert refused == [(0, "lat"), (2, "t"), (4, "t"), (5, ""), (6, "x")]
    assert "91 is outside -90 to 90" in answer.json["refused"][0]["reason"]


async def test_a_resend_is_accepted_and_applied_once(http_room: HttpRoom) -> None:
    for sent in (ping(), ping(boot="a", seq=1)):
        for _ in range(2):
            answer = await http_room.post("/api/v1/pings", sent)
            assert answer.json == {"accepted": 1, "refused": []}
    changed = await http_room.post("/api/v1/pings", ping(boot="a", seq=1, lat=51.5))

    assert changed.json["accepted"] == 0
    assert changed.json["refused"][0]["index"] == 0
    events = (await http_room.get("/api/v1/events")).json["events"]
    assert [event["type"] for event in events].count("unit.seen") == 1


@pytest.mark.parametrize("data", [b"", b"{", b"[", b"NaN", b"5", b'"x"', b"\xff", b"[" * 100_000, b"[1]" * 2])
async def test_what_is_no_message_is_a_bad_request(http_room: HttpRoom, data: bytes) -> None:
    status, field, _ = (await http_room.ask("POST", "/api/v1/pings", data=data)).error

    assert (status, field) == (400, "")


async def test_too_many_pings_are_a_bad_request(http_room: HttpRoom) -> None:
    status, field, reason = (await http_room.post("/api/v1/pings", [ping()] * 1_001)).error

    assert (status, field) == (400, "")
    assert "at most 1000" in reason


async def test_an_empty_array_is_nothing(http_room: HttpRoom) -> None:
    assert (await http_room.post("/api/v1/pings", [])).json == {"accepted": 0, "refused": []}


async def test_large_bodies_are_refused(http_room: HttpRoom) -> None:
    pings = await http_room.ask("POST", "/api/v1/pings", data=b" " * (1024 * 1024 + 1))
    command = await http_room.ask("POST", "/api/v1/pursuits", data=b" " * (64 * 1024 + 1))

    assert (pings.status, command.status) == (413, 413)
    assert (await http_room.get("/healthz")).status == 200


async def test_a_large_body_that_does_not_say_so_is_refused(http_room: HttpRoom) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536

    async with http_room.client.post(f"http://127.0.0.1:{http_room.port}/api/v1/pursuits", data=endless()) as response:
        assert response.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"])
async def test_encoded_bodies_are_refused(http_room: HttpRoom, encoding: str) -> None:
    body = gzip.compress(json.dumps(ping()).encode())
    for path in ("/api/v1/pings", "/api/v1/pursuits"):
        answer = await http_room.ask("POST", path, data=body, Content_Encoding=encoding)
        assert answer.error[:2] == (415, "Content-Encoding")


async def test_borders_are_encoded_once(http_room: HttpRoom) -> None:
    plain = await http_room.get("/api/v1/borders", Accept_Encoding="identity")
    packed = await http_room.get("/api/v1/borders", Accept_Encoding="gzip")
    known = await http_room.get("/api/v1/borders", If_None_Match=plain.headers["ETag"])

    assert plain.body == BORDERS == gzip.decompress(packed.body)
    assert plain.headers["Content-Type"] == "application/geo+json"
    assert (known.status, known.body) == (304, b"")


async def test_events_are_paged(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pings", [ping(f"BE-{number}") for number in range(5)])
    seen = []
    after = 0
    while True:
        page = (await http_room.get(f"/api/v1/events?after={after}&limit=2")).json
        assert page["epoch"] == http_room.service.epoch
        if not page["events"]:
            break
        seen += [(event["offset"], event["type"], event["unit"]) for event in page["events"]]
        after = page["next"]

    assert page["next"] == after == 5
    assert seen == [(number + 1, "unit.seen", f"BE-{number}") for number in range(5)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("page=1", "page"),
    ],
)
async def test_bad_queries_are_refused(http_room: HttpRoom, query: str, field: str) -> None:
    assert (await http_room.get(f"/api/v1/events?{query}")).error[:2] == (400, field)


async def test_a_pursuit_from_start_to_end(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pings", [ping("BE-K03"), ping("NL-7", lon=5.1, lat=52.1)])
    started = await http_room.post(
        "/api/v1/pursuits",
        {"id": "p-1", "unit": "BE-K03", "started_in": "BE", "note": "grey van", "by": "Ada"},
    )
    assert started.status == 201
    assert set(started.json["pursuit"]) >= PURSUIT_KEYS
    assert (started.json["pursuit"]["id"], started.json["pursuit"]["phase"]) == ("p-1", "running")
    assert started.json["events"][0]["type"] == "pursuit.started"
    assert (started.json["events"][0]["by"], started.json["events"][0]["note"]) == ("Ada", "grey van")

    base = "/api/v1/pursuits/p-1"
    joined = await http_room.post(f"{base}/join", {"unit": "NL-7"})
    contact = await http_room.post(f"{base}/contact", {"host": "NL", "with": "KLPD", "channel": "phone"})
    danger = await http_room.post(f"{base}/danger", {"disproportionate": False})
    decision = await http_room.post(f"{base}/host-decision", {"decision": "takeover", "host": "NL", "by": "Bo"})
    ended = await http_room.post(f"{base}/end", {"reason": "lost sight"})
    for answer, type_ in (
        (joined, "pursuit.joined"),
        (contact, "pursuit.contact"),
        (danger, "pursuit.danger"),
        (decision, "pursuit.host_decision"),
        (ended, "pursuit.ended"),
    ):
        assert answer.status == 200, answer.body
        assert answer.json["events"][0]["type"] == type_
        assert answer.json["pursuit"]["id"] == "p-1"

    assert [member["unit"] for member in joined.json["pursuit"]["members"]] == ["BE-K03", "NL-7"]
    line = contact.json["pursuit"]["lines"][0]
    assert (line["host"], line["status"], line["with"], line["channel"]) == (
        "NL",
        "established",
        "KLPD",
        "phone",
    )
    assert decision.json["pursuit"]["phase"] == "taken_over"
    assert ended.json["pursuit"]["phase"] == "ended"
    assert (await http_room.get(base)).json == ended.json["pursuit"]
    assert (await http_room.get("/api/v1/pursuits")).json == {"pursuits": [ended.json["pursuit"]]}


async def test_a_name_is_made_up_if_none_is_given(http_room: HttpRoom) -> None:
    ids = {
        (await http_room.post("/api/v1/pursuits", {"unit": f"BE-{number}"})).json["pursuit"]["id"]
        for number in range(5)
    }

    assert len(ids) == 5
    assert all(re.fullmatch(r"p-[0-9a-f]{8}", id_) for id_ in ids)


async def test_what_exists_already_is_a_conflict(http_room: HttpRoom) -> None:
    assert (await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-1"})).status == 201
    assert (await http_room.post("/api/v1/pursuits", {"id": "p-2", "unit": "BE-2"})).status == 201

    again = await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-3"})
    busy = await http_room.post("/api/v1/pursuits", {"id": "p-3", "unit": "BE-1"})
    joined = await http_room.post("/api/v1/pursuits/p-2/join", {"unit": "BE-1"})

    assert again.error[:2] == (409, "id")
    assert busy.error[:2] == joined.error[:2] == (409, "unit")


async def test_a_phase_that_does_not_allow_it_is_a_conflict(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-1", "started_in": "BE"})
    await http_room.post("/api/v1/pursuits/p-1/end", {})

    status, field, reason = (await http_room.post("/api/v1/pursuits/p-1/join", {"unit": "BE-2"})).error

    assert (status, field) == (409, "phase")
    assert "ended" in reason


async def test_contact_may_be_empty_or_tell_both_moments(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-1", "started_in": "BE"})
    contact = "/api/v1/pursuits/p-1/contact"

    tried = await http_room.post(contact, {"host": "NL", "attempted_at": BEGAN_AT - 20})
    both = await http_room.post(
        contact, {"host": "NL", "attempted_at": BEGAN_AT - 20, "established_at": "2026-11-23T14:02:01Z"}
    )
    lost = await http_room.post(contact, {"host": "NL", "status": "lost"})

    statuses = [[event["status"] for event in one.json["events"] if event["type"] == "pursuit.contact"]
                for one in (tried, both, lost)]  # fmt: skip
    assert statuses == [["attempted"], ["attempted", "established"], ["lost"]]
    assert both.json["pursuit"]["lines"][0]["since"] == "2026-11-23T14:02:01.000Z"


@pytest.mark.parametrize(
    ("step", "body", "field"),
    [
        ("contact", {"status": "maybe"}, "status"),
        ("contact", {"host": "DE"}, "host"),
        ("contact", {"whom": "x"}, "whom"),
        ("contact", {"attempted_at": "yesterday"}, "attempted_at"),
        ("contact", {"attempted_at": BEGAN_AT, "established_at": BEGAN_AT - 1}, "attempted_at"),
        ("contact", {"status": "attempted", "established_at": BEGAN_AT}, "status"),
        ("contact", {"host": "NL", "established_at": BEGAN_AT + 60}, "established_at"),
        ("host-decision", {}, "decision"),
        ("host-decision", {"decision": "go"}, "decision"),
        ("danger", {"disproportionate": "yes"}, "disproportionate"),
        ("danger", {}, "disproportionate"),
        ("join", {}, "unit"),
        ("join", {"unit": "a b"}, "unit"),
        ("hold", {"unit": 5}, "unit"),
        ("hold", {"held_at": "soon"}, "held_at"),
        ("hold", {"force_used": "some"}, "force_used"),
        ("host-decision", {"decision": "none", "consent": "yes"}, "consent"),
        ("continuity", {}, "continuous"),
        ("continuity", {"continuous": True, "unit": "BE-2"}, "unit"),
        ("obligation", {}, "obligation"),
        ("obligation", {"obligation": "no-such"}, "obligation"),
        ("obligation", {"kind": "contact"}, "kind"),
        ("handover", {"to": ["x"]}, "to"),
        ("report", {"host": "FR"}, "host"),
        ("end", {"reason": "x" * 1_001}, "reason"),
        ("end", [], ""),
    ],
)
async def test_bad_commands_are_refused_by_field(http_room: HttpRoom, step: str, body: object, field: str) -> None:
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-1", "started_in": "BE"})
    before = http_room.service.world.offset

    answer = await http_room.post(f"/api/v1/pursuits/p-1/{step}", body)

    assert answer.error[:2] == (400, field)
    assert http_room.service.world.offset == before


async def test_what_is_not_there_is_not_found(http_room: HttpRoom) -> None:
    steps = (
        "join",
        "contact",
        "host-decision",
        "danger",
        "continuity",
        "obligation",
        "hold",
        "handover",
        "report",
        "end",
    )
    for path in ("/api/v1/pursuits/no", "/api/v1/pursuits/no/track"):
        assert (await http_room.get(path)).error[:2] == (404, "id")
    for step in steps:
        assert (await http_room.post(f"/api/v1/pursuits/no/{step}", {})).error[:2] == (404, "id")
    assert (await http_room.post("/api/v1/alerts/no/ack", {"by": "Ada"})).error[:2] == (404, "id")


async def test_an_alert_is_acknowledged_once(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-1", "started_in": "BE"})
    decided = await http_room.post("/api/v1/pursuits/p-1/host-decision", {"decision": "stop", "host": "NL"})
    alert = next(event["id"] for event in decided.json["events"] if event["type"] == "pursuit.host_decision")

    first = await http_room.post(f"/api/v1/alerts/{alert}/ack", {"by": "Ada"})
    second = await http_room.post(f"/api/v1/alerts/{alert}/ack", {"by": "Bo"})

    assert first.status == second.status == 200
    assert first.json == second.json
    (event,) = first.json["events"]
    assert (event["type"], event["event"], event["by"]) == ("alert.acknowledged", alert, "Ada")
    for body in ({}, {"by": ""}, {"by": 5}):
        assert (await http_room.post(f"/api/v1/alerts/{alert}/ack", body)).error[:2] == (400, "by")


async def test_a_track_is_a_line_per_member(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pings", ping("BE-K03"))
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    http_room.at += 10
    later = [ping("BE-K03", t=BEGAN_AT + second, lon=4.7353 + second * 1e-4) for second in range(1, 5)]
    await http_room.post("/api/v1/pings", later)

    collection = (await http_room.get("/api/v1/pursuits/p-1/track")).json

    assert collection["type"] == "FeatureCollection"
    (leg,) = collection["features"]
    assert leg["geometry"]["type"] == "LineString"
    assert len(leg["geometry"]["coordinates"]) == len(leg["properties"]["times"]) == 5
    assert (leg["properties"]["unit"], leg["properties"]["territory"]) == ("BE-K03", "BE")


async def test_operations(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pings", [ping(), ping("BE-2", lat=91)])
    await http_room.post("/api/v1/pursuits", {"unit": "BE-K03"})

    assert (await http_room.get("/healthz")).json == {"status": "ok"}
    ready = await http_room.get("/readyz")
    assert (ready.status, ready.json["status"]) == (200, "ready")
    assert ready.json["checks"] == dict.fromkeys(("borders", "journal", "disk", "clock"), "ok")
    metrics = (await http_room.get("/metrics")).body.decode()
    for line in (
        'drempelloos_pings_total{source="http",verdict="accepted"} 1.0',
        'drempelloos_pings_total{source="http",verdict="refused"} 1.0',
        'drempelloos_events_total{type="unit.seen"} 1.0',
        'drempelloos_events_total{type="pursuit.started"} 1.0',
        "drempelloos_units 1.0",
        "drempelloos_viewers 0.0",
    ):
        assert line in metrics.splitlines()
    assert (await http_room.get("/openapi.json")).json["openapi"] == "3.1.0"


async def test_the_page_is_served(http_room: HttpRoom) -> None:
    index = await http_room.get("/")
    script = await http_room.get("/vendor/maplibre-gl.mjs")

    assert b"<title>map</title>" in index.body
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/absent.html", 404),
        ("GET", "/api/v1/absent", 404),
        ("POST", "/api/v1/absent", 404),
        ("GET", "/api/", 404),
        ("POST", "/healthz", 405),
        ("DELETE", "/api/v1/pursuits", 405),
        ("GET", "/api/v1/pings", 405),
        ("PUT", "/", 405),
        ("OPTIONS", "/api/v1/pings", 405),
        ("PROPFIND", "/api/v1/pings", 405),
    ],
)
async def test_errors_are_json(http_room: HttpRoom, method: str, path: str, status: int) -> None:
    answer = await http_room.ask(method, path)

    assert answer.error[:2] == (status, "")
    assert answer.headers["Content-Type"] == "application/json"
    assert ("Allow" in answer.headers) == (status == 405)
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_fault_of_ours_is_told_by_an_id_and_nothing_else(
    http_room: HttpRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(http_room.service, "events", fail)
    with capture_logs() as logged:
        status, field, reason = (await http_room.get("/api/v1/events")).error

    assert (status, field) == (500, "")
    assert "secret" not in reason
    (entry,) = logged
    assert (entry["error_id"], entry["log_level"]) == (reason.rpartition(" ")[2], "error")
    assert entry["exc_info"]


@pytest.mark.parametrize("path", ["/", "/api/v1/config", "/absent", "/healthz", "/metrics"])
async def test_every_answer_has_the_headers_that_keep_the_page_to_itself(http_room: HttpRoom, path: str) -> None:
    for answer in (await http_room.get(path), await http_room.get(path, Host="evil.example")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "geolocation=()" in answer.headers["Permissions-Policy"]
        assert "aiohttp" not in answer.headers["Server"]
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == "'none'"
        assert policy["script-src"] == policy["worker-src"] == policy["style-src"] == policy["font-src"] == "'self'"
        assert policy["img-src"] == "'self' data: blob:"
        feed = "" if answer.status == 403 else " ws://127.0.0.1:8081"
        assert policy["connect-src"] == "'self'" + feed


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost.evil.example:{port}", "127.0.0.1:1"],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/units", "/healthz", "/api/v1/pings"])
async def test_other_names_are_refused(http_room: HttpRoom, host: str, path: str) -> None:
    method = "POST" if path.endswith("pings") else "GET"
    answer = await http_room.ask(method, path, data=b"{}" if method == "POST" else None,
                                 Host=host.format(port=http_room.port))  # fmt: skip

    assert answer.error[:2] == (403, "Host")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1", ""])
async def test_other_sites_change_nothing(http_room: HttpRoom, origin: str) -> None:
    for path, body in (("/api/v1/pings", ping()), ("/api/v1/pursuits", {"unit": "BE-1"})):
        answer = await http_room.ask(
            "POST", path, data=json.dumps(body).encode(), Origin=origin, Content_Type="text/plain"
        )
        assert answer.error[:2] == (403, "Origin")
    assert http_room.service.world.offset == 0


async def test_our_own_page_may_change_things(http_room: HttpRoom) -> None:
    origin = f"http://localhost:{http_room.port}"

    assert (await http_room.post("/api/v1/pursuits", {"unit": "BE-1"}, Origin=origin)).status == 201


@pytest_asyncio.fixture
async def strict_room(service: Service, credentials: Credentials, web_directory: Path) -> AsyncIterator[HttpRoom]:
    """Bound to all addresses of the machine, as far as the gate knows."""
    async with HttpRoom(service, credentials, web_directory, host="0.0.0.0", auth=True).open() as room:  # noqa: S104
        yield room


async def test_a_token_speaks_for_its_own_units_only(strict_room: HttpRoom, tokens: dict[str, str]) -> None:
    sent = [ping("BE-K03"), ping("BE-K04"), ping("NL-7")]
    unit = await strict_room.post("/api/v1/pings", sent, Authorization=f"Bearer {tokens['unit']}")
    gateway = await strict_room.post("/api/v1/pings", sent, Authorization=f"bearer {tokens['gateway']}")

    assert unit.json["accepted"] == 1
    assert [(one["index"], one["field"]) for one in unit.json["refused"]] == [(1, "unit"), (2, "unit")]
    assert gateway.json["accepted"] == 2
    assert [one["index"] for one in gateway.json["refused"]] == [2]


async def test_the_state_comes_from_the_token(strict_room: HttpRoom, tokens: dict[str, str]) -> None:
    """Identity comes from the credential, never from what a sender calls itself."""
    headers = {"Authorization": f"Bearer {tokens['odd']}"}
    await strict_room.post("/api/v1/pings", ping("ZZ-9"), **headers)
    units = await strict_room.get("/api/v1/units", Authorization=f"Bearer {tokens['dispatcher']}")

    assert strict_room.service.world.units["ZZ-9"].state == "LU"
    assert units.json["features"] == [], "the dispatcher is Belgium's"


def test_pages_and_api_share_no_name() -> None:
    """A file of the page could otherwise hide behind a call."""
    assert all(call.path.startswith("/api/") or call.path.count("/") == 1 for call in CALLS)
    assert not issubclass(web.HTTPNotFound, web.HTTPMethodNotAllowed)


async def test_the_law_is_asked_about_a_crossing_that_nobody_made(http_room: HttpRoom) -> None:
    facts = {
        "unit": {"origin_state": "BE"},
        "pursuit": {"kind": "pursuit", "started_in": "BE"},
        "crossing": {"from": "BE", "to": "NL", "time": "2026-11-23T14:02:11Z"},
    }

    answer = await http_room.post("/api/v1/decide", facts)

    line = next(iter(decide_lines([json.dumps(facts).encode()])))
    assert answer.status == 200
    assert answer.json == json.loads(line)
    assert (answer.json["rule"], answer.json["permitted"]) == ("R12", "conditional")
    assert (await http_room.get("/api/v1/events")).json["events"] == []
    assert (await http_room.post("/api/v1/decide", {"danger": "much"})).error[:2] == (400, "danger")
    assert (await http_room.post("/api/v1/decide", {"dangers": True})).error[:2] == (400, "dangers")


async def test_the_words_of_the_law_come_in_each_language(http_room: HttpRoom) -> None:
    dutch = await http_room.get("/api/v1/words/nl")

    assert dutch.status == 200
    assert dutch.json["language"] == "nl"
    assert dutch.json["checked"] is phrases("nl").is_checked
    assert dutch.json["phrases"]["The host says stop"] == "De gaststaat zegt stop"
    assert (await http_room.get("/api/v1/words/en")).json["phrases"] == {}
    assert (await http_room.get("/api/v1/words/xx")).error[:2] == (404, "name")
