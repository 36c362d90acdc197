"""The world while a group of inputs is being worked on, and as everybody else may see it."""

from __future__ import annotations

from typing import Final, TypeVar

from tracker.world import World

_Value = TypeVar("_Value")


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
        self._touched: Final[list[tuple[dict[str, object], str]]] = []
        for name, table in vars(world).items():
            if isinstance(table, dict):
                twin = dict(table)
                setattr(self, name, table)
                setattr(self.published, name, twin)
                self._twins[id(table)] = twin
        self.offset = self.published.offset = world.offset

    def put(self, table: dict[str, _Value], key: str, value: _Value) -> None:
        """Set an entry of one of the tables."""
        self._touched.append((table, key))  # type: ignore[arg-type]
        super().put(table, key, value)

    def drop(self, table: dict[str, _Value], key: str) -> None:
        """Remove an entry of one of the tables, if it is there."""
        self._touched.append((table, key))  # type: ignore[arg-type]
        super().drop(table, key)

    def commit(self) -> None:
        """Keep the changes since `begin`, and publish them."""
        for table, key in self._touched:
            twin = self._twins[id(table)]
            if key in table:
                twin[key] = table[key]
            else:
                twin.pop(key, None)
        self._touched.clear()
        self.published.offset = self.offset
        super().commit()

    def rollback(self) -> None:
        """Take back every change since `begin`; nothing of it was published."""
        self._touched.clear()
        super().rollback()
