"""Where configuration comes from: flags over environment over file over defaults, all checked at once.

key in the file        live.tick_s       [live] tick_s = 0.5
in the environment     DREMPELLOOS__LIVE__TICK_S=0.5
a secret               never itself, but the name of a file that holds it: `client_secret_file = "/etc/…"`,
                       DREMPELLOOS__OIDC__CLIENT_SECRET_FILE=/run/…, or a systemd credential `oidc.client_secret`
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from tracker.errors import Refused
from tracker.io.clock import Clock
from tracker.io.config import Config, Key, conflicts
from tracker.io.tls import problems

PREFIX: Final = "DREMPELLOOS__"
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what the unit names with `LoadCredential=`."""

MAX_SECRET_BYTES: Final = 64 * 1024


class KeyType(NamedTuple):
    """A key as the types define it. `kind` is the type of its value."""

    name: str
    kind: Any
    key: Key
    default: object


class Problem(NamedTuple):
    """What is wrong with one key. `source` is the file, the variable or the option that said it."""

    source: str
    line: int | None
    key: str
    reason: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.reason) if part)


class BadConfig(Refused):
    """A configuration that cannot be used; `problems` are all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].key, problems[0].reason)
        self.problems: Final = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class _Said(NamedTuple):
    """A value that somebody gave."""

    value: object
    source: str
    line: int | None = None


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key as `config show` prints it: its value in effect, and what said so."""

    key: str
    value: Any
    source: str = msgspec.field(name="from")
    line: int | None = None


def keys() -> dict[str, KeyType]:
    """Every key there is, by its name as in `live.tick_s`."""
    found: dict[str, KeyType] = {}
    for section in msgspec.structs.fields(Config):
        hints = get_type_hints(section.type, include_extras=True)
        for field in msgspec.structs.fields(section.type):
            kind, *notes = get_args(hints[field.name])
            key = next(note for note in notes if isinstance(note, Key))
            name = f"{section.name}.{field.name}"
            found[name] = KeyType(name, kind, key, getattr(section.default, field.name))
    return found


