"""Nobody feels his way to a token or a name by how long the answer takes: Welch's t on interleaved samples, as in
"dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede 2017). Planted leaks must show, or it shows nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from math import sqrt
from pathlib import Path
from statistics import fmean, quantiles, variance

import pytest

from tracker.io.accounts import Accounts
from tracker.io.administration import Administration
from tracker.io.config import Address, Config
from tracker.io.credentials import Credentials
from tracker.io.gate import Gate
from tracker.io.passwords import Passwords
from tracker.io.sign_in import NotSignedIn, SignIn
from tracker.io.throttle import Throttle

AT = 1_795_442_531.0
LEAK = 4.5
"""Beyond this |t| two kinds of input are told apart, but for once in some hundred thousand times."""

pytestmark = pytest.mark.soak


def welch(one: list[int], other: list[int]) -> float:
    """Welch's t of two kinds of samples, without the slowest tenth of all, which is the machine's."""
    limit = quantiles([*one, *other], n=10)[8]
    kept = [[sample for sample in samples if sample <= limit] for samples in (one, other)]
    spread = sum(variance(samples) / len(samples) for samples in kept)
    return (fmean(kept[0]) - fmean(kept[1])) / sqrt(spread)


def measured(call: Callable[[str], object], kinds: tuple[list[str], list[str]], clock: Callable[[], int]) -> float:
    """Call with inputs of both kinds in an order by chance; t of how long they take."""
    work = [(kind, text) for kind in (0, 1) for text in kinds[kind]]
    random.Random(1).shuffle(work)
    taken: tuple[list[int], list[int]] = ([], [])
    for kind, text in work:
        began_at = clock()
        call(text)
        taken[kind].append(clock() - began_at)
    return welch(*taken)


@pytest.fixture
def credentials(tmp_path: Path) -> Iterator[Credentials]:
    with closing(Credentials(tmp_path)) as credentials:
        yield credentials


def test_an_almost_right_token_takes_as_long_as_any_other(credentials: Credentials) -> None:
    chance = random.Random(7)
    real = [credentials.issue("unit", [f"BE-{number}"], at=AT, state="BE") for number in range(200)]
    gate = Gate(Config(), Address("127.0.0.1", 1), Address("127.0.0.1", 2), credentials, lambda: AT)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    near = [f"Bearer {chance.choice(real)[:-1]}!" for _ in range(20_000)]
    far = [f"Bearer {''.join(chance.choices(letters, k=42))}!" for _ in range(20_000)]

    def leaky(header: str) -> bool:
        """What a look-up by the text itself, letter for letter, would be."""
        return any(all(a == b for a, b in zip(token, header[7:], strict=True)) for token in real[:1])

    assert all(gate.sender(header) is None for header in near[:100])
    t = measured(gate.sender, (near, far), time.thread_time_ns)
    assert abs(t) < LEAK, t
    near = [f"Bearer {real[0][:-1]}!"] * 5_000
    assert abs(measured(leaky, (near, far[:5_000]), time.thread_time_ns)) > LEAK


def test_a_name_without_an_account_takes_as_long_as_one_with(credentials: Credentials) -> None:
    """One that has no password yet too. The hash takes so long that nothing beside it shows."""
    accounts = Accounts(credentials.file)
    with closing(Passwords()) as passwords:
        gate = Gate(Config(), Address("127.0.0.1", 1), Address("127.0.0.1", 2), credentials, lambda: AT)
        accounts.add("ada", "dispatcher", "NL", passwords.hash("Zes paarden op de dijk"), AT)
        Administration(credentials, gate.sessions).add("bea", "dispatcher", "NL", None, AT)

        def attempt(name: str) -> None:
            sign_in = SignIn(accounts, gate.sessions, passwords, Throttle(), lambda: AT)
            with pytest.raises(NotSignedIn):
                asyncio.run(sign_in.with_password(name, "not this one at all", "10.0.0.1"))

        attempt("nobody")  # the first makes what the others are compared with
        for name in ("ada", "bea"):
            t = measured(attempt, ([name] * 50, ["nobody"] * 50), time.process_time_ns)
            assert abs(t) < LEAK, (name, t)

        def leaky(name: str) -> None:
            if accounts.find(name) is not None:
                attempt(name)

        assert abs(measured(leaky, (["ada"] * 10, ["nobody"] * 10), time.process_time_ns)) > LEAK
