"""Which passwords are good enough, and how they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from tracker.errors import Refused
from tracker.io import passwords as passwords_module
from tracker.io.passwords import Passwords, TooManySignIns, check_password

GOOD = "Zes paarden op de dijk"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Quick ones."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    yield passwords
    passwords.close()


@pytest.mark.parametrize(
    "password",
    [GOOD, "x7#kQ2!vLm9z", "correct horse battery", "Hazeldonk-A16-nacht", "Ünïcödé ïst gut"],
)
def test_good_ones_are_taken(password: str) -> None:
    check_password(password, "ada")


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("", "12 to 200"),
        ("Kort#7x", "12 to 200"),
        (GOOD * 20, "12 to 200"),
        ("aaaaaaaaaaaaaa", "different"),
        ("121212121212", "different"),
        ("password1234", "little more"),
        ("P@ssw0rd!2026", "little more"),
        ("wachtwoord123", "little more"),
        ("motdepasse2026", "little more"),
        ("Welkom2026!!!", "little more"),
        ("Drempelloos2026", "little more"),
        ("qwertyuiop123", "little more"),
        ("azertyuiop12", "little more"),
        ("abcdefghijkl", "little more"),
        ("202611261234", "little more"),
        ("ada.vdberg-2026", "little more"),
        ("goed genoeg\nzou je denken", "printed"),
    ],
)
def test_easy_ones_are_not_and_are_never_repeated(password: str, part: str) -> None:
    with pytest.raises(Refused, match=part) as refused:
        check_password(password, "ada.vdberg")

    assert refused.value.field == "password"
    assert not password or password not in refused.value.reason


def test_argon2id_with_the_parameters_of_the_rfc() -> None:
    """RFC 9106, 4: the second recommended option."""
    passwords = Passwords()
    stored = passwords.hash(GOOD)
    passwords.close()
    found = extract_parameters(stored)

    assert stored.startswith("$argon2id$v=19$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (65_536, 3, 4)
    assert GOOD not in stored


async def test_only_the_password_matches(passwords: Passwords) -> None:
    stored = passwords.hash("Café de la gare")

    assert await passwords.compare(stored, "Café de la gare") == (True, None)
    assert await passwords.compare(stored, "Cafe\u0301 de la gare") == (True, None), "composed by another keyboard"
    for wrong in ("", "café de la gare", "Café de la gare ", "x" * 10_000):
        assert await passwords.compare(stored, wrong) == (False, None)
    assert await passwords.compare(None, "nobody's") == (False, None)
    assert await passwords.compare("not a hash", "x") == (False, None)


async def test_an_older_hash_is_made_anew(passwords: Passwords) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(GOOD)
    matches, newer = await passwords.compare(older, GOOD)

    assert matches
    assert newer is not None
    assert await passwords.compare(newer, GOOD) == (True, None)
    assert await passwords.compare(older, "wrong") == (False, None)


async def test_who_has_no_account_costs_as_much(monkeypatch: pytest.MonkeyPatch, passwords: Passwords) -> None:
    """As many hashes of the same kind: the time itself would be too noisy to compare."""
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(hasher: PasswordHasher, stored: str | bytes, password: str | bytes) -> bool:
        verified.append(str(stored).rpartition("$")[0].rpartition("$")[0])
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    stored = passwords.hash(GOOD)
    await passwords.compare(None, GOOD)
    await passwords.compare(stored, "wrong")
    await passwords.compare(None, "x" * 10_000)
    await passwords.compare(stored, "x" * 10_000)

    assert verified == verified[:1] * 4


async def test_more_than_can_be_served_are_sent_away(monkeypatch: pytest.MonkeyPatch, passwords: Passwords) -> None:
    monkeypatch.setattr(passwords_module, "WAITING", 3)
    stored = passwords.hash(GOOD)
    outcomes = await asyncio.gather(*(passwords.compare(stored, GOOD) for _ in range(10)), return_exceptions=True)

    assert [type(one) for one in outcomes].count(TooManySignIns) == 7
    assert outcomes.count((True, None)) == 3
    assert await passwords.compare(stored, GOOD) == (True, None)
