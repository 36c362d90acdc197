"""What an administrator does to accounts, tokens, certificates and sessions: one way of each, for the command line and
for the API. Secrets are in an answer once, when they are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final, Unpack, cast

import msgspec

from tracker.codec.quote import quote
from tracker.errors import Refused
from tracker.events import rfc3339
from tracker.io.accounts import Account, Accounts, check_account
from tracker.io.credentials import Credentials, Details, Grant, Issued
from tracker.io.sessions import LINK_S, Session, Sessions
from tracker.roles import Role

DAY_S: Final = 86_400.0


class AccountView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account, without anything secret."""

    name: str
    role: str
    state: str | None = None
    made_at: str | None = None
    password_at: str | None = None
    """When its password was set; left out: it has none, and only a link gets in."""
    disabled_at: str | None = None


class LinkView(msgspec.Struct, frozen=True):
    """What follows the server's address in a link that signs somebody in once."""

    name: str
    path: str
    choose: str
    """The same link, where its owner chooses a password."""
    ends_at: str


class NewCredential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new token, the one time that it is shown; or the name of the certificate that is trusted from now on."""

    id: str
    role: str
    units: tuple[str, ...] = ()
    state: str | None = None
    name: str | None = None
    token: str | None = None
    certificate: str | None = None
    ends_at: str | None = None


class CredentialView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token or a certificate as it is listed."""

    id: str
    role: str
    units: tuple[str, ...]
    state: str | None
    issued_at: str
    name: str | None = None
    certificate: str | None = None
    ends_at: str | None = None
    revoked_at: str | None = None


class RevokedView(msgspec.Struct, frozen=True):
    """A token or a certificate that is worthless now."""

    revoked: str
    role: str
    units: tuple[str, ...]


class SessionView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who is signed in. `id` names the session and opens nothing."""

    id: str
    name: str | None
    role: str
    state: str | None
    began_at: str
    seen_at: str
    ends_at: str


class Ended(msgspec.Struct, frozen=True):
    """How many sessions of somebody ended."""

    name: str | None
    ended: int


@contextmanager
def administration_of(directory: Path) -> Iterator[Administration]:
    """For the command line: that of a directory's credentials, whether a server runs on them or not."""
    with closing(Credentials(directory)) as credentials:
        yield Administration(credentials, Sessions(credentials.file, 0, 0))


