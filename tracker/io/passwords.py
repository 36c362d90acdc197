"""Passwords: which are good enough, and how they are kept (argon2id, RFC 9106)."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.errors import DrempelloosError, Refused

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200
MIN_DIFFERENT: Final = 6
"""Characters that must differ."""

AT_ONCE: Final = 2
"""Hashes that are worked out at a time: each takes a core and 64 MiB."""

WAITING: Final = 32
"""Sign-ins that may wait for their turn; more are sent away."""

_COMMON: Final = re.compile(
    "password|passwort|wachtwoord|motdepasse|geheim|secret|welkom|welcome|willkommen|bienvenue|admin|dispatch|police|"
    "politie|polizei|drempelloos|letmein|iloveyou|qwert|azert|qwertz|asdfg|yxcvb|zxcvb|wxcvb"
)
_LOOKALIKES: Final = str.maketrans("013457@$!€", "oieastasie")
_RUNS: Final = "01234567890 abcdefghijklmnopqrstuvwxyz qwertyuiop qwertzuiop azertyuiop asdfghjkl zxcvbnm yxcvbnm"
_MIN_OWN: Final = 6
"""Characters that are neither a well-known word nor part of a run."""


_Result = TypeVar("_Result")


class TooManySignIns(DrempelloosError):
    """More people are signing in at this moment than can be served."""


class Passwords:
    """Hashes and checks passwords, away from the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    def close(self) -> None:
        """Give the threads free."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def hash(self, password: str) -> str:
        """What is stored of a password. Takes a tenth of a second of a core."""
        return self._hasher.hash(_normal(password))

    async def make(self, password: str) -> str:
        """The same, away from the event loop.

        Raises:
            TooManySignIns: try again later.
        """
        return await self._later(lambda: self.hash(password))

    async def compare(self, stored: str | None, password: str) -> tuple[bool, str | None]:
        """Whether this is the password; and what to store instead, if the hash is not made as it would be now.

        Args:
            stored: the hash. None (there is no such account) takes as long, and is never right.
            password: what was typed.

        Raises:
            TooManySignIns: try again later.
        """
        return await self._later(lambda: self._check(stored, password))

    async def _later(self, work: Callable[[], _Result]) -> _Result:
        if self._waiting >= WAITING:
            raise TooManySignIns("too many sign-ins at this moment; try again in a few seconds")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def _check(self, stored: str | None, password: str) -> tuple[bool, str | None]:
        if len(password) > MAX_LENGTH:
            password = ""
        if stored is None:
            if self._nobodys is None:
                self._nobodys = self.hash("nobody's")
            self._matches(self._nobodys, password)
            return False, None
        if not self._matches(stored, password):
            return False, None
        return True, self.hash(password) if self._hasher.check_needs_rehash(stored) else None

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too easy to guess.

    Args:
        password: to be checked.
        name: of the account that it is for.

    Raises:
        Refused: says what is wrong with it, without repeating it.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Refused("password", f"not {MIN_LENGTH} to {MAX_LENGTH} characters long; several words are easy to keep")
    if not password.isprintable():
        raise Refused("password", "characters that cannot be printed are not allowed")
    plain = _normal(password).casefold()
    if len(set(plain)) < MIN_DIFFERENT:
        raise Refused("password", f"fewer than {MIN_DIFFERENT} different characters")
    if len(_own(plain, name.casefold())) < _MIN_OWN:
        raise Refused("password", "little more than a name, a well-known word, a row of keys or a number")


def _own(plain: str, name: str) -> str:
    """What is left of a password without what is guessed first."""
    rest = plain.replace(name, "")
    spelt = rest.translate(_LOOKALIKES)
    words = _COMMON.sub("", spelt)
    letters = "".join(character for character in words if character.isalpha() or not character.isascii())
    kept = ""
    for before, character in zip(" " + letters, letters, strict=False):
        if character != before and before + character not in _RUNS and character + before not in _RUNS:
            kept += character
    return kept


def _normal(password: str) -> str:
    """The same characters, however a keyboard composes them (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
