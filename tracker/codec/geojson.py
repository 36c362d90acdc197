"""Tracks as GeoJSON (RFC 7946) with times, in the three forms that are about:

- a LineString or MultiLineString feature with `properties.coordTimes`, `properties.times` or
  `properties.coordinateProperties.times`: an RFC 3339 time or a number of Unix seconds for each position;
- a FeatureCollection of such features; - a FeatureCollection of Point features with `properties.time` or
`properties.t`, and optionally `acc`, `speed`,
  `course`, `boot` and `seq`, as in a ping.

`properties.unit` names the unit. Heights are ignored. No geometry library sees any of it: positions are
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from tracker.codec.quote import quote
from tracker.codec.scalars import instant
from tracker.errors import Refused
from tracker.fix import Ping, accept

_Instant = str | float
_Position = list[float]
_T = TypeVar("_T")


class _Point(msgspec.Struct, tag_field="type", tag="Point"):
    coordinates: _Position


class _LineString(msgspec.Struct, tag_field="type", tag="LineString"):
    coordinates: list[_Position]


class _MultiLineString(msgspec.Struct, tag_field="type", tag="MultiLineString"):
    coordinates: list[list[_Position]]


class _CoordinateProperties(msgspec.Struct):
    times: msgspec.Raw = msgspec.Raw()


class _Properties(msgspec.Struct, rename={"coord_times": "coordTimes", "of_positions": "coordinateProperties"}):
    unit: str | None = None
    boot: str | None = None
    seq: int | None = None
    t: _Instant | None = None
    time: _Instant | None = None
    acc: float | None = None
    speed: float | None = None
    course: float | None = None
    coord_times: msgspec.Raw = msgspec.Raw()
    times: msgspec.Raw = msgspec.Raw()
    of_positions: _CoordinateProperties | None = None


class _Feature(msgspec.Struct, tag_field="type", tag="Feature"):
    geometry: _Point | _LineString | _MultiLineString
    properties: _Properties | None = None


class _FeatureCollection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_Feature]


_decoder: Final = msgspec.json.Decoder(_Feature | _FeatureCollection)
_times: Final = msgspec.json.Decoder(list[_Instant])
_times_of_lines: Final = msgspec.json.Decoder(list[list[_Instant]])


def read(body: bytes, unit: str) -> Iterator[Ping]:
    """Every position in the order of the file, each with its values in range.

    Args:
        body: the file.
        unit: whose the features are that do not name a unit.

    Raises:
        Refused: names the feature, the position and the field.
    """
    document = _decode(_decoder, body, "")
    features = document.features if isinstance(document, _FeatureCollection) else [document]
    for number, feature in enumerate(features):
        place = f"feature {number}"
        properties = feature.properties or _Properties()
        match feature.geometry:
            case _Point(coordinates=position):
                yield _of_point(place, position, properties, unit)
            case _LineString(coordinates=positions):
                times = _decode(_times, _raw_times(properties, place), f"{place}, times")
                yield from _of_line(place, positions, times, properties.unit or unit)
            case _MultiLineString(coordinates=lines):
                times_of = _decode(_times_of_lines, _raw_times(properties, place), f"{place}, times")
                if len(times_of) != len(lines):
                    raise Refused("times", f"{place}: {len(times_of)} lists of times for {len(lines)} lines")
                for index, (line, times) in enumerate(zip(lines, times_of, strict=True)):
                    yield from _of_line(f"{place}, line {index}", line, times, properties.unit or unit)


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw, place: str) -> _T:
    try:
        return decoder.decode(body)
    except RecursionError:
        raise Refused("", "nested too deeply") from None
    except ValueError as error:  # msgspec's own errors and those of UTF-8
        reason = str(error).encode("unicode_escape").decode("ascii")[:200]
        raise Refused("", f"{place}: {reason}" if place else reason) from None


def _raw_times(properties: _Properties, place: str) -> msgspec.Raw:
    nested = properties.of_positions.times if properties.of_positions else msgspec.Raw()
    for raw in (properties.coord_times, properties.times, nested):
        if bytes(raw):
            return raw
    raise Refused("coordTimes", f"{place}: missing; a line needs a time for each position")


def _of_point(place: str, position: _Position, properties: _Properties, unit: str) -> Ping:
    moment = properties.t if properties.time is None else properties.time
    if moment is None:
        raise Refused("time", f"{place}: missing")
    return _ping(place, position, moment, properties, properties.unit or unit)


def _of_line(place: str, positions: list[_Position], times: list[_Instant], unit: str) -> Iterator[Ping]:
    if len(times) != len(positions):
        raise Refused("times", f"{place}: {len(times)} times for {len(positions)} positions")
    nothing = _Properties()
    for index, (position, moment) in enumerate(zip(positions, times, strict=True)):
        yield _ping(f"{place}, position {index}", position, moment, nothing, unit)


def _ping(place: str, position: _Position, moment: _Instant, told: _Properties, unit: str) -> Ping:
    if not 2 <= len(position) <= 4:
        reason = f"{len(position)} numbers; longitude, latitude and perhaps height are expected"
        raise Refused("coordinates", f"{place}: {reason}")
    try:
        ping = Ping(
            unit=unit,
            t=instant("time", moment) if isinstance(moment, str) else moment,
            lon=position[0],
            lat=position[1],
            boot=told.boot,
            seq=told.seq,
            acc=told.acc,
            speed=told.speed,
            course=told.course,
        )
        accept(ping, ping.t)
    except Refused as refused:
        raise Refused(quote(refused.field), f"{place}: {refused.reason[:200]}") from None
    return ping
