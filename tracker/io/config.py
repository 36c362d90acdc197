"""Configuration: a TOML file, typed and strict, with the command line over it.

    [http]
    address = "127.0.0.1:8080"
    origins = []                # of the page when it is reached by another name, e.g. "https://dispatch.example"

    [ws]
    address = "127.0.0.1:8081"
    url = ""                    # of the live feed for browsers behind a proxy, e.g. "wss://dispatch.example/live"

    [data]
    directory = "data"          # the journal and the credentials

    [live]
    tick_s = 0.5                # seconds between position frames
    viewers = 1000              # more at once are sent away with close code 1013

    [limits]
    units = 10000               # unit and gateway sockets at once
    batch_bytes = 1048576       # largest body of POST /api/v1/pings

    [treaty]
    contact_points = ""         # TOML file of contact points; empty for the one that is shipped

    [demo]
    enabled = false

    [auth]
    required = true             # false is refused unless both addresses are loopback

Every key may be left out. A key that is not known, or a value that is not allowed, is an error that names the
key, the value and what is allowed.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.errors import Refused


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


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page and the API."""

    address: str = "127.0.0.1:8080"
    origins: tuple[str, ...] = ()
    """Origins, besides those of the address itself, under which browsers reach the page."""


class Ws(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sockets of units and viewers."""

    address: str = "127.0.0.1:8081"
    url: str = ""
    """What a browser opens for the live feed; empty: derived from the address."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are remembered."""

    directory: str = "data"


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The live feed."""

    tick_s: float = 0.5
    viewers: int = 1_000


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is refused for being too much."""

    units: int = 10_000
    batch_bytes: int = 1_048_576


class Treaty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Local facts that the law refers to."""

    contact_points: str = ""


class Demo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bundled scenario."""

    enabled: bool = False


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether callers must say who they are."""

    required: bool = True


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. `load` is the way to get one that has been checked."""

    http: Http = Http()
    ws: Ws = Ws()
    data: Data = Data()
    live: Live = Live()
    limits: Limits = Limits()
    treaty: Treaty = Treaty()
    demo: Demo = Demo()
    auth: Auth = Auth()

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
        """True when both addresses are loopback: nobody outside this machine can reach the server."""
        return self.http_address.is_loopback and self.ws_address.is_loopback


def load(
    path: Path | None = None,
    *,
    http: str | None = None,
    ws: str | None = None,
    data: str | None = None,
    demo: bool | None = None,
    no_auth: bool | None = None,
) -> Config:
    """Read a configuration file, put the command line's options over it, and check the whole.

    Args:
        path: the TOML file; None for the defaults.
        http: `HOST:PORT` of the page and the API.
        ws: `HOST:PORT` of the sockets.
        data: directory of the journal.
        demo: run the bundled scenario.
        no_auth: let units in without tokens; refused unless both addresses are loopback.

    Raises:
        Refused: names the key (or the option's key), the value received and what is allowed.
    """
    config = Config() if path is None else _read(path)
    replace = msgspec.structs.replace
    if http is not None:
        config = replace(config, http=replace(config.http, address=http))
    if ws is not None:
        config = replace(config, ws=replace(config.ws, address=ws))
    if data is not None:
        config = replace(config, data=Data(data))
    if demo is not None:
        config = replace(config, demo=Demo(demo))
    if no_auth is not None:
        config = replace(config, auth=Auth(required=not no_auth))
    _check(config)
    return config


def _read(path: Path) -> Config:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused("config", f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused("config", f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise Refused("config", f"{path} is not TOML: {error}") from error
    for section, keys in table.items():
        known = {field.name: field.type for field in msgspec.structs.fields(Config)}
        if section not in known:
            raise Refused(section, f"no such section; there are {', '.join(known)}")
        if not isinstance(keys, dict):
            raise Refused(section, f"{keys!r} is not a section; write [{section}] above its keys")
        for key, value in keys.items():
            _read_key(section, key, value, known[section])
    return msgspec.convert(table, Config)


def _read_key(section: str, key: str, value: object, kind: type[msgspec.Struct]) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    if key not in fields:
        raise Refused(f"{section}.{key}", f"no such key; [{section}] has {', '.join(fields)}")
    try:
        msgspec.convert(value, fields[key])
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at")[0]
        raise Refused(f"{section}.{key}", f"{value!r} is not allowed: {reason}") from error


def _check(config: Config) -> None:
    for key, text in (("http.address", config.http.address), ("ws.address", config.ws.address)):
        try:
            parse_address(text)
        except ValueError as error:
            raise Refused(key, str(error)) from error
    for origin in config.http.origins:
        if not _is_origin(origin):
            raise Refused(
                "http.origins",
                f"{origin!r} is not an origin: a scheme http or https and a host, without a path, such as "
                "https://dispatch.example",
            )
    if config.ws.url and not _is_socket_url(config.ws.url):
        raise Refused("ws.url", f"{config.ws.url!r} is not a URL such as wss://dispatch.example/live")
    if not config.data.directory:
        raise Refused("data.directory", "'' is not a directory")
    _check_range("live.tick_s", config.live.tick_s, 0.05, 1.0)
    _check_range("live.viewers", config.live.viewers, 1, 100_000)
    _check_range("limits.units", config.limits.units, 1, 1_000_000)
    _check_range("limits.batch_bytes", config.limits.batch_bytes, 1_024, 16_777_216)
    if not config.auth.required and not config.is_local:
        raise Refused(
            "auth.required",
            f"false (--no-auth) is allowed only on loopback addresses; http is {config.http.address}, "
            f"ws is {config.ws.address}",
        )


def _check_range(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also false for NaN
        raise Refused(key, f"{value:g} is outside {low:g} to {high:g}")


def _is_origin(text: str) -> bool:
    return _ORIGIN.fullmatch(text) is not None


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
_SOCKET_URL: Final = re.compile(rf"wss?://(?:\[[0-9a-f:.]+\]|{_HOST})(?::[0-9]{{1,5}})?/[A-Za-z0-9._~/-]*")
