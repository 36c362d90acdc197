"""The administrator's calls: accounts, tokens, certificates, sessions. What each does is in `administration`.

Every act is on record in the access log before it is done, with who does it and to whom, where auditors and supervisors
of the state that it concerns read it; what cannot be put on record is not done. If it is then refused, that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from tracker.errors import Refused
from tracker.io.access_log import Access, AccessLog, access
from tracker.io.administration import Administration
from tracker.io.answers import AccountsAnswer, CredentialsAnswer, NewAccountAnswer, SessionsAnswer
from tracker.io.dispatch_http import Handler
from tracker.io.http import CALLER, HttpError, read_body, respond
from tracker.io.requests import AccountBody, CredentialBody, RoleBody, read

MAX_BODY_BYTES: Final = 1024 * 1024
"""A gateway may speak for ten thousand units."""

_Done = TypeVar("_Done")


class Admin:
    """Handlers of these calls, by the names that `admin_calls.CALLS` gives them.

    Args:
        administration: does it.
        log: has who did what.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, administration: Administration, log: AccessLog, now: Callable[[], float]) -> None:
        self._administration = administration
        self._log = log
        self._now = now

    def handlers(self) -> dict[str, Handler]:
        """By the names of the calls."""
        return {
            "accounts": self._accounts,
            "addAccount": self._add_account,
            "disableAccount": self._disable,
            "enableAccount": self._enable,
            "setRole": self._set_role,
            "resetAccount": self._reset,
            "signOutAccount": self._sign_out,
            "tokens": self._tokens,
            "issueToken": self._issue,
            "revokeToken": self._revoke,
            "sessions": self._sessions,
            "endSession": self._end_session,
        }

    async def _accounts(self, request: web.Request) -> web.Response:
        await self._log.note(self._row(request, "consult"))
        return respond(AccountsAnswer(self._administration.accounts()))

    async def _add_account(self, request: web.Request) -> web.Response:
        body = read(AccountBody, await read_body(request))
        self._administration.check_new(body.name, body.role, body.state)

        def add() -> NewAccountAnswer:
            account = self._administration.add(body.name, body.role, body.state, None, self._now())
            return NewAccountAnswer(account, self._administration.link(account.name, self._now()))

        return respond(await self._act(request, add, body.state, account=body.name, role=body.role), 201)

    async def _disable(self, request: web.Request) -> web.Response:
        name, state = self._other(request)
        return respond(
            await self._act(request, lambda: self._administration.disable(name, self._now()), state, account=name)
        )

    async def _enable(self, request: web.Request) -> web.Response:
        name, state = self._other(request)
        return respond(await self._act(request, lambda: self._administration.enable(name), state, account=name))

    async def _set_role(self, request: web.Request) -> web.Response:
        body = read(RoleBody, await read_body(request))
        name, before = self._other(request)
        states = [state for state in (before, body.state) if state is not None]
        done = await self._act(
            request,
            lambda: self._administration.set_role(name, body.role, body.state),
            *states,
            account=name,
            role=body.role,
            state=body.state,
        )
        return respond(done)

    async def _reset(self, request: web.Request) -> web.Response:
        name, state = self._other(request)
        return respond(
            await self._act(request, lambda: self._administration.link(name, self._now()), state, account=name)
        )

    async def _sign_out(self, request: web.Request) -> web.Response:
        name, state = self._named(request)
        return respond(await self._act(request, lambda: self._administration.sign_out(name), state, account=name))

    async def _tokens(self, request: web.Request) -> web.Response:
        await self._log.note(self._row(request, "consult"))
        return respond(CredentialsAnswer(self._administration.credentials()))

    async def _issue(self, request: web.Request) -> web.Response:
        body = read(CredentialBody, await read_body(request, MAX_BODY_BYTES))
        done = await self._act(
            request,
            lambda: self._administration.issue(
                body.role,
                tuple(body.units),
                body.certificate,
                body.days,
                self._now(),
                state=body.state,
                service=body.service,
                means=body.means,
                marked=body.marked,
                uniformed=body.uniformed,
                name=body.name,
            ),
            body.state,
            role=body.role,
            units=len(body.units),
            unit=next(iter(body.units), None),
            certificate=body.certificate,
            days=body.days,
        )
        return respond(done, 201)

    async def _revoke(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        known = [one for one in self._administration.credentials() if one.id == id_ and one.revoked_at is None]
        if not known:
            raise HttpError(404, "id", "no token or certificate of this id is in force")
        state, units = known[0].state, known[0].units
        done = await self._act(
            request,
            lambda: self._administration.revoke(id_, self._now()),
            state,
            token=id_,
            role=known[0].role,
            unit=next(iter(units), None),
        )
        return respond(done)

    async def _sessions(self, request: web.Request) -> web.Response:
        await self._log.note(self._row(request, "consult"))
        return respond(SessionsAnswer(self._administration.sessions(self._now())))

    async def _end_session(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        known = [one for one in self._administration.sessions(self._now()) if one.id == id_]
        if not known:
            raise HttpError(404, "id", "no session of this id goes on")
        done = await self._act(
            request,
            lambda: self._administration.end_session(id_, self._now()),
            known[0].state,
            session=id_,
            account=known[0].name,
        )
        return respond(done)

    def _named(self, request: web.Request) -> tuple[str, str | None]:
        """The account that the path names, as it is spelt, and its state."""
        try:
            account = self._administration.account(request.match_info["name"])
        except Refused:
            raise HttpError(404, "name", "no account of this name is known") from None
        return account.name, account.state

    def _other(self, request: web.Request) -> tuple[str, str | None]:
        """The same, where it is not the caller's own: nobody gives himself a right, or takes his own by mistake.

        Raises:
            HttpError: 403 for the own account.
        """
        name, state = self._named(request)
        if name == request[CALLER].name:
            raise HttpError(403, "name", "this is the caller's own account; another admin does that")
        return name, state

    async def _act(self, request: web.Request, do: Callable[[], _Done], *states: str | None, **detail: object) -> _Done:
        """Do it, on record. `states` are those whose auditors are to read of it."""
        about = tuple(sorted({state for state in states if state is not None}))
        row = msgspec.structs.replace(self._row(request, "administer", **detail), about=about)
        await self._log.record(row)
        try:
            return do()
        except Refused as refused:
            why = row.detail | {"refused": f"{refused.field}: {refused.reason}"}
            self._log.note_later(msgspec.structs.replace(row, detail=why))
            raise

    def _row(self, request: web.Request, action: str, **detail: object) -> Access:
        return access(request[CALLER], self._now(), action, None, call=request.match_info.route.name, **detail)
