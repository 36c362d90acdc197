"""The gate: which hosts and origins may be spoken to, who is calling, and what each caller may do.

Three separate questions, answered for every HTTP request and every socket before anything else is read:

1. Is it meant for us? The `Host` must be a name that the server is known by, or a page anywhere could point a
   name of its own at this machine and read the answers (DNS rebinding).
2. Does another site's page send it? A browser states the `Origin`; one that is not ours is turned away. This
   is no authentication: what is not a browser states none.
3. Who is it? A bearer token, the cookie of a session, or, of units and gateways, a client certificate. Only where the
   configuration says that nobody must say who he is, which it can on loopback alone, everybody is a supervisor of all
   states.

What a caller of each role may do is the table of `tracker.roles`.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from tracker.io.certificates import Certificate
from tracker.io.config import Address, Config
from tracker.io.credential_file import digest
from tracker.io.credentials import LOCAL, Credentials, Grant
from tracker.io.sessions import Sessions


class Pass(NamedTuple):
    """Who calls, and what proved it: enough to ask again later whether it still does."""

    grant: Grant
    kind: Literal["token", "session", "certificate"] = "token"
    key: bytes | None = None
    """The hash of the token or of the session's secret, or the id of the credential that the certificate is for; None
    where nobody must say who he is."""
    ends_at: float = math.inf
    """When what proved it ends by itself, Unix seconds UTC."""


_ANYBODY: Final = Pass(LOCAL)


class Gate:
    """Answers those questions.

    Args:
        config: origins and the feed's URL, and whether callers must say who they are.
        http: where HTTP really listens (after the system chose a port).
        ws: where the sockets really listen.
        credentials: knows the tokens, and its file the sessions.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self, config: Config, http: Address, ws: Address, credentials: Credentials, now: Callable[[], float]
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._http = http
        self._ws = ws
        self._feed_url = config.ws.url
        self.is_tls: Final = bool(config.tls.certificate)
        self.http_scheme: Final = "https" if self.is_tls else "http"
        self.ws_scheme: Final = "wss" if self.is_tls else "ws"
        self._port = 443 if self.is_tls else 80
        self.units_need_token: Final = config.auth.required
        self.people_must_sign_in: Final = config.auth.required
        self.sessions: Final = Sessions(credentials.file, 60.0 * config.auth.idle_minutes, 3_600.0 * config.auth.hours)
        # Cookies know no ports (RFC 6265, 8.5): several servers on one machine need several names.
        self.cookie_name: Final = f"__Host-drempelloos-{http.port}" if http.is_loopback else "__Host-drempelloos"
        self._proxies: Final = set(config.http.proxies)
        public_hosts = {urlsplit(origin).netloc for origin in config.http.origins}
        own_hosts = _hosts(http, self._port)
        self._http_hosts = own_hosts | public_hosts
        self._ws_hosts = _hosts(ws, self._port) | public_hosts
        if config.ws.url:
            self._ws_hosts |= {urlsplit(config.ws.url).netloc}
        self._origins = {f"{self.http_scheme}://{host}" for host in own_hosts} | set(config.http.origins)

    def expects_http_host(self, host: str | None) -> bool:
        """True when a request to the HTTP port with this `Host` header is meant for us."""
        return self._expects(host, self._http_hosts, self._http)

    def expects_ws_host(self, host: str | None) -> bool:
        """True when a handshake on the socket port with this `Host` header is meant for us."""
        return self._expects(host, self._ws_hosts, self._ws)

    def trusts_origin(self, origin: str | None) -> bool:
        """True when no page, or our own page, sends this. `null` (a sandboxed or local page) is not ours."""
        if origin is None or origin in self._origins:
            return True
        scheme, separator, host = origin.partition("://")
        is_ours = bool(separator) and scheme == self.http_scheme
        return is_ours and self._http.is_wildcard and _is_literal(host, self._http, self._port)

    def sender(self, authorization: str | None, certificate: Certificate | None = None) -> Pass | None:
        """Which unit or gateway calls: by its token if it sends one, or else by the certificate of its connection.

        None when it shows neither, or none that is known; a certificate that fits several credentials is none.
        """
        secret = _bearer(authorization)
        if secret is not None:
            return self._pass("token", digest(secret))
        grants = [] if certificate is None else self._credentials.certified(certificate.names)
        if certificate is None or len(grants) != 1:
            return None
        return self._pass("certificate", grants[0].id.encode(), certificate.ends_at)

    def identify(self, authorization: str | None, cookies: Iterable[str] = ()) -> Pass | None:
        """Who calls: by a token, or else by the cookie of a session; or anybody, where nobody must say who he is.

        Args:
            authorization: that header.
            cookies: every `Cookie` header.
        """
        secret = _bearer(authorization)
        if secret is not None:
            found = self._pass("token", digest(secret))
        else:
            session = self.cookie(cookies)
            found = None if session is None else self._pass("session", digest(session))
        return _ANYBODY if found is None and not self.people_must_sign_in else found

    def still(self, one: Pass) -> Pass | None:
        """The same caller as it stands now; None when its token was revoked or its session has ended."""
        return one if one.key is None else self._pass(one.kind, one.key, one.ends_at)

    def cookie(self, headers: Iterable[str]) -> str | None:
        """The secret in the cookie of a session; None when there is none, or more than one."""
        pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
        values = [value for name, _, value in pairs if name == self.cookie_name]
        return values[0] if len(values) == 1 and values[0] else None

    def _pass(
        self, kind: Literal["token", "session", "certificate"], key: bytes, ends_at: float = math.inf
    ) -> Pass | None:
        now = self._now()
        if kind == "session":
            session = self.sessions.of(key, now)
            grant = None if session is None else session.grant
        elif kind == "token":
            grant = self._credentials.of(key)
        else:
            grant = self._credentials.of_certificate(key.decode())
        if grant is None:
            return None
        ends_at = ends_at if grant.ends_at is None else min(ends_at, grant.ends_at)
        return Pass(grant, kind, key, ends_at) if now < ends_at else None

    def admits_unit(self, grant: Grant | None, unit: str) -> bool:
        """True when the caller may send positions of this unit."""
        if grant is None:
            return not self.units_need_token
        return unit in grant.units

    def address(self, peer: str, forwarded: str | None) -> str:
        """Which address a caller has.

        Args:
            peer: the other end of the connection.
            forwarded: `X-Forwarded-For`, which counts only from a proxy of ours: each appends whom it heard.
        """
        if peer in self._proxies:
            for hop in reversed((forwarded or "").split(",")):
                if hop.strip() and hop.strip() not in self._proxies:
                    return hop.strip()[:64]
        return peer

    def feed_origin(self, host: str) -> str:
        """The scheme, host and port of `feed_url`, for a content security policy."""
        url = urlsplit(self.feed_url(host))
        return f"{url.scheme}://{url.netloc}"

    def feed_url(self, host: str) -> str:
        """The URL of the live feed for a page that was reached under an expected `Host`."""
        if self._feed_url:
            return self._feed_url
        if self._ws.is_wildcard or (self._ws.is_loopback and self._http.is_loopback):
            # The name that reached the page reaches the socket, and keeps the two on one site.
            name = host.rpartition(":")[0] if _has_port(host) else host
            return f"{self.ws_scheme}://{name}:{self._ws.port}/live"
        return f"{self.ws_scheme}://{self._ws}/live"

    def _expects(self, host: str | None, hosts: set[str], address: Address) -> bool:
        if host is None:
            return False
        return host.lower() in hosts or (address.is_wildcard and _is_literal(host, address, self._port))


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _hosts(address: Address, default_port: int) -> set[str]:
    names = {str(address).rpartition(":")[0]}
    if address.is_loopback or address.is_wildcard:
        names |= {"localhost", "127.0.0.1", "[::1]"}
    hosts = {f"{name}:{address.port}" for name in names}
    return hosts | names if address.port == default_port else hosts


def _is_literal(host: str, address: Address, default_port: int) -> bool:
    """True for an IP address and our port: anyone can point a name at this machine, but no address."""
    name, _, port = host.rpartition(":") if _has_port(host) else (host, "", str(default_port))
    if port != str(address.port):
        return False
    try:
        ip = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    # Only the one canonical spelling, since it goes into headers: no zone ids, no missing brackets.
    return name == (f"[{ip}]" if ip.version == 6 else str(ip)) and "%" not in name


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]
