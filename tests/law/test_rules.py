"""The table against the treaty: one row of facts, one decision, the article."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tracker.facts import Facts
from tracker.treaty.owed import HAND_OVER, REPORT_NOW
from tracker.treaty.rules import Finding, decide, obligation
from tracker.treaty.table import Owed

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

CONSENT: dict[str, Any] = {"host": {"consent": True}}
NO_CONSENT: dict[str, Any] = {"host": {"consent": False}}
IN_2020: dict[str, Any] = {"date": "2020-01-01"}
DUTCH: dict[str, Any] = {"unit": {"origin_state": "NL"}, "pursuit": {"started_in": "NL"}}


def coming(origin: str, to: str) -> dict[str, Any]:
    """A unit of a neighbour that comes in from its own state."""
    return {"unit": {"origin_state": origin}, "crossing": {"from": origin, "to": to}}


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
        ("R13", "yes", "Art. 55(1)", {"unit": {"service": "special"}}),
        ("R13", "yes", "Art. 21(1)", {"pursuit": {"ground": "none_known"}}),
        ("R13", "yes", "Art. 21(1)", {"host": {"decision": "joint", "can_take_over": True}}),
        ("R12", "conditional", "Art. 21(2)(a)", {"contact": {"established_at": None}}),
        ("R12", "conditional", "Art. 21(2)(a)", {"contact": {"established_at": "2026-11-23T14:02:29Z"}}),
        ("R11", "no", "Art. 21(1)", {"host": {"can_take_over": True}}),
        ("R8", "no", "Art. 41", {"crossing": {"to": "FR"}}),
        ("R8", "conditional", "Art. 41", {"crossing": {"to": "FR"}, "pursuit": {"ground": "offence(murder)"}}),
        ("R8", "conditional", "Art. 41", {**coming("FR", "BE"), "pursuit": {"started_in": "FR", "ground": "escaped"}}),
        ("R8", "no", "Art. 41", {**coming("FR", "LU"), "pursuit": {"started_in": "FR"}}),
        ("R8", "conditional", "Art. 41", {**coming("DE", "LU"), "pursuit": {"started_in": "DE", "ground": "offence"}}),
        ("R8", "conditional", "Art. 12(1)", {**coming("DE", "NL"), "pursuit": {"started_in": "DE"}}),
        ("R8", "uncertain", "Art. 41", {**coming("DE", "BE"), "pursuit": {"started_in": "DE"}}),
        (
            "R8",
            "uncertain",
            "Art. 41(1)",
            {"unit": {"origin_state": "DE"}, "crossing": {"from": "LU", "to": "BE"}, "pursuit": {"started_in": "DE"}},
        ),
        ("R0", "yes", "Art. 41(5)(g)", {"unit": {"origin_state": "DE"}, "crossing": {"from": "NL", "to": "DE"}}),
        (
            "R8",
            "conditional",
            "Art. 12(1)",
            {"unit": {"origin_state": "NL"}, "pursuit": {"started_in": "NL"}, "crossing": {"from": "NL", "to": "DE"}},
        ),
        ("R8", "uncertain", "Art. 41(1)", {"crossing": {"from": "LU", "to": "DE"}}),
        ("R8", "uncertain", "Art. 41(1)", {"crossing": {"from": "NL", "to": "DE"}}),
        ("R8", "uncertain", "Art. 41", {"crossing": {"to": "DE"}}),
        ("R8", "uncertain", "Art. 111", {"crossing": {"to": "SEA"}}),
        ("R8", "uncertain", "Art. 67", {"crossing": {"to": "GB"}}),
        ("R8", "uncertain", "Art. 67", {"crossing": {"to": "OUTSIDE"}}),
        ("R8", "uncertain", "Art. 41", {"crossing": {"to": "FR"}, "pursuit": {"kind": "escort"}}),
        ("R7", "uncertain", "Art. 1(a)", {"unit": {"service": "other"}}),
        ("R7", "conditional", "Art. 20", {"unit": {"service": "customs"}}),
        ("R6", "no", "Art. 21(1)", {"pursuit": {"started_in": "NL"}, "crossing": {"from": "NL", "to": "LU"}}),
        ("R5", "conditional", "Art. 20(1)", {"pursuit": {"kind": "joint_patrol"}}),
        ("R5", "yes", "Art. 32", {"pursuit": {"kind": "transit"}}),
        ("R5", "conditional", "Art. 41(4)", {"pursuit": {"kind": "transit"}, "held": True}),
        ("R5", "yes", "Art. 25(1)", {"pursuit": {"kind": "escort"}, **CONSENT}),
        ("R5", "yes", "Art. 25(1)", {"pursuit": {"kind": "transport"}, **CONSENT}),
        ("R5", "no", "Art. 25(1)", {"pursuit": {"kind": "transport"}, **NO_CONSENT}),
        ("R5", "conditional", "Art. 18", {"pursuit": {"kind": "assistance"}}),
        ("R5", "conditional", "Art. 26(1)", {"pursuit": {"kind": "train_or_ship"}}),
        ("R5", "conditional", "Art. 19(1)", {"pursuit": {"kind": "emergency"}, "crossing": {"border_region": True}}),
        ("R5", "no", "Art. 19(1)", {"pursuit": {"kind": "emergency"}, "crossing": {"border_region": False}}),
        (
            "R5",
            "conditional",
            "Art. 19(5)",
            {"pursuit": {"kind": "emergency"}, "crossing": {"from": "NL", "to": "LU", "border_region": False}},
        ),
        ("R5", "no", "Art. 19(1)", {"pursuit": {"kind": "emergency"}, "host": {"can_take_over": True}}),
        ("R4", "yes", "Art. 22(1)", {"pursuit": {"kind": "observation"}, **CONSENT}),
        ("R4", "conditional", "Art. 22(4)", {"pursuit": {"kind": "observation"}, **NO_CONSENT}),
        (
            "R4",
            "conditional",
            "Art. 40(2)",
            {"pursuit": {"kind": "observation"}, "crossing": {"to": "FR"}, **NO_CONSENT},
        ),
        ("R3", "conditional", "Art. 45(1)", {"host": {"decision": "takeover"}}),
        ("R2", "no", "Art. 21(2)(a)", {"danger": True}),
        ("R1", "no", "Art. 21(2)(a)", {"host": {"decision": "stop"}}),
        ("R1", "no", "Art. 21(2)(a)", {"host": {"decision": "stop"}, "danger": True, "contact": None}),
        ("R0", "yes", "Art. 46(1)", {"crossing": {"from": "NL", "to": "BE"}}),
        ("R0", "yes", "Art. 46(1)", {"crossing": {"from": "NL", "to": "BE"}, "host": {"decision": "stop"}}),
        ("R10", "conditional", "Art. 18", {"date": "2023-09-30", "pursuit": {"ground": "escaped"}}),
        ("R10", "conditional", "Art. 18", {"date": "2023-09-30", "pursuit": {"ground": "offence(theft)"}}),
        ("R10", "no", "Art. 18", {"date": "2023-09-30"}),
        ("R13", "yes", "Art. 21(1)", {"date": "2023-10-01"}),
        ("R10", "no", "Art. 18", {"date": "2006-06-01", "pursuit": {"ground": "none_known"}}),
        ("R9", "uncertain", "Art. 27", {"date": "2006-05-31", "pursuit": {"ground": "offence"}}),
        ("R9", "no", "Art. 27", {"date": "2006-05-31"}),
        ("R4", "conditional", "Art. 19", {"date": "2020-01-01", "pursuit": {"kind": "observation"}, **NO_CONSENT}),
        ("R5", "yes", "Art. 34", {"date": "2020-01-01", "pursuit": {"kind": "transit"}}),
        ("R5", "conditional", "Art. 25", {"date": "2020-01-01", "pursuit": {"kind": "joint_patrol"}}),
        ("R5", "conditional", "Art. 7", {**IN_2020, "pursuit": {"kind": "emergency"}, "crossing": {"from": "BE"}}),
        ("R5", "uncertain", "Art. 25(1)", {**IN_2020, "pursuit": {"kind": "train_or_ship"}}),
        ("R5", "uncertain", "Art. 34", {"date": "2000-01-01", "pursuit": {"kind": "transit"}}),
        ("R4", "uncertain", "Art. 40(1)", {"date": "1995-03-25", "pursuit": {"kind": "observation"}, **CONSENT}),
        ("R7", "uncertain", "Art. 20", {"date": "2008-01-01", "unit": {"service": "customs"}}),
        ("R7", "uncertain", "Art. 18", {**IN_2020, "unit": {"service": "other"}}),
        ("R9", "uncertain", "Art. 27", {"date": "1966-01-01"}),
        ("R9", "uncertain", "Art. 27", {"date": "1995-03-25", "pursuit": {"ground": "offence"}}),
        ("R6", "no", "Art. 18", {"date": "2020-01-01", "pursuit": {"started_in": "NL"}}),
        ("R1", "no", "Art. 35", {"date": "2020-01-01", "host": {"decision": "stop"}}),
        ("R1", "no", "Art. 45(2)", {"pursuit": {"kind": "observation"}, "host": {"decision": "stop"}}),
        ("R1", "no", "Art. 41(1)", {"crossing": {"to": "FR"}, "host": {"decision": "stop"}}),
        ("R2", "no", "Art. 17(3)", {**DUTCH, "crossing": {"from": "NL", "to": "DE"}, "danger": True}),
    ],
)
def test_each_row(rule: str, permitted: str, article: str, changes: dict[str, Any]) -> None:
    decision = found(**changes)

    assert (decision.rule, decision.permitted, decision.article) == (rule, permitted, article)
    assert decision.asks == ()


def test_contact_within_the_uncertainty_of_the_crossing_is_in_time() -> None:
    late = {"established_at": "2026-11-23T14:02:28Z"}

    assert found(contact=late, crossing={"uncertainty_s": 0.5}).rule == "R12"
    doubtful = found(contact=late, crossing={"uncertainty_s": 1.5})
    assert doubtful.rule == "R13"
    assert any("within the uncertainty" in warning for warning in doubtful.warnings)
    assert not any("within the uncertainty" in warning for warning in found().warnings)


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

    assert (decision.rule, decision.permitted) == ("R12", "conditional")
    assert [(ask.fact, ask.would_change) for ask in decision.asks] == [
        ("host.decision", "R1"),
        ("danger", "R2"),
        ("unit.service", "R7"),
        ("host.can_take_over", "R11"),
        ("contact.established_at", "R13"),
    ]


def test_a_record_without_contact_answers_what_the_host_decided() -> None:
    """Who has not been reached has not said stop; nobody is asked."""
    decision = found(contact={"established_at": None}, host={"decision": None})

    assert (decision.rule, decision.asks) == ("R12", ())


def test_what_the_host_decided_is_asked_for_once_it_was_reached() -> None:
    decision = found(host={"decision": None})

    assert (decision.rule, decision.permitted) == ("R13", "conditional")
    assert [ask.fact for ask in decision.asks] == ["host.decision"]


def test_nothing_known_is_no_consent() -> None:
    decision = decide(Facts())

    assert (decision.rule, decision.permitted, decision.obligations) == ("R8", "uncertain", ())
    assert {"unit.origin_state", "pursuit.kind", "date"} <= {ask.fact for ask in decision.asks}


def test_consent_is_asked_for_where_it_decides() -> None:
    for kind in ("observation", "escort", "transport"):
        decision = found(pursuit={"kind": kind})

        assert decision.permitted == "conditional"
        assert [ask.fact for ask in decision.asks] == ["host.consent"]


def test_for_an_emergency_the_border_region_is_asked_for() -> None:
    decision = found(pursuit={"kind": "emergency"})

    assert (decision.permitted, [ask.fact for ask in decision.asks]) == ("conditional", ["crossing.border_region"])
    assert {owed.id: owed.deadline for owed in decision.obligations}["report_at_once"] == "2026-11-23T14:02:27.000Z"


def test_from_1995_contact_is_due_at_the_crossing_and_before_that_as_soon_as_possible() -> None:
    with_ground = {"pursuit": {"ground": "offence"}}
    for day, due in (("1995-03-25", None), ("1995-03-26", "2026-11-23T14:02:27.000Z")):
        owed = {asked.id: asked.deadline for asked in found(date=day, **with_ground).obligations}

        assert owed["contact"] == due


def test_an_unknown_kind_is_taken_for_a_pursuit_and_asked_for() -> None:
    decision = found(pursuit={"kind": None})

    assert (decision.rule, decision.permitted) == ("R13", "conditional")
    assert [(ask.fact, ask.would_change) for ask in decision.asks] == [("pursuit.kind", "R4")]


def test_a_pursuit_that_began_on_the_shared_river_began_at_home() -> None:
    luxembourgish = {"unit": {"origin_state": "LU"}, "crossing": {"from": "LU", "to": "BE"}}

    assert found(**luxembourgish, pursuit={"started_in": "LU+DE"}).rule == "R13"
    assert found(**luxembourgish, pursuit={"started_in": "DE"}).rule == "R6"


def test_the_border_that_was_left_is_asked_for_where_it_decides() -> None:
    decision = found(crossing={"from": None, "to": "DE"})

    assert (decision.rule, decision.permitted) == ("R8", "uncertain")
    assert [ask.fact for ask in decision.asks] == ["crossing.from"]


def test_an_order_to_stop_holds_where_no_instrument_says_so_and_is_then_inferred() -> None:
    decision = found(crossing={"to": "GB"}, host={"decision": "stop"})

    assert (decision.rule, decision.permitted, decision.basis) == ("R1", "no", "inferred")
    assert [owed.id for owed in decision.obligations] == ["break_off"]


def test_nothing_firmer_than_its_source() -> None:
    """The return from France rests on a paragraph that was not read; that from the Netherlands on the treaty."""
    assert found(crossing={"from": "FR", "to": "BE"}).basis == "unverified"
    assert found(crossing={"from": "NL", "to": "BE"}).basis == "text"


@pytest.mark.parametrize(
    ("changes", "articles"),
    [
        ({}, {"contact": "Art. 21(2)(a)", "inform_contact_points": "Art. 6(4)", "report_after_action": "Art. 46(1)"}),
        ({"crossing": {"to": "FR"}}, {"contact": "Art. 41(1)", "report_after_action": "Art. 41(5)(g)"}),
        ({"unit": {"service": "customs"}}, {"contact": "Art. 20", "report_after_action": "Art. 20"}),
        (
            {"date": "2020-01-01", "pursuit": {"ground": "escaped"}},
            {"contact": "Art. 41(1)", "report_after_action": "Art. 36"},
        ),
        (
            {"pursuit": {"kind": "observation"}},
            {"notify": "Art. 22(4)(a)", "request": "Art. 22(4)(b)", "stop_without_consent": "Art. 22(5)"},
        ),
        ({**DUTCH, "crossing": {"from": "NL", "to": "DE"}}, {"contact": "Art. 12(2)"}),
        ({"crossing": {"from": "FR", "to": "BE"}}, {"report": "Art. 41(5)(g)"}),
        ({"crossing": {"to": "GB"}}, {}),
    ],
)
def test_obligations_cite_the_instrument_that_binds_there_and_then(
    changes: dict[str, Any], articles: dict[str, str]
) -> None:
    owed = {asked.id: asked.article for asked in found(**changes).obligations}

    assert articles.items() <= owed.items()
    assert bool(articles) == bool(owed)


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
    assert "Benelux Police Treaty 2018, Art. 55(1)" in found(unit={"service": "special"}).cites


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ({"marked": False}, "Art. 44(3)"),
        ({"uniformed": False}, "Art. 44(3)"),
        ({"means": "helicopter"}, "Art. 21(2)(d)"),
        ({"means": "boat"}, "Art. 21(2)(d)"),
        ({"means": "drone"}, "drones"),
        ({"means": "train"}, "Art. 26"),
    ],
)
def test_modifiers_add_a_warning_and_change_nothing_else(unit: dict[str, Any], says: str) -> None:
    assert any(says in warning for warning in found(unit=unit).warnings)
    assert found(unit=unit).rule == "R13"
    assert not any(says in warning for warning in found().warnings)


def test_a_pursuit_that_was_interrupted_is_no_plain_yes() -> None:
    decision = found(pursuit={"continuous": False})

    assert (decision.rule, decision.permitted) == ("R13", "conditional")
    assert any("lost and taken up again" in warning for warning in decision.warnings)


def test_at_a_schengen_border_plain_clothes_in_an_unmarked_car_are_not_allowed() -> None:
    disguised = {"unit": {"marked": False, "uniformed": False}, "pursuit": {"ground": "offence"}}

    assert any("not allowed" in warning for warning in found(**disguised, crossing={"to": "FR"}).warnings)
    assert not any("not allowed" in warning for warning in found(**disguised).warnings)
    assert not any("44(3)" in warning for warning in found(**disguised, crossing={"to": "FR"}).warnings)


def test_into_france_officers_follow_and_stop_nobody() -> None:
    decision = found(crossing={"to": "FR"}, pursuit={"ground": "offence"})

    assert decision.powers == ("Follow only: no power to stop anyone",)
    assert decision.basis == "unverified"


def test_a_belgian_unit_from_luxembourg_into_germany_is_not_covered() -> None:
    decision = found(crossing={"from": "LU", "to": "DE"})

    assert decision.permitted == "uncertain"
    assert "Hand over to units of LU" in decision.words


HELD = {"held": True, "held_at": "2026-11-23T18:00:00+01:00", "suspected_eaw": True}


def test_force_used_prompts_for_a_report_whatever_the_answer() -> None:
    for changes in ({}, {"danger": True}):
        decision = found(force_used=True, **changes)

        assert "report_force" in {owed.id for owed in decision.obligations}
        assert any("Art. 40(6)" in warning for warning in decision.warnings)
        assert "Benelux Police Treaty 2018, Art. 40(6)" in decision.cites
    assert "report_force" not in {owed.id for owed in found(force_used=False).obligations}


def test_a_person_held_is_handed_over_and_the_six_hours_are_information() -> None:
    decision = found(**HELD)

    assert (decision.rule, decision.permitted) == ("R13", "yes")
    assert {"hand_over": "Art. 36(2)"}.items() <= {owed.id: owed.article for owed in decision.obligations}.items()
    assert any("at the latest 2026-11-24 00:00 local time" in warning for warning in decision.warnings)


@pytest.mark.parametrize(
    ("changes", "informs", "asks"),
    [
        ({"suspected_eaw": False}, False, []),
        ({"suspected_eaw": None}, False, [("suspected_eaw", "M4")]),
        ({"suspected_eaw": None, "pursuit": {"ground": "escaped"}}, True, []),
    ],
)
def test_six_hours_are_for_who_may_be_surrendered_or_escaped(
    changes: dict[str, Any], informs: bool, asks: list[tuple[str, str]]
) -> None:
    decision = found(**{**HELD, **changes})

    assert any("Art. 21(3)" in warning for warning in decision.warnings) is informs
    assert [(ask.fact, ask.would_change) for ask in decision.asks] == asks
    assert decision.permitted == "yes"


def test_nobody_is_asked_for_the_offence_of_a_person_who_is_not_known_to_be_held() -> None:
    assert found().asks == found(held=False).asks == ()


@pytest.mark.parametrize(("changes", "permitted"), [({}, "uncertain"), ({"host": {"decision": "stop"}}, "no")])
def test_a_notice_under_article_61_is_shown_and_no_plain_yes_is_left(changes: dict[str, Any], permitted: str) -> None:
    host = {**changes.get("host", {}), "restriction": "no pursuits on 23 November"}
    decision = found(**{**changes, "host": host})

    assert decision.permitted == permitted
    assert any(warning.endswith("no pursuits on 23 November") for warning in decision.warnings) is (permitted != "no")


def test_at_home_nobody_is_asked_to_hand_over_to_a_host() -> None:
    assert not any("hand over at once" in warning for warning in found(crossing={"to": "BE"}, held=True).warnings)


@pytest.mark.parametrize(
    ("owed", "to", "date", "article", "instrument"),
    [
        (REPORT_NOW, "NL", "2026-11-23", "Art. 46(1)", "Benelux Police Treaty 2018"),
        (REPORT_NOW, "NL", "2020-01-01", "Art. 36", "Treaty of Senningen 2004"),
        (REPORT_NOW, "FR", "2026-11-23", "Art. 41(5)(g)", "Convention implementing the Schengen Agreement"),
        (REPORT_NOW, "DE", "2000-01-01", "Art. 41(5)(g)", "Convention implementing the Schengen Agreement"),
        (HAND_OVER, "LU", "2026-11-23", "Art. 36(2)", "Benelux Police Treaty 2018"),
        (HAND_OVER, "LU", "2020-01-01", "Art. 18", "Treaty of Senningen 2004"),
        (HAND_OVER, "LU", "1980-01-01", "Art. 27", "Benelux treaty on extradition 1962"),
        (HAND_OVER, "DE", "2026-11-23", "Art. 41(5)(f)", "Convention implementing the Schengen Agreement"),
        (HAND_OVER, "GB", "2026-11-23", "Art. 36(2) (by analogy)", "Benelux Police Treaty 2018"),
    ],
)
def test_what_is_owed_after_a_leg_cites_the_law_of_its_border_and_day(
    owed: Owed, to: str, date: str, article: str, instrument: str
) -> None:
    asked = obligation(owed, facts(crossing={"to": to}, date=date))

    assert (asked.article, asked.instrument) == (article, instrument)


def test_the_ground_is_asked_for_at_a_border_where_it_decides_and_nowhere_else() -> None:
    assert [ask.fact for ask in found(crossing={"to": "FR"}, pursuit={"ground": None}).asks] == ["pursuit.ground"]
    assert found(pursuit={"ground": None}).asks == ()
    assert found(crossing={"to": "FR"}).warnings[0].startswith("Follow only, no stop")


def test_who_was_reached_too_late_is_not_to_be_called_again() -> None:
    """The crossing stays flagged; the words no longer ask for a call."""
    before = found(contact={"established_at": None})
    after = found(contact={"established_at": "2026-11-23T15:02:28Z", "with": "the room"})

    assert (before.rule, after.rule, after.permitted) == ("R12", "R12", "conditional")
    assert "contact the host's control room now" in before.words
    assert after.words.startswith("In NL: contact with the room came after the crossing.")
    assert {owed.id for owed in before.obligations} - {owed.id for owed in after.obligations} == {
        "contact",
        "retry_contact",
    }


def test_into_a_second_host_the_text_is_silent() -> None:
    """Netherlands to Belgium is the pursuit of the text; on into Luxembourg it is ours by inference."""
    first = found()
    second = found(unit={"origin_state": "NL"}, pursuit={"started_in": "NL"}, crossing={"from": "BE", "to": "LU"})

    assert (first.rule, first.basis) == ("R13", "text")
    assert (second.rule, second.basis) == ("R13", "inferred")
    assert any("second host state" in warning for warning in second.warnings)


def test_an_open_line_serves_a_further_entry_by_inference() -> None:
    again = found(contact={"established_at": "2026-11-23T13:50:00Z", "earlier_entry": True})

    assert (again.rule, again.basis) == ("R13", "inferred")
    assert any("open line" in warning for warning in again.warnings)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("R10", {"date": "2020-01-01", "pursuit": {"ground": "escaped"}}),
        ("R8", {**DUTCH, "crossing": {"from": "NL", "to": "DE"}}),
    ],
)
def test_an_open_line_is_inferred_under_the_old_law_and_over_the_outer_border_too(
    rule: str, changes: dict[str, Any]
) -> None:
    first = found(**changes)
    again = found(**changes, contact={"earlier_entry": True})

    assert (first.rule, first.basis) == (rule, "text")
    assert (again.rule, again.basis) == (rule, "inferred")
    assert any("open line" in warning for warning in again.warnings)


def test_under_the_treaty_of_2004_a_second_host_is_inferred_also_when_entered_from_germany() -> None:
    under_2004: dict[str, Any] = {"date": "2020-01-01", "pursuit": {"ground": "escaped"}}
    first = found(**under_2004)
    by_germany = found(**under_2004, crossing={"from": "DE", "to": "NL"})

    assert (first.rule, first.basis) == ("R10", "text")
    assert (by_germany.rule, by_germany.basis) == ("R10", "inferred")
    assert any("second host state" in warning for warning in by_germany.warnings)


def test_the_words_are_there_in_every_language_and_marked_while_unchecked() -> None:
    decision = found(contact={"established_at": None})

    assert decision.words_in["nl"].startswith("In Nederland zonder contact: neem nu contact op met de meldkamer van de")
    assert decision.words_in["fr"].startswith("Sans contact (les Pays-Bas) : faire appel maintenant à")
    assert decision.words_in["de"].startswith("Ohne Kontakt (die Niederlande): jetzt Kontakt aufnehmen mit")
    assert decision.unchecked == ("nl", "fr", "de")
