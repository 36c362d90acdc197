"""What a sign-in by a provider and its calls over HTTP have in common.

It is apart from `tracker.io.oidc`, which is imported only where a provider is configured: checking signatures takes a
library that nobody else needs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tracker.errors import DrempelloosError

PENDING_S: Final = 600.0
"""Seconds for which somebody may be away at the provider."""


class Denied(DrempelloosError):
    """Somebody is not signed in; the words are for that person, and say nothing of the provider's answers."""


class Departure(NamedTuple):
    """Where a browser goes, and what its cookie must say when it comes back."""

    url: str
    browser: str
