"""The demonstration: a scripted pursuit that reaches the server the way a real one would, again and again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from itertools import count
from random import Random
from typing import Final

import aiohttp
import msgspec
import structlog

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.io.clock import Clock
from tracker.io.stream import Refusal, Watcher, stream
from tracker.simulation.hazeldonk import DEMO
from tracker.simulation.scenario import Act, Details, Scenario

_log: Final = structlog.get_logger()

UNITS: Final = tuple(actor.unit for actor in DEMO.actors)
"""Each of these needs a token where tokens are asked for."""


class _Pursuit(msgspec.Struct, frozen=True):
    id: str
    phase: str


class _Pursuits(msgspec.Struct, frozen=True):
    pursuits: tuple[_Pursuit, ...]


_decoder: Final = msgspec.json.Decoder(_Pursuits)


async def run_demo(
    http_url: str,
    ws_url: str,
    tokens: Mapping[str, str],
    api_token: str | None,
    *,
    scenario: Scenario = DEMO,
    speed: float = 1.0,
    rounds: int | None = None,
) -> None:
    """Play the scenario until cancelled: each unit over a socket of its own, each dispatcher's act over HTTP.

    Every round has a new pursuit, new boots and new receiver faults; it begins where the last one ended.
    What the server refuses is logged and passed over; where it cannot be reached, it is tried again.

    Args:
        http_url: `http://host:port`.
        ws_url: `ws://host:port`.
        tokens: by unit; empty where none are asked for.
        api_token: for the dispatchers' calls, or None.
        scenario: what to play.
        speed: times faster than life.
        rounds: how many; None for ever.

    Raises:
        Refused: a token is not accepted.
    """
    async with _dispatcher(api_token) as session:
        for number in count() if rounds is None else range(rounds):
            await _play_round(session, f"{http_url.rstrip('/')}/api/v1/pursuits", ws_url, tokens, scenario, speed)
            _log.debug("demo.round_ended", number=number)


async def _play_round(
    session: aiohttp.ClientSession,
    pursuits_url: str,
    ws_url: str,
    tokens: Mapping[str, str],
    scenario: Scenario,
    speed: float,
) -> None:
    await _end_unfinished(session, pursuits_url)
    name = secrets.token_hex(3)
    started_at = Clock().now()
    try:
        async with asyncio.TaskGroup() as group:
            for actor in scenario.actors:
                noise = Random(f"{name}/{actor.unit}")  # noqa: S311  faults of a made-up receiver
                pings = scenario.pings(actor, f"demo-{name}", noise, started_at)
                group.create_task(
                    stream(
                        ws_url,
                        pings,
                        token=tokens.get(actor.unit),
                        speed=speed,
                        anchor=started_at,
                        patience_s=None,
                        watcher=_Log(actor.unit),
                    )
                )
            group.create_task(_act(session, pursuits_url, f"demo-{name}", scenario, speed))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _end_unfinished(session: aiohttp.ClientSession, pursuits_url: str) -> None:
    """A round that was broken off left its pursuit running, and its units in it."""
    try:
        async with session.get(pursuits_url) as answer:
            known = _decoder.decode(await answer.read())
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
        _log.warning("demo.pursuits_unknown", error=str(error))
        return
    for pursuit in known.pursuits:
        if pursuit.id.startswith("demo-") and pursuit.phase != "ended":
            await _call(session, pursuits_url, pursuit.id, Act(0, "end", Details(reason="The demo began anew")))


async def play_acts(http_url: str, pursuit: str, scenario: Scenario, speed: float, token: str | None = None) -> None:
    """Make every dispatcher's call of a scenario in its time, in one pursuit; what the phase refuses is logged.

    Args:
        http_url: `http://host:port`.
        pursuit: the name of the new pursuit.
        scenario: whose acts.
        speed: times faster than life.
        token: a dispatcher's, or None.

    Raises:
        Refused: the token is not accepted.
    """
    async with _dispatcher(token) as session:
        await _act(session, f"{http_url.rstrip('/')}/api/v1/pursuits", pursuit, scenario, speed)


def _dispatcher(token: str | None) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10))


async def _act(
    session: aiohttp.ClientSession, pursuits_url: str, pursuit: str, scenario: Scenario, speed: float
) -> None:
    clock = asyncio.get_running_loop().time
    began_at = clock()
    for act in scenario.acts:
        await asyncio.sleep(began_at + act.at_s / speed - clock())
        await _call(session, pursuits_url, pursuit, act)


async def _call(session: aiohttp.ClientSession, pursuits_url: str, pursuit: str, act: Act) -> None:
    is_start = act.command == "start"
    url = pursuits_url if is_start else f"{pursuits_url}/{pursuit}/{act.command}"
    details = msgspec.structs.replace(act.details, id=pursuit) if is_start else act.details
    body = msgspec.json.encode(details)
    try:
        async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
            if not answer.ok:
                reason = quote((await answer.text())[:500], 200)
                if answer.status in {401, 403}:
                    raise Refused("api-token", f"the server answers {answer.status}: {reason}")
                _log.warning("demo.act_refused", command=act.command, status=answer.status, answer=reason)
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.warning("demo.act_failed", command=act.command, error=str(error))


class _Log(Watcher):
    def __init__(self, unit: str) -> None:
        self._unit = unit

    def refused(self, refusal: Refusal) -> None:
        _log.warning("demo.ping_refused", unit=self._unit, seq=refusal.seq, field=refusal.field, reason=refusal.reason)

    def disturbed(self, trouble: str) -> None:
        _log.warning("demo.link_disturbed", unit=self._unit, trouble=trouble)
