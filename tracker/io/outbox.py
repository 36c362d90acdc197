"""What a unit has sent and the server has not answered for."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count

from tracker.errors import Refused
from tracker.fix import Ping


class Outbox:
    """Encoded pings that the server has not answered for, by sender and in the order of sending."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[tuple[int, int, bytes]]] = {}
        self._order = count()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return (body for _, _, body in list(heapq.merge(*self._queues.values())))

    def add(self, ping: Ping, body: bytes) -> None:
        """Keep a ping that is about to be sent.

        Raises:
            Refused: it is not numbered.
        """
        if ping.boot is None or ping.seq is None:
            raise Refused("seq", "missing; pings on a socket are numbered by boot and seq")
        queue = self._queues.setdefault((ping.unit, ping.boot), deque())
        queue.append((next(self._order), ping.seq, body))
        self._size += 1

    def acknowledge(self, unit: str, boot: str, upto: int) -> int:
        """Forget a sender's pings up to a number; says how many there were."""
        queue = self._queues.get((unit, boot), deque())
        before = len(queue)
        while queue and queue[0][1] <= upto:
            queue.popleft()
        return self._removed(unit, boot, before - len(queue))

    def refuse(self, unit: str, boot: str, seq: int) -> int:
        """Forget one ping; says how many there were of it."""
        queue = self._queues.get((unit, boot), deque())
        for entry in queue:
            if entry[1] == seq:
                queue.remove(entry)
                return self._removed(unit, boot, 1)
        return 0

    def _removed(self, unit: str, boot: str, number: int) -> int:
        self._size -= number
        if number and not self._queues[unit, boot]:
            del self._queues[unit, boot]
        return number
