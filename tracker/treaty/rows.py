"""The table: ordered rows, first match wins. Articles are those of the treaty of 23 July 2018 unless named otherwise."""

from __future__ import annotations

from datetime import date
from typing import Final

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis, Cite
from tracker.treaty.table import (
    SENNINGEN_FROM,
    TREATY_FROM,
    Owed,
    Row,
    a_day_after_contact,
    at_crossing,
    five_hours_after_crossing,
)

_DAWN: Final = date(1964, 1, 1)


def _t(article: str, paragraph: str = "", point: str = "") -> Cite:
    return Cite("BPT2018", article, paragraph, point)


CONTACT: Final = Owed(
    "contact", "Contact the host's competent service, at the latest at the crossing", _t("21", "2", "a"), at_crossing
)
FOLLOW: Final = Owed("follow_instructions", "Follow the host's instructions", _t("21", "2", "b"))
INFORM: Final = Owed(
    "inform_contact_points", "Tell the national contact points of the direct exchange at once", _t("6", "4", "d")
)
CONFIRM: Final = Owed(
    "confirm_in_writing", "Confirm orally given data in writing within 24 hours", _t("12", "2"), a_day_after_contact
)
REPORT_AFTER: Final = Owed("report_after_action", "Report to the host's authorities after the action", _t("46"))
REPORT_NOW: Final = Owed("report", "Report on the action to the host's authorities: now due", _t("46"))
BREAK_OFF: Final = Owed("break_off", "Break off now", _t("21", "2", "a"))
RETURN: Final = Owed("return", "Return by the fastest route", _t("32"))
RETRY: Final = Owed(
    "retry_contact", "Go on trying; control room to control room; log every attempt", _t("21", "2", "a")
)
STAND_DOWN: Final = Owed("stand_down", "Stand down; go on only if the host asks", _t("45", "1"))
HAND_OVER: Final = Owed(
    "hand_over", "Hand over held persons and secured objects to a host officer at once", _t("36", "2")
)

_POWERS: Final = (
    "Hold: prevent the person from fleeing (Art. 36(1)(a))",
    "Establish identity (Art. 36(1)(b))",
    "Safety search of person and vehicle (Art. 36(1)(c))",
    "Secure objects that may be seized (Art. 36(1)(d))",
)
_WARNINGS: Final = (
    "Hand over at once whoever is held (Art. 36(2))",
    "No dwellings, no places that are not accessible to the public (Art. 21(2)(e))",
    "Firearm only in immediate lawful defence of self or another (Art. 40(4))",
    "Lights and sirens under host law (Art. 42)",
)
_PURSUIT: Final = (CONTACT, FOLLOW, INFORM, CONFIRM, REPORT_AFTER)

