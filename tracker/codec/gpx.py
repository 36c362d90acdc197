"""Tracks as GPX 1.0 and 1.1 (topografix.com/gpx.asp): the points of every `trk`; routes and waypoints have no
times.

Read event by event with expat, so that errors name their line, memory does not grow with the file, and a
document type declaration, the door to every XML bomb, ends the reading where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NoReturn
from xml.parsers import expat

from tracker.codec.quote import quote
from tracker.codec.scalars import instant, number
from tracker.errors import Refused
from tracker.fix import Ping, accept, check_name

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 1_000
"""Characters in one element's text, bar titles and comments, which are not kept."""

_BLOCK_BYTES: Final = 65_536
_MAX_PENDING_BYTES: Final = 2 * _BLOCK_BYTES
"""Expat may read an unfinished tag again from its start with every block it gets: blocks are large and tags
bounded, or a tag of many short lines would take time that grows with its square (CVE-2023-52425)."""

_VALUES: Final = frozenset({"time", "speed", "course", "accuracy"})
"""Children of a point that are read. `speed` and `course` are GPX 1.0's own and, below `extensions`, those of
Garmin's TrackPointExtension 2; `accuracy` is what phone loggers add there, in metres."""


def read(chunks: Iterable[bytes], unit: str | None, stem: str) -> Iterator[Ping]:
    """Every track point in the order of the file, each with its values in range.

    Args:
        chunks: the file.
        unit: whose the tracks are; None takes a track's own name when that may name a unit, and else `stem`.
        stem: the name for tracks without one.

    Raises:
        Refused: names the line and the field.
    """
    reader = _Reader(unit, stem)
    block = bytearray()
    for chunk in chunks:
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            yield from reader.feed(bytes(block))
            block.clear()
    yield from reader.feed(bytes(block), last=True)


class _Reader:
    def __init__(self, unit: str | None, stem: str) -> None:
        self._unit = unit
        self._stem = stem
        self._track_unit = unit or stem
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._length = 0
        self._point: dict[str, str] | None = None
        self._done: list[Ping] = []
        self._fed = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes, *, last: bool = False) -> list[Ping]:
        self._done = []
        self._fed += len(chunk)
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "not well-formed")
            raise Refused("", f"line {error.lineno}: not XML: {reason}") from None
        except Refused as refused:
            line = self._parser.CurrentLineNumber
            raise Refused(refused.field, f"line {line}: {refused.reason}") from None
        if self._fed - max(self._parser.CurrentByteIndex, 0) > _MAX_PENDING_BYTES:
            line = self._parser.CurrentLineNumber
            raise Refused("", f"line {line}: a tag or comment of more than {_MAX_PENDING_BYTES} bytes")
        return self._done

    def _doctype(self, *_: object) -> NoReturn:
        raise Refused("", "a document type declaration; GPX needs none, and none is read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if not self._path and tag != "gpx":
            raise Refused("", f"the document is <{quote(tag)}>; <gpx> is expected")
        self._path.append(tag)
        if len(self._path) > MAX_DEPTH:
            raise Refused("", f"elements nested more than {MAX_DEPTH} deep")
        if tag == "trk" and len(self._path) == 2:
            self._track_unit = self._unit or self._stem
        elif tag == "trkpt" and self._path[1:3] == ["trk", "trkseg"] and len(self._path) == 4:
            self._point = dict(attributes)
        elif (self._point is not None and tag in _VALUES) or self._path[1:] == ["trk", "name"]:
            self._text, self._length = [], 0

    def _characters(self, text: str) -> None:
        if self._text is None:
            return
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise Refused(self._path[-1], f"more than {MAX_TEXT} characters")
        self._text.append(text)

    def _end(self, _name: str) -> None:
        tag = self._path.pop()
        text = "".join(self._text or ()).strip()
        if self._text is not None and self._point is not None:
            self._point.setdefault(tag, text)
        elif self._text is not None and self._unit is None:
            self._track_unit = text if _names_a_unit(text) else self._stem
        self._text = None
        if tag == "trkpt" and self._point is not None and len(self._path) == 3:
            point, self._point = self._point, None
            self._done.append(_ping(self._track_unit, point))


def _ping(unit: str, point: dict[str, str]) -> Ping:
    for field in ("lon", "lat", "time"):
        if not point.get(field):
            raise Refused(field, "missing; a track point needs lon, lat and time")
    ping = Ping(
        unit=unit,
        t=instant("time", point["time"], zone_optional=True),
        lon=number("lon", point["lon"].strip()),
        lat=number("lat", point["lat"].strip()),
        acc=_optional("accuracy", point),
        speed=_optional("speed", point),
        course=_optional("course", point),
    )
    accept(ping, ping.t)
    return ping


def _optional(field: str, point: dict[str, str]) -> float | None:
    return number(field, point[field]) if point.get(field) else None


def _names_a_unit(text: str) -> bool:
    try:
        check_name("unit", text)
    except Refused:
        return False
    return True
