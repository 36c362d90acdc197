"""Who sends faster by `POST /api/v1/pings` than a unit may is told when to come again, and loses nothing by it."""

from __future__ import annotations

from pathlib import Path

from tests.tracker.io.http_room import BEGAN_AT, HttpRoom, ping
from tracker.io.credentials import Credentials
from tracker.io.pace import Limit
from tracker.io.service import Service


async def test_beyond_its_pace_it_is_told_to_wait(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> None:
    async with HttpRoom(service, credentials, web_directory, auth=True, limit=Limit(5.0, 20, 500.0)).open() as room:
        unit, gateway = (f"Bearer {tokens[name]}" for name in ("unit", "gateway"))
        many = [ping(t=BEGAN_AT - 3 + second / 10) for second in range(30)]
        assert (await room.post("/api/v1/pings", many, Authorization=unit)).json["accepted"] == 30

        refused = await room.post("/api/v1/pings", ping(t=BEGAN_AT), Authorization=unit)
        assert refused.error == (
            429,
            "",
            "faster than 5 pings a second of each unit, 20 at once; nothing of this was accepted: send it again in 2 s",
        )
        assert refused.headers["Retry-After"] == "2"
        assert (await room.post("/api/v1/pings", ping("BE-K04"), Authorization=gateway)).status == 200

        room.at += 2
        assert (await room.post("/api/v1/pings", ping(t=BEGAN_AT), Authorization=unit)).json["accepted"] == 1


async def test_what_was_kept_in_a_tunnel_has_a_pace_of_its_own(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> None:
    async with HttpRoom(service, credentials, web_directory, auth=True, limit=Limit(5.0, 20, 500.0)).open() as room:
        backlog = [ping(t=BEGAN_AT - 2_000 + second) for second in range(400)]
        for _ in range(2):
            answer = await room.post("/api/v1/pings", backlog, Authorization=f"Bearer {tokens['unit']}")
            assert answer.json["accepted"] == 400
            room.at += 0.2
