"""Drempelloos: the command line, and the wiring behind it.

`drempelloos X` and `python server.py X` are the same. Machine-readable JSON lines go to stdout and nothing else does;
messages for people go to stderr. Exit status: 0 done, 1 failed, 2 bad usage or input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from borders.errors import BoundaryFileError
from tracker.errors import DrempelloosError, Refused

# Before NumPy is loaded. Its library for linear algebra divides even small equations over all cores: threads that wait
# for each other on a busy machine cost up to a fifth of a second, and the last bits depend on how many cores there are.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app: Final = typer.Typer(
    help="Live cross-border police pursuits in the Benelux.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config: Final = typer.Typer(help="The configuration: check it, show it, begin one.", no_args_is_help=True)
app.add_typer(config, name="config")
token: Final = typer.Typer(help="Tokens of units, gateways and other programs.", no_args_is_help=True)
app.add_typer(token, name="token")
user: Final = typer.Typer(help="Accounts of the people who sign in.", no_args_is_help=True)
app.add_typer(user, name="user")

DataDir = Annotated[Path, typer.Option("--data", help="Directory of the journal and the credentials.")]
DATA: Final = Path("data")
ConfigFile = Annotated[
    Path | None, typer.Option("--config", envvar="DREMPELLOOS_CONFIG", help="Configuration file (TOML).")
]


@app.command()
def serve(
    config_file: ConfigFile = None,
    data: Annotated[str | None, typer.Option(help="Directory of the journal [default: ./data].")] = None,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of page and API [default: 127.0.0.1:8080].")] = None,
    ws: Annotated[str | None, typer.Option(help="HOST:PORT of the sockets [default: 127.0.0.1:8081].")] = None,
    demo: Annotated[bool | None, typer.Option("--demo", help="Play a bundled pursuit in a loop.")] = None,
    no_auth: Annotated[bool | None, typer.Option("--no-auth", help="No tokens; loopback only.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error [default: info].")] = None,
) -> None:
    """Run the server; prints {"ready":true,"http":…,"ws":…} when it is."""
    from tracker.io import interpreter

    interpreter.start()
    from tracker.io import app as application
    from tracker.io.settings import load

    settings = load(config_file, http=http, ws=ws, data=data, demo=demo, no_auth=no_auth, log_level=log_level)
    asyncio.run(application.run(settings))


@config.command()
def check(config_file: ConfigFile = None) -> None:
    """Say everything that is wrong with a configuration, a line each on stderr; exit 2 if anything is."""
    from tracker.io import settings

    settings.load(config_file)
    _print([b'{"ok":true}'])


@config.command()
def show(config_file: ConfigFile = None) -> None:
    """Print every key with its value and where that comes from; secrets are never shown."""
    from tracker.io import settings

    _print([msgspec.json.encode(shown) for shown in settings.show(config_file)])


@config.command()
def example() -> None:
    """Print a configuration file with every key at its default."""
    from tracker.io import settings

    _print([settings.example().rstrip("\n").encode()])


@app.command(context_settings={"ignore_unknown_options": True})
def locate(
    lon: Annotated[str, typer.Argument(help="Longitude in degrees, or - for JSON lines on stdin.")],
    lat: Annotated[str | None, typer.Argument(help="Latitude in degrees.")] = None,
) -> None:
    """Say in which territory a point lies, and how far the nearest border is."""
    from tracker.io import offline

    _print(offline.locate(lon, lat, sys.stdin.buffer))


class Kind(StrEnum):
    """Crossing events that `detect` can be narrowed to."""

    APPROACHING = "approaching"
    PROBABLE = "probable"
    CONFIRMED = "confirmed"
    RETRACTED = "retracted"
    CORRECTED = "corrected"


@app.command()
def detect(
    file: Annotated[Path, typer.Argument(help="Track: .gpx, .geojson, .csv or .ndjson.")],
    unit: Annotated[str | None, typer.Option(help="Unit of a track that names none.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only these crossings, comma-separated.")] = None,
) -> None:
    """Run a recorded track through the core and print every event."""
    from tracker.io import offline

    names = [] if kind is None else kind.split(",")
    for name in names:
        if name not in set(Kind):
            raise Refused("--kind", f"{name!r} is not one of {', '.join(Kind)}")
    _print(offline.detect(file, unit, frozenset(f"crossing.{name}" for name in names)))


@app.command()
def decide(source: Annotated[str, typer.Argument(help="- for stdin.")] = "-") -> None:
    """Read rule inputs as JSON lines on stdin; print what the treaty says of each."""
    from tracker.treaty.lines import decide_lines

    if source != "-":
        raise Refused("source", f"{source!r} is not -; the inputs are read from stdin")
    _print(decide_lines(sys.stdin.buffer))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Tracks: .gpx, .geojson, .csv or .ndjson.")],
    to: Annotated[str, typer.Option(help="ws://HOST:PORT of the server's sockets.")],
    speed: Annotated[float, typer.Option(help="Times as fast as it was.")] = 1.0,
    token: Annotated[str | None, typer.Option(help="The unit's token.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of a track that names none.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Shift the times so that the first fix is now.")] = False,
) -> None:
    """Stream recorded tracks to a server, through the protocol that a car uses."""
    from tracker.io.replay import replay as play

    _print([msgspec.json.encode(asyncio.run(play(files, to, speed, token, unit, now)))])


@app.command()
def simulate(
    units: Annotated[int, typer.Option(help="How many units.")] = 100,
    rate: Annotated[float, typer.Option(help="Pings per second of each.")] = 1.0,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 60.0,
    to: Annotated[str | None, typer.Option(help="ws://HOST:PORT; without it, NDJSON on stdout.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    token: Annotated[str | None, typer.Option(help="A gateway's token.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Play this incident instead; `list` names them.")] = None,
    speed: Annotated[float, typer.Option(help="Times as fast as life; scenarios only.")] = 1.0,
    api: Annotated[str | None, typer.Option(help="http://HOST:PORT for a scenario's acts.")] = None,
    api_token: Annotated[str | None, typer.Option(help="A dispatcher's token, for the acts.")] = None,
) -> None:
    """Make traffic: units wandering over the Benelux, or a scenario."""
    from tracker.io.logs import set_up_logs
    from tracker.io.simulate import listed, stream_scenario, stream_traffic, write_scenario, write_traffic

    if scenario == "list":
        _print(listed())
        return
    if scenario is not None and to is None:
        write_scenario(sys.stdout.buffer, scenario, seed=seed)
        return
    if scenario is not None and to is not None:
        set_up_logs()
        playing = stream_scenario(to, scenario, seed=seed, speed=speed, api=api, token=token, api_token=api_token)
        _print([msgspec.json.encode(asyncio.run(playing))])
        return
    if to is None:
        write_traffic(sys.stdout.buffer, units=units, rate_hz=rate, seconds=seconds, seed=seed)
        return
    sending = stream_traffic(to, units=units, rate_hz=rate, seconds=seconds, seed=seed, token=token)
    _print([msgspec.json.encode(asyncio.run(sending))])


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write.")],
    data: DataDir = DATA,
) -> None:
    """Write every event of a journal, in order, as JSON lines."""
    from tracker.io import recovery

    _print([msgspec.json.encode(recovery.export(data, out))])


@app.command()
def explain(
    event: Annotated[str, typer.Argument(help="The event's id, or its first eight characters.")],
    data: DataDir = DATA,
    lang: Annotated[str, typer.Option(help="en, nl, fr or de.")] = "en",
    server: Annotated[str | None, typer.Option(help="http://HOST:PORT of a running server, instead of --data.")] = None,
    token: Annotated[str | None, typer.Option(help="A dispatcher's token for it.")] = None,
) -> None:
    """Say, for a person, why an event says what it says."""
    from tracker.io import record

    _print(record.explained(record.read(data, server, token), event, lang))


@app.command()
def report(
    pursuit: Annotated[str, typer.Argument(help="The pursuit's id.")],
    leg: Annotated[int | None, typer.Option(help="Which stay in a host state, from 1; left out: list them.")] = None,
    lang: Annotated[str, typer.Option(help="en, nl, fr or de.")] = "en",
    out: Annotated[Path | None, typer.Option(help="File to write [default: stdout].")] = None,
    data: DataDir = DATA,
    server: Annotated[str | None, typer.Option(help="http://HOST:PORT of a running server, instead of --data.")] = None,
    token: Annotated[str | None, typer.Option(help="A dispatcher's token for it.")] = None,
) -> None:
    """Write the report on one leg for its host's authorities (Art. 46): HTML, ready to print."""
    from tracker.io import record

    events = record.read(data, server, token)
    if leg is None:
        _print(record.listed(events, pursuit))
        return
    page = record.report(events, pursuit, leg, lang)
    if out is None:
        _print([page.rstrip("\n").encode()])
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise Refused("--out", f"{out} cannot be written: {error.strerror}") from error


