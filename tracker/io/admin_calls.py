"""The administrator's part of the table of calls."""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.io import answers, requests
from tracker.io.administration import AccountView, Ended, LinkView, NewCredential, RevokedView
from tracker.io.call import Call

ROOT: Final = "/api/v1/admin"


def _read(path: str, name: str, summary: str, answer: type[msgspec.Struct]) -> Call:
    return Call("GET", f"{ROOT}/{path}", name, summary, "administer", answer)


def _act(
    path: str, name: str, summary: str, answer: type[msgspec.Struct], body: object = None, status: int = 200
) -> Call:
    errors = {400, 403, 503} | (set() if body is None else {413, 415}) | ({404} if "{" in path else set())
    return Call("POST", f"{ROOT}/{path}", name, summary, "administer", answer, body, status, tuple(sorted(errors)))


CALLS: Final = (
    _read("accounts", "accounts", "All accounts.", answers.AccountsAnswer),
    _act(
        "accounts",
        "addAccount",
        "Make an account; the answer has the link by which its owner chooses a password.",
        answers.NewAccountAnswer,
        requests.AccountBody,
        201,
    ),
    _act("accounts/{name}/disable", "disableAccount", "Let a person sign in no more; sessions end.", AccountView),
    _act("accounts/{name}/enable", "enableAccount", "Let a disabled person sign in again.", AccountView),
    _act(
        "accounts/{name}/role",
        "setRole",
        "Give a person another role, or another state's control room; sessions end.",
        AccountView,
        requests.RoleBody,
    ),
    _act("accounts/{name}/link", "resetAccount", "A link that signs a person in once, to choose a password.", LinkView),
    _act("accounts/{name}/sign-out", "signOutAccount", "End all sessions of a person.", Ended),
    _read("tokens", "tokens", "All tokens and certificates, without their secrets.", answers.CredentialsAnswer),
    _act(
        "tokens",
        "issueToken",
        "Make a token, which is shown this once, or let a client certificate speak for units.",
        NewCredential,
        requests.CredentialBody,
        201,
    ),
    _act(
        "tokens/{id}/revoke", "revokeToken", "Make a token or a certificate worthless; its sockets close.", RevokedView
    ),
    _read("sessions", "sessions", "Everybody who is signed in.", answers.SessionsAnswer),
    _act("sessions/{id}/end", "endSession", "End one session; its sockets close.", Ended),
)
