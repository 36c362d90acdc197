"""Fixes in whatever order they arrive.

The detector takes the fixes of a unit in the order of their times. A fix that comes late is put where it belongs: what
came after it within the last seconds is seen again, and what was told since is compared with what stands now. So
whatever the order in which fixes arrive within `REORDER_S`, the same crossings stand in the end; and nobody waits for a
fix that may never come. One that comes later still is held against the latest crossing: it may show where and when that
was better than was known, or that there was none.
"""

from __future__ import annotations

from typing import Final

import msgspec

from borders.crossing import FAR_M, Detector
from borders.hindsight import LATE, compare, reconsider
from borders.motion import Sample, Samples
from borders.notices import Approaching, Confirmed, Notice, Notices, Probable, Suspect, retract
from borders.watch import Pending, Watch

REORDER_S: Final = 5.0
"""A fix that is at most so much older than the newest one is taken as if it had come in order."""

REORDER_FIXES: Final = 25
"""Of a unit that reports more often than five times a second the last fixes are as many as this at least."""


class Checkpoint(msgspec.Struct, frozen=True, gc=False):
    """What was remembered after the first so many samples and crossings of a `Recall`."""

    samples: int
    told: int
    watch: Watch


class Recall(msgspec.Struct, frozen=True, gc=False):
    """The last seconds of a unit near a border: enough to see them again with one more fix."""

    base: Watch | None
    """What was remembered before the first of `samples`; None before the unit's first fix."""
    samples: Samples
    """Every fix since, in order of time."""
    told: tuple[Confirmed, ...] = ()
    """Every crossing confirmed since, in order, as it stands."""
    checkpoint: Checkpoint | None = None
    """The next base."""


Arrival = tuple[Watch, Recall | None, Notices]
"""What is remembered after a fix, and what is to be told."""


def arrive(detector: Detector, watch: Watch | None, recall: Recall | None, sample: Sample) -> Arrival:
    """Let one fix of a unit arrive.

    Args:
        detector: sees fixes in order.
        watch: what is remembered of the unit; None before its first fix.
        recall: its last seconds; None far from every border.
        sample: the fix.
    """
    if watch is None:
        begun = detector.begin(sample)
        return begun, None if detector.is_far(sample) else Recall(None, (sample,)), ()
    if sample.at > _newest_at(watch):
        spot = detector.atlas.spot(sample.lon, sample.lat)
        after, notices = detector.step(watch, sample, spot)
        if spot[1] > FAR_M and after.pending is None and after.ahead is None and not after.strays:
            return after, None, notices
        return after, _extended(recall, watch, after, sample, notices), notices
    if recall is not None and _is_within(recall, sample):
        return _again(detector, watch, recall, sample)
    return _in_hindsight(detector, watch, recall, sample)


def set_back(watch: Watch, sample: Sample) -> Watch:
    """What is remembered of a unit whose clock was ahead, once a fix is right again: nothing of what lies ahead of it.

    Where the unit is believed to be stays; if every fix was ahead, the newest is taken to be just older than this one.
    """
    known = tuple(old for old in watch.samples if old.at < sample.at)
    if not known:
        known = (msgspec.structs.replace(watch.samples[-1], at=sample.at - 1.0),)
    home = watch.home
    return msgspec.structs.replace(
        watch,
        samples=known,
        strays=(),
        since=min(watch.since, known[-1].at),
        home=home if home is None or home.at < sample.at else msgspec.structs.replace(home, at=known[-1].at),
        entered=None,
        crossed=None,
    )


def _newest_at(watch: Watch) -> float:
    """The time of the newest fix, Unix seconds."""
    return (watch.strays or watch.samples)[-1].at


def _is_within(recall: Recall, sample: Sample) -> bool:
    """Whether the fix is one of the last seconds, and none of its time is known."""
    if recall.base is not None and sample.at <= _newest_at(recall.base):
        return False
    return all(sample.at != known.at for known in recall.samples)


def _extended(recall: Recall | None, before: Watch, after: Watch, sample: Sample, notices: Notices) -> Recall:
    """The last seconds with one more.

    What lies more than `REORDER_S` before it is forgotten. There are two places to begin from, so that one is always
    far enough back.
    """
    told = tuple([notice for notice in notices if isinstance(notice, Confirmed)]) if notices else ()
    if recall is None:
        return Recall(before, (sample,), told)
    samples, told, passed = (*recall.samples, sample), recall.told + told, recall.checkpoint
    began_at = samples[0].at if passed is None else _newest_at(passed.watch)
    counted = len(samples) - (0 if passed is None else passed.samples)
    if sample.at - began_at < REORDER_S and counted < REORDER_FIXES:
        return Recall(recall.base, samples, told, passed)
    base = recall.base
    if passed is not None:
        base, samples, told = passed.watch, samples[passed.samples :], told[passed.told :]
    return Recall(base, samples, told, Checkpoint(len(samples), len(told), after))


