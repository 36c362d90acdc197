"""The two calls of a sign-in by OpenID Connect: away to the provider, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from tracker.io.departure import PENDING_S, Denied
from tracker.io.gate import Gate
from tracker.io.http import HttpError
from tracker.io.sign_in import SignIn
from tracker.io.sign_in_http import SignInCalls

if TYPE_CHECKING:
    from tracker.io.oidc import Oidc

CALLBACK: Final = "/api/v1/oidc/callback"


class OidcCalls:
    """Handlers of these calls, by the names that `openapi.CALLS` gives them.

    Args:
        gate: knows the callers' addresses, and the cookies' name.
        sign_in: makes the session.
        calls: gives its cookie.
        oidc: the provider; None if there is none.
        origin: under which browsers reach us, for the provider; "" for that of the request.
    """

    def __init__(self, gate: Gate, sign_in: SignIn, calls: SignInCalls, oidc: Oidc | None, origin: str) -> None:
        self._gate = gate
        self._sign_in = sign_in
        self._calls = calls
        self._oidc = oidc
        self._origin = origin
        self._cookie: Final = f"{gate.cookie_name}-oidc"

    async def start(self, request: web.Request) -> web.Response:
        """Away to the provider."""
        try:
            own = self._origin or f"{self._gate.http_scheme}://{request.host}"
            departure = await self._provider().depart(f"{own}{CALLBACK}")
        except Denied as denied:
            return _to_sign_in(denied)
        answer = _to(departure.url)
        # Lax, since the browser comes back from another site; it is worth nothing without the state.
        answer.set_cookie(
            self._cookie,
            departure.browser,
            path="/",
            secure=True,
            httponly=True,
            samesite="Lax",
            max_age=int(PENDING_S),
        )
        return answer

    async def callback(self, request: web.Request) -> web.Response:
        """And back: a session, or the way in with the reason why not."""
        try:
            subject, grant = await self._provider().arrive(request.query, request.cookies.get(self._cookie))
        except Denied as denied:
            self._sign_in.denied_by_provider()
            answer = _to_sign_in(denied)
        else:
            address = self._gate.address(request.remote or "", request.headers.get("X-Forwarded-For"))
            # The map is public and asks for the session itself: the Strict cookie goes with what our own page asks.
            answer = _to("/")
            self._calls.set_cookie(answer, self._sign_in.by_provider(subject, grant, address))
        answer.del_cookie(self._cookie, path="/", secure=True, httponly=True, samesite="Lax")
        return answer

    def _provider(self) -> Oidc:
        if self._oidc is None:
            raise HttpError(404, "", "there is no provider to sign in by; [oidc] names one")
        return self._oidc


def _to(url: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: url, hdrs.CONTENT_TYPE: "text/html"})


def _to_sign_in(denied: Denied) -> web.Response:
    return _to(f"/sign-in?{urlencode({'denied': str(denied)})}")
