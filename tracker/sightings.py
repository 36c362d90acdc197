"""What a fix, or its absence, brings about: track, crossing, decision, obligation.

`sight` is the pipeline; its stages stand in the order in which they run.
"""

from __future__ import annotations

from typing import Final, TypedDict

import msgspec

from borders.arrival import arrive, set_back
from borders.crossing import Detector, sample_of
from borders.notices import Approaching, Confirmed, Corrected, Probable, Retracted, Suspect
from borders.states import BENELUX, Territory
from borders.watch import Watch
from tracker import duties
from tracker.corrections import correct, take_back
from tracker.decisions import announce_contact, decide_crossing, decide_presence
from tracker.events import (
    CrossingApproaching,
    CrossingConfirmed,
    CrossingCorrected,
    CrossingEvent,
    CrossingProbable,
    CrossingRetracted,
    Event,
    UnitLost,
    UnitSeen,
    UnitStale,
    UnitSuspect,
    rfc3339,
)
from tracker.inputs import ClockSet, PingReceived
from tracker.pursuits import Approach, Pursuit
from tracker.treaty.contact_points import ContactPoints
from tracker.turn import Turn
from tracker.units import KnownCrossing, Track
from tracker.world import World

STALE_INTERVALS: Final = 5
"""Silent for this many of its own intervals, a unit is stale (radar practice: a target is lost after five scans)."""

SHORTEST_STALE_S: Final = 5.0
LOST_AFTER_STALE: Final = 6
"""Lost after this many times the silence that makes it stale: 30 s at 1 Hz."""

CLOCK_AHEAD_S: Final = 5.0
"""A fix from further ahead of the server's clock comes from a clock that is wrong, and that may be set right."""

SHORTEST_INTERVAL_S: Final = 1.0
LONGEST_INTERVAL_S: Final = 60.0
_INTERVAL_WEIGHT: Final = 0.2
_CROSSINGS_KEPT: Final = 50
_NOWHERE: Final = (Territory.OUTSIDE, "ok")
"""Territory and quality of a fix that is placed nowhere."""

_TYPES: Final = {
    Approaching: "crossing.approaching",
    Probable: "crossing.probable",
    Confirmed: "crossing.confirmed",
    Corrected: "crossing.corrected",
    Retracted: "crossing.retracted",
}
_Notice = Approaching | Probable | Confirmed | Corrected | Retracted


def sight(
    world: World,
    detector: Detector,
    contact_points: ContactPoints,
    boundary_sha256: str,
    entry: PingReceived,
) -> list[Event]:
    """Let one fix happen."""
    fix, received_at = entry.fix, entry.received_at
    unit, fixed_at = fix.unit, fix.fixed_at
    before = world.tracks.get(unit)
    sample = sample_of(fix)
    late = set_right = False
    if before is None:
        watch, recall, notices = arrive(detector, None, None, sample)
        lag_s, first_s = entry.came_at - fixed_at, SHORTEST_INTERVAL_S
        track = Track(fix, watch, received_at, lag_s, first_s, watch.territory, watch.quality, recall=recall)
    else:
        newest, lag_s = before.fix, before.lag_s
        set_right = lag_s < -CLOCK_AHEAD_S and _is_set_right(before, entry)
        if set_right:
            watch, recall, notices = arrive(detector, set_back(before.watch, sample), None, sample)
        else:
            watch, recall, notices = arrive(detector, before.watch, before.recall, sample)
            late = fixed_at <= newest.fixed_at
        # A fix that comes late tells nothing of how late the newest one was.
        track = Track(
            newest if late else fix,
            watch,
            received_at,
            lag_s if late else entry.came_at - fixed_at,
            _interval_s(before, received_at),
            watch.territory,
            watch.quality,
            "fresh",
            before.announced,
            recall,
            before.crossed,
        )
    world.sight(unit, track)
    is_quiet = before is not None and before.silence == "fresh" and not (notices or set_right or track.crossed)
    if is_quiet and unit not in world.pursuit_of:
        return []

    # A late fix does not turn the clock back: what it makes known becomes known now.
    now = before.fix.fixed_at if before is not None and late else fixed_at
    turn = Turn(world, received_at, now, *fix.key, boundary_sha256)
    _see(turn, before, entry)
    if before is not None and set_right:
        ahead_s = -before.lag_s
        reason = f"the unit's clock was {ahead_s:.0f} s ahead and was set back"
        _suspect(turn, fix.unit, Suspect(before.fix.lon, before.fix.lat, before.fix.fixed_at, reason))
    for notice in notices:
        if isinstance(notice, Suspect):
            _suspect(turn, fix.unit, notice)
        else:
            _cross(turn, contact_points, fix.unit, notice)
    _forget(turn, fix.unit)
    if fix.unit in world.pursuit_of and not late and watch.territory is detector.atlas.territory(fix.lon, fix.lat):
        # Else the belief is old, or the fix wrong, and neither says where a pursuit begins.
        _place_member(turn, contact_points, fix.unit, watch.territory)
    pursuit = _pursuit(turn, fix.unit)
    if pursuit is not None:
        duties.find_overdue(turn, pursuit)
    return turn.events


