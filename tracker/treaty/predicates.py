"""Questions that rules ask of the facts. Each answers True, False, or None for "unknown"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from borders.states import BENELUX
from tracker.facts import Facts

QUESTIONS: Final = {
    "date": "On which day was the crossing? The present law is assumed.",
    "unit.origin_state": "From which state does the unit come?",
    "unit.service": "Which service is the unit of?",
    "unit.means": "What does the unit move in?",
    "unit.marked": "Is the vehicle marked?",
    "pursuit.kind": "Is this a pursuit, or an observation, an escort, a transit or a joint patrol?",
    "pursuit.started_in": "In which state did this unit begin to pursue?",
    "pursuit.ground": "Did the person escape, or is the person suspected of an offence, and which?",
    "pursuit.continuous": "Was the pursuit unbroken?",
    "crossing.from": "Out of which territory did the unit cross?",
    "crossing.to": "Into which territory did the unit cross?",
    "crossing.time": "When did the unit cross?",
    "contact.established_at": "When was contact with the host's service established?",
    "host.decision": "What has the host's service decided?",
    "host.can_take_over": "Was the host warned, and is it in place to take over?",
    "danger": (
        "Does going on endanger the health or life of anyone, manifestly out of proportion to the danger to be averted?"
    ),
}
"""What to ask a person for each fact, by its name in the input."""


class Predicate(NamedTuple):
    """A named question about some facts; the first of `reads` that nobody has stated is what to ask a person for.

    With `presumed` a rule may go ahead on an unknown answer, and asks all the same: for questions where going ahead is
    the careful thing to do, or where having started a pursuit has answered it as far as anybody has.
    """

    name: str
    reads: tuple[str, ...]
    ask: Callable[[Facts], bool | None]
    presumed: bool = False

    def missing(self, facts: Facts) -> str:
        """The fact to ask for while the answer is unknown."""
        return next((fact for fact in self.reads if not facts.states(fact)), self.reads[0])


def _same(one: object | None, other: object | None) -> bool | None:
    return None if one is None or other is None else one == other


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _into_benelux(facts: Facts) -> bool | None:
    return None if facts.crossing.to is None else facts.crossing.to in BENELUX


def _home(facts: Facts) -> bool | None:
    if _into_benelux(facts) is False:
        return False
    return _same(facts.crossing.to, facts.unit.origin_state)


def _host_decided(decision: str) -> Callable[[Facts], bool | None]:
    def ask(facts: Facts) -> bool | None:
        if facts.host.decision is None and facts.contact is not None and facts.contact.established_at is None:
            # Who has not been reached has not decided.
            return False
        return _same(facts.host.decision, decision)

    return ask


def _kind_is(kind: str) -> Callable[[Facts], bool | None]:
    return lambda facts: _same(facts.pursuit.kind, kind)


def _contact_in_time(facts: Facts) -> bool | None:
    if facts.contact is None:
        return None
    if facts.established_at is None:
        return False
    if facts.crossed_at is None:
        return None
    # The time of the crossing is an estimate. Within its uncertainty the officer has the benefit of the doubt.
    return facts.established_at <= facts.crossed_at + (facts.crossing.uncertainty_s or 0.0)


def _contact_in_doubt(facts: Facts) -> bool | None:
    if facts.established_at is None or facts.crossed_at is None:
        return False
    return bool(_contact_in_time(facts)) and facts.established_at > facts.crossed_at


def _host_is_ready(facts: Facts) -> bool | None:
    if facts.host.decision in ("continue", "joint"):
        return False
    return facts.host.can_take_over


def _without_old_ground(facts: Facts) -> bool | None:
    return None if facts.pursuit.ground is None else facts.pursuit.ground in ("none_known", "stop_evaded")


RETURNS_HOME: Final = Predicate("returns_home", ("unit.origin_state", "crossing.to"), _home)
HOST_SAID_STOP: Final = Predicate("host_said_stop", ("host.decision",), _host_decided("stop"))
HOST_TAKES_OVER: Final = Predicate("host_takes_over", ("host.decision",), _host_decided("takeover"))
DANGER_IS_DISPROPORTIONATE: Final = Predicate("danger_is_disproportionate", ("danger",), lambda facts: facts.danger)
IS_OBSERVATION: Final = Predicate("is_observation", ("pursuit.kind",), _kind_is("observation"))
IS_ESCORT: Final = Predicate("is_escort", ("pursuit.kind",), _kind_is("escort"))
IS_TRANSIT: Final = Predicate("is_transit", ("pursuit.kind",), _kind_is("transit"))
IS_JOINT_PATROL: Final = Predicate("is_joint_patrol", ("pursuit.kind",), _kind_is("joint_patrol"))
# Only picks wording and article, so that an unknown kind needs no question here: the general row answers it.
IS_ANOTHER_ACTION: Final = Predicate(
    "is_another_action", ("pursuit.kind",), lambda facts: facts.pursuit.kind not in (None, "pursuit")
)
# The treaty does not define pursuit: whoever started one has called it that, until somebody says otherwise.
IS_PURSUIT: Final = Predicate("is_pursuit", ("pursuit.kind",), _kind_is("pursuit"), presumed=True)
BEGAN_ABROAD: Final = Predicate(
    "began_abroad", ("pursuit.started_in", "unit.origin_state"), lambda facts: _not(facts.began_at_home)
)
IS_CUSTOMS: Final = Predicate("is_customs", ("unit.service",), lambda facts: _same(facts.unit.service, "customs"))
IS_UNLISTED_SERVICE: Final = Predicate(
    "is_unlisted_service", ("unit.service",), lambda facts: _same(facts.unit.service, "other")
)
# A service that nobody has named does not hold a pursuit up; it is asked for.
IS_POLICE: Final = Predicate(
    "is_police",
    ("unit.service",),
    lambda facts: None if facts.unit.service is None else facts.unit.service in ("police", "kmar", "special"),
    presumed=True,
)
LEAVES_THE_BENELUX: Final = Predicate("leaves_the_benelux", ("crossing.to",), lambda facts: _not(_into_benelux(facts)))
ENTERS_A_PARTY: Final = Predicate("enters_a_party", ("crossing.to",), _into_benelux)
HOST_IS_READY: Final = Predicate("host_is_ready", ("host.can_take_over",), _host_is_ready)
# The duty is the officers' to show, and a call too many harms nobody: not known to be made counts as not made.
CONTACT_NOT_IN_TIME: Final = Predicate(
    "contact_not_in_time",
    ("contact.established_at", "crossing.time"),
    lambda facts: _not(_contact_in_time(facts)),
    presumed=True,
)
CONTACT_IN_DOUBT: Final = Predicate("contact_in_doubt", ("contact.established_at", "crossing.time"), _contact_in_doubt)
WITHOUT_OLD_GROUND: Final = Predicate("without_old_ground", ("pursuit.ground",), _without_old_ground)
LOOKS_CIVILIAN: Final = Predicate(
    "looks_civilian", ("unit.marked",), lambda facts: facts.unit.marked is False or facts.unit.uniformed is False
)
IS_UNRECOGNISABLE: Final = Predicate(
    "is_unrecognisable", ("unit.marked",), lambda facts: facts.unit.marked is False and facts.unit.uniformed is False
)
LEAVES_THE_GROUND: Final = Predicate(
    "leaves_the_ground", ("unit.means",), lambda facts: facts.unit.means in ("boat", "helicopter")
)
IS_DRONE: Final = Predicate("is_drone", ("unit.means",), lambda facts: facts.unit.means == "drone")
IS_TRAIN: Final = Predicate("is_train", ("unit.means",), lambda facts: facts.unit.means == "train")
WAS_INTERRUPTED: Final = Predicate(
    "was_interrupted", ("pursuit.continuous",), lambda facts: facts.pursuit.continuous is False
)
