"""Units: who is out there, and what is known of each."""

from __future__ import annotations

from typing import Final

import msgspec

from borders.arrival import Recall
from borders.states import BENELUX, Territory
from borders.watch import Watch
from tracker.fix import Fix

SIMULATED: Final = "SIM-"
"""The name of whatever is simulated begins like this, and that of nothing real does: it shows wherever a name does."""

_STATES: Final = {state.value for state in BENELUX}


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A patrol as the roster knows it. None is "unknown", never "no"."""

    id: str
    state: str | None = None
    """Its sending state: BE, NL or LU."""
    call_sign: str | None = None
    service: str | None = None
    means: str | None = None
    marked: bool | None = None
    uniformed: bool | None = None


class KnownCrossing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A confirmed crossing, for the event that may correct it."""

    number: int
    """The detector's."""
    crossing: str
    """The event that confirmed it."""
    latest: str
    """The event that says where and when it was."""
    pursuit: str | None


class Track(msgspec.Struct, frozen=True, gc=False):
    """What is known of one unit's motion: the newest fix, what the detector remembers, and when it was heard."""

    fix: Fix
    watch: Watch
    received_at: float
    """Server time at which anything was last heard of it, Unix seconds UTC."""
    lag_s: float
    """How long the newest fix took to arrive: what to take off a clock reading to have this unit's data time."""
    interval_s: float
    """Smoothed time between arrivals, for telling a silent unit from a slow one."""
    territory: Territory
    quality: str
    silence: str = "fresh"
    """`fresh`, `stale` or `lost`."""
    announced: tuple[tuple[int, str], ...] = ()
    """The detector's number and the event id of each possible crossing that was announced and is still open."""
    recall: Recall | None = None
    """The last seconds, for fixes that come late."""
    crossed: tuple[KnownCrossing, ...] = ()
    """The confirmed crossings that can still be corrected."""


def is_simulated(name: str) -> bool:
    """Whether a unit or a pursuit of that name is simulated."""
    return name.startswith(SIMULATED)


def simulated(name: str, run: str) -> str:
    """The name under which a unit takes part in one run of a simulation: `SIM-7f3a:BE-K03`."""
    return f"{SIMULATED}{run}:{name}"


def state_of(unit: str) -> str | None:
    """Read the sending state off a unit's name, as in `BE-K03`; None when the name does not say."""
    prefix = _played(unit).partition("-")[0]
    return prefix if prefix in _STATES else None


def call_sign_of(unit: str) -> str:
    """The part of a unit's name that is spoken on the radio: `K03` of `BE-K03`."""
    played = _played(unit)
    prefix, dash, rest = played.partition("-")
    return rest if dash and prefix in _STATES else played


def _played(unit: str) -> str:
    """The unit that a simulated one plays; a real unit plays itself."""
    return unit.partition(":")[2] or unit if is_simulated(unit) else unit
