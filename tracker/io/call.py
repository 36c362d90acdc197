"""What is said of a call of the API, for its route and for the OpenAPI document."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from tracker.roles import Access


class Call(NamedTuple):
    """One call of the API."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    name: str
    summary: str
    access: Access
    answer: type[msgspec.Struct] | str
    """The type of the answer, or the media type of one that is not JSON."""
    body: object | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