def sight_blind(world: World, entry: PingReceived) -> list[Event]:
    """Let one fix happen while no borders are known. It is shown and kept, and placed nowhere.

    What was believed of the unit before stays as it was: for the detector it has been silent, so the first fixes with
    borders tell of a crossing meanwhile, at a time that is as uncertain as the gap is long.
    """
    fix = entry.fix
    before = world.tracks.get(fix.unit)
    late = before is not None and fix.fixed_at <= before.fix.fixed_at and not _is_set_right(before, entry)
    now = before.fix.fixed_at if before is not None and late else fix.fixed_at
    # Of a unit that is new the watch knows only that it is there: its first fix with borders begins it.
    known = before or Track(fix, Watch(*_NOWHERE, (sample_of(fix),)), 0.0, 0.0, SHORTEST_INTERVAL_S, *_NOWHERE)
    track = msgspec.structs.replace(
        known,
        fix=known.fix if late else fix,
        received_at=entry.received_at,
        lag_s=known.lag_s if late else entry.came_at - fix.fixed_at,
        interval_s=known.interval_s if before is None else _interval_s(before, entry.received_at),
        territory=_NOWHERE[0],
        quality=_NOWHERE[1],
        silence="fresh",
    )
    world.sight(fix.unit, track)
    turn = Turn(world, entry.received_at, now, *fix.key)
    _see(turn, before, entry)
    pursuit = _pursuit(turn, fix.unit)
    if pursuit is not None:
        duties.find_overdue(turn, pursuit)
    return turn.events


def _see(turn: Turn, before: Track | None, entry: PingReceived) -> None:
    """Tell of a unit that was not there, or silent."""
    if before is None or before.silence != "fresh":
        silent_s = None if before is None else round(entry.received_at - before.received_at, 3)
        turn.emit(UnitSeen(id=turn.id("unit.seen"), time=turn.time, unit=entry.fix.unit, silent_s=silent_s))


def _is_set_right(before: Track, entry: PingReceived) -> bool:
    """Whether the unit's clock was ahead of the server's, and this fix no longer is."""
    newest, fix = before.fix, entry.fix
    if before.lag_s >= -CLOCK_AHEAD_S:
        return False
    # A unit numbers its fixes as it makes them: one with a lower number is late, and it was our clock that was behind.
    if fix.boot and fix.boot == newest.boot and fix.seq < newest.seq:
        return False
    return fix.fixed_at <= entry.came_at + CLOCK_AHEAD_S and fix.fixed_at <= newest.fixed_at


def tick(world: World, at: float) -> list[Event]:
    """Let time pass: silent units become stale, then lost; deadlines pass."""
    events: list[Event] = []
    silent = []
    for unit, heard_at in world.heard.items():
        if at - heard_at < SHORTEST_STALE_S:
            break
        silent.append((heard_at, unit))
    for _, unit in sorted(silent):
        events += _silence(world, unit, at)
    for name in sorted(world.due):
        pursuit = world.pursuits[name]
        turn = Turn(world, at, at - world.lag_of(pursuit), name)
        if turn.now > world.due[name]:
            duties.find_overdue(turn, pursuit)
            events += turn.events
    return events


def set_clock(world: World, entry: ClockSet) -> None:
    """Carry what the server's clock measures over a step of it: nobody was silent, and no deadline came nearer, while
    the hands were moved.
    """
    replace = msgspec.structs.replace
    for unit, track in world.tracks.items():
        if track.received_at <= entry.before:
            moved = replace(track, received_at=track.received_at + entry.by_s, lag_s=track.lag_s + entry.by_s)
            world.put(world.tracks, unit, moved)
    for unit, heard_at in [*world.heard.items()]:
        if heard_at <= entry.before:
            world.put(world.heard, unit, heard_at + entry.by_s)
    world.sort_heard()
    for name, pursuit in world.pursuits.items():
        if pursuit.lag_s is not None:
            world.put(world.pursuits, name, replace(pursuit, lag_s=pursuit.lag_s + entry.by_s))


