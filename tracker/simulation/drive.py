"""How a vehicle moves along a route: as fast as it may, within what tyres, engine and brakes allow."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from tracker.simulation.routes import Route

ACCELERATION_MPS2: Final = 3.0
BRAKING_MPS2: Final = 4.0
CORNERING_MPS2: Final = 4.0
"""A patrol car driven hard on a dry road: nought to 100 km/h in 9 s, half of what its tyres could do
otherwise."""


class Motion(NamedTuple):
    """Where something truly is, and how it moves. Metres per second; degrees from north."""

    lon: float
    lat: float
    speed_mps: float
    course_deg: float


class Drive:
    """One trip along a route, from standstill to standstill.

    Args:
        route: what is driven along; a trip may go round a closed one more than once.
        from_m, to_m: where on it the trip begins and ends, metres from its first vertex.
        departs_at: seconds; before that the vehicle stands at the beginning.
        cruise_mps: what it reaches where the road allows: one speed, or one for each place, metres along the route.
    """

    def __init__(
        self,
        route: Route,
        from_m: float,
        to_m: float,
        departs_at: float,
        cruise_mps: float | Callable[[float], float],
    ) -> None:
        self.departs_at: Final = departs_at
        self._route = route
        self._stations = _stations_between(from_m, to_m)
        self._step_m = self._stations[1] - self._stations[0]
        self._speeds = self._speed_plan(cruise_mps)
        steps_s = (2 * self._step_m / (v0 + v) for v0, v in pairwise(self._speeds))
        self._times = list(accumulate(steps_s, initial=departs_at))
        self.arrives_at: Final = self._times[-1]

    def at(self, time_s: float) -> Motion:
        """The motion at a moment; standing still before departure and after arrival."""
        if time_s <= self.departs_at or time_s >= self.arrives_at:
            station = self._stations[0] if time_s <= self.departs_at else self._stations[-1]
            return self._motion(station, 0.0)
        index = bisect_right(self._times, time_s) - 1
        v0, v = self._speeds[index], self._speeds[index + 1]
        since = time_s - self._times[index]
        acceleration = (v - v0) / (self._times[index + 1] - self._times[index])
        station = self._stations[index] + v0 * since + acceleration * since**2 / 2
        return self._motion(station, v0 + acceleration * since)

    def passes_at(self, station_m: float) -> float:
        """When it passes a place, metres along the route: within a few hundredths of a second once it rolls.

        Raises:
            ValueError: the trip does not pass there.
        """
        stations = self._stations
        if not stations[0] <= station_m <= stations[-1]:
            raise ValueError(f"station_m: {station_m:g} is outside {stations[0]:g} to {stations[-1]:g}")
        index = max(bisect_left(stations, station_m), 1)
        share = (station_m - stations[index - 1]) / (stations[index] - stations[index - 1])
        return self._times[index - 1] + share * (self._times[index] - self._times[index - 1])

    def _speed_plan(self, cruise_mps: float | Callable[[float], float]) -> list[float]:
        may = cruise_mps if callable(cruise_mps) else lambda _: cruise_mps
        speeds = [min(may(station), self._corner_speed(station)) for station in self._stations]
        speeds[0] = speeds[-1] = 0.0
        gain, loss = 2 * ACCELERATION_MPS2 * self._step_m, 2 * BRAKING_MPS2 * self._step_m
        for index in range(1, len(speeds)):
            speeds[index] = min(speeds[index], math.sqrt(speeds[index - 1] ** 2 + gain))
        for index in range(len(speeds) - 2, -1, -1):
            speeds[index] = min(speeds[index], math.sqrt(speeds[index + 1] ** 2 + loss))
        return speeds

    def _corner_speed(self, station: float) -> float:
        _, _, before = self._place(station - 15.0)
        _, _, after = self._place(station + 15.0)
        turned = abs(math.remainder(after - before, 360.0))
        return math.sqrt(CORNERING_MPS2 * 30.0 / math.radians(turned)) if turned > 0.1 else math.inf

    def _motion(self, station: float, speed_mps: float) -> Motion:
        x, y, course_deg = self._place(station)
        return Motion(*self._route.plane.lonlat(x, y), speed_mps, course_deg)

    def _place(self, station: float) -> tuple[float, float, float]:
        """East and north in metres, and the course there. On the route's ends it wraps round."""
        marks, xs, ys = self._route.marks_m, self._route.xs, self._route.ys
        along = station % marks[-1]
        index = min(bisect_right(marks, along) - 1, len(marks) - 2)
        share = (along - marks[index]) / (marks[index + 1] - marks[index])
        east, north = xs[index + 1] - xs[index], ys[index + 1] - ys[index]
        return (
            xs[index] + share * east,
            ys[index] + share * north,
            math.degrees(math.atan2(east, north)) % 360.0,
        )


def _stations_between(from_m: float, to_m: float) -> list[float]:
    """Where the speed is planned: at both ends, and about every 10 m between."""
    pieces = max(2, round((to_m - from_m) / 10.0))
    return [from_m + (to_m - from_m) * piece / pieces for piece in range(pieces + 1)]
