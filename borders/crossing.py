"""Crossings: what becomes of a territory under uncertain fixes.

A unit is *believed* to be in one territory. That changes only by evidence: at least two fixes in a row beyond the
border, and a path that truly came from one side to the other, each by more than the receiver's error explains. A path
that runs along a border, or a car that stands beside one, has fixes on the other side and no such path.

    plausible?  no: a stray, kept out until three strays agree with each other
    far from every border?  nothing to look at
    in the believed territory?  settle what was pending, look ahead
    elsewhere?  weigh it: pending, probable, confirmed
"""

from __future__ import annotations

import math
from typing import Final, Literal, Protocol, TypedDict

import msgspec

from borders.ahead import Approach, look_ahead
from borders.atlas import Atlas
from borders.error_model import CAUTION, sigma_m
from borders.evidence import Passage, weigh
from borders.geodesy import LocalPlane
from borders.motion import KEPT, Sample, speed_between, velocity_of
from borders.states import Territory

MAX_SPEED_MPS: Final = 90.0
"""Faster than any patrol car or helicopter of the three forces goes (324 km/h)."""

ACCELERATION_MPS2: Final = 10.0
STRAYS_TO_MOVE: Final = 3
"""Strays that agree with each other move the belief: the unit was carried, or its receiver was wrong before."""

BACK_TO_RETRACT: Final = 2
MISSES_TO_WITHDRAW: Final = 5


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


