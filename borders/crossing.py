"""Crossings: what becomes of a territory under uncertain fixes.

A unit is *believed* to be in one territory. That changes only by evidence: at least two fixes beyond the border, and a
path that came from the one side to the other wherever within its error it lies. A path along a border, or a car that
stands beside one, has fixes on the other side and no such path.

    plausible?  no: a stray, kept out until strays agree with each other
    in the believed territory?  settle what was pending, look ahead
    elsewhere?  weigh it: pending, probable, confirmed
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from borders.ahead import CLEAR_TO_ANNOUNCE_M, NEARER_TO_ANNOUNCE, SEEN_TO_ANNOUNCE, look_ahead
from borders.atlas import Atlas
from borders.error_model import RADIUS_68, sigma_m
from borders.evidence import carried, weigh
from borders.hindsight import around
from borders.motion import KEPT_S, MAX_SPEED_MPS, Sample, implausible, is_alone, remember, velocity
from borders.notices import (
    Approaching,
    Confirmed,
    Notice,
    Notices,
    Passage,
    Probable,
    Retracted,
    Suspect,
    fields,
    retract,
)
from borders.states import Territory
from borders.watch import Announced, Crossed, Pending, Watch
from borders.zones import STAY_S, fold

__all__ = [
    "Announced",
    "Approaching",
    "Confirmed",
    "Detector",
    "Located",
    "Notice",
    "Notices",
    "Pending",
    "Probable",
    "Retracted",
    "Settings",
    "Suspect",
    "Watch",
]

STRAYS_TO_MOVE: Final = 3
"""Strays that agree with each other move the belief: the unit was carried, or its receiver was wrong before."""

STRAYS_TO_REPLACE: Final = 2
"""Fewer are enough against a fix for which nothing speaks."""

SURE: Final = 3.0
"""A fix is surely at home when no other territory lies within so many times its accuracy."""

FAR_M: Final = KEPT_S * MAX_SPEED_MPS
"""From further away no unit is at a border before its present fixes are forgotten."""

BACK_TO_RETRACT: Final = 2
MISSES_TO_FORGET: Final = 3
MISSES_TO_WITHDRAW: Final = 10


class Located(Protocol):
    """What the detector reads of a fix."""

    @property
    def lon(self) -> float: ...  # noqa: D102
    @property
    def lat(self) -> float: ...  # noqa: D102
    @property
    def accuracy_m(self) -> float: ...  # noqa: D102
    @property
    def fixed_at(self) -> float: ...  # noqa: D102
    @property
    def speed_mps(self) -> float | None: ...  # noqa: D102
    @property
    def course_deg(self) -> float | None: ...  # noqa: D102


class Settings(msgspec.Struct, frozen=True):
    """What may be set."""

    horizon_s: float = 120.0
    """How far ahead a crossing is announced."""


class Detector:
    """Turns fixes into crossings. Holds no memory of units; that is in each unit's `Watch`."""

    def __init__(self, atlas: Atlas, settings: Settings = Settings()) -> None:  # noqa: B008 - frozen
        self.atlas: Final = atlas
        self.settings: Final = settings
        self._reach_m: Final = MAX_SPEED_MPS * settings.horizon_s
        """No unit comes so far within the horizon."""

    def begin(self, sample: Sample) -> Watch:
        """A unit's first fix: it is believed to be where that says."""
        territory, bound_m = self.atlas.spot(sample.lon, sample.lat)
        quality, sure = self._standing(sample, bound_m)
        return Watch(territory, quality, (sample,), home=sample if sure else None)

    def step(self, watch: Watch, sample: Sample, spot: tuple[Territory, float] | None = None) -> tuple[Watch, Notices]:
        """A fix newer than all before: what is remembered then, and what is to be told. `spot` is the atlas's answer
        for it, if it was asked before.
        """
        reason = implausible(watch.samples, sample)
        place, bound_m = spot or self.atlas.spot(sample.lon, sample.lat)
        if reason is not None:
            return self._stray(watch, sample, place, bound_m, reason)
        quality, sure = self._standing(sample, bound_m)
        # Every field by name would take longer than all else that is done for most fixes.
        watch = Watch(
            watch.territory,
            quality,
            remember(watch.samples, sample, is_far=bound_m > FAR_M),
            (),
            watch.since,
            sample if sure and place is watch.territory else watch.home,
            watch.entered,
            watch.pending,
            watch.ahead,
            watch.numbers,
            watch.crossed,
        )
        if place is watch.territory:
            return self._at_home(watch, bound_m)
        if Territory.OUTSIDE in (place, watch.territory):
            # Nothing is known beyond the box, so leaving or entering it is no crossing.
            return self._settle(watch, place, "the unit left or entered the covered area")
        return self._elsewhere(watch, place, sure=sure)

    def is_far(self, sample: Sample) -> bool:
        """Whether a unit that is there needs to remember little."""
        return self.atlas.distance_bound_m(sample.lon, sample.lat) > FAR_M

    def _standing(self, sample: Sample, bound_m: float) -> tuple[str, bool]:
        """The quality of a fix, and whether it is surely in its own territory."""
        accuracy_m = RADIUS_68 * sample.sigma_m
        if bound_m > SURE * accuracy_m:
            return "ok", True
        if len(self.atlas.within(sample.lon, sample.lat, SURE * accuracy_m)) == 1:
            return "ok", True
        touched = self.atlas.within(sample.lon, sample.lat, accuracy_m)
        return ("ambiguous" if len(touched) > 1 else "ok"), False

    def _stray(
        self, watch: Watch, sample: Sample, place: Territory, bound_m: float, reason: str
    ) -> tuple[Watch, Notices]:
        """A fix that does not follow from the last ones, until it does follow from others like it."""
        agrees = watch.strays and implausible(watch.strays, sample) is None
        strays = (*watch.strays, sample) if agrees else (sample,)
        alone = is_alone(watch.samples)
        if len(strays) < (STRAYS_TO_REPLACE if alone else STRAYS_TO_MOVE):
            told = () if watch.strays else (Suspect(sample.lon, sample.lat, sample.at, reason),)
            return msgspec.structs.replace(watch, strays=strays, quality="suspect"), told
        quality, sure = self._standing(sample, bound_m)
        known = watch.samples[:-1] if alone else watch.samples
        moved = msgspec.structs.replace(watch, samples=strays, strays=(), quality=quality)
        if place is watch.territory:
            return msgspec.structs.replace(moved, home=sample if sure else watch.home), ()
        last = next((old for old in reversed(known) if self._is_at_home(watch, old)), watch.home)
        if last is None or Territory.OUTSIDE in (place, watch.territory):
            return self._settle(moved, place, "the unit is elsewhere")
        if not sure:
            return moved, ()
        moved = msgspec.structs.replace(moved, home=sample)
        return self._confirm(moved, carried(self.atlas, last, sample, watch.territory), place, last)

    def _is_at_home(self, watch: Watch, sample: Sample) -> bool:
        return self.atlas.territory(sample.lon, sample.lat) is watch.territory

    def _settle(self, watch: Watch, place: Territory, reason: str) -> tuple[Watch, Notices]:
        """Believe the unit in a place without a crossing, and take back what was told of one."""
        told = tuple(retract(notice, reason) for notice in watch.open_notices)
        since = watch.samples[-1].at
        settled = msgspec.structs.replace(
            watch, territory=place, since=since, home=None, entered=None, pending=None, ahead=None
        )
        return settled, told

    def _at_home(self, watch: Watch, bound_m: float) -> tuple[Watch, Notices]:
        """The newest fix lies where the unit is believed to be."""
        pending = watch.pending
        if watch.entered is not None and watch.samples[-1].at - watch.entered.crossed_at > STAY_S:
            return self._stay(watch, watch.entered)
        if pending is None:
            return self._look_ahead(watch, bound_m)
        pending = msgspec.structs.replace(pending, back=pending.back + 1)
        if pending.back < BACK_TO_RETRACT:
            return msgspec.structs.replace(watch, pending=pending), ()
        told = () if pending.probable is None else (retract(pending.probable, "the unit is back"),)
        same = watch.ahead is not None and watch.ahead.number == pending.number
        ahead = None if pending.probable is not None and same else watch.ahead
        watch, more = self._look_ahead(msgspec.structs.replace(watch, pending=None, ahead=ahead), bound_m)
        return watch, (*told, *more)

    def _stay(self, watch: Watch, entered: Passage) -> tuple[Watch, Notices]:
        """It is in a shared zone and not on a bridge: tell how it came there."""
        told = tuple(retract(notice, "the unit stays in the zone between") for notice in watch.open_notices)
        notice = Confirmed(**fields(entered, watch.numbers))
        watch = msgspec.structs.replace(watch, entered=None, pending=None, ahead=None, numbers=watch.numbers + 1)
        return watch, (*told, notice)

    def _elsewhere(self, watch: Watch, place: Territory, *, sure: bool) -> tuple[Watch, Notices]:
        """The newest fix lies outside the territory in which the unit is believed to be; surely or not."""
        pending, numbers = watch.pending, watch.numbers
        if pending is None:
            ahead = watch.ahead
            pending = Pending(ahead.number if ahead is not None and ahead.to is place else numbers)
            numbers = max(numbers, pending.number + 1)
        pending = msgspec.structs.replace(pending, back=0)
        watch = msgspec.structs.replace(watch, pending=pending, numbers=numbers)
        origin = watch.territory if watch.entered is None else watch.entered.from_
        evidence = weigh(self.atlas, watch.samples, watch.territory, watch.since, place, origin)
        if evidence.is_certain:
            return self._confirm(watch, evidence.passages, place)
        if evidence.was_there or (sure and self._has_left_unseen(watch)):
            if watch.home is None:
                return self._settle(watch, place, "the unit was there from the beginning")
            passages = carried(self.atlas, watch.home, watch.samples[-1], watch.territory)
            return self._confirm(watch, passages, place, watch.home)
        told, _ = fold(watch.entered, evidence.passages)
        if evidence.is_probable and pending.probable is None and told:
            probable = Probable(**fields(told[-1], pending.number))
            pending = msgspec.structs.replace(pending, probable=probable)
            return msgspec.structs.replace(watch, pending=pending), (probable,)
        return watch, ()

    def _has_left_unseen(self, watch: Watch) -> bool:
        """Whether more than one fix is remembered since it is believed at home and none of them lies there, as after a
        long silence.
        """
        since = [sample for sample in watch.samples if sample.at > watch.since]
        return len(since) > 1 and not any(self._is_at_home(watch, sample) for sample in since)

    def _confirm(
        self, watch: Watch, passages: tuple[Passage, ...], place: Territory, last_home: Sample | None = None
    ) -> tuple[Watch, Notices]:
        """Every border of the way, in order; one that was told before keeps its number. `last_home` is where the way
        began, if the fixes of it are no longer remembered.
        """
        believed, whence, believed_since = watch.territory, watch.entered, watch.since
        since = passages[-1].crossed_at if passages else watch.samples[-1].at
        passages, entered = fold(watch.entered, passages)
        told = list(watch.open_notices)
        notices: list[Confirmed] = []
        numbers = watch.numbers
        for passage in passages:
            if Territory.OUTSIDE in (passage.from_, passage.to):
                continue
            same = [notice for notice in told if (notice.from_, notice.to) == (passage.from_, passage.to)]
            number = same[-1].number if same else numbers
            numbers += not same
            told = [notice for notice in told if notice.number != number]
            notices.append(Confirmed(**fields(passage, number)))
        # On a bridge the far bank that was announced is still to come.
        kept = watch.ahead if entered is not None and not notices and watch.pending_probable is None else None
        elsewhere = [] if kept else [retract(notice, "the unit crossed elsewhere") for notice in told]
        crossed = watch.crossed
        if notices:
            crossed = Crossed(
                believed, believed_since, whence, tuple(notices), around(watch.samples, notices, last_home)
            )
        watch = msgspec.structs.replace(
            watch,
            territory=place,
            since=since,
            # Should no fix follow that is surely there, this one is where the next way begins: what was told stands.
            home=watch.samples[-1],
            entered=entered,
            pending=None,
            ahead=kept,
            numbers=numbers,
            crossed=crossed,
        )
        return watch, (*elsewhere, *notices)

    def _look_ahead(self, watch: Watch, bound_m: float) -> tuple[Watch, Notices]:
        """Announce what lies on the way, once it is seen often enough and nearer; withdraw it when it is no more."""
        ahead = watch.ahead
        if ahead is None and bound_m > self._reach_m:
            return watch, ()
        approach = look_ahead(
            self.atlas, watch.samples, watch.territory, watch.entered, self.settings.horizon_s, bound_m
        )
        if approach is None and ahead is None:
            return watch, ()
        if approach is None or (ahead is not None and ahead.to is not approach.passage.to):
            return self._miss(watch)
        if ahead is None:
            seen = Announced(watch.numbers, approach.passage.to, self._distance_m(watch.samples[-1]))
            return msgspec.structs.replace(watch, ahead=seen, numbers=watch.numbers + 1), ()
        ahead = msgspec.structs.replace(ahead, seen=ahead.seen + 1, misses=0)
        if ahead.notice is not None or not self._is_nearing(ahead, watch.samples[-1], bound_m):
            return msgspec.structs.replace(watch, ahead=ahead), ()
        notice = Approaching(**fields(approach.passage, ahead.number), eta_s=approach.eta_s)
        return msgspec.structs.replace(watch, ahead=msgspec.structs.replace(ahead, notice=notice)), (notice,)

    def _is_nearing(self, ahead: Announced, sample: Sample, bound_m: float) -> bool:
        if ahead.from_m < CLEAR_TO_ANNOUNCE_M or ahead.seen < SEEN_TO_ANNOUNCE:
            return False
        nearer_m = max(NEARER_TO_ANNOUNCE * ahead.from_m, 2.0 * sample.sigma_m)
        # The distance is asked for only where the bound does not say that it is too great.
        return ahead.from_m - bound_m >= nearer_m and ahead.from_m - self._distance_m(sample) >= nearer_m

    def _distance_m(self, sample: Sample) -> float:
        """To the nearest border."""
        return self.atlas.locate(sample.lon, sample.lat).distance_m or 0.0

    def _miss(self, watch: Watch) -> tuple[Watch, Notices]:
        """Nothing lies ahead, or something else than before."""
        ahead = watch.ahead
        if ahead is None:
            return watch, ()
        ahead = msgspec.structs.replace(ahead, misses=ahead.misses + 1)
        if ahead.misses < (MISSES_TO_FORGET if ahead.notice is None else MISSES_TO_WITHDRAW):
            return msgspec.structs.replace(watch, ahead=ahead), ()
        told = () if ahead.notice is None else (retract(ahead.notice, "the unit no longer heads for the border"),)
        return msgspec.structs.replace(watch, ahead=None), told


def sample_of(fix: Located) -> Sample:
    """A fix as it is remembered."""
    return Sample(fix.fixed_at, fix.lon, fix.lat, sigma_m(fix.accuracy_m), velocity(fix.speed_mps, fix.course_deg))
