"""The running server: everything built, joined together, and taken down in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec
import structlog

from borders.atlas import Atlas
from tracker.errors import DrempelloosError
from tracker.io import contacts, geojson, interpreter, overload, pages, sockets, upkeep
from tracker.io.access_log import AccessLog
from tracker.io.accounts import Accounts
from tracker.io.administration import Administration
from tracker.io.api import About, Api
from tracker.io.boundaries import Boundaries
from tracker.io.boundaries import find as find_boundaries
from tracker.io.clock import Clock
from tracker.io.config import Address, Config
from tracker.io.credentials import LOCAL, Credentials
from tracker.io.demo import run_demo
from tracker.io.door import bind
from tracker.io.gate import Gate
from tracker.io.gauges import Gauges
from tracker.io.http_port import HttpPort
from tracker.io.hub import Hub
from tracker.io.live_socket import LiveSocket
from tracker.io.logs import set_up_logs
from tracker.io.metrics import Metrics, Tally
from tracker.io.notify import Notify
from tracker.io.offline import NO_BORDERS, build_engine
from tracker.io.pace import Limit, Paces
from tracker.io.passwords import Passwords
from tracker.io.readiness import Readiness
from tracker.io.revocations import Revocations
from tracker.io.screens import Screens
from tracker.io.service import Service
from tracker.io.sessions import LINK_S
from tracker.io.sign_in import SIGN_INS, SignIn
from tracker.io.throttle import Throttle
from tracker.io.tickets import Tickets
from tracker.io.tls import ServerTls, reload, watch
from tracker.io.training import Trainings
from tracker.io.turnstile import Turnstile
from tracker.io.units_socket import UnitsSocket

SOURCE_ROOT: Final = Path(__file__).parents[2]

STRANGERS_S: Final = 5.0
"""Seconds between two looks at who could not get in."""

_log: Final = structlog.get_logger(__name__)


class Ready(msgspec.Struct, frozen=True):
    """The line on stdout that says where the server listens."""

    ready: bool
    http: str
    ws: str
    sign_in: str | msgspec.UnsetType = msgspec.UNSET
    """In the demo, unless nobody has to sign in: a link that signs in once."""
    units: str | msgspec.UnsetType = msgspec.UNSET
    """Where units that show certificates connect, if there is such a port."""


async def run(config: Config) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        DrempelloosError: the journal or the configuration cannot be used, or the disk failed.
        OSError: an address cannot be listened on.
    """
    set_up_logs(config.logs.level, config.logs.form)
    clock = Clock()
    asks = (False, True) if config.tls.client_ca else (False,)
    tls = [ServerTls(config.tls, clock.now, asks=each) for each in asks] if config.tls.certificate else []
    if not tls and not config.is_local:
        _log.warning("others can reach this server, and there is no TLS here: a proxy has to end it")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload, tls)
    async with AsyncExitStack() as stack:
        directory = Path(config.data.directory)
        boundaries = find_boundaries(directory)
        points = Path(config.treaty.contact_points) if config.treaty.contact_points else None
        engine = build_engine(boundaries.atlas, points)
        service = await Service.open(directory, engine, clock, config.data.ballast_mib * 2**20)
        stack.push_async_callback(service.close)
        if boundaries.atlas is None:
            service.faults.set("no_borders", f"no border is watched: {boundaries.trouble}")
        credentials = stack.enter_context(contextlib.closing(Credentials(directory)))
        trainings = Trainings(service, clock.now)
        notify = Notify()
        ready, gate = await _listen(stack, config, boundaries, service, credentials, clock, trainings, notify, tls)
        interpreter.settle()
        await _start_simulations(stack, config, trainings, service, clock.now)
        link = _first_link(config, ready, gate, credentials, clock)
        if config.demo.enabled and link is not None:
            ready = msgspec.structs.replace(ready, sign_in=link)
        sys.stderr.write(_welcome(config, ready, link, credentials))
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        notify.tell(READY="1", STATUS=f"serving {ready.http} and {ready.ws}")
        await _wait(stop, service)
        _log.info("stopping")


