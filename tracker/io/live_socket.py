"""`WS /live`: a viewer subscribes, gets the picture as it stands, what it missed, and then what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from tracker.errors import Corrupt, Refused
from tracker.io.access_log import AccessLog, access
from tracker.io.credentials import Grant
from tracker.io.frames import Bbox, Picture, event_frame
from tracker.io.gate import Gate, Pass
from tracker.io.handshake import only, refusal
from tracker.io.hub import Hub
from tracker.io.journal import Journal
from tracker.io.requests import Subscribe, check_bbox, read
from tracker.io.revocations import Closing, Revocations
from tracker.io.screens import Screens
from tracker.io.service import Service
from tracker.io.tickets import Tickets
from tracker.io.viewer import Viewer
from tracker.roles import MAY

PATH: Final = "/live"
SUBSCRIBE_TIMEOUT_S: Final = 8.0
MAX_MESSAGE_BYTES: Final = 4 * 1024

UNKNOWN: Final = 4401
"""Close code: nobody is signed in, or not any more. A page then asks for it."""

NOT_ALLOWED: Final = 4403
"""Close code: this role sees no live data."""

MAX_GAP: Final = 10_000
"""A viewer that missed more events than this starts afresh: by then nobody reads them one by one, and the
journal keeps them."""

RESCOPE_S: Final = 60.0
_PAGE: Final = 500


class LiveSocket:
    """The viewers' side of the socket server.

    Args:
        service: has the epoch and the events.
        hub: sends what is new.
        gate: says who may watch.
        tickets: of viewers that can send neither cookie nor token.
        revocations: close the sockets of those who may watch no more.
        screens: bound how many one person, or one address, may have open.
        log: says what they may see, and notes that they did.
        now: the clock, Unix seconds UTC.
        known: is told the other end of a connection that has said who it is.
    """

    def __init__(
        self,
        service: Service,
        hub: Hub,
        gate: Gate,
        tickets: Tickets,
        revocations: Revocations,
        screens: Screens,
        log: AccessLog,
        now: Callable[[], float],
        known: Callable[[object], None] = lambda _: None,
    ) -> None:
        self._service = service
        self._hub = hub
        self._gate = gate
        self._tickets = tickets
        self._revocations = revocations
        self._screens = screens
        self._log = log
        self._now = now
        self._known = known

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake that is not welcome; None when it is. For the server's `process_request`."""
        headers = request.headers
        # A viewer says one short thing; the server's own limit is made for units.
        connection.protocol.max_message_size = MAX_MESSAGE_BYTES
        if not self._gate.expects_ws_host(only(headers, "Host")):
            return refusal(HTTPStatus.FORBIDDEN, "Host", "this is not a name of this server")
        if not self._gate.trusts_origin(only(headers, "Origin")):
            return refusal(HTTPStatus.FORBIDDEN, "Origin", "pages of this origin may not connect")
        if "Authorization" not in headers:
            return None  # a page learns nothing of a refused handshake, so it is told by a close code: see `serve`
        caller = self._gate.identify(only(headers, "Authorization"))
        if caller is None:
            return refusal(HTTPStatus.UNAUTHORIZED, "Authorization", "this token is not known")
        if not caller.grant.may("see"):
            return refusal(HTTPStatus.FORBIDDEN, "Authorization", _not_for(caller.grant))
        return None

    async def serve(self, connection: ServerConnection) -> None:
        """Serve one viewer until it goes."""
        try:
            subscription = await _subscription(connection)
            known = self._caller(connection, subscription)
            if known is None:
                await connection.close(UNKNOWN, "sign in first: no cookie, token or ticket that is known came")
                return
            caller = known.grant
            if not caller.may("see"):
                await connection.close(NOT_ALLOWED, _not_for(caller))
                return
            if self._hub.is_full:
                await connection.close(CloseCode.TRY_AGAIN_LATER, "too many viewers; try again later")
                return
            place = self._screens.enter(caller.id, self._address(connection)) if known.key is not None else None
            if place is None and known.key is not None:
                await connection.close(CloseCode.TRY_AGAIN_LATER, "too many screens are open already; close one")
                return
            self._known(connection.remote_address)
            viewer, picture = self._hub.join(connection, caller, self._log.scope(caller), subscription.bbox)
        except Refused as refused:
            await connection.close(CloseCode.POLICY_VIOLATION, _close_reason(str(refused)))
            return
        except ConnectionClosed:
            return

        def ended() -> Closing:
            self._hub.leave(viewer)
            return UNKNOWN, "the session has ended" if known.kind == "session" else "the token is revoked, or has ended"

        try:
            with self._revocations.watching(connection, known, ended):
                await self._start(viewer, picture, subscription)
                await connection.recv()
            await connection.close(CloseCode.POLICY_VIOLATION, "nothing is expected after the subscription")
        except ConnectionClosed:
            pass
        finally:
            self._hub.leave(viewer)
            if place is not None:
                self._screens.leave(place)
            stop = access(caller, self._now(), "unsubscribe", viewer=_name(viewer), frames=viewer.sent_frames)
            self._log.note_later(stop)

    async def watch(self) -> None:
        """Look every minute whether what somebody opened is to be closed again, until cancelled."""
        while True:
            await asyncio.sleep(RESCOPE_S)
            self._hub.rescope(self._log.scope)

    def _address(self, connection: ServerConnection) -> str:
        peer = connection.remote_address
        headers = connection.request.headers if connection.request is not None else Headers()
        return self._gate.address(str(peer[0]) if peer else "", only(headers, "X-Forwarded-For"))

    def _caller(self, connection: ServerConnection, subscription: Subscribe) -> Pass | None:
        """Who watches; None if that is not known."""
        if subscription.ticket is not None:
            return self._tickets.use(subscription.ticket)
        headers = connection.request.headers if connection.request is not None else Headers()
        caller = self._gate.identify(only(headers, "Authorization"), headers.get_all("Cookie"))
        if caller is not None and caller.kind == "session" and "Origin" not in headers:
            return None  # a browser says which page makes it send the cookie
        return caller

    async def _note(self, viewer: Viewer, picture: Picture, after: int | None, bbox: Bbox | None) -> None:
        at, grant, name = self._now(), viewer.grant, _name(viewer)
        opened = sorted(viewer.scope.opened) or None
        rows = [
            access(grant, at, "subscribe", viewer=name, bbox=bbox, opened=opened),
            access(grant, at, "snapshot", viewer=name, offset=picture.offset),
        ]
        if after is not None:
            rows.append(access(grant, at, "resume", viewer=name, after=after, upto=picture.offset))
        await self._log.note(*rows)

    async def _start(self, viewer: Viewer, picture: Picture, subscription: Subscribe) -> None:
        after = self._resume_after(subscription, picture.offset)
        if after is not None and after < await self._service.in_journal(_erased_upto):
            after = None  # something that it missed is erased
        await self._note(viewer, picture, after, subscription.bbox)
        faults = self._service.faults.standing
        frame = picture.frame(self._service.epoch, recovered=after is not None, now=self._now(), faults=faults)
        await self._hub.hand(viewer, frame)
        while after is not None and after < picture.offset:
            page = await self._service.events(after, _PAGE, viewer.scope)
            if not page and viewer.scope.sees_all:
                raise Corrupt(f"the journal has no event after {after}, and there are {picture.offset}")
            for offset, event in page:
                if offset <= picture.offset:  # what came since is waiting already
                    await self._hub.hand(viewer, event_frame(offset, event))
            after = page[-1][0] if len(page) == _PAGE else None
        self._hub.go_live(viewer)

    def _resume_after(self, subscription: Subscribe, newest: int) -> int | None:
        """The offset after which everything can be sent; None when the viewer starts afresh."""
        offset = subscription.offset
        if offset is None or subscription.epoch != self._service.epoch:
            return None
        # An offset ahead of ours belongs to a history that we do not have, whatever its epoch says.
        return offset if max(0, newest - MAX_GAP) <= offset <= newest else None


def _erased_upto(journal: Journal) -> int:
    return journal.erased_offset


def _name(viewer: Viewer) -> str:
    """What tells a screen's rows in the access log from those of others."""
    return str(viewer.connection.id)


async def _subscription(connection: ServerConnection) -> Subscribe:
    try:
        async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
            message = await connection.recv()
    except TimeoutError:
        raise Refused("", f"no subscription within {SUBSCRIBE_TIMEOUT_S:.0f} s") from None
    if isinstance(message, bytes):
        raise Refused("", "a text message is expected, not a binary one")
    subscription = read(Subscribe, message)
    check_bbox(subscription.bbox)
    return subscription


def _not_for(grant: Grant) -> str:
    return f"only for {', '.join(sorted(MAY['see']))}; the caller is {grant.role}"


def _close_reason(reason: str) -> str:
    # A close frame holds 123 bytes of reason (RFC 6455, 5.5); every reason here is ASCII.
    return reason if len(reason) <= 123 else f"{reason[:120]}..."
