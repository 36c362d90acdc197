"""A laboratory for crossings: drives with exact truth, seen by a receiver that lies, scored.

`python -m benchmarks.detection [--seeds N] [--bare] [--set NAME]` prints our detector beside a naive one that
tests every ping against the polygons, and the limit for place: an estimator that knows road and receiver. `--bare`
receivers state neither speed nor course. `--pings FILE` writes the drives of one set and seed instead, and
`--score FILE` scores the events that any detector made of them (benchmarks/event_files.py).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import numpy as np

from benchmarks.roads import (
    Motion,
    Position,
    Road,
    Truth,
    across,
    along,
    beside,
    border_lines,
    corner,
    standing,
    truths,
    waiting,
    wandering,
)
from borders import boundary_file
from borders.atlas import Atlas
from borders.crossing import Approaching, Confirmed, Detector, Probable, Retracted, sample_of
from borders.geodesy import LocalPlane, distance_m
from borders.states import Territory
from tracker.fix import Fix

STARTED_AT: Final = 1_795_442_400.0
RADIUS_68: Final = math.sqrt(-2 * math.log(1 - 0.68))
SAME_M: Final = 250.0
SAME_S: Final = 60.0
"""A confirmed crossing is the true one if it is between the same two territories and this near in place or time."""

WARNED_S: Final = 20.0


class Receiver(NamedTuple):
    """How a receiver lies: metres per axis, shares of fixes, seconds."""

    sigma_m: float
    claimed: float = 1.0
    """What it states, as a part of the truth."""
    dropouts: float = 0.03
    wild: float = 0.004
    slow: float = 0.8
    """Share of the variance that is a first-order Gauss-Markov process; the rest is new at every fix."""
    memory_s: float = 60.0
    states_velocity: bool = True


class Drive(NamedTuple):
    """What was seen of a drive, and what happened."""

    kind: str
    fixes: list[Fix]
    truths: list[Truth]
    road: Road
    receiver: Receiver


class Told(NamedTuple):
    """One confirmed crossing as a detector told it; instants in seconds from the start of the drive."""

    known_s: float
    at_s: float
    lon: float
    lat: float
    from_: Territory
    to: Territory
    uncertainty_m: float
    uncertainty_s: float
    confidence: float


class Answer(NamedTuple):
    """All that a detector said of one drive."""

    confirmed: list[Told]
    warned: list[tuple[float, Territory]]
    probables: int
    taken_back: int


def observe(random: Random, receiver: Receiver, road: Road, seconds: float, gap: tuple[float, float]) -> list[Fix]:
    """One fix a second, except the lost ones and those in the gap (from, to)."""
    slow, quick = receiver.sigma_m * math.sqrt(receiver.slow), receiver.sigma_m * math.sqrt(1 - receiver.slow)
    kept = math.exp(-1 / receiver.memory_s)
    bias = [random.gauss(0, slow), random.gauss(0, slow)]
    fixes = []
    for second in range(int(seconds) + 1):
        bias = [kept * axis + random.gauss(0, slow * math.sqrt(1 - kept * kept)) for axis in bias]
        east, north = bias[0] + random.gauss(0, quick), bias[1] + random.gauss(0, quick)
        if random.random() < receiver.wild:
            heading, far = random.uniform(0, 2 * math.pi), random.uniform(100, 600)
            east, north = east + far * math.sin(heading), north + far * math.cos(heading)
        lost = random.random() < receiver.dropouts or gap[0] < second < gap[1]
        motion = road(second)
        speed = max(0.0, motion.speed_mps + random.gauss(0, 0.3))
        course = (motion.course_deg + random.gauss(0, 2 if motion.speed_mps > 2 else 90)) % 360
        if lost:
            continue
        lon, lat = LocalPlane(motion.lon, motion.lat).lonlat(east, north)
        velocity = (speed, course) if receiver.states_velocity else (None, None)
        accuracy = max(1.0, RADIUS_68 * receiver.sigma_m * receiver.claimed)
        fixes.append(Fix("u", "b", second, STARTED_AT + second, lon, lat, accuracy, *velocity))
    return fixes


NO_GAP: Final = (0.0, 0.0)


def receivers(random: Random, low_m: float, high_m: float, *, optimists: float, bare: bool) -> Receiver:
    """One of many kinds. How long an error lasts and how much of it is new at every fix is not what the detector takes
    it to be: it cannot know the receiver.
    """
    return Receiver(
        random.uniform(low_m, high_m),
        claimed=0.4 if random.random() < optimists else 1.0,
        slow=random.choice((1.0, 1.0, 0.95, 0.8, 0.5)),
        memory_s=random.uniform(30, 120),
        states_velocity=not bare,
    )


def ordinary(random: Random, atlas: Atlas, lines: list[list[Position]], bare: bool) -> Iterator[Drive]:
    """120 drives across and 120 along, with an ordinary receiver."""
    for _ in range(120):
        receiver = receivers(random, 1.5, 6, optimists=0.0, bare=bare)
        road, crossings = across(random, atlas, lines, before_s=60, after_s=30, turn_dps=random.choice((0, 1)))
        yield Drive("across", observe(random, receiver, road, 90, NO_GAP), crossings, road, receiver)
        receiver = receivers(random, 1.5, 6, optimists=0.0, bare=bare)
        road, seconds = along(random, atlas, lines, nearest_m=20, furthest_m=70)
        yield Drive("along", observe(random, receiver, road, seconds, NO_GAP), [], road, receiver)


def hard(random: Random, atlas: Atlas, lines: list[list[Position]], bare: bool) -> Iterator[Drive]:
    """120 drives across, 90 along and 90 cars that stand, with a bad receiver."""

    def receiver() -> Receiver:
        return receivers(random, 2, 10, optimists=0.25, bare=bare)

    for number in range(120):
        road, crossings = across(random, atlas, lines, before_s=60, after_s=50, turn_dps=random.choice((0, 1)))
        length = random.uniform(16, 50)
        from_s = crossings[0].at_s - length * random.uniform(0.15, 0.85)
        gap = (from_s, from_s + length) if number % 3 == 0 else NO_GAP
        kind, seen = "gap" if gap[1] else "across", receiver()
        yield Drive(kind, observe(random, seen, road, 110, gap), crossings, road, seen)
        if number < 90:
            road, seconds = along(random, atlas, lines, nearest_m=6, furthest_m=30)
            seen = receiver()
            yield Drive("along", observe(random, seen, road, seconds, NO_GAP), [], road, seen)
            road, seen = standing(beside(random, atlas, lines, nearest_m=4, furthest_m=30)), receiver()
            yield Drive("standing", observe(random, seen, road, 240, NO_GAP), [], road, seen)


def silent(random: Random, atlas: Atlas, lines: list[list[Position]], bare: bool) -> Iterator[Drive]:
    """60 drives through town and country that cross within a silence of 300 to 900 s, and 60 on a straight road at one
    speed that wait within it, as long as there is time: anywhere, before the border or after.
    """
    for _ in range(60):
        length, share = random.uniform(300, 900), random.uniform(0.1, 0.9)
        road, crossings = wandering(
            random, atlas, lines, before_s=60 + share * length, after_s=60 + (1 - share) * length
        )
        from_s = crossings[0].at_s - share * length
        seen = receivers(random, 2, 8, optimists=0.0, bare=bare)
        fixes = observe(random, seen, road, 120 + length, (from_s, from_s + length))
        yield Drive("silent", fixes, crossings, road, seen)

        length, before_s, after_s = random.uniform(300, 900), random.uniform(5, 80), random.uniform(5, 80)
        straight_on, crossings = across(random, atlas, lines, before_s=100, after_s=100)
        crossed_s, wait_s = crossings[0].at_s, length - before_s - after_s
        waits_at_s = crossed_s + random.uniform(-before_s, after_s)
        road = waiting(straight_on, waits_at_s, wait_s)
        true = [crossings[0]._replace(at_s=crossed_s + (wait_s if waits_at_s < crossed_s else 0.0))]
        seen = receivers(random, 2, 8, optimists=0.0, bare=bare)
        fixes = observe(random, seen, road, 200 + wait_s, (crossed_s - before_s, crossed_s - before_s + length))
        yield Drive("silent", fixes, true, road, seen)


def corners(random: Random, atlas: Atlas, lines: list[list[Position]], bare: bool) -> Iterator[Drive]:
    """60 drives that cut a corner of another state, each within 1 to 3 s, with an ordinary receiver."""
    for _ in range(60):
        road, crossings = corner(random, atlas, lines, least_s=1.0, most_s=3.0)
        seen = receivers(random, 1.5, 6, optimists=0.0, bare=bare)
        yield Drive("corner", observe(random, seen, road, 130, NO_GAP), crossings, road, seen)


def ours(atlas: Atlas, drive: Drive) -> Answer:
    """What our detector says of a drive."""
    detector = Detector(atlas)
    watch = detector.begin(sample_of(drive.fixes[0]))
    answer = Answer([], [], 0, 0)
    probables = taken_back = 0
    for fix in drive.fixes[1:]:
        watch, notices = detector.step(watch, sample_of(fix))
        known_s = fix.fixed_at - STARTED_AT
        for notice in notices:
            match notice:
                case Confirmed():
                    answer.confirmed.append(
                        Told(
                            known_s,
                            notice.crossed_at - STARTED_AT,
                            notice.lon,
                            notice.lat,
                            notice.from_,
                            notice.to,
                            notice.uncertainty_m,
                            notice.uncertainty_s,
                            notice.confidence,
                        )
                    )
                case Approaching():
                    answer.warned.append((known_s, notice.to))
                case Probable():
                    probables += 1
                case Retracted():
                    taken_back += notice.takes_back == "probable"
                case _:
                    pass
    return answer._replace(probables=probables, taken_back=taken_back)


def naive(atlas: Atlas, drive: Drive) -> Answer:
    """What testing each ping against the polygons says of it."""
    answer = Answer([], [], 0, 0)
    before = atlas.territory(drive.fixes[0].lon, drive.fixes[0].lat)
    for fix in drive.fixes[1:]:
        now = atlas.territory(fix.lon, fix.lat)
        if now is not before:
            at_s = fix.fixed_at - STARTED_AT
            answer.confirmed.append(Told(at_s, at_s, fix.lon, fix.lat, before, now, fix.accuracy_m, 0.5, 1.0))
        before = now
    return answer


def limit(atlas: Atlas, drive: Drive) -> Answer:
    """What nobody can do better: the road's exact shape and the receiver's exact habits are known, and only where the
    road lies is asked (generalised least squares over all fixes until 1.2 s after the crossing).
    """
    answer = Answer([], [], 0, 0)
    for truth in drive.truths:
        known_s = truth.at_s + 1.2
        errors = [(fix.fixed_at - STARTED_AT, _error(drive.road, fix)) for fix in drive.fixes]
        kept = [
            (at, error) for at, error in errors if at <= known_s and math.hypot(*error) < 8 * drive.receiver.sigma_m
        ]
        at = np.array([second for second, _ in kept])
        apart = np.abs(at[:, None] - at)
        alike = drive.receiver.slow * np.exp(-apart / drive.receiver.memory_s)
        weights = np.linalg.solve(alike + (1.001 - drive.receiver.slow) * np.eye(at.size), np.ones(at.size))
        off = (weights @ np.array([error for _, error in kept]) / weights.sum()).tolist()

        def moved(t: float, off: tuple[float, float] = (off[0], off[1])) -> Motion:
            motion = drive.road(t)
            lon, lat = LocalPlane(motion.lon, motion.lat).lonlat(*off)
            return motion._replace(lon=lon, lat=lat)

        answer.confirmed.extend(
            Told(known_s, found.at_s, found.lon, found.lat, found.from_territory, found.to_territory, 0.0, 0.0, 1.0)
            for found in truths(atlas, moved, truth.at_s + 20)
            if (found.from_territory, found.to_territory) == (truth.from_territory, truth.to_territory)
        )
    return answer


def _error(road: Road, fix: Fix) -> tuple[float, float]:
    """Metres east and north by which a fix is wrong."""
    motion = road(fix.fixed_at - STARTED_AT)
    return LocalPlane(motion.lon, motion.lat).xy(fix.lon, fix.lat)


class Score(NamedTuple):
    """The figures of one set of drives."""

    drives: int
    true: int
    missed: int
    false: dict[str, int]
    place_m: list[float]
    delay_s: list[float]
    within_m: int
    within_s: int
    warned: int
    false_warnings_per_h: float
    probables: int
    taken_back: int

    def line(self) -> str:
        """One line of the table."""
        false = ", ".join(f"{kind} {count}" for kind, count in sorted(self.false.items()) if count) or "-"
        hits = max(1, len(self.place_m))
        return (
            f"missed {self.missed}/{self.true}  false {sum(self.false.values())} ({false})  "
            f"place {quantile(self.place_m, 0.5):.1f}/{quantile(self.place_m, 0.95):.1f} m  "
            f"delay {quantile(self.delay_s, 0.5):.2f}/{quantile(self.delay_s, 0.95):.2f} s  "
            f"in 68 %: {self.within_m / hits:.0%} m {self.within_s / hits:.0%} s  "
            f"warned {self.warned / max(1, self.true):.0%}, false {self.false_warnings_per_h:.1f}/h  "
            f"probable {self.probables}, taken back {self.taken_back}"
        )


def quantile(values: list[float], share: float) -> float:
    """The value below which lies that share of them."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else math.nan


