"""The table: ordered rows, first match wins. Articles are those of the treaty of 23 July 2018 unless named otherwise."""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis, Cite
from tracker.treaty.old_regimes import OLD_REGIMES
from tracker.treaty.other_actions import OTHER_ACTIONS
from tracker.treaty.owed import (
    BENELUX_27,
    BREAK_OFF,
    CONFIRM,
    CONTACT,
    END_ACTION,
    FOLLOW,
    HAND_OVER,
    INFORM,
    INTO_A_PARTY,
    NAPLES_20,
    POWERS,
    REPLAY,
    REPORT_ACTION,
    REPORT_AFTER,
    REPORT_NOW,
    RETRY,
    RETURN,
    STAND_DOWN,
    bpt,
    cisa,
    senningen,
)
from tracker.treaty.table import Owed, Row, at_crossing

_WARNINGS: Final = (
    "Hand over at once whoever is held (Art. 36(2))",
    "No dwellings, no places that are not accessible to the public (Art. 21(2)(e))",
    "Firearm only in immediate lawful defence of self or another (Art. 40(4))",
    "Lights and sirens under host law (Art. 42)",
)
_NO_CONTACT: Final = "Contact with the host is not known to have been established at the crossing"
_CONTACT_LATE: Final = "Contact with the host was established after the crossing"
_SPECIAL_WARNINGS: Final = (*_WARNINGS[:2], "Weapons under Arts 58 and 59", _WARNINGS[3])
_PURSUIT: Final = (CONTACT, FOLLOW, INFORM, CONFIRM, REPORT_AFTER)
_LATER: Final = ("R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13")
_FROM_R8: Final = _LATER[4:]
_STOP: Final = Row(
    id="R1",
    title="The host says stop",
    when=(if_.HOST_SAID_STOP,),
    permitted="no",
    words="{to} says stop: break off now.",
    meaning="The pursuit is broken off as soon as the host signals it, under every instrument.",
    cites=(bpt("21", "2", "a"), bpt("45", "2"), senningen("35"), cisa("41", "1")),
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
    cites=(bpt("21", "2", "a"), Cite("ENSCHEDE2005", "17", "3")),
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
    cites=(bpt("21", "1"), bpt("19", "5")),
    basis=Basis.TEXT,
    obligations=(
        Owed(
            "report_at_once",
            "If acting on own initiative in an emergency: report to the host at once",
            (bpt("19", "5"),),
        ),
    ),
    powers=("Provisional measures only, in an emergency (Art. 38)",),
    warnings=("The pursuit did not begin in the own country",),
    overrides=("R7", *_FROM_R8),
)
_LATE: Final = Row(
    id="R12",
    title="Contact not made in time",
    when=(if_.CONTACT_NOT_IN_TIME, *INTO_A_PARTY),
    permitted="conditional",
    words="In {to} without contact: contact {addressee} now. Art. 21 asks for it at the latest at the crossing.",
    meaning="Contact at the latest at the crossing is a condition. The text has no fallback for a call that nobody answers: the crossing is flagged, every attempt is logged, and nothing is stopped by software.",
    cites=(bpt("21", "2", "a"), bpt("21", "1")),
    basis=Basis.INFERRED,
    obligations=(CONTACT, RETRY, *_PURSUIT[1:]),
    powers=POWERS,
    warnings=(_NO_CONTACT, *_WARNINGS),
    overrides=("R13",),
)
_LATE_SPECIAL: Final = msgspec.structs.replace(
    _LATE,
    variant="special units",
    when=(if_.IS_SPECIAL_UNIT, if_.CONTACT_NOT_IN_TIME, *INTO_A_PARTY),
    meaning="Special units pursue on the conditions and procedures of Art. 21; for their weapons Arts 58 and 59 stand in the place of Arts 39 and 40.",
    cites=(bpt("55", "1"), bpt("21", "2", "a")),
    warnings=(
        _NO_CONTACT,
        *_SPECIAL_WARNINGS,
    ),
)


