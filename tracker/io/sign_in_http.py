"""The calls of whoever signs in: a session, who it belongs to, its end, and a ticket for the live feed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from tracker.errors import Refused
from tracker.events import rfc3339
from tracker.io.answers import SessionAnswer, SignedOutAnswer, TicketAnswer
from tracker.io.contacts import Way
from tracker.io.gate import Gate, Pass
from tracker.io.http import PASS, HttpError, read_body, respond, respond_error, respond_later
from tracker.io.openapi import SIGN_OUT_QUERY
from tracker.io.passwords import TooManySignIns
from tracker.io.requests import SignInBody, read, read_query
from tracker.io.sessions import Session
from tracker.io.sign_in import NotSignedIn, SignIn
from tracker.io.throttle import TooSoon
from tracker.io.tickets import LASTS_S, Tickets

BUSY_S: Final = 5


class SignInCalls:
    """Handlers of these calls, by the names that `openapi.CALLS` gives them.

    Args:
        gate: knows the sessions.
        sign_in: the ways in.
        tickets: for the live feed.
        now: the clock, Unix seconds UTC.
        contacts: how control rooms are reached, for who is signed in.
    """

    def __init__(
        self,
        gate: Gate,
        sign_in: SignIn,
        tickets: Tickets,
        now: Callable[[], float],
        contacts: dict[str, list[Way]] | None = None,
    ) -> None:
        self._gate = gate
        self._sign_in = sign_in
        self._tickets = tickets
        self._now = now
        self._contacts = contacts or {}

    async def begin(self, request: web.Request) -> web.Response:
        """Sign in. The browser gets a new session, and one that it had ends."""
        body = read(SignInBody, await read_body(request))
        address = self._gate.address(request.remote or "", request.headers.get("X-Forwarded-For"))
        try:
            if body.once is not None and body.password is not None:
                secret = await self._sign_in.with_new_password(body.once, body.password, address)
            elif body.once is not None:
                secret = self._sign_in.with_link(body.once, address)
            elif body.name is not None and body.password is not None:
                secret = await self._sign_in.with_password(body.name, body.password, address)
            else:
                raise Refused(
                    "name" if body.name is None else "password", "missing; or give the secret of a link, once"
                )
        except NotSignedIn as error:
            return respond_error(401, "once" if body.once is not None else "password", str(error))
        except TooSoon as error:
            return respond_later(429, f"too many attempts; wait {math.ceil(error.wait_s)} s", error.wait_s)
        except TooManySignIns as error:
            return respond_later(503, str(error), BUSY_S)
        self._end_former(request)
        answer = self._answer(self._gate.identify(None, [f"{self._gate.cookie_name}={secret}"]))
        self.set_cookie(answer, secret)
        return answer

    async def who(self, request: web.Request) -> web.Response:
        """Who is signed in, if anybody is: a page asks it before it knows."""
        headers = request.headers
        caller = self._gate.identify(headers.get(hdrs.AUTHORIZATION), headers.getall(hdrs.COOKIE, []))
        return respond(SessionAnswer(None, None, None, None)) if caller is None else self._answer(caller)

    async def end(self, request: web.Request) -> web.Response:
        """Sign out here, or everywhere."""
        everywhere = read_query(request.query, SIGN_OUT_QUERY)["everywhere"]
        session = self._session(request)
        if session is None:
            raise HttpError(400, "", "no session to end: the caller shows no cookie of one")
        sessions = self._gate.sessions
        ended = sessions.end_all(session.subject) if everywhere else sessions.end(session)
        answer = respond(SignedOutAnswer(ended))
        self.set_cookie(answer, "")
        return answer

    async def ticket(self, request: web.Request) -> web.Response:
        """A ticket for the live feed."""
        return respond(TicketAnswer(self._tickets.make(request[PASS]), round(LASTS_S)))

    def set_cookie(self, answer: web.Response, secret: str) -> None:
        """Give the browser a session's secret; "" takes it away."""
        answer.set_cookie(
            self._gate.cookie_name,
            secret,
            path="/",
            secure=True,
            httponly=True,
            samesite="Strict",
            max_age=None if secret else 0,
        )

    def _end_former(self, request: web.Request) -> None:
        session = self._session(request)
        if session is not None:
            self._gate.sessions.end(session)

    def _session(self, request: web.Request) -> Session | None:
        secret = self._gate.cookie(request.headers.getall(hdrs.COOKIE, []))
        return None if secret is None else self._gate.sessions.find(secret, self._now())

    def _answer(self, caller: Pass | None) -> web.Response:
        if caller is None:
            raise HttpError(503, "", "the session has ended already; sign in again")
        grant, ends_at = caller.grant, None
        if caller.kind == "session" and caller.key is not None:
            session = self._gate.sessions.of(caller.key, self._now())
            ends_at = None if session is None else rfc3339(self._gate.sessions.last_at(session))
        return respond(SessionAnswer(grant.name, grant.role, grant.state, ends_at, self._contacts))