class Administration:
    """All of it. Whatever takes something from somebody ends what that opened, within 2 s.

    Args:
        credentials: and their file.
        sessions: of the same file.
    """

    def __init__(self, credentials: Credentials, sessions: Sessions) -> None:
        self._credentials = credentials
        self._accounts = Accounts(credentials.file)
        self._sessions = sessions

    def accounts(self) -> list[AccountView]:
        """All accounts, by name."""
        return [_account(account) for account in self._accounts.list()]

    def account(self, name: str) -> AccountView:
        """One account. Raises Refused."""
        return _account(self._accounts.get(name))

    def check_new(self, name: str, role: str, state: str | None) -> None:
        """Refuse an account that cannot be made, before its password is asked for.

        Raises:
            Refused: names the field and what is allowed.
        """
        check_account(name, role, state)
        if self._accounts.find(name) is not None:
            raise Refused("name", f"{name!r} has an account already")

    def add(self, name: str, role: str, state: str | None, password: str | None, at: float) -> AccountView:
        """Make an account; `password` is its hash, None where its first way in is a link. Raises Refused."""
        return _account(self._accounts.add(name, role, state, password or NO_PASSWORD, at))

    def set_password(self, name: str, password: str, at: float) -> AccountView:
        """Give an account another password (hashed), and end its sessions. Raises Refused."""
        return _account(self._accounts.set_password(name, password, at))

    def disable(self, name: str, at: float) -> AccountView:
        """Let a person sign in no more, and end the person's sessions. Raises Refused."""
        return _account(self._accounts.disable(name, at))

    def enable(self, name: str) -> AccountView:
        """Let a disabled person sign in again. Raises Refused."""
        return _account(self._accounts.disable(name, None))

    def set_role(self, name: str, role: str, state: str | None) -> AccountView:
        """Give a person another role, or the control room of another state, and end the person's sessions.

        Raises:
            Refused: there is no such account, or the two make no sense together.
        """
        return _account(self._accounts.set_role(name, role, state))

    def link(self, name: str, at: float) -> LinkView:
        """Make a link that signs a person in once: for whoever has no password yet, or no longer.

        Raises:
            Refused: there is no such account, or it is disabled.
        """
        account = self._accounts.get(name)
        if account.disabled_at is not None:
            raise Refused("name", f"{name!r} is disabled")
        secret = self._sessions.make_link(account.subject, account.grant, at)
        page = "/sign-in"
        return LinkView(account.name, f"{page}?once={secret}", f"{page}?choose={secret}", rfc3339(at + LINK_S))

    def sign_out(self, name: str) -> Ended:
        """End every session of a person. Raises Refused."""
        account = self._accounts.get(name)
        return Ended(account.name, self._sessions.end_all(account.subject))

    def credentials(self) -> list[CredentialView]:
        """All tokens and certificates, the oldest first."""
        return [_credential(issued) for issued in self._credentials.list()]

    def issue(
        self,
        role: str | None,
        units: Sequence[str],
        certificate: str | None,
        days: float | None,
        at: float,
        **details: Unpack[Details],
    ) -> NewCredential:
        """Make a token, or let a certificate speak for units instead.

        Args:
            role: None for that of a unit, or of a gateway if there are several units.
            units: that it speaks for.
            certificate: its name, as in `tracker.io.certificates`; None for a token.
            days: after which it ends by itself; None: when it is revoked.
            at: Unix seconds UTC.
            details: as in `Credentials.issue`.

        Raises:
            Refused: names the field, the value and what is allowed.
        """
        if role is None:
            if not units:
                raise Refused("unit", "missing; name the unit, several for a gateway, or a role")
            role = "unit" if len(units) == 1 else "gateway"
        known = cast("Role", role)  # what is none is refused there
        if days is not None:
            if not 0 < days <= MAX_DAYS:
                raise Refused("days", f"{days:g} is outside 0 to {MAX_DAYS}")
            details["ends_at"] = at + days * DAY_S
        if certificate is not None:
            return _new(self._credentials.trust(certificate, known, units, at=at, **details), None)
        token = self._credentials.issue(known, units, at=at, **details)
        grant = self._credentials.check(token)
        if grant is None:
            raise RuntimeError("a token that was just made is not known")
        return _new(grant, token)

    def revoke(self, id_: str, at: float) -> RevokedView:
        """Make a token or a certificate worthless. Raises Refused."""
        grant = self._credentials.revoke(id_, at)
        return RevokedView(id_, grant.role, tuple(sorted(grant.units)))

    def sessions(self, at: float) -> list[SessionView]:
        """Everybody who is signed in now, the longest first."""
        return [self._session(session) for session in self._sessions.list(at)]

    def end_session(self, id_: str, at: float) -> Ended:
        """End one session. Raises Refused: there is none of this id."""
        for session in self._sessions.list(at):
            if _id_of(session) == id_:
                return Ended(session.grant.name, self._sessions.end(session))
        raise Refused("id", f'"{quote(id_)}" is not the id of a session that goes on')

    def _session(self, session: Session) -> SessionView:
        grant = session.grant
        times = session.began_at, session.seen_at, self._sessions.ends_at(session)
        return SessionView(_id_of(session), grant.name, grant.role, grant.state, *map(rfc3339, times))


NO_PASSWORD: Final = ""
"""Stands where the hash of a password would: nothing hashes to it."""

MAX_DAYS: Final = 3_660


def _id_of(session: Session) -> str:
    # Not the hash of its secret, which is what the file looks it up by.
    return sha256(b"session " + session.key).hexdigest()[:16]


def _account(account: Account) -> AccountView:
    return AccountView(
        account.name,
        account.role,
        account.state,
        rfc3339(account.made_at),
        rfc3339(account.password_at) if account.password else None,
        _moment(account.disabled_at),
    )


def _new(grant: Grant, token: str | None) -> NewCredential:
    return NewCredential(
        grant.id, grant.role, tuple(sorted(grant.units)), grant.state, grant.name, token, grant.certificate,
        _moment(grant.ends_at),
    )  # fmt: skip


def _credential(issued: Issued) -> CredentialView:
    grant = issued.grant
    return CredentialView(
        grant.id, grant.role, tuple(sorted(grant.units)), grant.state, rfc3339(issued.issued_at), grant.name,
        grant.certificate, _moment(grant.ends_at), _moment(issued.revoked_at),
    )  # fmt: skip


def _moment(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)
