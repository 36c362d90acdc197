"""The gate: which hosts and origins may be spoken to, who is calling, and what each caller may do.

Three separate questions, answered for every HTTP request and every socket before anything else is read:

1. Is it meant for us? The `Host` must be a name that the server is known by, or a page anywhere could point a
   name of its own at this machine and read the answers (DNS rebinding).
2. Does another site's page send it? A browser states the `Origin`; one that is not ours is turned away. This
   is no authentication: what is not a browser states none.
3. Who is it? A bearer token. Bound to loopback only, the server trusts whoever can reach it with dispatch;
   bound to anything else, every dispatch call and every viewer needs the token of a control room.

What a caller of each role may do is the table of `tracker.roles`.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from tracker.io.config import Address, Config
from tracker.io.credentials import LOCAL, Credentials, Grant


class Gate:
    """Answers those questions.

    Args:
        config: origins and the feed's URL, and whether callers must say who they are.
        http: where HTTP really listens (after the system chose a port).
        ws: where the sockets really listen.
        credentials: knows the tokens.
    """

    def __init__(self, config: Config, http: Address, ws: Address, credentials: Credentials) -> None:
        self._credentials = credentials
        self._http = http
        self._ws = ws
        self._feed_url = config.ws.url
        self.units_need_token: Final = config.auth.required
        self.dispatch_needs_token: Final = not (http.is_loopback and ws.is_loopback)
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
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        return self._credentials.check(token.strip())

    def caller(self, authorization: str | None) -> Grant | None:
        """Who calls, where units have no say: `LOCAL` where nobody must say who he is; None when it is not known."""
        grant = self.grant(authorization)
        return LOCAL if grant is None and not self.dispatch_needs_token else grant

    def admits_unit(self, grant: Grant | None, unit: str) -> bool:
        """True when the caller may send positions of this unit."""
        if grant is None:
            return not self.units_need_token
        return unit in grant.units

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
