"""Where each fact comes from: what the software sees, what is kept on file, what a person must say, and how to ask."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Source(StrEnum):
    """Who can know a fact."""

    SEEN = "seen"
    """The software: it follows from positions and clocks."""
    KEPT = "kept"
    """Somebody wrote it down beforehand, in the roster or the configuration."""
    SAID = "said"
    """A person, there and then. Software never concludes it."""


class Fact(NamedTuple):
    """A field of the input of `decide`. `whence` says how it comes to be known, and what not knowing it means."""

    name: str
    source: Source
    whence: str
    question: str


FACTS: Final = (
    Fact(
        "date",
        Source.SEEN,
        "The local day of the crossing. Unknown: the present law is assumed",
        "On which day was the crossing? The present law is assumed.",
    ),
    Fact("unit.origin_state", Source.KEPT, "The roster, or the unit's name", "From which state does the unit come?"),
    Fact("unit.service", Source.KEPT, "The roster", "Which service is the unit of?"),
    Fact("unit.means", Source.KEPT, "The roster", "What does the unit move in?"),
    Fact("unit.marked", Source.KEPT, "The roster", "Is the vehicle marked?"),
    Fact(
        "unit.uniformed",
        Source.SAID,
        "The crew, or the roster where it never changes",
        "Are the officers in uniform, or do they wear an armband?",
    ),
    Fact(
        "pursuit.kind",
        Source.SAID,
        "Whoever starts a pursuit calls it one; the treaty does not define it",
        "Is this a pursuit, or an observation, escort, transport, transit, joint patrol, emergency, assistance on "
        "request or a check on a train or ship?",
    ),
    Fact(
        "pursuit.started_in",
        Source.SEEN,
        "The territory of the unit when it started or joined; a person may correct it",
        "In which state did this unit begin to pursue?",
    ),
    Fact(
        "pursuit.ground",
        Source.SAID,
        "The officers. The treaty of 2018 never asks; older and other instruments do",
        "Did the person escape, or is the person suspected of an offence, and which?",
    ),
    Fact("pursuit.continuous", Source.SAID, "The officers", "Was the pursuit unbroken?"),
    Fact("crossing.from", Source.SEEN, "Positions", "Out of which territory did the unit cross?"),
    Fact("crossing.to", Source.SEEN, "Positions", "Into which territory did the unit cross?"),
    Fact("crossing.time", Source.SEEN, "Positions: estimated between two fixes", "When did the unit cross?"),
    Fact(
        "crossing.uncertainty_s",
        Source.SEEN,
        "Positions, with the estimate",
        "By how many seconds may the time of the crossing be wrong?",
    ),
    Fact(
        "crossing.border_region",
        Source.KEPT,
        "Annex 3, which was not found: nobody knows it yet",
        "Is this in the border region (Annex 3)?",
    ),
    Fact(
        "contact.attempted_at",
        Source.SAID,
        "Whoever called",
        "When was contact with the host's service first tried?",
    ),
    Fact(
        "contact.established_at",
        Source.SAID,
        "Whoever called. Not known to be made counts as not made",
        "When was contact with the host's service established?",
    ),
    Fact("contact.with", Source.SAID, "Whoever called", "With whom was contact made?"),
    Fact("contact.channel", Source.SAID, "Whoever called", "By which channel was contact made?"),
    Fact(
        "contact.earlier_entry",
        Source.SEEN,
        "Positions, and when the call was made",
        "Was this line opened for an earlier crossing into the same state?",
    ),
    Fact(
        "host.can_take_over",
        Source.SAID,
        "The host's service",
        "Was the host warned, and is it in place to take over?",
    ),
    Fact("host.decision", Source.SAID, "The host's service", "What has the host's service decided?"),
    Fact(
        "host.instructions", Source.SAID, "The host's service", "What has the host's service told the officers to do?"
    ),
    Fact(
        "host.consent",
        Source.SAID,
        "The host's authority. A pursuit needs none",
        "Has the host consented beforehand?",
    ),
    Fact(
        "host.restriction",
        Source.KEPT,
        "The configuration. None on file: nothing is said of it",
        "Has the host given notice that it refuses or restricts cooperation (Art. 61)?",
    ),
    Fact(
        "danger",
        Source.SAID,
        "A human judgement; software only asks",
        "Does going on endanger the health or life of anyone, manifestly out of proportion to the danger to be "
        "averted?",
    ),
    Fact("held", Source.SAID, "The officers", "Is a person being held or taken along?"),
    Fact(
        "held_at", Source.SAID, "The officers: when the hold was reported, or said to have begun", "When did it begin?"
    ),
    Fact(
        "suspected_eaw",
        Source.SAID,
        "The officers",
        "Is the person held suspected of an offence for which surrender is possible?",
    ),
    Fact("force_used", Source.SAID, "The officers", "Was force used?"),
)
"""Every field of the input, in its order. Unknown is possible for each, and is never taken as yes or no."""

QUESTIONS: Final = {fact.name: fact.question for fact in FACTS}
"""What to ask a person for each fact."""
