"""The API on a real socket, and a client to ask it with."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientSession
from argon2 import PasswordHasher
from multidict import CIMultiDictProxy
from yarl import URL

from tracker.io.access_log import AccessLog
from tracker.io.accounts import Accounts
from tracker.io.administration import Administration
from tracker.io.api import About, Api
from tracker.io.boundaries import Boundaries
from tracker.io.clock import Clock
from tracker.io.config import Address, Auth, Config, Tls
from tracker.io.credentials import Credentials
from tracker.io.erasing import Limits
from tracker.io.gate import Gate
from tracker.io.http_port import HttpPort
from tracker.io.hub import Hub
from tracker.io.metrics import Metrics
from tracker.io.oidc import Oidc
from tracker.io.pace import Limit, Paces
from tracker.io.pages import Pages
from tracker.io.passwords import Passwords
from tracker.io.readiness import Readiness
from tracker.io.retention import Retention
from tracker.io.service import Service
from tracker.io.sign_in import SignIn
from tracker.io.throttle import Throttle
from tracker.io.tickets import Tickets
from tracker.io.tls import ServerTls
from tracker.io.training import Trainings
from tracker.io.turnstile import Turnstile

BEGAN_AT = 1_795_442_531.25
BORDERS = b'{"type":"FeatureCollection","features":[' + b",".join([b"{}"] * 500) + b"]}"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, field and reason."""
        error = self.json["error"]
        assert set(error) == {"field", "reason"}
        return self.status, error["field"], error["reason"]


class HttpRoom:
    """A service behind the API. `host` is what the gate is told of the addresses."""

    def __init__(
        self,
        service: Service,
        credentials: Credentials,
        web_directory: Path,
        *,
        host: str = "127.0.0.1",
        auth: bool = False,
        oidc: Oidc | None = None,
        limit: Limit | None = None,
        tls: Tls | None = None,
    ) -> None:
        self.service = service
        self.at = BEGAN_AT
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.hub = hub = Hub(service, 0.5, 10, self.now)
        self.log = AccessLog(web_directory.parent / f"log{self.port}", self.now)
        self.metrics = Metrics(hub.statistics, lambda: len(service.world.tracks), service.timings)
        service.listen(self.metrics.count_commit)
        detector = service.engine.detector
        found = Boundaries(None if detector is None else detector.atlas)
        self.readiness = Readiness(service, web_directory.parent, found, Clock())
        self.tls = None if tls is None else ServerTls(tls, self.now)
        self.gate = Gate(
            Config(auth=Auth(auth), tls=tls or Tls()),
            Address(host, self.port),
            Address(host, 8081),
            credentials,
            self.now,
        )
        self.accounts = Accounts(credentials.file)
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        self.throttle = Throttle()
        self.retention = Retention(service, Limits(3_600.0, 36_000.0), self.now, self.log)
        self.api = Api(
            service=service,
            hub=hub,
            log=self.log,
            gate=self.gate,
            sign_in=SignIn(self.accounts, self.gate.sessions, self.passwords, self.throttle, self.now),
            tickets=Tickets(self.now),
            oidc=oidc,
            metrics=self.metrics,
            readiness=self.readiness,
            pages=Pages(web_directory),
            borders=lambda: dict.fromkeys(("borders", "borderOutline", "borderSides"), BORDERS),
            about=About("1.2.3", "© OpenStreetMap contributors", "ab" * 32, "2026-11", demo=False),
            batch_bytes=1024 * 1024,
            trainings=Trainings(service, lambda: BEGAN_AT),
            paces=None if limit is None else Paces(limit),
            retention=self.retention,
            administration=Administration(credentials, self.gate.sessions),
            now=self.now,
        )
        self.client: ClientSession
        self.trust: ssl.SSLContext | bool = True
        """Whom the client takes for the server, and what it shows."""

    def now(self) -> float:
        """The clock of the server."""
        return self.at

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[HttpRoom]:
        """Serve."""
        self.served = HttpPort(self.api.app(), Turnstile(100, 100), self.tls)
        await self.served.open(self.socket)
        async with ClientSession(auto_decompress=False) as self.client:
            yield self
        await self.served.close()
        self.readiness.close()
        await self.log.close()
        self.passwords.close()

    async def ask(
        self, method: str, path: str, body: object = None, *, data: bytes | None = None, **headers: str
    ) -> Answer:
        """Send a request; underscores in the names of headers stand for dashes."""
        if body is not None:
            data = json.dumps(body).encode()
        url = URL(f"{self.gate.http_scheme}://127.0.0.1:{self.port}{path}", encoded=True)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(
            method,
            url,
            data=None if data is None else io.BytesIO(data),
            headers=sent,
            allow_redirects=False,
            skip_auto_headers=["Content-Type", "Accept-Encoding"],
            ssl=self.trust,
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return await self.ask("GET", path, None, data=None, **headers)

    async def post(self, path: str, body: object, **headers: str) -> Answer:
        """POST JSON."""
        return await self.ask("POST", path, body, data=None, **headers)


def ping(unit: str = "BE-K03", **changes: object) -> dict[str, object]:
    """A good ping in Belgium, with changes."""
    good: dict[str, object] = {"unit": unit, "t": BEGAN_AT, "lon": 4.7353, "lat": 51.4}
    return good | changes
