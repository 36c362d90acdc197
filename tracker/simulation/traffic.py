"""Many units at once, for load: three in four wander about a town, one in four drives back and forth over a
border.

Everything is worked out for all units in one go with NumPy, so that making pings costs less than reading
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from borders.geodesy import meridian_radius_m, transverse_radius_m
from tracker.fix import Ping
from tracker.simulation.receiver import OPEN_SKY, RADIUS_68
from tracker.simulation.routes import CORRIDORS, Route

Floats = NDArray[np.float64]

TOWNS: Final = (
    ("BE", 4.3517, 50.8466),
    ("NL", 4.8952, 52.3702),
    ("LU", 6.1296, 49.6117),
    ("BE", 4.4025, 51.2194),
    ("NL", 4.4792, 51.9225),
    ("BE", 5.5797, 50.6326),
    ("NL", 5.6910, 50.8514),
    ("BE", 3.7174, 51.0543),
    ("NL", 5.4697, 51.4416),
    ("LU", 5.9809, 49.4958),
    ("NL", 5.1214, 52.0907),
    ("BE", 5.8164, 49.6833),
    ("NL", 4.9294, 51.4381),
    ("NL", 6.5665, 53.2194),
    ("BE", 3.2247, 51.2093),
    ("BE", 4.9294, 51.4381),
)
"""Sending state, longitude, latitude: about where a wandering unit is at home."""

_ROAM_M: Final = 15_000.0
"""Farther from home than this, a wandering unit turns back."""


class Traffic:
    """Units on the move, the same for the same arguments.

    Args:
        units: how many.
        rate_hz: pings of each in a second.
        seed: which of the possible traffics.
        started_at: Unix seconds UTC of the first ping.
        boot: of every unit.
    """

    def __init__(self, units: int, rate_hz: float, seed: int, started_at: float, boot: str) -> None:
        self._random = np.random.default_rng(seed)
        self._period_s = 1.0 / rate_hz
        self._started_at = started_at
        self._boot = boot
        number = np.arange(units)
        self._roads = [
            (_Road(corridor), np.flatnonzero((number % 4 == 3) & (number // 4 % len(CORRIDORS) == index)))
            for index, corridor in enumerate(CORRIDORS)
        ]
        homes = [TOWNS[index % len(TOWNS)] for index in range(units)]
        self.names: Final = tuple(f"{state}-T{index:05d}" for index, (state, _, _) in enumerate(homes))
        lats = np.array([lat for _, _, lat in homes])
        self._home_lon, self._home_lat = np.array([lon for _, lon, _ in homes]), lats
        metres = [(transverse_radius_m(lat), meridian_radius_m(lat)) for lat in lats.tolist()]
        self._lon_per_m = np.array(
            [np.degrees(1 / (n * np.cos(np.radians(lat)))) for lat, (n, _) in zip(lats, metres, strict=True)]
        )
        self._lat_per_m = np.array([np.degrees(1 / m) for _, m in metres])
        self._phase_s = number / max(units, 1) * self._period_s
        self._xy = self._random.normal(0.0, 4_000.0, (2, units))
        self._cruise = self._random.uniform(8.0, 40.0, units)
        self._speed = self._cruise.copy()
        self._course = self._random.uniform(0.0, 2 * np.pi, units)
        self._along = self._random.uniform(0.0, 20_000.0, units)
        self._slow = self._random.normal(0.0, OPEN_SKY.slow_m, (2, units))

    def rounds(self) -> Iterator[list[Ping]]:
        """Without end: one ping of every unit, in time order, each round one period after the last."""
        seq = 0
        while True:
            yield self._round(seq)
            self._move()
            seq += 1

    def _move(self) -> None:
        step = self._period_s
        count = len(self.names)
        outward = np.arctan2(self._xy[0], self._xy[1])
        astray = np.hypot(*self._xy) > _ROAM_M
        homeward = np.remainder(outward + np.pi - self._course + np.pi, 2 * np.pi) - np.pi
        swerve = self._random.normal(0.0, 0.08 * np.sqrt(step), count)
        self._course += np.where(astray, np.clip(homeward, -0.3 * step, 0.3 * step), swerve)
        kept = np.exp(-step / 30.0)
        shake = self._random.normal(0.0, 4.0 * np.sqrt(1 - kept * kept), count)
        self._speed = np.clip(self._cruise + kept * (self._speed - self._cruise) + shake, 0.0, 55.0)
        self._xy += self._speed * step * np.array([np.sin(self._course), np.cos(self._course)])
        self._along += self._speed * step
        kept = np.exp(-step / OPEN_SKY.tau_s)
        self._slow = kept * self._slow + self._random.normal(
            0.0, OPEN_SKY.slow_m * np.sqrt(1 - kept * kept), (2, count)
        )

    def _round(self, seq: int) -> list[Ping]:
        count = len(self.names)
        lon = self._home_lon + self._xy[0] * self._lon_per_m
        lat = self._home_lat + self._xy[1] * self._lat_per_m
        course = np.degrees(self._course)
        for road, rows in self._roads:
            lon[rows], lat[rows], course[rows] = road.at(self._along[rows])
        error = self._slow + self._random.normal(0.0, OPEN_SKY.quick_m, (2, count))
        claimed = RADIUS_68 * OPEN_SKY.slow_m * self._random.lognormal(0.0, 0.15, count)
        columns = (
            np.round(self._started_at + seq * self._period_s + self._phase_s, 3),
            np.round(lon + error[0] * self._lon_per_m, 7),
            np.round(lat + error[1] * self._lat_per_m, 7),
            np.round(claimed, 1),
            np.round(self._speed, 1),
            np.round(course, 1) % 360.0,
        )
        boot = self._boot
        return [
            Ping(unit, t, lon, lat, boot, seq, acc, speed, course)
            for unit, t, lon, lat, acc, speed, course in zip(
                self.names, *(column.tolist() for column in columns), strict=True
            )
        ]


class _Road:
    """A corridor as arrays, for many units at once."""

    def __init__(self, corridor: Route) -> None:
        self._marks_m = np.array(corridor.marks_m)
        self._lons, self._lats = np.array(corridor.lonlat()).T
        east = np.diff(self._lons) * np.cos(np.radians(self._lats[:-1]))
        self._courses = np.degrees(np.arctan2(east, np.diff(self._lats)))

    def at(self, along_m: Floats) -> tuple[Floats, Floats, Floats]:
        """Longitudes, latitudes and courses of units that have gone so far, to the road's end and back."""
        length_m = self._marks_m[-1]
        along = np.remainder(along_m, 2 * length_m)
        back = along > length_m
        station = np.where(back, 2 * length_m - along, along)
        piece = np.clip(np.searchsorted(self._marks_m, station, side="right") - 1, 0, len(self._courses) - 1)
        course = np.remainder(self._courses[piece] + np.where(back, 180.0, 0.0), 360.0)
        lon, lat = (
            np.interp(station, self._marks_m, self._lons),
            np.interp(station, self._marks_m, self._lats),
        )
        return lon, lat, course