def _made_late(row: Row) -> Row:
    """The same once contact was made after all: nobody is to be called again, and the lateness stays on record."""
    return msgspec.structs.replace(
        row,
        variant=", ".join(filter(None, (row.variant, "contact came late"))),
        title="Contact made too late",
        when=(if_.CONTACT_CAME_LATE, *row.when),
        words="In {to}: contact with {contact} came after the crossing. Follow its instructions; the lateness is on record.",
        meaning="Contact at the latest at the crossing is a condition. Made later, it does not undo that, and what the text attaches to it is not said: the crossing stays flagged, and nothing is stopped by software.",
        obligations=tuple(owed for owed in row.obligations if owed.id not in {"contact", "retry_contact"}),
        warnings=(_CONTACT_LATE, *row.warnings[1:]),
    )


_PURSUIT_OF_2018: Final = Row(
    id="R13",
    title="Cross-border pursuit",
    when=INTO_A_PARTY,
    permitted="yes",
    words="May continue into {to}: no limit of offence, distance or time. Contact with {contact} was made in time; follow its instructions.",
    meaning="Officers who pursue a person in their own country may go on into another party's, without prior consent and without any limit in distance or time, if the host cannot be warned beforehand or cannot be in place in time.",
    cites=(bpt("21", "1"), bpt("21", "2", "a")),
    basis=Basis.TEXT,
    obligations=_PURSUIT,
    powers=POWERS,
    warnings=_WARNINGS,
)

