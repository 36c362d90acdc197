"""A scenario's acts, made as a dispatcher's calls over HTTP."""

from __future__ import annotations

import asyncio
from typing import Final

import aiohttp
import msgspec
import structlog

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.simulation.scenario import Act, Scenario

_log: Final = structlog.get_logger(__name__)


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
                _log.warning("an act was refused", command=act.command, status=answer.status, answer=reason)
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.warning("an act failed", command=act.command, error=str(error))
