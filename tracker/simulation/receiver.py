"""A satellite receiver that lies like a real one.

The error of a fix is the sum of a slow part and a quick one in each of east and north. The slow part
(satellite geometry, atmosphere, lasting reflections) is a first-order Gauss-Markov process: after `tau_s`
seconds it still remembers 1/e of itself, so a run of fixes shares its bias. The quick part is white. Now and
then a reflection throws a single fix far off without the receiver noticing, and now and then there is no fix
at all for some seconds.
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

import msgspec

from borders.geodesy import LocalPlane
from tracker.fix import Ping
from tracker.simulation.drive import Motion

RADIUS_68: Final = math.sqrt(-2 * math.log(1 - 0.68))
"""Radius that holds 68 % of an isotropic normal error in the plane, in standard deviations of one axis
(Rayleigh)."""

_COURSE_FLOOR_MPS: Final = 0.5


class Faults(msgspec.Struct, frozen=True):
    """What kind of receiver it is. Standard deviations are per axis; rates are per second."""

    slow_m: float = 2.5
    quick_m: float = 0.6
    tau_s: float = 60.0
    jump_rate: float = 0.0
    jump_m: float = 80.0
    dropout_rate: float = 0.0
    dropout_s: float = 4.0


OPEN_SKY: Final = Faults(jump_rate=1 / 600, dropout_rate=1 / 240, dropout_s=2.5)
NARROW_STREETS: Final = Faults(slow_m=5.0, quick_m=1.2, jump_rate=1 / 120, jump_m=60.0, dropout_rate=1 / 120)


class Receiver:
    """Turns true motion into pings, counted from 0 under one boot.

    Args:
        unit, boot: as in a ping.
        faults: what kind of receiver it is.
        random: where its faults come from; the same seed gives the same pings.
    """

    def __init__(self, unit: str, boot: str, faults: Faults, random: Random) -> None:
        self._unit = unit
        self._boot = boot
        self._faults = faults
        self._random = random
        self._seq = 0
        self._slow = (random.gauss(0, faults.slow_m), random.gauss(0, faults.slow_m))
        self._last_at: float | None = None
        self._silent_until = -math.inf

    def ping(self, fixed_at: float, motion: Motion) -> Ping | None:
        """What it reports of `motion` at `fixed_at` (seconds, never going back); None while it has no fix."""
        faults, random = self._faults, self._random
        since = 0.0 if self._last_at is None else fixed_at - self._last_at
        self._last_at = fixed_at
        kept = math.exp(-since / faults.tau_s)
        fresh = faults.slow_m * math.sqrt(1 - kept * kept)
        self._slow = (
            kept * self._slow[0] + random.gauss(0, fresh),
            kept * self._slow[1] + random.gauss(0, fresh),
        )
        if random.random() < faults.dropout_rate * since:
            self._silent_until = fixed_at + faults.dropout_s * random.uniform(0.3, 1.7)
        if fixed_at < self._silent_until:
            return None
        east = self._slow[0] + random.gauss(0, faults.quick_m)
        north = self._slow[1] + random.gauss(0, faults.quick_m)
        if random.random() < faults.jump_rate * since:
            direction, far = random.uniform(0, 2 * math.pi), faults.jump_m * random.uniform(0.5, 2)
            east, north = east + far * math.cos(direction), north + far * math.sin(direction)
        lon, lat = LocalPlane(motion.lon, motion.lat).lonlat(east, north)
        return self._report(fixed_at, lon, lat, motion)

    def _report(self, fixed_at: float, lon: float, lat: float, motion: Motion) -> Ping:
        faults, random = self._faults, self._random
        speed = max(0.0, motion.speed_mps + random.gauss(0, 0.2))
        claimed = RADIUS_68 * math.hypot(faults.slow_m, faults.quick_m) * random.lognormvariate(0, 0.15)
        seq, self._seq = self._seq, self._seq + 1
        return Ping(
            unit=self._unit,
            t=round(fixed_at, 3),
            lon=round(lon, 7),
            lat=round(lat, 7),
            boot=self._boot,
            seq=seq,
            acc=round(claimed, 1),
            speed=round(speed, 2),
            # Standing still, a receiver has no direction to report.
            course=round((motion.course_deg + random.gauss(0, 20 / max(speed, 1.0))) % 360.0, 1) % 360.0
            if speed >= _COURSE_FLOOR_MPS
            else None,
        )
