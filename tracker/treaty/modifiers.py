"""What changes an answer without changing the rule: how the unit looks, what it moves in, what was said when."""

from __future__ import annotations

from typing import Final

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis, Cite
from tracker.treaty.table import Modifier

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
)
"""M1 and M2 are those of the table; M3 (force used) and M4 (person held) belong to reports of a pursuit, not to its
crossings; M5 and M6 are ours."""
