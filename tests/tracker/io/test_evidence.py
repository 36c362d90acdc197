"""A supervisor keeps a pursuit as evidence over HTTP, by what the command line does too."""

from __future__ import annotations

from pathlib import Path

from tests.tracker.io.http_room import BEGAN_AT, HttpRoom, ping
from tracker.io import erasing
from tracker.io.credentials import Credentials
from tracker.io.service import Service

PATH = "/api/v1/pursuits/p-1/evidence"


async def test_a_supervisor_keeps_a_pursuit_and_lets_it_go(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> None:
    async with HttpRoom(service, credentials, web_directory, auth=True).open() as room:
        unit, dispatcher, chief, auditor = (
            {"Authorization": f"Bearer {tokens[role]}"} for role in ("unit", "dispatcher", "supervisor", "auditor")
        )
        other = credentials.issue("supervisor", at=BEGAN_AT, state="NL")
        stranger = {"Authorization": f"Bearer {other}"}
        await room.post("/api/v1/pings", ping(), **unit)
        await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE"}, **dispatcher)
        assert (await room.get(PATH, **auditor)).json == {"pursuit": "p-1", "holds": []}

        why = {"reason": "case 12"}
        assert (await room.post(PATH, why, **dispatcher)).status == 403
        assert (await room.post(PATH, why, **stranger)).error[:2] == (404, "id"), "it does not see the pursuit"
        assert (await room.post(PATH, {}, **chief)).error == (400, "reason", "missing")
        assert (await room.post(PATH, why | {"by": "another"}, **chief)).error[:2] == (403, "by")
        kept = await room.post(PATH, why, **chief)
        [mark] = kept.json["holds"]
        assert mark | {"by": ""} == {"by": "", "at": "2026-11-23T14:02:11.250Z", "reason": "case 12", "state": "BE"}
        again = await room.post(PATH, why, **chief)
        assert again.error[:2] == (409, "id")
        assert "held already" in again.error[2]
        assert (await room.get(PATH, **auditor)).json == kept.json
        assert set(await service.in_journal(erasing.held)) == {"p-1"}

        released = await room.post(f"{PATH}/release", {"reason": "closed"}, **chief)
        assert (released.status, released.json["holds"]) == (200, [])
        assert (await room.post(f"{PATH}/release", {"reason": "closed"}, **chief)).error[:2] == (409, "id")
        acts = await service.in_journal(erasing.remembered)
        assert [(one.act, one.by, one.reason) for one in acts] == [
            ("held", mark["by"], "case 12"),
            ("released", mark["by"], "closed"),
        ]
        rows = [row for row in await room.log.page(0, 100, "BE") if row.action in {"keep", "release"}]
        assert [(row.action, row.pursuit, row.reason, row.role) for row in rows] == [
            ("keep", "p-1", "case 12", "supervisor"),
            ("keep", "p-1", "case 12", "supervisor"),
            ("release", "p-1", "closed", "supervisor"),
            ("release", "p-1", "closed", "supervisor"),
        ]


async def test_what_others_keep_is_theirs_to_let_go(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> None:
    async with HttpRoom(service, credentials, web_directory, auth=True).open() as room:
        dispatcher, chief = ({"Authorization": f"Bearer {tokens[role]}"} for role in ("dispatcher", "supervisor"))
        await room.post("/api/v1/pings", ping(), Authorization=f"Bearer {tokens['unit']}")
        await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE"}, **dispatcher)
        for state in (None, "LU"):
            await room.retention.hold("p-1", "A. Chief", "case 13", state)
        refused = await room.post(f"{PATH}/release", {"reason": "closed"}, **chief)
        assert refused.error == (409, "id", "p-1 is not held by BE")
        assert (await room.post(PATH, {"reason": "case 14"}, **chief)).status == 200
        released = await room.post(f"{PATH}/release", {"reason": "closed"}, **chief)
        assert [(one["reason"], one.get("state")) for one in released.json["holds"]] == [
            ("case 13", None),
            ("case 13", "LU"),
        ]
        await room.retention.release("p-1", "A. Chief", "closed", None)
        assert set(await service.in_journal(erasing.held)) == {"p-1"}, "each keeps it from being erased"
        await room.retention.release("p-1", "A. Chief", "closed", "LU")
        assert await service.in_journal(erasing.held) == {}


async def test_without_sign_in_the_caller_says_who_it_is(http_room: HttpRoom) -> None:
    await http_room.post("/api/v1/pings", ping())
    await http_room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE"})
    assert (await http_room.post(PATH, {"reason": "case 12"})).error[:2] == (400, "by")
    assert (await http_room.post(PATH, {"reason": "case 12", "by": "A. Chief"})).json["holds"][0]["by"] == "A. Chief"
    assert (await http_room.get("/api/v1/pursuits/p-9/evidence")).status == 404


async def test_who_hits_upon_a_hidden_pursuits_id_is_on_record(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> None:
    """The answer cannot but tell that the id is taken; those whose pursuit it is read who tried."""
    async with HttpRoom(service, credentials, web_directory, auth=True).open() as room:
        dispatcher = {"Authorization": f"Bearer {tokens['dispatcher']}"}
        stranger = {"Authorization": f"Bearer {credentials.issue('dispatcher', at=BEGAN_AT, state='NL', name='RTIC')}"}
        await room.post("/api/v1/pings", ping(), Authorization=f"Bearer {tokens['unit']}")
        await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE"}, **dispatcher)

        tried = await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "NL-7", "started_in": "NL"}, **stranger)
        assert tried.error[:2] == (409, "id")
        own = await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K04", "started_in": "BE"}, **dispatcher)
        assert own.error[:2] == (409, "id")
        rows = [row for row in await room.log.page(0, 100, "BE") if row.action == "start"]
        assert [(row.name, row.state, row.pursuit, row.about) for row in rows] == [("RTIC", "NL", "p-1", ("BE",))]
