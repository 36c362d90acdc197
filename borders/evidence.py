"""Whether the path of a unit's last fixes crossed a border: how surely, where and when.

The shape of the path is known far better than where it lies, for a receiver's error changes slowly. So the path is
laid at every offset that the error may have, each as probable as the error model says, and asked each time: was it in
the believed territory, and does it end in the other? The share of offsets that say yes is the probability of a
crossing.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from borders.atlas import Atlas, BorderPoint
from borders.error_model import OFFSETS, OPTIMISM, WEIGHTS
from borders.geodesy import distance_m
from borders.motion import Sample, Samples, agrees
from borders.notices import Passage
from borders.path import Floats, Path, estimate
from borders.states import TERRITORIES, Territory

BEYOND_TO_CONFIRM: Final = 2
"""One fix confirms only where it was to be expected, and beyond doubt; a wild one never does."""

AHEAD_S: Final = 1.0
"""How far the path is led on. A crossing is certain if one fix later it would be, the unit going on as it does: a unit
that comes across at speed need not first put its own error behind it."""

AFAR_M: Final = 60.0
AFAR_SIGMAS: Final = 8.0
AFAR_S: Final = 20.0
"""A unit *comes from afar* if within so many seconds before its last fix at home it was further than both from every
other territory. No error brings that about; a road along the border does not either. Of every other unit, which has
driven or stood beside the border for a while, much more is asked."""

CERTAIN: Final = 0.9
PROBABLE: Final = 0.8
CERTAIN_ALONE: Final = 0.99
"""Of a single fix beyond."""
SWIFT: Final = 5
CERTAIN_SLOWLY: Final = 0.995
"""A unit from afar that has not come clear of the border after so many fixes may have turned along it."""
CERTAIN_BESIDE: Final = 0.999
"""Of a unit that does not come from afar."""

DRIFT_S: Final = 6.0
"""Where velocities are not stated, no path counts that is slower than an optimist's error drifts: by its standard
deviation in so many seconds."""

NEWEST: Final = 12
EVERY: Final = 3
"""To weigh a crossing, the newest fixes and every third of those before say enough; where and when it was is then
estimated from all.
"""

UNSEEN_S: Final = 30.0
"""A unit that was beyond for as long as this, and no path led there, is believed there."""

TOLD: Final = 0.5
"""Once a crossing into the believed territory has been told, that the unit was there is given, and only its way out is
asked: of a corner that was cut in a second only some offsets know. But at least by so many, or the belief is in doubt.
"""

_LEAST_S: Final = 0.05


class Evidence(NamedTuple):
    """What the path says. `passages` lead from the believed territory to the present one; none lead there if the unit
    was beyond all along.
    """

    passages: tuple[Passage, ...]
    is_probable: bool
    is_certain: bool
    was_there: bool
    """The whole path lies in the present territory, and has for `UNSEEN_S`."""


NOTHING: Final = Evidence((), is_probable=False, is_certain=False, was_there=False)


def weigh(
    atlas: Atlas, samples: Samples, believed: Territory, since: float, place: Territory, origin: Territory
) -> Evidence:
    """Weigh the path of `samples`, the newest in `place`, of a unit believed in `believed` since an instant, where it
    came from `origin` (the same, or the state from which it went onto a bridge).
    """
    path = estimate((*samples[:-NEWEST:EVERY], *samples[-NEWEST:]))
    crossed, crossing, always = _shares(atlas, path, believed, since, place)
    passages = passages_of(atlas, path, believed, since, crossing)
    if not passages or passages[-1].to is not place:
        long = path.times[-1] - max(path.times[0], since) >= UNSEEN_S
        return NOTHING._replace(was_there=long and always >= CERTAIN_SLOWLY)
    beyond = int(np.count_nonzero(path.seen & (path.times >= passages[-1].crossed_at)))
    afar = _comes_from_afar(atlas, samples, believed, origin)
    drifts = not path.has_velocity and math.hypot(*path.velocity) < OPTIMISM * samples[-1].sigma_m / DRIFT_S
    if not afar:
        certain = beyond >= BEYOND_TO_CONFIRM and crossed >= CERTAIN_BESIDE and not drifts
        if certain:
            passages = _refined(atlas, samples, believed, since, passages)
        return Evidence(
            passages, is_probable=certain or (crossing >= CERTAIN and not drifts), is_certain=certain, was_there=False
        )
    enough = CERTAIN if beyond <= SWIFT else CERTAIN_SLOWLY
    certain = crossing >= enough and crossed >= 0.5 and beyond >= BEYOND_TO_CONFIRM
    certain = certain or (crossed >= CERTAIN_ALONE and agrees(samples))
    if certain:
        passages = _refined(atlas, samples, believed, since, passages)
    return Evidence(passages, is_probable=crossing >= PROBABLE, is_certain=certain, was_there=False)


def _refined(
    atlas: Atlas, samples: Samples, believed: Territory, since: float, passages: tuple[Passage, ...]
) -> tuple[Passage, ...]:
    """The same borders, their places and times by all that is remembered."""
    better = passages_of(atlas, estimate(samples), believed, since, passages[-1].confidence)
    same = [(one.from_, one.to) for one in better] == [(one.from_, one.to) for one in passages]
    return better if same else passages


def _comes_from_afar(atlas: Atlas, samples: Samples, *home_territories: Territory) -> bool:
    home = [sample for sample in samples if atlas.territory(sample.lon, sample.lat) in home_territories]
    for sample in home:
        if sample.at >= home[-1].at - AFAR_S:
            clear_m = max(AFAR_M, AFAR_SIGMAS * sample.sigma_m)
            if len(atlas.within(sample.lon, sample.lat, clear_m)) == 1:
                return True
    return False


def _shares(
    atlas: Atlas, path: Path, believed: Territory, since: float, place: Territory
) -> tuple[float, float, float]:
    """Probabilities that the unit has crossed from the one to the other, that it will have when it goes on for
    `AHEAD_S`, and that it was in `place` all along. The first two are given that it was in the one, if it came there on
    this path.
    """
    ahead = path.points[-1] + path.velocity * AHEAD_S
    points = np.vstack([path.points, ahead])
    shares = np.append(path.likeness, 1.0)
    shift = OFFSETS * path.sigma_m[-1]
    laid = points + shift[:, None, :] * shares[:, None]
    codes = atlas.territories(*_lonlat(path, laid))
    home, there = TERRITORIES.index(believed), TERRITORIES.index(place)
    counts = path.times >= since
    before = codes[:, :-1][:, counts]
    left = (before == home).any(axis=1)
    given = max(float(WEIGHTS[left].sum()), TOLD) if since > path.times[0] else 1.0
    crossed = float(WEIGHTS[left & (codes[:, -2] == there)].sum()) / given
    crossing = float(WEIGHTS[left & (codes[:, -1] == there)].sum()) / given
    always = float(WEIGHTS[(before == there).all(axis=1)].sum())
    return crossed, crossing, always


def _lonlat(path: Path, points: Floats) -> tuple[Floats, Floats]:
    """Positions of many points of the plane; within some kilometres a linear map is right to a thousandth."""
    lon, lat = path.lonlat(-1)
    x, y = path.points[-1].tolist()
    east = (path.plane.lonlat(x + 1000.0, y)[0] - lon) / 1000.0
    north = (path.plane.lonlat(x, y + 1000.0)[1] - lat) / 1000.0
    return lon + (points[..., 0] - x) * east, lat + (points[..., 1] - y) * north


def passages_of(atlas: Atlas, path: Path, believed: Territory, since: float, confidence: float) -> tuple[Passage, ...]:
    """The borders that lead from the believed territory, where the unit was since an instant, to the end of the path,
    without detours: a territory that the path left again is not on the way.
    """
    # Not by the linear map: which side of a border a point lies on, and where the step to the next one crosses it, must
    # agree to the last digit, or of there and back only one is seen.
    places = [path.lonlat(index) for index in range(path.times.size)]
    codes = atlas.territories(*np.array(places).T)
    # Where both ends of a step lie in one territory the step may still leave it, but comes back.
    changes = np.flatnonzero((codes[1:] != codes[:-1]) & (path.times[1:] >= since)).tolist()
    steps = [(step, point) for step in changes for point in atlas.cross(places[step], places[step + 1])]
    return tuple(_passage(atlas, path, step, point, confidence) for step, point in _direct(steps, believed))


def _direct(steps: list[tuple[int, BorderPoint]], believed: Territory) -> list[tuple[int, BorderPoint]]:
    """Of all borders on a way, those that lead from the believed territory to its end."""
    chain: list[tuple[int, BorderPoint]] = []
    for step, point in steps:
        visited = [entry.from_territory for _, entry in chain]
        if point.to_territory is believed:
            chain.clear()
        elif point.to_territory in visited:
            del chain[visited.index(point.to_territory) :]
        elif chain or point.from_territory is believed:
            chain.append((step, point))
    return chain


def _passage(atlas: Atlas, path: Path, step: int, point: BorderPoint, confidence: float) -> Passage:
    began_at, ended_at = path.times[step : step + 2].tolist()
    along = path.points[step + 1] - path.points[step]
    length_m = max(math.hypot(*along), 0.1)
    speed = length_m / (ended_at - began_at)
    crossed_at = began_at + point.fraction * (ended_at - began_at)
    sigma_m = float(path.sigma_m[step] + point.fraction * (path.sigma_m[step + 1] - path.sigma_m[step]))
    sideways = np.array([-along[1], along[0]]) / length_m * sigma_m
    # A crossing lies on the border, so its error is one-dimensional, and 68 % of it lie within one standard deviation.
    # The path around, moved aside by the error to either hand: where and when would it cross?
    near = np.flatnonzero(np.abs(path.times - crossed_at) <= max(5.0, ended_at - began_at))
    moved = [_moved(atlas, path, near, sideways * side, point) for side in (-1.0, 1.0)]
    off_m = [
        3.0 * sigma_m if other is None else distance_m(point.lon, point.lat, other[1].lon, other[1].lat)
        for other in moved
    ]
    silence = path.silence_at(crossed_at)
    if silence is None:
        off_s = [3.0 * sigma_m / speed if other is None else abs(other[0] - crossed_at) for other in moved]
        uncertainty_m, uncertainty_s = _rms(off_m), math.hypot(sigma_m / speed, _rms(off_s), _LEAST_S)
    else:
        uncertainty_m = min(_rms(off_m), max(silence.length_m / 3, sigma_m))
        uncertainty_s = math.hypot(sigma_m / silence.fastest_mps, silence.off_s(crossed_at), _LEAST_S)
    return Passage(
        from_=point.from_territory,
        to=point.to_territory,
        border=point.border,
        lon=point.lon,
        lat=point.lat,
        crossed_at=crossed_at,
        uncertainty_m=uncertainty_m,
        uncertainty_s=uncertainty_s,
        confidence=min(confidence, 0.9999),
    )


def _moved(
    atlas: Atlas, path: Path, near: np.ndarray[tuple[int], np.dtype[np.intp]], shift: Floats, point: BorderPoint
) -> tuple[float, BorderPoint] | None:
    """Where and when a moved path first crosses the same border in the same direction; None if it does not."""
    lon, lat = _lonlat(path, path.points[near] + shift)
    positions = list(zip(lon.tolist(), lat.tolist(), strict=True))
    for index, (one, other) in enumerate(pairwise(positions)):
        for found in atlas.cross(one, other):
            if (found.from_territory, found.to_territory) == (point.from_territory, point.to_territory):
                began_at, ended_at = path.times[near[index]], path.times[near[index + 1]]
                return float(began_at + found.fraction * (ended_at - began_at)), found
    return None


def _rms(values: list[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))


def carried(atlas: Atlas, one: Sample, other: Sample, believed: Territory) -> tuple[Passage, ...]:
    """The borders between where a unit was last surely at home and where it is now; all that is known is that it went
    from the one to the other.
    """
    length_m = distance_m(one.lon, one.lat, other.lon, other.lat)
    elapsed_s = other.at - one.at
    steps = [(0, point) for point in atlas.cross((one.lon, one.lat), (other.lon, other.lat))]
    return tuple(
        Passage(
            from_=point.from_territory,
            to=point.to_territory,
            border=point.border,
            lon=point.lon,
            lat=point.lat,
            crossed_at=one.at + point.fraction * elapsed_s,
            uncertainty_m=max(length_m / 3, one.sigma_m),
            uncertainty_s=elapsed_s / 3,
            confidence=CERTAIN,
        )
        for _, point in _direct(steps, believed)
    )
