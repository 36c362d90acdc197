"""How far a sender's pings have been dealt with, on one connection.

A sender numbers the pings of a boot in the order in which it sends them, and after a reconnect sends what was not
acknowledged first. A connection keeps the order, so when one ping has been dealt with, so has everything of that
boot that was sent before it, and `upto` may name it. Numbers may be missing: a unit with a full memory, or a radio
in a tunnel, never sends them, and the rest must not wait for them.

What has come and has not been dealt with holds `upto` back, whatever its number: a ping that the disk had no room
for, or one that comes out of its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

Sender = tuple[str, str]
"""Unit and boot."""

MAX_SENDERS: Final = 10_000
"""Senders that are remembered per connection; those longest settled are forgotten first."""


class _Receipt:
    __slots__ = ("dealt", "first", "highest", "owed")

    def __init__(self, first: int) -> None:
        self.first = first
        self.highest = -1
        self.dealt = -1
        self.owed: set[int] = set()

    def upto(self) -> int:
        return self.dealt if not self.owed else min(self.dealt, min(self.owed) - 1)


class Receipts:
    """Told of every ping as it comes and as it has been dealt with, of several of one sender at once; says what may be
    acknowledged.
    """

    def __init__(self) -> None:
        self._receipts: dict[Sender, _Receipt] = {}
        self._news: dict[Sender, None] = {}
        self.owed = 0
        """Pings that hold an acknowledgement back."""

    def came(self, sender: Sender, seqs: Sequence[int]) -> None:
        """Pings were received, in this order; what becomes of them is not known yet."""
        receipt = self._receipts.get(sender)
        if receipt is None:
            self._make_room()
            receipt = self._receipts[sender] = _Receipt(seqs[0])
        for seq in seqs:
            if seq > receipt.highest:
                receipt.highest = seq
            else:
                receipt.first = min(receipt.first, seq)
                self._owe(receipt, seq)

    def dealt_with(self, sender: Sender, seqs: Sequence[int]) -> None:
        """Pings are on the disk, or were refused by name."""
        receipt = self._receipts[sender]
        if receipt.owed:
            self.owed -= len(receipt.owed)
            receipt.owed.difference_update(seqs)
            self.owed += len(receipt.owed)
        receipt.dealt = max(receipt.dealt, *seqs)
        self._news[sender] = None

    def not_accepted(self, sender: Sender, seqs: Sequence[int]) -> None:
        """Pings could not be accepted, and must be sent again."""
        receipt = self._receipts[sender]
        for seq in seqs:
            self._owe(receipt, seq)

    def acks(self) -> Iterator[tuple[Sender, int]]:
        """What there is to acknowledge since the last call: `upto` of each sender with news.

        Nothing is said of a sender whose very first ping has not been dealt with.
        """
        news, self._news = self._news, {}
        for sender in news:
            receipt = self._receipts[sender]
            if (upto := receipt.upto()) >= receipt.first:
                yield sender, upto

    def _owe(self, receipt: _Receipt, seq: int) -> None:
        if seq not in receipt.owed:
            receipt.owed.add(seq)
            self.owed += 1

    def _make_room(self) -> None:
        if len(self._receipts) < MAX_SENDERS:
            return
        for sender, receipt in self._receipts.items():
            if not receipt.owed and receipt.dealt == receipt.highest and sender not in self._news:
                del self._receipts[sender]
                return
