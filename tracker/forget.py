"""What the world forgets when its time is over (docs/operations.md, retention)."""

from __future__ import annotations

from tracker.inputs import Forget
from tracker.world import World


def forget(world: World, entry: Forget) -> None:
    """Drop what is too old: units that were not heard, ended pursuits, and the alerts that belong to them."""
    held = frozenset(entry.held)
    for unit, track in sorted(world.tracks.items()):
        if track.received_at < entry.heard_before and unit not in world.pursuit_of:
            world.drop(world.heard, unit)
            world.drop(world.tracks, unit)
    for name, pursuit in sorted(world.pursuits.items()):
        ended_at = None if pursuit.ended_at is None else pursuit.ended_at + (pursuit.lag_s or 0.0)
        if ended_at is not None and ended_at < entry.ended_before and name not in held:
            world.drop(world.due, name)
            world.drop(world.pursuits, name)
    for id_, alert in list(world.alerts.items()):
        part_of = alert.event.pursuit
        if alert.offset <= entry.events_upto and part_of not in held and part_of not in world.pursuits:
            world.drop(world.alerts, id_)