def score(drives: list[Drive], answers: list[Answer]) -> Score:
    """Hold what was told against what happened."""
    missed = within_m = within_s = warned = false_warnings = 0
    false: dict[str, int] = {}
    place_m: list[float] = []
    delay_s: list[float] = []
    quiet_s = 0.0
    for drive, answer in zip(drives, answers, strict=True):
        left = list(answer.confirmed)
        for truth in drive.truths:
            hit = next((told for told in left if _same(truth, told, is_silent=drive.kind == "silent")), None)
            if hit is None:
                missed += 1
                continue
            left.remove(hit)
            off_m = distance_m(hit.lon, hit.lat, truth.lon, truth.lat)
            place_m.append(off_m)
            if drive.kind not in {"gap", "silent"}:
                delay_s.append(hit.known_s - truth.at_s)
            within_m += off_m <= hit.uncertainty_m
            within_s += abs(hit.at_s - truth.at_s) <= hit.uncertainty_s
        false[drive.kind] = false.get(drive.kind, 0) + len(left)
        if drive.truths:
            truth = drive.truths[0]
            warned += any(at <= truth.at_s - WARNED_S and to is truth.to_territory for at, to in answer.warned)
        else:
            false_warnings += len(answer.warned)
            quiet_s += drive.fixes[-1].fixed_at - drive.fixes[0].fixed_at
    return Score(
        len(drives),
        sum(len(drive.truths) for drive in drives),
        missed,
        false,
        place_m,
        delay_s,
        within_m,
        within_s,
        warned,
        false_warnings / max(1.0, quiet_s) * 3600,
        sum(answer.probables for answer in answers),
        sum(answer.taken_back for answer in answers),
    )


