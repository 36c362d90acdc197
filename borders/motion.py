"""The last fixes of one unit: which can be true, and which are worth remembering."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from borders.geodesy import RADIAN, LocalPlane, at_most_m, distance_m, offset_m

MAX_SPEED_MPS: Final = 90.0
"""Faster than any patrol car or helicopter of the three forces goes (324 km/h)."""

ACCELERATION_MPS2: Final = 10.0
"""No car brakes or turns harder than its tyres grip."""

KEPT: Final = 48
"""Fixes that are remembered of a unit near a border after thinning; before it, a sixth more."""

KEPT_S: Final = 100.0
DENSE: Final = 8
"""The newest fixes, which thinning spares. Far from every border nothing else is remembered."""

SILENCE_S: Final = 900.0
"""How a unit drove before so long a silence says nothing of its way since: a path through both would swing out by a
fifth of the way that it could have gone, past other states after hours, and off the map after days.
"""

GAP_S: Final = 5.0
"""After a longer silence nothing but the speed is held against a fix."""


AGREEING: Final = 5
AGREED_M: Final = 3.0
AGREED_MPS2: Final = 3.0
"""How well the newest fix must fit a way of so many others to stand alone: so many metres and twice its standard
deviation, and an ordinary car's braking."""


class Sample(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One fix as it is remembered: Unix seconds, degrees, metres (one axis), metres per second east and north."""

    at: float
    lon: float
    lat: float
    sigma_m: float
    velocity: tuple[float, float] | None
    """None unless the receiver stated it."""


Samples = tuple[Sample, ...]


def velocity(speed_mps: float | None, course_deg: float | None) -> tuple[float, float] | None:
    """Metres per second east and north, if both are stated; who hardly moves needs no course."""
    if speed_mps is None or (course_deg is None and speed_mps > 0.5):
        return None
    course = (course_deg or 0.0) * RADIAN
    return speed_mps * math.sin(course), speed_mps * math.cos(course)


def remember(samples: Samples, sample: Sample, *, is_far: bool = False) -> Samples:
    """Add the newest. Now and then old ones are thinned, so that memory is dense now and sparse before.

    A unit that `is_far` from every border cannot need more than its newest fixes, and one that was silent for long
    begins anew.
    """
    if sample.at - samples[-1].at > SILENCE_S:
        return (sample,)
    if is_far:
        return samples[1 - DENSE :] + (sample,)  # noqa: RUF005 - sooner made than by unpacking
    samples = samples + (sample,)  # noqa: RUF005
    if len(samples) <= KEPT + KEPT // 6:
        return samples
    oldest, began_at = 0, sample.at - KEPT_S
    while samples[oldest].at < began_at and oldest < len(samples) - 2:
        oldest += 1
    return samples[oldest:] if len(samples) - oldest <= KEPT else _thinned(list(samples[oldest:]))


def _thinned(kept: list[Sample]) -> Samples:
    """As many as may be kept: first goes the one with the shortest gap around it for its age, and the newest stay."""
    at = [sample.at for sample in kept]
    newest = at[-1]
    gaps = [
        (after - before) / (newest - here) for before, here, after in zip(at, at[1:], at[2 : 1 - DENSE], strict=False)
    ]
    for _ in range(len(kept) - KEPT):
        place = gaps.index(min(gaps))
        del kept[place + 1], at[place + 1], gaps[place]
        if place:
            gaps[place - 1] = (at[place + 1] - at[place - 1]) / (newest - at[place])
        if place < len(gaps):
            gaps[place] = (at[place + 2] - at[place]) / (newest - at[place + 1])
    return tuple(kept)


def velocity_of(samples: Samples) -> tuple[float, float]:
    """Metres per second east and north at the newest fix: the mean over the last few."""
    if len(samples) > 2:
        one, two, three = samples[-3].velocity, samples[-2].velocity, samples[-1].velocity
        if one and two and three:  # as nearly always
            return (one[0] + two[0] + three[0]) / 3, (one[1] + two[1] + three[1]) / 3
    east = north = 0.0
    stated = 0
    for sample in samples[-3:]:
        if (velocity := sample.velocity) is not None:
            east += velocity[0]
            north += velocity[1]
            stated += 1
    if stated:
        return east / stated, north / stated
    first, last = samples[max(0, len(samples) - 6)], samples[-1]
    if last.at <= first.at:
        return 0.0, 0.0
    east, north = LocalPlane(first.lon, first.lat).xy(last.lon, last.lat)
    return east / (last.at - first.at), north / (last.at - first.at)


def implausible(samples: Samples, sample: Sample) -> str | None:
    """Why a fix cannot follow the last ones; None when it can."""
    last = samples[-1]
    elapsed_s = sample.at - last.at
    slack_m = 10.0 + 4.0 * (last.sigma_m + sample.sigma_m)
    most_m = MAX_SPEED_MPS * elapsed_s + slack_m
    if at_most_m(last.lon, last.lat, sample.lon, sample.lat) > most_m:
        moved_m = distance_m(last.lon, last.lat, sample.lon, sample.lat)
        if moved_m > most_m:
            return f"{moved_m / elapsed_s:.0f} m/s from the fix before; no unit is faster than {MAX_SPEED_MPS:.0f}"
    if elapsed_s > GAP_S or len(samples) < 3:
        return None
    east, north = velocity_of(samples)
    x, y = offset_m(last.lon, last.lat, sample.lon, sample.lat)
    off_m = math.hypot(x - east * elapsed_s, y - north * elapsed_s)
    if off_m > slack_m + 0.5 * ACCELERATION_MPS2 * elapsed_s * elapsed_s:
        return f"{off_m:.0f} m off the way that the unit was going"
    return None


def agrees(samples: Samples) -> bool:
    """Whether the newest sample lies where those before let it be expected, to within about its own error."""
    *before, last = samples
    elapsed_s = last.at - before[-1].at
    if len(before) < AGREEING or elapsed_s > GAP_S:
        return False
    east, north = velocity_of(tuple(before))
    x, y = LocalPlane(before[-1].lon, before[-1].lat).xy(last.lon, last.lat)
    off_m = math.hypot(x - east * elapsed_s, y - north * elapsed_s)
    return off_m <= AGREED_M + 2.0 * last.sigma_m + 0.5 * AGREED_MPS2 * elapsed_s**2


def is_alone(samples: Samples) -> bool:
    """Whether nothing speaks for the newest sample: it is the first, or the first after a silence."""
    return len(samples) < 2 or samples[-1].at - samples[-2].at > GAP_S
