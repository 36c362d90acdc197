"""Configuration: strict, from four sources in one order, and everything that is wrong is said at once."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from tracker.errors import Refused
from tracker.io import config as config_module
from tracker.io import settings
from tracker.io.config import Config, Key
from tracker.io.settings import BadConfig, load, show

ROOT = Path(__file__).parents[3]


def written(directory: Path, text: str) -> Path:
    path = directory / "server.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, environ: dict[str, str] | None = None, **options: str | bool) -> list[str]:
    with pytest.raises(BadConfig) as refused:
        load(path, environ=environ or {}, **options)  # type: ignore[arg-type]
    return [str(problem) for problem in refused.value.problems]


def test_defaults_are_the_documented_ones() -> None:
    config = load(environ={})

    assert config == Config()
    assert (str(config.http_address), str(config.ws_address)) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert (config.data.directory, config.live.tick_s, config.auth.required) == ("data", 0.5, True)


def test_the_reference_in_the_documentation_is_the_printed_one_and_changes_nothing(tmp_path: Path) -> None:
    example = settings.example()

    assert f"```toml\n{example}```" in (ROOT / "docs/operations.md").read_text(), "drempelloos config example"
    assert load(written(tmp_path, example), environ={}) == Config()
    table = tomllib.loads(example)
    open_keys = {name for name, key in settings.keys().items() if not key.key.is_secret}
    assert {f"{section}.{key}" for section, keys in table.items() for key in keys} == open_keys


def test_every_key_says_something_and_allows_its_default() -> None:
    for name, key in settings.keys().items():
        assert key.key.says, name
        key.key.check(key.default)


def test_file_is_read_the_environment_is_over_it_and_the_command_line_over_both(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[http]\naddress = "127.0.0.1:1"\n[live]\ntick_s = 1\nviewers = 7\n[data]\ndirectory = "a"\n'
    )
    environ = {
        "DREMPELLOOS__HTTP__ADDRESS": "127.0.0.1:2",
        "DREMPELLOOS__LIVE__VIEWERS": "9",
        "DREMPELLOOS__HTTP__ORIGINS": "https://a.example, https://b.example",
        "DREMPELLOOS__AUTH__REQUIRED": "false",
        "UNRELATED": "x",
    }

    config = load(path, http="[::1]:0", demo=True, environ=environ)

    assert (str(config.http_address), config.live.tick_s, config.data.directory) == ("[::1]:0", 1.0, "a")
    assert (config.live.viewers, config.http.origins) == (9, ("https://a.example", "https://b.example"))
    assert (config.demo.enabled, config.auth.required) == (True, False)
    shown = {entry.key: (entry.value, entry.source, entry.line) for entry in show(path, environ)}
    assert shown["http.address"] == ("127.0.0.1:2", "DREMPELLOOS__HTTP__ADDRESS", None)
    assert shown["live.tick_s"] == (1.0, str(path), 4)
    assert shown["limits.units"] == (10_000, "default", None)
    assert shown.keys() == settings.keys().keys()


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("[htpp]\n", "htpp", "there are http, ws"),
        ('http = "x"\n', "http", "is not a section"),
        ("[http]\nadress = 1\n", "http.adress", "[http] has address"),
        ("[http]\naddress = 1\n", "http.address", "1 is not a text"),
        ('[http]\naddress = "x"\n', "http.address", "'x' is not HOST:PORT"),
        ('[ws]\naddress = "x:99999"\n', "ws.address", "99999"),
        ('[http]\norigins = ["https://x/"]\n', "http.origins", "'https://x/' is not an origin"),
        ('[http]\norigins = ["*"]\n', "http.origins", "'*' is not an origin"),
        ('[http]\norigins = "https://x"\n', "http.origins", "'https://x' is not a list of texts"),
        ('[http]\norigins = ["https://x\\r\\nA: b"]\n', "http.origins", "is not an origin"),
        ('[ws]\nurl = "https://x/live"\n', "ws.url", "is not a URL such as wss://"),
        ('[ws]\nurl = "wss://x/live; script-src *"\n', "ws.url", "is not a URL such as wss://"),
        ("[live]\ntick_s = 0\n", "live.tick_s", "0 is outside 0.05 to 1"),
        ("[live]\ntick_s = nan\n", "live.tick_s", "nan is outside"),
        ("[live]\ntick_s = true\n", "live.tick_s", "True is not a number"),
        ("[live]\nviewers = 0\n", "live.viewers", "0 is outside 1 to 100000"),
        ("[limits]\nunits = 1.5\n", "limits.units", "1.5 is not a whole number"),
        ('[data]\ndirectory = ""\n', "data.directory", "not a directory"),
        ('[logs]\nlevel = "loud"\n', "logs.level", "'loud' is not one of debug, info, warning, error"),
        ("[http\n", "", "is not TOML"),
        ('[http]\naddress = "a:1"\naddress = "b:1"\n', "", "is not TOML"),
    ],
)
def test_bad_file_is_refused_by_key_value_and_what_is_allowed(tmp_path: Path, text: str, field: str, part: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(Refused) as refused:
        load(path, environ={})

    assert refused.value.field == field
    assert part in refused.value.reason
    assert str(refused.value).startswith(f"{path}:")


def test_everything_that_is_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path, '# ours\n[http]\naddress = "x"\n\n[live]\ntick_s = 9\nwievers = 3\nviewers = "many"\n\n[nothing]\n'
    )
    environ = {"DREMPELLOOS__LIMITS__UNITS": "lots", "DREMPELLOOS__HTTP": "x", "DREMPELLOOS__WS__ADDRES": "x"}

    assert problems(path, environ, ws="y") == [
        "--ws: ws.address: 'y' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
        f"{path}:3: http.address: 'x' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
        f"{path}:6: live.tick_s: 9 is outside 0.05 to 1",
        f"{path}:7: live.wievers: no such key; [live] has tick_s, viewers",
        f"{path}:8: live.viewers: 'many' is not a whole number",
        f"{path}:10: nothing: no such section; there are {', '.join(Config.__struct_fields__)}",
        "DREMPELLOOS__HTTP: http: no such key; [http] has address, origins, proxies",
        "DREMPELLOOS__LIMITS__UNITS: limits.units: 'lots' is not a whole number",
        "DREMPELLOOS__WS__ADDRES: ws.addres: no such key; [ws] has address, url",
    ]


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")

    for name, part in (("absent.toml", "No such file"), ("latin.toml", "not UTF-8"), (".", "directory")):
        with pytest.raises(Refused, match=part):
            load(tmp_path / name, environ={})


@pytest.mark.parametrize(("http", "ws"), [("0.0.0.0:1", "127.0.0.1:1"), ("[::1]:1", "10.0.0.1:1")])
def test_no_auth_is_refused_unless_both_addresses_are_loopback(http: str, ws: str) -> None:
    (problem,) = problems(None, http=http, ws=ws, no_auth=True)

    assert problem.startswith("--no-auth: auth.required: false (--no-auth) is allowed only on loopback")
    assert load(http=http, ws=ws, environ={}).auth.required
    assert not load(http="[::1]:1", ws="localhost:1", no_auth=True, environ={}).auth.required


class Vault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section with a secret."""

    key: Annotated[str, Key("what opens it", is_secret=True)] = ""


