"""Configuration: every key with its type, its default, what it says and what is allowed.

A section is a class here and a table in the file; `tracker.io.settings` reads them from a TOML file, the environment
and the command line. The reference in docs/operations.md is printed from these types, and a test compares the two.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, cast, get_args
from urllib.parse import urlsplit

import msgspec

from tracker.errors import Refused
from tracker.facts import State
from tracker.io.contacts import check_entries, unknown_rooms
from tracker.roles import ROOM, Role
from tracker.treaty import contact_points


class Key(NamedTuple):
    """What is known of a key besides its type and its default.

    `check` raises a ValueError that says what was received and what is allowed. A secret is read from a file, and is
    never shown.
    """

    says: str
    check: Callable[[Any], None] = lambda _: None
    is_secret: bool = False


class Address(msgspec.Struct, frozen=True):
    """Where a server listens, or did after the system chose a port for 0. `host` carries no brackets."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can reach it. Of names, only `localhost` counts as loopback."""
        if self.host == "localhost":
            return True
        ip = _ip(self.host)
        return ip is not None and ip.is_loopback

    @property
    def is_wildcard(self) -> bool:
        """True when it listens on every address of the machine."""
        ip = _ip(self.host)
        return ip is not None and ip.is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read `HOST:PORT`, as in `127.0.0.1:8080` or `[::1]:0`. With port 0 the system chooses.

    Raises:
        ValueError: says what was received and what is allowed.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    inside, plain, digits = match.groups()
    port = int(digits)
    if port > 65_535:
        raise ValueError(f"port {port} in {text!r} is outside 0 to 65535")
    host = inside or plain
    if inside and not isinstance(_ip(inside), ipaddress.IPv6Address):
        raise ValueError(f"{inside!r} in {text!r} is not an IPv6 address")
    if plain and plain.replace(".", "").isdigit() and _ip(plain) is None:
        raise ValueError(f"{plain!r} in {text!r} is not an IPv4 address")
    return Address(host.lower(), port)


def between(low: float, high: float) -> Callable[[float], None]:
    """Allows numbers from `low` to `high`."""

    def check(value: float) -> None:
        if not low <= value <= high:  # also false for NaN
            raise ValueError(f"{value:g} is outside {low:.15g} to {high:.15g}")

    return check


def one_of(*allowed: str) -> Callable[[str], None]:
    """Allows these texts."""

    def check(value: str) -> None:
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")

    return check


def _address(text: str) -> None:
    parse_address(text)


def _address_if_any(text: str) -> None:
    if text:
        parse_address(text)


def _origins(origins: tuple[str, ...]) -> None:
    for origin in origins:
        if _ORIGIN.fullmatch(origin) is None:
            raise ValueError(
                f"{origin!r} is not an origin: a scheme http or https and a host, without a path, such as "
                "https://dispatch.example"
            )


def _socket_url(text: str) -> None:
    if text and not _is_socket_url(text):
        raise ValueError(f"{text!r} is not a URL such as wss://dispatch.example/live")


def _ips(addresses: tuple[str, ...]) -> None:
    for address in addresses:
        if _ip(address) is None:
            raise ValueError(f"{address!r} is not an IP address")


def _directory(text: str) -> None:
    if not text:
        raise ValueError("'' is not a directory")


