"""Signing in over HTTP: names and passwords, links, cookies, and the end of sessions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.tracker.io.http_room import Answer, HttpRoom, ping
from tracker.errors import Refused
from tracker.io.credential_file import FILE
from tracker.io.credentials import LOCAL, Credentials
from tracker.io.service import Service
from tracker.io.sessions import LINK_S

PASSWORD = "Zes paarden op de dijk"  # noqa: S105


@pytest_asyncio.fixture
async def room(service: Service, credentials: Credentials, web_directory: Path) -> AsyncIterator[HttpRoom]:
    """Ada is a dispatcher in NL, Bob an auditor in BE, Cis an admin."""
    async with HttpRoom(service, credentials, web_directory, auth=True).open() as room:
        for name, role, state in (("ada", "dispatcher", "NL"), ("bob", "auditor", "BE"), ("cis", "admin", None)):
            room.accounts.add(name, role, state, room.passwords.hash(f"{name} {PASSWORD}"), room.now())
        yield room


def origin(room: HttpRoom) -> str:
    return f"http://127.0.0.1:{room.port}"


async def sign_in(room: HttpRoom, name: str = "ada", password: str | None = None, **headers: str) -> Answer:
    body = {"name": name, "password": f"{name.lower()} {PASSWORD}" if password is None else password}
    return await room.post("/api/v1/session", body, **({"Origin": origin(room)} | headers))


async def browser(room: HttpRoom, name: str = "ada") -> dict[str, str]:
    """The headers of a browser in which somebody has signed in."""
    answer = await sign_in(room, name)
    assert answer.status == 200
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "Origin": origin(room)}


async def test_a_session_is_a_cookie_that_no_script_and_no_other_site_has(room: HttpRoom) -> None:
    answer = await sign_in(room)

    cookie = answer.headers["Set-Cookie"]
    name, _, rest = cookie.partition("=")
    assert name == f"__Host-drempelloos-{room.port}", "the prefix asks browsers for Secure, Path=/ and no Domain"
    assert len(rest.partition(";")[0]) >= 43, "256 bits in base64"
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"}
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert (told["name"], told["role"], told["state"]) == ("ada", "dispatcher", "NL")


async def test_who_am_i(room: HttpRoom, tokens: dict[str, str]) -> None:
    async def who(**headers: str) -> tuple[str | None, str | None, str | None]:
        told = (await room.get("/api/v1/session", **headers)).json
        return told["name"], told["role"], told["state"]

    assert await who() == (None, None, None)
    assert await who(Cookie=f"{room.gate.cookie_name}=wrong") == (None, None, None)
    assert await who(**await browser(room, "bob")) == ("bob", "auditor", "BE")
    assert await who(**await browser(room, "CIS")) == ("cis", "admin", None)
    assert (await who(Authorization=f"Bearer {tokens['supervisor']}"))[1:] == ("supervisor", "BE")


async def test_where_nobody_must_sign_in_everybody_is_the_local_supervisor(http_room: HttpRoom) -> None:
    told = (await http_room.get("/api/v1/session")).json

    assert told == {"name": None, "role": "supervisor", "state": None, "ends_at": None, "contacts": {}}
    assert (await http_room.get("/api/v1/config")).json["sign_in"] == []


async def test_what_is_not_right_is_refused_in_the_same_words(room: HttpRoom) -> None:
    room.accounts.disable("bob", room.now())
    answers = [
        await sign_in(room, "ada", "wrong"),
        await sign_in(room, "nobody", f"ada {PASSWORD}"),
        await sign_in(room, "bob"),
        await sign_in(room, "x" * 900, "y" * 900),
        await sign_in(room, "' OR 1=1 --", ""),
    ]

    assert {(answer.status, answer.body) for answer in answers} == {
        (401, b'{"error":{"field":"password","reason":"name and password do not match an account"}}')
    }
    assert not any("Set-Cookie" in answer.headers for answer in answers)


async def test_neither_passwords_nor_names_that_are_none_are_logged(room: HttpRoom) -> None:
    """A password typed into the field for the name is one too."""
    with capture_logs() as logged:
        await sign_in(room, "ada", "wrong password")
        await sign_in(room, "my secret by mistake", "x")
        cookie = (await sign_in(room)).headers["Set-Cookie"]

    text = json.dumps(logged)
    assert [entry.get("account") for entry in logged] == ["ada", None, "ada"]
    for secret in ("wrong password", "my secret by mistake", PASSWORD, cookie.partition("=")[2].partition(";")[0]):
        assert secret not in text


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": "ada"}, "password"), ({"user": "ada"}, "user"), ({"name": 7, "password": "x"}, "name")],
)
async def test_a_body_that_makes_no_sense_is_named(room: HttpRoom, body: dict[str, object], field: str) -> None:
    assert (await room.post("/api/v1/session", body)).error[:2] == (400, field)


async def test_guessing_is_slowed_down_for_names_that_exist_and_for_those_that_do_not(room: HttpRoom) -> None:
    for name in ("ada", "nobody"):
        statuses = [(await sign_in(room, name, "wrong")).status for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
    refused = await sign_in(room)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")

    room.at += 1
    assert (await sign_in(room)).status == 200


async def test_a_session_ends_when_nobody_uses_it_and_when_it_is_old(room: HttpRoom) -> None:
    idle, used = await browser(room), await browser(room)
    for _ in range(12):
        room.at += 59 * 60
        assert (await room.get("/api/v1/units", **used)).status == 200
        room.gate.sessions.note(room.now())
    assert (await room.get("/api/v1/units", **idle)).status == 401

    room.at += 75 * 60
    assert (await room.get("/api/v1/units", **used)).status == 401


async def test_sessions_outlive_a_restart_and_their_file_gives_nobody_a_way_in(
    room: HttpRoom, service: Service, web_directory: Path, tmp_path: Path
) -> None:
    headers = await browser(room)
    secret = headers["Cookie"].partition("=")[2]
    room.gate.sessions.note(room.now())
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").glob(f"{FILE}*"))
    assert secret.encode() not in content
    assert PASSWORD.encode() not in content

    again = Credentials(tmp_path / "data")
    async with HttpRoom(service, again, web_directory, auth=True).open() as other:
        renamed = headers["Cookie"].replace(str(room.port), str(other.port))
        assert (await other.get("/api/v1/units", Cookie=renamed)).status == 200
    again.close()


async def test_signing_in_again_ends_the_session_that_the_browser_had(room: HttpRoom) -> None:
    first = await browser(room)
    second = await sign_in(room, "bob", None, Cookie=first["Cookie"])

    assert second.json["name"] == "bob"
    assert (await room.get("/api/v1/units", **first)).status == 401


async def test_signing_out_here_and_everywhere(room: HttpRoom) -> None:
    ada = [await browser(room) for _ in range(3)]
    bob = await browser(room, "bob")

    async def statuses() -> list[int]:
        return [(await room.get("/api/v1/units", **headers)).status for headers in (*ada, bob)]

    ended = await room.ask("DELETE", "/api/v1/session", None, data=None, **ada[0])
    assert ended.json == {"ended": 1}
    assert "Max-Age=0" in ended.headers["Set-Cookie"]
    assert await statuses() == [401, 200, 200, 200]
    assert (await room.ask("DELETE", "/api/v1/session?everywhere=1", None, data=None, **ada[1])).json == {"ended": 2}
    assert await statuses() == [401, 401, 401, 200]


@pytest.mark.parametrize("change", ["password", "disable"])
async def test_what_is_taken_from_an_account_ends_its_sessions(room: HttpRoom, change: str) -> None:
    headers, other = await browser(room), await browser(room, "bob")
    if change == "password":
        room.accounts.set_password("ada", room.passwords.hash("another good one"), room.now())
    else:
        room.accounts.disable("ADA", room.now())

    assert (await room.get("/api/v1/units", **headers)).status == 401
    assert (await room.get("/api/v1/units", **other)).status == 200


async def test_a_password_that_changes_while_it_is_compared_opens_nothing(room: HttpRoom) -> None:
    signing_in = asyncio.create_task(sign_in(room))
    compare = room.passwords.compare

    async def slow(stored: str | None, password: str) -> tuple[bool, str | None]:
        outcome = await compare(stored, password)
        room.accounts.disable("ada", room.now())
        return outcome

    room.passwords.compare = slow  # type: ignore[method-assign]

    assert (await signing_in).status == 401


@pytest.mark.parametrize("page", ["https://evil.example", "null", "http://127.0.0.1:1", None])
async def test_another_sites_page_can_do_nothing_with_the_cookie(room: HttpRoom, page: str | None) -> None:
    """Even if a browser sent it, which SameSite=Strict forbids."""
    headers = await browser(room)
    foreign = {"Cookie": headers["Cookie"]} | ({} if page is None else {"Origin": page})

    for method, path in (("POST", "/api/v1/pursuits"), ("DELETE", "/api/v1/session"), ("POST", "/api/v1/ws-ticket")):
        answer = await room.ask(method, path, {"unit": "NL-1"}, data=None, **foreign)
        assert answer.error[:2] == (403, "Origin")
    assert (await room.post("/api/v1/pursuits", {"unit": "NL-1"}, **headers)).status == 201


async def test_two_cookies_of_one_name_are_none(room: HttpRoom) -> None:
    headers = await browser(room)

    assert (await room.get("/api/v1/units", Cookie=f"{headers['Cookie']}; a=b")).status == 200
    assert (await room.get("/api/v1/units", Cookie=f"{headers['Cookie']}; {headers['Cookie']}")).status == 401


async def test_the_record_names_who_is_signed_in_whatever_a_client_claims(room: HttpRoom) -> None:
    headers = await browser(room)
    await room.post("/api/v1/pursuits", {"id": "p-1", "unit": "NL-1"}, **headers)
    same = await room.post("/api/v1/pursuits/p-1/danger", {"disproportionate": False, "by": "ada"}, **headers)
    other = await room.post("/api/v1/pursuits/p-1/danger", {"disproportionate": True, "by": "bob"}, **headers)

    assert [event["by"] for event in same.json["events"]] == ["ada"]
    assert other.error[:2] == (403, "by")
    events = (await room.get("/api/v1/events", **headers)).json["events"]
    assert {event["by"] for event in events if "by" in event} == {"ada"}


async def test_a_link_signs_in_once_and_not_for_long(room: HttpRoom) -> None:
    grant = room.accounts.get("ada").grant
    once, late = (room.gate.sessions.make_link("user:ada", grant, room.now()) for _ in range(2))

    answer = await room.post("/api/v1/session", {"once": once}, Origin=origin(room))
    assert (answer.status, answer.json["name"], answer.json["state"]) == (200, "ada", "NL")
    assert (await room.post("/api/v1/session", {"once": once})).error[:2] == (401, "once")
    room.at += LINK_S
    assert (await room.post("/api/v1/session", {"once": late})).error[:2] == (401, "once")
    assert (await room.post("/api/v1/session", {"once": ""})).error[:2] == (401, "once")


async def test_opening_the_page_of_a_link_does_not_use_it_up(room: HttpRoom) -> None:
    """Mail programs and chats look at links before people do."""
    once = room.gate.sessions.make_link("local", LOCAL, room.now())
    for _ in range(3):
        assert (await room.get(f"/sign-in?once={once}")).status == 200

    assert (await room.post("/api/v1/session", {"once": once})).status == 200


async def test_a_ticket_is_for_whoever_may_see(room: HttpRoom, tokens: dict[str, str]) -> None:
    by_session = await room.post("/api/v1/ws-ticket", {}, **await browser(room))
    by_token = await room.post("/api/v1/ws-ticket", {}, Authorization=f"Bearer {tokens['auditor']}")

    assert by_session.json["seconds"] == by_token.json["seconds"] == 30
    assert by_session.json["ticket"] != by_token.json["ticket"]
    assert (await room.post("/api/v1/ws-ticket", {}, **await browser(room, "cis"))).status == 403


async def test_an_address_is_the_proxys_word_only_if_it_is_our_proxy(room: HttpRoom) -> None:
    gate = room.gate
    assert gate.address("10.0.0.9", "1.2.3.4") == "10.0.0.9"
    gate._proxies.update({"127.0.0.1", "10.0.0.9"})

    assert gate.address("127.0.0.1", "1.2.3.4") == "1.2.3.4"
    assert gate.address("127.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.9") == "1.2.3.4"
    assert gate.address("127.0.0.1", None) == "127.0.0.1"
    assert gate.address("10.0.0.8", "1.2.3.4") == "10.0.0.8"


@pytest.mark.parametrize(
    ("name", "role", "state", "field"),
    [
        ("", "dispatcher", "NL", "name"),
        ("ada lovelace", "dispatcher", "NL", "name"),
        ("ada\n", "dispatcher", "NL", "name"),
        ("x" * 61, "dispatcher", "NL", "name"),
        ("ADA", "dispatcher", "NL", "name"),
        ("dirk", "unit", "NL", "role"),
        ("dirk", "root", None, "role"),
        ("dirk", "dispatcher", None, "state"),
        ("dirk", "auditor", "FR", "state"),
        ("dirk", "admin", "NL", "state"),
    ],
)
async def test_an_account_that_makes_no_sense_is_not_made(
    room: HttpRoom, name: str, role: str, state: str | None, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        room.accounts.add(name, role, state, "hash", room.now())

    assert refused.value.field == field
    assert [account.name for account in room.accounts.list()] == ["ada", "bob", "cis"]


async def test_nobody_who_is_signed_in_sends_positions(room: HttpRoom) -> None:
    answer = await room.post("/api/v1/pings", ping(), **await browser(room))

    assert answer.error[:2] == (401, "Authorization")
