"""Who a unit is: what its credential says of it becomes part of the world, as an input like any other."""

from __future__ import annotations

from tracker.inputs import UnitRegistered
from tracker.io.credentials import Grant
from tracker.units import Unit, call_sign_of, state_of
from tracker.world import World


def registration(world: World, unit: str, grant: Grant | None, at: float) -> UnitRegistered | None:
    """What to tell the core of a unit before its ping; None when the core knows it.

    What the credential says counts, and what it leaves out is unknown. Only where the server runs without
    credentials does the unit's name say the sending state, as in `BE-K03`.

    Args:
        world: as published.
        unit: a unit for which the grant speaks.
        grant: None when the server runs without credentials.
        at: the server's clock, Unix seconds UTC.
    """
    known = world.units.get(unit)
    if grant is None:
        if known is not None and known.state is not None:
            return None
        stated = Unit(unit, state_of(unit), call_sign_of(unit))
    else:
        stated = Unit(
            unit,
            state=grant.state,
            call_sign=call_sign_of(unit),
            service=grant.service,
            means=grant.means,
            marked=grant.marked,
            uniformed=grant.uniformed,
        )
    return None if stated == known else UnitRegistered(stated, at)
