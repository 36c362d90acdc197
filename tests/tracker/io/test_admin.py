"""An administrator's calls: what each does, that it is on record first, and that no secret is told twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.tracker.io.http_room import BEGAN_AT, Answer, HttpRoom
from tests.tracker.io.live_room import Room
from tests.tracker.io.live_room import receive as next_message
from tracker.errors import Refused
from tracker.io.access_log import Access
from tracker.io.administration import Administration
from tracker.io.credentials import Credentials
from tracker.io.service import Service, Unavailable

PASSWORD = "Zes paarden op de dijk"  # noqa: S105


class Office(HttpRoom):
    """The API, and an admin who calls it with a token."""

    admin = ""

    async def act(self, path: str, body: object = None) -> Answer:
        """POST as the admin."""
        headers = {"Authorization": f"Bearer {self.admin}"}
        return await self.ask("POST", f"/api/v1/admin/{path}", body, data=None, **headers)

    async def look(self, path: str) -> Any:
        """GET as the admin."""
        answer = await self.get(f"/api/v1/admin/{path}", Authorization=f"Bearer {self.admin}")
        assert answer.status == 200
        return answer.json

    async def sign_in(self, **proof: str) -> tuple[int, str]:
        """Status, and the cookie of the session."""
        answer = await self.post("/api/v1/session", proof)
        return answer.status, answer.headers.get("Set-Cookie", "").partition(";")[0]

    async def who(self, cookie: str) -> Any:
        """Whose session a cookie is of."""
        return (await self.get("/api/v1/session", Cookie=cookie)).json["name"]

    async def acts(self) -> list[Access]:
        """What is on record of administrators."""
        return [row for row in await self.log.page(0, 1_000, None) if row.action == "administer"]


@pytest_asyncio.fixture
async def office(
    service: Service, credentials: Credentials, web_directory: Path, tokens: dict[str, str]
) -> AsyncIterator[Office]:
    async with Office(service, credentials, web_directory, auth=True).open() as office:
        assert isinstance(office, Office)
        office.admin = tokens["admin"]
        yield office


async def test_an_account_begins_with_a_link_that_lets_its_owner_choose_a_password(office: Office) -> None:
    made = await office.act("accounts", {"name": "Ada", "role": "dispatcher", "state": "NL"})
    assert made.status == 201
    assert made.json["account"] == {
        "name": "Ada",
        "role": "dispatcher",
        "state": "NL",
        "made_at": "2026-11-23T14:02:11.250Z",
    }
    once = made.json["link"]["path"].partition("once=")[2]
    assert (await office.sign_in(name="Ada", password=""))[0] == 401, "no password is not an empty one"
    assert (await office.sign_in(once=once, password="ada ada ada ada"))[0] == 400  # noqa: S106

    status, cookie = await office.sign_in(once=once, password=PASSWORD)
    assert (status, await office.who(cookie)) == (200, "Ada")
    assert (await office.sign_in(once=once, password=PASSWORD))[0] == 401, "once"
    assert (await office.sign_in(name="ada", password=PASSWORD))[0] == 200
    [account] = (await office.look("accounts"))["accounts"]
    assert account["password_at"] == account["made_at"]

    reset = (await office.act("accounts/ada/link")).json
    assert reset["name"] == "Ada"
    assert once not in str(reset)
    status, _ = await office.sign_in(once=reset["path"].partition("once=")[2], password="een heel ander woord")  # noqa: S106
    assert status == 200
    assert await office.who(cookie) is None, "what an old password opened has ended"
    assert (await office.sign_in(name="ada", password=PASSWORD))[0] == 401


async def test_a_link_of_nobody_gives_no_password(office: Office) -> None:
    grant = office.gate.sender(f"Bearer {office.admin}")
    assert grant is not None
    local = office.gate.sessions.make_link("local", grant.grant, BEGAN_AT)
    answer = await office.post("/api/v1/session", {"once": local, "password": PASSWORD})
    assert answer.error[:2] == (400, "password")
    assert (await office.sign_in(once=local))[0] == 200, "it was not used up"


@pytest.mark.parametrize("act", ["disable", "role", "sign-out"])
async def test_what_is_taken_ends_what_it_opened(office: Office, act: str) -> None:
    made = await office.act("accounts", {"name": "ada", "role": "dispatcher", "state": "NL"})
    once = made.json["link"]["path"].partition("once=")[2]
    _, cookie = await office.sign_in(once=once, password=PASSWORD)
    assert await office.who(cookie) == "ada"

    answer = await office.act(f"accounts/ada/{act}", {"role": "auditor", "state": "BE"} if act == "role" else None)
    assert answer.status == 200
    assert await office.who(cookie) is None
    expected = {"disable": 401, "role": 200, "sign-out": 200}[act]
    assert (await office.sign_in(name="ada", password=PASSWORD))[0] == expected
    if act == "disable":
        assert (await office.act("accounts/ada/link")).error[:2] == (400, "name")
        assert (await office.act("accounts/ada/enable")).status == 200
        assert (await office.sign_in(name="ada", password=PASSWORD))[0] == 200
    if act == "role":
        [account] = (await office.look("accounts"))["accounts"]
        assert (account["role"], account["state"]) == ("auditor", "BE")


async def test_tokens_and_certificates_are_issued_listed_and_revoked(office: Office) -> None:
    body = {"units": ["BE-9"], "state": "BE", "means": "moto", "days": 2}
    issued = await office.act("tokens", body)
    assert issued.status == 201
    secret, id_ = issued.json["token"], issued.json["id"]
    assert issued.json["ends_at"] == "2026-11-25T14:02:11.250Z"
    sender = office.gate.sender(f"Bearer {secret}")
    assert sender is not None
    assert (set(sender.grant.units), sender.grant.means) == ({"BE-9"}, "moto")
    trusted = (await office.act("tokens", {"units": ["BE-8"], "state": "BE", "certificate": "dns:BE-8.example"})).json
    assert (trusted["certificate"], "token" in trusted) == ("dns:be-8.example", False)

    listed = (await office.look("tokens"))["tokens"]
    assert secret not in str(listed)
    assert {one["id"] for one in listed} >= {id_, trusted["id"]}
    for one in (id_, trusted["id"]):
        assert (await office.act(f"tokens/{one}/revoke")).json["revoked"] == one
        assert (await office.act(f"tokens/{one}/revoke")).error[:2] == (404, "id")
    assert office.gate.sender(f"Bearer {secret}") is None
    assert next(one for one in (await office.look("tokens"))["tokens"] if one["id"] == id_)["revoked_at"]
    assert secret not in str(await office.log.page(0, 1_000, None))


async def test_sessions_are_listed_and_ended(office: Office, credentials: Credentials) -> None:
    office.accounts.add("ada", "dispatcher", "NL", office.passwords.hash(PASSWORD), BEGAN_AT)
    cookies = [(await office.sign_in(name="ada", password=PASSWORD))[1] for _ in range(2)]
    listed = (await office.look("sessions"))["sessions"]
    assert [(one["name"], one["role"], one["state"]) for one in listed] == [("ada", "dispatcher", "NL")] * 2
    assert not any(cookie.partition("=")[2] in str(listed) for cookie in cookies)

    assert (await office.act(f"sessions/{listed[0]['id']}/end")).json == {"name": "ada", "ended": 1}
    assert (await office.act(f"sessions/{listed[0]['id']}/end")).error[:2] == (404, "id")
    assert sorted([await office.who(cookie) or "" for cookie in cookies]) == ["", "ada"]


async def test_each_act_is_on_record_with_who_and_what_and_the_state_reads_it(office: Office) -> None:
    await office.act("accounts", {"name": "ada", "role": "dispatcher", "state": "NL"})
    await office.act("accounts/ada/role", {"role": "auditor", "state": "BE"})
    await office.act("accounts/ada/role", {"role": "auditor"})
    issued = (await office.act("tokens", {"units": ["LU-1"], "state": "LU"})).json
    await office.act(f"tokens/{issued['id']}/revoke")
    await office.look("tokens")

    rows = await office.acts()
    assert {row.role for row in rows} == {"admin"}
    assert all(row.name == f"admin {row.who}" for row in rows)
    assert [(row.detail["call"], row.about, row.detail.get("account"), row.detail.get("refused")) for row in rows] == [
        ("addAccount", ("NL",), "ada", None),
        ("setRole", ("BE", "NL"), "ada", None),
        ("setRole", ("BE",), "ada", None),
        ("setRole", ("BE",), "ada", "state: None is not one of BE, NL, LU; a auditor belongs to one"),
        ("issueToken", ("LU",), None, None),
        ("revokeToken", ("LU",), None, None),
    ]
    assert rows[-1].detail["token"] == issued["id"]
    assert [row.detail["call"] for row in await office.log.page(0, 100, "LU")] == ["issueToken", "revokeToken"]
    consulted = [row.detail["call"] for row in await office.log.page(0, 1_000, None) if row.action == "consult"]
    assert consulted == ["tokens"]


async def test_what_cannot_be_put_on_record_is_not_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Access) -> None:
        raise Unavailable("the access log cannot be written: disk I/O error")

    monkeypatch.setattr(office.log, "record", fail)
    before = len((await office.look("tokens"))["tokens"])
    assert (await office.act("tokens", {"units": ["BE-9"], "state": "BE"})).status == 503
    assert (await office.act("accounts", {"name": "ada", "role": "dispatcher", "state": "NL"})).status == 503
    assert office.accounts.list() == []
    assert len((await office.look("tokens"))["tokens"]) == before


async def test_an_admin_has_no_hand_in_his_own_account(office: Office) -> None:
    office.accounts.add("cis", "admin", None, office.passwords.hash(PASSWORD), BEGAN_AT)
    _, cookie = await office.sign_in(name="cis", password=PASSWORD)
    origin = f"http://127.0.0.1:{office.port}"
    for act, body in (("disable", None), ("role", {"role": "supervisor", "state": "NL"}), ("link", None)):
        path = f"/api/v1/admin/accounts/CIS/{act}"
        refused = await office.ask("POST", path, body, data=None, Cookie=cookie, Origin=origin)
        assert refused.error == (403, "name", "this is the caller's own account; another admin does that")
    unsigned = await office.ask("POST", "/api/v1/admin/accounts/cis/sign-out", None, data=None, Cookie=cookie)
    assert unsigned.error[:2] == (403, "Origin"), "a session changes things only from the server's own page"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("accounts", {"name": "a b", "role": "dispatcher", "state": "NL"}, (400, "name")),
        ("accounts", {"name": "ada", "role": "unit", "state": "NL"}, (400, "role")),
        ("accounts", {"name": "ada", "role": "dispatcher"}, (400, "state")),
        ("accounts", {"name": "ada", "role": "admin", "state": "NL"}, (400, "state")),
        ("accounts", {"name": "ada", "role": "admin", "password": "x"}, (400, "password")),
        ("accounts/nobody/disable", None, (404, "name")),
        ("accounts/nobody/role", {"role": "admin"}, (404, "name")),
        ("tokens", {}, (400, "unit")),
        ("tokens", {"units": ["BE-1"]}, (400, "state")),
        ("tokens", {"units": ["BE-1"], "state": "BE", "certificate": "x"}, (400, "certificate")),
        ("tokens", {"role": "dispatcher", "state": "BE", "certificate": "dns:x"}, (400, "certificate")),
        ("tokens", {"units": ["BE-1"], "state": "BE", "days": 0}, (400, "days")),
        ("tokens", {"units": ["BE-1", "BE-2"], "state": "BE", "role": "unit"}, (400, "unit")),
        ("tokens/x/revoke", None, (404, "id")),
        ("sessions/x/end", None, (404, "id")),
    ],
)
async def test_what_is_not_right_is_named(office: Office, path: str, body: object, error: tuple[int, str]) -> None:
    answer = await office.act(path, body)
    assert answer.error[:2] == error
    assert office.accounts.list() == []


async def test_the_live_feed_of_an_ended_session_closes(room: Room, credentials: Credentials) -> None:
    """By the same administration: what the API and the command line end, the sockets' port closes."""
    await room.close()
    await room.open(auth=True)
    administration = Administration(credentials, room.gate.sessions)
    administration.add("ada", "dispatcher", "BE", "x", BEGAN_AT)
    secret = room.gate.sessions.begin("user:ada", administration._accounts.get("ada").grant, BEGAN_AT)
    headers = {"Cookie": f"{room.gate.cookie_name}={secret}", "Origin": "http://127.0.0.1:8080"}
    async with connect(room.url(), additional_headers=headers, compression=None) as viewer:
        await viewer.send('{"type":"subscribe"}')
        assert (await next_message(viewer))["type"] == "snapshot"
        [session] = administration.sessions(BEGAN_AT)
        administration.end_session(session.id, BEGAN_AT)
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012
            while True:
                await next_message(viewer)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    with pytest.raises(Refused):
        administration.end_session(session.id, BEGAN_AT)
