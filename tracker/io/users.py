"""The command line's side of accounts: each answers with JSON lines."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tracker.errors import Refused
from tracker.io.administration import administration_of
from tracker.io.clock import Clock
from tracker.io.passwords import Passwords, check_password


def add(directory: Path, name: str, role: str, state: str | None, ask: Callable[[], str]) -> bytes:
    """Make an account.

    Args:
        directory: holds the credentials.
        name: of the account.
        role: as in `tracker.roles.PEOPLE`.
        state: BE, NL or LU; None for an admin.
        ask: for the password, once the rest is right.

    Raises:
        Refused: names the field and what is allowed.
    """
    with administration_of(directory) as administration:
        administration.check_new(name, role, state)
        return msgspec.json.encode(administration.add(name, role, state, _hashed(name, ask()), Clock().now()))


def set_password(directory: Path, name: str, ask: Callable[[], str]) -> bytes:
    """Give an account another password, and end its sessions.

    Raises:
        Refused: there is no such account, or the password is too easy to guess.
    """
    with administration_of(directory) as administration:
        administration.account(name)
        return msgspec.json.encode(administration.set_password(name, _hashed(name, ask()), Clock().now()))


def set_role(directory: Path, name: str, role: str, state: str | None) -> bytes:
    """Give a person another role, or the control room of another state, and end the person's sessions.

    Raises:
        Refused: there is no such account, or the two make no sense together.
    """
    with administration_of(directory) as administration:
        return msgspec.json.encode(administration.set_role(name, role, state))


def disable(directory: Path, name: str, *, again: bool) -> bytes:
    """Let a person sign in no more, and end the person's sessions; or let the person in `again`.

    Raises:
        Refused: there is no such account.
    """
    with administration_of(directory) as administration:
        return msgspec.json.encode(
            administration.enable(name) if again else administration.disable(name, Clock().now())
        )


def sign_out(directory: Path, name: str) -> bytes:
    """End every session of a person.

    Raises:
        Refused: there is no such account.
    """
    with administration_of(directory) as administration:
        return msgspec.json.encode(administration.sign_out(name))


def link(directory: Path, name: str) -> bytes:
    """Make a link that signs a person in once: for whoever has no password yet, or no longer.

    Raises:
        Refused: there is no such account, or it is disabled.
    """
    with administration_of(directory) as administration:
        return msgspec.json.encode(administration.link(name, Clock().now()))


def listed(directory: Path) -> Iterator[bytes]:
    """A line for each account, by name."""
    with administration_of(directory) as administration:
        for account in administration.accounts():
            yield msgspec.json.encode(account)


def ask_password() -> str:
    """A new password: typed twice on a terminal, or the first line of stdin. Never an argument, which others can see.

    Raises:
        Refused: the two are not the same, or nothing came.
    """
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        if not line:
            raise Refused("password", "nothing came on stdin")
        return line.rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise Refused("password", "the two are not the same")
    return password


def _hashed(name: str, password: str) -> str:
    check_password(password, name)
    with contextlib.closing(Passwords()) as passwords:
        return passwords.hash(password)