async def _listen(
    stack: AsyncExitStack,
    config: Config,
    boundaries: Boundaries,
    service: Service,
    credentials: Credentials,
    clock: Clock,
    trainings: Trainings,
    notify: Notify,
    tls: Sequence[ServerTls],
) -> tuple[Ready, Gate]:
    """Open the ports. Who may call depends on where the system let us listen, so the rooms are filled after that."""
    limits = config.limits
    http_socket = stack.enter_context(bind(config.http_address.host, config.http_address.port))
    http = Address(config.http_address.host, http_socket.getsockname()[1])
    strangers = Turnstile(limits.strangers, limits.strangers_per_address)
    ports = sockets.Ports(strangers, frozenset(config.http.proxies))
    rooms: dict[str, sockets.Room] = {}
    units_room: dict[str, sockets.Room] = {}
    ws = await ports.open(config.ws_address, rooms, next(iter(tls), None))
    for_units = None
    if config.client_address is not None:
        for_units = await ports.open(config.client_address, units_room, tls[-1])

    gate = Gate(config, http, ws, credentials, clock.now)
    revocations = Revocations(gate, credentials.file, clock.now)
    tickets = Tickets(clock.now)
    oidc = None
    if config.oidc.issuer and config.auth.required:
        from tracker.io.oidc import Oidc  # noqa: PLC0415 - else nobody needs the library that it takes

        oidc = Oidc(config.oidc, clock.now)
        stack.push_async_callback(oidc.close)
    screens = Screens(limits.screens, limits.viewers_per_address)
    passwords = stack.enter_context(contextlib.closing(Passwords()))
    sign_in = SignIn(Accounts(credentials.file), gate.sessions, passwords, Throttle(), clock.now)
    hub = Hub(service, config.live.tick_s, config.live.viewers, clock.now)
    metrics = Metrics(hub.statistics, lambda: len(service.world.tracks), service.timings)
    service.listen(metrics.count_commit)
    metrics.add(Tally("drempelloos_sign_ins", SIGN_INS, ("way", "result"), sign_in.results))
    about = _about(config, boundaries.atlas)
    metrics.add(Gauges(service, clock.now, about.version, about.boundary_sha256))
    readiness = Readiness(service, Path(config.data.directory), boundaries, clock)
    stack.callback(readiness.close)
    log = AccessLog(Path(config.data.directory), clock.now)
    stack.push_async_callback(log.close)
    retention = await upkeep.start(stack, config, service, log, clock, notify, metrics)
    live = LiveSocket(service, hub, gate, tickets, revocations, screens, log, clock.now, ports.known)
    rooms["/live"] = live
    limit = Limit(limits.pings_per_s, limits.pings_burst, limits.backlog_per_s)
    paces = Paces(limit) if config.auth.required else None
    rooms["/units"] = units_room["/units"] = UnitsSocket(
        service,
        gate,
        revocations,
        metrics,
        limits.units,
        clock.now,
        paces=paces,
        per_token=limits.sockets_per_token,
        known=ports.known,
    )
    api = Api(
        service=service,
        hub=hub,
        log=log,
        gate=gate,
        sign_in=sign_in,
        tickets=tickets,
        oidc=oidc,
        metrics=metrics,
        pages=pages.Pages(pages.find_directory(SOURCE_ROOT)),
        readiness=readiness,
        borders=partial(geojson.boundary_files, boundaries.atlas),
        about=about,
        batch_bytes=config.limits.batch_bytes,
        now=clock.now,
        trainings=trainings,
        paces=paces,
        retention=retention,
        administration=Administration(credentials, gate.sessions),
    )
    port = HttpPort(api.app(), Turnstile(limits.connections, limits.connections_per_address), next(iter(tls), None))
    await port.open(http_socket)

    tasks = (
        asyncio.create_task(hub.run(), name="hub"),
        asyncio.create_task(revocations.watch(), name="revocations"),
        asyncio.create_task(live.watch(), name="openings"),
        asyncio.create_task(overload.watch(service), name="overload"),
        asyncio.create_task(_watch_strangers(strangers, tls), name="strangers"),
        *(asyncio.create_task(watch(first), name="certificate") for first in tls[:1]),
    )
    stack.push_async_callback(_close, ports, port, tasks)
    ready = Ready(ready=True, http=f"{gate.http_scheme}://{http}", ws=f"{gate.ws_scheme}://{ws}")
    if for_units is not None:
        ready = msgspec.structs.replace(ready, units=f"{gate.ws_scheme}://{for_units}")
    return ready, gate


