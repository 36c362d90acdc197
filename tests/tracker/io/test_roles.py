"""Who may call what: every route of the API with a caller of every role, against a table written by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.tracker.io.http_room import HttpRoom
from tests.tracker.io.live_room import Room
from tracker.io.credentials import Credentials
from tracker.io.openapi import CALLS
from tracker.io.service import Service
from tracker.roles import MAY, Access, Role

ROLES = dict(zip("UGDSAM", get_args(Role), strict=True))
"""Unit, gateway, dispatcher, supervisor, auditor, admin."""

WHO = {
    "GET /api/v1/config": "*",
    "GET /basemap.pmtiles": "*",
    "GET /api/v1/borders": "*",
    "GET /api/v1/borders/outline": "*",
    "GET /api/v1/borders/sides": "*",
    "GET /api/v1/words/{name}": "*",
    "POST /api/v1/decide": "DSA",
    "POST /api/v1/pings": "UG",
    "GET /api/v1/units": "DSA",
    "GET /api/v1/events": "DSA",
    "GET /api/v1/pursuits": "DSA",
    "GET /api/v1/pursuits/{id}": "DSA",
    "GET /api/v1/pursuits/{id}/track": "DSA",
    "GET /api/v1/pursuits/{id}/record": "DSA",
    "GET /api/v1/pursuits/{id}/legs": "DSA",
    "GET /api/v1/pursuits/{id}/legs/{leg}": "DSA",
    "POST /api/v1/pursuits": "DS",
    "POST /api/v1/pursuits/{id}/join": "DS",
    "POST /api/v1/pursuits/{id}/contact": "DS",
    "POST /api/v1/pursuits/{id}/host-decision": "DS",
    "POST /api/v1/pursuits/{id}/danger": "DS",
    "POST /api/v1/pursuits/{id}/continuity": "DS",
    "POST /api/v1/pursuits/{id}/obligation": "DS",
    "POST /api/v1/pursuits/{id}/hold": "DS",
    "POST /api/v1/pursuits/{id}/handover": "DS",
    "POST /api/v1/pursuits/{id}/report": "DS",
    "POST /api/v1/pursuits/{id}/end": "DS",
    "POST /api/v1/pursuits/{id}/open": "DSA",
    "GET /api/v1/access-log": "SA",
    "POST /api/v1/alerts/{id}/ack": "DS",
    "GET /api/v1/trainings": "DSA",
    "POST /api/v1/trainings": "S",
    "POST /api/v1/trainings/{id}/stop": "S",
    "POST /api/v1/session": "*",
    "GET /api/v1/session": "*",
    "DELETE /api/v1/session": "DSAM",
    "POST /api/v1/ws-ticket": "DSA",
    "GET /api/v1/admin/accounts": "M",
    "POST /api/v1/admin/accounts": "M",
    "POST /api/v1/admin/accounts/{name}/disable": "M",
    "POST /api/v1/admin/accounts/{name}/enable": "M",
    "POST /api/v1/admin/accounts/{name}/role": "M",
    "POST /api/v1/admin/accounts/{name}/link": "M",
    "POST /api/v1/admin/accounts/{name}/sign-out": "M",
    "GET /api/v1/admin/tokens": "M",
    "POST /api/v1/admin/tokens": "M",
    "POST /api/v1/admin/tokens/{id}/revoke": "M",
    "GET /api/v1/admin/sessions": "M",
    "POST /api/v1/admin/sessions/{id}/end": "M",
    "GET /api/v1/pursuits/{id}/evidence": "DSA",
    "POST /api/v1/pursuits/{id}/evidence": "S",
    "POST /api/v1/pursuits/{id}/evidence/release": "S",
    "GET /api/v1/oidc/start": "*",
    "GET /api/v1/oidc/callback": "*",
    "GET /sign-in": "*",
    "GET /metrics": "DSAM",
    "GET /healthz": "*",
    "GET /readyz": "*",
    "GET /openapi.json": "*",
    "GET /": "*",
    "GET /{name}": "*",
}
"""`*`: whoever asks."""


@pytest_asyncio.fixture
async def strict_room(service: Service, credentials: Credentials, web_directory: Path) -> AsyncIterator[HttpRoom]:
    """Bound to all addresses of the machine, as far as the gate knows."""
    async with HttpRoom(service, credentials, web_directory, host="0.0.0.0", auth=True).open() as room:  # noqa: S104
        yield room


def test_the_table_has_every_route() -> None:
    assert [f"{call.method} {call.path}" for call in CALLS if f"{call.method} {call.path}" not in WHO] == []
    assert WHO.keys() == {f"{call.method} {call.path}" for call in CALLS}


async def test_every_route_with_every_role(strict_room: HttpRoom, tokens: dict[str, str]) -> None:
    callers = {"nobody": {}, "stranger": {"Authorization": "Bearer stranger"}} | {
        role: {"Authorization": f"Bearer {tokens[role]}"} for role in ROLES.values()
    }
    found: dict[str, dict[str, str]] = {}
    for call in CALLS:
        path = call.path.replace("{id}", "x").replace("{leg}", "1").replace("{name}", "index.html")
        found[f"{call.method} {call.path}"] = {
            who: {401: "who?", 403: "no"}.get(
                (await strict_room.ask(call.method, path, None, data=None, **headers)).status, "yes"
            )
            for who, headers in callers.items()
        }

    assert found == {
        route: {
            who: "yes"
            if letters == "*" or who in {ROLES[letter] for letter in letters}
            else "no"
            if who in ROLES.values()
            else "who?"
            for who in callers
        }
        for route, letters in WHO.items()
    }


async def test_the_live_feed_with_every_role(room: Room, tokens: dict[str, str]) -> None:
    statuses: dict[str, int] = {}
    for role in ROLES.values():
        try:
            async with connect(room.url(), additional_headers={"Authorization": f"Bearer {tokens[role]}"}):
                statuses[role] = 101
        except InvalidStatus as refused:
            statuses[role] = refused.response.status_code

    assert statuses == {
        "unit": 403, "gateway": 403, "dispatcher": 101, "supervisor": 101, "auditor": 101, "admin": 403,
    }  # fmt: skip


def test_an_auditor_reads_and_an_admin_sees_nothing_live() -> None:
    assert {access for access, roles in MAY.items() if "auditor" in roles} == {"see", "audit", "operate", "own"}
    assert {access for access, roles in MAY.items() if "admin" in roles} == {"administer", "operate", "own"}
    assert MAY.keys() == set(get_args(Access)) - {"public"}
