"""What changes an answer without changing the rule: how the unit looks, what it moves in, what was said when."""

from __future__ import annotations

from typing import Final

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis, Cite
from tracker.treaty.owed import HAND_OVER
from tracker.treaty.table import Modifier, Owed, six_hours_of_day

_ABROAD: Final = tuple(f"R{number}" for number in range(1, 14))
_PURSUITS: Final = ("R8", "R9", "R10", "R12", "R13")

MODIFIERS: Final = (
    Modifier(
        id="M1",
        when=if_.LOOKS_CIVILIAN,
        warning="Unmarked or plain clothes: record why the action makes it necessary (Art. 44(3))",
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "44", "3"),
    ),
    Modifier(
        id="M1",
        when=if_.IS_UNRECOGNISABLE,
        warning="Plain clothes in an unmarked vehicle are not allowed at this border (CISA Art. 41(5)(d))",
        basis=Basis.UNVERIFIED,
        cite=Cite("CISA", "41", "5", "d"),
        rules=_PURSUITS,
    ),
    Modifier(
        id="M2",
        when=if_.LEAVES_THE_GROUND,
        warning="By water or air within Benelux territory only (Art. 21(2)(d))",
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "21", "2", "d"),
        rules=_PURSUITS,
    ),
    Modifier(
        id="M2",
        when=if_.LEAVES_THE_GROUND,
        warning="Over land borders only (CISA Art. 41(5)(b)): ask before going on by water or air",
        basis=Basis.UNVERIFIED,
        cite=Cite("CISA", "41", "5", "b"),
        rules=("R8",),
    ),
    Modifier(
        id="M2",
        when=if_.IS_DRONE,
        warning="No text that was read mentions drones",
        basis=Basis.INFERRED,
        rules=_PURSUITS,
    ),
    Modifier(
        id="M2",
        when=if_.IS_TRAIN,
        warning="Art. 21 says over land and does not name trains; Art. 26 governs action on them",
        basis=Basis.INFERRED,
        cite=Cite("BPT2018", "26"),
        rules=_PURSUITS,
    ),
    Modifier(
        id="M3",
        when=if_.FORCE_WAS_USED,
        warning="Force was used: report it at once if host law obliges its own officers to (Art. 40(6))",
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "40", "6"),
        obligations=(
            Owed(
                "report_force",
                "Report the use of force at once, if host law obliges its own officers to",
                (Cite("BPT2018", "40", "6"),),
            ),
        ),
        even_if_not=True,
    ),
    Modifier(
        id="M4",
        when=if_.PERSON_IS_HELD,
        warning="A person is held: hand over at once to a host officer, stating reasons and circumstances (Art. 36(2))",
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "36", "2"),
        rules=_ABROAD,
        obligations=(HAND_OVER,),
        even_if_not=True,
    ),
    Modifier(
        id="M4",
        when=if_.PERSON_IS_HELD,
        warning="A person is held: hand over at once to the host's officers (treaty of 2004)",
        basis=Basis.INFERRED,
        cite=Cite("SENNINGEN2004", "18"),
        rules=_ABROAD,
        obligations=(HAND_OVER,),
        even_if_not=True,
    ),
    Modifier(
        id="M4",
        when=if_.PERSON_IS_HELD,
        warning="A person is held: bring the person before the host's authorities at once (CISA Art. 41(5)(f))",
        basis=Basis.UNVERIFIED,
        cite=Cite("CISA", "41", "5", "f"),
        rules=_ABROAD,
        obligations=(HAND_OVER,),
        even_if_not=True,
    ),
    Modifier(
        id="M4",
        when=if_.HELD_FOR_QUESTIONING,
        warning=(
            "For the host, as information: questioning ends {release_at}, unless a warrant for surrender has come "
            "(six hours from the start of the hold, midnight to nine not counted, Art. 21(3))"
        ),
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "21", "3"),
        obligations=(
            Owed(
                "release",
                "Questioning by the host ends, unless a warrant for surrender has come",
                (Cite("BPT2018", "21", "3"),),
                six_hours_of_day,
            ),
        ),
        rules=("R1", "R2", "R3", "R6", "R11", "R12", "R13"),
        even_if_not=True,
        asks=True,
    ),
    Modifier(
        id="M5",
        when=if_.WAS_INTERRUPTED,
        warning="No text says whether a pursuit that was lost and taken up again is still the same one",
        basis=Basis.INFERRED,
        rules=_PURSUITS,
        caps_at="conditional",
    ),
    Modifier(
        id="M6",
        when=if_.CONTACT_IN_DOUBT,
        warning="Contact and crossing lie within the uncertainty of the crossing's time: log both",
        basis=Basis.INFERRED,
        rules=_PURSUITS,
    ),
    Modifier(
        id="M7",
        when=if_.HOST_RESTRICTS,
        warning="Notice of {to} under Art. 61: {restriction}",
        basis=Basis.TEXT,
        cite=Cite("BPT2018", "61"),
        rules=_ABROAD,
        caps_at="uncertain",
    ),
    Modifier(
        id="M8",
        when=if_.ENTERS_SECOND_HOST,
        warning=(
            "Into a second host state the text is silent: taken to be the same pursuit, with a contact of its own at "
            "this border"
        ),
        basis=Basis.INFERRED,
        rules=("R9", "R10", "R12", "R13"),
        weakens_to=Basis.INFERRED,
    ),
    Modifier(
        id="M9",
        when=if_.ON_AN_OPEN_LINE,
        warning="The open line to the host is taken to serve this entry too: the text is silent",
        basis=Basis.INFERRED,
        rules=("R8", "R9", "R10", "R13"),
        weakens_to=Basis.INFERRED,
    ),
)
"""M1 to M4 are those of the table; M5 to M9 are ours (M7 is the notice of Art. 61)."""