def _map(text: str) -> None:
    # The host becomes part of a header, so nothing but plain URL characters may pass.
    if "://" not in text:
        return
    if _MAP_URL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an address such as https://tiles.example/benelux.pmtiles")


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page and the API."""

    address: Annotated[str, Key("HOST:PORT; port 0 takes a free one", _address)] = "127.0.0.1:8080"
    origins: Annotated[
        tuple[str, ...], Key('further origins of the page, e.g. "https://dispatch.example"', _origins)
    ] = ()
    proxies: Annotated[tuple[str, ...], Key("addresses of proxies that say in X-Forwarded-For who calls", _ips)] = ()


class Ws(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sockets of units and viewers."""

    address: Annotated[str, Key("HOST:PORT; port 0 takes a free one", _address)] = "127.0.0.1:8081"
    url: Annotated[
        str,
        Key('what browsers open for the live feed behind a proxy, e.g. "wss://dispatch.example/live"', _socket_url),
    ] = ""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS on both ports, of files in PEM; they are read again at SIGHUP"""

    certificate: Annotated[str, Key("the server's, then those between it and its root; empty: a proxy ends TLS")] = ""
    key: Annotated[str, Key("file of its private key, without a passphrase, that others may not read")] = ""
    client_ca: Annotated[str, Key("authorities whose certificates units and gateways may show instead of a token")] = ""
    client_address: Annotated[
        str, Key("HOST:PORT of a port of their own for those, since browsers take none that asks", _address_if_any)
    ] = ""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are remembered."""

    directory: Annotated[str, Key("of the journal and the credentials", _directory)] = "data"
    ballast_mib: Annotated[
        int, Key("room kept for what must be written when the disk is full, 0 to 65536", between(0, 65_536))
    ] = 64


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The live feed."""

    tick_s: Annotated[float, Key("seconds between position frames, 0.05 to 1", between(0.05, 1.0))] = 0.5
    viewers: Annotated[
        int, Key("at once; more are sent away with close code 1013, 1 to 100000", between(1, 100_000))
    ] = 1_000


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is refused for being too much."""

    units: Annotated[int, Key("unit and gateway sockets at once, 1 to 1000000", between(1, 1_000_000))] = 10_000
    batch_bytes: Annotated[
        int, Key("largest body of POST /api/v1/pings, 1024 to 16777216", between(1_024, 16_777_216))
    ] = 1_048_576
    connections: Annotated[int, Key("to the HTTP port at once, 1 to 1000000", between(1, 1_000_000))] = 5_000
    connections_per_address: Annotated[
        int, Key("of them from one address, which a proxy is too, 1 to 1000000", between(1, 1_000_000))
    ] = 500
    strangers: Annotated[
        int, Key("to the socket port that have not said yet who they are, 1 to 1000000", between(1, 1_000_000))
    ] = 5_000
    strangers_per_address: Annotated[
        int,
        Key("of them from one address, but this machine's own and proxies', 1 to 1000000", between(1, 1_000_000)),
    ] = 200
    sockets_per_token: Annotated[
        int, Key("of one unit or gateway; the oldest gives way to another, 1 to 1000", between(1, 1_000))
    ] = 2
    screens: Annotated[int, Key("live feeds of one person or program at once, 1 to 1000", between(1, 1_000))] = 4
    viewers_per_address: Annotated[
        int, Key("live feeds from one address, but for this machine's own, 1 to 100000", between(1, 100_000))
    ] = 50
    pings_per_s: Annotated[
        float,
        Key(
            "of one unit; beyond it a socket is read more slowly, a call gets 429, 0.1 to 10000",
            between(0.1, 10_000),
        ),
    ] = 5.0
    pings_burst: Annotated[int, Key("pings at once, before that counts, 1 to 100000", between(1, 100_000))] = 20
    backlog_per_s: Annotated[
        float, Key("the same for pings that are older than 5 s, 1 to 100000", between(1, 100_000))
    ] = 500.0


class Treaty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Local facts that the law refers to."""

    contact_points: Annotated[
        str, Key("TOML file of contact points and restrictions; empty: the shipped, unverified ones")
    ] = ""


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How control rooms are reached; shown to who is signed in, beside whom to contact"""

    reach: Annotated[
        tuple[str, ...],
        Key('"ROOM=tel:+...", or sip:, mailto:, radio:; ROOM is a contact point\'s name, or BE, NL, LU', check_entries),
    ] = ()


