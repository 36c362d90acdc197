"""Pings as JSON: one object, or an array of at most 1000.

Two paths give one answer. The fast one is a single typed decode of the whole message, ranges of numbers included,
and takes every message in which nothing is wrong. As soon as something is, the exact one reads the message again,
names field and reason element by element, and lets the good elements through.

A name given twice in one object is refused: RFC 8259, section 4, leaves open which value counts, and two
readers of the same ping must not disagree on where a unit is. A message nested more deeply than Python
follows (some hundreds of levels; a ping has one, an array of pings two) is refused as a whole.
"""

from __future__ import annotations

import json
import math
from typing import Final, NamedTuple, NoReturn

import msgspec

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.fix import MAX_SEQ, Fix, Ping, accept, check_name

MAX_PINGS: Final = 1000
"""The longest array that one message may hold."""

_MAX_REASON: Final = 200


class Refusal(msgspec.Struct, frozen=True):
    """One element that was not accepted.

    `index` counts from 0 within the message; `unit`, `boot` and `seq` are those of the element where they
    could be read. `field` is `""` when it is the element or the message as a whole. All texts are printable
    ASCII.
    """

    index: int
    unit: str | None
    boot: str | None
    seq: int | None
    field: str
    reason: str


def decode(message: bytes | str) -> list[Ping | Refusal]:
    """Read a message: an entry per element, in order; one refusal when it cannot be read at all. Raises
    nothing.

    Every number in a ping is finite. Ranges are not looked at here; `tracker.fix.accept` does that.
    """
    pings = _decode_fast(message)
    return _decode_exactly(message) if pings is None else [*pings]


def fixes(message: bytes | str, received_at: float, numbered: bool) -> list[Fix | Refusal]:
    """Read a message and check every range: an entry per element, in order. Raises nothing.

    Args:
        message: one ping or an array of at most 1000.
        received_at: the server's clock, Unix seconds UTC.
        numbered: demand `boot` and `seq`, as sockets do.
    """
    accepted: list[Fix | Refusal] = []
    pings = _decode_fast(message)
    if pings is not None:
        try:
            for ping in pings:
                # Mostly there is one, for which a comprehension is dearer.
                accepted.append(accept(ping, received_at, numbered=numbered, is_in_range=True))  # noqa: PERF401
        except Refused:
            accepted.clear()
        else:
            return accepted
    for index, entry in enumerate(_decode_exactly(message)):
        if isinstance(entry, Refusal):
            accepted.append(entry)
            continue
        try:
            accepted.append(accept(entry, received_at, numbered=numbered))
        except Refused as refused:
            told: dict[str, object] = {"unit": entry.unit, "boot": entry.boot, "seq": entry.seq}
            accepted.append(_refusal(index, told, refused.field, refused.reason[:_MAX_REASON]))
    return accepted


class _Literal(NamedTuple):
    """A number as it was spelt, where Python's own reading of it would not be exact."""

    text: str


class _Members(NamedTuple):
    """An object's members in the order and number in which they were sent."""

    pairs: list[tuple[str, object]]


def _exact_float(text: str) -> float | _Literal:
    number = float(text)
    return number if math.isfinite(number) else _Literal(text)


def _exact_int(text: str) -> int | _Literal:
    # Turning n digits into an int takes time that grows with n², and Python refuses more than 4300.
    return int(text) if len(text) <= 20 else _Literal(text)


_decoder: Final = msgspec.json.Decoder(Ping | list[Ping])
_exact_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_Members, parse_float=_exact_float, parse_int=_exact_int, parse_constant=_Literal
)
_FIELDS: Final = Ping.__struct_fields__
_TEXTS: Final = ("unit", "boot")
_NUMBERS: Final = ("t", "lon", "lat", "acc", "speed", "course")
_REQUIRED: Final = ("unit", "t", "lon", "lat")


def _decode_fast(message: bytes | str) -> list[Ping] | None:
    """The pings of a message, their numbers in range; None where something is wrong, or may be.

    Of two equal names the typed decoder lets the last win. Each member has a colon outside its texts, so no more colons
    than fields with a value means that every field came once. Colons inside texts and nulls only make the exact path
    look again.
    """
    try:
        decoded = _decoder.decode(message)
    except (ValueError, RecursionError):
        return None
    pings = [decoded] if isinstance(decoded, Ping) else decoded
    colons = message.count(":") if isinstance(message, str) else message.count(b":")
    for ping in pings:
        colons -= 4 + (ping.boot is not None) + (ping.seq is not None) + (ping.acc is not None)
        colons -= (ping.speed is not None) + (ping.course is not None)
    return None if colons or len(pings) > MAX_PINGS else pings


