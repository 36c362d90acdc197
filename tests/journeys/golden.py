"""Golden journeys: drives over the borders that matter, recorded once, with what must come of them.

Each road is schematic: waypoints by hand where the road really lies, against the boundary data. A car drives it and a
simulated receiver (`tracker/simulation/receiver.py`) lies about it, once a second, on 23 November 2026. The tracks are
in `tracks/`, each in one of the formats that `drempelloos detect` reads; `python -m tests.journeys.golden` writes them
anew.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec

from tracker.fix import Ping
from tracker.simulation.drive import Drive
from tracker.simulation.receiver import NARROW_STREETS, OPEN_SKY, Faults, Receiver
from tracker.simulation.routes import BAARLE, E19, E25, E411, STROLL, Route, route, through

TRACKS: Final = Path(__file__).parent / "tracks"
STARTED_AT: Final = 1_795_442_400.0
"""2026-11-23T14:00:00Z."""

N4: Final = through(
    "N4 along the border at Martelange",
    (5.74742, 49.8250),
    (5.74622, 49.8262),
    (5.74592, 49.8274),
    (5.74532, 49.8286),
    (5.74442, 49.8298),
    (5.74402, 49.8310),
    (5.74232, 49.8322),
    (5.73920, 49.8334),
    (5.73932, 49.8346),
    (5.73942, 49.8358),
    (5.73952, 49.8376),
    (5.74012, 49.8388),
)
"""About 20 m on the Belgian side of the border, which follows the main road of the town."""
SCHENGEN: Final = route(
    "Bridge over the Moselle at Schengen", (6.3585, 49.4692), (6.3640, 49.4697), (6.3685, 49.4702), (6.3755, 49.4709)
)


class Expected(NamedTuple):
    """A crossing that must be told, in order."""

    from_: str
    to: str
    via: tuple[str, ...] = ()


class Journey(NamedTuple):
    """One recorded drive. `gap` are the seconds between which nothing was received; `stands_m` is where on the road the
    unit stops for good.
    """

    file: str
    says: str
    unit: str
    road: Route
    kmh: float
    crossings: tuple[Expected, ...]
    faults: Faults = OPEN_SKY
    backwards: bool = False
    gap: tuple[float, float] = (0.0, 0.0)
    stands_m: float | None = None
    lasts_s: float | None = None
    ambiguous: bool = False
    """Whether it must be shown as ambiguous somewhere."""
    warned_s: float = 20.0
    """How long before it every crossing must be announced; 0 where the road is beside the border all the way."""

    @property
    def drive(self) -> Drive:
        """The true motion."""
        length = self.road.length_m - 20.0
        to = length if self.stands_m is None else self.stands_m
        return Drive(_turned(self.road) if self.backwards else self.road, 20.0, to, 10.0, self.kmh / 3.6)


JOURNEYS: Final = (
    Journey(
        "hazeldonk-north.gpx",
        "E19 from Meer into the Netherlands; the road runs beside the border before it crosses",
        "BE-K03",
        E19,
        130,
        (Expected("BE", "NL"),),
        warned_s=8.0,
    ),
    Journey(
        "hazeldonk-south.geojson",
        "the same road into Belgium",
        "NL-ZB12",
        E19,
        130,
        (Expected("NL", "BE"),),
        backwards=True,
        warned_s=15.0,
    ),
    Journey("eijsden.ndjson", "E25 from Visé into the Netherlands", "BE-L11", E25, 120, (Expected("BE", "NL"),)),
    Journey("sterpenich.csv", "E411 from Arlon into Luxembourg", "BE-A07", E411, 120, (Expected("BE", "LU"),)),
    Journey(
        "sterpenich-gap.csv",
        "the same, with nothing heard for half a minute around the border",
        "BE-A08",
        E411,
        120,
        (Expected("BE", "LU"),),
        gap=(158.0, 188.0),
    ),
    Journey("martelange.gpx", "N4 along the border, and never over it", "BE-A09", N4, 70, ()),
    Journey(
        "martelange-standing.ndjson",
        "standing beside the border for four minutes",
        "BE-A10",
        N4,
        50,
        (),
        stands_m=600.0,
        lasts_s=330.0,
    ),
    Journey(
        "baarle.ndjson",
        "a street through Baarle by car, under an open sky: out of Belgium and back, twice",
        "BE-B01",
        BAARLE,
        30,
        (Expected("BE", "NL"), Expected("NL", "BE"), Expected("BE", "NL"), Expected("NL", "BE")),
        faults=Faults(slow_m=1.0, quick_m=0.3),
        ambiguous=True,
        warned_s=0.0,
    ),
    Journey(
        "baarle-stroll.geojson",
        "a stroll through narrow streets of Baarle: too uncertain to tell a crossing, and shown to be",
        "BE-B02",
        STROLL,
        5,
        (),
        faults=NARROW_STREETS,
        lasts_s=420.0,
        ambiguous=True,
    ),
    Journey(
        "schengen.csv",
        "the bridge over the Moselle: one crossing to Germany, through the zone that both own",
        "LU-P05",
        SCHENGEN,
        60,
        (Expected("LU", "DE", ("LU+DE",)),),
    ),
)


def record(journey: Journey) -> list[Ping]:
    """What the receiver reported."""
    drive = journey.drive
    receiver = Receiver(journey.unit, "g1", journey.faults, Random(journey.file))
    until = drive.arrives_at + 10.0 if journey.lasts_s is None else journey.lasts_s
    pings = [receiver.ping(STARTED_AT + second, drive.at(float(second))) for second in range(int(until) + 1)]
    first, last = journey.gap
    return [ping for ping in pings if ping is not None and not first < ping.t - STARTED_AT < last]


def write(journey: Journey, pings: list[Ping]) -> bytes:
    """The recording in the format that the file's name says."""
    return _WRITERS[Path(journey.file).suffix](pings)


