"""Signing in: a name and a password, or a link, become a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from tracker.codec.quote import quote
from tracker.errors import DrempelloosError
from tracker.io.accounts import Accounts
from tracker.io.credentials import Grant
from tracker.io.passwords import Passwords
from tracker.io.sessions import Sessions
from tracker.io.throttle import Throttle

_log: Final = structlog.get_logger(__name__)


class NotSignedIn(DrempelloosError):
    """Name and password, or the link, are not right. It is never said which."""


class SignIn:
    """The ways in.

    Args:
        accounts: know the names.
        sessions: are what comes of it.
        passwords: compares them.
        throttle: bounds the attempts.
        now: the clock, Unix seconds UTC.
    """

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        passwords: Passwords,
        throttle: Throttle,
        now: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._now = now

    async def with_password(self, name: str, password: str, address: str) -> str:
        """The secret of a new session.

        Raises:
            NotSignedIn: no such name, not its password, or the account is disabled; in equal words and equal time.
            TooSoon: too many attempts.
            TooManySignIns: by others, at this moment.
        """
        self._throttle.attempt(name, address, self._now())
        account = self._accounts.find(name)
        matches, newer = await self._passwords.compare(None if account is None else account.password, password)
        if account is not None and matches:
            # It may have been disabled, or its password changed, while the hash was worked out.
            current = self._accounts.find(name)
            if current == account and account.disabled_at is None:
                if newer is not None:
                    self._accounts.rehash(account, newer)
                self._throttle.succeeded(name, address, self._now())
                _log.info("signed in", account=account.name, address=address)
                return self._sessions.begin(account.subject, account.grant, self._now())
        # What was typed may be a password in the wrong field, so only names that exist are logged.
        _log.warning("sign-in refused", account=None if account is None else account.name, address=address)
        raise NotSignedIn("name and password do not match an account")

    def with_link(self, secret: str, address: str) -> str:
        """The secret of a new session.

        Raises:
            NotSignedIn: the link is not known, was used, or is too old.
            TooSoon: too many attempts.
        """
        # Nobody guesses 256 bits; what is bounded is the work.
        self._throttle.attempt("link:", address, self._now())
        found = self._sessions.use_link(secret, self._now())
        if found is None:
            _log.warning("sign-in refused", link=True, address=address)
            raise NotSignedIn("this link was used already, or is too old; ask for another")
        self._throttle.succeeded("link:", address, self._now())
        return self.admit(*found, address)

    def admit(self, subject: str, grant: Grant, address: str) -> str:
        """The secret of a new session of somebody who has proved who it is."""
        _log.info("signed in", account=quote(grant.name or ""), address=address)
        return self._sessions.begin(subject, grant, self._now())
