"""A scenario under names that say that it is simulated."""

from __future__ import annotations

import msgspec

from tracker.simulation.scenario import Scenario
from tracker.units import simulated


def cast(scenario: Scenario, run: str) -> Scenario:
    """The same scenario, in which every unit has the name that it has in one run: `SIM-7f3a:BE-K03`.

    Args:
        scenario: as written.
        run: tells runs apart that go on at the same time; letters and digits.
    """
    actors = tuple(actor._replace(unit=simulated(actor.unit, run)) for actor in scenario.actors)
    acts = tuple(
        act
        if act.details.unit is None
        else act._replace(details=msgspec.structs.replace(act.details, unit=simulated(act.details.unit, run)))
        for act in scenario.acts
    )
    return scenario._replace(actors=actors, acts=acts)
