"""Signing in: a name and a password, or a link, become a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Final

import structlog

from tracker.codec.quote import quote
from tracker.errors import DrempelloosError, Refused
from tracker.io.accounts import Accounts
from tracker.io.credentials import Grant
from tracker.io.passwords import Passwords, TooManySignIns, check_password
from tracker.io.sessions import Sessions
from tracker.io.throttle import Throttle, TooSoon

WAYS: Final = ("password", "link", "oidc")
RESULTS: Final = ("ok", "refused", "delayed")
"""Signed in; not known, or not right; told to wait, since there were too many attempts."""

SIGN_INS: Final = "Attempts to sign in, by the way and what came of them."

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
        self.results: Final[dict[tuple[str, ...], int]] = dict.fromkeys(product(WAYS, RESULTS), 0)
        """How many attempts by each way came to what."""

    async def with_password(self, name: str, password: str, address: str) -> str:
        """The secret of a new session.

        Raises:
            NotSignedIn: no such name, not its password, or the account is disabled; in equal words and equal time.
            TooSoon: too many attempts.
            TooManySignIns: by others, at this moment.
        """
        with self._counted("password"):
            return await self._with_password(name, password, address)

    async def _with_password(self, name: str, password: str, address: str) -> str:
        self._throttle.attempt(name, address, self._now())
        account = self._accounts.find(name)
        matches, newer = await self._passwords.compare(None if account is None else account.password or None, password)
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
        with self._counted("link"):
            self._throttle.attempt("link:", address, self._now())
            found = self._sessions.use_link(secret, self._now())
            if found is None:
                _log.warning("sign-in refused", link=True, address=address)
                raise NotSignedIn("this link was used already, or is too old; ask for another")
            self._throttle.succeeded("link:", address, self._now())
            return self._begin(*found, address)

    async def with_new_password(self, secret: str, password: str, address: str) -> str:
        """The secret of a new session of whoever a link is for, who has this password from now on.

        Raises:
            NotSignedIn: as `with_link`.
            Refused: the link is of no account, or the password is too easy to guess; the link can be used again.
            TooSoon: too many attempts.
            TooManySignIns: by others, at this moment.
        """
        with self._counted("link"):
            self._throttle.attempt("link:", address, self._now())
            found = self._sessions.link_of(secret, self._now())
            if found is None:
                _log.warning("sign-in refused", link=True, address=address)
                raise NotSignedIn("this link was used already, or is too old; ask for another")
            self._throttle.succeeded("link:", address, self._now())
            account = None if found[1].name is None else self._accounts.find(found[1].name)
            if account is None or account.subject != found[0]:
                raise Refused("password", "this link is of no account that could have one; leave it out")
            check_password(password, account.name)
            hashed = await self._passwords.make(password)
            if self._sessions.use_link(secret, self._now()) is None:  # meanwhile somebody else did
                raise NotSignedIn("this link was used already, or is too old; ask for another")
            account = self._accounts.set_password(account.name, hashed, self._now())
            _log.info("password chosen", account=account.name, address=address)
            return self._begin(account.subject, account.grant, address)

    def by_provider(self, subject: str, grant: Grant, address: str) -> str:
        """The secret of a new session of somebody for whom a provider vouches."""
        with self._counted("oidc"):
            return self._begin(subject, grant, address)

    def denied_by_provider(self) -> None:
        """Somebody came back from a provider without what is needed; it is logged there."""
        self.results["oidc", "refused"] += 1

    def _begin(self, subject: str, grant: Grant, address: str) -> str:
        _log.info("signed in", account=quote(grant.name or ""), address=address)
        return self._sessions.begin(subject, grant, self._now())

    @contextmanager
    def _counted(self, way: str) -> Iterator[None]:
        try:
            yield
        except NotSignedIn:
            self.results[way, "refused"] += 1
            raise
        except (TooSoon, TooManySignIns):
            self.results[way, "delayed"] += 1
            raise
        self.results[way, "ok"] += 1
