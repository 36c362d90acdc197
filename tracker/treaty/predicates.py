"""Questions that rules ask of the facts. Each answers True, False, or None for "unknown"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from borders.states import BENELUX
from tracker.facts import Facts
from tracker.treaty.cite import index


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
    return _same(facts.crossing.to, facts.unit.origin_state)


def _over_the_outer_border(facts: Facts) -> bool | None:
    if _into_benelux(facts) is False or (facts.unit.origin_state or "BE") not in BENELUX:
        return True
    return None if facts.crossing.to is None else False


def _predates(instrument: str) -> Predicate:
    """Whether the day lies before an instrument bound anybody. An unknown day counts as one under the present law."""

    def ask(facts: Facts) -> bool:
        return facts.on is not None and facts.on < index()[instrument].in_force

    return Predicate(f"is_before_{index()[instrument].title.lower().replace(' ', '_')}", ("date",), ask)


def _host_decided(decision: str) -> Callable[[Facts], bool | None]:
    def ask(facts: Facts) -> bool | None:
        if facts.host.decision is None and facts.contact is not None and facts.contact.established_at is None:
            # Who has not been reached has not decided.
            return False
        return _same(facts.host.decision, decision)

    return ask


def _kind_is(*kinds: str) -> Callable[[Facts], bool | None]:
    return lambda facts: None if facts.pursuit.kind is None else facts.pursuit.kind in kinds


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
IS_ESCORT: Final = Predicate("is_escort", ("pursuit.kind",), _kind_is("escort", "transport"))
IS_TRANSIT: Final = Predicate("is_transit", ("pursuit.kind",), _kind_is("transit"))
# Whether somebody is taken along only sharpens the general row, which tells what to do then.
IS_TRANSIT_WITH_DETAINEE: Final = Predicate("takes_a_detainee", ("held",), lambda facts: bool(facts.held))
IS_EMERGENCY: Final = Predicate("is_emergency", ("pursuit.kind",), _kind_is("emergency"))
IS_ASSISTANCE: Final = Predicate("is_assistance_on_request", ("pursuit.kind",), _kind_is("assistance"))
IS_TRAIN_OR_SHIP: Final = Predicate("is_on_a_train_or_ship", ("pursuit.kind",), _kind_is("train_or_ship"))
IS_OF_2018: Final = Predicate(
    "is_of_2018", ("pursuit.kind",), _kind_is("escort", "transport", "assistance", "train_or_ship")
)
IS_OF_2004: Final = Predicate("is_of_2004", ("pursuit.kind",), _kind_is("transit", "joint_patrol", "emergency"))
HAS_CONSENT: Final = Predicate("has_consent", ("host.consent",), lambda facts: facts.host.consent)
LACKS_CONSENT: Final = Predicate("lacks_consent", ("host.consent",), lambda facts: _not(facts.host.consent))
WAS_ABROAD: Final = Predicate(
    "was_abroad_already", ("crossing.from", "unit.origin_state"), lambda facts: _not(facts.left_own_state)
)
IN_BORDER_REGION: Final = Predicate(
    "in_the_border_region", ("crossing.border_region",), lambda facts: facts.crossing.border_region
)
OUTSIDE_BORDER_REGION: Final = Predicate(
    "outside_the_border_region", ("crossing.border_region",), lambda facts: _not(facts.crossing.border_region)
)
BEFORE_NAPLES: Final = _predates("NAPLES2")
BEFORE_2018: Final = _predates("BPT2018")
BEFORE_2004: Final = _predates("SENNINGEN2004")
BEFORE_SCHENGEN: Final = _predates("CISA")
BEFORE_1962: Final = _predates("BENELUX1962")
UNDER_SCHENGEN: Final = Predicate("under_schengen", ("date",), lambda facts: _not(BEFORE_SCHENGEN.ask(facts)))
WHITHER_IS_UNKNOWN: Final = Predicate("whither_is_unknown", ("crossing.to",), lambda facts: facts.crossing.to is None)
IS_SPECIAL_UNIT: Final = Predicate(
    "is_special_unit", ("unit.service",), lambda facts: _same(facts.unit.service, "special")
)
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
OVER_THE_OUTER_BORDER: Final = Predicate(
    "over_the_outer_border", ("crossing.to", "unit.origin_state"), _over_the_outer_border
)
ENTERS_A_PARTY: Final = Predicate("enters_a_party", ("crossing.to",), _into_benelux)
HOST_IS_READY: Final = Predicate("host_is_ready", ("host.can_take_over",), _host_is_ready)
# The duty is the officers' to show, and a call too many harms nobody: not known to be made counts as not made.
CONTACT_NOT_IN_TIME: Final = Predicate(
    "contact_not_in_time",
    ("contact.established_at", "crossing.time"),
    lambda facts: _not(_contact_in_time(facts)),
    presumed=True,
)
# Only picks the words: whoever is known to have been reached is not to be called once more.
CONTACT_CAME_LATE: Final = Predicate(
    "contact_came_late",
    ("contact.established_at", "crossing.time"),
    lambda facts: facts.established_at is not None and _contact_in_time(facts) is False,
)
CONTACT_IN_DOUBT: Final = Predicate("contact_in_doubt", ("contact.established_at", "crossing.time"), _contact_in_doubt)
# Both only weaken the basis, so that not knowing them needs no question.
ENTERS_SECOND_HOST: Final = Predicate(
    "enters_a_second_host",
    ("crossing.from", "crossing.to", "unit.origin_state"),
    lambda facts: bool(_into_benelux(facts)) and facts.left_own_state is False and not _home(facts),
)
ON_AN_OPEN_LINE: Final = Predicate(
    "on_an_open_line",
    ("contact.earlier_entry",),
    lambda facts: facts.contact is not None and bool(facts.contact.earlier_entry),
)
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
FORCE_WAS_USED: Final = Predicate("force_was_used", ("force_used",), lambda facts: facts.force_used)
PERSON_IS_HELD: Final = Predicate("person_is_held", ("held",), lambda facts: facts.held)


def _may_be_questioned(facts: Facts) -> bool | None:
    if not facts.held:
        return facts.held
    return True if facts.offence_ground == "escaped" else facts.suspected_eaw


HELD_FOR_QUESTIONING: Final = Predicate("held_for_questioning", ("held", "suspected_eaw"), _may_be_questioned)
HOST_RESTRICTS: Final = Predicate(
    "host_restricts", ("host.restriction",), lambda facts: None if facts.host.restriction is None else True
)
