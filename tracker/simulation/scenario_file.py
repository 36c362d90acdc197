"""Incidents as data: a TOML file each, read strictly.

A file says where the road runs, who drives on it, what people do when, and which crossings and decisions must come of
it. docs/scenarios.md says how to write one. What is expected is read by the tests and by nothing that decides.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from tracker.errors import Refused
from tracker.facts import Means, Service
from tracker.simulation.drive import Drive
from tracker.simulation.receiver import NARROW_STREETS, OPEN_SKY
from tracker.simulation.routes import Route, through
from tracker.simulation.scenario import Act, Actor, Command, Details, Scenario

_TAIL_S: Final = 30.0
"""After the last arrival and the last act, units go on reporting for so long."""

_MARGIN_M: Final = 20.0
"""Of each end of a road that nobody drives on."""

_REACH_M: Final = 400.0
"""A waypoint lies no farther from the finished route, which rounds the corners."""

State = Literal["BE", "NL", "LU"]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class Waypoint(NamedTuple):
    """A place on a road and the speed from there on; those named are where something happens."""

    lon: Annotated[float, msgspec.Meta(ge=1.5, le=8.6)]
    lat: Annotated[float, msgspec.Meta(ge=48.9, le=54.0)]
    kmh: Annotated[float, msgspec.Meta(ge=5, le=280)]
    place: str = ""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class UnitPart(_Part, frozen=True, kw_only=True):
    """Who drives, on which road, from and to which named places (its ends, where none are named)."""

    id: _Name
    road: str
    departs_s: _Seconds = 0.0
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    receiver: Literal["open sky", "narrow streets"] = "open sky"
    service: Service = "police"
    means: Means = "car"


class ActPart(Details, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a dispatcher does: at a second, or so long before or after a unit passes a named place."""

    do: Command
    at_s: _Seconds | None = None
    when: str | None = None
    passes: str | None = None
    before_s: _Seconds = 0.0
    after_s: _Seconds = 0.0


class CrossingPart(_Part, frozen=True, kw_only=True):
    """A crossing that must come: near which named place, between which territories."""

    unit: str
    place: str
    from_: str = msgspec.field(name="from")
    to: str


class DecisionPart(_Part, frozen=True, kw_only=True):
    """A decision that must come, in order for each unit; `place` is that of the crossing it is on."""

    unit: str
    place: str | None = None
    host: str
    rule: Annotated[str, msgspec.Meta(pattern=r"^R([0-9]|1[0-3])$")]
    permitted: Literal["yes", "no", "conditional", "uncertain"]
    basis: Literal["text", "inferred", "unverified"] | None = None
    """None where treaty.md leaves it open."""


class ScenarioFile(_Part, frozen=True, kw_only=True):
    """One file, whole."""

    title: str
    source: str
    schematic: str
    date: dt.datetime
    sparse_s: Annotated[int, msgspec.Meta(ge=1, le=30)] = 5
    dense_km: Annotated[float, msgspec.Meta(gt=0)] = 2.5
    roads: dict[str, Annotated[tuple[Waypoint, ...], msgspec.Meta(min_length=2)]]
    unit: Annotated[tuple[UnitPart, ...], msgspec.Meta(min_length=1)]
    act: tuple[ActPart, ...] = ()
    crossing: tuple[CrossingPart, ...] = ()
    decision: tuple[DecisionPart, ...] = ()


_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "start": ("unit",),
    "join": ("unit",),
    "contact": ("status", "host"),
    "host-decision": ("decision", "host"),
    "danger": ("disproportionate",),
    "hold": ("unit",),
    "handover": ("to",),
    "report": ("host",),
    "end": (),
}
_ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "start": ("unit", "started_in", "ground", "note"),
    "join": ("unit", "started_in", "note"),
    "contact": ("status", "host", "with_", "channel", "note"),
    "host-decision": ("decision", "host", "instructions", "can_take_over"),
    "danger": ("disproportionate", "note"),
    "hold": ("unit", "note"),
    "handover": ("to", "note"),
    "report": ("host", "note"),
    "end": ("reason",),
}


def names() -> list[str]:
    """The shipped scenarios, in alphabetical order."""
    folder = files("tracker.simulation") / "scenarios"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_shipped(name: str) -> ScenarioFile:
    """A shipped scenario.

    Raises:
        Refused: there is none of that name.
    """
    if name not in names():
        raise Refused("scenario", f"{name!r} is not one of {', '.join(names())}")
    return read(name, (files("tracker.simulation") / "scenarios" / f"{name}.toml").read_bytes())


def read(name: str, body: bytes) -> ScenarioFile:
    """Read a file; what it refers to exists, and each act has the fields of its kind and no others.

    Raises:
        Refused: names the file, the place in it and the reason.
    """
    try:
        file = msgspec.convert(tomllib.loads(body.decode()), ScenarioFile)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(name, f"not TOML: {error}") from error
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise Refused(f"{name}: {path.rstrip('`')}" if path else name, reason) from error
    if file.date.tzinfo is None:
        raise Refused(f"{name}: date", "has no offset; write it with Z or +01:00")
    units = {unit.id: unit for unit in file.unit}
    for number, unit in enumerate(file.unit):
        _known(f"{name}: unit[{number}].road", unit.road, file.roads)
        for place in (unit.from_, unit.to):
            if place is not None:
                _known(f"{name}: unit[{number}]", place, _places(file, unit))
    for number, act in enumerate(file.act):
        _check_act(f"{name}: act[{number}]", act, file, units)
    _check_expected(f"{name}: crossing", [(part.unit, part.place) for part in file.crossing], file, units)
    _check_expected(f"{name}: decision", [(part.unit, part.place) for part in file.decision], file, units)
    return file