def _turned(road: Route) -> Route:
    return route(road.name, *road.lonlat()[::-25], road.lonlat()[0])


def _time(ping: Ping) -> str:
    moment = datetime.fromtimestamp(ping.t, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _gpx(pings: list[Ping]) -> bytes:
    points = [
        f'<trkpt lat="{ping.lat}" lon="{ping.lon}"><time>{_time(ping)}</time></trkpt>'
        for ping in pings
    ]  # fmt: skip
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="tests/journeys/golden.py" '
    name = f'xmlns="http://www.topografix.com/GPX/1/1">\n<trk><name>{pings[0].unit}</name><trkseg>\n'
    return (head + name + "\n".join(points) + "\n</trkseg></trk>\n</gpx>\n").encode()


def _geojson(pings: list[Ping]) -> bytes:
    feature = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[ping.lon, ping.lat] for ping in pings]},
        "properties": {"unit": pings[0].unit, "coordTimes": [_time(ping) for ping in pings]},
    }
    return (json.dumps(feature) + "\n").encode()


def _csv(pings: list[Ping]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("unit", "t", "lon", "lat", "acc", "speed", "course"))
    rows.writerows((ping.unit, ping.t, ping.lon, ping.lat, ping.acc, ping.speed, ping.course) for ping in pings)
    return text.getvalue().encode()


def _ndjson(pings: list[Ping]) -> bytes:
    return b"".join(msgspec.json.encode(ping) + b"\n" for ping in pings)


_WRITERS: Final[dict[str, Callable[[list[Ping]], bytes]]] = {
    ".gpx": _gpx,
    ".geojson": _geojson,
    ".csv": _csv,
    ".ndjson": _ndjson,
}


if __name__ == "__main__":
    TRACKS.mkdir(exist_ok=True)
    for one in JOURNEYS:
        (TRACKS / one.file).write_bytes(write(one, record(one)))
