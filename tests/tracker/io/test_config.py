"""Configuration: strict, typed, and errors that tell an operator what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker.io.config as config_module
from tracker.errors import Refused
from tracker.io.config import Address, Config, load, parse_address


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


def test_defaults_are_the_documented_ones() -> None:
    config = load()

    assert config == Config()
    assert (str(config.http_address), str(config.ws_address)) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert (config.data.directory, config.live.tick_s, config.auth.required) == ("data", 0.5, True)


def test_example_in_the_documentation_is_the_default(tmp_path: Path) -> None:
    """The file shown in the module's docstring is valid, complete and sets what is set anyway."""
    assert config_module.__doc__ is not None
    example = "\n".join(line for line in config_module.__doc__.splitlines() if line.startswith("    "))
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")

    assert load(path) == Config()
    for section in Config.__struct_fields__:
        assert f"[{section}]" in example
        for key in getattr(Config(), section).__struct_fields__:
            assert f"{key} = " in example


def test_file_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('[http]\naddress = "127.0.0.1:1"\n[live]\ntick_s = 1\n[data]\ndirectory = "a"\n')

    config = load(path, http="[::1]:0", data="b", demo=True, no_auth=True)

    assert (str(config.http_address), config.live.tick_s, config.data.directory) == ("[::1]:0", 1.0, "b")
    assert (config.demo.enabled, config.auth.required) == (True, False)


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("[htpp]\n", "htpp", "there are http, ws"),
        ('http = "x"\n', "http", "is not a section"),
        ("[http]\nadress = 1\n", "http.adress", "[http] has address"),
        ("[http]\naddress = 1\n", "http.address", "1 is not allowed: Expected `str`, got `int`"),
        ('[http]\naddress = "x"\n', "http.address", "'x' is not HOST:PORT"),
        ('[ws]\naddress = "x:99999"\n', "ws.address", "99999"),
        ('[http]\norigins = ["https://x/"]\n', "http.origins", "'https://x/' is not an origin"),
        ('[http]\norigins = ["*"]\n', "http.origins", "'*' is not an origin"),
        ('[http]\norigins = ["https://x\\r\\nA: b"]\n', "http.origins", "is not an origin"),
        ('[ws]\nurl = "https://x/live"\n', "ws.url", "is not a URL such as wss://"),
        ('[ws]\nurl = "wss://x/live; script-src *"\n', "ws.url", "is not a URL such as wss://"),
        ("[live]\ntick_s = 0\n", "live.tick_s", "0 is outside 0.05 to 1"),
        ("[live]\ntick_s = nan\n", "live.tick_s", "nan is outside"),
        ("[live]\ntick_s = true\n", "live.tick_s", "True is not allowed"),
        ("[live]\nviewers = 0\n", "live.viewers", "0 is outside 1 to"),
        ("[limits]\nunits = 1.5\n", "limits.units", "1.5 is not allowed"),
        ('[data]\ndirectory = ""\n', "data.directory", "not a directory"),
        ("[http\n", "config", "is not TOML"),
        ('[http]\naddress = "a:1"\naddress = "b:1"\n', "config", "is not TOML"),
    ],
)
def test_bad_file_is_refused_by_key_value_and_what_is_allowed(tmp_path: Path, text: str, field: str, part: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Refused) as refused:
        load(path)

    assert refused.value.field == field
    assert part in refused.value.reason


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")

    for name, part in (("absent.toml", "No such file"), ("latin.toml", "not UTF-8"), (".", "directory")):
        with pytest.raises(Refused, match=part):
            load(tmp_path / name)


@pytest.mark.parametrize(("http", "ws"), [("0.0.0.0:1", "127.0.0.1:1"), ("[::1]:1", "10.0.0.1:1")])
def test_no_auth_is_refused_unless_both_addresses_are_loopback(http: str, ws: str) -> None:
    with pytest.raises(Refused, match="only on loopback") as refused:
        load(http=http, ws=ws, no_auth=True)

    assert refused.value.field == "auth.required"
    assert load(http=http, ws=ws).auth.required
    assert not load(http="[::1]:1", ws="localhost:1", no_auth=True).auth.required