def _same(truth: Truth, told: Told, *, is_silent: bool) -> bool:
    # In a long silence there is nothing else that it could be.
    near = (
        is_silent
        or distance_m(told.lon, told.lat, truth.lon, truth.lat) < SAME_M
        or abs(told.at_s - truth.at_s) < SAME_S
    )
    return near and (told.from_, told.to) == (truth.from_territory, truth.to_territory)


SETS: Final = {"ordinary": ordinary, "hard": hard, "silent": silent, "corners": corners}
DETECTORS: Final[dict[str, Callable[[Atlas, Drive], Answer]]] = {"ours": ours, "naive": naive, "limit": limit}


def main() -> None:
    """Print the table."""
    from benchmarks import event_files  # noqa: PLC0415 - it is made of what is above

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--set", choices=sorted(SETS), action="append")
    parser.add_argument("--pings", type=Path)
    parser.add_argument("--score", type=Path)
    arguments = parser.parse_args()
    atlas = boundary_file.load()
    lines = border_lines(atlas)
    if arguments.pings or arguments.score:
        if not arguments.set or len(arguments.set) != 1:
            parser.error("--pings and --score are about one set: name it with --set")
        drives = list(SETS[arguments.set[0]](Random(arguments.first), atlas, lines, arguments.bare))
        if arguments.pings:
            arguments.pings.write_bytes(b"\n".join(event_files.pings(drives)) + b"\n")
        if arguments.score:
            with arguments.score.open("rb") as events:
                print(score(drives, event_files.answers(drives, events)).line())
        return
    for name in arguments.set or SETS:
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            drives = list(SETS[name](Random(seed), atlas, lines, arguments.bare))
            for detector, answer in DETECTORS.items():
                began = time.perf_counter()
                answers = [answer(atlas, drive) for drive in drives]
                cost_us = (time.perf_counter() - began) / sum(len(drive.fixes) for drive in drives) * 1e6
                print(f"{name} {seed} {detector:5} {score(drives, answers).line()}  {cost_us:.0f} us/fix", flush=True)


if __name__ == "__main__":
    main()