def load(
    path: Path | None = None,
    *,
    http: str | None = None,
    ws: str | None = None,
    data: str | None = None,
    demo: bool | None = None,
    no_auth: bool | None = None,
    log_level: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """Put file, environment and options together, and check the whole.

    Args:
        path: the TOML file; None for none.
        http: `HOST:PORT` of the page and the API.
        ws: `HOST:PORT` of the sockets.
        data: directory of the journal.
        demo: run the bundled scenario.
        no_auth: let everybody in; refused unless both addresses are loopback.
        log_level: the least that is logged.
        environ: the environment.

    Raises:
        BadConfig: names each key, the value received and what is allowed.
    """
    flags: dict[str, tuple[str, object]] = {
        "http.address": ("--http", http),
        "ws.address": ("--ws", ws),
        "data.directory": ("--data", data),
        "demo.enabled": ("--demo", demo),
        "auth.required": ("--no-auth", None if no_auth is None else not no_auth),
        "logs.level": ("--log-level", log_level),
    }
    said = {key: _Said(value, option) for key, (option, value) in flags.items() if value is not None}
    return _Reading(path, environ, said).config()


def show(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Iterator[Shown]:
    """Every key with its value and where that comes from; of secrets only whether there is one.

    Raises:
        BadConfig: as `load`.
    """
    reading = _Reading(path, environ, {})
    config = reading.config()
    for name, kind in keys().items():
        section, _, field = name.partition(".")
        value = getattr(getattr(config, section), field)
        if kind.key.is_secret:
            value = "(set)" if value else ""
        said = reading.said.get(name)
        yield Shown(name, value, *(("default",) if said is None else (said.source, said.line)))


def example() -> str:
    """A file that sets every key to its default, with what each says."""
    lines: list[str] = []
    for section in msgspec.structs.fields(Config):
        lines += ["", f"[{section.name}]  # {_first_line(section.type)}"]
        for name, kind in keys().items():
            if not name.startswith(f"{section.name}."):
                continue
            field = name.partition(".")[2]
            line = f"{field} = {_toml(kind.default)}"
            if kind.key.is_secret:
                line = f'# {field}_file = "/etc/drempelloos/{field}"'
            lines.append(f"{line:34}  # {kind.key.says}")
    return "\n".join(lines[1:]) + "\n"


class _Reading:
    """One reading of all sources. The first to name a key wins, so they are asked in order of rank."""

    def __init__(self, path: Path | None, environ: Mapping[str, str], flags: Mapping[str, _Said]) -> None:
        self.said: Final = dict(flags)
        self._problems: list[Problem] = []
        self._keys: Final = keys()
        self._read_environment(environ)
        self._read_credentials(environ)
        if path is not None:
            self._read_file(path)

    def config(self) -> Config:
        """The configuration, if nothing is wrong."""
        table: dict[str, dict[str, object]] = {}
        for name, said in self.said.items():
            section, _, field = name.partition(".")
            try:
                table.setdefault(section, {})[field] = _converted(self._keys[name], said.value)
            except ValueError as error:
                self._refuse(said, name, str(error))
        sections = {section.name: section.type for section in msgspec.structs.fields(Config)}
        config = Config(**{section: sections[section](**values) for section, values in table.items()})
        wrong = list(conflicts(config))
        # A certificate without a key is said already, and cannot be looked at any closer.
        files = () if any(name.startswith("tls.") for name, _ in wrong) else problems(config.tls, Clock().now())
        for name, reason in (*wrong, *files):
            self._refuse(self.said.get(name, _Said(None, "")), name, reason)
        if self._problems:
            raise BadConfig(sorted(self._problems, key=lambda problem: (problem.source, problem.line or 0)))
        return config

    def _refuse(self, said: _Said, key: str, reason: str) -> None:
        self._problems.append(Problem(said.source, said.line, key, reason))

    def _say(self, name: str, said: _Said) -> None:
        """Take a value, unless a source of higher rank gave one. `name` may be that of a secret's file."""
        if name in self._keys and self._keys[name].key.is_secret:
            self._refuse(said, name, f"a secret is not written down here; {name}_file names a file that holds it")
        elif name in self._keys:
            self.said.setdefault(name, said)
        elif (secret := self._secret_of(name)) is not None:
            self._read_secret(secret, said)
        else:
            self._refuse(said, name, self._no_such(name))

    def _no_such(self, name: str) -> str:
        section = name.partition(".")[0]
        sections = Config.__struct_fields__
        if section not in sections:
            return f"no such section; there are {', '.join(sections)}"
        known = [key.removeprefix(f"{section}.") for key in self._keys if key.startswith(f"{section}.")]
        return f"no such key; [{section}] has {', '.join(known)}"

    def _secret_of(self, name: str) -> str | None:
        secret = name.removesuffix("_file")
        return secret if secret != name and secret in self._keys and self._keys[secret].key.is_secret else None

    def _read_secret(self, name: str, said: _Said) -> None:
        if name in self.said:
            return
        try:
            text = Path(str(said.value)).read_bytes()[: MAX_SECRET_BYTES + 1].decode("utf-8").strip()
        except OSError as error:
            self._refuse(said, f"{name}_file", f"{said.value} cannot be read: {error.strerror}")
            return
        except UnicodeDecodeError:
            self._refuse(said, f"{name}_file", f"{said.value} is not UTF-8 text")
            return
        if not text or len(text) > MAX_SECRET_BYTES:
            self._refuse(said, f"{name}_file", f"{said.value} is empty, or larger than {MAX_SECRET_BYTES} bytes")
            return
        self.said[name] = said._replace(value=text)

    def _read_environment(self, environ: Mapping[str, str]) -> None:
        for variable in sorted(environ):
            if variable.startswith(PREFIX):
                name = variable.removeprefix(PREFIX).lower().replace("__", ".")
                said = _Said(environ[variable], variable)
                try:
                    if name in self._keys:
                        said = said._replace(value=_from_text(self._keys[name].kind, environ[variable]))
                except ValueError as error:
                    self._refuse(said, name, str(error))
                else:
                    self._say(name, said)

    def _read_credentials(self, environ: Mapping[str, str]) -> None:
        directory = environ.get(CREDENTIALS)
        for name, kind in self._keys.items():
            if directory and kind.key.is_secret and (path := Path(directory) / name).exists():
                self._read_secret(name, _Said(str(path), f"${CREDENTIALS}/{name}"))

    def _read_file(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
            table = tomllib.loads(text)
        except OSError as error:
            self._refuse(_Said(None, str(path)), "", f"cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            self._refuse(_Said(None, str(path)), "", f"is not UTF-8 text: {error.reason} at byte {error.start}")
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            self._refuse(_Said(None, str(path), int(line[1]) if line else None), "", f"is not TOML: {error}")
        else:
            lines = _lines(text)
            for section, values in table.items():
                said = _Said(values, str(path), lines.get(section))
                if section not in Config.__struct_fields__:
                    self._refuse(said, section, self._no_such(section))
                elif not isinstance(values, dict):
                    self._refuse(said, section, f"{values!r} is not a section; write [{section}] above its keys")
                else:
                    for field, value in values.items():
                        name = f"{section}.{field}"
                        self._say(name, _Said(value, str(path), lines.get(name, said.line)))


def _converted(key: KeyType, value: object) -> object:
    try:
        converted = msgspec.convert(value, key.kind)
    except msgspec.ValidationError as error:
        shown = "what is given" if key.key.is_secret else repr(value)
        raise ValueError(f"{shown} is not {_WORDS.get(key.kind, str(error))}") from error
    key.key.check(converted)
    return converted


def _from_text(kind: object, text: str) -> object:
    """A value as a variable says it: a text as it is, a list also with commas, anything else as TOML has it."""
    if kind is str:
        return text
    if get_origin(kind) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        raise ValueError(f"{text!r} is not {_WORDS.get(kind, 'a TOML value')}") from None


def _lines(text: str) -> dict[str, int]:
    """On which line a section or a key begins; only for messages, so plain ways of writing are enough."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if (header := re.match(r"\s*\[+\s*([\w.-]+)\s*\]", line)) is not None:
            section = header[1]
            found.setdefault(section, number)
        elif (key := re.match(r"\s*([\w.-]+)\s*=", line)) is not None:
            found.setdefault(f"{section}.{key[1]}" if section else key[1], number)
    return found


def _first_line(section: type) -> str:
    return (section.__doc__ or "").splitlines()[0].rstrip(".")


def _toml(value: object) -> str:
    # Texts, numbers and lists are written alike in both.
    return msgspec.json.encode(value).decode()


_WORDS: Final[dict[object, str]] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple[str, ...]: 'a list of texts, such as ["a", "b"]',
}
