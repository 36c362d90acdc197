"""The last fixes of one unit as one shape on the ground.

Receivers measure velocity by Doppler, far better than position, and the error of position changes slowly. So the shape
of the last seconds is known well, and where it lies is known to one common error. The shape is laid through the mean of
the fixes, which takes out what is new at every fix and leaves what they have in common.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import msgspec

from borders.geodesy import LocalPlane, distance_m

KEPT: Final = 20
"""Fixes that are remembered."""

AVERAGED: Final = 6
"""Fixes whose mean places the shape."""

TRUSTED_STEP_S: Final = 3.0
"""Over a longer step than this a velocity says little, and the positions are believed instead."""

CARRIED_M: Final = 50.0
CARRIED: Final = 10.0
"""Positions that disagree with the velocities by more than this many metres and standard deviations win."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One fix as it is remembered: Unix seconds, degrees, metres (one axis), metres per second, degrees from north."""

    at: float
    lon: float
    lat: float
    sigma_m: float
    speed_mps: float | None
    course_deg: float | None

    @property
    def velocity(self) -> tuple[float, float] | None:
        """Metres per second east and north, if the receiver stated them."""
        if self.speed_mps is None or (self.course_deg is None and self.speed_mps > 0.5):
            return None
        course = math.radians(self.course_deg or 0.0)
        return self.speed_mps * math.sin(course), self.speed_mps * math.cos(course)


class Shape(NamedTuple):
    """The path of the last fixes: `points` are `(lon, lat)` at `times`; `measured`: by velocities that were stated."""

    times: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    measured: bool


def speed_between(one: Sample, other: Sample) -> float:
    """Metres per second between two fixes, as their positions have it."""
    return distance_m(one.lon, one.lat, other.lon, other.lat) / max(other.at - one.at, 1e-3)


def velocity_of(samples: tuple[Sample, ...]) -> tuple[float, float]:
    """Metres per second east and north at the newest fix: the mean over the last few."""
    stated = [velocity for sample in samples[-3:] if (velocity := sample.velocity) is not None]
    if stated:
        return sum(v[0] for v in stated) / len(stated), sum(v[1] for v in stated) / len(stated)
    first, last = samples[max(0, len(samples) - AVERAGED)], samples[-1]
    if last.at <= first.at:
        return 0.0, 0.0
    east, north = LocalPlane(first.lon, first.lat).xy(last.lon, last.lat)
    return east / (last.at - first.at), north / (last.at - first.at)


def shape_of(samples: tuple[Sample, ...]) -> Shape:
    """Lay the path of the samples, oldest first, through their mean."""
    last = samples[-1]
    plane = LocalPlane(last.lon, last.lat)
    places = [plane.xy(sample.lon, sample.lat) for sample in samples]
    path = [(0.0, 0.0)]
    for place in range(len(samples) - 1, 0, -1):
        east, north = _step(samples, places, place)
        path.append((path[-1][0] - east, path[-1][1] - north))
    path.reverse()
    counted = range(_first_averaged(samples), len(samples))
    weights = [samples[i].sigma_m ** -2 for i in counted]
    total = sum(weights)
    east = sum(w * (places[i][0] - path[i][0]) for w, i in zip(weights, counted, strict=True)) / total
    north = sum(w * (places[i][1] - path[i][1]) for w, i in zip(weights, counted, strict=True)) / total
    points = tuple(plane.lonlat(x + east, y + north) for x, y in path)
    measured = all(sample.velocity is not None for sample in samples)
    return Shape(tuple(sample.at for sample in samples), points, measured)


def _first_averaged(samples: tuple[Sample, ...]) -> int:
    """The oldest sample that still shares the newest one's error: none from before a gap."""
    first = len(samples) - 1
    while first > max(0, len(samples) - AVERAGED) and samples[first].at - samples[first - 1].at <= TRUSTED_STEP_S:
        first -= 1
    return first


def _step(samples: tuple[Sample, ...], places: list[tuple[float, float]], place: int) -> tuple[float, float]:
    """Metres east and north from the sample before `place` to that at `place`."""
    one, other = samples[place - 1], samples[place]
    elapsed_s = other.at - one.at
    by_position = places[place][0] - places[place - 1][0], places[place][1] - places[place - 1][1]
    if elapsed_s > TRUSTED_STEP_S:
        return by_position
    before = one.velocity or _slope(samples, places, place - 1)
    after = other.velocity or _slope(samples, places, place)
    by_velocity = (before[0] + after[0]) / 2 * elapsed_s, (before[1] + after[1]) / 2 * elapsed_s
    # A unit that was carried, or a receiver that was wrong before, is elsewhere without having driven there.
    carried = math.dist(by_position, by_velocity) > CARRIED_M + CARRIED * (one.sigma_m + other.sigma_m)
    return by_position if carried else by_velocity


def _slope(samples: tuple[Sample, ...], places: list[tuple[float, float]], place: int) -> tuple[float, float]:
    """Velocity by the positions around one sample, where its receiver states none."""
    first, last = max(0, place - 2), min(len(samples) - 1, place + 2)
    elapsed_s = samples[last].at - samples[first].at
    (x0, y0), (x1, y1) = places[first], places[last]
    return (x1 - x0) / elapsed_s, (y1 - y0) / elapsed_s
