"""What keeps a running server in order: erasing what is too old, answering its operator, telling systemd."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import get_args

from prometheus_client import Gauge

from tracker.errors import Refused
from tracker.facts import State
from tracker.io import backup, control, erasing
from tracker.io.access_log import AccessLog
from tracker.io.clock import Clock
from tracker.io.config import Config
from tracker.io.erasing import Limits
from tracker.io.metrics import Metrics
from tracker.io.notify import Notify
from tracker.io.retention import Retention
from tracker.io.service import Service


async def start(
    stack: AsyncExitStack,
    config: Config,
    service: Service,
    log: AccessLog,
    clock: Clock,
    notify: Notify,
    metrics: Metrics,
) -> Retention:
    """Begin; it ends with the stack. What erases is returned, for those who keep a pursuit from it."""
    directory = Path(config.data.directory)
    limits = Limits(config.retention.positions_h * 3_600.0, config.retention.events_d * 86_400.0)
    retention = Retention(service, limits, clock.now, log, config.retention.access_log_years)
    waits = Gauge("drempelloos_erasing_waits", "1 while nothing is erased, since the clock is doubted.", registry=None)
    waits.set_function(lambda: float(retention.waits))
    metrics.add(waits)

    async def copy(_: dict[str, str]) -> object:
        return await backup.copy(directory, service, log)

    async def hold(request: dict[str, str]) -> object:
        return await retention.hold(*_mark(request))

    async def release(request: dict[str, str]) -> object:
        return await retention.release(*_mark(request))

    async def erase(_: dict[str, str]) -> object:
        return await retention.erase()

    async def erasures(_: dict[str, str]) -> object:
        return await service.in_journal(erasing.remembered)

    handlers = {"backup": copy, "hold": hold, "release": release, "erase": erase, "erasures": erasures}
    server = await control.listen(directory, handlers)
    tasks = (
        asyncio.create_task(retention.run(), name="retention"),
        asyncio.create_task(notify.keep_alive(lambda: f"{len(service.world.tracks)} units"), name="systemd"),
    )

    async def stop() -> None:
        notify.tell(STOPPING="1")
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(stop)
    return retention


def _mark(request: dict[str, str]) -> tuple[str, str, str, str | None]:
    state = request.get("state")
    if state is not None and state not in get_args(State):
        raise Refused("state", f"{state!r} is not one of {', '.join(get_args(State))}")
    return request.get("pursuit", ""), request.get("by", ""), request.get("reason", ""), state
