"""Fixes may arrive in any order within the reorder window: the same crossings stand in the end. What comes later still
corrects the crossing that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borders import boundary_file
from borders.arrival import REORDER_S, Recall, arrive
from borders.crossing import Detector, sample_of
from borders.geodesy import distance_m
from borders.notices import Approaching, Confirmed, Corrected, Notice, Probable, Retracted, Suspect
from borders.states import Territory
from borders.watch import Watch
from tests.borders.tracks import Seen, drive
from tests.needs import sizes
from tests.properties.test_crossing_shortcut import track

DETECTOR = Detector(boundary_file.load())


class Record:
    """What a control room that hears every notice believes in the end."""

    def __init__(self) -> None:
        self.confirmed: dict[int, Confirmed | Corrected] = {}
        self.open: dict[int, Approaching | Probable] = {}

    def hear(self, notice: Notice) -> None:
        match notice:
            case Confirmed():
                assert notice.number not in self.confirmed
                self.open.pop(notice.number, None)
                self.confirmed[notice.number] = notice
            case Corrected():
                assert notice.number in self.confirmed
                self.confirmed[notice.number] = notice
            case Retracted(takes_back="confirmed"):
                del self.confirmed[notice.number]
            case Retracted():
                del self.open[notice.number]
            case Approaching() | Probable():
                assert notice.number not in self.confirmed
                self.open[notice.number] = notice

    @property
    def standing(self) -> list[Confirmed | Corrected]:
        """Every crossing that stands, in order of time."""
        return sorted(self.confirmed.values(), key=lambda crossing: crossing.crossed_at)

    @property
    def ways(self) -> list[tuple[Territory, Territory]]:
        """From where to where each of them leads."""
        return [(crossing.from_, crossing.to) for crossing in self.standing]

    @property
    def crossings(self) -> list[tuple[object, ...]]:
        """Every crossing that stands, in order of time, but for its number."""
        fields = [
            tuple(value for name, value in msgspec.structs.asdict(crossing).items() if name != "number")
            for crossing in self.confirmed.values()
        ]
        return sorted(fields, key=lambda values: (values[5], values[0]))


def play(fixes: Sequence[Seen]) -> tuple[Record, Watch]:
    """Let the fixes arrive in the order in which they stand."""
    record = Record()
    watch: Watch | None = None
    recall: Recall | None = None
    for fix in fixes:
        watch, recall, notices = arrive(DETECTOR, watch, recall, sample_of(fix))
        for notice in notices:
            if not isinstance(notice, Suspect):
                record.hear(notice)
        assert set(record.open) == {notice.number for notice in watch.open_notices}
    assert watch is not None
    return record, watch


def shuffled(fixes: Sequence[Seen], seed: int, spread_s: float) -> list[Seen]:
    """Each fix as late as chance has it, but never later than the window allows."""
    random = Random(seed)
    arrivals = [(fix.fixed_at + random.choice((0.0, random.uniform(0.0, spread_s))), fix) for fix in fixes]
    return [fix for _, fix in sorted(arrivals, key=lambda entry: entry[0])]


def drives(start_m: st.SearchStrategy[float], end_m: st.SearchStrategy[float]) -> st.SearchStrategy[list[Seen]]:
    """Any drive over the border between such places."""
    return st.builds(
        drive,
        start_m=start_m,
        end_m=end_m,
        speed_mps=st.floats(8.0, 40.0),
        noise_m=st.floats(0.0, 8.0),
        seed=st.integers(0, 2**32),
        bare=st.booleans(),
    )


across = drives(st.floats(-300.0, -60.0), st.floats(20.0, 200.0))

winding = st.builds(
    lambda place, *rest: track(*place, *rest),
    st.sampled_from([(4.7326, 51.4851), (4.93, 51.441), (5.885, 49.635), (6.3672, 49.5446)]),
    st.floats(0.0, 40.0),
    st.floats(0.0, 15.0),
    st.integers(0, 2**32),
    st.booleans(),
)
"""With gaps and outliers: near Hazeldonk, in Baarle, near Martelange and on the Moselle."""


@pytest.mark.parametrize("examples", sizes(400, soak=2_000, long=200_000))
def test_any_order_within_the_window_gives_the_same_crossings(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(across | winding, st.integers(0, 2**32), st.floats(0.5, 0.99 * REORDER_S))
    def holds(fixes: list[Seen], seed: int, spread_s: float) -> None:
        plain, watch = play(fixes)
        mixed, mixed_watch = play(shuffled(fixes, seed, spread_s))

        assert mixed.crossings == plain.crossings
        assert mixed_watch.territory is watch.territory
        assert mixed_watch.samples == watch.samples

    holds()


def behind(fixes: Sequence[Seen], seed: int, dark_s: float, share: float) -> list[Seen]:
    """A receiver that reports live again when it comes out of the dark, and then sends what it kept, in no order. Of
    all other fixes such a share is late too, by up to a minute, and beyond the window.
    """
    random = Random(seed)
    first, last = fixes[0].fixed_at, fixes[-1].fixed_at
    dark_at = random.uniform(first + 1.0, max(first + 2.0, last - dark_s))
    told_at = dark_at + dark_s + random.uniform(REORDER_S, 2 * REORDER_S)
    arrivals = [(first, fixes[0])]
    for fix in fixes[1:]:
        late_at = fix.fixed_at + random.uniform(REORDER_S, 60.0) * (random.random() < share)
        is_dark = dark_at <= fix.fixed_at < dark_at + dark_s
        arrivals.append((told_at + random.random() if is_dark else late_at, fix))
    return [fix for _, fix in sorted(arrivals, key=lambda entry: entry[0])]


far_across = drives(st.floats(-900.0, -300.0), st.floats(300.0, 900.0))


@pytest.mark.parametrize("examples", sizes(60, soak=2_000, long=200_000))
def test_what_comes_beyond_the_window_corrects_to_what_would_have_been_told(examples: int) -> None:
    """The same borders, and where and when as well known as if all had come in order."""

    @settings(max_examples=examples, deadline=None)
    @given(far_across, st.integers(0, 2**32), st.floats(1.5 * REORDER_S, 40.0), st.sampled_from((0.0, 0.1, 0.5)))
    def holds(fixes: list[Seen], seed: int, dark_s: float, share: float) -> None:
        plain, watch = play(fixes)
        mixed, mixed_watch = play(behind(fixes, seed, dark_s, share))

        assert mixed_watch.territory is watch.territory
        assert mixed.ways == plain.ways
        for found, truth in zip(mixed.standing, plain.standing, strict=True):
            assert found.uncertainty_m <= 1.2 * truth.uncertainty_m
            assert distance_m(found.lon, found.lat, truth.lon, truth.lat) <= truth.uncertainty_m
            assert abs(found.crossed_at - truth.crossed_at) <= truth.uncertainty_s

    holds()