class _Notice(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    """One possible crossing of a unit keeps its number from approaching to confirmed or retracted."""
    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float


class _Fields(TypedDict):
    number: int
    from_: Territory
    to: Territory
    border: str
    lon: float
    lat: float
    crossed_at: float
    uncertainty_m: float
    uncertainty_s: float
    confidence: float


class Approaching(_Notice, frozen=True, kw_only=True):
    """It will cross, if it goes on as it does."""

    eta_s: float


class Probable(_Notice, frozen=True, kw_only=True):
    """It seems to have crossed."""


class Confirmed(_Notice, frozen=True, kw_only=True):
    """It has crossed."""


class Retracted(_Notice, frozen=True, kw_only=True):
    """An announced crossing did not happen."""

    reason: str
    takes_back: Literal["approaching", "probable"]


class Suspect(msgspec.Struct, frozen=True):
    """A fix that cannot be true, the first of its kind in a row."""

    lon: float
    lat: float
    at: float
    reason: str


class Pending(msgspec.Struct, frozen=True):
    """A possible crossing under observation."""

    number: int
    beyond: int
    """Fixes in a row outside the believed territory."""
    back: int = 0
    probable: Probable | None = None


class Announced(msgspec.Struct, frozen=True):
    """A crossing that lies ahead: first only seen (`notice` is None), then announced."""

    number: int
    to: Territory
    seen: int
    misses: int = 0
    notice: Approaching | None = None


class Watch(msgspec.Struct, frozen=True):
    """Everything that is remembered of one unit."""

    territory: Territory
    """Where it is believed to be."""
    quality: str
    """`ok`, `ambiguous` (the error circle touches more than one territory), `suspect` or `late`."""
    samples: tuple[Sample, ...]
    strays: tuple[Sample, ...] = ()
    pending: Pending | None = None
    ahead: Announced | None = None
    numbers: int = 0
    """Possible crossings numbered so far."""


class Settings(msgspec.Struct, frozen=True):
    """What may be set."""

    horizon_s: float = 120.0
    """How far ahead a crossing is announced."""


Notice = Approaching | Probable | Confirmed | Retracted | Suspect
Notices = tuple[Notice, ...]


class Detector:
    """Turns fixes into crossings. Holds no memory of units; that is in each unit's `Watch`."""

    def __init__(self, atlas: Atlas, settings: Settings = Settings()) -> None:  # noqa: B008 - frozen
        self.atlas: Final = atlas
        self.settings: Final = settings

    def begin(self, fix: Located) -> Watch:
        """A unit's first fix: it is believed to be where that says."""
        territory = self.atlas.territory(fix.lon, fix.lat)
        return Watch(territory, self._quality(fix), (_sample(fix),))

    def step(self, watch: Watch, fix: Located) -> tuple[Watch, Notices]:
        """A further fix: what is remembered then, and what is to be told. One that is not newer changes nothing."""
        if fix.fixed_at <= watch.samples[-1].at or (watch.strays and fix.fixed_at <= watch.strays[-1].at):
            return msgspec.structs.replace(watch, quality="late"), ()
        sample = _sample(fix)
        reason = _implausible(watch.samples, sample)
        if reason is not None:
            return self._stray(watch, sample, reason)
        samples = (*watch.samples, sample)[-KEPT:]
        watch = msgspec.structs.replace(watch, samples=samples, strays=(), quality=self._quality(fix))
        place = self.atlas.territory(fix.lon, fix.lat)
        if place is watch.territory:
            return self._at_home(watch)
        if Territory.OUTSIDE in (place, watch.territory):
            return self._over_the_edge(watch, place)
        return self._elsewhere(watch, place)

    def _quality(self, fix: Located) -> str:
        if self.atlas.distance_bound_m(fix.lon, fix.lat) > fix.accuracy_m:
            return "ok"
        return "ambiguous" if len(self.atlas.within(fix.lon, fix.lat, fix.accuracy_m)) > 1 else "ok"

    def _stray(self, watch: Watch, sample: Sample, reason: str) -> tuple[Watch, Notices]:
        agrees = watch.strays and _implausible(watch.strays, sample) is None
        strays = (*watch.strays, sample) if agrees else (sample,)
        if len(strays) < STRAYS_TO_MOVE:
            told = () if watch.strays else (Suspect(sample.lon, sample.lat, sample.at, reason),)
            return msgspec.structs.replace(watch, strays=strays, quality="suspect"), told
        place = self.atlas.territory(sample.lon, sample.lat)
        known = (watch.samples[-1], *strays)
        moved = msgspec.structs.replace(watch, samples=known, strays=(), quality="ok")
        if place is watch.territory:
            return msgspec.structs.replace(moved, samples=strays), ()
        if Territory.OUTSIDE in (place, watch.territory):
            return self._over_the_edge(msgspec.structs.replace(moved, samples=strays), place)
        return self._elsewhere(msgspec.structs.replace(moved, pending=Pending(watch.numbers, len(strays))), place)

    def _at_home(self, watch: Watch) -> tuple[Watch, Notices]:
        """The newest fix lies where the unit is believed to be."""
        notices: list[Notice] = []
        pending = watch.pending
        if pending is not None:
            pending = msgspec.structs.replace(pending, beyond=0, back=pending.back + 1)
            if pending.back >= BACK_TO_RETRACT:
                if pending.probable is not None:
                    notices.append(_retract(pending.probable, "probable", "the unit is back"))
                pending = None
        watch = msgspec.structs.replace(watch, pending=pending)
        if pending is None:
            watch, told = self._look_ahead(watch)
            notices += told
        return watch, tuple(notices)

    def _over_the_edge(self, watch: Watch, place: Territory) -> tuple[Watch, Notices]:
        """Nothing is known beyond the covered box: leaving or entering it is no crossing. What was announced ends."""
        told: list[Notice] = []
        if watch.ahead is not None and watch.ahead.notice is not None:
            told.append(_retract(watch.ahead.notice, "approaching", "the unit left the covered area"))
        if watch.pending is not None and watch.pending.probable is not None:
            told.append(_retract(watch.pending.probable, "probable", "the unit left the covered area"))
        return msgspec.structs.replace(watch, territory=place, pending=None, ahead=None), tuple(told)

    def _elsewhere(self, watch: Watch, place: Territory) -> tuple[Watch, Notices]:
        """The newest fix lies outside the territory in which the unit is believed to be."""
        pending, numbers = watch.pending, watch.numbers
        if pending is None:
            number = watch.ahead.number if watch.ahead is not None else numbers
            pending = Pending(number, 0)
            numbers = max(numbers, number + 1)
        pending = msgspec.structs.replace(pending, beyond=pending.beyond + 1, back=0)
        watch = msgspec.structs.replace(watch, pending=pending, numbers=numbers)
        evidence = weigh(self.atlas, watch.samples, watch.territory, place, pending.beyond)
        if evidence is None:
            return watch, ()
        if evidence.is_certain:
            return self._confirm(watch, evidence.passages)
        if evidence.is_probable and pending.probable is None:
            probable = Probable(**_facts(evidence.passages[-1], pending.number))
            pending = msgspec.structs.replace(pending, probable=probable)
            return msgspec.structs.replace(watch, pending=pending), (probable,)
        return watch, ()

    def _confirm(self, watch: Watch, passages: tuple[Passage, ...]) -> tuple[Watch, Notices]:
        """Every border of the way, in order; the last one keeps the number under which it was announced."""
        notices: list[Notice] = []
        numbers = watch.numbers
        last = watch.pending.number if watch.pending is not None else numbers
        ahead = watch.ahead
        if ahead is not None and ahead.notice is not None and ahead.number != last:
            notices.append(_retract(ahead.notice, "approaching", "the unit crossed elsewhere"))
        for passage in passages[:-1]:
            notices.append(Confirmed(**_facts(passage, numbers)))
            numbers += 1
        notices.append(Confirmed(**_facts(passages[-1], last)))
        watch = msgspec.structs.replace(
            watch, territory=passages[-1].to, pending=None, ahead=None, numbers=max(numbers, last + 1)
        )
        return watch, tuple(notices)

    def _look_ahead(self, watch: Watch) -> tuple[Watch, list[Notice]]:
        """Announce what lies on the way, once it has been seen often enough; withdraw it when it no longer does."""
        approach = look_ahead(self.atlas, watch.samples, watch.territory, self.settings.horizon_s)
        ahead = watch.ahead
        if approach is None:
            return self._miss(watch)
        if ahead is None or (ahead.notice is None and ahead.to is not approach.to):
            seen = Announced(watch.numbers, approach.to, 1)
            return msgspec.structs.replace(watch, ahead=seen, numbers=watch.numbers + 1), []
        if ahead.to is not approach.to:
            return self._miss(watch)
        ahead = msgspec.structs.replace(ahead, seen=ahead.seen + 1, misses=0)
        notices: list[Notice] = []
        if ahead.notice is None and ahead.seen >= approach.needed:
            notice = _approaching(approach, ahead.number, watch)
            ahead = msgspec.structs.replace(ahead, notice=notice)
            notices.append(notice)
        return msgspec.structs.replace(watch, ahead=ahead), notices

    def _miss(self, watch: Watch) -> tuple[Watch, list[Notice]]:
        ahead = watch.ahead
        if ahead is None:
            return watch, []
        if ahead.notice is None:
            return msgspec.structs.replace(watch, ahead=None), []
        ahead = msgspec.structs.replace(ahead, misses=ahead.misses + 1)
        if ahead.misses < MISSES_TO_WITHDRAW or ahead.notice is None:
            return msgspec.structs.replace(watch, ahead=ahead), []
        told = _retract(ahead.notice, "approaching", "the unit no longer heads for the border")
        return msgspec.structs.replace(watch, ahead=None), [told]


def _sample(fix: Located) -> Sample:
    return Sample(fix.fixed_at, fix.lon, fix.lat, sigma_m(fix.accuracy_m), fix.speed_mps, fix.course_deg)


def _implausible(samples: tuple[Sample, ...], sample: Sample) -> str | None:
    """Why a fix cannot follow the last ones; None when it can."""
    last = samples[-1]
    elapsed_s = sample.at - last.at
    slack_m = 4.0 * CAUTION * (last.sigma_m + sample.sigma_m)
    speed = speed_between(last, sample)
    if speed * elapsed_s > MAX_SPEED_MPS * elapsed_s + slack_m:
        return f"{speed:.0f} m/s from the fix before; no unit is faster than {MAX_SPEED_MPS:.0f}"
    if len(samples) < 3 or elapsed_s > 5.0:
        return None
    east, north = velocity_of(samples)
    plane = LocalPlane(last.lon, last.lat)
    x, y = plane.xy(sample.lon, sample.lat)
    off_m = math.hypot(x - east * elapsed_s, y - north * elapsed_s)
    if off_m > slack_m + 10.0 + 0.5 * ACCELERATION_MPS2 * elapsed_s**2:
        return f"{off_m:.0f} m off the way that the unit was going"
    return None


def _facts(passage: Passage, number: int) -> _Fields:
    return _Fields(
        number=number,
        from_=passage.from_,
        to=passage.to,
        border=passage.border,
        lon=passage.lon,
        lat=passage.lat,
        crossed_at=passage.crossed_at,
        uncertainty_m=passage.uncertainty_m,
        uncertainty_s=passage.uncertainty_s,
        confidence=passage.confidence,
    )


def _approaching(approach: Approach, number: int, watch: Watch) -> Approaching:
    return Approaching(
        number=number,
        from_=approach.from_,
        to=approach.to,
        border=approach.border,
        lon=approach.lon,
        lat=approach.lat,
        crossed_at=watch.samples[-1].at + approach.eta_s,
        uncertainty_m=approach.uncertainty_m,
        uncertainty_s=approach.uncertainty_s,
        confidence=approach.confidence,
        eta_s=approach.eta_s,
    )


def _retract(notice: Approaching | Probable, what: Literal["approaching", "probable"], reason: str) -> Retracted:
    return Retracted(
        number=notice.number,
        from_=notice.from_,
        to=notice.to,
        border=notice.border,
        lon=notice.lon,
        lat=notice.lat,
        crossed_at=notice.crossed_at,
        uncertainty_m=notice.uncertainty_m,
        uncertainty_s=notice.uncertainty_s,
        confidence=notice.confidence,
        reason=reason,
        takes_back=what,
    )