def _again(detector: Detector, watch: Watch, recall: Recall, sample: Sample) -> Arrival:
    """See the last seconds again, the fix in its place."""
    at = sum(known.at < sample.at for known in recall.samples)
    samples = (*recall.samples[:at], sample, *recall.samples[at:])
    passed = recall.checkpoint
    ends = None if passed is None else passed.samples + (at < passed.samples)
    watches: list[Watch] = []
    told: list[Confirmed] = []
    told_before = 0
    suspects: list[Notice] = []
    for known in samples:
        last = watches[-1] if watches else recall.base
        after, notices = (detector.begin(known), ()) if last is None else detector.step(last, known)
        watches.append(after)
        told += [notice for notice in notices if isinstance(notice, Confirmed)]
        suspects += [notice for notice in notices if isinstance(notice, Suspect) and known is sample]
        if len(watches) == ends:
            told_before = len(told)

    seen = _renumbered(watches[-1], watch)
    open_before, open_now = _open(watch), _open(seen)
    announced = {(notice.from_, notice.to): number for number, notice in open_before.items() if number not in open_now}
    stands = compare(recall.told, told, max(seen.numbers, watch.numbers), announced)
    renamed = dict(zip(told, stands.standing, strict=True))
    seen = _with_names(msgspec.structs.replace(seen, numbers=stands.numbers), renamed)
    checkpoint = None if ends is None else Checkpoint(ends, told_before, _with_names(watches[ends - 1], renamed))
    taken = {*open_now, *(crossing.number for crossing in stands.standing)}
    return (
        seen,
        Recall(recall.base, samples, stands.standing, checkpoint),
        (
            *(retract(notice, LATE) for number, notice in open_before.items() if number not in taken),
            *stands.notices,
            *(notice for number, notice in open_now.items() if _is_news(notice, open_before.get(number))),
            *suspects,
        ),
    )


def _is_news(notice: Approaching | Probable, told: Approaching | Probable | None) -> bool:
    return told is None or (isinstance(notice, Probable) and isinstance(told, Approaching))


def _renumbered(seen: Watch, told: Watch) -> Watch:
    """What is open after seeing again, under the numbers under which it was told."""
    numbers = max(seen.numbers, told.numbers)
    ahead, pending = seen.ahead, seen.pending
    used: int | None = None
    if ahead is not None:
        same = told.ahead is not None and told.ahead.to is ahead.to
        used = told.ahead.number if told.ahead is not None and same else numbers
        numbers = max(numbers, used + 1)
        if pending is not None and pending.number == ahead.number:
            pending = msgspec.structs.replace(pending, number=used)
        elif pending is not None:
            pending = _numbered(pending, told, numbers, used)
        notice = None if ahead.notice is None else msgspec.structs.replace(ahead.notice, number=used)
        ahead = msgspec.structs.replace(ahead, number=used, notice=notice)
    elif pending is not None:
        pending = _numbered(pending, told, numbers, None)
    if pending is not None:
        numbers = max(numbers, pending.number + 1)
        probable = (
            None if pending.probable is None else msgspec.structs.replace(pending.probable, number=pending.number)
        )
        pending = msgspec.structs.replace(pending, probable=probable)
    return msgspec.structs.replace(seen, ahead=ahead, pending=pending, numbers=numbers)


def _numbered(pending: Pending, told: Watch, free: int, used: int | None) -> Pending:
    """The number of what was pending before, if there was something and its number is not used yet."""
    known = None if told.pending is None or told.pending.number == used else told.pending.number
    return msgspec.structs.replace(pending, number=free if known is None else known)


def _open(watch: Watch) -> dict[int, Approaching | Probable]:
    """What was told and neither confirmed nor taken back, by number."""
    return {notice.number: notice for notice in watch.open_notices}


def _with_names(watch: Watch, names: dict[Confirmed, Confirmed]) -> Watch:
    """The latest crossings under the numbers under which they were told."""
    if watch.crossed is None:
        return watch
    told = tuple(names.get(crossing, crossing) for crossing in watch.crossed.told)
    return msgspec.structs.replace(watch, crossed=msgspec.structs.replace(watch.crossed, told=told))


def _in_hindsight(detector: Detector, watch: Watch, recall: Recall | None, sample: Sample) -> Arrival:
    """Hold a fix from before the last seconds against the latest crossing."""
    found = None if watch.crossed is None else reconsider(detector.atlas, watch.crossed, sample, watch.numbers)
    if found is None:
        return msgspec.structs.replace(watch, quality="late"), recall, ()
    crossed, comparison = found
    watch = msgspec.structs.replace(watch, crossed=crossed, numbers=comparison.numbers, quality="late")
    # To see again what came before this fix would be to forget what it showed.
    return watch, Recall(watch, ()), comparison.notices
