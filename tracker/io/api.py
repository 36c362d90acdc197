"""The HTTP side: the page, the API, and what an operator asks. Handlers are thin; the core decides."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from aiohttp import hdrs, web
from multidict import CIMultiDict

from tracker.errors import Refused
from tracker.io import law_http, openapi
from tracker.io.access_log import AccessLog
from tracker.io.admin_http import Admin
from tracker.io.administration import Administration
from tracker.io.answers import ActAnswer, BoundaryAnswer, ConfigAnswer, HealthAnswer, ReadyAnswer
from tracker.io.basemap import describe, file_of, origins
from tracker.io.commands import STEPS, name_of
from tracker.io.config import Basemap
from tracker.io.consulting import Consulting
from tracker.io.contacts import Way
from tracker.io.dispatch_http import Dispatch, Handler
from tracker.io.evidence_http import Evidence
from tracker.io.gate import Gate
from tracker.io.http import CALLER, PASS, HttpError, respond, respond_error, status_of
from tracker.io.http_port import mark
from tracker.io.hub import Hub
from tracker.io.ingest_http import Ingest
from tracker.io.metrics import CONTENT_TYPE, Metrics
from tracker.io.oidc_http import OidcCalls
from tracker.io.pace import Paces
from tracker.io.pages import Later, Page, Pages, answer
from tracker.io.pages import page as prepare
from tracker.io.readiness import Readiness
from tracker.io.record_http import Record
from tracker.io.retention import Retention
from tracker.io.service import Service, Unavailable
from tracker.io.sign_in import SignIn
from tracker.io.sign_in_http import SignInCalls
from tracker.io.tickets import Tickets
from tracker.io.training import Trainings
from tracker.io.training_http import Training
from tracker.pursuits import MOVES
from tracker.roles import MAY, Access
from tracker.treaty.acts import ACTS

if TYPE_CHECKING:
    from tracker.io.oidc import Oidc

_log: Final = structlog.get_logger(__name__)


class About(msgspec.Struct, frozen=True):
    """What the server says of itself."""

    version: str
    attribution: str
    boundary_sha256: str
    boundary_vintage: str
    demo: bool
    basemap: Basemap = Basemap()
    origin: str = ""
    """Under which browsers reach the page, where that is not the address itself."""
    contacts: dict[str, list[Way]] = {}
    """How control rooms are reached."""


class Api:
    """The HTTP application.

    Args:
        service: the door to the core.
        hub: the viewers.
        log: who looked at what.
        gate: says who may call.
        sign_in: the ways in.
        tickets: for the live feed.
        oidc: a provider of accounts; None if there is none.
        metrics: counts.
        pages: the map page's files.
        readiness: looks whether the server can do its work.
        borders: makes the boundary data as GeoJSON, encoded, by the name of the call.
        about: what the server says of itself.
        batch_bytes: the largest body of pings.
        now: the clock, Unix seconds UTC.
        trainings: play scenarios.
        retention: erases, and keeps what is evidence.
        administration: looks after accounts, tokens and sessions.
        paces: how fast a unit may send; None: as fast as it can.
    """

    def __init__(
        self,
        *,
        service: Service,
        hub: Hub,
        log: AccessLog,
        gate: Gate,
        sign_in: SignIn,
        tickets: Tickets,
        oidc: Oidc | None = None,
        metrics: Metrics,
        pages: Pages,
        readiness: Readiness,
        borders: Callable[[], Mapping[str, bytes]],
        about: About,
        batch_bytes: int,
        now: Callable[[], float],
        trainings: Trainings,
        retention: Retention,
        administration: Administration,
        paces: Paces | None = None,
    ) -> None:
        self._service = service
        self._gate = gate
        self._metrics = metrics
        self._pages = pages
        self._readiness = readiness
        self._borders: Final = Later(lambda: {name: prepare(body, ".geojson") for name, body in borders().items()})
        self._openapi: Final[Page] = prepare(openapi.document(about.version), ".json")
        self._about = about
        self._training = Training(trainings)
        consulting = Consulting(service, log, now)
        self._dispatch = Dispatch(service, hub, log, consulting, now)
        self._evidence = Evidence(service, retention, consulting, log, now)
        self._admin = Admin(administration, log, now)
        self._record = Record(service, consulting, now)
        self._calls = SignInCalls(gate, sign_in, tickets, now, about.contacts)
        self._oidc = OidcCalls(gate, sign_in, self._calls, oidc, about.origin)
        self._ways = ("password",) if oidc is None else ("password", "oidc")
        self._ingest = Ingest(service, gate, metrics, batch_bytes, now, paces)

    def app(self) -> web.Application:
        """The application, with a route for every call in `openapi.CALLS`."""
        app = web.Application(middlewares=[mark, self._answer_errors, self._check_caller])
        app.on_response_prepare.append(self._add_headers)
        handlers = self._handlers()
        for call in openapi.CALLS:
            # The catch-all must not turn an unknown call of the API into a known path with the wrong method.
            path = r"/{name:(?!api/).+}" if call.name == "page" else call.path
            handler = handlers[call.name]
            if call.access not in {"public", "send"}:  # who may send depends on the unit: see Ingest
                handler = self._for(call.access, handler)
            if call.method == "GET":
                app.router.add_get(path, handler, name=call.name)
            else:
                app.router.add_route(call.method, path, handler, name=call.name)
        return app

    def _handlers(self) -> dict[str, Handler]:
        dispatch = self._dispatch
        return (
            self._admin.handlers()
            | {
                "config": self._config,
                "pings": self._ingest.pings,
                "units": dispatch.units,
                **dict.fromkeys(("borders", "borderOutline", "borderSides"), self._send_borders),
                "events": dispatch.events,
                "pursuits": dispatch.pursuits,
                "pursuit": dispatch.pursuit,
                "track": dispatch.track,
                "record": self._record.record,
                "legs": self._record.legs,
                "leg": self._record.leg,
                "start": dispatch.start,
                "open": dispatch.open,
                "evidence": self._evidence.look,
                "keep": self._evidence.keep,
                "release": self._evidence.release,
                "accessLog": dispatch.access_log,
                "acknowledge": dispatch.acknowledge,
                "decide": law_http.decision,
                "words": law_http.words,
                "trainings": self._training.trainings,
                "train": self._training.train,
                "stopTraining": self._training.stop,
                "signIn": self._calls.begin,
                "session": self._calls.who,
                "signOut": self._calls.end,
                "ticket": self._calls.ticket,
                "signInPage": self._sign_in_page,
                "oidcStart": self._oidc.start,
                "oidcCallback": self._oidc.callback,
                "health": self._health,
                "ready": self._ready,
                "metrics": self._send_metrics,
                "openapi": self._send_openapi,
                "basemap": self._send_basemap,
                "index": self._page,
                "page": self._page,
            }
            | {name_of(step): dispatch.step(step) for step in STEPS if step != "start"}
        )

    async def _config(self, request: web.Request) -> web.Response:
        about = self._about
        return respond(
            ConfigAnswer(
                version=about.version,
                ws=self._gate.feed_url(request.host),
                attribution=about.attribution,
                boundary=BoundaryAnswer(about.boundary_sha256, about.boundary_vintage),
                epoch=self._service.epoch,
                demo=about.demo,
                basemap=describe(about.basemap),
                sign_in=self._ways if self._gate.people_must_sign_in else (),
                acts=tuple(ActAnswer(act.name, act.says, act.articles) for act in ACTS),
                phases={phase.value: tuple(moves) for phase, moves in MOVES.items()},
            )
        )

    async def _send_borders(self, request: web.Request) -> web.Response:
        return await answer(request, (await self._borders.get())[_call(request)])

    async def _send_basemap(self, _: web.Request) -> web.StreamResponse:
        path = file_of(self._about.basemap)
        if path is None or not path.is_file():
            raise HttpError(404, "", "the operator has set no basemap, or its file is gone")
        # Read a range at a time; the page asks for a few kilobytes of what may be gigabytes.
        return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: "application/octet-stream"})

    async def _send_openapi(self, request: web.Request) -> web.Response:
        return await answer(request, self._openapi)

    async def _send_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})

    async def _health(self, _: web.Request) -> web.Response:
        return respond(HealthAnswer("ok"))

    async def _ready(self, _: web.Request) -> web.Response:
        checks = await self._readiness.look()
        is_ready = all(check.is_well for check in checks.values())
        journal = "writable" if self._service.fault is None else self._service.fault
        told = {name: check.text for name, check in checks.items()}
        answer = ReadyAnswer("ready" if is_ready else "not ready", self._about.boundary_sha256, journal, told)
        return respond(answer, 200 if is_ready else 503)

    async def _sign_in_page(self, request: web.Request) -> web.Response:
        found = await self._pages.answer(request, "sign_in.html")
        if found is None:
            raise HttpError(404, "", "this installation has no page to sign in on; run make setup")
        return found

    async def _page(self, request: web.Request) -> web.Response:
        found = await self._pages.answer(request, request.match_info.get("name", ""))
        if found is None:
            raise HttpError(404, "", "there is no such page or call")
        return found

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except HttpError as error:
            return respond_error(error.status, error.field, error.reason)
        except Refused as refused:
            return respond_error(status_of(refused), refused.field, refused.reason)
        except Unavailable as error:
            return respond_error(503, "", str(error))
        except web.HTTPException as error:
            reason = "there is no such page or call" if error.status == 404 else error.reason
            response = respond_error(error.status, "", reason)
            if hdrs.ALLOW in error.headers:
                response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
            return response
        except (ConnectionError, TimeoutError):
            raise  # the caller has gone
        except Exception:  # noqa: BLE001 - whatever it was, the caller gets an answer and the log the cause
            error_id = secrets.token_hex(6)
            _log.exception("request failed", error_id=error_id, method=request.method, call=_call(request))
            return respond_error(500, "", f"the server failed; its log has the cause under {error_id}")

    @web.middleware
    async def _check_caller(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._gate.expects_http_host(_only(request, hdrs.HOST)):
            raise HttpError(403, hdrs.HOST, "this is not a name of this server; http.origins lists further ones")
        if _changes(request) and not self._gate.trusts_origin(_only(request, hdrs.ORIGIN)):
            raise HttpError(403, hdrs.ORIGIN, "pages of this origin may not call this")
        return await handler(request)

    def _for(self, access: Access, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            caller = self._gate.identify(_only(request, hdrs.AUTHORIZATION), request.headers.getall(hdrs.COOKIE, []))
            if caller is None:
                raise HttpError(401, hdrs.AUTHORIZATION, "sign in, or send a token; none that is known came")
            if not caller.grant.may(access):
                roles = ", ".join(sorted(MAY[access]))
                raise HttpError(403, hdrs.AUTHORIZATION, f"only for {roles}; the caller is {caller.grant.role}")
            if caller.kind == "session" and _changes(request) and _only(request, hdrs.ORIGIN) is None:
                # A browser says which page makes it send the cookie. What says nothing is no browser, or a broken one.
                raise HttpError(
                    403, hdrs.ORIGIN, "missing; a session can change things only from the server's own page"
                )
            request[CALLER], request[PASS] = caller.grant, caller
            return await handler(request)

        return checked

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        host = _only(request, hdrs.HOST)
        known = host is not None and self._gate.expects_http_host(host)
        own = response.headers.get(_POLICY)  # of a page that needs less still
        feed = self._gate.feed_origin(host) if known and host else ""
        response.headers.update(_headers(feed, origins(self._about.basemap)))
        if self._gate.is_tls and host is not None and host.lower().partition(":")[0] != "localhost":
            # Not for the name that every other server on this machine has too.
            response.headers["Strict-Transport-Security"] = f"max-age={HSTS_S}"
        if own is not None:
            response.headers[_POLICY] = own
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


HSTS_S: Final = 365 * 86_400
"""For so long a browser that was here once comes by TLS alone (RFC 6797)."""

_POLICY: Final = "Content-Security-Policy"


def _headers(feed: str, maps: tuple[str, ...]) -> CIMultiDict[str]:
    sources = " ".join(("'self'", *filter(None, (feed, *maps))))
    images = " ".join(("'self' data: blob:", *maps))
    policy = (
        "default-src 'none'; script-src 'self'; worker-src 'self'; "
        f"connect-src {sources}; "
        f"img-src {images}; style-src 'self'; font-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    )
    return CIMultiDict(
        {
            _POLICY: policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            hdrs.SERVER: "drempelloos",
        }
    )


def _only(request: web.Request, name: str) -> str | None:
    """The one value of a header; several together are never one that is expected."""
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None


def _changes(request: web.Request) -> bool:
    return request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}


def _call(request: web.Request) -> str:
    """Which call it was, in our own words: what a client sent does not belong into the log."""
    return request.match_info.route.name or "unknown"
