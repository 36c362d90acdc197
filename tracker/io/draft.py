"""The world while a group of inputs is being worked on, and as everybody else may see it."""

from __future__ import annotations

from typing import Final

from tracker.world import World


class Draft(World):
    """A world that the core writes into ahead of the journal, with a copy that follows at each commit.

    Nobody may hear of what is not yet on the disk: a commit can still fail, and takes time in which others read.
    They read `published`. The values are frozen, so both worlds share them.

    Args:
        world: the world to go on from; its tables are taken over.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self.published: Final = World()
        self._twins: Final[dict[int, dict[str, object]]] = {}
        for name, table in vars(world).items():
            if isinstance(table, dict):
                twin = dict(table)
                setattr(self, name, table)
                setattr(self.published, name, twin)
                self._twins[id(table)] = twin
        self.offset = self.published.offset = world.offset

    def commit(self) -> None:
        """Keep the changes since `begin`, and publish them."""
        twins = self._twins
        for table, key, _ in self._undo:
            value = table.get(key)
            if value is None:  # no value of any table is None
                twins[id(table)].pop(key, None)
            else:
                twins[id(table)][key] = value
        self.published.offset = self.offset
        super().commit()