class WithVault(Config, frozen=True, forbid_unknown_fields=True):
    """As `Config`, and a secret."""

    vault: Vault = Vault()


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "Config", WithVault)
    monkeypatch.setattr(config_module, "Config", WithVault)
    path = tmp_path / "key"
    path.write_text("hunter2\n")
    return path


def opened(path: Path | None, environ: dict[str, str]) -> str:
    config = load(path, environ=environ)
    assert isinstance(config, WithVault)
    return config.vault.key


def test_a_secret_is_read_from_a_file_however_that_is_named(tmp_path: Path, secret: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "vault.key").write_text("of systemd")
    file = written(tmp_path, f"[vault]\nkey_file = {json.dumps(str(secret))}\n")

    assert opened(file, {}) == "hunter2"
    assert opened(None, {"DREMPELLOOS__VAULT__KEY_FILE": str(secret)}) == "hunter2"
    assert opened(None, {"CREDENTIALS_DIRECTORY": str(credentials)}) == "of systemd"
    assert opened(file, {"CREDENTIALS_DIRECTORY": str(credentials)}) == "of systemd"
    both = {"CREDENTIALS_DIRECTORY": str(credentials), "DREMPELLOOS__VAULT__KEY_FILE": str(secret)}
    assert opened(file, both) == "hunter2"


def test_a_secret_is_never_written_down_or_shown(tmp_path: Path, secret: Path) -> None:
    file = written(tmp_path, '[vault]\nkey = "swordfish"\n')
    told = problems(file, {"DREMPELLOOS__VAULT__KEY": "swordfish"})

    assert len(told) == 2
    assert all("vault.key_file names a file" in line for line in told)
    assert not any("swordfish" in line for line in told)
    shown = msgspec.json.encode(list(show(None, {"DREMPELLOOS__VAULT__KEY_FILE": str(secret)})))
    assert b"hunter2" not in shown
    assert b'"(set)"' in shown
    assert 'key_file = "/etc/drempelloos/key"' in settings.example()


@pytest.mark.parametrize(("content", "part"), [(None, "cannot be read"), (b"", "is empty"), (b"\xff", "not UTF-8")])
def test_a_secret_that_is_not_there_is_said(tmp_path: Path, secret: Path, content: bytes | None, part: str) -> None:
    path = tmp_path / "other"
    if content is not None:
        path.write_bytes(content)

    (problem,) = problems(None, {"DREMPELLOOS__VAULT__KEY_FILE": str(path)})
    assert part in problem
    assert problem.startswith("DREMPELLOOS__VAULT__KEY_FILE: vault.key_file: ")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "server.py"), "config", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


def test_the_commands(tmp_path: Path) -> None:
    good = written(tmp_path, "[live]\ntick_s = 0.25\n")

    assert (run("check", "--config", str(good)).stdout, run("check").returncode) == ('{"ok":true}\n', 0)
    shown = [json.loads(line) for line in run("show", DREMPELLOOS_CONFIG=str(good)).stdout.splitlines()]
    assert {"key": "live.tick_s", "value": 0.25, "from": str(good), "line": 2} in shown
    assert run("example").stdout == settings.example()

    bad = written(tmp_path, "[live]\ntick_s = 2\nviewers = -1\n")
    for command in (["check"], ["show"]):
        done = run(*command, "--config", str(bad))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            f"drempelloos: {bad}:2: live.tick_s: 2 is outside 0.05 to 1\n"
            f"drempelloos: {bad}:3: live.viewers: -1 is outside 1 to 100000\n"
        )
