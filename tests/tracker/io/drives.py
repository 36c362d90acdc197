"""Pings of cars on the road across the border at Hazeldonk, and a service to give them to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, STARTED_AT
from tracker.engine import Engine
from tracker.fix import Fix
from tracker.inputs import PingReceived
from tracker.io.clock import Clock
from tracker.io.service import Service

SPEED_MPS = 30.0


def ping(
    unit: str = "BE-1", seq: int = 0, *, boot: str = "a1", north_m: float | None = None, late_s: float = 0.25
) -> PingReceived:
    """One fix of a car that drives north at 30 m/s, by default 1.5 km south of the border at `seq` 0."""
    at = STARTED_AT + seq
    along = -1_500 + SPEED_MPS * seq if north_m is None else north_m
    lat = BORDER_LAT + along / M_PER_DEG
    return PingReceived(Fix(unit, boot, seq, at, LON, lat, 4.0, SPEED_MPS, 0.0), at + late_s)


@contextlib.asynccontextmanager
async def opened(directory: Path, engine: Engine, at: float = STARTED_AT) -> AsyncIterator[Service]:
    """A service whose clock stands still."""
    service = await Service.open(directory, engine, Clock(lambda: at, lambda: 0.0))
    try:
        yield service
    finally:
        await service.close()
