"""What is owed, and what else several rows share: places, obligations, powers.

Articles in texts are those of the treaty of 23 July 2018 unless named otherwise.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Cite
from tracker.treaty.table import Owed, a_day_after_contact, at_crossing


def bpt(article: str, paragraph: str = "", point: str = "") -> Cite:
    """A place in the treaty of 2018."""
    return Cite("BPT2018", article, paragraph, point)


def senningen(article: str) -> Cite:
    """An article of the treaty of 2004."""
    return Cite("SENNINGEN2004", article)


def cisa(article: str, paragraph: str = "", point: str = "") -> Cite:
    """A place in the convention implementing the Schengen agreement."""
    return Cite("CISA", article, paragraph, point)


BENELUX_27: Final = Cite("BENELUX1962", "27")
NAPLES_20: Final = Cite("NAPLES2", "20")
CONTACT: Final = Owed(
    "contact",
    "Contact the host's competent service, at the latest at the crossing",
    (bpt("21", "2", "a"), Cite("ENSCHEDE2005", "12", "2"), cisa("41", "1")),
    at_crossing,
)
FOLLOW: Final = Owed("follow_instructions", "Follow the host's instructions", (bpt("21", "2", "b"),))
INFORM: Final = Owed(
    "inform_contact_points", "Tell the national contact points of the direct exchange at once", (bpt("6", "4"),)
)
CONFIRM: Final = Owed(
    "confirm_in_writing", "Confirm orally given data in writing within 24 hours", (bpt("12", "2"),), a_day_after_contact
)
REPORT_AFTER: Final = Owed(
    "report_after_action",
    "Report to the host's authorities after the action",
    (bpt("46", "1"), senningen("36"), cisa("41", "5", "g")),
)
REPORT_ACTION: Final = msgspec.structs.replace(REPORT_AFTER, cites=(bpt("46", "1"), senningen("36")))
"""After actions other than pursuits, which CISA Art. 41 is not about."""
REPORT_NOW: Final = Owed(
    "report",
    "Report on the action to the host's authorities: now due",
    (bpt("46", "1"), senningen("36"), cisa("41", "5", "g")),
)
BREAK_OFF: Final = Owed(
    "break_off", "Break off now", (bpt("21", "2", "a"), senningen("35"), cisa("41", "1")), always=True
)
END_ACTION: Final = Owed("break_off", "End the action now", (bpt("45", "2"), senningen("35")), always=True)
RETURN: Final = Owed("return", "Return by the fastest route", (bpt("32"), senningen("34")))
RETRY: Final = Owed(
    "retry_contact", "Go on trying; control room to control room; log every attempt", (bpt("21", "2", "a"),)
)
STAND_DOWN: Final = Owed(
    "stand_down", "Stand down; go on only if the host asks", (bpt("45", "1"), senningen("35")), always=True
)
ORDERS: Final = Owed("follow_instructions", "Follow the host's instructions and orders", (bpt("34", "2"),))
HAND_OVER: Final = Owed(
    "hand_over",
    "Hand over held persons and secured objects to a host officer at once",
    (bpt("36", "2"), senningen("18"), BENELUX_27, cisa("41", "5", "f")),
)
POWERS: Final = (
    "Hold: prevent the person from fleeing (Art. 36(1)(a))",
    "Establish identity (Art. 36(1)(b))",
    "Safety search of person and vehicle (Art. 36(1)(c))",
    "Secure objects that may be seized (Art. 36(1)(d))",
)
REPLAY: Final = "Replay of an old track under the law of its day"
INTO_A_PARTY: Final = (if_.IS_PURSUIT, if_.IS_POLICE, if_.ENTERS_A_PARTY)
