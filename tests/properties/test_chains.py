"""Several borders in one step: whatever the way and however sparse the fixes, what is told is one unbroken chain."""

from __future__ import annotations

from math import cos, radians, sin
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from borders import boundary_file
from borders.arrival import Recall, arrive
from borders.crossing import Detector, sample_of
from borders.geodesy import LocalPlane
from borders.notices import Confirmed
from borders.states import SHARED, Territory
from borders.watch import Watch
from tests.borders.tracks import STARTED_AT, Seen

ATLAS = boundary_file.load()
DETECTOR = Detector(ATLAS)

places = st.sampled_from(
    [
        (4.930, 51.438),  # Baarle
        (6.0208, 50.7543),  # Vaals: NL, BE, DE
        (6.1375, 50.1297),  # Ouren: BE, LU, DE
        (6.3672, 49.4694),  # Schengen: LU, FR, DE
        (5.8180, 49.5463),  # Rodange: BE, LU, FR
    ]
)


def straight(place: tuple[float, float], course: float, aside_m: float, gap_s: int, seed: int) -> list[Seen]:
    """Through a place, from 1.5 km before it to 1.5 km beyond at 25 m/s, a fix every so many seconds, 1 m off."""
    random = Random(seed)
    plane = LocalPlane(*place)
    ahead, aside = (sin(radians(course)), cos(radians(course))), (cos(radians(course)), -sin(radians(course)))
    fixes = []
    for second in range(0, 121, gap_s):
        along = 25.0 * second - 1500.0
        east, north = (along * ahead[i] + aside_m * aside[i] + random.gauss(0, 1.0) for i in (0, 1))
        fixes.append(Seen(*plane.lonlat(east, north), 2.0, STARTED_AT + second, 25.0, course))
    return fixes


@settings(max_examples=400, deadline=None)
@given(places, st.floats(0, 360, exclude_max=True), st.floats(-300, 300), st.integers(1, 20), st.integers(0, 2**32))
# A second in a corner of a parcel of Baarle: of it one fix.
@example((4.930, 51.438), 166.75, 167.0, 1, 0)
# A fix a kilometre back that lay within the error of a linear map of the border: the way there was seen, that back not.
@example((4.930, 51.438), 66.92516161559605, -54.100727950052146, 1, 2710118254)
def test_the_chain_is_unbroken_and_in_order(
    place: tuple[float, float], course: float, aside_m: float, gap_s: int, seed: int
) -> None:
    check_the_chain(straight(place, course, aside_m, gap_s, seed))


@settings(max_examples=200, deadline=None)
@given(places, st.floats(0, 360, exclude_max=True), st.floats(-300, 300), st.integers(1, 20), st.integers(0, 2**32))
# Silent once it is told to have come into a parcel, by fixes of which none is surely in it.
@example((4.930, 51.438), 193.5, -270.9, 1, 4137710848)
def test_the_chain_is_unbroken_over_a_silence(
    place: tuple[float, float], course: float, aside_m: float, gap_s: int, seed: int
) -> None:
    """It falls silent somewhere on its way, for longer than what came before says where it is, and turns up further on:
    right after a crossing was told, too, by a fix that is not surely beyond.
    """
    fixes = straight(place, course, aside_m, gap_s, seed)
    random = Random(seed)
    before, after = sorted(random.sample(range(len(fixes)), 2))
    silent_s = random.uniform(900.0, 4_000.0)
    check_the_chain([*fixes[:before], *(fix._replace(fixed_at=fix.fixed_at + silent_s) for fix in fixes[after:])])


def check_the_chain(fixes: list[Seen]) -> None:
    """What is told of a drive begins where it began, and each crossing where the last one led; it ends where it is."""
    watch: Watch | None = None
    recall: Recall | None = None
    told: list[Confirmed] = []
    began: Territory | None = None
    for fix in fixes:
        watch, recall, notices = arrive(DETECTOR, watch, recall, sample_of(fix))
        if began is None or (watch.home is None and not told):
            began = watch.territory  # nobody knows yet where it is
        told += [notice for notice in notices if isinstance(notice, Confirmed)]
    assert watch is not None

    times = [crossing.crossed_at for crossing in told]
    assert times == sorted(times)
    here = began
    for crossing in told:
        assert crossing.from_ is here, told
        assert crossing.from_ is not crossing.to
        here = crossing.to
    # Who is on a bridge, or came to one, is shown in the zone; its crossing is told at the far bank.
    assert here is watch.territory or (watch.territory in SHARED and watch.entered is not None)
