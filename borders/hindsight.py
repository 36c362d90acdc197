"""What a fix that comes late says of crossings that were told: the same, another place and time, or none.

Told and present belief are laid side by side in order of time. A crossing between the same two territories is the same
crossing and keeps its number; what no longer stands is taken back; what was missed is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

import msgspec

from borders.atlas import Atlas
from borders.evidence import passages_of
from borders.geodesy import distance_m
from borders.motion import Sample, Samples, implausible
from borders.notices import Confirmed, Corrected, Notice, fields, retract
from borders.path import estimate
from borders.states import Territory
from borders.watch import Crossed
from borders.zones import fold

AROUND: Final = 6
"""Fixes that are kept on either side of a crossing."""

MOST: Final = 24
"""Fixes around a crossing, with those that came late."""

BETTER: Final = 0.9
"""A crossing is corrected when its uncertainty falls to this part of what was told, or it lies outside of that."""

LATE: Final = "a fix that came late shows another way"


class Comparison(NamedTuple):
    """What stands now, under the numbers of what was told; what is to be told of the difference; the next number."""

    standing: tuple[Confirmed, ...]
    notices: tuple[Notice, ...]
    numbers: int


def around(samples: Samples, told: Sequence[Confirmed], last_home: Sample | None) -> Samples:
    """The fixes around crossings, and before them the one where the way began, if it is no longer among them."""
    before = [sample for sample in samples if sample.at <= told[0].crossed_at]
    after = [sample for sample in samples if sample.at > told[-1].crossed_at]
    between = [sample for sample in samples if told[0].crossed_at < sample.at <= told[-1].crossed_at]
    if last_home is not None and (not before or last_home.at < before[0].at):
        before.insert(0, last_home)
    kept = (*before[-AROUND:], *between, *after[:AROUND])
    return kept if len(kept) <= MOST else (*kept[: MOST // 2], *kept[-MOST // 2 :])


def compare(
    told: Sequence[Confirmed], now: Sequence[Confirmed], numbers: int, announced: Mapping[Way, int] | None = None
) -> Comparison:
    """Lay what stands now beside what was told.

    Args:
        told: the crossings that were told, in order.
        now: those that stand, in order; their numbers do not count.
        numbers: the next free number.
        announced: the numbers of possible crossings that were told, and may be among those that stand.
    """
    left = dict(announced or {})
    old, new = [_way(crossing) for crossing in told], [_way(crossing) for crossing in now]
    same = {
        block.b + step: told[block.a + step]
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        for step in range(block.size)
    }
    numbers_kept = {crossing.number for crossing in same.values()}
    notices: list[Notice] = [retract(crossing, LATE) for crossing in told if crossing.number not in numbers_kept]
    standing = []
    for index, crossing in enumerate(now):
        before = same.get(index)
        number = left.pop(new[index], numbers) if before is None else before.number
        numbers = max(numbers, number + 1)
        stands = msgspec.structs.replace(crossing, number=number)
        standing.append(stands)
        if before is None:
            notices.append(stands)
        elif before != stands:
            notices.append(Corrected(**fields(stands, number)))
    return Comparison(tuple(standing), tuple(notices), numbers)


def reconsider(atlas: Atlas, crossed: Crossed, sample: Sample, numbers: int) -> tuple[Crossed, Comparison] | None:
    """Look again at the latest crossings with a fix from around them that came late; None when it says nothing of them.

    A crossing is corrected only where it is now known better, or lies outside of what was told.
    """
    before = tuple(old for old in crossed.samples if old.at < sample.at)
    after = crossed.samples[len(before) :]
    if not before or not after or after[0].at == sample.at:
        return None
    if implausible(before, sample) or implausible((sample,), after[0]):
        return None
    samples = _most((*before, sample, *after), crossed.told)
    found = passages_of(atlas, estimate(samples), crossed.believed, crossed.since, crossed.told[-1].confidence)
    passages, _ = fold(crossed.entered, found)
    if not passages or passages[-1].to is not crossed.told[-1].to:
        return None
    comparison = compare(crossed.told, [Confirmed(**fields(passage, 0)) for passage in passages], numbers)
    by_number = {crossing.number: crossing for crossing in crossed.told}
    standing = tuple(_better(by_number.get(now.number), now) for now in comparison.standing)
    notices = tuple(
        notice
        for notice in comparison.notices
        if not isinstance(notice, Corrected) or by_number[notice.number] not in standing
    )
    return (
        msgspec.structs.replace(crossed, samples=samples, told=standing),
        Comparison(standing, notices, comparison.numbers),
    )


Way = tuple[Territory, Territory]


def _way(crossing: Confirmed) -> Way:
    return crossing.from_, crossing.to


def _better(told: Confirmed | None, now: Confirmed) -> Confirmed:
    """Which of two accounts of one crossing stands."""
    if told is None:
        return now
    known_better = now.uncertainty_m < BETTER * told.uncertainty_m or now.uncertainty_s < BETTER * told.uncertainty_s
    off_m = distance_m(told.lon, told.lat, now.lon, now.lat)
    elsewhere = off_m > told.uncertainty_m or abs(now.crossed_at - told.crossed_at) > told.uncertainty_s
    return now if known_better or elsewhere else told


def _most(samples: Samples, told: Sequence[Confirmed]) -> Samples:
    """Without the fix furthest from the crossings, if there are too many."""
    if len(samples) <= MOST:
        return samples
    first, last = told[0].crossed_at, told[-1].crossed_at
    furthest = max(samples, key=lambda sample: max(first - sample.at, sample.at - last))
    return tuple(sample for sample in samples if sample is not furthest)
