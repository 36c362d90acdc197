"""The laboratory scores a file of events as it scores the detector itself."""

from __future__ import annotations

import json
from itertools import islice
from random import Random
from statistics import median

import pytest

from benchmarks import event_files
from benchmarks.detection import Drive, naive, ordinary, ours, score, silent
from benchmarks.roads import border_lines
from borders.atlas import Atlas
from tracker import events
from tracker.codec.track_file import read_track
from tracker.engine import Engine
from tracker.offline import run


@pytest.fixture(scope="module")
def drives(atlas: Atlas) -> list[Drive]:
    return list(islice(ordinary(Random(3), atlas, border_lines(atlas), False), 12))


@pytest.fixture(scope="module")
def told(engine: Engine, drives: list[Drive]) -> list[bytes]:
    """What the whole core prints of the drives' pings."""
    body = [line + b"\n" for line in event_files.pings(drives)]
    return [events.encode(event) for event in run(engine, read_track("drives.ndjson", body))]


def test_what_is_stated_of_a_silence_holds_as_often_as_it_says(atlas: Atlas) -> None:
    """68 % of the times of crossings within a silence of 300 to 900 s lie within the stated uncertainty, whether the
    unit went on as it could or stood still somewhere: to within two and a half standard deviations of so few drives.
    """
    driven = list(islice(silent(Random(3), atlas, border_lines(atlas), False), 60))
    on_its_way, waited = (score(some, [ours(atlas, one) for one in some]) for some in (driven[::2], driven[1::2]))

    for scored in (on_its_way, waited):
        assert (scored.missed, sum(scored.false.values())) == (0, 0)
        assert 0.68 - 0.21 <= scored.within_s / scored.true <= 0.68 + 0.21
    assert on_its_way.within_m / on_its_way.true >= 0.68 - 0.21


def test_a_file_of_events_scores_as_the_detector_does(atlas: Atlas, drives: list[Drive], told: list[bytes]) -> None:
    by_file = score(drives, event_files.answers(drives, told))
    by_hand = score(drives, [ours(atlas, drive) for drive in drives])

    assert by_file.true > 0
    assert (by_file.missed, sum(by_file.false.values())) == (by_hand.missed, sum(by_hand.false.values())) == (0, 0)
    assert by_file.place_m == pytest.approx(by_hand.place_m, abs=0.1)
    assert by_file.delay_s == pytest.approx(by_hand.delay_s, abs=0.01)
    assert by_file.warned == by_hand.warned


def test_a_detector_that_is_worse_scores_worse(atlas: Atlas, drives: list[Drive]) -> None:
    """Testing each ping against the polygons tells a crossing where the first ping beyond it was."""
    worse, better = (score(drives, [detector(atlas, drive) for drive in drives]) for detector in (naive, ours))

    assert median(worse.place_m) > 3 * median(better.place_m)
    assert worse.within_m < better.within_m


def test_what_is_missing_is_missed(drives: list[Drive], told: list[bytes]) -> None:
    kept = [line for line in told if json.loads(line)["type"] != "crossing.confirmed"]
    scored = score(drives, event_files.answers(drives, kept))

    assert scored.missed == scored.true


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"type":"crossing.confirmed","unit":"D99","time":"x"}'])
def test_a_line_that_is_no_event_is_named(drives: list[Drive], line: bytes) -> None:
    with pytest.raises(SystemExit, match="line 1 is not an event"):
        event_files.answers(drives, [line])
