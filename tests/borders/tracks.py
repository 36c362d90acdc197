"""Fixes for the tests of crossings: a straight road near Hazeldonk, and what a receiver says on it."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from borders.atlas import Atlas
from borders.crossing import Detector, Notice, Suspect, Watch, sample_of
from borders.geodesy import LocalPlane

LON: Final = 4.7326
BORDER_LAT: Final = 51.485116
"""Where this meridian meets the border: Belgium south of it, the Netherlands north."""

STARTED_AT: Final = 1_795_442_400.0
PLANE: Final = LocalPlane(LON, BORDER_LAT)


class Seen(NamedTuple):
    """One fix, with what the detector reads of it."""

    lon: float
    lat: float
    accuracy_m: float
    fixed_at: float
    speed_mps: float | None = None
    course_deg: float | None = None


def at(second: float, north_m: float, east_m: float = 0.0, *, accuracy_m: float = 4.0, speed_mps: float | None = None,
       course_deg: float | None = None) -> Seen:  # fmt: skip
    """A fix so many metres from where the road meets the border."""
    return Seen(*PLANE.lonlat(east_m, north_m), accuracy_m, STARTED_AT + second, speed_mps, course_deg)


def drive(start_m: float, end_m: float, speed_mps: float = 30.0, *, first_s: float = 0.0, noise_m: float = 0.0,
          seed: int = 0, bare: bool = False) -> list[Seen]:  # fmt: skip
    """A fix a second on the way north (or south), `noise_m` off in each axis with a share that lasts."""
    random = Random(seed)
    bias = [random.gauss(0, 0.9 * noise_m) for _ in range(2)]
    course = 0.0 if end_m > start_m else 180.0
    fixes = []
    for second in range(round(abs(end_m - start_m) / speed_mps) + 1):
        north = start_m + (end_m - start_m) * second / max(1, round(abs(end_m - start_m) / speed_mps))
        east, more = (axis + random.gauss(0, 0.4 * noise_m) for axis in bias)
        fixes.append(
            at(
                first_s + second,
                north + more,
                east,
                accuracy_m=max(4.0, 1.5 * noise_m),
                speed_mps=None if bare else speed_mps,
                course_deg=None if bare else course,
            )
        )
    return fixes


class Run(NamedTuple):
    """What a detector made of some fixes: the last watch, and each notice with the fix that caused it."""

    watch: Watch
    told: list[tuple[Seen, Notice | Suspect]]

    def of(self, kind: type) -> list[tuple[Seen, Notice | Suspect]]:
        """The notices of one kind."""
        return [(fix, notice) for fix, notice in self.told if isinstance(notice, kind)]


def run(atlas: Atlas, fixes: list[Seen]) -> Run:
    """Let the detector see the fixes."""
    detector = Detector(atlas)
    watch = detector.begin(sample_of(fixes[0]))
    told: list[tuple[Seen, Notice | Suspect]] = []
    for fix in fixes[1:]:
        watch, notices = detector.step(watch, sample_of(fix))
        told += [(fix, notice) for notice in notices]
    return Run(watch, told)