def _about(config: Config, atlas: Atlas | None) -> About:
    return About(
        _version(),
        "" if atlas is None else atlas.attribution,
        NO_BORDERS if atlas is None else atlas.sha256,
        "" if atlas is None else atlas.vintage,
        config.demo.enabled,
        config.basemap,
        next(iter(config.http.origins), ""),
        contacts.by_room(config.contacts.reach),
    )


def _first_link(config: Config, ready: Ready, gate: Gate, credentials: Credentials, clock: Clock) -> str | None:
    """A link for whoever runs the demo, or starts a server that has no account yet and that only this machine can
    reach: as a supervisor of all states. None where that is not so.
    """
    is_first = config.is_local and not Accounts(credentials.file).list()
    if not config.auth.required or not (config.demo.enabled or is_first):
        return None
    grant = msgspec.structs.replace(LOCAL, name="local supervisor")
    return f"{ready.http}/sign-in?once={gate.sessions.make_link(grant.id, grant, clock.now())}"


def _welcome(config: Config, ready: Ready, link: str | None, credentials: Credentials) -> str:
    """For a person."""
    if link is not None:
        minutes = round(LINK_S / 60)
        once = f"  Sign in, once within {minutes} minutes, at\n\n    {link}\n\n"
        accounts = "" if config.demo.enabled else "  Accounts are made with: drempelloos user add NAME\n\n"
        return f"\n{once}  The map is at {ready.http}/  (Ctrl-C stops)\n\n{accounts}"
    if config.auth.required and not Accounts(credentials.file).list():
        return "\n  Nobody can sign in yet. Accounts are made with: drempelloos user add NAME\n\n"
    return f"\n  The map is at {ready.http}/  (Ctrl-C stops)\n\n" if config.demo.enabled else ""


async def _close(ports: sockets.Ports, port: HttpPort, tasks: tuple[asyncio.Task[None], ...]) -> None:
    await ports.close()
    await port.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _start_simulations(
    stack: AsyncExitStack, config: Config, trainings: Trainings, service: Service, now: Callable[[], float]
) -> None:
    """End what was played before, and let the demo begin."""
    await trainings.tidy()
    stack.push_async_callback(trainings.close)
    if not config.demo.enabled:
        return
    task = asyncio.create_task(run_demo(service, now), name="demo")
    task.add_done_callback(_report)

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)


async def _watch_strangers(strangers: Turnstile, ports: Sequence[ServerTls]) -> None:
    """Tell the log who could not get in; once in a while, however many they are."""
    told = 0
    while True:
        await asyncio.sleep(STRANGERS_S)
        if strangers.turned_away > told:
            _log.warning("connections to the socket port were turned away", count=strangers.turned_away - told)
            told = strangers.turned_away
        for tls in ports:
            if tls.failed:
                _log.info("handshakes failed", reasons=dict(tls.failed.most_common(10)))
                tls.failed.clear()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("the demo has ended", error=str(error))


async def _wait(stop: asyncio.Event, service: Service) -> None:
    """Until somebody says stop; raises what made the journal fail, if that comes first."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((stopping, service.failed), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if service.failed.done() and not service.failed.cancelled():
        error = service.failed.exception()
        raise DrempelloosError(f"the journal failed: {error}") from error


def _version() -> str:
    try:
        return version("drempelloos")
    except PackageNotFoundError:  # run from a checkout that was never set up
        return "0+checkout"
