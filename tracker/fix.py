"""From ping to fix: what a unit says, and what of it is accepted.

A *ping* is a message as received, typed but not yet believed. A *fix* is a ping whose every value lies in its range.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tracker.errors import Refused

GPS_EPOCH_S: Final = 315_964_800.0
"""1980-01-06T00:00:00Z: no satellite fix is older (IS-GPS-200, 3.3.4)."""

MAX_AHEAD_S: Final = 3_600.0
"""A device clock further ahead of the server's than this is refused; less is kept as it was sent."""

DEFAULT_ACCURACY_M: Final = 15.0
"""Assumed 68 % radius of a fix that does not state one: a car receiver in a built-up street."""

MAX_SPEED_MPS: Final = 350.0
"""Nothing a police unit drives or flies is faster than sound."""

MAX_ACCURACY_M: Final = 100_000.0
MAX_SEQ: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""


class Ping(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One position report as sent: `t` Unix seconds UTC, `lon`/`lat` WGS 84 degrees, `acc` metres (68 % radius),
    `speed` metres per second, `course` degrees from north, `boot`/`seq` the sender's restart and message counter.

    A typed decoder demands these ranges, the same as `accept`; a ping that is made otherwise may lie outside them.
    """

    unit: str
    t: Annotated[float, Meta(ge=GPS_EPOCH_S)]
    lon: Annotated[float, Meta(ge=-180.0, le=180.0)]
    lat: Annotated[float, Meta(ge=-90.0, le=90.0)]
    boot: str | None = None
    seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None
    acc: Annotated[float, Meta(ge=0.0, le=MAX_ACCURACY_M)] | None = None
    speed: Annotated[float, Meta(ge=0.0, le=MAX_SPEED_MPS)] | None = None
    course: Annotated[float, Meta(ge=0.0, le=360.0)] | None = None


class Fix(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An accepted position of one unit.

    `fixed_at` is the receiver's time (Unix seconds UTC), `accuracy_m` the 68 % radius, `course_deg` the direction of
    motion over ground in degrees true. `boot` and `seq` are `""` and `-1` when the sender gave none.
    """

    unit: str
    boot: str
    seq: int
    fixed_at: float
    lon: float
    lat: float
    accuracy_m: float
    speed_mps: float | None
    course_deg: float | None

    @property
    def key(self) -> tuple[str, str, float]:
        """What makes this fix the same fix when it is sent again."""
        return (self.unit, self.boot, self.seq) if self.boot else (self.unit, "", self.fixed_at)


def accept(ping: Ping, received_at: float, *, numbered: bool = False, is_in_range: bool = False) -> Fix:
    """Check every range of a ping and return it as a fix.

    Args:
        ping: the decoded message.
        received_at: the server's clock, Unix seconds UTC.
        numbered: demand `boot` and `seq`, as sockets do.
        is_in_range: a typed decoder has checked the numbers already, so that only names and the clock are left.

    Raises:
        Refused: names the first offending field, the value received and what is allowed.
    """
    unit, boot, seq, t, acc, course = ping.unit, ping.boot, ping.seq, ping.t, ping.acc, ping.course
    # Every ping comes through here: what is wrong is only looked for once something is.
    if (
        not is_in_range
        or boot is None
        or seq is None
        or t > received_at + MAX_AHEAD_S
        or not (_is_name(unit) and _is_name(boot))
    ):
        _check_each(ping, received_at, numbered=numbered)
    if acc is None:
        acc = DEFAULT_ACCURACY_M
    elif acc < 1.0:  # that claims too much: the best civil receivers are right to about a metre
        acc = 1.0
    return Fix(
        unit,
        boot or "",
        -1 if seq is None else seq,
        t,
        ping.lon,
        ping.lat,
        acc,
        ping.speed,
        None if course is None else course % 360.0,
    )


def _check_each(ping: Ping, received_at: float, *, numbered: bool) -> None:
    """Raise `Refused` for the first field that is out of its range, if there is one."""
    check_name("unit", ping.unit)
    if numbered and ping.boot is None:
        raise Refused("boot", "missing; pings on a socket are numbered by boot and seq")
    if (ping.boot is None) != (ping.seq is None):
        missing = "boot" if ping.boot is None else "seq"
        raise Refused(missing, "missing; boot and seq go together")
    if ping.boot is not None:
        check_name("boot", ping.boot)
    if ping.seq is not None and not 0 <= ping.seq <= MAX_SEQ:
        raise Refused("seq", f"{ping.seq} is outside 0 to {MAX_SEQ}")
    if not GPS_EPOCH_S <= ping.t <= received_at + MAX_AHEAD_S:
        raise Refused("t", _time_reason(ping.t, received_at))
    _check("lon", ping.lon, -180.0, 180.0, "degrees")
    _check("lat", ping.lat, -90.0, 90.0, "degrees")
    if ping.acc is not None:
        _check("acc", ping.acc, 0.0, MAX_ACCURACY_M, "metres")
    if ping.speed is not None:
        _check("speed", ping.speed, 0.0, MAX_SPEED_MPS, "metres per second")
    if ping.course is not None:
        _check("course", ping.course, 0.0, 360.0, "degrees")


def check_name(field: str, value: str) -> None:
    """Refuse an identifier that is empty, longer than 64 characters, or holds more than letters, digits and `._:-`.

    Raises:
        Refused: names `field`.
    """
    if not value or len(value) > 64:
        raise Refused(field, f"{len(value)} characters; 1 to 64 are allowed")
    if not _is_name(value):
        raise Refused(field, "only ASCII letters, digits and . _ : - are allowed")


@lru_cache(maxsize=2**17)
def _is_name(value: str) -> bool:
    return 0 < len(value) <= 64 and value.isascii() and value.translate(_NAME_MARKS).isalnum()


_NAME_MARKS: Final = str.maketrans("._:-", "0000")


def _check(field: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:  # also false for NaN
        raise Refused(field, f"{value:g} is outside {low:g} to {high:g} {unit}")


def _time_reason(t: float, received_at: float) -> str:
    if not math.isfinite(t):
        return f"{t} is not a time"
    if t < GPS_EPOCH_S:
        return f"{t:.10g} is before the GPS epoch of 1980-01-06; Unix seconds UTC are expected"
    return f"{t:.12g} is {t - received_at:.6g} s ahead of the server's clock; at most {MAX_AHEAD_S:.0f} s is allowed"
