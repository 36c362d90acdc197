"""Signing in by an organisation's own accounts: OpenID Connect, the code flow with PKCE, all of it on the server.

The browser carries a code and a state, and never a token. What the provider says of a person is believed only from an
ID token that is signed with one of `ALGORITHMS` by a key of the provider, made for us, for this very sign-in, and not
expired (OpenID Connect Core 1.0, 3.1.3.7). Neither the token nor the code is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tracker.errors import Refused
from tracker.facts import State
from tracker.io.config import Oidc as OidcConfig
from tracker.io.config import rule_of
from tracker.io.credential_file import digest
from tracker.io.credentials import Grant, check_person
from tracker.io.departure import PENDING_S, Denied, Departure

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Of signatures; never `none`, and none with a shared secret."""

MAX_PENDING: Final = 2_000
LEEWAY_S: Final = 60
KEYS_S: Final = 3_600.0
"""Seconds for which the provider's description and keys are kept."""

AGAIN_S: Final = 30.0
"""Seconds between two looks for a key that is not known: tokens with made-up keys must not make us a nuisance."""

TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
MAX_ANSWER_BYTES: Final = 256 * 1024

_log: Final = structlog.get_logger(__name__)


class Provider(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Answer(msgspec.Struct, frozen=True):
    id_token: str


class _Pending(NamedTuple):
    """Somebody who is away at the provider."""

    verifier: str
    nonce: str
    redirect_uri: str
    browser: bytes
    """The hash of what the browser's cookie says."""
    ends_at: float


class Oidc:
    """One provider.

    Args:
        config: which, as whom, and what its claims mean.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, config: OidcConfig, now: Callable[[], float]) -> None:
        self._config = config
        self._rules = tuple(rule_of(text) for text in config.roles)
        self._now = now
        self._pending: dict[bytes, _Pending] = {}
        self._provider: Provider | None = None
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give the connections free."""
        if self._session is not None:
            await self._session.close()

    async def depart(self, redirect_uri: str) -> Departure:
        """Begin a sign-in.

        Args:
            redirect_uri: where the provider sends the browser back to.

        Raises:
            Denied: the provider does not answer.
        """
        provider = await self._known()
        now = self._now()
        self._pending = {key: one for key, one in self._pending.items() if one.ends_at > now}
        while len(self._pending) >= MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        one = _Pending(verifier, nonce, redirect_uri, digest(browser), now + PENDING_S)
        self._pending[digest(state)] = one
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._config.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in provider.authorization_endpoint else "?"
        return Departure(f"{provider.authorization_endpoint}{separator}{urlencode(query)}", browser)

    async def arrive(self, query: Mapping[str, str], browser: str | None) -> tuple[str, Grant]:
        """End a sign-in.

        Args:
            query: with which the provider sent the browser back.
            browser: what its cookie says.

        Returns: under what the person's sessions are found, and what the person may do.

        Raises:
            Denied: somebody is not signed in.
        """
        # Used up whatever comes of it: a state works once, so a code that is sent twice does too.
        pending = self._pending.pop(digest(query.get("state", "")), None)
        if pending is None or self._now() >= pending.ends_at:
            raise Denied("this sign-in is not known, was used already, or took too long; begin again")
        if browser is None or not hmac.compare_digest(digest(browser), pending.browser):
            raise Denied("this sign-in was begun in another browser; begin again")
        if query.get("iss", self._config.issuer) != self._config.issuer:  # RFC 9207
            raise Denied("the answer is another provider's")
        if "error" in query or not query.get("code"):
            raise Denied("the provider has not signed you in")
        token = await self._exchange(query["code"], pending)
        claims = await self._verified(token, pending.nonce)
        return f"oidc:{self._config.issuer}#{claims['sub']}", self._grant(claims)

    async def _exchange(self, code: str, pending: _Pending) -> str:
        provider = await self._known()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect_uri,
            "code_verifier": pending.verifier,
        }
        headers = {}
        if self._config.client_secret:
            # RFC 6749, 2.3.1: both parts are form-encoded first.
            pair = f"{quote(self._config.client_id, safe='')}:{quote(self._config.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self._config.client_id
        body = await self._ask("POST", provider.token_endpoint, data=form, headers=headers)
        try:
            return msgspec.json.decode(body, type=_Answer).id_token
        except msgspec.DecodeError as error:
            raise self._denied("the provider's answer has no ID token", error) from error

    async def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            decoded = await self._decoded(token)
            registry = jwt.JWTClaimsRegistry(
                now=int(self._now()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._config.issuer},
                aud={"essential": True, "value": self._config.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self._denied("the provider's word for you does not hold", error) from error
        claims = decoded.claims
        audience = claims["aud"]
        parties = {claims["azp"]} if "azp" in claims else {self._config.client_id}
        if (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims) or parties != {
            self._config.client_id
        }:
            raise self._denied("the provider's word for you does not hold", ValueError("made for another party"))
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise self._denied("the provider's word for you does not hold", ValueError("sub is no text"))
        return claims

    async def _decoded(self, token: str) -> jwt.Token:
        """The token, if a key of the provider signed it; one that we do not know may be new."""
        await self._known()
        try:
            return jwt.decode(token, cast("KeySet", self._keys), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            if self._now() - self._fetched_at < AGAIN_S:
                raise
        self._fetched_at = float("-inf")
        await self._known()
        return jwt.decode(token, cast("KeySet", self._keys), algorithms=list(ALGORITHMS))

    def _grant(self, claims: Mapping[str, Any]) -> Grant:
        said = claims.get(self._config.role_claim)
        listed = said if isinstance(said, list) else [said]
        values = {one for one in listed if isinstance(one, str)}
        rule = next((rule for rule in self._rules if rule.value in values), None)
        if rule is None:
            raise self._denied("your account has no role here; ask whoever gives them", ValueError("no role"))
        name = claims.get(self._config.name_claim)
        try:
            name = check_person(name) if isinstance(name, str) else claims["sub"][:60]
        except Refused:
            name = claims["sub"][:60]
        return Grant(f"oidc:{claims['sub']}", rule.role, state=cast("State | None", rule.state), name=name)

    async def _known(self) -> Provider:
        """What the provider says of itself, with its keys; fetched when it is not known or old."""
        if self._provider is not None and self._keys is not None and self._now() - self._fetched_at < KEYS_S:
            return self._provider
        url = f"{self._config.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            provider = msgspec.json.decode(await self._ask("GET", url), type=Provider)
            keys = KeySet.import_key_set(msgspec.json.decode(await self._ask("GET", provider.jwks_uri)))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self._denied("the provider's description cannot be used", error) from error
        if provider.issuer != self._config.issuer:
            raise self._denied("the provider's description cannot be used", ValueError("it calls itself otherwise"))
        self._provider, self._keys, self._fetched_at = provider, keys, self._now()
        return provider

    async def _ask(self, method: str, url: str, **more: Any) -> bytes:  # noqa: ANN401 - as aiohttp takes it
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        try:
            async with self._session.request(method, url, allow_redirects=False, **more) as answer:
                body = await answer.content.read(MAX_ANSWER_BYTES)
                if answer.status != 200:
                    raise self._denied("the provider has not signed you in", ValueError(f"status {answer.status}"))
                return body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._denied("the provider does not answer; try again later", error) from error

    def _denied(self, words: str, why: Exception) -> Denied:
        """For the person in words of our own; for the log which kind of fault it was, and nothing that was received."""
        _log.warning("sign-in denied", words=words, why=f"{type(why).__name__}: {why}"[:200])
        return Denied(words)