def _check_expected(
    kind: str, parts: Sequence[tuple[str, str | None]], file: ScenarioFile, units: dict[str, UnitPart]
) -> None:
    for number, (unit, place) in enumerate(parts):
        _known(f"{kind}[{number}].unit", unit, units)
        if place is not None:
            _known(f"{kind}[{number}].place", place, _places(file, units[unit]))


def _check_act(field: str, act: ActPart, file: ScenarioFile, units: dict[str, UnitPart]) -> None:
    given = {key for key in Details.__struct_fields__ if getattr(act, key) is not None} - {"by"}
    for missing in [key for key in _REQUIRED[act.do] if key not in given]:
        raise Refused(field, f"{act.do!r} needs `{missing}`")
    for stranger in sorted(given - set(_ALLOWED[act.do])):
        raise Refused(field, f"{act.do!r} has no `{stranger}`")
    if act.unit is not None:
        _known(f"{field}.unit", act.unit, units)
    if (act.at_s is None) == (act.when is None) or (act.when is None) != (act.passes is None):
        raise Refused(field, "says neither or both of `at_s`, and `when` a unit `passes` a place")
    if act.when is not None and act.passes is not None:
        _known(f"{field}.when", act.when, units)
        _known(f"{field}.passes", act.passes, _places(file, units[act.when]))


def _places(file: ScenarioFile, unit: UnitPart) -> list[str]:
    return [point.place for point in file.roads[unit.road] if point.place]


def _known(field: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise Refused(field, f"{name!r} is not one of {', '.join(known)}")


def load(name: str) -> Scenario:
    """A shipped scenario, ready to play.

    Raises:
        Refused: there is none of that name.
    """
    return build(name, read_shipped(name))


def build(name: str, file: ScenarioFile) -> Scenario:
    """Lay the roads, plan the drives, put the acts in order of time.

    Raises:
        Refused: an act waits for a place that its unit does not pass.
    """
    roads = {road: _Road(road, points) for road, points in file.roads.items()}
    actors = tuple(_actor(file, unit, roads[unit.road]) for unit in file.unit)
    acts = []
    for number, part in enumerate(file.act):
        at_s = part.at_s
        if at_s is None:
            actor = next(actor for actor in actors if actor.unit == part.when)
            road = roads[next(unit.road for unit in file.unit if unit.id == part.when)]
            try:
                at_s = actor.trips[0].passes_at(road.places[part.passes or ""]) - part.before_s + part.after_s
            except ValueError:
                raise Refused(f"{name}: act[{number}].passes", f"{part.when} does not pass {part.passes}") from None
        details = Details(**{key: getattr(part, key) for key in Details.__struct_fields__})
        acts.append(Act(at_s, part.do, details))
    acts.sort(key=lambda act: act.at_s)
    last_s = max([actor.trips[0].arrives_at for actor in actors] + [act.at_s for act in acts])
    return Scenario(name, last_s + _TAIL_S, actors, tuple(acts), file.date.timestamp())


class _Road:
    """A road as laid, with the place of each of its waypoints on it."""

    def __init__(self, name: str, points: tuple[Waypoint, ...]) -> None:
        self.route: Final = through(name, *((point.lon, point.lat) for point in points))
        self._marks = _marks(self.route, points)
        self._mps = [point.kmh / 3.6 for point in points]
        self.places: Final = {point.place: mark for point, mark in zip(points, self._marks, strict=True) if point.place}

    def speeds(self) -> Callable[[float], float]:
        """The speed that is driven at each place, metres per second."""
        marks, mps = self._marks, self._mps

        def at(station_m: float) -> float:
            passed = [speed for mark, speed in zip(marks, mps, strict=True) if mark <= station_m]
            return passed[-1] if passed else mps[0]

        return at


def _marks(route: Route, points: tuple[Waypoint, ...]) -> list[float]:
    """Metres along the route to where it passes nearest to each waypoint, in order."""
    vertices = [route.plane.xy(point.lon, point.lat) for point in points]
    marks, index = [0.0], 0
    for before, after in pairwise(vertices):
        reach = route.marks_m[index] + 1.2 * math.dist(before, after) + _REACH_M
        candidates = [
            (math.dist((route.xs[other], route.ys[other]), after), other)
            for other in range(index + 1, len(route.xs))
            if route.marks_m[other] <= reach
        ]
        index = min(candidates)[1]
        marks.append(route.marks_m[index])
    marks[-1] = route.length_m
    return marks


def _actor(file: ScenarioFile, unit: UnitPart, road: _Road) -> Actor:
    # Near its ends a route turns back to its beginning, as a circuit does.
    begin = max(_MARGIN_M, 0.0 if unit.from_ is None else road.places[unit.from_])
    end = min(road.route.length_m - _MARGIN_M, math.inf if unit.to is None else road.places[unit.to])
    drive = Drive(road.route, begin, end, unit.departs_s, road.speeds())
    near_m = 1000.0 * file.dense_km
    dense = tuple(
        (drive.passes_at(max(mark - near_m, begin)), drive.passes_at(min(mark + near_m, end)))
        for mark in road.places.values()
        if begin - near_m <= mark <= end + near_m
    )
    faults = OPEN_SKY if unit.receiver == "open sky" else NARROW_STREETS
    return Actor(unit.id, (drive,), faults, file.sparse_s, dense, unit.service, unit.means)