class Basemap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The map below the borders; the built-in one has no roads"""

    kind: Annotated[str, Key("builtin, pmtiles, style or raster", one_of("builtin", "pmtiles", "style", "raster"))] = (
        "builtin"
    )
    url: Annotated[
        str,
        Key("PMTiles file, or the address of one, of a style.json, or of raster tiles with {z}, {x}, {y}", _map),
    ] = ""
    attribution: Annotated[str, Key("whose map it is; always shown")] = ""
    origins: Annotated[
        tuple[str, ...], Key("of further hosts that a style names, such as https://tiles.example", _origins)
    ] = ()


class Demo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bundled scenario."""

    enabled: Annotated[bool, Key("play it in a loop")] = False


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether callers must say who they are."""

    required: Annotated[bool, Key("false only on loopback")] = True
    idle_minutes: Annotated[
        int, Key("a sign-in that nobody used for this long has ended, 1 to 1440", between(1, 1_440))
    ] = 60
    hours: Annotated[int, Key("a sign-in ends after this long, used or not, 1 to 168", between(1, 168))] = 13


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When what is kept is erased; the controller must confirm the times"""

    positions_h: Annotated[
        int, Key("hours after they came, or after the end of their pursuit, 1 to 87600", between(1, 87_600))
    ] = 72
    events_d: Annotated[
        int, Key("days: events, decisions, commands; of a pursuit after its end, 1 to 36500", between(1, 36_500))
    ] = 365
    access_log_years: Annotated[
        int, Key("whole years after the year in which somebody looked, 0 to 100", between(0, 100))
    ] = 1


class Rule(NamedTuple):
    """What a value of a claim means."""

    value: str
    role: Role
    state: str | None


def rule_of(text: str) -> Rule:
    """Read `VALUE=ROLE:STATE`, or `VALUE=admin`.

    Raises:
        ValueError: says what was received and what is allowed.
    """
    value, equals, meaning = text.rpartition("=")
    role, _, state = meaning.partition(":")
    fits = (role in ROOM and state in get_args(State)) or (role == "admin" and not state)
    if not value or not equals or not fits:
        raise ValueError(f'{text!r} is not such as "rtic-utrecht=dispatcher:NL" or "it-beheer=admin"')
    return Rule(value, cast("Role", role), state or None)


def _rules(texts: tuple[str, ...]) -> None:
    for text in texts:
        rule_of(text)


def _issuer(text: str) -> None:
    url = urlsplit(text)
    if text and (url.scheme not in {"https", "http"} or not url.hostname or url.query or url.fragment):
        raise ValueError(f"{text!r} is not a URL such as https://login.example/realms/police")
    if url.scheme == "http" and not Address(url.hostname or "", 0).is_loopback:
        raise ValueError(f"{text!r} is reached without encryption; https is needed beyond this machine")


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signing in by an organisation's own accounts (OpenID Connect)."""

    issuer: Annotated[str, Key("of the provider, as it calls itself; empty: nobody signs in so", _issuer)] = ""
    client_id: Annotated[str, Key("under which the provider knows this server")] = ""
    client_secret: Annotated[str, Key("as which it proves it; empty for a public client", is_secret=True)] = ""
    scopes: Annotated[tuple[str, ...], Key("asked for")] = ("openid", "profile")
    name_claim: Annotated[str, Key("claim with the name for the record")] = "preferred_username"
    role_claim: Annotated[str, Key("claim, a text or a list, whose values the roles are given by")] = "groups"
    roles: Annotated[
        tuple[str, ...], Key('the first that fits counts, e.g. ["rtic-utrecht=dispatcher:NL", "it=admin"]', _rules)
    ] = ()


class Logs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes to stderr."""

    level: Annotated[
        str,
        Key("debug, info, warning or error: the least that is written", one_of("debug", "info", "warning", "error")),
    ] = "info"
    form: Annotated[
        str, Key("json, text, or auto: text on a terminal, JSON lines elsewhere", one_of("auto", "json", "text"))
    ] = "auto"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. `tracker.io.settings.load` is the way to get one that has been checked."""

    http: Http = Http()
    ws: Ws = Ws()
    tls: Tls = Tls()
    data: Data = Data()
    live: Live = Live()
    limits: Limits = Limits()
    treaty: Treaty = Treaty()
    contacts: Contacts = Contacts()
    basemap: Basemap = Basemap()
    demo: Demo = Demo()
    auth: Auth = Auth()
    retention: Retention = Retention()

    oidc: Oidc = Oidc()
    logs: Logs = Logs()

    @property
    def http_address(self) -> Address:
        """Where HTTP listens."""
        return parse_address(self.http.address)

    @property
    def ws_address(self) -> Address:
        """Where the sockets listen."""
        return parse_address(self.ws.address)

    @property
    def is_local(self) -> bool:
        """True when all addresses are loopback: nobody outside this machine can reach the server."""
        further = self.client_address
        is_open = further is not None and not further.is_loopback
        return self.http_address.is_loopback and self.ws_address.is_loopback and not is_open

    @property
    def client_address(self) -> Address | None:
        """Where units that show certificates connect; None where there is no such port."""
        return parse_address(self.tls.client_address) if self.tls.client_address else None


