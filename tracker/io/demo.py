"""The demonstration: a scripted pursuit that is played again and again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import structlog

from tracker.io.play import Play
from tracker.io.service import Service
from tracker.simulation.cast import cast
from tracker.simulation.hazeldonk import DEMO
from tracker.units import SIMULATED

RUN: Final = "demo"

_log: Final = structlog.get_logger(__name__)


async def run_demo(service: Service, now: Callable[[], float]) -> None:
    """Play the scenario until cancelled; every round has a new pursuit and begins where the last one ended.

    Args:
        service: the door to the core.
        now: the clock, Unix seconds UTC.
    """
    scenario = cast(DEMO, RUN)
    while True:
        name = f"{RUN}-{secrets.token_hex(3)}"
        play = Play(service, scenario, pursuit=f"{SIMULATED}{name}", boot=name, now=now)
        try:
            await play.run()
        finally:
            await play.end("The demo began anew")
        _log.debug("a round of the demo ended", pursuit=play.pursuit)