RULES: Final = (
    Row(
        id="R0",
        title="Back in the own state",
        when=(if_.RETURNS_HOME,),
        permitted="yes",
        words="Back in {to}: own law applies again. Report on the action abroad.",
        meaning="The officers are in their own state again. What they did abroad is over, and is reported on.",
        cites=(bpt("46", "1"), bpt("36", "2"), senningen("36"), cisa("41", "5", "g")),
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
        cites=(bpt("45", "2"), senningen("35")),
        obligations=(END_ACTION, RETURN, REPORT_ACTION),
    ),
    _STOP,
    msgspec.structs.replace(
        _DANGER,
        variant="another action",
        when=(if_.DANGER_IS_DISPROPORTIONATE, if_.IS_ANOTHER_ACTION),
        meaning="The text says it of pursuits only; it is applied to other actions by analogy.",
        basis=Basis.INFERRED,
        obligations=(END_ACTION, RETURN, REPORT_ACTION),
    ),
    _DANGER,
    Row(
        id="R3",
        title="The host takes over",
        when=(if_.HOST_TAKES_OVER,),
        permitted="conditional",
        words="{to} takes over: stand down; go on only if {to} asks.",
        meaning="The host's services may take over, or go on jointly. After a takeover the pursuers act only where the host asks.",
        cites=(bpt("45", "1"), senningen("35")),
        basis=Basis.TEXT,
        obligations=(STAND_DOWN, HAND_OVER, REPORT_AFTER),
        powers=("Only on the host's order",),
        overrides=_LATER,
        always=True,
    ),
    *OTHER_ACTIONS,
    _ABROAD,
    msgspec.structs.replace(
        _ABROAD,
        variant="under other instruments",
        meaning="CISA Art. 41 gives the right to officers who pursue in their country; the treaty of 2004 is read alike.",
        cites=(senningen("18"), cisa("41", "1")),
        basis=Basis.INFERRED,
        obligations=(
            Owed(
                "report_at_once",
                "If acting on own initiative in an emergency: report to the host at once",
                (senningen("7"),),
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
        cites=(NAPLES_20,),
        basis=Basis.INFERRED,
        obligations=(
            msgspec.structs.replace(CONTACT, cites=(NAPLES_20,)),
            msgspec.structs.replace(REPORT_AFTER, cites=(NAPLES_20,)),
        ),
        powers=("As the host's declaration says",),
        warnings=("Unless listed in Annex 1 of the treaty of 2018, which was not found",),
        overrides=("R8",),
    ),
    Row(
        id="R7",
        variant="customs, before Naples II",
        title="Customs before any text",
        when=(if_.IS_CUSTOMS, if_.IS_PURSUIT, if_.ENTERS_A_PARTY, if_.BEFORE_NAPLES),
        permitted="uncertain",
        words="Customs before Naples II: no text that was read covers it.",
        meaning="For old tracks: no instrument that was read is as old.",
        cites=(NAPLES_20,),
        basis=Basis.UNVERIFIED,
        warnings=(REPLAY,),
        overrides=("R8", "R9", "R10"),
        always=True,
        silent=True,
    ),
    Row(
        id="R7",
        variant="unlisted service, before the treaty of 2018",
        title="Service not known to be competent",
        when=(if_.IS_UNLISTED_SERVICE, if_.IS_PURSUIT, if_.ENTERS_A_PARTY, if_.BEFORE_2018),
        permitted="uncertain",
        words="Not known to be a competent service under the law of that day.",
        meaning="For old tracks: which services were competent under the older instruments was not read.",
        cites=(senningen("18"), BENELUX_27),
        basis=Basis.UNVERIFIED,
        warnings=(REPLAY,),
        overrides=("R8",),
        always=True,
        silent=True,
    ),
    Row(
        id="R7",
        variant="unlisted service",
        title="Service not known to be competent",
        when=(if_.IS_UNLISTED_SERVICE, if_.IS_PURSUIT, if_.ENTERS_A_PARTY),
        permitted="uncertain",
        words="Not known to be a competent service: Art. 21 is for those that Annex 1 lists. Ask before going on.",
        meaning="Art. 21 is for the competent services of Annex 1. The annex was not found: police, Koninklijke Marechaussee and special units are taken as listed, others are not known to be.",
        cites=(bpt("1", "", "a"), bpt("21", "1")),
        basis=Basis.INFERRED,
        obligations=(CONTACT,),
        overrides=("R8",),
    ),
    Row(
        id="R8",
        variant="territory not known",
        title="Whither is not known",
        when=(if_.WHITHER_IS_UNKNOWN,),
        permitted="uncertain",
        words="Into which territory the unit crossed is not known: ask.",
        meaning="Which law holds turns on the territory that was entered.",
        cites=(bpt("67"),),
        basis=Basis.INFERRED,
        overrides=("R9", "R10", "R11", "R12", "R13"),
        always=True,
    ),
    Row(
        id="R8",
        title="Over the outer border of the Benelux",
        when=(if_.OVER_THE_OUTER_BORDER,),
        permitted="uncertain",
        words="Into {to}: the Benelux treaty does not reach here, and which rules hold beyond is not known for this case. Ask before going on.",
        meaning="The treaty covers Belgium, Luxembourg and the European Netherlands. What holds for a pursuit at each border with a third state is in the table of third-state borders below.",
        cites=(bpt("67"), cisa("41")),
        basis=Basis.UNVERIFIED,
        obligations=(
            Owed(
                "contact",
                "Contact the neighbour's service, at the latest at the crossing",
                (Cite("ENSCHEDE2005", "12", "2"), cisa("41", "1")),
                at_crossing,
            ),
            Owed(
                "report_after_action", "Report to the neighbour's authorities after the action", (cisa("41", "5", "g"),)
            ),
        ),
        overrides=("R9", "R10", "R11", "R12", "R13"),
        always=True,
    ),
    *OLD_REGIMES,
    Row(
        id="R11",
        title="The host is in place",
        when=(if_.HOST_IS_READY, *INTO_A_PARTY),
        permitted="no",
        words="{to} was warned and is in place: hand over at the border, or ask {to} to go on jointly.",
        meaning="Art. 21 carries the crossing only when the host cannot be warned beforehand or cannot be in place in time. If it was, and is, it does not. A strict reading: advisory, a supervisor may decide otherwise.",
        cites=(bpt("21", "1"), bpt("45", "1"), bpt("18")),
        basis=Basis.INFERRED,
        obligations=(
            Owed("hand_over_at_border", "Hand over at the border, or ask for joint continuation", (bpt("45", "1"),)),
        ),
        warnings=("Strict reading, inferred from the text: advisory",),
        overrides=("R12", "R13"),
    ),
    _made_late(_LATE_SPECIAL),
    _LATE_SPECIAL,
    _made_late(_LATE),
    _LATE,
    msgspec.structs.replace(
        _PURSUIT_OF_2018,
        variant="special units",
        when=(if_.IS_SPECIAL_UNIT, *INTO_A_PARTY),
        meaning="Special units pursue on the conditions and procedures of Art. 21; for their weapons Arts 58 and 59 stand in the place of Arts 39 and 40.",
        cites=(bpt("55", "1"), bpt("21", "1"), bpt("21", "2", "a")),
        warnings=(*_SPECIAL_WARNINGS,),
    ),
    _PURSUIT_OF_2018,
)