def conflicts(config: Config) -> Iterator[tuple[str, str]]:
    """Keys whose values are allowed, but not together: each with what is wrong."""
    if config.retention.events_d * 24 < config.retention.positions_h:
        days, hours = config.retention.events_d, config.retention.positions_h
        yield "retention.events_d", f"{days} days are shorter than the {hours} hours for which positions are kept"

    tls = config.tls
    if bool(tls.certificate) != bool(tls.key):
        yield ("tls.key" if tls.certificate else "tls.certificate"), "missing; a certificate and its key go together"
    if tls.certificate and config.ws.url.startswith("ws://"):
        yield (
            "ws.url",
            f"{config.ws.url!r} is without encryption, and browsers open no such socket from a page of https://",
        )
    if bool(tls.client_ca) != bool(tls.client_address):
        missing = "tls.client_address" if tls.client_ca else "tls.client_ca"
        yield missing, "missing; tls.client_ca and tls.client_address go together"
    elif tls.client_ca and not tls.certificate:
        yield "tls.client_ca", "nobody can show a certificate without TLS; tls.certificate and tls.key are needed"
    if config.oidc.issuer and not (config.oidc.client_id and config.oidc.roles):
        yield "oidc.issuer", "also needs oidc.client_id, and oidc.roles, or nobody could sign in by it"
    if not config.auth.required and not config.is_local:
        yield (
            "auth.required",
            f"false (--no-auth) is allowed only on loopback addresses; http is {config.http.address}, "
            f"ws is {config.ws.address}",
        )
    yield from _contact_conflicts(config)
    yield from _basemap_conflicts(config.basemap)


def _contact_conflicts(config: Config) -> Iterator[tuple[str, str]]:
    try:
        points = contact_points.load(Path(config.treaty.contact_points) if config.treaty.contact_points else None)
    except Refused as error:
        yield error.field, error.reason
        return
    names = ", ".join(sorted({point.name for point in points.points}))
    for room in unknown_rooms(config.contacts.reach, points):
        yield "contacts.reach", f"{room!r} is neither BE, NL or LU nor the name of a contact point: {names}"


def _basemap_conflicts(basemap: Basemap) -> Iterator[tuple[str, str]]:
    if basemap.kind != "builtin":
        if not basemap.url:
            yield ("basemap.url", f"is needed for basemap.kind {basemap.kind!r}")
        elif basemap.kind != "pmtiles" and "://" not in basemap.url:
            yield ("basemap.url", f"{basemap.url!r} is not an address; only pmtiles may be a file")
        elif basemap.kind == "raster" and not all(part in basemap.url for part in ("{z}", "{x}", "{y}")):
            yield ("basemap.url", f"{basemap.url!r} has no {{z}}, {{x}} and {{y}}")
        if not basemap.attribution:
            yield ("basemap.attribution", "is needed: whoever made the map wants to be named")


def _is_socket_url(text: str) -> bool:
    # It becomes part of a header, so nothing but plain URL characters may pass.
    if _SOCKET_URL.fullmatch(text) is None:
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?:\[([0-9A-Fa-f:.]+)\]|({_HOST})):([0-9]{{1,5}})")
_ORIGIN: Final = re.compile(rf"https?://(?:\[[0-9a-f:.]+\]|{_HOST.replace('A-Z', '')})(?::[0-9]{{1,5}})?")
_MAP_URL: Final = re.compile(rf"https?://(?:\[[0-9a-f:.]+\]|{_HOST})(?::[0-9]{{1,5}})?/[A-Za-z0-9._~/?&=%{{}}@+-]*")
_SOCKET_URL: Final = re.compile(rf"wss?://(?:\[[0-9a-f:.]+\]|{_HOST})(?::[0-9]{{1,5}})?/[A-Za-z0-9._~/-]*")
