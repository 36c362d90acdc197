"""One unit's or gateway's connection: what it sends becomes inputs, and what became of them is said in the same order.

What one read brought is submitted together, up to a bound on what is in flight; what is beyond it is held, and the
connection is not read from until there is room. Answers are gathered per commit. Everything here runs in the turn of
the loop that brought it: no task and no future per message. `tracker.io.receipts` says what may be acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from websockets.frames import CloseCode

from tracker.codec.json_ping import Refusal, fixes
from tracker.errors import Refused
from tracker.fix import Fix
from tracker.inputs import Input, PingReceived
from tracker.io.batch import Outcome, Unrecorded
from tracker.io.connection import Connection
from tracker.io.credentials import Grant
from tracker.io.gate import Gate
from tracker.io.lanes import GROUP
from tracker.io.metrics import Metrics
from tracker.io.pace import Pace
from tracker.io.receipts import Receipts, Sender
from tracker.io.roster import registration
from tracker.io.service import Service, Unavailable

MESSAGES_IN_FLIGHT: Final = 64
"""Messages of one connection whose pings are not answered for. What one read brought beyond it is held, and no more is
read."""

MAX_OWED: Final = 20_000
"""Pings of one connection that could not be accepted, or came out of order, before it is sent away."""


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    """Every ping of this boot up to this number that was sent on this connection has been dealt with."""

    unit: str
    boot: str
    upto: int


class RefusedPing(msgspec.Struct, frozen=True, tag_field="type", tag="refused"):
    """One ping was not accepted; what cannot be read of its name is null."""

    unit: str | None
    boot: str | None
    seq: int | None
    field: str
    reason: str


class SlowDown(msgspec.Struct, frozen=True, tag_field="type", tag="slow_down"):
    """Pings could not be accepted. Wait, and send again what has not been acknowledged."""

    reason: str


_Run = tuple[Sender, list[int], int | None]
"""Pings of one sender that came one after another: their numbers, and the place of the first among the inputs of their
round; None where they were refused before they became inputs, and may be acknowledged.
"""


class _Round:
    """Messages that were submitted together, and what became of their pings."""

    __slots__ = ("inputs", "messages", "outcomes", "refused", "runs", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        """When they came, by the loop's clock."""
        self.messages = 0
        self.inputs: list[Input] = []
        self.runs: list[_Run] = []
        """In the order in which they came."""
        self.refused: list[RefusedPing] = []
        self.outcomes: list[Outcome] | Unavailable | None = None


