"""Sessions: who is signed in in which browser, and links that sign somebody in once.

A session is 256 random bits in a cookie; the server stores their hash, with whom they speak for. It outlives a restart,
and ends when nobody used it for a while, when it is old, when the person signs out, here or everywhere, and when the
account is disabled or gets another password.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from tracker.io.credential_file import CredentialFile, Row, digest
from tracker.io.credentials import Grant

LINK_S: Final = 15 * 60.0
"""Seconds for which a sign-in link works, once."""

NOTE_S: Final = 60.0
"""Seconds between two looks at which sessions were used and which have ended."""


class Session(msgspec.Struct, frozen=True):
    """Somebody who is signed in. Times are Unix seconds UTC."""

    key: bytes
    """The hash of its secret."""
    subject: str
    grant: Grant
    began_at: float
    seen_at: float


class Sessions:
    """The sessions of a file of credentials.

    Args:
        file: remembers them.
        idle_s: one that nobody used for this long has ended.
        longest_s: one that is this old has ended, used or not.
    """

    def __init__(self, file: CredentialFile, idle_s: float, longest_s: float) -> None:
        self._file = file
        self._idle_s = idle_s
        self._longest_s = longest_s
        self._seen: dict[bytes, float] = {}
        self._decoder = msgspec.json.Decoder(Grant)

    def begin(self, subject: str, grant: Grant, at: float) -> str:
        """Sign somebody in; the secret for the cookie."""
        secret = secrets.token_urlsafe(32)
        body = msgspec.json.encode(grant, order="deterministic")
        self._file.note(("INSERT INTO session VALUES (?, ?, ?, ?, ?)", (digest(secret), subject, body, at, at)))
        return secret

    def find(self, secret: str, at: float) -> Session | None:
        """The session of a cookie, which is now used; None when there is none, or it has ended."""
        return self.of(digest(secret), at)

    def of(self, key: bytes, at: float) -> Session | None:
        """The same, by the hash of the secret."""
        row = self._file.row("SELECT * FROM session WHERE hash = ?", (key,))
        if row is None:
            return None
        session = self._session(row)
        if at >= self.ends_at(session):
            return None
        self._seen[key] = at
        return session

    def list(self, at: float) -> list[Session]:
        """All sessions that go on, the longest first."""
        sessions = map(self._session, self._file.rows("SELECT * FROM session ORDER BY began_at, hash"))
        return [session for session in sessions if at < self.ends_at(session)]

    def ends_at(self, session: Session) -> float:
        """When it ends if nobody uses it any more."""
        return min(session.seen_at + self._idle_s, session.began_at + self._longest_s)

    def last_at(self, session: Session) -> float:
        """When it ends however much it is used."""
        return session.began_at + self._longest_s

    def end(self, session: Session) -> int:
        """Sign out; how many sessions ended."""
        return self._end("hash", session.key)

    def end_all(self, subject: str) -> int:
        """Sign somebody out everywhere; how many sessions ended."""
        return self._end("subject", subject)

    def note(self, at: float) -> None:
        """Remember which sessions were used, and forget those that have ended. Once a minute is enough."""
        seen, self._seen = self._seen, {}
        self._file.note(
            *(
                ("UPDATE session SET seen_at = max(seen_at, ?) WHERE hash = ?", (when, key))
                for key, when in seen.items()
            ),
            (
                "DELETE FROM session WHERE seen_at <= ? OR began_at <= ?",
                (at - self._idle_s, at - self._longest_s),
            ),
            ("DELETE FROM link WHERE ends_at <= ?", (at,)),
        )

    def make_link(self, subject: str, grant: Grant, at: float) -> str:
        """A secret that signs somebody in once, within `LINK_S`."""
        secret = secrets.token_urlsafe(32)
        body = msgspec.json.encode(grant, order="deterministic")
        self._file.note(("INSERT INTO link VALUES (?, ?, ?, ?)", (digest(secret), subject, body, at + LINK_S)))
        return secret

    def link_of(self, secret: str, at: float) -> tuple[str, Grant] | None:
        """Whom a link would sign in; it is not used by that."""
        row = self._file.row("SELECT subject, grant_ FROM link WHERE hash = ? AND ends_at > ?", (digest(secret), at))
        return None if row is None else (row[0], self._decoder.decode(row[1]))

    def use_link(self, secret: str, at: float) -> tuple[str, Grant] | None:
        """Whom a link signs in; it is worthless from then on. None when it is not known, used or too old."""
        used = self._file.note(
            ("DELETE FROM link WHERE hash = ? RETURNING subject, grant_, ends_at", (digest(secret),))
        )
        if not used or at >= used[0][2]:
            return None
        return used[0][0], self._decoder.decode(used[0][1])

    def _session(self, row: Row) -> Session:
        key, subject, body, began_at, seen_at = row
        return Session(key, subject, self._decoder.decode(body), began_at, max(seen_at, self._seen.get(key, seen_at)))

    def _end(self, column: str, value: bytes | str) -> int:
        return len(self._file.change((f"DELETE FROM session WHERE {column} = ? RETURNING hash", (value,))))  # noqa: S608
