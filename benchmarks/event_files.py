"""Drives as files of pings, and files of events as answers: so that anybody's detector can be scored.

The unit of each drive is `D` and its number in the set. Events are those that `drempelloos detect` prints: JSON lines
with `type`, `unit`, `time`, and the fields of a crossing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from benchmarks.detection import STARTED_AT, Answer, Drive, Told
from borders.states import Territory
from tracker.events import unix_s
from tracker.fix import Ping


def pings(drives: Sequence[Drive]) -> Iterator[bytes]:
    """Every fix of every drive, a JSON line each, drive after drive."""
    for number, drive in enumerate(drives):
        for fix in drive.fixes:
            ping = Ping(
                f"D{number}",
                fix.fixed_at,
                fix.lon,
                fix.lat,
                acc=fix.accuracy_m,
                speed=fix.speed_mps,
                course=fix.course_deg,
            )
            yield msgspec.json.encode(ping)


def answers(drives: Sequence[Drive], lines: Iterable[bytes]) -> list[Answer]:
    """What a file of events says of each drive. What was corrected counts as corrected, known since it was first told;
    what was taken back does not count.

    Raises:
        SystemExit: a line is not an event, or of no drive; names its number.
    """
    told: list[dict[str, Told]] = [{} for _ in drives]
    warned: list[list[tuple[float, Territory]]] = [[] for _ in drives]
    probables, taken_back = [0] * len(drives), [0] * len(drives)
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
            kind = event["type"]
            if not kind.startswith("crossing."):
                continue
            drive = int(event["unit"].removeprefix("D"))
            here, known_s = told[drive], unix_s(event["time"]) - STARTED_AT
            if kind == "crossing.confirmed":
                here[event["id"]] = _told(event, known_s)
            elif kind == "crossing.corrected":
                before = here.pop(event["supersedes"])
                here[event["id"]] = _told(event, before.known_s)
            elif kind == "crossing.approaching":
                warned[drive].append((known_s, Territory(event["to"])))
            elif kind == "crossing.probable":
                probables[drive] += 1
            elif kind == "crossing.retracted":
                here.pop(event.get("supersedes", ""), None)
                taken_back[drive] += event.get("takes_back") == "probable"
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise SystemExit(f"line {number} is not an event of one of {len(drives)} drives: {error!r}") from error
    return [Answer(list(told[i].values()), warned[i], probables[i], taken_back[i]) for i in range(len(drives))]


def _told(event: dict[str, object], known_s: float) -> Told:
    crossing = msgspec.convert(event, _Crossing)
    return Told(
        known_s,
        unix_s(crossing.crossed_at) - STARTED_AT,
        crossing.lon,
        crossing.lat,
        Territory(crossing.from_),
        Territory(crossing.to),
        crossing.uncertainty_m,
        crossing.uncertainty_s,
        crossing.confidence,
    )


class _Crossing(msgspec.Struct):
    from_: str = msgspec.field(name="from")
    to: str
    lon: float
    lat: float
    crossed_at: str
    uncertainty_m: float = 0.0
    uncertainty_s: float = 0.0
    confidence: float = 1.0