@app.command()
def rebuild(
    data: DataDir = DATA,
    contact_points: Annotated[Path | None, typer.Option(help="The file that the server was configured with.")] = None,
) -> None:
    """Replay a journal from its first input and compare; prints {"events":N,"identical":true}."""
    from tracker.io import recovery
    from tracker.io.logs import set_up_logs

    set_up_logs()
    rebuilt = recovery.rebuild(data, contact_points)
    _print([msgspec.json.encode(rebuilt)])
    raise typer.Exit(0 if rebuilt.identical else 1)


@app.command()
def backup(
    out: Annotated[Path, typer.Option(help="File to write, or a directory to write it into.")],
    data: DataDir = DATA,
) -> None:
    """Copy everything into one file, whether a server runs on it or not."""
    from tracker.io import backup as backups

    _print([msgspec.json.encode(backups.backup(data, out))])


@app.command()
def restore(
    file: Annotated[Path, typer.Option("--from", help="File that `backup` wrote.")],
    data: DataDir = DATA,
) -> None:
    """Check a backup and make a data directory of it; nothing is overwritten."""
    from tracker.io import backup as backups

    _print([msgspec.json.encode(backups.restore(file, data))])


@app.command()
def hold(
    pursuit: Annotated[str, typer.Argument(help="The pursuit's id.")],
    by: Annotated[str, typer.Option(help="Who decided it.")],
    reason: Annotated[str, typer.Option(help="Why, or the number of the case.")],
    release: Annotated[bool, typer.Option("--release", help="Keep it no longer than any other.")] = False,
    state: Annotated[
        str | None, typer.Option(help="BE, NL or LU: whose control room keeps it [default: the operator].")
    ] = None,
    data: DataDir = DATA,
) -> None:
    """Keep a pursuit as evidence: nothing of it is erased. Asks the server that runs on the data."""
    from tracker.io import control

    request = {"do": "release" if release else "hold", "pursuit": pursuit, "by": by, "reason": reason}
    if state is not None:
        request["state"] = state
    _print([msgspec.json.encode(control.ask(data, request))])