class UnitSession:
    """One connection.

    Args:
        service: the door to the core.
        gate: says for which units it may speak.
        metrics: counts.
        now: the clock, Unix seconds UTC.
        connection: is read from and answered.
        grant: whose it is; None where none is needed.
        pace: how fast it may send; None: as fast as it can.
    """

    def __init__(
        self,
        service: Service,
        gate: Gate,
        metrics: Metrics,
        now: Callable[[], float],
        connection: Connection,
        grant: Grant | None,
        pace: Pace | None = None,
    ) -> None:
        self._service = service
        self._gate = gate
        self._metrics = metrics
        self._now = now
        self._connection = connection
        self._grant = grant
        self._pace = pace
        self._resting: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._receipts = Receipts()
        self._held: deque[bytes] = deque()
        self._in_flight = 0
        self._rounds: deque[_Round] = deque()
        self._refused: list[RefusedPing] = []
        self._slow_down: SlowDown | None = None
        self._is_due = False
        self._is_paused = False
        self._waiting: asyncio.Task[None] | None = None
        self._end: asyncio.Future[tuple[CloseCode, str] | None] = self._loop.create_future()

    async def run(self) -> None:
        """Serve it until it is gone.

        Raises:
            Exception: whatever went wrong while serving it.
        """
        if not self._connection.hand_to(self):
            await self._connection.close(CloseCode.PROTOCOL_ERROR, "wait for the answer to the handshake")
            return
        try:
            why = await self._end
        finally:
            if self._waiting is not None:
                self._waiting.cancel()
            if self._resting is not None:
                self._resting.cancel()
        if why is not None:
            await self._connection.close(*why)

    def received(self, messages: list[bytes]) -> None:
        """Messages came, text or not."""
        self._held += messages
        self._guarded(self._advance)

    def writable(self) -> None:
        """It listens again."""
        self._soon()

    def ended(self) -> None:
        """Nothing more will come; what is in flight happens all the same."""
        if not self._end.done():
            self._end.set_result(None)

    def _guarded(self, call: Callable[[], None]) -> None:
        if self._end.done():
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001 - `run` raises it, and the log gets it
            self._end.set_exception(error)

    def _soon(self) -> None:
        """Answer and go on, once in the next turn of the loop, however much happens in this one."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._guarded, self._turn)

    def _turn(self) -> None:
        self._is_due = False
        # A sender that does not listen is not read from either.
        if not self._connection.is_full:
            self._answer()
            self._advance()

    def _advance(self) -> None:
        """Submit what is held, as far as there is room."""
        while self._held and self._in_flight < MESSAGES_IN_FLIGHT and self._waiting is None and self._resting is None:
            if self._connection.is_full:
                break
            round_ = self._sorted()
            self._rest_after(round_)
            self._submit(round_)
        is_held = bool(self._held)
        if is_held != self._is_paused:
            self._is_paused = is_held
            if is_held:
                self._connection.pause_reading()
            else:
                self._connection.resume_reading()

    def _rest_after(self, round_: _Round) -> None:
        """Take nothing more for a while after more than is allowed."""
        if self._pace is None:
            return
        pings = [entry for entry in round_.inputs if isinstance(entry, PingReceived)]
        if pings:
            at = pings[0].received_at
            wait_s = self._pace.wait_s(len(pings), at - pings[0].fix.fixed_at, at)
            if wait_s > 0:
                self._resting = self._loop.call_later(wait_s, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._soon()

    def _sorted(self) -> _Round:
        """Sort the pings of as many messages as there is room for into those to submit and those refused."""
        round_ = _Round(self._loop.time())
        received_at = self._now()
        held, inputs, introduced = self._held, round_.inputs, set[str]()
        sender: Sender | None = None
        seqs: list[int] = []
        while held and self._in_flight + round_.messages < MESSAGES_IN_FLIGHT and len(inputs) < GROUP:
            round_.messages += 1
            for entry in fixes(held.popleft(), received_at, numbered=True):
                if not isinstance(entry, Fix):
                    self._refuse(round_, entry)
                    sender = None
                    continue
                if (named := (entry.unit, entry.boot)) != sender:
                    unit, sender = entry.unit, None
                    if not self._gate.admits_unit(self._grant, unit):
                        reason = f"this token is not for unit {unit}"
                        round_.refused.append(RefusedPing(unit, entry.boot, entry.seq, "unit", reason))
                        continue
                    if unit not in introduced:
                        introduced.add(unit)
                        news = registration(self._service.world, unit, self._grant, received_at)
                        if news is not None:
                            inputs.append(news)
                    sender, seqs = named, []
                    round_.runs.append((sender, seqs, len(inputs)))
                seqs.append(entry.seq)
                inputs.append(PingReceived(entry, received_at))
        for sender, seqs, _ in round_.runs:
            self._receipts.came(sender, seqs)
        return round_

    def _refuse(self, round_: _Round, entry: Refusal) -> None:
        unit, boot, seq = entry.unit, entry.boot, entry.seq
        round_.refused.append(RefusedPing(unit, boot, seq, entry.field, entry.reason))
        # It is dealt with, if all of its name could be read and the token is for its unit.
        if unit is None or boot is None or seq is None or not self._gate.admits_unit(self._grant, unit):
            return
        round_.runs.append(((unit, boot), [seq], None))

    def _submit(self, round_: _Round) -> None:
        self._in_flight += round_.messages
        self._rounds.append(round_)
        if not round_.inputs:
            self._resolve(round_, [])
            return
        try:
            if not self._service.post(round_.inputs, partial(self._resolve, round_)):
                self._waiting = self._loop.create_task(self._submit_later(round_), name="a unit waits for room")
        except Unavailable as error:
            self._resolve(round_, error)

    async def _submit_later(self, round_: _Round) -> None:
        """The queue is full; until there is room nothing more is taken."""
        try:
            await self._service.post_when_room(round_.inputs, partial(self._resolve, round_))
        except Unavailable as error:
            self._resolve(round_, error)
        self._waiting = None
        self._soon()

    def _resolve(self, round_: _Round, outcomes: list[Outcome] | Unavailable) -> None:
        """What became of a round is known; it is said when all before it is."""
        round_.outcomes = outcomes
        if self._rounds[0] is round_:
            self._soon()

    def _answer(self) -> None:
        """Say what there is to say."""
        while self._rounds and (outcomes := self._rounds[0].outcomes) is not None:
            round_ = self._rounds.popleft()
            self._in_flight -= round_.messages
            self._settle(round_, outcomes)
        if self._receipts.owed > MAX_OWED and not self._end.done():
            self._end.set_result((CloseCode.TRY_AGAIN_LATER, "too much is unanswered; try again later"))
        answers: list[msgspec.Struct] = [*self._refused]
        self._refused.clear()
        answers += [Ack(unit, boot, upto) for (unit, boot), upto in self._receipts.acks()]
        if self._slow_down is not None:
            answers.append(self._slow_down)
            self._slow_down = None
        if answers:
            self._connection.write_texts([_encode(answer) for answer in answers])

    def _settle(self, round_: _Round, outcomes: list[Outcome] | Unavailable) -> None:
        """Note what there is to say of a round."""
        receipts, refused = self._receipts, round_.refused
        accepted = postponed = 0
        are_all_accepted = isinstance(outcomes, list) and {*map(type, outcomes)} == {list}  # as nearly always
        for sender, seqs, place in round_.runs:
            if place is None:
                receipts.dealt_with(sender, seqs)
            elif isinstance(outcomes, Unavailable):
                self._slow_down = SlowDown(str(outcomes))
                postponed += len(seqs)
                receipts.not_accepted(sender, seqs)
            elif are_all_accepted:
                accepted += len(seqs)
                receipts.dealt_with(sender, seqs)
            else:
                for seq, outcome in zip(seqs, outcomes[place : place + len(seqs)], strict=True):
                    if isinstance(outcome, Unrecorded):
                        self._slow_down = SlowDown(outcome.reason)
                        postponed += 1
                        receipts.not_accepted(sender, [seq])
                        continue
                    if isinstance(outcome, Refused):
                        refused.append(RefusedPing(*sender, seq, outcome.field, outcome.reason))
                    else:
                        accepted += 1
                    receipts.dealt_with(sender, [seq])
        self._metrics.count_pings("socket", accepted, len(refused), postponed, self._loop.time() - round_.since)
        self._refused += refused


_encode: Final = msgspec.json.Encoder().encode
