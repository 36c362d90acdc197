"""One group of inputs on its way through the core: what is new, what followed, and what is to be written."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import structlog

from tracker import events, inputs, policy
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.events import Event
from tracker.inputs import Input, PingReceived, Tick, UnitRegistered
from tracker.io.journal import EventRow, InputRow, Journal, PingKey, QuarantineRow
from tracker.io.ration import Ration, matters
from tracker.units import state_of
from tracker.world import World


class Unrecorded(Refused):
    """A ping was not recorded, since there is room only for what matters more. It must be sent again."""

    def __init__(self) -> None:
        super().__init__("", "the disk is full: positions are not recorded")


Outcome = list[Event] | Refused
"""What became of one input: its events, or why it was not accepted."""


class Told(NamedTuple):
    """An event on its way out, in its journalled form too; who may see it is as in `tracker.policy.seen_by`."""

    offset: int
    event: Event
    body: bytes
    seen_by: int
    pursuit: str | None
    age_s: float | None = None
    """How old an alert of the past was when it became known."""


MAX_BOOTS: Final = 250_000
"""Boots whose newest ping is remembered; about 40 MB."""

_NOTHING: Final = -math.inf
"""Stands for the newest ping of a boot of which the journal has none."""

Boot = tuple[str, str]
"""A unit and one of its boots."""

_log: Final = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """What is known of a group's pings."""

    unsure: list[PingKey]
    """Those that may be in the journal, or came twice. Any other is newer than all that came of its boot before it."""
    unseen: list[Boot]
    """Boots of which nothing is known yet."""
    newest: dict[Boot, float]
    """The highest number of each boot, where it is higher than any before."""


class Known:
    """Remembers the newest ping of each boot: a later one is new, and need not be looked up in the journal."""

    def __init__(self) -> None:
        self._newest: dict[Boot, float] = {}

    def ask(self, work: Iterable[Input]) -> Asked:
        """Which of the pings of a group, in this order, may have come before."""
        known = self._newest
        unsure: list[PingKey] = []
        unseen: dict[Boot, float] = {}
        newest: dict[Boot, float] = {}
        for entry in work:
            if not isinstance(entry, PingReceived):
                continue
            fix = entry.fix
            name, n = (fix.unit, fix.boot), fix.seq if fix.boot else fix.fixed_at
            before = newest.get(name)
            if before is None:
                before = known.get(name)
            if before is None:
                unseen[name] = max(n, unseen.get(name, n))
                unsure.append(PingKey(*name, n))
            elif n > before:
                newest[name] = n
            else:
                unsure.append(PingKey(*name, n))
        return Asked(unsure, [*unseen], unseen | newest)

    def note(self, newest: Mapping[Boot, float | None]) -> None:
        """Remember what the journal says of unseen boots."""
        for name, n in newest.items():
            self._newest[name] = _NOTHING if n is None else n
        while len(self._newest) > MAX_BOOTS:
            del self._newest[next(iter(self._newest))]

    def learn(self, newest: Iterable[tuple[Boot, float]]) -> None:
        """Remember what is in the journal now. A number that is not only has its ping looked up in vain when it comes
        again.
        """
        for name, n in newest:
            before = self._newest.get(name)
            if before is not None and n > before:
                self._newest[name] = n