@app.command()
def erase(
    data: DataDir = DATA,
    list_: Annotated[bool, typer.Option("--list", help="Only say what was erased, held, released.")] = False,
) -> None:
    """Erase now what is too old, as the server does by itself. Asks the server that runs on the data."""
    from tracker.io import control

    if list_:
        _print([msgspec.json.encode(erasure) for erasure in control.ask(data, {"do": "erasures"})])
    else:
        _print([msgspec.json.encode(control.ask(data, {"do": "erase"}))])


@token.command()
def issue(
    unit: Annotated[list[str] | None, typer.Option(help="The unit; several for a gateway.")] = None,
    role: Annotated[
        str | None, typer.Option(help="unit, gateway, dispatcher, supervisor, auditor or admin [default: by --unit].")
    ] = None,
    dispatcher: Annotated[bool, typer.Option("--dispatcher", help="The same as --role dispatcher.")] = False,
    name: Annotated[str | None, typer.Option(help="Who the record names for what is done with it.")] = None,
    state: Annotated[str | None, typer.Option(help="BE, NL or LU: of the units, or of the control room.")] = None,
    service: Annotated[str | None, typer.Option(help="police, kmar, customs, special or other.")] = None,
    means: Annotated[str | None, typer.Option(help="car, moto, foot, boat, helicopter, drone or train.")] = None,
    marked: Annotated[bool | None, typer.Option(help="Whether the vehicle is marked.")] = None,
    uniformed: Annotated[bool | None, typer.Option(help="Whether the officers are in uniform.")] = None,
    certificate: Annotated[
        str | None,
        typer.Option(help="dns:NAME, uri:NAME, cn:NAME or sha256:HEX of a client certificate, instead of a token."),
    ] = None,
    days: Annotated[float | None, typer.Option(help="After which it ends by itself [default: when revoked].")] = None,
    data: DataDir = DATA,
) -> None:
    """Make a token. It is printed once; only its hash is stored. Or let a client certificate speak for units."""
    from tracker.io import tokens

    if dispatcher and role not in {None, "dispatcher"}:
        raise Refused("--role", f"{role!r} and --dispatcher do not go together")
    made = tokens.issue(
        data,
        "dispatcher" if dispatcher else role,
        tuple(unit or ()),
        certificate,
        days,
        state=state,
        service=service,
        means=means,
        marked=marked,
        uniformed=uniformed,
        name=name,
    )
    _print([made])