def _interval_s(before: Track, received_at: float) -> float:
    gap_s = received_at - before.received_at
    if gap_s < SHORTEST_INTERVAL_S:
        gap_s = SHORTEST_INTERVAL_S
    elif gap_s > LONGEST_INTERVAL_S:
        gap_s = LONGEST_INTERVAL_S
    return before.interval_s + _INTERVAL_WEIGHT * (gap_s - before.interval_s)


def _silence(world: World, unit: str, at: float) -> list[Event]:
    track = world.tracks[unit]
    silent_s = at - track.received_at
    stale_s = max(SHORTEST_STALE_S, STALE_INTERVALS * track.interval_s)
    turn = Turn(world, at, at - track.lag_s, unit, track.received_at)
    pursuit = world.pursuit_of.get(unit)
    if silent_s >= LOST_AFTER_STALE * stale_s:
        phase = "lost"
        event: Event = UnitLost(
            id=turn.id("unit.lost"), time=turn.time, unit=unit, silent_s=round(silent_s, 3), pursuit=pursuit
        )
        world.drop(world.heard, unit)
    elif silent_s >= stale_s and track.silence == "fresh":
        phase = "stale"
        event = UnitStale(
            id=turn.id("unit.stale"), time=turn.time, unit=unit, silent_s=round(silent_s, 3), pursuit=pursuit
        )
    else:
        return []
    world.put(world.tracks, unit, msgspec.structs.replace(track, silence=phase))
    turn.emit(event)
    return turn.events


def _pursuit(turn: Turn, unit: str) -> Pursuit | None:
    name = turn.world.pursuit_of.get(unit)
    return None if name is None else turn.world.pursuits[name]


def _place_member(turn: Turn, contact_points: ContactPoints, unit: str, territory: Territory) -> None:
    """Give a member its first place in the pursuit; later places come with its crossings."""
    pursuit = _pursuit(turn, unit)
    member = None if pursuit is None else pursuit.member(unit)
    if pursuit is None or member is None or member.territory is not None or territory is Territory.OUTSIDE:
        return
    # Until its first fix nobody knows how far a unit's data time lies behind the server's.
    began_at = min(member.joined_at, turn.now)
    placed = msgspec.structs.replace(
        member, joined_at=began_at, territory=territory, started_in=member.started_in or _state(territory)
    )
    pursuit = msgspec.structs.replace(pursuit, started_at=min(pursuit.started_at, began_at))
    pursuit = turn.keep(pursuit.with_member(placed))
    decide_presence(turn, contact_points, pursuit, unit)


def _state(territory: str) -> str | None:
    return territory if territory in BENELUX else None


def _suspect(turn: Turn, unit: str, notice: Suspect) -> None:
    turn.emit(
        UnitSuspect(
            id=turn.id("unit.suspect", notice.at, notice.reason),
            time=turn.time,
            unit=unit,
            lon=notice.lon,
            lat=notice.lat,
            reason=notice.reason,
            pursuit=turn.world.pursuit_of.get(unit),
        )
    )


def _cross(turn: Turn, contact_points: ContactPoints, unit: str, notice: _Notice) -> None:
    """One notice of the detector: its event, then what it means for the pursuit."""
    event = _event(turn, unit, notice)
    turn.emit(event)
    _remember(turn, unit, notice, event)
    # What is said of a crossing in hindsight is said to the pursuit that it was part of.
    name = event.pursuit if isinstance(event, CrossingCorrected | CrossingRetracted) else None
    pursuit = _pursuit(turn, unit) if name is None else turn.world.pursuits.get(name)
    if pursuit is None:
        return
    approach = Approach(unit, notice.number, notice.to)
    others = tuple(other for other in pursuit.approaches if (other.unit, other.number) != (unit, notice.number))
    match event:
        case CrossingApproaching():
            pursuit = turn.keep(msgspec.structs.replace(pursuit, approaches=(*others, approach)))
            announce_contact(turn, contact_points, pursuit, unit, event)
        case CrossingRetracted(takes_back="confirmed"):
            take_back(turn, contact_points, pursuit, event)
        case CrossingRetracted():
            pursuit = turn.keep(msgspec.structs.replace(pursuit, approaches=others))
            duties.withdraw_announced(turn, pursuit, notice.to)
        case CrossingConfirmed():
            crossings = (*pursuit.crossings, event)[-_CROSSINGS_KEPT:]
            pursuit = turn.keep(msgspec.structs.replace(pursuit, approaches=others, crossings=crossings))
            # A member that was not placed yet came from where it was before the pursuit.
            if (member := pursuit.member(unit)) is not None and member.territory is not None:
                decide_crossing(turn, contact_points, pursuit, unit, event)
        case CrossingCorrected():
            correct(turn, contact_points, pursuit, event)
        case CrossingProbable():
            pass


