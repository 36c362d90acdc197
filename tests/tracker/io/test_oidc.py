"""Signing in by OpenID Connect, against a provider that can be told to cheat."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from tests.tracker.io.http_room import BEGAN_AT, Answer, HttpRoom
from tracker.errors import Refused
from tracker.io import settings
from tracker.io.config import Oidc as OidcConfig
from tracker.io.credentials import Credentials
from tracker.io.departure import PENDING_S
from tracker.io.oidc import Oidc
from tracker.io.service import Service

RSA = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
EC = ECKey.generate_key("P-256", {"kid": "two"}, private=True)
ROLES = ("rtic-utrecht=dispatcher:NL", "toezicht=auditor:NL", "beheer=admin")


class Provider:
    """Hands out codes for whoever asks, and checks them as the standards say; `cheat` changes what it signs."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: list[RSAKey | ECKey] = [RSA]
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "Ada", "groups": ["rtic-utrecht"]}
        self.cheat: Callable[[dict[str, Any]], str] = self.sign
        self.codes: dict[str, dict[str, str]] = {}
        self.key_fetches = 0
        self.given = 0
        self.status = 200

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.describe)
        app.router.add_get("/keys", self.send_keys)
        app.router.add_post("/token", self.token)
        return app

    async def describe(self, _: web.Request) -> web.Response:
        paths = {"authorization_endpoint": "/in", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return web.json_response({"issuer": self.issuer} | {name: self.issuer + path for name, path in paths.items()})

    async def send_keys(self, _: web.Request) -> web.Response:
        self.key_fetches += 1
        return web.json_response(KeySet(list(self.keys)).as_dict(private=False))

    def grant_code(self, url: str) -> tuple[str, str]:
        """As if a person had signed in there: the code, and the state to bring back."""
        query = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", "ours", "S256")
        self.given += 1
        code = f"code{self.given}"
        self.codes[code] = query
        return code, query["state"]

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        query = self.codes.pop(str(form.get("code")), None)
        basic = base64.b64encode(b"ours:s%2Fecret").decode()
        verifier = str(form.get("code_verifier")).encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        if (
            query is None
            or query["code_challenge"] != challenge
            or query["redirect_uri"] != form.get("redirect_uri")
            or request.headers.get("Authorization") != f"Basic {basic}"
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(BEGAN_AT)
        claims = {"iss": self.issuer, "aud": "ours", "nonce": query["nonce"], "iat": now, "exp": now + 300}
        return web.json_response(
            {"id_token": self.cheat(claims | self.claims), "access_token": "a", "token_type": "Bearer"},
            status=self.status,
        )

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSA)


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    async with TestServer(provider.app()) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        yield provider


@pytest_asyncio.fixture
async def room(
    service: Service, credentials: Credentials, web_directory: Path, provider: Provider
) -> AsyncIterator[HttpRoom]:
    config = OidcConfig(issuer=provider.issuer, client_id="ours", client_secret="s/ecret", roles=ROLES)  # noqa: S106
    oidc = Oidc(config, lambda: made.at)
    made = HttpRoom(service, credentials, web_directory, auth=True, oidc=oidc)
    async with made.open():
        yield made
    await oidc.close()


async def depart(room: HttpRoom, provider: Provider) -> tuple[str, str, str]:
    """Code, state, and the browser's cookie."""
    away = await room.get("/api/v1/oidc/start")
    assert away.status == 303
    assert away.headers["Location"].startswith(f"{provider.issuer}/in?")
    cookie = away.headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    return *provider.grant_code(away.headers["Location"]), cookie.partition(";")[0]


async def arrive(room: HttpRoom, code: str, state: str, cookie: str, more: str = "") -> Answer:
    return await room.get(f"/api/v1/oidc/callback?code={code}&state={state}{more}", Cookie=cookie)


def session_of(room: HttpRoom, answer: Answer) -> str | None:
    """The session's cookie, if one came."""
    cookies = answer.headers.getall("Set-Cookie", [])
    found = [cookie for cookie in cookies if cookie.startswith(f"{room.gate.cookie_name}=")]
    return found[0].partition(";")[0] if found else None


def is_denied(room: HttpRoom, answer: Answer) -> bool:
    """Back at the way in, with a reason and without a session."""
    where = answer.headers["Location"]
    return answer.status == 303 and where.startswith("/sign-in?denied=") and session_of(room, answer) is None


async def test_a_person_is_who_the_provider_says(room: HttpRoom, provider: Provider) -> None:
    assert (await room.get("/api/v1/config")).json["sign_in"] == ["password", "oidc"]
    answer = await arrive(room, *await depart(room, provider), f"&iss={provider.issuer}")

    assert (answer.status, answer.headers["Location"]) == (303, "/")
    session = session_of(room, answer)
    assert session is not None
    told = (await room.get("/api/v1/session", Cookie=session)).json
    assert (told["name"], told["role"], told["state"]) == ("Ada", "dispatcher", "NL")


@pytest.mark.parametrize(
    ("claims", "role", "name"),
    [
        ({"groups": ["x", "toezicht"]}, ("auditor", "NL"), "Ada"),
        ({"groups": "beheer"}, ("admin", None), "Ada"),
        ({"groups": ["beheer", "rtic-utrecht"]}, ("dispatcher", "NL"), "Ada"),
        ({"preferred_username": "Ada\nforged"}, ("dispatcher", "NL"), "u-1"),
        ({"preferred_username": 7}, ("dispatcher", "NL"), "u-1"),
    ],
)
async def test_claims_become_roles_by_the_first_rule_that_fits(
    room: HttpRoom, provider: Provider, claims: dict[str, Any], role: tuple[str, str | None], name: str
) -> None:
    provider.claims |= claims
    session = session_of(room, await arrive(room, *await depart(room, provider)))
    assert session is not None
    told = (await room.get("/api/v1/session", Cookie=session)).json

    assert ((told["role"], told["state"]), told["name"]) == (role, name)


@pytest.mark.parametrize("groups", [None, [], "", ["rtic-utrech"], [["rtic-utrecht"]], {"rtic-utrecht": 1}, 7])
async def test_who_has_no_role_is_not_let_in(room: HttpRoom, provider: Provider, groups: object) -> None:
    provider.claims["groups"] = groups

    assert is_denied(room, await arrive(room, *await depart(room, provider)))


async def test_a_state_that_we_did_not_give_out_is_refused(room: HttpRoom, provider: Provider) -> None:
    code, state, cookie = await depart(room, provider)
    for wrong in ("", "x", state[:-1], state + "x"):
        assert is_denied(room, await arrive(room, code, wrong, cookie))
    assert session_of(room, await arrive(room, code, state, cookie)), "what is not known uses up nothing"


async def test_a_code_that_is_sent_twice_is_refused(room: HttpRoom, provider: Provider) -> None:
    code, state, cookie = await depart(room, provider)
    assert session_of(room, await arrive(room, code, state, cookie))
    assert is_denied(room, await arrive(room, code, state, cookie))

    _, other_state, other_cookie = await depart(room, provider)
    assert is_denied(room, await arrive(room, code, other_state, other_cookie))


async def test_another_browser_is_refused(room: HttpRoom, provider: Provider) -> None:
    """Who is led to a callback that another began would be signed in as the other (login CSRF)."""
    code, state, _ = await depart(room, provider)
    _, _, other = await depart(room, provider)

    assert is_denied(room, await arrive(room, code, state, other))


async def test_a_code_of_another_sign_in_does_not_fit_its_proof(room: HttpRoom, provider: Provider) -> None:
    """PKCE: an injected code was made for another verifier."""
    _, state, cookie = await depart(room, provider)
    injected, _, _ = await depart(room, provider)

    assert is_denied(room, await arrive(room, injected, state, cookie))


async def test_who_stays_away_too_long_begins_again(room: HttpRoom, provider: Provider) -> None:
    code, state, cookie = await depart(room, provider)
    room.at += PENDING_S

    assert is_denied(room, await arrive(room, code, state, cookie))


async def test_an_error_or_another_issuer_is_refused(room: HttpRoom, provider: Provider) -> None:
    for more in ("&error=access_denied", "&iss=https://evil.example"):
        assert is_denied(room, await arrive(room, *await depart(room, provider), more))


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def flipped(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def with_public_key_as_secret(claims: dict[str, Any]) -> str:
    key = OctKey.import_key(RSA.as_pem(private=False))
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key, algorithms=["HS256"])


STRANGER = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
SIGN = Provider().sign
CHEATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": unsigned,
    "alg None": lambda claims: unsigned(claims, "None"),
    "alg of another kind": lambda claims: unsigned(claims, "RS256"),
    "the public key as a secret": with_public_key_as_secret,
    "a stranger's key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, STRANGER),
    "an algorithm that is not ours": lambda claims: jwt.encode(
        {"alg": "RS512", "kid": "one"}, claims, RSA, algorithms=["RS512"]
    ),
    "one bit": lambda claims: flipped(SIGN(claims)),
    "wrong nonce": lambda claims: SIGN(claims | {"nonce": "x"}),
    "no nonce": lambda claims: SIGN({name: value for name, value in claims.items() if name != "nonce"}),
    "wrong issuer": lambda claims: SIGN(claims | {"iss": "https://evil.example"}),
    "wrong audience": lambda claims: SIGN(claims | {"aud": "theirs"}),
    "another party": lambda claims: SIGN(claims | {"aud": ["ours", "theirs"], "azp": "theirs"}),
    "several audiences and no party": lambda claims: SIGN(claims | {"aud": ["ours", "theirs"]}),
    "expired": lambda claims: SIGN(claims | {"exp": int(BEGAN_AT) - 61}),
    "never expires": lambda claims: SIGN({name: value for name, value in claims.items() if name != "exp"}),
    "made in the future": lambda claims: SIGN(claims | {"iat": int(BEGAN_AT) + 3_600}),
    "no subject": lambda claims: SIGN({name: value for name, value in claims.items() if name != "sub"}),
    "empty subject": lambda claims: SIGN(claims | {"sub": ""}),
    "subject is a number": lambda claims: SIGN(claims | {"sub": 7}),
    "no token": lambda _: "",
    "rubbish": lambda _: "a.b.c",
}


