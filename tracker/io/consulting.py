"""What every call that shows a pursuit needs: who asks, what he may see, and the row that says that he looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from tracker.io.access_log import AccessLog, access
from tracker.io.credentials import LOCAL, Grant
from tracker.io.http import CALLER, HttpError
from tracker.io.service import Service
from tracker.policy import Scope, Sight, sight
from tracker.pursuits import Pursuit

UNKNOWN: Final = "no pursuit of this id is known here; another state's is opened by POST …/open, with a reason"


class Consulting:
    """Answers that, for one server.

    Args:
        service: has the world.
        log: says what a caller may see, and notes what he looked at.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, service: Service, log: AccessLog, now: Callable[[], float]) -> None:
        self._service = service
        self._log = log
        self._now = now

    def caller(self, request: web.Request) -> Grant:
        """Who asks."""
        caller: Grant = request.get(CALLER, LOCAL)
        return caller

    def scope(self, request: web.Request) -> Scope:
        """What he may see."""
        return self._log.scope(self.caller(request))

    def pursuit(self, request: web.Request) -> Pursuit:
        """The pursuit that the path names.

        Raises:
            HttpError: 404, if there is none that the caller sees; which of the two is not said.
        """
        world = self._service.world
        pursuit = world.pursuits.get(request.match_info["id"])
        if pursuit is None or sight(world, self.scope(request), pursuit) is Sight.NOTHING:
            raise HttpError(404, "id", UNKNOWN)
        return pursuit

    def about(self, pursuit: Pursuit) -> tuple[str, ...]:
        """The states whose units are in a pursuit."""
        units = self._service.world.units
        known = (units.get(member.unit) for member in pursuit.members)
        return tuple(sorted({unit.state for unit in known if unit is not None and unit.state is not None}))

    async def note(self, request: web.Request, action: str, pursuit: Pursuit | None = None, **detail: object) -> None:
        """Put on record that the caller looks at something."""
        name = request.match_info.route.name
        id_ = None if pursuit is None else pursuit.id
        row = access(self.caller(request), self._now(), action, id_, call=name, **detail)
        about = () if pursuit is None else self.about(pursuit)
        await self._log.note(msgspec.structs.replace(row, about=about))
