"""The demo through the core, at once: what it shows is what it claims to show."""

from __future__ import annotations

from collections import Counter
from random import Random

from borders.crossing import sample_of
from tests.journeys.play import play
from tests.tracker.road import STARTED_AT
from tracker.engine import Engine
from tracker.events import CrossingConfirmed, Decision, ObligationMet, ObligationOverdue, PursuitEnded
from tracker.fix import accept
from tracker.simulation.hazeldonk import DEMO


def test_the_demo_shows_what_it_says(engine: Engine) -> None:
    """BE to NL with the call in time, back with a Dutch car and the call late, and a stroll through Baarle."""
    world, events = play(engine, DEMO, STARTED_AT)

    crossings = Counter(
        (event.unit, event.from_, event.to)
        for event in events
        if isinstance(event, CrossingConfirmed) and event.unit != "BE-B01"
    )
    assert crossings == {
        ("BE-K03", "BE", "NL"): 1,
        ("BE-K03", "NL", "BE"): 1,
        ("BE-K07", "BE", "NL"): 1,
        ("BE-K07", "NL", "BE"): 1,
        ("NL-ZB12", "NL", "BE"): 1,
        ("NL-ZB12", "BE", "NL"): 1,  # it drives home when all is over
    }
    rules = {(event.unit, event.rule) for event in events if isinstance(event, Decision)}
    assert {("BE-K03", "R13"), ("BE-K03", "R0"), ("NL-ZB12", "R12")} <= rules
    late = [event for event in events if isinstance(event, ObligationOverdue)]
    assert [event.host for event in late] == ["BE"]
    assert {event.host for event in events if isinstance(event, ObligationMet) and event.kind == "contact"} == {
        "NL",
        "BE",
    }
    assert len([event for event in events if isinstance(event, CrossingConfirmed) and event.unit == "BE-B01"]) <= 12
    assert len([event for event in events if isinstance(event, PursuitEnded)]) == 1
    left = {duty.kind for duty in world.pursuits["p-1"].duties}
    assert left == {"inform_contact_points", "confirm_in_writing"}  # desk work, for which there is a day


def test_the_stroll_through_baarle_is_shown_as_ambiguous(engine: Engine) -> None:
    """Its parcels are smaller than the error: what cannot be known is not told, and seen not to be."""
    [stroll] = [actor for actor in DEMO.actors if actor.unit == "BE-B01"]
    first, *fixes = [accept(ping, ping.t) for ping in DEMO.pings(stroll, "s1", Random(1), STARTED_AT)]
    detector = engine.detector
    assert detector is not None
    watch = detector.begin(sample_of(first))
    qualities = Counter[str]()
    for fix in fixes:
        watch, _ = detector.step(watch, sample_of(fix))
        qualities[watch.quality] += 1

    assert qualities["ambiguous"] > len(fixes) / 4