RULES: Final = (
    Row(
        id="R0",
        title="Back in the own state",
        when=(if_.RETURNS_HOME,),
        permitted="yes",
        words="Back in {to}: own law applies again. Report on the action abroad.",
        meaning="The officers are in their own state again. What they did abroad is over, and is reported on.",
        cites=(_t("46"), _t("36", "2")),
        basis=Basis.TEXT,
        obligations=(REPORT_NOW,),
        powers=("Powers under own law",),
        warnings=("A person held abroad should have been handed over there (Art. 36(2)); Art. 41 covers transit only",),
        valid_from=_DAWN,
        overrides=("R1", "R2", "R3", "R4", "R5a", "R5b", "R5c", "R6", "R7", "R7b", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R1",
        title="The host says stop",
        when=(if_.HOST_SAID_STOP,),
        permitted="no",
        words="{to} says stop: break off now.",
        meaning="The pursuit is broken off as soon as the host signals it. CISA Art. 41(1) and the treaty of 2004 say likewise.",
        cites=(_t("21", "2", "a"), _t("45", "2")),
        basis=Basis.TEXT,
        obligations=(BREAK_OFF, RETURN, REPORT_AFTER),
        warnings=("Log the time of the order and of compliance",),
        valid_from=_DAWN,
        overrides=("R2", "R4", "R5a", "R5b", "R5c", "R6", "R7", "R7b", "R8", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R2",
        title="Disproportionate danger",
        when=(if_.DANGER_IS_DISPROPORTIONATE,),
        permitted="no",
        words="Disproportionate danger: break off now.",
        meaning="The pursuit is broken off when going on is a concrete danger to health or life, manifestly out of proportion to the danger to be averted. A person judges that; software only asks.",
        cites=(_t("21", "2", "a"),),
        basis=Basis.TEXT,
        obligations=(BREAK_OFF, RETURN, REPORT_AFTER),
        warnings=("This is a human judgement",),
        valid_from=_DAWN,
        overrides=("R3", "R4", "R5a", "R5b", "R5c", "R6", "R7", "R7b", "R8", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R3",
        title="The host takes over",
        when=(if_.HOST_TAKES_OVER,),
        permitted="conditional",
        words="{to} takes over: stand down; go on only if {to} asks.",
        meaning="The host's services may take over, or go on jointly. After a takeover the pursuers act only where the host asks.",
        cites=(_t("45", "1"),),
        basis=Basis.TEXT,
        obligations=(STAND_DOWN, HAND_OVER, REPORT_AFTER),
        powers=("Only on the host's order",),
        valid_from=_DAWN,
        overrides=("R4", "R5a", "R5b", "R5c", "R6", "R7", "R7b", "R8", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R4",
        title="Observation",
        when=(if_.IS_OBSERVATION,),
        permitted="conditional",
        words="Observation, not pursuit: with {to}'s consent; begun urgently, it stops five hours after the crossing without it.",
        meaning="Observation needs prior consent. It may start urgently without it, and then stops five hours after the crossing if consent has not come.",
        cites=(_t("22"), _t("22", "4")),
        basis=Basis.TEXT,
        obligations=(
            Owed("notify", "Notify the host as soon as possible during the observation", _t("22", "4")),
            Owed("request", "File the request for assistance as soon as possible", _t("22", "4")),
            Owed("stop_without_consent", "Stop, if consent has not come", _t("22", "4"), five_hours_after_crossing),
        ),
        warnings=("Do not call it a pursuit", "No power to hold"),
        overrides=("R6", "R7", "R7b", "R8", "R11", "R12"),
    ),
    Row(
        id="R5a",
        title="Escort",
        when=(if_.IS_ESCORT,),
        permitted="conditional",
        words="Escort, not pursuit: only with {to}'s prior consent.",
        meaning="Transport and escort of persons and goods need prior consent.",
        cites=(_t("25"),),
        basis=Basis.TEXT,
        obligations=(HAND_OVER, REPORT_AFTER),
        overrides=("R6", "R7", "R7b", "R8", "R11", "R12"),
    ),
    Row(
        id="R5b",
        title="Transit",
        when=(if_.IS_TRANSIT,),
        permitted="yes",
        words="Transit by the fastest route. With a detainee, report before the crossing.",
        meaning="Officers may cross the territory of another party by the fastest route; with a detainee they report before they cross.",
        cites=(_t("32"), _t("41", "4")),
        basis=Basis.TEXT,
        obligations=(Owed("report_before", "With a detainee: report before the crossing", _t("41", "4"), at_crossing),),
        overrides=("R6", "R7", "R7b", "R8", "R11", "R12"),
    ),
    Row(
        id="R5c",
        title="Joint patrol",
        when=(if_.IS_JOINT_PATROL,),
        permitted="conditional",
        words="Joint patrol: as arranged between the services.",
        meaning="Joint patrols follow the practical arrangement of the services.",
        cites=(_t("20"),),
        basis=Basis.TEXT,
        obligations=(HAND_OVER, REPORT_AFTER),
        overrides=("R6", "R7", "R7b", "R8", "R11", "R12"),
    ),
    Row(
        id="R6",
        title="Begun abroad",
        when=(if_.BEGAN_ABROAD,),
        permitted="no",
        words="No right of pursuit into {to}: this unit did not begin in its own state. Report to {to} at once.",
        meaning="The right belongs to officers who were pursuing in their own country. Begun elsewhere, it is none; acute danger may call for own-initiative assistance.",
        cites=(_t("21", "1"), _t("19", "5")),
        basis=Basis.TEXT,
        obligations=(
            Owed("report_at_once", "Own-initiative emergency assistance: report to the host at once", _t("19", "5")),
        ),
        powers=("Provisional measures only (Art. 38)",),
        warnings=("The pursuit did not begin in the own country",),
        valid_from=TREATY_FROM,
        overrides=("R7", "R7b", "R8", "R11", "R12", "R13"),
    ),
    Row(
        id="R7",
        title="Customs",
        when=(if_.IS_CUSTOMS,),
        permitted="conditional",
        words="Customs: under Naples II, caught in the act of an extraditable infringement; contact {to} at the crossing.",
        meaning="Customs units pursue under the Naples II convention, unless Annex 1 of the treaty lists them.",
        cites=(Cite("NAPLES2", "20"),),
        basis=Basis.INFERRED,
        obligations=(CONTACT, REPORT_AFTER),
        powers=("As the host's declaration says",),
        warnings=("Unless listed in Annex 1 of the treaty of 2018, whose text was not found",),
        valid_from=_DAWN,
        overrides=("R8", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R7b",
        title="No competent service",
        when=(if_.IS_NO_POLICE_SERVICE,),
        permitted="no",
        words="Not a service that may pursue under the treaty.",
        meaning="Art. 21 is for the competent services of Annex 1. The annex was not found; what is neither police, Koninklijke Marechaussee nor a special unit is taken as not listed.",
        cites=(_t("5"), _t("21", "1")),
        basis=Basis.INFERRED,
        valid_from=_DAWN,
        overrides=("R8", "R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R8",
        title="Out of the Benelux",
        when=(if_.LEAVES_THE_BENELUX,),
        permitted="uncertain",
        words="Into {to}: the Benelux treaty ends here.",
        meaning="The treaty covers Belgium, Luxembourg and the European Netherlands. What holds at each border with a third state is in the table of third-state borders below.",
        cites=(Cite("CISA", "41"), _t("67")),
        basis=Basis.UNVERIFIED,
        obligations=(
            Owed(
                "contact",
                "Contact the neighbour's service, at the latest at the crossing",
                Cite("CISA", "41", "1"),
                at_crossing,
            ),
            REPORT_AFTER,
        ),
        valid_from=_DAWN,
        overrides=("R9", "R10", "R11", "R12", "R13"),
    ),
    Row(
        id="R9",
        title="Before June 2006",
        when=(if_.MAY_BE_PURSUIT,),
        permitted="uncertain",
        words="Before June 2006: only for an extraditable offence; contact {to} as soon as possible.",
        meaning="For old tracks: the Benelux treaty of 1962 let officers stop a person within 10 km of the border if the pursuit was unbroken and the host could not be reached; CISA Art. 41 from 1995.",
        cites=(Cite("BENELUX1962", "27"), Cite("CISA", "41")),
        basis=Basis.UNVERIFIED,
        obligations=(
            Owed("contact", "Contact the host's service as soon as possible", Cite("BENELUX1962", "27")),
            HAND_OVER,
        ),
        warnings=("Replay of an old track under the law of its day", "Offence threshold: extraditable", "10 km strip"),
        valid_from=_DAWN,
        valid_until=SENNINGEN_FROM,
    ),
    Row(
        id="R10",
        title="Treaty of 2004",
        when=(if_.MAY_BE_PURSUIT,),
        permitted="conditional",
        words="Under the treaty of 2004: only if the person escaped or is suspected of an extraditable offence.",
        meaning="For old tracks from June 2006 to 30 September 2023: the treaty of Senningen of 8 June 2004, with the rules of CISA Art. 41.",
        cites=(Cite("SENNINGEN2004", "18"), Cite("CISA", "41")),
        basis=Basis.TEXT,
        obligations=(
            Owed(
                "contact",
                "Contact the host's service, at the latest at the crossing",
                Cite("CISA", "41", "1"),
                at_crossing,
            ),
            Owed(
                "report_after_action", "Report to the host's authorities after the action", Cite("SENNINGEN2004", "36")
            ),
        ),
        powers=("Apprehend and hand over",),
        warnings=("Replay of an old track under the law of its day", "Offence threshold: extraditable, or escaped"),
        valid_from=SENNINGEN_FROM,
        valid_until=TREATY_FROM,
    ),
    Row(
        id="R11",
        title="The host is in place",
        when=(if_.HOST_CAN_TAKE_OVER,),
        permitted="no",
        words="{to} was warned and is in place: hand over at the border, or ask {to} to go on jointly.",
        meaning="Art. 21 carries the crossing only when the host cannot be warned beforehand or cannot be in place in time. If it was, and is, it does not. A strict reading: advisory, a supervisor may decide otherwise.",
        cites=(_t("21", "1"), _t("45", "1"), _t("18")),
        basis=Basis.INFERRED,
        obligations=(
            Owed("hand_over_at_border", "Hand over at the border, or ask for joint continuation", _t("45", "1")),
        ),
        warnings=("Strict reading, inferred from the text: advisory",),
        overrides=("R12", "R13"),
    ),
    Row(
        id="R12",
        title="Contact not made in time",
        when=(if_.CONTACT_NOT_IN_TIME,),
        permitted="conditional",
        words="In {to} without contact: contact {addressee} now. Art. 21 asks for it at the latest at the crossing.",
        meaning="Contact at the latest at the crossing is a condition. The text has no fallback for a call that nobody answers: the crossing is flagged, every attempt is logged, and nothing is stopped by software.",
        cites=(_t("21", "2", "a"), _t("21", "1")),
        basis=Basis.INFERRED,
        obligations=(CONTACT, RETRY, *_PURSUIT[1:]),
        powers=_POWERS,
        warnings=("Contact with the host was not established at the crossing", *_WARNINGS),
        overrides=("R13",),
    ),
    Row(
        id="R13",
        title="Cross-border pursuit",
        when=(if_.MAY_BE_PURSUIT,),
        permitted="yes",
        words="May continue into {to}: no limit of offence, distance or time. Contact {addressee}, at the latest at the crossing.",
        meaning="Officers who pursue a person in their own country may go on into another party's, without prior consent and without any limit in distance or time, if the host cannot be warned beforehand or cannot be in place in time. For special units the same follows from Art. 55.",
        cites=(_t("21", "1"), _t("21", "2", "a"), _t("55")),
        basis=Basis.TEXT,
        obligations=_PURSUIT,
        powers=_POWERS,
        warnings=_WARNINGS,
    ),
)
