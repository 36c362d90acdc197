from __future__ import annotations

import msgspec
import pytest

from tracker.world import World


@pytest.mark.parametrize("units", [0, 1, 15, 16, 17, 499, 500, 501, 516, 1_003, 70_000])
def test_a_world_is_encoded_in_parts_and_read_back_whole(units: int) -> None:
    """An array of 8, and each table a map: what MessagePack says of it, however many parts it took."""
    world = World()
    world.offset = units
    for number in range(units):
        world.put(world.heard, f"BE-{number}", float(number))

    parts = list(world.encode_in_parts())
    read = msgspec.msgpack.decode(world.encode())
    assert (read[0], read[6], len(read)) == (units, world.heard, 8)
    assert list(World.decode(b"".join(parts)).heard.items()) == list(world.heard.items())
    assert max(len(part) for part in parts) < 20_000


def test_a_copy_stays_as_it_is() -> None:
    world = World()
    world.put(world.heard, "BE-1", 1.0)
    copied = world.copy()
    world.put(world.heard, "BE-2", 2.0)
    world.offset = 7

    assert (copied.offset, copied.heard) == (0, {"BE-1": 1.0})
