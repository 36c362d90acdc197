"""The gate: which hosts and origins may be spoken to, who is calling, and what each caller may do.

Three separate questions, answered for every HTTP request and every socket before anything else is read:

1. Is it meant for us? The `Host` must be a name that the server is known by, or a page anywhere could point a
   name of its own at this machine and read the answers (DNS rebinding).
2. Does another site's page send it? A browser states the `Origin`; one that is not ours is turned away. This
   is no authentication: what is not a browser states none.
3. Who is it? A bearer token, or the cookie of a session. Only where the configuration says that nobody must say who
   he is, which it can on loopback alone, everybody is a supervisor of all states.

What a caller of each role may do is the table of `tracker.roles`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from tracker.io.config import Address, Config
from tracker.io.credential_file import digest
from tracker.io.credentials import LOCAL, Credentials, Grant
from tracker.io.sessions import Sessions


class Pass(NamedTuple):
    """Who calls, and what proved it: enough to ask again later whether it still does."""

    grant: Grant
    kind: Literal["token", "session"] = "token"
    key: bytes | None = None
    """The hash of the token or of the session's secret; None where nobody must say who he is."""


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
        self.units_need_token: Final = config.auth.required
        self.people_must_sign_in: Final = config.auth.required
        self.sessions: Final = Sessions(credentials.file, 60.0 * config.auth.idle_minutes, 3_600.0 * config.auth.hours)
        # Cookies know no ports (RFC 6265, 8.5): several servers on one machine need several names.
        self.cookie_name: Final = f"__Host-drempelloos-{http.port}" if http.is_loopback else "__Host-drempelloos"
        self._proxies: Final = set(config.http.proxies)
        public_hosts = {urlsplit(origin).netloc for origin in config.http.origins}
        self._http_hosts = _hosts(http) | public_hosts
        self._ws_hosts = _hosts(ws) | public_hosts
        if config.ws.url:
            self._ws_hosts |= {urlsplit(config.ws.url).netloc}
        self._origins = {f"http://{host}" for host in _hosts(http)} | set(config.http.origins)

    def expects_http_host(self, host: str | None) -> bool:
        """True when a request to the HTTP port with this `Host` header is meant for us."""
        return _expected(host, self._http_hosts, self._http)

    def expects_ws_host(self, host: str | None) -> bool:
        """True when a handshake on the socket port with this `Host` header is meant for us."""
        return _expected(host, self._ws_hosts, self._ws)

    def trusts_origin(self, origin: str | None) -> bool:
        """True when no page, or our own page, sends this. `null` (a sandboxed or local page) is not ours."""
        if origin is None or origin in self._origins:
            return True
        scheme, separator, host = origin.partition("://")
        return bool(separator) and scheme == "http" and self._http.is_wildcard and _is_literal(host, self._http)

    def grant(self, authorization: str | None) -> Grant | None:
        """Who an `Authorization` header speaks for; None when there is none or its token is not known."""
        found = self.sender(authorization)
        return None if found is None else found.grant

    def sender(self, authorization: str | None) -> Pass | None:
        """The same, with what proves it."""
        secret = _bearer(authorization)
        return None if secret is None else self._pass("token", digest(secret))

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
        return one if one.key is None else self._pass(one.kind, one.key)

    def cookie(self, headers: Iterable[str]) -> str | None:
        """The secret in the cookie of a session; None when there is none, or more than one."""
        pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
        values = [value for name, _, value in pairs if name == self.cookie_name]
        return values[0] if len(values) == 1 and values[0] else None

    def _pass(self, kind: Literal["token", "session"], key: bytes) -> Pass | None:
        if kind == "token":
            grant = self._credentials.of(key)
        else:
            session = self.sessions.of(key, self._now())
            grant = None if session is None else session.grant
        return None if grant is None else Pass(grant, kind, key)

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
            return f"ws://{name}:{self._ws.port}/live"
        return f"ws://{self._ws}/live"


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _hosts(address: Address) -> set[str]:
    names = {str(address).rpartition(":")[0]}
    if address.is_loopback or address.is_wildcard:
        names |= {"localhost", "127.0.0.1", "[::1]"}
    hosts = {f"{name}:{address.port}" for name in names}
    return hosts | names if address.port == 80 else hosts


def _expected(host: str | None, hosts: set[str], address: Address) -> bool:
    if host is None:
        return False
    return host.lower() in hosts or (address.is_wildcard and _is_literal(host, address))


def _is_literal(host: str, address: Address) -> bool:
    """True for an IP address and our port: anyone can point a name at this machine, but no address."""
    name, _, port = host.rpartition(":") if _has_port(host) else (host, "", "80")
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