@pytest.mark.parametrize("cheat", CHEATS)
async def test_a_token_that_does_not_hold_lets_nobody_in(room: HttpRoom, provider: Provider, cheat: str) -> None:
    provider.cheat = CHEATS[cheat]
    assert is_denied(room, await arrive(room, *await depart(room, provider)))

    provider.cheat = provider.sign
    assert session_of(room, await arrive(room, *await depart(room, provider)))


async def test_keys_are_kept_and_a_new_one_is_found(room: HttpRoom, provider: Provider) -> None:
    for _ in range(3):
        assert session_of(room, await arrive(room, *await depart(room, provider)))
    assert provider.key_fetches == 1

    provider.keys = [RSA, EC]
    provider.cheat = lambda claims: jwt.encode({"alg": "ES256", "kid": "two"}, claims, EC)
    room.at += 31
    assert session_of(room, await arrive(room, *await depart(room, provider)))
    assert provider.key_fetches == 2

    provider.cheat = CHEATS["a stranger's key"]
    for _ in range(5):
        assert is_denied(room, await arrive(room, *await depart(room, provider)))
    assert provider.key_fetches == 2, "made-up keys must not make us a nuisance"


async def test_a_provider_that_is_away_or_calls_itself_otherwise_lets_nobody_in(
    room: HttpRoom, provider: Provider
) -> None:
    own, provider.issuer = provider.issuer, "https://evil.example"
    assert is_denied(room, await room.get("/api/v1/oidc/start"))
    provider.issuer, provider.status = own, 500

    assert is_denied(room, await arrive(room, *await depart(room, provider)))


async def test_without_a_provider_there_is_no_such_call(http_room: HttpRoom) -> None:
    assert (await http_room.get("/api/v1/oidc/start")).status == 404
    assert (await http_room.get("/api/v1/oidc/callback?code=x&state=y")).status == 404


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("issuer", "login.example"),
        ("issuer", "http://login.example"),
        ("issuer", "https://login.example?x=1"),
        ("roles", ["rtic"]),
        ("roles", ["rtic=dispatcher"]),
        ("roles", ["rtic=dispatcher:FR"]),
        ("roles", ["rtic=unit:NL"]),
        ("roles", ["it=admin:NL"]),
        ("roles", ["=admin"]),
    ],
)
def test_a_configuration_that_makes_no_sense_is_named(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f"[oidc]\n{key} = {json.dumps(value)}\n")
    with pytest.raises(Refused) as refused:
        settings.load(path, environ={})

    assert refused.value.field == f"oidc.{key}"
