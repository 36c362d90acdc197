"""The rows R9 and R10: the law before the treaty of 2018, for old tracks."""

from __future__ import annotations

from typing import Final

import msgspec

from tracker.treaty import predicates as if_
from tracker.treaty.cite import Basis
from tracker.treaty.owed import BENELUX_27, CONTACT, HAND_OVER, INTO_A_PARTY, REPLAY, REPORT_AFTER, cisa, senningen
from tracker.treaty.table import Owed, Row

_BEFORE_2006: Final = Row(
    id="R9",
    title="Before June 2006",
    when=INTO_A_PARTY,
    permitted="uncertain",
    words="Before June 2006: only for an extraditable offence; contact {to} as soon as possible.",
    meaning="For old tracks: the Benelux treaty of 1962 let officers stop a person within 10 km of the border if the pursuit was unbroken and the host could not be reached; CISA Art. 41 from 1995.",
    cites=(BENELUX_27,),
    also=(cisa("41", "1"),),
    basis=Basis.UNVERIFIED,
    obligations=(Owed("contact", "Contact the host's service as soon as possible", (BENELUX_27,)), HAND_OVER),
    powers=("Stop the person within 10 km of the border, and hand over",),
    warnings=(REPLAY, "Offence threshold: extraditable", "10 km strip"),
)
_TREATY_OF_2004: Final = Row(
    id="R10",
    title="Treaty of 2004",
    when=INTO_A_PARTY,
    permitted="conditional",
    words="Under the treaty of 2004: only if the person escaped or is suspected of an extraditable offence.",
    meaning="For old tracks from June 2006 to 30 September 2023: the treaty of Senningen of 8 June 2004, with the rules of CISA Art. 41.",
    cites=(senningen("18"),),
    also=(cisa("41", "1"),),
    basis=Basis.TEXT,
    obligations=(CONTACT, REPORT_AFTER),
    powers=("Apprehend and hand over",),
    warnings=(REPLAY, "Offence threshold: extraditable, or escaped"),
)

OLD_REGIMES: Final = (
    msgspec.structs.replace(
        _BEFORE_2006,
        variant="before any text",
        when=(*INTO_A_PARTY, if_.BEFORE_1962),
        words="Before December 1967: no text that was read covers a pursuit into {to}.",
        meaning="For old tracks: no instrument that was read is as old.",
        obligations=(),
        powers=(),
        warnings=(REPLAY,),
        also=(),
        always=True,
        silent=True,
    ),
    msgspec.structs.replace(
        _BEFORE_2006,
        variant="without ground",
        when=(*INTO_A_PARTY, if_.WITHOUT_OLD_GROUND),
        permitted="no",
        words="Before June 2006 pursuit into {to} was for extraditable offences only; none is known here.",
        meaning="No extraditable offence is known.",
        obligations=(),
        powers=(),
    ),
    msgspec.structs.replace(
        _BEFORE_2006,
        variant="under Schengen",
        when=(*INTO_A_PARTY, if_.UNDER_SCHENGEN),
        words="Before June 2006: caught in the act of an extraditable offence, or escaped; contact {to} at the latest at the crossing.",
        meaning="For old tracks from March 1995: CISA Art. 41 beside the Benelux treaty of 1962; powers by each state's declaration.",
        obligations=(CONTACT, HAND_OVER, REPORT_AFTER),
        powers=("Stop the person within 10 km of the border, or as the host's declaration says, and hand over",),
        warnings=(REPLAY, "Offence threshold: extraditable, or escaped", "10 km strip (treaty of 1962)"),
    ),
    _BEFORE_2006,
    msgspec.structs.replace(
        _TREATY_OF_2004,
        variant="without ground",
        when=(*INTO_A_PARTY, if_.WITHOUT_OLD_GROUND),
        permitted="no",
        words="Under the treaty of 2004 pursuit into {to} was for who escaped or was suspected of an extraditable offence; neither is known here.",
        meaning="Neither an escape nor an offence is known; evading a stop is not an extraditable offence by itself.",
        obligations=(),
        powers=(),
    ),
    _TREATY_OF_2004,
)