def _decode_exactly(message: bytes | str) -> list[Ping | Refusal]:
    try:
        body = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
        text = body.decode()
        content: object = _exact_decoder.decode(text)
    except UnicodeDecodeError as error:
        return [_refusal(0, {}, "", f"not UTF-8 from byte {error.start}")]
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode())
        return [_refusal(0, {}, "", f"not JSON from byte {at}: {quote(error.msg)}")]
    except RecursionError:
        return [_refusal(0, {}, "", "nested too deeply; a ping is an object of texts and numbers")]
    elements: list[object] = content if isinstance(content, list) else [content]
    if len(elements) > MAX_PINGS:
        return [_too_many(len(elements))]
    return [_decode_element(index, element) for index, element in enumerate(elements)]


def _decode_element(index: int, element: object) -> Ping | Refusal:
    if not isinstance(element, _Members):
        return _refusal(index, {}, "", f"{_show(element)} is not a ping; an object is expected")
    told = dict(element.pairs)
    try:
        _check_names([name for name, _ in element.pairs])
        return Ping(
            unit=_text("unit", told["unit"]),
            t=_number("t", told["t"]),
            lon=_number("lon", told["lon"]),
            lat=_number("lat", told["lat"]),
            boot=None if told.get("boot") is None else _text("boot", told["boot"]),
            seq=None if told.get("seq") is None else _integer("seq", told["seq"]),
            acc=None if told.get("acc") is None else _number("acc", told["acc"]),
            speed=None if told.get("speed") is None else _number("speed", told["speed"]),
            course=None if told.get("course") is None else _number("course", told["course"]),
        )
    except Refused as refused:
        return _refusal(index, told, refused.field, refused.reason)


def _check_names(names: list[str]) -> None:
    for position, name in enumerate(names):
        if name not in _FIELDS:
            raise Refused(quote(name), f"unknown field; allowed are {', '.join(_FIELDS)}")
        if name in names[:position]:
            raise Refused(name, f"given {names.count(name)} times; once is allowed")
    for name in _REQUIRED:
        if name not in names:
            raise Refused(name, "missing")


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        _refuse_type(field, value, "a string")
    if any("\ud800" <= mark <= "\udfff" for mark in value):
        raise Refused(field, f"{_show(value)} holds half a surrogate pair, which is not a character")
    return value


def _number(field: str, value: object) -> float:
    if isinstance(value, _Literal):
        number = float(value.text)
        if not math.isfinite(number):
            digits = any(mark.isdigit() for mark in value.text)
            raise Refused(field, f"{_show(value)} is {'too large for' if digits else 'not'} a number")
        return number
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse_type(field, value, "a number")
    return float(value)


def _integer(field: str, value: object) -> int:
    if isinstance(value, _Literal) and value.text.lstrip("-").isdigit():
        raise Refused(field, f"{_show(value)} is outside 0 to {MAX_SEQ}")
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse_type(field, value, "an integer")
    return value


def _refuse_type(field: str, value: object, expected: str) -> NoReturn:
    raise Refused(field, f"{_show(value)} is not {expected}")


def _show(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{quote(value)}"'
        case _Literal():
            return quote(value.text)
        case int() | float():
            return repr(value)
        case _Members():
            return "an object"
        case _:
            return "an array"


def _too_many(count: int) -> Refusal:
    return _refusal(0, {}, "", f"{count} pings in one message; at most {MAX_PINGS} are allowed")


def _refusal(index: int, told: dict[str, object], field: str, reason: str) -> Refusal:
    seq = told.get("seq")
    readable = isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq <= MAX_SEQ
    return Refusal(
        index=index,
        unit=_name("unit", told.get("unit")),
        boot=_name("boot", told.get("boot")),
        seq=seq if isinstance(seq, int) and readable else None,
        field=field,
        reason=reason,
    )


def _name(field: str, value: object) -> str | None:
    """A name to echo: only one that would be allowed, so that no answer carries what its sender made up."""
    if not isinstance(value, str):
        return None
    try:
        check_name(field, value)
    except Refused:
        return None
    return value
