"""The command line's side of accounts: each answers with JSON lines."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tracker.errors import Refused
from tracker.events import rfc3339
from tracker.io.accounts import Account, Accounts, check_account, subject_of
from tracker.io.clock import Clock
from tracker.io.credential_file import CredentialFile
from tracker.io.passwords import Passwords, check_password
from tracker.io.sessions import LINK_S, Sessions


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account, without anything secret."""

    name: str
    role: str
    state: str | None = None
    made_at: str | None = None
    password_at: str | None = None
    disabled_at: str | None = None


class Link(msgspec.Struct, frozen=True):
    """What follows the server's address in a link that signs somebody in once."""

    name: str
    path: str
    ends_at: str


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
    with contextlib.closing(CredentialFile(directory)) as file:
        accounts = Accounts(file)
        check_account(name, role, state)
        if accounts.find(name) is not None:
            raise Refused("name", f"{name!r} has an account already")
        return _shown(accounts.add(name, role, state, _hashed(name, ask()), Clock().now()))


def set_password(directory: Path, name: str, ask: Callable[[], str]) -> bytes:
    """Give an account another password, and end its sessions.

    Raises:
        Refused: there is no such account, or the password is too easy to guess.
    """
    with contextlib.closing(CredentialFile(directory)) as file:
        accounts = Accounts(file)
        accounts.get(name)
        return _shown(accounts.set_password(name, _hashed(name, ask()), Clock().now()))


def disable(directory: Path, name: str, *, again: bool) -> bytes:
    """Let a person sign in no more, and end the person's sessions; or let the person in `again`.

    Raises:
        Refused: there is no such account.
    """
    with contextlib.closing(CredentialFile(directory)) as file:
        return _shown(Accounts(file).disable(name, None if again else Clock().now()))


def sign_out(directory: Path, name: str) -> bytes:
    """End every session of a person.

    Raises:
        Refused: there is no such account.
    """
    with contextlib.closing(CredentialFile(directory)) as file:
        account = Accounts(file).get(name)
        ended = Sessions(file, 0, 0).end_all(account.subject)
    return msgspec.json.encode({"name": account.name, "ended": ended})


def link(directory: Path, name: str) -> bytes:
    """Make a link that signs a person in once: for whoever has no password yet, or no longer.

    Raises:
        Refused: there is no such account, or it is disabled.
    """
    with contextlib.closing(CredentialFile(directory)) as file:
        account = Accounts(file).get(name)
        if account.disabled_at is not None:
            raise Refused("name", f"{name!r} is disabled")
        now = Clock().now()
        secret = Sessions(file, 0, 0).make_link(subject_of(account.name), account.grant, now)
    return msgspec.json.encode(Link(account.name, f"/sign-in?once={secret}", rfc3339(now + LINK_S)))


def listed(directory: Path) -> Iterator[bytes]:
    """A line for each account, by name."""
    with contextlib.closing(CredentialFile(directory)) as file:
        for account in Accounts(file).list():
            yield _shown(account)


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


def _shown(account: Account) -> bytes:
    disabled_at = None if account.disabled_at is None else rfc3339(account.disabled_at)
    return msgspec.json.encode(
        Shown(
            account.name,
            account.role,
            account.state,
            rfc3339(account.made_at),
            rfc3339(account.password_at),
            disabled_at,
        )
    )
