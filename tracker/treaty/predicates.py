"""Questions that rules ask of the facts. Each answers True, False, or None for "unknown"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from borders.states import BENELUX
from tracker.treaty.facts import Facts


class Predicate(NamedTuple):
    """A named question; `fact` is what to ask a person for when the answer is unknown, `question` how."""

    name: str
    fact: str
    question: str
    ask: Callable[[Facts], bool | None]


def _same(one: object | None, other: object | None) -> bool | None:
    return None if one is None or other is None else one == other


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _contact_in_time(facts: Facts) -> bool | None:
    # Absent means that nobody knows; a record without a time says that there has been none.
    if facts.contact is None:
        return None
    if facts.established_at is None:
        return False
    if facts.crossed_at is None:
        return None
    # The time of the crossing is an estimate. Within its uncertainty the officer has the benefit of the doubt.
    return facts.established_at <= facts.crossed_at + (facts.crossing.uncertainty_s or 0.0)


def _ready_host(facts: Facts) -> bool | None:
    if facts.host.decision in ("continue", "joint"):
        return False
    return facts.host.can_take_over


RETURNS_HOME: Final = Predicate(
    "returns_home",
    "unit.origin_state",
    "From which state does the unit come?",
    lambda facts: _same(facts.crossing.to, facts.unit.origin_state),
)
HOST_SAID_STOP: Final = Predicate(
    "host_said_stop",
    "host.decision",
    "What has the host's service decided?",
    lambda facts: _same(facts.host.decision or "none", "stop"),
)
HOST_TAKES_OVER: Final = Predicate(
    "host_takes_over",
    "host.decision",
    "What has the host's service decided?",
    lambda facts: _same(facts.host.decision or "none", "takeover"),
)
DANGER_IS_DISPROPORTIONATE: Final = Predicate(
    "danger_is_disproportionate",
    "danger",
    "Does going on endanger the health or life of anyone out of proportion to the danger to be averted?",
    lambda facts: facts.danger,
)
IS_OBSERVATION: Final = Predicate(
    "is_observation",
    "pursuit.kind",
    "Is this a pursuit, or an observation?",
    lambda facts: _same(facts.pursuit.kind, "observation"),
)
IS_ESCORT: Final = Predicate(
    "is_escort",
    "pursuit.kind",
    "Is this a pursuit, or an escort?",
    lambda facts: _same(facts.pursuit.kind, "escort"),
)
IS_TRANSIT: Final = Predicate(
    "is_transit",
    "pursuit.kind",
    "Is this a pursuit, or a transit?",
    lambda facts: _same(facts.pursuit.kind, "transit"),
)
IS_JOINT_PATROL: Final = Predicate(
    "is_joint_patrol",
    "pursuit.kind",
    "Is this a pursuit, or a joint patrol?",
    lambda facts: _same(facts.pursuit.kind, "joint_patrol"),
)
MAY_BE_PURSUIT: Final = Predicate(
    "may_be_pursuit",
    "pursuit.kind",
    "Is this a pursuit?",
    # Who has said nothing else means a pursuit; the rows of the other kinds ask.
    lambda facts: facts.pursuit.kind in (None, "pursuit"),
)
BEGAN_ABROAD: Final = Predicate(
    "began_abroad",
    "pursuit.started_in",
    "In which state did this unit begin to pursue?",
    lambda facts: _not(_same(facts.pursuit.started_in, facts.unit.origin_state)),
)
IS_CUSTOMS: Final = Predicate(
    "is_customs",
    "unit.service",
    "Which service is the unit of?",
    lambda facts: _same(facts.unit.service, "customs"),
)
IS_NO_POLICE_SERVICE: Final = Predicate(
    "is_no_police_service",
    "unit.service",
    "Which service is the unit of?",
    lambda facts: _same(facts.unit.service, "other"),
)
IS_SPECIAL_UNIT: Final = Predicate(
    "is_special_unit",
    "unit.service",
    "Which service is the unit of?",
    lambda facts: _same(facts.unit.service, "special"),
)
LEAVES_THE_BENELUX: Final = Predicate(
    "leaves_the_benelux",
    "crossing.to",
    "Into which territory did the unit cross?",
    lambda facts: None if facts.crossing.to is None else facts.crossing.to not in BENELUX,
)
HOST_CAN_TAKE_OVER: Final = Predicate(
    "host_can_take_over",
    "host.can_take_over",
    "Was the host warned, and is it in place to take over?",
    _ready_host,
)
CONTACT_NOT_IN_TIME: Final = Predicate(
    "contact_not_in_time",
    "contact.established_at",
    "When was contact with the host's service established?",
    # Unknown counts against: the duty is the officers' to show, and a call too many harms nobody.
    lambda facts: not _contact_in_time(facts),
)
