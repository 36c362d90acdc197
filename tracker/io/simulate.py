"""Generated traffic, to a file or to a server."""

from __future__ import annotations

import asyncio
import heapq
import secrets
from collections.abc import Iterator
from itertools import chain, islice
from random import Random
from typing import BinaryIO, Final

import msgspec

from tracker.codec import ndjson
from tracker.errors import Refused
from tracker.fix import Ping
from tracker.io.acts import play_acts
from tracker.io.clock import Clock
from tracker.io.stream import Counts, Watcher, stream
from tracker.simulation import scenario_file
from tracker.simulation.scenario import Scenario
from tracker.simulation.traffic import Traffic

FILE_STARTS_AT: Final = 1_795_442_400.0
"""2026-11-23T14:00:00Z: written traffic begins here, so that the same arguments write the same bytes."""


def write_traffic(out: BinaryIO, *, units: int, rate_hz: float, seconds: float, seed: int) -> int:
    """Write pings as NDJSON, in time order, and return how many.

    Args:
        out: where to.
        units: how many drive about.
        rate_hz: pings of each in a second.
        seconds: of data time.
        seed: which of the possible traffics.

    Raises:
        Refused: names the argument that is out of its range.
    """
    written = 0
    for pings in _rounds(units, rate_hz, seconds, seed, FILE_STARTS_AT, f"sim-{seed}"):
        out.write(ndjson.write(pings))
        written += len(pings)
    return written


async def stream_traffic(
    to: str,
    *,
    units: int,
    rate_hz: float,
    seconds: float,
    seed: int,
    token: str | None = None,
    watcher: Watcher | None = None,
) -> Counts:
    """Send the same traffic to a server over one connection, as a gateway does, in real time.

    Args:
        to: `ws://host:port/units`.
        units: how many drive about.
        rate_hz: pings of each in a second.
        seconds: of data time, and of real time.
        seed: which of the possible traffics.
        token: of a gateway that may speak for all units.
        watcher: is told what happens.

    Raises:
        Refused: an argument, the address or the token is not acceptable.
        Unreachable: the server does not answer.
    """
    started_at = Clock().now()
    rounds = _rounds(units, rate_hz, seconds, seed, started_at, f"sim-{secrets.token_hex(4)}")
    return await stream(to, chain.from_iterable(rounds), token=token, anchor=started_at, watcher=watcher)


def listed() -> Iterator[bytes]:
    """The shipped scenarios, a JSON line each."""
    for name in scenario_file.names():
        file = scenario_file.read_shipped(name)
        yield msgspec.json.encode({"scenario": name, "title": file.title, "source": file.source, "date": file.date})


def write_scenario(out: BinaryIO, name: str, *, seed: int) -> int:
    """Write the pings of a shipped scenario as NDJSON, in time order, and return how many. Its acts are no pings.

    Raises:
        Refused: there is no scenario of that name.
    """
    scenario = scenario_file.load(name)
    pings = list(_pings(scenario, f"sim-{seed}", f"{seed}", scenario.started_at or FILE_STARTS_AT))
    out.write(ndjson.write(pings))
    return len(pings)


async def stream_scenario(
    to: str,
    name: str,
    *,
    seed: int,
    speed: float = 1.0,
    api: str | None = None,
    token: str | None = None,
    api_token: str | None = None,
    watcher: Watcher | None = None,
) -> Counts:
    """Play a shipped scenario on a server, now: its units over one connection, as a gateway does, and, with `api`, its
    acts over HTTP. The law is therefore today's, whatever the incident's day.

    Args:
        to: `ws://host:port/units`.
        name: of the scenario.
        seed: of the receivers' faults.
        speed: times faster than life.
        api: `http://host:port` for the acts, or None for none.
        token: of a gateway that may speak for all units.
        api_token: of a dispatcher, for the acts.
        watcher: is told what happens.

    Raises:
        Refused: the name, the speed, the address or a token is not acceptable.
        Unreachable: the server does not answer.
    """
    if not 0 < speed <= 10_000:
        raise Refused("speed", f"{speed:g} is outside 0 to 10000")
    scenario = scenario_file.load(name)
    started_at = Clock().now()
    run = f"{name}-{secrets.token_hex(3)}"[-64:]
    pings = _pings(scenario, run, f"{seed}", started_at)
    try:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(stream(to, pings, token=token, speed=speed, anchor=started_at, watcher=watcher))
            if api is not None:
                group.create_task(play_acts(api, run, scenario, speed, api_token))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return sending.result()


def _pings(scenario: Scenario, boot: str, seed: str, started_at: float) -> Iterator[Ping]:
    streams = (
        scenario.pings(actor, boot, Random(f"{seed}/{actor.unit}"), started_at)  # noqa: S311  a made-up receiver
        for actor in scenario.actors
    )
    return heapq.merge(*streams, key=lambda ping: ping.t)


def _rounds(
    units: int, rate_hz: float, seconds: float, seed: int, started_at: float, boot: str
) -> Iterator[list[Ping]]:
    if not 1 <= units <= 100_000:
        raise Refused("units", f"{units} is outside 1 to 100000")
    if not 0.001 <= rate_hz <= 100:
        raise Refused("rate", f"{rate_hz:g} is outside 0.001 to 100 per second")
    if not 0 < seconds <= 31_536_000:
        raise Refused("seconds", f"{seconds:g} is outside 0 to 31536000")
    if seed < 0:
        raise Refused("seed", f"{seed} is negative")
    return islice(Traffic(units, rate_hz, seed, started_at, boot).rounds(), max(1, round(seconds * rate_hz)))
