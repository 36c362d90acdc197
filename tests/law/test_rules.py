"""The table against the treaty: one row of facts, one decision, the article."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tracker.treaty.facts import Facts
from tracker.treaty.rules import Finding, decide

AT = "2026-11-23T14:02:27Z"
FULL: dict[str, dict[str, Any] | Any] = {
    "date": "2026-11-23",
    "unit": {"origin_state": "BE", "service": "police", "means": "car", "marked": True, "uniformed": True},
    "pursuit": {"kind": "pursuit", "started_in": "BE", "ground": "stop_evaded", "continuous": True},
    "crossing": {"from": "BE", "to": "NL", "time": AT, "uncertainty_s": 0.5},
    "contact": {"established_at": "2026-11-23T14:02:00Z", "with": "the room", "channel": "phone"},
    "host": {"can_take_over": False, "decision": "none"},
    "danger": False,
}

DUTCH: dict[str, Any] = {"unit": {"origin_state": "NL"}, "pursuit": {"started_in": "NL"}}


def facts(**changes: Any) -> Facts:
    """A pursuit in which every fact is known and nothing is wrong, with some facts changed."""
    merged = {
        key: {**value, **changes[key]} if isinstance(changes.get(key), dict) else value for key, value in FULL.items()
    }
    merged |= {key: value for key, value in changes.items() if not isinstance(value, dict)}
    return msgspec.convert(merged, Facts)


def found(**changes: Any) -> Finding:
    return decide(facts(**changes))


@pytest.mark.parametrize(
    ("rule", "permitted", "article", "changes"),
    [
        ("R13", "yes", "Art. 21(1)", {}),
        ("R13", "yes", "Art. 21(1)", {"unit": {"service": "kmar"}}),
        ("R13", "yes", "Art. 21(1)", {"unit": {"service": "special"}}),
        ("R13", "yes", "Art. 21(1)", {"pursuit": {"ground": "none_known"}}),
        ("R13", "yes", "Art. 21(1)", {"host": {"decision": "joint", "can_take_over": True}}),
        ("R12", "conditional", "Art. 21(2)(a)", {"contact": {"established_at": None}}),
        ("R12", "conditional", "Art. 21(2)(a)", {"contact": {"established_at": "2026-11-23T14:02:29Z"}}),
        ("R12", "conditional", "Art. 21(2)(a)", {"contact": None}),
        ("R11", "no", "Art. 21(1)", {"host": {"can_take_over": True}}),
        ("R8", "conditional", "Art. 41", {"crossing": {"to": "FR"}}),
        (
            "R8",
            "conditional",
            "Art. 12",
            {"unit": {"origin_state": "NL"}, "pursuit": {"started_in": "NL"}, "crossing": {"from": "NL", "to": "DE"}},
        ),
        ("R8", "uncertain", "Art. 41", {"crossing": {"from": "LU", "to": "DE"}}),
        ("R8", "uncertain", "Art. 41", {"crossing": {"to": "SEA"}}),
        ("R7b", "no", "Art. 5", {"unit": {"service": "other"}}),
        ("R7", "conditional", "Art. 20", {"unit": {"service": "customs"}}),
        ("R6", "no", "Art. 21(1)", {"pursuit": {"started_in": "NL"}, "crossing": {"from": "NL", "to": "LU"}}),
        ("R5c", "conditional", "Art. 20", {"pursuit": {"kind": "joint_patrol"}}),
        ("R5b", "yes", "Art. 32", {"pursuit": {"kind": "transit"}}),
        ("R5a", "conditional", "Art. 25", {"pursuit": {"kind": "escort"}}),
        ("R4", "conditional", "Art. 22", {"pursuit": {"kind": "observation"}}),
        ("R3", "conditional", "Art. 45(1)", {"host": {"decision": "takeover"}}),
        ("R2", "no", "Art. 21(2)(a)", {"danger": True}),
        ("R1", "no", "Art. 21(2)(a)", {"host": {"decision": "stop"}}),
        ("R1", "no", "Art. 21(2)(a)", {"host": {"decision": "stop"}, "danger": True, "contact": None}),
        ("R0", "yes", "Art. 46", {"crossing": {"from": "NL", "to": "BE"}}),
        ("R0", "yes", "Art. 46", {"crossing": {"from": "NL", "to": "BE"}, "host": {"decision": "stop"}}),
        ("R10", "conditional", "Art. 18", {"date": "2023-09-30"}),
        ("R13", "yes", "Art. 21(1)", {"date": "2023-10-01"}),
        ("R10", "conditional", "Art. 18", {"date": "2006-06-01"}),
        ("R9", "uncertain", "Art. 27", {"date": "2006-05-31"}),
        ("none", "uncertain", "none", {"date": "2020-01-01", "pursuit": {"kind": "observation"}}),
    ],
)
def test_each_row(rule: str, permitted: str, article: str, changes: dict[str, Any]) -> None:
    decision = found(**changes)

    assert (decision.rule, decision.permitted, decision.article) == (rule, permitted, article)
    assert decision.asks == ()


def test_contact_within_the_uncertainty_of_the_crossing_is_in_time() -> None:
    late = {"established_at": "2026-11-23T14:02:28Z"}

    assert found(contact=late, crossing={"uncertainty_s": 0.5}).rule == "R12"
    assert found(contact=late, crossing={"uncertainty_s": 1.5}).rule == "R13"


def test_the_deadline_of_contact_is_the_crossing() -> None:
    deadlines = {owed.id: owed.deadline for owed in found().obligations}

    assert deadlines["contact"] == "2026-11-23T14:02:27.000Z"
    assert deadlines["confirm_in_writing"] == "2026-11-24T14:02:00.000Z"
    assert deadlines["report_after_action"] is None


def test_urgent_observation_stops_after_five_hours() -> None:
    deadlines = {owed.id: owed.deadline for owed in found(pursuit={"kind": "observation"}).obligations}

    assert deadlines["stop_without_consent"] == "2026-11-23T19:02:27.000Z"


def test_unknown_is_neither_yes_nor_no_it_is_asked_for() -> None:
    decision = found(host={"can_take_over": None}, danger=None)

    assert (decision.rule, decision.permitted) == ("R13", "conditional")
    assert {ask.fact: ask.would_change for ask in decision.asks} == {"danger": "R2", "host.can_take_over": "R11"}


def test_next_to_nothing_known_still_gives_the_cautious_answer() -> None:
    decision = decide(
        msgspec.convert(
            {
                "unit": {"origin_state": "BE"},
                "pursuit": {"kind": "pursuit", "started_in": "BE"},
                "crossing": {"from": "BE", "to": "NL", "time": AT},
            },
            Facts,
        )
    )

    assert decision.rule == "R12"
    assert {ask.fact for ask in decision.asks} == {"danger", "unit.service", "host.can_take_over"}


def test_without_a_date_the_present_law_is_assumed_and_the_date_asked_for() -> None:
    decision = found(date=None, crossing={"time": None}, contact=None)

    assert decision.rule == "R12"
    assert "date" in {ask.fact for ask in decision.asks}


def test_the_local_day_of_the_crossing_decides_which_law_applies() -> None:
    """22:30 UTC on 30 September 2023 is half past midnight on 1 October in Brussels."""
    in_time = {"established_at": "2023-09-30T22:00:00Z"}

    assert found(date=None, crossing={"time": "2023-09-30T22:30:00Z"}, contact=in_time).rule == "R13"
    assert found(date=None, crossing={"time": "2023-09-30T21:30:00Z"}, contact=in_time).rule == "R10"


def test_special_units_rest_on_article_55_as_well() -> None:
    assert "Benelux Police Treaty 2018, Art. 55" in found(unit={"service": "special"}).cites


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ({"marked": False}, "Art. 44(3)"),
        ({"uniformed": False}, "Art. 44(3)"),
        ({"means": "helicopter"}, "Art. 21(2)(d)"),
        ({"means": "drone"}, "drones"),
    ],
)
def test_modifiers_add_a_warning_and_change_nothing_else(unit: dict[str, Any], says: str) -> None:
    assert any(says in warning for warning in found(unit=unit).warnings)
    assert found(unit=unit).rule == "R13"
    assert not any(says in warning for warning in found().warnings)


def test_into_france_officers_follow_and_stop_nobody() -> None:
    decision = found(crossing={"to": "FR"})

    assert decision.powers == ("Follow only: no power to stop anyone",)
    assert decision.basis == "unverified"


def test_a_belgian_unit_from_luxembourg_into_germany_is_not_covered() -> None:
    decision = found(crossing={"from": "LU", "to": "DE"})

    assert decision.permitted == "uncertain"
    assert "Hand over to Luxembourg units" in decision.words
