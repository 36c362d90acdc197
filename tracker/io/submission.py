"""What is handed to the service, and what it says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tracker.errors import DrempelloosError
from tracker.inputs import Input
from tracker.io.batch import Outcome, Told


class Unavailable(DrempelloosError):
    """Nothing can be accepted at present. What was submitted was not, and may be submitted again."""


class Committed(NamedTuple):
    """What one commit made known: events, each with its offset and its journalled form, and units that moved."""

    events: list[Told]
    moved: dict[str, None]
    since: float = 0.0
    """When the oldest of the inputs took its place in the queue, by the loop's clock."""
    restated: Mapping[str, str | None] = {}
    """Units that belong to another state now, with the one that they belonged to."""
    introduced: Mapping[str, None] = {}
    """Units of which the roster says what screens cannot know: those, and new ones that their name says nothing of."""


class Submission(NamedTuple):
    """Inputs that came together, and whom to tell."""

    inputs: Sequence[Input]
    tell: Callable[[list[Outcome] | Unavailable], None]
    since: float
    is_act: bool = False
    """A person does this, and waits for it."""


def resolve(waiter: asyncio.Future[list[Outcome]], outcomes: list[Outcome] | Unavailable) -> None:
    """Give a waiter its answer."""
    if waiter.done():
        return  # whoever waited has gone
    if isinstance(outcomes, Unavailable):
        waiter.set_exception(outcomes)
    else:
        waiter.set_result(outcomes)
