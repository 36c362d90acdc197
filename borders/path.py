"""The path that the last fixes of a unit stand for, and how well it is known.

Everything is Gaussian, so the answer is closed (Rasmussen and Williams, Gaussian Processes for Machine Learning,
2006, eq. 2.23-2.24). Per axis: the unit's acceleration is white noise, its velocity therefore a Wiener process and its
position the integral of one; a fix is that position with an error of which a part lasts (first-order Gauss-Markov) and
the rest is new; a stated velocity is the velocity with a small error that is new each time. Fixes may lie at any
times, and any of them may state no velocity; where they are far apart, the path between is known by so much less.
"""

from __future__ import annotations

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
from borders.motion import Samples

Floats = NDArray[np.float64]

_ANYWHERE_M2: Final = 1e8
_ANY_SPEED: Final = 1e4
_FILL_S: Final = 3.0
"""Longer steps between fixes are filled with points of the path."""

_FILL: Final = 8


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
    return Path(
        plane,
        times + samples[0].at,
        mean[:-1],
        np.sqrt(variance),
        likeness,
        np.isin(times, at),
        mean[-1],
        len(stated) == len(samples),
    )


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
