"""Addresses, as an operator writes them."""

from __future__ import annotations

import pytest

from tracker.io.config import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("[::1]:0", Address("::1", 0)),
        ("localhost:65535", Address("localhost", 65535)),
        ("Dispatch.Example:80", Address("dispatch.example", 80)),
        ("0.0.0.0:1", Address("0.0.0.0", 1)),  # noqa: S104
    ],
)
def test_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080", "[127.0.0.1]:1",
     "[::1]", "[gg::1]:1", "1.2.3:80", "999.1.1.1:80", "a b:80", "http://x:80", "x:80\n", "-x:80", "x:٣"],
)  # fmt: skip
def test_bad_address_is_refused_by_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|outside"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "loopback", "wildcard"),
    [
        ("127.0.0.1", True, False),
        ("127.9.9.9", True, False),
        ("::1", True, False),
        ("localhost", True, False),
        ("0.0.0.0", False, True),  # noqa: S104
        ("::", False, True),
        ("192.168.1.4", False, False),
        ("localhost.example", False, False),
        ("::ffff:1.2.3.4", False, False),
    ],
)
def test_reach_of_an_address(host: str, *, loopback: bool, wildcard: bool) -> None:
    assert (Address(host, 1).is_loopback, Address(host, 1).is_wildcard) == (loopback, wildcard)


def test_address_prints_as_it_is_written() -> None:
    assert [str(parse_address(text)) for text in ("[::1]:9", "a.example:9")] == ["[::1]:9", "a.example:9"]
