"""The table: ordered rows, first match wins. Articles are those of the treaty of 23 July 2018 unless named otherwise."""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis, Cite
from tracker.treaty.table import Owed, Row, a_day_after_contact, at_crossing, five_hours_after_crossing


def _t(article: str, paragraph: str = "", point: str = "") -> Cite:
    return Cite("BPT2018", article, paragraph, point)


def _s(article: str) -> Cite:
    return Cite("SENNINGEN2004", article)


def _c(article: str, paragraph: str = "", point: str = "") -> Cite:
    return Cite("CISA", article, paragraph, point)


_BENELUX_27: Final = Cite("BENELUX1962", "27")
_NAPLES_20: Final = Cite("NAPLES2", "20")

CONTACT: Final = Owed(
    "contact",
    "Contact the host's competent service, at the latest at the crossing",
    (_t("21", "2", "a"), Cite("ENSCHEDE2005", "12", "2"), _c("41", "1")),
    at_crossing,
)
FOLLOW: Final = Owed("follow_instructions", "Follow the host's instructions", (_t("21", "2", "b"),))
INFORM: Final = Owed(
    "inform_contact_points", "Tell the national contact points of the direct exchange at once", (_t("6", "4"),)
)
CONFIRM: Final = Owed(
    "confirm_in_writing", "Confirm orally given data in writing within 24 hours", (_t("12", "2"),), a_day_after_contact
)
REPORT_AFTER: Final = Owed(
    "report_after_action",
    "Report to the host's authorities after the action",
    (_t("46", "1"), _s("36"), _c("41", "5", "g")),
)
_REPORT_ACTION: Final = msgspec.structs.replace(REPORT_AFTER, cites=(_t("46", "1"), _s("36")))
"""After actions other than pursuits, which CISA Art. 41 is not about."""
REPORT_NOW: Final = Owed(
    "report",
    "Report on the action to the host's authorities: now due",
    (_t("46", "1"), _s("36"), _c("41", "5", "g")),
)
BREAK_OFF: Final = Owed("break_off", "Break off now", (_t("21", "2", "a"), _s("35"), _c("41", "1")), always=True)
END_ACTION: Final = Owed("break_off", "End the action now", (_t("45", "2"), _s("35")), always=True)
RETURN: Final = Owed("return", "Return by the fastest route", (_t("32"), _s("34")))
RETRY: Final = Owed(
    "retry_contact", "Go on trying; control room to control room; log every attempt", (_t("21", "2", "a"),)
)
STAND_DOWN: Final = Owed(
    "stand_down", "Stand down; go on only if the host asks", (_t("45", "1"), _s("35")), always=True
)
HAND_OVER: Final = Owed(
    "hand_over",
    "Hand over held persons and secured objects to a host officer at once",
    (_t("36", "2"), _s("18"), _BENELUX_27),
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
_LATER: Final = ("R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13")
_FROM_R8: Final = _LATER[4:]
_INTO_A_PARTY: Final = (if_.IS_PURSUIT, if_.IS_POLICE, if_.ENTERS_A_PARTY)
_REPLAY: Final = "Replay of an old track under the law of its day"

_STOP: Final = Row(
    id="R1",
    title="The host says stop",
    when=(if_.HOST_SAID_STOP,),
    permitted="no",
    words="{to} says stop: break off now.",
    meaning="The pursuit is broken off as soon as the host signals it, under every instrument.",
    cites=(_t("21", "2", "a"), _t("45", "2"), _s("35"), _c("41", "1")),
    basis=Basis.TEXT,
    obligations=(BREAK_OFF, RETURN, REPORT_AFTER),
    warnings=("Log the time of the order and of compliance",),
    overrides=("R2", *_LATER),
    always=True,
)
_DANGER: Final = Row(
    id="R2",
    title="Disproportionate danger",
    when=(if_.DANGER_IS_DISPROPORTIONATE,),
    permitted="no",
    words="Disproportionate danger: break off now.",
    meaning="The pursuit is broken off when going on is a concrete danger to health or life, manifestly out of proportion to the danger to be averted. A person judges that; software only asks. Where no text says so, it is applied by analogy.",
    cites=(_t("21", "2", "a"), Cite("ENSCHEDE2005", "17", "3")),
    basis=Basis.TEXT,
    obligations=(BREAK_OFF, RETURN, REPORT_AFTER),
    warnings=("This is a human judgement",),
    overrides=("R3", *_LATER),
    always=True,
)
_ABROAD: Final = Row(
    id="R6",
    title="Begun abroad",
    when=(if_.BEGAN_ABROAD, if_.IS_PURSUIT),
    permitted="no",
    words="No right of pursuit into {to}: this unit did not begin in its own state. Report to {to} at once.",
    meaning="The right belongs to officers who were pursuing in their own country. Begun elsewhere, it is none; acute danger may call for action on own initiative.",
    cites=(_t("21", "1"), _t("19", "5")),
    basis=Basis.TEXT,
    obligations=(
        Owed(
            "report_at_once",
            "If acting on own initiative in an emergency: report to the host at once",
            (_t("19", "5"),),
        ),
    ),
    powers=("Provisional measures only, in an emergency (Art. 38)",),
    warnings=("The pursuit did not begin in the own country",),
    overrides=("R7", *_FROM_R8),
)
_BEFORE_2006: Final = Row(
    id="R9",
    title="Before June 2006",
    when=_INTO_A_PARTY,
    permitted="uncertain",
    words="Before June 2006: only for an extraditable offence; contact {to} as soon as possible.",
    meaning="For old tracks: the Benelux treaty of 1962 let officers stop a person within 10 km of the border if the pursuit was unbroken and the host could not be reached; CISA Art. 41 from 1995.",
    cites=(_BENELUX_27,),
    also=(_c("41", "1"),),
    basis=Basis.UNVERIFIED,
    obligations=(Owed("contact", "Contact the host's service as soon as possible", (_BENELUX_27,)), HAND_OVER),
    powers=("Stop the person within 10 km of the border, and hand over",),
    warnings=(_REPLAY, "Offence threshold: extraditable", "10 km strip"),
)
_TREATY_OF_2004: Final = Row(
    id="R10",
    title="Treaty of 2004",
    when=_INTO_A_PARTY,
    permitted="conditional",
    words="Under the treaty of 2004: only if the person escaped or is suspected of an extraditable offence.",
    meaning="For old tracks from June 2006 to 30 September 2023: the treaty of Senningen of 8 June 2004, with the rules of CISA Art. 41.",
    cites=(_s("18"),),
    also=(_c("41", "1"),),
    basis=Basis.TEXT,
    obligations=(CONTACT, REPORT_AFTER),
    powers=("Apprehend and hand over",),
    warnings=(_REPLAY, "Offence threshold: extraditable, or escaped"),
)

RULES: Final = (
    Row(
        id="R0",
        title="Back in the own state",
        when=(if_.RETURNS_HOME,),
        permitted="yes",
        words="Back in {to}: own law applies again. Report on the action abroad.",
        meaning="The officers are in their own state again. What they did abroad is over, and is reported on.",
        cites=(_t("46", "1"), _t("36", "2"), _s("36"), _c("41", "5", "g")),
        basis=Basis.TEXT,
        obligations=(REPORT_NOW,),
        powers=("Powers under own law",),
        warnings=(
            "A person held abroad should have been handed over there; passage home with a detainee is another matter",
        ),
        overrides=("R1", "R2", "R3", *_LATER),
        always=True,
    ),
    msgspec.structs.replace(
        _STOP,
        variant="another action",
        when=(if_.HOST_SAID_STOP, if_.IS_ANOTHER_ACTION),
        words="{to} says stop: end the action now.",
        meaning="Every action abroad ends as soon as the host says so.",
        cites=(_t("45", "2"), _s("35")),
        obligations=(END_ACTION, RETURN, _REPORT_ACTION),
    ),
    _STOP,
    msgspec.structs.replace(
        _DANGER,
        variant="another action",
        when=(if_.DANGER_IS_DISPROPORTIONATE, if_.IS_ANOTHER_ACTION),
        meaning="The text says it of pursuits only; it is applied to other actions by analogy.",
        basis=Basis.INFERRED,
        obligations=(END_ACTION, RETURN, _REPORT_ACTION),
    ),
    _DANGER,
    Row(
        id="R3",
        title="The host takes over",
        when=(if_.HOST_TAKES_OVER,),
        permitted="conditional",
        words="{to} takes over: stand down; go on only if {to} asks.",
        meaning="The host's services may take over, or go on jointly. After a takeover the pursuers act only where the host asks.",
        cites=(_t("45", "1"), _s("35")),
        basis=Basis.TEXT,
        obligations=(STAND_DOWN, HAND_OVER, REPORT_AFTER),
        powers=("Only on the host's order",),
        overrides=_LATER,
        always=True,
    ),
    Row(
        id="R4",
        title="Observation",
        when=(if_.IS_OBSERVATION,),
        permitted="conditional",
        words="Observation, not pursuit: with {to}'s consent; begun urgently, it stops five hours after the crossing without it.",
        meaning="Observation needs prior consent. It may start urgently without it, and then stops five hours after the crossing if consent has not come. It is for extraditable offences.",
        cites=(
            _t("22", "1"),
            _t("22", "4"),
            _t("22", "5"),
            Cite("ENSCHEDE2005", "11"),
            _s("19"),
            _c("40", "1"),
            _c("40", "2"),
        ),
        basis=Basis.TEXT,
        obligations=(
            Owed(
                "notify",
                "Without consent yet: notify the host as soon as possible during the observation",
                (_t("22", "4", "a"), _c("40", "2")),
            ),
            Owed(
                "request",
                "Without consent yet: file the request as soon as possible",
                (_t("22", "4", "b"), _c("40", "2")),
            ),
            Owed(
                "stop_without_consent",
                "Stop, if consent has not come",
                (_t("22", "5"), _c("40", "2")),
                five_hours_after_crossing,
            ),
            _REPORT_ACTION,
        ),
        warnings=(
            "Do not call it a pursuit",
            "No power to hold (special units: Art. 57(3))",
            "No dwellings, no places that are not accessible to the public",
        ),
        overrides=("R8",),
    ),
    Row(
        id="R5",
        variant="escort",
        title="Escort",
        when=(if_.IS_ESCORT,),
        permitted="conditional",
        words="Escort, not pursuit: only with {to}'s prior consent.",
        meaning="Transport and escort of persons and goods need prior consent.",
        cites=(_t("25", "1"),),
        basis=Basis.TEXT,
        obligations=(_REPORT_ACTION,),
        powers=_POWERS,
        warnings=("Hand over at once whoever is held on the way (Art. 36(2))",),
        overrides=("R8",),
    ),
    Row(
        id="R5",
        variant="transit",
        title="Transit",
        when=(if_.IS_TRANSIT,),
        permitted="yes",
        words="Passage by the fastest route. With a detainee, report before the crossing.",
        meaning="Officers may cross the territory of another party by the fastest route to their own or another EU state's; with a detainee, where the roads leave no other way, and reported before they cross.",
        cites=(_t("32"), _t("41", "4"), _s("34")),
        basis=Basis.TEXT,
        obligations=(
            Owed("report_before", "With a detainee: report before the crossing", (_t("41", "4"),), at_crossing),
        ),
        overrides=("R8",),
    ),
    Row(
        id="R5",
        variant="joint patrol",
        title="Joint patrol",
        when=(if_.IS_JOINT_PATROL,),
        permitted="conditional",
        words="Joint patrol: as arranged between the services.",
        meaning="Joint patrols follow the practical arrangement of the services.",
        cites=(_t("20", "1"), _t("20", "3"), _s("25")),
        basis=Basis.TEXT,
        obligations=(HAND_OVER, _REPORT_ACTION),
        powers=("As arranged, within Arts 36 and 37",),
        overrides=("R8",),
    ),
    _ABROAD,
    msgspec.structs.replace(
        _ABROAD,
        variant="under other instruments",
        meaning="CISA Art. 41 gives the right to officers who pursue in their country; the treaty of 2004 is read alike.",
        cites=(_s("18"), _c("41", "1")),
        basis=Basis.INFERRED,
        obligations=(
            Owed(
                "report_at_once", "If acting on own initiative in an emergency: report to the host at once", (_s("7"),)
            ),
        ),
        powers=(),
    ),
    Row(
        id="R7",
        variant="customs",
        title="Customs",
        when=(if_.IS_CUSTOMS, if_.IS_PURSUIT),
        permitted="conditional",
        words="Customs: under Naples II, caught in the act of an extraditable infringement; contact {to} at the latest at the crossing.",
        meaning="Customs units pursue under the Naples II convention, unless Annex 1 of the treaty lists them.",
        cites=(_NAPLES_20,),
        basis=Basis.INFERRED,
        obligations=(
            msgspec.structs.replace(CONTACT, cites=(_NAPLES_20,)),
            msgspec.structs.replace(REPORT_AFTER, cites=(_NAPLES_20,)),
        ),
        powers=("As the host's declaration says",),
        warnings=("Unless listed in Annex 1 of the treaty of 2018, which was not found",),
        overrides=("R8",),
    ),
    Row(
        id="R7",
        variant="unlisted service",
        title="Service not known to be competent",
        when=(if_.IS_UNLISTED_SERVICE, if_.IS_PURSUIT, if_.ENTERS_A_PARTY),
        permitted="uncertain",
        words="Not known to be a competent service: Art. 21 is for those that Annex 1 lists. Ask before going on.",
        meaning="Art. 21 is for the competent services of Annex 1. The annex was not found: police, Koninklijke Marechaussee and special units are taken as listed, others are not known to be.",
        cites=(_t("1", "", "a"), _t("21", "1")),
        basis=Basis.INFERRED,
        obligations=(CONTACT,),
    ),
    Row(
        id="R8",
        title="Out of the Benelux",
        when=(if_.LEAVES_THE_BENELUX,),
        permitted="uncertain",
        words="Into {to}: the Benelux treaty ends here, and which rules hold beyond is not known for this case. Ask before going on.",
        meaning="The treaty covers Belgium, Luxembourg and the European Netherlands. What holds for a pursuit at each border with a third state is in the table of third-state borders below.",
        cites=(_t("67"), _c("41")),
        basis=Basis.UNVERIFIED,
        obligations=(
            Owed(
                "contact",
                "Contact the neighbour's service, at the latest at the crossing",
                (Cite("ENSCHEDE2005", "12", "2"), _c("41", "1")),
                at_crossing,
            ),
            Owed(
                "report_after_action", "Report to the neighbour's authorities after the action", (_c("41", "5", "g"),)
            ),
        ),
        always=True,
    ),
    msgspec.structs.replace(
        _BEFORE_2006,
        variant="without ground",
        when=(*_INTO_A_PARTY, if_.WITHOUT_OLD_GROUND),
        permitted="no",
        words="Before June 2006 pursuit into {to} was for extraditable offences only; none is known here.",
        meaning="No extraditable offence is known.",
        obligations=(),
        powers=(),
    ),
    _BEFORE_2006,
    msgspec.structs.replace(
        _TREATY_OF_2004,
        variant="without ground",
        when=(*_INTO_A_PARTY, if_.WITHOUT_OLD_GROUND),
        permitted="no",
        words="Under the treaty of 2004 pursuit into {to} was for who escaped or was suspected of an extraditable offence; neither is known here.",
        meaning="Neither an escape nor an offence is known; evading a stop is not an extraditable offence by itself.",
        obligations=(),
        powers=(),
    ),
    _TREATY_OF_2004,
    Row(
        id="R11",
        title="The host is in place",
        when=(if_.HOST_IS_READY, *_INTO_A_PARTY),
        permitted="no",
        words="{to} was warned and is in place: hand over at the border, or ask {to} to go on jointly.",
        meaning="Art. 21 carries the crossing only when the host cannot be warned beforehand or cannot be in place in time. If it was, and is, it does not. A strict reading: advisory, a supervisor may decide otherwise.",
        cites=(_t("21", "1"), _t("45", "1"), _t("18")),
        basis=Basis.INFERRED,
        obligations=(
            Owed("hand_over_at_border", "Hand over at the border, or ask for joint continuation", (_t("45", "1"),)),
        ),
        warnings=("Strict reading, inferred from the text: advisory",),
        overrides=("R12", "R13"),
    ),
    Row(
        id="R12",
        title="Contact not made in time",
        when=(if_.CONTACT_NOT_IN_TIME, *_INTO_A_PARTY),
        permitted="conditional",
        words="In {to} without contact: contact {addressee} now. Art. 21 asks for it at the latest at the crossing.",
        meaning="Contact at the latest at the crossing is a condition. The text has no fallback for a call that nobody answers: the crossing is flagged, every attempt is logged, and nothing is stopped by software.",
        cites=(_t("21", "2", "a"), _t("21", "1")),
        basis=Basis.INFERRED,
        obligations=(CONTACT, RETRY, *_PURSUIT[1:]),
        powers=_POWERS,
        warnings=("Contact with the host is not known to have been established at the crossing", *_WARNINGS),
        overrides=("R13",),
    ),
    Row(
        id="R13",
        title="Cross-border pursuit",
        when=_INTO_A_PARTY,
        permitted="yes",
        words="May continue into {to}: no limit of offence, distance or time. Contact with {contact} was made in time; follow its instructions.",
        meaning="Officers who pursue a person in their own country may go on into another party's, without prior consent and without any limit in distance or time, if the host cannot be warned beforehand or cannot be in place in time. For special units the same follows from Art. 55.",
        cites=(_t("21", "1"), _t("21", "2", "a")),
        also=(_t("55", "1"),),
        basis=Basis.TEXT,
        obligations=_PURSUIT,
        powers=_POWERS,
        warnings=_WARNINGS,
    ),
)