class _Common(TypedDict):
    id: str
    time: str
    unit: str
    from_: str
    to: str
    border: str
    lon: float
    lat: float
    crossed_at: str
    uncertainty_m: float
    uncertainty_s: float
    confidence: float
    via: tuple[str, ...]
    pursuit: str | None


def _event(turn: Turn, unit: str, notice: _Notice) -> CrossingEvent:
    type_ = _TYPES[type(notice)]
    known = _known(turn.world.tracks[unit], notice)
    common = _Common(
        id=turn.id(type_, notice.number, notice.from_, notice.to),
        time=turn.time,
        unit=unit,
        from_=notice.from_.value,
        to=notice.to.value,
        border=notice.border,
        lon=round(notice.lon, 7),
        lat=round(notice.lat, 7),
        crossed_at=rfc3339(notice.crossed_at),
        uncertainty_m=round(notice.uncertainty_m, 1),
        uncertainty_s=round(notice.uncertainty_s, 2),
        confidence=round(notice.confidence, 4),
        via=() if notice.via is None else (notice.via.value,),
        pursuit=turn.world.pursuit_of.get(unit) if known is None else known.pursuit,
    )
    match notice:
        case Approaching():
            return CrossingApproaching(**common, eta_s=round(notice.eta_s, 1))
        case Probable():
            return CrossingProbable(**common)
        case Confirmed():
            return CrossingConfirmed(**common)
        case Corrected() if known is not None:
            return CrossingCorrected(**common, crossing=known.crossing, supersedes=known.latest)
        case Corrected():
            raise LookupError(f"{unit} has no crossing {notice.number} to correct")
        case Retracted():
            announced = dict(turn.world.tracks[unit].announced)
            supersedes = announced.get(notice.number) if known is None else known.latest
            return CrossingRetracted(
                **common, supersedes=supersedes, reason=notice.reason, takes_back=notice.takes_back
            )


def _known(track: Track, notice: _Notice) -> KnownCrossing | None:
    """The confirmed crossing that a notice is about."""
    confirmed = isinstance(notice, Corrected) or (isinstance(notice, Retracted) and notice.takes_back == "confirmed")
    return next((known for known in track.crossed if confirmed and known.number == notice.number), None)


def _remember(turn: Turn, unit: str, notice: _Notice, event: CrossingEvent) -> None:
    """Keep which event announced or confirmed which crossing, for the event that may take it back or correct it."""
    track = turn.world.tracks[unit]
    announced = tuple(entry for entry in track.announced if entry[0] != notice.number)
    crossed = tuple(known for known in track.crossed if known.number != notice.number)
    match event:
        case CrossingApproaching() | CrossingProbable():
            announced = (*announced, (notice.number, event.id))
        case CrossingConfirmed():
            crossed = (*crossed, KnownCrossing(notice.number, event.id, event.id, event.pursuit))
        case CrossingCorrected():
            crossed = (*crossed, KnownCrossing(notice.number, event.crossing, event.id, event.pursuit))
        case CrossingRetracted():
            pass
    track = msgspec.structs.replace(track, announced=announced, crossed=crossed)
    turn.world.put(turn.world.tracks, unit, track)


def _forget(turn: Turn, unit: str) -> None:
    """Drop the crossings that nothing can correct any more."""
    track = turn.world.tracks[unit]
    if not track.crossed:
        return
    told = () if track.recall is None else track.recall.told
    told += () if track.watch.crossed is None else track.watch.crossed.told
    correctable = {crossing.number for crossing in told}
    crossed = tuple(known for known in track.crossed if known.number in correctable)
    if len(crossed) < len(track.crossed):
        turn.world.put(turn.world.tracks, unit, msgspec.structs.replace(track, crossed=crossed))
