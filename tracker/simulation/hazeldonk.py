"""The demonstration. A van fails to stop at Meer and flees north on the E19, two Belgian cars behind it.

They enter the Netherlands at Hazeldonk, the Dutch room having been told in time; a Dutch car joins; all turn
at the next exit and come back into Belgium, the Dutch car now the foreign one, and this time the call comes
late. The van is stopped at Meer. Meanwhile a Belgian patrol on foot in Baarle changes country eight times
without leaving the street.
"""

from __future__ import annotations

from typing import Final

from tracker.simulation.drive import Drive
from tracker.simulation.receiver import NARROW_STREETS, OPEN_SKY
from tracker.simulation.routes import HAZELDONK, STROLL
from tracker.simulation.scenario import Act, Actor, Details, Scenario

_LAP_M: Final = HAZELDONK.length_m
_LAY_BY_M: Final = 1_990.0
"""Where NL-ZB12 waits: on the northbound side, some 700 m into the Netherlands."""

_BE: Final = "BE dispatcher"
_NL: Final = "NL dispatcher"

DEMO: Final = Scenario(
    name="E19 Hazeldonk",
    duration_s=340.0,
    actors=(
        Actor("BE-K03", (Drive(HAZELDONK, 60.0, _LAP_M + 60.0, 0.0, 38.0),), OPEN_SKY),
        Actor("BE-K07", (Drive(HAZELDONK, 0.0, _LAP_M, 2.5, 38.0),), OPEN_SKY),
        Actor(
            "NL-ZB12",
            (
                Drive(HAZELDONK, _LAY_BY_M, _LAP_M - 60.0, 57.0, 38.0),
                Drive(HAZELDONK, _LAP_M - 60.0, _LAP_M + _LAY_BY_M, 268.0, 38.0),
            ),
            OPEN_SKY,
        ),
        Actor("BE-B01", (Drive(STROLL, 0.0, STROLL.length_m, 1.0, 1.9),), NARROW_STREETS),
    ),
    acts=(
        Act(3, "start", Details(unit="BE-K03", ground="stop_evaded", note="Van fails to stop at Meer", by=_BE)),
        Act(6, "join", Details(unit="BE-K07", by=_BE)),
        Act(31, "contact", Details(status="attempted", host="NL", channel="phone", by=_BE)),
        Act(35, "contact", Details(status="established", host="NL", with_="NL room", channel="phone", by=_BE)),
        Act(70, "join", Details(unit="NL-ZB12", by=_NL)),
        Act(84, "host-decision", Details(decision="joint", host="NL", instructions="With NL-ZB12", by=_NL)),
        Act(160, "contact", Details(status="attempted", host="BE", channel="phone", by=_NL)),
        Act(188, "contact", Details(status="established", host="BE", with_="BE room", channel="phone", by=_NL)),
        Act(200, "host-decision", Details(decision="joint", host="BE", instructions="To Meer", by=_BE)),
        Act(252, "end", Details(reason="Van stopped at Meer", by=_BE)),
        Act(258, "report", Details(host="NL", by=_BE)),
        Act(262, "report", Details(host="BE", by=_NL)),
    ),
)
