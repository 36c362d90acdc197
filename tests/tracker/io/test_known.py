"""A ping that is taken for new without a look into the journal is new."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from tests.tracker.io.drives import ping
from tracker.inputs import Input, Tick
from tracker.io import batch
from tracker.io.batch import Known
from tracker.io.journal import PingKey

numbers = st.tuples(st.sampled_from("ab"), st.integers(0, 9))
groups = st.lists(st.tuples(st.lists(numbers, max_size=8), st.sets(st.integers(0, 7)), st.booleans()), max_size=12)


def received(boot: str, seq: int) -> Input:
    return ping(seq=seq, boot=boot)


def test_what_is_newer_than_all_before_it_is_not_looked_up() -> None:
    known = Known()
    first = known.ask([received("a", 5), received("a", 6), Tick(0.0)])
    assert first.unseen == [("BE-1", "a")]
    assert first.unsure == [("BE-1", "a", 5), ("BE-1", "a", 6)]
    known.note({("BE-1", "a"): None})
    known.learn(first.newest.items())

    second = known.ask([received("a", 7), received("a", 9), received("a", 8), received("a", 9), received("a", 10)])
    assert second.unseen == []
    assert second.unsure == [("BE-1", "a", 8), ("BE-1", "a", 9)]
    assert second.newest == {("BE-1", "a"): 10}


@example([([("a", 3), ("b", 0)], set(), False), ([("a", 5)], set(), False)], [("a", 5)], 1)
@given(groups, st.lists(numbers, max_size=3), st.integers(1, 3))
def test_whatever_comes_in_whatever_order(
    sent: list[tuple[list[tuple[str, int]], set[int], bool]], before: list[tuple[str, int]], most_boots: int
) -> None:
    """Numbers of two boots; of each group some are refused by the core, some groups fail, and boots are forgotten."""
    journal = {PingKey("BE-1", boot, seq) for boot, seq in before}
    known = Known()
    with patch.object(batch, "MAX_BOOTS", most_boots):
        for group, refused, fails in sent:
            keys = [PingKey("BE-1", boot, seq) for boot, seq in group]
            asked = known.ask([received(boot, seq) for boot, seq in group])
            for key, count in (Counter(keys) - Counter(asked.unsure)).items():
                assert count == 1
                assert key not in journal
            known.note(
                {name: max((key.n for key in journal if key[:2] == name), default=None) for name in asked.unseen}
            )
            if not fails:
                journal |= {key for place, key in enumerate(keys) if place not in refused}
                known.learn(asked.newest.items())
