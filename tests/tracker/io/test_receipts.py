from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.io.receipts import MAX_SENDERS, Receipts

SENDER = ("BE-1", "a")


def acked(receipts: Receipts) -> int | None:
    return dict(receipts.acks()).get(SENDER)


def test_the_highest_dealt_with_is_acknowledged_once() -> None:
    receipts = Receipts()
    for seq in (17, 18):
        receipts.came(SENDER, [seq])
        receipts.dealt_with(SENDER, [seq])

    assert acked(receipts) == 18
    assert acked(receipts) is None


def test_a_resend_is_acknowledged_again() -> None:
    receipts = Receipts()
    for _ in range(2):
        receipts.came(SENDER, [17])
        receipts.dealt_with(SENDER, [17])
        assert acked(receipts) == 17


def test_a_number_that_was_never_sent_holds_nothing_up() -> None:
    receipts = Receipts()
    for seq in (1, 2, 9):
        receipts.came(SENDER, [seq])
        receipts.dealt_with(SENDER, [seq])

    assert acked(receipts) == 9


def test_what_was_not_accepted_holds_back_until_it_comes_again() -> None:
    receipts = Receipts()
    for seq in (1, 2, 3):
        receipts.came(SENDER, [seq])
    receipts.dealt_with(SENDER, [1])
    receipts.not_accepted(SENDER, [2])
    receipts.dealt_with(SENDER, [3])
    assert acked(receipts) == 1

    receipts.came(SENDER, [2])
    receipts.dealt_with(SENDER, [2])
    assert acked(receipts) == 3
    assert receipts.owed == 0


def test_nothing_is_acknowledged_below_the_first_that_came() -> None:
    """A number below it may be of a ping that the sender still keeps."""
    receipts = Receipts()
    receipts.came(SENDER, [5])
    receipts.came(SENDER, [6])
    receipts.not_accepted(SENDER, [5])
    receipts.dealt_with(SENDER, [6])

    assert acked(receipts) is None


def test_a_late_number_holds_back_while_it_is_on_its_way() -> None:
    receipts = Receipts()
    receipts.came(SENDER, [4])
    receipts.came(SENDER, [6])
    receipts.came(SENDER, [5])
    receipts.dealt_with(SENDER, [4])
    receipts.dealt_with(SENDER, [6])
    assert acked(receipts) == 4

    receipts.dealt_with(SENDER, [5])
    assert acked(receipts) == 6


def test_senders_without_number_do_not_fill_the_memory() -> None:
    receipts = Receipts()
    for boot in range(2 * MAX_SENDERS):
        receipts.came(("BE-1", str(boot)), [0])
        receipts.dealt_with(("BE-1", str(boot)), [0])
        list(receipts.acks())

    assert len(receipts._receipts) == MAX_SENDERS


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=40), st.lists(st.integers(0, 3), max_size=40))
def test_an_ack_never_covers_what_came_and_is_not_dealt_with(sent: list[tuple[int, bool]], paces: list[int]) -> None:
    """Any order of numbers, any failures, any lag between coming and being dealt with."""
    receipts = Receipts()
    waiting: list[tuple[int, bool]] = []
    came: set[int] = set()
    done: set[int] = set()

    def settle(count: int) -> None:
        for seq, accepted in waiting[:count]:
            if accepted:
                receipts.dealt_with(SENDER, [seq])
                done.add(seq)
            else:
                receipts.not_accepted(SENDER, [seq])
                done.discard(seq)
        del waiting[:count]
        upto = acked(receipts)
        assert upto is None or all(seq in done for seq in came if seq <= upto)

    for place, (seq, accepted) in enumerate(sent):
        receipts.came(SENDER, [seq])
        came.add(seq)
        waiting.append((seq, accepted))
        settle(paces[place] if place < len(paces) else 1)
    settle(len(waiting))
