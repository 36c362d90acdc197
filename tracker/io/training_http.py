"""The calls about trainings."""

from __future__ import annotations

from aiohttp import web

from tracker.errors import Refused
from tracker.io.answers import TrainingsAnswer
from tracker.io.http import HttpError, read_body, respond, signed
from tracker.io.requests import Body, TrainBody, read
from tracker.io.training import Trainings


class Training:
    """Handlers, by the names that `openapi.CALLS` gives them."""

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings

    async def trainings(self, _: web.Request) -> web.Response:
        """What can be played, and what is."""
        return respond(TrainingsAnswer(await self._trainings.scenarios(), self._trainings.running))

    async def train(self, request: web.Request) -> web.Response:
        """Begin one."""
        body = read(TrainBody, await read_body(request))
        return respond(await self._trainings.start(body.scenario, body.acts, signed(request, body.by)), 201)

    async def stop(self, request: web.Request) -> web.Response:
        """End one."""
        signed(request, read(Body, await read_body(request)).by)
        try:
            return respond(await self._trainings.stop(request.match_info["id"]))
        except Refused as refused:
            raise HttpError(404, refused.field, refused.reason) from None
