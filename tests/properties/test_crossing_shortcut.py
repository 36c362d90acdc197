"""Far from every border the detector looks at nothing; that must be no different from looking."""

from __future__ import annotations

import copy
from math import cos, degrees, radians, sin
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from borders import boundary_file
from borders.atlas import Atlas
from borders.crossing import Detector, Watch, sample_of
from borders.geodesy import LocalPlane
from borders.states import Territory
from tests.borders.tracks import STARTED_AT, Seen


class Blind(Atlas):
    """An atlas that never knows how far the next border is, so that no shortcut is ever taken."""

    def distance_bound_m(self, lon: float, lat: float) -> float:
        """Nothing is certain."""
        del lon, lat
        return 0.0

    def spot(self, lon: float, lat: float) -> tuple[Territory, float]:
        """Nor here."""
        return self.territory(lon, lat), 0.0

    def _is_clear(self, a: tuple[float, float], b: tuple[float, float]) -> bool:
        """Nothing is known to lie between."""
        del a, b
        return False


QUICK = boundary_file.load()
LONG = copy.copy(QUICK)
LONG.__class__ = Blind

places = st.one_of(
    st.tuples(st.floats(3.0, 7.0), st.floats(49.3, 53.0)),
    st.tuples(st.floats(4.70, 4.78), st.floats(51.46, 51.51)),
    st.tuples(st.floats(4.90, 4.96), st.floats(51.42, 51.45)),
    st.tuples(st.floats(5.86, 5.92), st.floats(49.62, 49.66)),
)


def track(lon: float, lat: float, speed: float, noise_m: float, seed: int, bare: bool) -> list[Seen]:
    """A way that winds, with gaps and outliers."""
    random = Random(seed)
    course, east, north, second = random.uniform(0, 6.28), 0.0, 0.0, 0.0
    plane = LocalPlane(lon, lat)
    fixes = []
    for _ in range(40):
        step = random.choice((1.0, 1.0, 1.0, 1.0, 2.0, 30.0))
        second += step
        course += random.gauss(0, 0.1)
        east, north = east + speed * step * sin(course), north + speed * step * cos(course)
        far = random.choice((0.0,) * 19 + (300.0,))
        x, y = east + random.gauss(0, noise_m) + far, north + random.gauss(0, noise_m)
        velocity = (None, None) if bare else (speed, degrees(course) % 360.0)
        fixes.append(Seen(*plane.lonlat(x, y), max(1.0, 1.5 * noise_m), STARTED_AT + second, *velocity))
    return fixes


@settings(max_examples=150, deadline=None)
@given(places, st.floats(0.0, 60.0), st.floats(0.0, 30.0), st.integers(0, 2**32), st.booleans())
def test_the_shortcut_is_the_long_way(
    place: tuple[float, float], speed: float, noise_m: float, seed: int, bare: bool
) -> None:
    fixes = track(*place, speed, noise_m, seed, bare)
    quick, long = Detector(QUICK), Detector(LONG)
    watch: Watch = quick.begin(sample_of(fixes[0]))
    other = long.begin(sample_of(fixes[0]))
    assert watch == other
    for fix in fixes[1:]:
        watch, told = quick.step(watch, sample_of(fix))
        other, long_told = long.step(other, sample_of(fix))
        assert told == long_told
        # Far away the one forgets old fixes sooner. That must never show.
        assert msgspec.structs.replace(watch, samples=()) == msgspec.structs.replace(other, samples=())


@settings(max_examples=2_000, deadline=None)
@given(places, st.floats(0.0, 360.0), st.floats(1.0, 12_000.0), st.sampled_from((None, 0.0, 90.0, 180.0)))
def test_a_way_that_the_grid_clears_touches_no_border(
    place: tuple[float, float], course: float, length_m: float, along: float | None
) -> None:
    turn = radians(course if along is None else along)
    end = LocalPlane(*place).lonlat(length_m * sin(turn), length_m * cos(turn))
    assert QUICK.cross(place, end) == LONG.cross(place, end)
