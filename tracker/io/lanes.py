"""What waits for its turn: what people do, and behind it everything else.

    acts   ───────────► ┌───────┐
                        │ group │ ──► journal
    pings, ticks, … ──► └───────┘

A person's act waits for the group that is on its way, and is in the next. Each lane keeps its own order. Pings never
take the room of acts, so a dispatcher is heard however much comes in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from tracker.io.submission import Submission

GROUP: Final = 2_000
"""Inputs in one transaction, at most: some 50 ms of work, beside which waiting for the disk is little. Groups are as
large only when more comes than can be served."""

BESIDE_ACTS: Final = GROUP // 10
"""As many where somebody waits for an act: the rest goes with the next group."""

MAX_QUEUED: Final = 20_000
"""Inputs that may wait, acts aside."""

MAX_ACTS: Final = 1_000
"""Acts that may wait; there are not as many hands."""


class Lanes:
    """Two queues, of which the first goes before the second."""

    def __init__(self) -> None:
        self._acts: deque[Submission] = deque()
        self._others: deque[Submission] = deque()
        self._inputs = {True: 0, False: 0}

    def __bool__(self) -> bool:
        return bool(self._acts or self._others)

    def __iter__(self) -> Iterator[Submission]:
        yield from self._acts
        yield from self._others

    @property
    def inputs(self) -> int:
        """How many inputs wait."""
        return self._inputs[True] + self._inputs[False]

    def has_room(self, size: int, is_act: bool) -> bool:
        """Whether so many inputs may wait too. What is too large for any lane has room in an empty one."""
        waiting = self._inputs[is_act]
        return not waiting or waiting + size <= (MAX_ACTS if is_act else MAX_QUEUED)

    def add(self, submission: Submission) -> None:
        """Put a submission at the end of its lane."""
        (self._acts if submission.is_act else self._others).append(submission)
        self._inputs[submission.is_act] += len(submission.inputs)

    def take(self) -> list[Submission]:
        """The next group: acts, then what has waited longest. Neither lane can keep the other waiting for ever."""
        group: list[Submission] = []
        self._move(self._acts, group, GROUP)
        self._move(self._others, group, BESIDE_ACTS if group else GROUP)
        return group

    def clear(self) -> None:
        """Forget what waits."""
        self._acts.clear()
        self._others.clear()
        self._inputs = {True: 0, False: 0}

    def _move(self, lane: deque[Submission], group: list[Submission], most: int) -> None:
        """At least one, if there is one; more, as far as they fit."""
        size = 0
        while lane and (not size or size + len(lane[0].inputs) <= most):
            submission = lane.popleft()
            size += len(submission.inputs)
            self._inputs[submission.is_act] -= len(submission.inputs)
            group.append(submission)