class Batch:
    """Steps through inputs one after another, and collects what is to be written and told.

    Args:
        engine: the core.
        world: is changed, within the transaction that the caller began.
        stored: those of the group's pings that the journal has already; None where no ping of the group can have come
            before, not in the group either.
        last_input: id of the newest input in the journal.
        newest_at: server time of the newest input, Unix seconds UTC.
        ration: set while the disk is full.
    """

    def __init__(
        self,
        engine: Engine,
        world: World,
        stored: dict[PingKey, bytes] | None,
        *,
        last_input: int,
        newest_at: float,
        ration: Ration | None = None,
    ) -> None:
        self._engine = engine
        self._world = world
        self._stored = stored or {}
        self._last_input = last_input
        self._ration = ration
        self._is_named = stored is not None or ration is not None
        """Whether a ping's name has to be looked at."""
        self.newest_at = newest_at
        self.outcomes: list[Outcome] = []
        self.inputs: list[InputRow] = []
        self.events: list[EventRow] = []
        self.quarantined: list[QuarantineRow] = []
        self.events_out: list[Told] = []
        self.taken: dict[PingKey, PingReceived] = {}
        """The pings that are to be written, where their names matter."""
        self.moved: dict[str, None] = {}
        self.restated: dict[str, str | None] = {}
        """Units that belong to another state now, with the one that they belonged to."""
        self.introduced: dict[str, None] = {}
        """Those, and new ones whose name does not say which state they belong to."""

    @property
    def is_empty(self) -> bool:
        """True when nothing is to be written."""
        return not self.inputs and not self.quarantined

    def take(self, work: Iterable[Input]) -> None:
        """Let inputs happen, one after another, and note the outcome of each."""
        for entry in work:
            if not isinstance(entry, PingReceived):
                self._take_other(entry)
            elif not (self._is_named and self._is_answered(entry)):
                offset = self._world.offset
                stamped, outcome = self._happen(entry)
                self.outcomes.append(outcome)
                if isinstance(outcome, list):
                    self._keep(stamped, outcome, offset)

    def _take_other(self, entry: Input) -> None:
        """Let an input happen that is no ping."""
        if isinstance(entry, UnitRegistered):
            unit = entry.unit
            before = self._world.units.get(unit.id)
            if before == unit:
                self.outcomes.append([])
                return
            if unit.state != (state_of(unit.id) if before is None else before.state):
                self.introduced[unit.id] = None
                if before is not None:
                    self.restated.setdefault(unit.id, before.state)
        mark = self._world.mark()
        entry, outcome = self._happen(entry)
        self.outcomes.append(outcome)
        if not isinstance(outcome, list):
            return
        if isinstance(entry, Tick) and not (outcome if self._ration is None else matters(outcome)):
            self._world.undo_to(mark)
            outcome.clear()
            return
        self._keep(entry, outcome, mark[1])

    def _is_answered(self, entry: PingReceived) -> bool:
        """Answer a ping that came before, and while the disk is full any other."""
        key = PingKey(*entry.fix.key)
        known = self._find(key)
        if known is not None:
            self.outcomes.append([] if known.fix == entry.fix else _taken(key))
        elif self._ration is not None:
            self._take_if_it_matters(self._ration, key, entry)
        else:
            return False
        return True

    def _take_if_it_matters(self, ration: Ration, key: PingKey, entry: PingReceived) -> None:
        evidence = ration.evidence(key)
        if evidence is None:
            self.outcomes.append(Unrecorded())
            return
        mark = self._world.mark()
        before = [one for one in evidence if PingKey(*one.fix.key) not in self.taken]
        kept: list[tuple[Input, list[Event], int]] = []
        for one in (*before, entry):
            offset = self._world.offset
            stamped, outcome = self._happen(one)
            if isinstance(outcome, list):
                kept.append((stamped, outcome, offset))
        if not isinstance(outcome, list):
            self._world.undo_to(mark)
            self.outcomes.append(outcome)
        elif any(matters(caused) for _, caused, _ in kept):
            for stamped, caused, offset in kept:
                self._keep(stamped, caused, offset)
            self.outcomes.append(outcome)
        else:
            self._world.undo_to(mark)
            ration.hold(key, entry)
            self.outcomes.append(Unrecorded())

    def _happen(self, entry: Input) -> tuple[Input, list[Event] | Refused]:
        """Let one input happen: the input as it is to be kept, and its events, or why there are none."""
        at = entry.received_at if isinstance(entry, PingReceived) else entry.at
        if at >= self.newest_at:
            self.newest_at = at
        else:
            entry = self._at_newest(entry)
        try:
            return entry, self._engine.step(self._world, entry)
        except Refused as refused:
            return entry, refused
        except Exception:  # noqa: BLE001 - one input that the core fails on must not take the others with it
            return entry, self._set_aside(entry, traceback.format_exc())

    def quarantine(self, entry: Input, error: str) -> None:
        """Set an input aside that the core failed on."""
        self.outcomes.append(self._set_aside(entry, error))

    def _set_aside(self, entry: Input, error: str) -> Refused:
        key = entry.fix.key if isinstance(entry, PingReceived) else None
        _log.error("an input was set aside", input=type(entry).__name__, key=key, error=error)
        self.quarantined.append(QuarantineRow(self.newest_at, error, inputs.encode(entry)))
        return Refused("", "could not be processed; it is kept for inspection")

    def _find(self, key: PingKey) -> PingReceived | None:
        if key in self.taken:
            return self.taken[key]
        body = self._stored.get(key)
        entry = None if body is None else inputs.decode(body)
        return entry if isinstance(entry, PingReceived) else None

    def _at_newest(self, entry: Input) -> Input:
        """Server times never go back from one input to the next, in whatever order they got here."""
        if isinstance(entry, PingReceived):
            waited_s = self.newest_at - entry.came_at
            return PingReceived(entry.fix, self.newest_at, entry.blind, waited_s)
        if isinstance(entry, Tick):
            return Tick(self.newest_at, self.newest_at - entry.came_at)
        return msgspec.structs.replace(entry, at=self.newest_at)

    def _keep(self, entry: Input, caused: list[Event], offset: int) -> None:
        self._last_input += 1
        unit = boot = n = None
        if isinstance(entry, PingReceived):
            fix = entry.fix
            unit, boot, n = fix.unit, fix.boot, fix.seq if fix.boot else fix.fixed_at
            if self._is_named:
                self.taken[PingKey(unit, boot, n)] = entry
            if self._world.tracks[unit].fix is fix:
                self.moved[unit] = None
        self.inputs.append((self._last_input, unit, boot, n, inputs.encode(entry)))
        for event in caused:
            offset += 1
            encoded = events.encode(event)
            seen_by, pursuit = policy.seen_by(self._world, event), policy.pursuit_of(self._world, event)
            self.events.append(EventRow(offset, event.id, self._last_input, encoded, seen_by, pursuit))
            alert = self._world.alerts.get(event.id)
            age_s = None if alert is None else alert.age_s
            self.events_out.append(Told(offset, event, encoded, seen_by, pursuit, age_s))


def _taken(key: PingKey) -> Refused:
    if key.boot:
        return Refused("seq", f"{key.n:.0f} of boot {key.boot} is already used for another position")
    return Refused("t", f"{key.n:.3f} is already used for another position of {key.unit}")


def look_up(
    journal: Journal, unsure: Sequence[PingKey], unseen: Sequence[Boot]
) -> tuple[dict[PingKey, bytes], dict[Boot, float | None]]:
    """Those of the unsure pings that are stored, and the newest ping of each unseen boot."""
    newest = {name: journal.newest(*name) for name in unseen}
    # What comes after the newest of its boot is not there.
    asked = [key for key in unsure if (last := newest.get(key[:2], key.n)) is not None and key.n <= last]
    return journal.stored(asked), newest
