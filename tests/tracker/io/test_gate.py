"""Which names, pages and callers are let in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tracker.io.http_room import BEGAN_AT
from tracker.io.config import Address, Auth, Config, Http, Ws
from tracker.io.credentials import LOCAL, Credentials
from tracker.io.gate import Gate

ANY = "0.0.0.0"  # noqa: S104


MakeGate = Callable[..., Gate]


@pytest.fixture
def gate(credentials: Credentials) -> MakeGate:
    """Makes the gate of a server that listens there, the sockets on 8081."""

    def make(http: str = "127.0.0.1", ws: str | None = None, *, port: int = 8080, config: Config | None = None) -> Gate:
        return Gate(config or Config(), Address(http, port), Address(ws or http, 8081), credentials, lambda: BEGAN_AT)

    return make


@pytest.mark.parametrize(
    ("http", "host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:8080", True),
        ("127.0.0.1", "localhost:8080", True),
        ("127.0.0.1", "LocalHost:8080", True),
        ("127.0.0.1", "[::1]:8080", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1:8081", False),
        ("127.0.0.1", "127.0.0.2:8080", False),
        ("127.0.0.1", "evil.example:8080", False),
        ("127.0.0.1", "localhost.evil.example:8080", False),
        ("127.0.0.1", "localhost:8080, evil.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", None, False),
        ("10.1.2.3", "10.1.2.3:8080", True),
        ("10.1.2.3", "localhost:8080", False),
        (ANY, "10.9.9.9:8080", True),
        (ANY, "[2001:db8::1]:8080", True),
        (ANY, "[2001:db8::1%eth0]:8080", False),
        (ANY, "[2001:DB8:0::1]:8080", False),
        (ANY, "2001:db8::1:8080", False),
        (ANY, "10.9.9.9:80", False),
        (ANY, "10.9.9.9", False),
        (ANY, "010.9.9.9:8080", False),
        (ANY, "evil.example:8080", False),
        (ANY, "10.9.9.9; script-src *:8080", False),
    ],
)
def test_host(gate: MakeGate, http: str, host: str | None, *, expected: bool) -> None:
    assert gate(http).expects_http_host(host) is expected


def test_port_80_may_be_left_out(gate: MakeGate) -> None:
    assert gate(port=80).expects_http_host("localhost")
    assert gate(ANY, port=80).expects_http_host("10.9.9.9")
    assert not gate(ANY, port=80).expects_http_host("evil.example")


def test_a_configured_origin_is_a_name_and_an_origin(gate: MakeGate) -> None:
    config = Config(http=Http(origins=("https://dispatch.example",)))
    behind_proxy = gate("10.1.2.3", config=config)

    assert behind_proxy.expects_http_host("dispatch.example")
    assert behind_proxy.expects_ws_host("dispatch.example")
    assert not behind_proxy.expects_http_host("dispatch.example:8080")
    assert behind_proxy.trusts_origin("https://dispatch.example")
    assert not behind_proxy.trusts_origin("http://dispatch.example")


@pytest.mark.parametrize(
    ("http", "origin", "trusted"),
    [
        ("127.0.0.1", None, True),
        ("127.0.0.1", "http://127.0.0.1:8080", True),
        ("127.0.0.1", "http://localhost:8080", True),
        ("127.0.0.1", "https://localhost:8080", False),
        ("127.0.0.1", "http://localhost:8081", False),
        ("127.0.0.1", "http://localhost", False),
        ("127.0.0.1", "null", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "http://localhost:8080.evil.example", False),
        (ANY, "http://10.9.9.9:8080", True),
        (ANY, "http://evil.example:8080", False),
        (ANY, "https://10.9.9.9:8080", False),
    ],
)
def test_origin(gate: MakeGate, http: str, origin: str | None, *, trusted: bool) -> None:
    assert gate(http).trusts_origin(origin) is trusted


def test_dispatch_is_open_only_where_nobody_must_say_who_he_is(gate: MakeGate) -> None:
    trusting = gate(config=Config(auth=Auth(required=False)))
    anybody = trusting.identify(None)

    assert anybody is not None
    assert anybody.grant is LOCAL
    assert trusting.still(anybody) is anybody
    assert gate().identify(None) is None
    assert gate(ANY).identify(None) is None


@pytest.mark.parametrize(
    ("http", "ws", "host", "url"),
    [
        ("127.0.0.1", "127.0.0.1", "localhost:8080", "ws://localhost:8081/live"),
        ("127.0.0.1", "127.0.0.1", "[::1]:8080", "ws://[::1]:8081/live"),
        (ANY, ANY, "10.9.9.9:8080", "ws://10.9.9.9:8081/live"),
        (ANY, "10.1.2.3", "10.9.9.9:8080", "ws://10.1.2.3:8081/live"),
        ("10.1.2.3", "10.1.2.3", "10.1.2.3:8080", "ws://10.1.2.3:8081/live"),
    ],
)
def test_the_feed_is_reached_by_the_name_that_reached_the_page(
    gate: MakeGate, http: str, ws: str, host: str, url: str
) -> None:
    assert gate(http, ws).feed_url(host) == url
    assert gate(http, ws).feed_origin(host) == url.removesuffix("/live")


def test_a_configured_feed_url_goes_first(gate: MakeGate) -> None:
    config = Config(ws=Ws(url="wss://dispatch.example/feed/live"))
    behind_proxy = gate(ANY, config=config)

    assert behind_proxy.feed_url("10.9.9.9:8080") == "wss://dispatch.example/feed/live"
    assert behind_proxy.feed_origin("10.9.9.9:8080") == "wss://dispatch.example"
    assert behind_proxy.expects_ws_host("dispatch.example")


def test_a_token_decides_who_it_is(gate: MakeGate, tokens: dict[str, str]) -> None:
    strict = gate(ANY)
    senders = {kind: strict.sender(f"Bearer {token}") for kind, token in tokens.items()}
    grants = {kind: None if sender is None else sender.grant for kind, sender in senders.items()}

    assert {kind for kind, grant in grants.items() if grant is not None and grant.may("see")} == {
        "dispatcher",
        "supervisor",
        "auditor",
    }
    assert strict.admits_unit(grants["unit"], "BE-K03")
    assert not strict.admits_unit(grants["unit"], "BE-K04")
    assert strict.admits_unit(grants["gateway"], "BE-K04")
    assert not strict.admits_unit(grants["dispatcher"], "BE-K03")
    assert not strict.admits_unit(None, "BE-K03")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic {unit}", "{unit}", "Bearer {unit}x"])
def test_what_is_no_token_is_nobody(gate: MakeGate, tokens: dict[str, str], header: str | None) -> None:
    assert gate().sender(None if header is None else header.format(**tokens)) is None


def test_without_tokens_anybody_sends_for_any_unit(gate: MakeGate) -> None:
    assert gate(config=Config(auth=Auth(required=False))).admits_unit(None, "BE-K03")
    assert not gate().admits_unit(None, "BE-K03")
