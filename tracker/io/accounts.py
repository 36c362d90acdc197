"""Accounts: the people who sign in with a name and a password."""

from __future__ import annotations

import re
from typing import Final, cast, get_args

import msgspec

from tracker.errors import Refused
from tracker.facts import State
from tracker.io.credential_file import CredentialFile, Row
from tracker.io.credentials import Grant
from tracker.roles import PEOPLE, ROOM, Role

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")


class Account(msgspec.Struct, frozen=True):
    """One person. Times are Unix seconds UTC."""

    name: str
    role: Role
    state: State | None
    password: str
    """As `tracker.io.passwords` hashes it; empty where there is none yet."""
    made_at: float
    password_at: float
    disabled_at: float | None

    @property
    def subject(self) -> str:
        """Under what its sessions are found."""
        return subject_of(self.name)

    @property
    def grant(self) -> Grant:
        """What the person may do."""
        return Grant(self.subject, self.role, state=self.state, name=self.name)


class Accounts:
    """The accounts of a file of credentials. Whatever takes something from a person ends that person's sessions."""

    def __init__(self, file: CredentialFile) -> None:
        self._file = file

    def add(self, name: str, role: str, state: str | None, password: str, at: float) -> Account:
        """Make an account.

        Args:
            name: unique, whatever the case of its letters.
            role: of those who can sign in.
            state: BE, NL or LU; of all but admins.
            password: hashed.
            at: Unix seconds UTC.

        Raises:
            Refused: names the field and what is allowed.
        """
        check_account(name, role, state)
        if self.find(name) is not None:
            raise Refused("name", f"{name!r} has an account already")
        self._file.change(
            ("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, NULL)", (name, role, state, password, at, at))
        )
        return self.get(name)

    def find(self, name: str) -> Account | None:
        """The account of a name; None if there is none."""
        row = self._file.row("SELECT * FROM account WHERE name = ?", (name,))
        return None if row is None else _account(row)

    def get(self, name: str) -> Account:
        """The account of a name.

        Raises:
            Refused: there is none.
        """
        account = self.find(name)
        if account is None:
            raise Refused("name", f"{name!r} has no account")
        return account

    def list(self) -> list[Account]:
        """All accounts, by name."""
        return [_account(row) for row in self._file.rows("SELECT * FROM account ORDER BY name")]

    def set_password(self, name: str, password: str, at: float) -> Account:
        """Give an account another password (hashed), and end its sessions.

        Raises:
            Refused: there is no such account.
        """
        subject = self.get(name).subject
        self._file.change(
            ("UPDATE account SET password = ?, password_at = ? WHERE name = ?", (password, at, name)),
            ("DELETE FROM session WHERE subject = ?", (subject,)),
            ("DELETE FROM link WHERE subject = ?", (subject,)),
        )
        return self.get(name)

    def rehash(self, account: Account, password: str) -> None:
        """Store the same password under newer parameters, unless it was changed meanwhile."""
        self._file.note(
            (
                "UPDATE account SET password = ? WHERE name = ? AND password = ?",
                (password, account.name, account.password),
            )
        )

    def disable(self, name: str, at: float | None) -> Account:
        """Let a person sign in no more, and end the person's sessions; with None, let the person in again.

        Raises:
            Refused: there is no such account.
        """
        subject = self.get(name).subject
        self._file.change(
            ("UPDATE account SET disabled_at = ? WHERE name = ?", (at, name)),
            ("DELETE FROM session WHERE subject = ?", (subject,)),
            ("DELETE FROM link WHERE subject = ?", (subject,)),
        )
        return self.get(name)

    def set_role(self, name: str, role: str, state: str | None) -> Account:
        """Give a person another role, or the control room of another state, and end the person's sessions.

        Raises:
            Refused: there is no such account, or the two make no sense together.
        """
        account = self.get(name)
        check_account(account.name, role, state)
        self._file.change(
            ("UPDATE account SET role = ?, state = ? WHERE name = ?", (role, state, name)),
            ("DELETE FROM session WHERE subject = ?", (account.subject,)),
            ("DELETE FROM link WHERE subject = ?", (account.subject,)),
        )
        return self.get(name)


def check_account(name: str, role: str, state: str | None) -> None:
    """Refuse an account that makes no sense.

    Raises:
        Refused: names the field and what is allowed.
    """
    if _NAME.fullmatch(name) is None:
        raise Refused("name", f"{name[:80]!r} is not 1 to 60 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit")
    if role not in PEOPLE:
        raise Refused("role", f"{role!r} is not one of {', '.join(sorted(PEOPLE))}")
    if role in ROOM and state not in get_args(State):
        raise Refused("state", f"{state!r} is not one of {', '.join(get_args(State))}; a {role} belongs to one")
    if role not in ROOM and state is not None:
        raise Refused("state", "an admin is of no state")


def subject_of(name: str) -> str:
    """Under what the sessions of a local account are found."""
    return f"user:{name.lower()}"


def _account(row: Row) -> Account:
    name, role, state, password, made_at, password_at, disabled_at = row
    return Account(name, cast("Role", role), cast("State | None", state), password, made_at, password_at, disabled_at)
