"""One group of inputs on its way through the core: what is new, what followed, and what is to be written."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable, Sequence
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

_UNSEEN: Final = -math.inf
"""Stands for the newest ping of a boot of which nothing is known."""

_new: Final = tuple.__new__
_log: Final = structlog.get_logger(__name__)


class Known:
    """Remembers the newest ping of each boot: a later one is new, and need not be looked up in the journal."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], float | None] = {}

    def ask(self, keys: Iterable[PingKey]) -> tuple[list[PingKey], list[tuple[str, str]]]:
        """Which of these pings, in this order, may be in the journal, and which boots nothing is known of yet."""
        unsure: list[PingKey] = []
        unseen: dict[tuple[str, str], None] = {}
        newest: dict[tuple[str, str], float | None] = {}
        for key in keys:
            name = key[:2]
            before = newest.get(name, _UNSEEN)
            if before == _UNSEEN:
                before = self._newest.get(name, _UNSEEN)
            if before == _UNSEEN:
                unseen[name] = None
                unsure.append(key)
            elif before is None or key.n > before:
                newest[name] = key.n
            else:
                unsure.append(key)
        return unsure, list(unseen)

    def note(self, newest: dict[tuple[str, str], float | None]) -> None:
        """Remember what the journal says of boots that `ask` named."""
        self._newest.update(newest)
        while len(self._newest) > MAX_BOOTS:
            del self._newest[next(iter(self._newest))]

    def learn(self, rows: Sequence[InputRow]) -> None:
        """Remember inputs that are in the journal now."""
        for row in rows:
            if row.key is not None and (name := row.key[:2]) in self._newest:
                before = self._newest[name]
                if before is None or row.key.n > before:
                    self._newest[name] = row.key.n


class Batch:
    """Steps through inputs one after another, and collects what is to be written and told.

    Args:
        engine: the core.
        world: is changed, within the transaction that the caller began.
        stored: those of the group's pings that the journal has already.
        last_input: id of the newest input in the journal.
        newest_at: server time of the newest input, Unix seconds UTC.
        ration: set while the disk is full.
    """

    def __init__(
        self,
        engine: Engine,
        world: World,
        stored: dict[PingKey, bytes],
        *,
        last_input: int,
        newest_at: float,
        ration: Ration | None = None,
    ) -> None:
        self._engine = engine
        self._world = world
        self._stored = stored
        self._taken: dict[PingKey, PingReceived] = {}
        self._last_input = last_input
        self._ration = ration
        self.newest_at = newest_at
        self.outcomes: list[Outcome] = []
        self.inputs: list[InputRow] = []
        self.events: list[EventRow] = []
        self.quarantined: list[QuarantineRow] = []
        self.events_out: list[Told] = []
        self.moved: dict[str, None] = {}
        self.restated: dict[str, str | None] = {}
        """Units that belong to another state now, with the one that they belonged to."""
        self.introduced: dict[str, None] = {}
        """Those, and new ones whose name does not say which state they belong to."""

    @property
    def is_empty(self) -> bool:
        """True when nothing is to be written."""
        return not self.inputs and not self.quarantined

    def take(self, entry: Input, key: PingKey | None) -> None:
        """Let one input happen, and note its outcome. `key` is what `key_of` says of it."""
        if key is not None and isinstance(entry, PingReceived):
            known = self._find(key) if key in self._taken or (self._stored and key in self._stored) else None
            if known is not None:
                self.outcomes.append([] if known.fix == entry.fix else _taken(key))
                return
            if self._ration is not None:
                self._take_if_it_matters(self._ration, key, entry)
                return
        elif isinstance(entry, UnitRegistered):
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
        self._keep(key, entry, outcome, mark[1])

    def _take_if_it_matters(self, ration: Ration, key: PingKey, entry: PingReceived) -> None:
        evidence = ration.evidence(key)
        if evidence is None:
            self.outcomes.append(Unrecorded())
            return
        mark = self._world.mark()
        before = [one for one in evidence if key_of(one) not in self._taken]
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
                self._keep(key_of(stamped), stamped, caused, offset)
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
        _log.error("an input was set aside", input=type(entry).__name__, key=key_of(entry), error=error)
        self.quarantined.append(QuarantineRow(self.newest_at, error, inputs.encode(entry)))
        return Refused("", "could not be processed; it is kept for inspection")

    def _find(self, key: PingKey) -> PingReceived | None:
        if key in self._taken:
            return self._taken[key]
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

    def _keep(self, key: PingKey | None, entry: Input, caused: list[Event], offset: int) -> None:
        self._last_input += 1
        self.inputs.append(_new(InputRow, (self._last_input, key, inputs.encode(entry))))
        if key is not None and isinstance(entry, PingReceived):
            self._taken[key] = entry
            fix = entry.fix
            if self._world.tracks[fix.unit].fix is fix:
                self.moved[fix.unit] = None
        for event in caused:
            offset += 1
            encoded = events.encode(event)
            seen_by, pursuit = policy.seen_by(self._world, event), policy.pursuit_of(self._world, event)
            self.events.append(EventRow(offset, event.id, self._last_input, encoded, seen_by, pursuit))
            alert = self._world.alerts.get(event.id)
            age_s = None if alert is None else alert.age_s
            self.events_out.append(Told(offset, event, encoded, seen_by, pursuit, age_s))


def key_of(entry: Input) -> PingKey | None:
    """What names a ping; None for any other input."""
    if not isinstance(entry, PingReceived):
        return None
    fix = entry.fix
    # As `PingKey(…)`, in half the time.
    return _new(PingKey, (fix.unit, fix.boot, fix.seq)) if fix.boot else PingKey(*fix.key)


def _taken(key: PingKey) -> Refused:
    if key.boot:
        return Refused("seq", f"{key.n:.0f} of boot {key.boot} is already used for another position")
    return Refused("t", f"{key.n:.3f} is already used for another position of {key.unit}")


def look_up(
    journal: Journal, unsure: Sequence[PingKey], unseen: Sequence[tuple[str, str]]
) -> tuple[dict[PingKey, bytes], dict[tuple[str, str], float | None]]:
    """Those of the unsure pings that are stored, and the newest ping of each unseen boot."""
    newest = {name: journal.newest(*name) for name in unseen}
    # What comes after the newest of its boot is not there.
    asked = [key for key in unsure if (last := newest.get(key[:2], key.n)) is not None and key.n <= last]
    return journal.stored(asked), newest
