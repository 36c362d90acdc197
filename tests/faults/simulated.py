"""A server without chance: its clock, its disk, its journal's thread and every message to and fro follow from a seed.

Waiting takes no time here. The loop leaps to the next thing that is to happen, so minutes of drops, delays, crashes and
full disks pass in tenths of a second, and a seed that goes wrong goes wrong again.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from random import Random
from typing import Any, Final, TypeVar, TypeVarTuple

_Result = TypeVar("_Result")
_Ts = TypeVarTuple("_Ts")

SLOWEST_CALL_S: Final = 0.2
"""What the journal is asked to do is done within so long."""


class _Leap(selectors.BaseSelector):
    """Nothing comes from outside, so whoever waits for a time has it at once."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, 0, None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("all wait for each other, and nothing will ever happen again")
        self.passed_s += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is made up, and whose executor is one thread that takes as long as chance has it."""

    def __init__(self, random: Random) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)
        self._random = random
        self._calls: list[asyncio.TimerHandle] = []
        self._free_at = 0.0

    def time(self) -> float:
        return self._leap.passed_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _Result], *args: *_Ts
    ) -> asyncio.Future[_Result]:
        del executor
        future: asyncio.Future[_Result] = self.create_future()

        def call() -> None:
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - it is handed on
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

        self._free_at = max(self._free_at, self.time()) + self._random.uniform(
            0.0, self._random.choice((0.001, 0.01, SLOWEST_CALL_S))
        )
        self._calls = [handle for handle in self._calls if handle.when() >= self.time()]
        self._calls.append(self.call_at(self._free_at, call))
        return future

    def end_process(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """What the process had begun goes no further, and what its thread was asked to do is not done."""
        for task in tasks:
            task.cancel()
        for handle in self._calls:
            handle.cancel()
        self._calls.clear()
        self._free_at = self.time()


class Way:
    """Messages from one to the other: some are lost, some come twice, some late, and so in another order."""

    def __init__(self, loop: Loop, random: Random) -> None:
        self._loop = loop
        self._random = random
        self.is_good = False
        self._lost = random.choice((0.0, 0.05, 0.3))
        self._twice = random.choice((0.0, 0.1))
        self._late_s = random.choice((0.5, 3.0, 20.0))

    def send(self, deliver: Callable[[], None]) -> None:
        random = self._random
        if self.is_good:
            self._loop.call_later(0.05, deliver)
            return
        for _ in range(1 + (random.random() < self._twice)):
            if random.random() >= self._lost:
                late_s = random.uniform(0.0, self._late_s) if random.random() < 0.2 else 0.0
                self._loop.call_later(random.uniform(0.02, 0.3) + late_s, deliver)
