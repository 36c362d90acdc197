"""Rooms for the tests of the sockets and of the API: real parts, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.tracker.io.http_room import HttpRoom
from tests.tracker.io.live_room import BEGAN_AT, Room
from tracker.engine import Engine
from tracker.io.clock import Clock
from tracker.io.credentials import Credentials
from tracker.io.service import Service


@pytest.fixture
def credentials(tmp_path: Path) -> Iterator[Credentials]:
    """No token is known yet."""
    credentials = Credentials(tmp_path / "data")
    yield credentials
    credentials.close()


@pytest.fixture
def tokens(credentials: Credentials) -> dict[str, str]:
    """A token of each kind; `odd` is of a unit whose name does not say where it is from."""
    return {
        "unit": credentials.issue("unit", ["BE-K03"], at=BEGAN_AT, state="BE"),
        "gateway": credentials.issue("gateway", ["BE-K03", "BE-K04"], at=BEGAN_AT, state="BE"),
        "odd": credentials.issue("unit", ["ZZ-9"], at=BEGAN_AT, state="LU"),
        "dispatcher": credentials.issue("dispatcher", at=BEGAN_AT, state="BE"),
        "supervisor": credentials.issue("supervisor", at=BEGAN_AT, state="BE"),
        "auditor": credentials.issue("auditor", at=BEGAN_AT, state="BE"),
        "admin": credentials.issue("admin", at=BEGAN_AT),
    }


@pytest_asyncio.fixture
async def service(engine: Engine, tmp_path: Path) -> AsyncIterator[Service]:
    """Nothing has happened yet, and the clock stands still."""
    service = await Service.open(tmp_path / "data", engine, Clock(lambda: BEGAN_AT, lambda: 0.0))
    yield service
    await service.close()


@pytest_asyncio.fixture
async def room(service: Service, credentials: Credentials, tmp_path: Path) -> AsyncIterator[Room]:
    """Viewers can connect."""
    room = Room(service, credentials, tmp_path / "log")
    await room.open()
    yield room
    await room.close()


@pytest.fixture
def web_directory(tmp_path: Path) -> Path:
    """A map page that is set up."""
    directory = tmp_path / "web"
    (directory / "vendor").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>map</title>")
    (directory / "sign_in.html").write_text("<!doctype html><title>sign in</title>")
    (directory / "vendor" / "maplibre-gl.mjs").write_text("export {}")
    return directory


@pytest_asyncio.fixture
async def http_room(service: Service, credentials: Credentials, web_directory: Path) -> AsyncIterator[HttpRoom]:
    """Everybody on this machine may call; units need no token."""
    async with HttpRoom(service, credentials, web_directory).open() as room:
        yield room
