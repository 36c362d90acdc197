"""What people may be asked to report of a pursuit, and why: the article behind each button."""

from __future__ import annotations

from typing import Final, NamedTuple

from tracker.treaty.cite import Cite, index
from tracker.treaty.owed import bpt


class Act(NamedTuple):
    """A command of a pursuit's life, what the treaty has to do with it in our words, and where it says so."""

    name: str
    says: str
    cites: tuple[Cite, ...]

    @property
    def articles(self) -> tuple[str, ...]:
        """The citations for people: instrument and place."""
        return tuple(f"{index()[cite.instrument].title}, {cite}" for cite in self.cites)


ACTS: Final = (
    Act(
        "contact",
        "The host's competent service is contacted at the latest at the crossing. It is told, not asked; calls that "
        "nobody answers are kept on record.",
        (bpt("21", "2", "a"),),
    ),
    Act(
        "host-decision",
        "The host may go on jointly, take over, or have the pursuit stopped; its instructions bind.",
        (bpt("21", "2", "a"), bpt("21", "2", "b"), bpt("45", "1"), bpt("45", "2")),
    ),
    Act(
        "danger",
        "The pursuit is broken off when going on would endanger health or life out of proportion to the danger to be "
        "averted. A person judges that, never software.",
        (bpt("21", "2", "a"),),
    ),
    Act(
        "hold",
        "A person may be held, as far as the host's law allows, and is handed over at once.",
        (bpt("36", "1", "a"), bpt("36", "2"), bpt("21", "3"), bpt("40", "6")),
    ),
    Act(
        "handover",
        "Held persons and secured objects go to an officer of the host at once.",
        (bpt("36", "2"),),
    ),
    Act("report", "After the action its host is told of it, each host for its own soil.", (bpt("46", "1"),)),
)
"""Under the treaty of 2018; a decision cites what binds at its own border and day."""