@token.command()
def revoke(
    id: Annotated[str, typer.Argument(help="As `token list` shows it.")],  # noqa: A002 - what the user sees
    data: DataDir = DATA,
) -> None:
    """Make a token, or a certificate, worthless."""
    from tracker.io import tokens

    _print([tokens.revoke(data, id)])


@token.command(name="list")
def list_(data: DataDir = DATA) -> None:
    """List the tokens, without their secrets, and the certificates."""
    from tracker.io import tokens

    _print(tokens.listed(data))


@user.command(name="add")
def add_user(
    name: Annotated[str, typer.Argument(help="Who the record names, too.")],
    role: Annotated[str, typer.Option(help="dispatcher, supervisor, auditor or admin.")],
    state: Annotated[str | None, typer.Option(help="BE, NL or LU: of the control room; not of an admin.")] = None,
    data: DataDir = DATA,
) -> None:
    """Make an account. The password is asked for, or read from stdin."""
    from tracker.io import users

    _print([users.add(data, name, role, state, users.ask_password)])


@user.command(name="list")
def list_users(data: DataDir = DATA) -> None:
    """List the accounts."""
    from tracker.io import users

    _print(users.listed(data))


@user.command()
def passwd(name: str, data: DataDir = DATA) -> None:
    """Give an account another password, and end its sessions."""
    from tracker.io import users

    _print([users.set_password(data, name, users.ask_password)])


@user.command(name="role")
def set_role(
    name: str,
    role: Annotated[str, typer.Argument(help="dispatcher, supervisor, auditor or admin.")],
    state: Annotated[str | None, typer.Option(help="BE, NL or LU: of the control room; not of an admin.")] = None,
    data: DataDir = DATA,
) -> None:
    """Give an account another role, or another state's control room, and end its sessions."""
    from tracker.io import users

    _print([users.set_role(data, name, role, state)])


@user.command()
def disable(name: str, data: DataDir = DATA) -> None:
    """Let a person sign in no more, and end the person's sessions."""
    from tracker.io import users

    _print([users.disable(data, name, again=False)])


@user.command()
def enable(name: str, data: DataDir = DATA) -> None:
    """Let a disabled person sign in again."""
    from tracker.io import users

    _print([users.disable(data, name, again=True)])


@user.command(name="sign-out")
def sign_out(name: str, data: DataDir = DATA) -> None:
    """End every session of a person."""
    from tracker.io import users

    _print([users.sign_out(data, name)])


@user.command()
def link(name: str, data: DataDir = DATA) -> None:
    """Make a link that signs a person in once; what is printed follows the server's address."""
    from tracker.io import users

    _print([users.link(data, name)])


def _print(lines: Iterable[bytes]) -> None:
    out = sys.stdout.buffer
    for line in lines:
        out.write(line + b"\n")
    out.flush()


def main() -> None:
    """Run a command; an expected error is one line on stderr."""
    try:
        app()
    except Refused as error:
        for line in str(error).splitlines():
            typer.echo(f"drempelloos: {line}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # whoever read the lines has read enough
        with contextlib.suppress(OSError):
            sys.stdout.close()
        sys.exit(1)
    except (DrempelloosError, BoundaryFileError, OSError) as error:
        typer.echo(f"drempelloos: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
