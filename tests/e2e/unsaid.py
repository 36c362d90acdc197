"""What no log may hold. Every server of every end-to-end test has its log searched for it when it ends: whatever the
test was about, and however the server went.
"""

from __future__ import annotations

import re
from typing import Final

RANDOM: Final = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
"""256 random bits as all of ours are written: tokens, cookies, tickets, links, what goes to and fro with a provider."""

FORMS: Final = re.compile(r"\$argon2|[Bb]earer |__Host-|once=|-----BEGIN|(?i:set-cookie|authorization: )")
"""What comes with a secret, or is the hash of one."""

WELCOME: Final = re.compile(r"^    https?://\S+/sign-in\?once=\S+$", re.MULTILINE)
"""What the server says on the terminal at its first start, and is meant to: whoever reads it may sign in, once."""

_known: Final[set[str]] = set()


def never_to_be_logged(*secrets: str) -> None:
    """Remember what a test used as a secret and chose itself, such as a password."""
    _known.update(secret for secret in secrets if len(secret) >= 8)


def search(log: str) -> None:
    """Raise AssertionError if there is a secret in a log. What is found is not repeated in full."""
    text = WELCOME.sub("", log)
    for place in (*filter(_is_random, RANDOM.finditer(text)), *FORMS.finditer(text)):
        raise AssertionError(f"a secret in the log: {_around(text, place.start())}")
    for secret in _known:
        if secret in text:
            raise AssertionError(f"a secret in the log: {_around(text, text.index(secret))}")


def _is_random(place: re.Match[str]) -> bool:
    """Not a name of that length: letters of both kinds, and digits."""
    return all(re.search(kind, place[0]) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def _around(text: str, place: int) -> str:
    begin = text.rfind("\n", 0, place) + 1
    return f"{text[begin : place + 3]}…"
