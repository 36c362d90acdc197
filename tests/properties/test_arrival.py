"""Fixes may arrive in any order within the reorder window: the same crossings stand in the end."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from borders import boundary_file
from borders.arrival import REORDER_S, Recall, arrive
from borders.crossing import Detector, sample_of
from borders.notices import Approaching, Confirmed, Corrected, Notice, Probable, Retracted, Suspect
from borders.watch import Watch
from tests.borders.tracks import Seen, drive
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


across = st.builds(
    drive,
    start_m=st.floats(-300.0, -60.0),
    end_m=st.floats(20.0, 200.0),
    speed_mps=st.floats(8.0, 40.0),
    noise_m=st.floats(0.0, 8.0),
    seed=st.integers(0, 2**32),
    bare=st.booleans(),
)

winding = st.builds(
    lambda place, *rest: track(*place, *rest),
    st.sampled_from([(4.7326, 51.4851), (4.93, 51.441), (5.885, 49.635), (6.3672, 49.5446)]),
    st.floats(0.0, 40.0),
    st.floats(0.0, 15.0),
    st.integers(0, 2**32),
    st.booleans(),
)
"""With gaps and outliers: near Hazeldonk, in Baarle, near Martelange and on the Moselle."""


@settings(max_examples=2000, deadline=None)
@given(across | winding, st.integers(0, 2**32), st.floats(0.5, 0.99 * REORDER_S))
def test_any_order_within_the_window_gives_the_same_crossings(fixes: list[Seen], seed: int, spread_s: float) -> None:
    plain, watch = play(fixes)
    mixed, mixed_watch = play(shuffled(fixes, seed, spread_s))

    assert mixed.crossings == plain.crossings
    assert mixed_watch.territory is watch.territory
    assert mixed_watch.samples == watch.samples
