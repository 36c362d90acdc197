"""What is remembered of one unit between two fixes."""

from __future__ import annotations

import msgspec

from borders.motion import Sample
from borders.notices import Approaching, Confirmed, Passage, Probable
from borders.states import Territory


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A possible crossing under observation."""

    number: int
    back: int = 0
    """Fixes in a row at home again."""
    probable: Probable | None = None


class Announced(msgspec.Struct, frozen=True, gc=False):
    """A crossing that lies ahead: first only seen (`notice` is None), then announced."""

    number: int
    to: Territory
    from_m: float
    """Distance to the nearest border at the first sighting."""
    seen: int = 1
    misses: int = 0
    notice: Approaching | None = None


class Crossed(msgspec.Struct, frozen=True, gc=False):
    """The latest way over borders that was told, and the fixes around it, to hold against one that comes late."""

    believed: Territory
    """Where the unit was believed to be before."""
    since: float
    """And since when, Unix seconds."""
    entered: Passage | None
    """How it had come into the shared zone that it was believed in."""
    told: tuple[Confirmed, ...]
    samples: tuple[Sample, ...]


class Watch(msgspec.Struct, frozen=True, gc=False):
    """Everything that is remembered of one unit."""

    territory: Territory
    """Where it is believed to be."""
    quality: str
    """`ok`, `ambiguous` (the error circle touches more than one territory), `suspect` or `late`."""
    samples: tuple[Sample, ...]
    strays: tuple[Sample, ...] = ()
    since: float = 0.0
    """Since when it is believed there, Unix seconds; 0 when from its first fix on."""
    home: Sample | None = None
    """The newest fix that was surely there, or confirmed that it is. None: it began so near a border that nobody knows
    where it began."""
    entered: Passage | None = None
    """How it came into the shared zone in which it is, not told yet: it may be on a bridge."""
    pending: Pending | None = None
    ahead: Announced | None = None
    numbers: int = 0
    """Possible crossings numbered so far."""
    crossed: Crossed | None = None

    @property
    def pending_probable(self) -> Probable | None:
        """The possible crossing that was told as probable."""
        return None if self.pending is None else self.pending.probable

    @property
    def open_notices(self) -> tuple[Approaching | Probable, ...]:
        """What was told and neither confirmed nor taken back; of one possible crossing the latest."""
        probable = self.pending_probable
        announced = None if self.ahead is None else self.ahead.notice
        if announced is not None and probable is not None and announced.number == probable.number:
            announced = None
        return tuple(notice for notice in (announced, probable) if notice is not None)
