"""The path that the last fixes of a unit stand for, and how well it is known.

Everything is Gaussian, so the answer is closed (Rasmussen and Williams, Gaussian Processes for Machine Learning,
2006, eq. 2.23-2.24). Per axis: the unit's acceleration is white noise, its velocity therefore a Wiener process and its
position the integral of one; a fix is that position with an error of which a part lasts (first-order Gauss-Markov) and
the rest is new; a stated velocity is the velocity with a small error that is new each time. Fixes may lie at any
times, and any of them may state no velocity; where they are far apart, the path between is known by so much less.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from borders.error_model import (
    CORRELATION_S,
    COURSE_SIGMA,
    MANOEUVRE,
    SPEED_SIGMA_MPS,
    WHITE_SHARE,
)
from borders.geodesy import LocalPlane
from borders.motion import Samples, velocity_of

Floats = NDArray[np.float64]

_ANYWHERE_M2: Final = 1e8
_ANY_SPEED: Final = 1e4
_FILL_S: Final = 3.0
"""Longer steps between fixes are filled with points of the path."""

_FILL: Final = 8

SILENT_S: Final = 60.0
"""After a silence of this length it is asked whether the unit can have gone on as it went at either end of it."""

IDLE: Final = 1 / 3
"""A unit that has been idle for more of a silence than this, had it been as fast as it can be, has stood or gone about
somewhere, and nobody knows where: a path that takes it on at its speed would swing far out and back."""

IN_TOWN_MPS: Final = 14.0
"""Whatever it did at either end of a silence, a unit may have driven like a car in town within it."""


class Silence(NamedTuple):
    """A silence with time to spare, Unix seconds: however the unit went, it cannot have gone on as fast as it can."""

    began_at: float
    ended_at: float
    length_m: float
    """Of the straight way."""
    fastest_mps: float

    @property
    def idle_s(self) -> float:
        """What is left of it, had the unit gone straight and as fast as it can be."""
        return self.ended_at - self.began_at - self.length_m / self.fastest_mps

    def off_s(self, at: float) -> float:
        """Standard deviation of when the unit passed a place that it passes `at` by the mean: it may have been idle
        before it or after, the one as probable as the way to it is long.
        """
        share = (at - self.began_at) / (self.ended_at - self.began_at)
        return self.idle_s * math.sqrt(max(share * (1.0 - share), 0.0))


class Path(NamedTuple):
    """The path at `times` (Unix seconds, ascending): metres east and north of `plane`, and its standard deviation (one
    axis, honest receiver). `likeness` is what part of an error of the last point each point shares. `seen` tells the
    times of fixes from those between.
    """

    plane: LocalPlane
    times: Floats
    points: Floats
    sigma_m: Floats
    likeness: Floats
    seen: NDArray[np.bool_]
    velocity: Floats
    """At the last point, metres per second east and north."""

    has_velocity: bool
    """Whether every fix stated one."""

    silences: tuple[Silence, ...] = ()
    """Those that the unit was idle in; there the path is the straight way."""

    def silence_at(self, at: float) -> Silence | None:
        """The one of these that an instant lies in."""
        return next((one for one in self.silences if one.began_at <= at <= one.ended_at), None)

    def lonlat(self, index: int) -> tuple[float, float]:
        """The position of one point."""
        return self.plane.lonlat(*self.points[index].tolist())


def estimate(samples: Samples) -> Path:
    """The path through the samples, which are in order of time."""
    last = samples[-1]
    plane = LocalPlane(last.lon, last.lat)
    at = np.array([sample.at for sample in samples]) - samples[0].at
    places = np.array([plane.xy(sample.lon, sample.lat) for sample in samples])
    stated = [(i, velocity) for i, sample in enumerate(samples) if (velocity := sample.velocity) is not None]
    sigma = np.array([sample.sigma_m for sample in samples])

    moving = at[[i for i, _ in stated]]
    velocities = np.array([velocity for _, velocity in stated]).reshape(-1, 2)
    noise = np.zeros((at.size + moving.size,) * 2)
    apart = np.abs(at[:, None] - at)
    noise[: at.size, : at.size] = np.outer(sigma, sigma) * (1 - WHITE_SHARE) * np.exp(-apart / CORRELATION_S)
    quick = np.concatenate([WHITE_SHARE * sigma**2, SPEED_SIGMA_MPS**2 + (COURSE_SIGMA * np.hypot(*velocities.T)) ** 2])
    noise[np.diag_indices_from(noise)] += quick

    times = _filled(at)
    wanted = _covariance(times, at[-1:], times, at[-1:])
    known = _covariance(at, moving, at, moving) + noise
    between = _covariance(times, at[-1:], at, moving)
    gain = np.linalg.solve(known, between.T).T
    mean = gain @ np.concatenate([places, velocities])
    covariance = wanted - gain @ between.T
    variance = np.maximum(np.diag(covariance)[:-1], 1e-6)
    likeness = np.clip(covariance[:-1, times.size - 1] / variance[-1], 0.0, 1.0)
    times_at, deviation = times + samples[0].at, np.sqrt(variance)
    silences = tuple(_silences(samples, places))
    for one in silences:
        _straighten(one, times_at, mean, deviation)
    return Path(
        plane,
        times_at,
        mean[:-1],
        deviation,
        likeness,
        np.isin(times, at),
        mean[-1],
        len(stated) == len(samples),
        silences,
    )


def _silences(samples: Samples, places: Floats) -> Iterator[Silence]:
    """The silences between samples in which the unit was idle. `places` are theirs, metres."""
    for index, (one, other) in enumerate(pairwise(samples)):
        if other.at - one.at < SILENT_S:
            continue
        length_m = math.dist(places[index], places[index + 1])
        before = math.hypot(*velocity_of(samples[: index + 1]))
        after = math.hypot(*velocity_of(samples[index + 1 : index + 4]))
        silence = Silence(one.at, other.at, length_m, max(before, after, IN_TOWN_MPS))
        if silence.idle_s > IDLE * (other.at - one.at):
            yield silence


def _straighten(silence: Silence, times: Floats, points: Floats, sigma_m: Floats) -> None:
    """Lead the path straight through a silence; it cannot be further off than a third of the way, as far as anybody
    knows.
    """
    first, last = np.searchsorted(times, (silence.began_at, silence.ended_at)).tolist()
    inside = slice(first + 1, last)
    share = (times[inside] - times[first]) / (times[last] - times[first])
    points[inside] = points[first] + share[:, None] * (points[last] - points[first])
    least_m = max(silence.length_m / 3, sigma_m[first], sigma_m[last])
    sigma_m[inside] = np.minimum(sigma_m[inside], least_m)


def _filled(at: Floats) -> Floats:
    """The times themselves, and a few more where they are far apart."""
    parts = [
        np.linspace(one, other, _FILL, endpoint=False) if other - one > _FILL_S else np.array([one])
        for one, other in zip(at[:-1].tolist(), at[1:].tolist(), strict=True)
    ]
    return np.concatenate([*parts, at[-1:]])


def _covariance(x1: Floats, v1: Floats, x2: Floats, v2: Floats) -> Floats:
    """Prior covariance of positions at `x1` and velocities at `v1` with positions at `x2` and velocities at `v2`."""
    s, t = x1[:, None], x2
    low, high = np.minimum(s, t), np.maximum(s, t)
    place = _ANYWHERE_M2 + _ANY_SPEED * s * t + MANOEUVRE * low**2 * (3 * high - low) / 6
    return np.block([[place, _mixed(x1, v2)], [_mixed(x2, v1).T, _ANY_SPEED + MANOEUVRE * np.minimum(v1[:, None], v2)]])


def _mixed(x: Floats, v: Floats) -> Floats:
    """Prior covariance of positions at `x` with velocities at `v`."""
    s, t = x[:, None], v
    return _ANY_SPEED * s + MANOEUVRE * np.where(s <= t, s**2 / 2, s * t - t**2 / 2)
