"""How wrong a fix is: the assumptions, each as one number (docs/detection.md argues for them)."""

from __future__ import annotations

import math
from typing import Final

RADIUS_68: Final = math.sqrt(-2.0 * math.log(1.0 - 0.68))
"""Radius that holds 68 % of a circular normal error, in standard deviations of one axis (Rayleigh, 1.51)."""

CORRELATION_S: Final = 60.0
"""Errors of satellite positions a minute apart have little in common; a second apart nearly all."""

WHITE_SHARE: Final = 0.2
"""Part of the variance that is new at every fix."""

OPTIMISTS: Final = 0.25
"""Share of receivers whose stated accuracy is too good."""

OPTIMISM: Final = 2.5
"""By how much: they state 0.4 of the truth."""

CAUTION: Final = 1.5
"""What a stated accuracy is multiplied with where it decides: half way, in variance, between honest and optimistic."""

LEAST_SIGMA_M: Final = 1.0


def sigma_m(accuracy_m: float) -> float:
    """Standard deviation along one axis, metres, of a fix with a stated 68 % radius."""
    return max(accuracy_m / RADIUS_68, LEAST_SIGMA_M)


def drift_m(sigma: float, elapsed_s: float) -> float:
    """Standard deviation, metres, of the change of one axis' error over a time (Gauss-Markov and white)."""
    changed = 1.0 - math.exp(-elapsed_s / CORRELATION_S)
    return sigma * math.sqrt(2.0 * (WHITE_SHARE + (1.0 - WHITE_SHARE) * changed))


def tail(z: float) -> float:
    """Probability that one axis' error exceeds `z` stated standard deviations, over all receivers."""
    return (1.0 - OPTIMISTS) * _upper(z) + OPTIMISTS * _upper(z / OPTIMISM)


def _upper(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2.0))
