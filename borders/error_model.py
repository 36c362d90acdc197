"""How wrong a fix is, and how a unit moves: the assumptions, each as one number (docs/detection.md argues for them)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

RADIUS_68: Final = math.sqrt(-2.0 * math.log(1.0 - 0.68))
"""Radius that holds 68 % of a circular normal error, in standard deviations of one axis (Rayleigh, 1.51)."""

CORRELATION_S: Final = 60.0
"""Errors of satellite positions a minute apart have little in common; a second apart nearly all."""

WHITE_SHARE: Final = 0.1
"""Part of the variance that is new at every fix."""

OPTIMISTS: Final = 0.25
"""Share of receivers whose stated accuracy is too good."""

OPTIMISM: Final = 2.5
"""By how much: they state 0.4 of the truth."""

LEAST_SIGMA_M: Final = 1.0

SPEED_SIGMA_MPS: Final = 0.4
COURSE_SIGMA: Final = 0.03
"""Stated velocity (Doppler): so many metres per second, and such a part of the speed, per axis."""

MANOEUVRE: Final = 0.5
"""Spectral density of a unit's acceleration, m²/s³: in one second its velocity changes by its root, 0.7 m/s."""


def sigma_m(accuracy_m: float) -> float:
    """Standard deviation along one axis, metres, of a fix with a stated 68 % radius."""
    return max(accuracy_m / RADIUS_68, LEAST_SIGMA_M)


def _survival(radius: float) -> float:
    """Probability that an error lies further out than so many stated standard deviations, over all receivers."""
    honest, optimist = math.exp(-(radius**2) / 2), math.exp(-((radius / OPTIMISM) ** 2) / 2)
    return (1 - OPTIMISTS) * honest + OPTIMISTS * optimist


def _radius(survival: float) -> float:
    """The radius beyond which lies that probability, by bisection."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _survival(middle) > survival else (low, middle)
    return low


def _offsets() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors that stand for all: rings of equal probability inside, of less and less further out."""
    bounds = [1.0, 0.8, 0.6, 0.4, 0.25, 0.14, 0.07, 0.03, 0.01, 0.0]
    turns = 12
    errors, weights = [], []
    for ring, (outer, inner) in enumerate(pairwise(bounds)):
        radius = _radius((outer + inner) / 2)
        for step in range(turns):
            angle = 2 * math.pi * (step + ring / 2) / turns
            errors.append((radius * math.cos(angle), radius * math.sin(angle)))
            weights.append((outer - inner) / turns)
    return np.array(errors), np.array(weights)


OFFSETS, WEIGHTS = _offsets()
"""Errors of both axes, in stated standard deviations, (n, 2); and how probable each is, (n,), together 1."""
