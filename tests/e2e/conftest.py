"""Servers and a browser for end-to-end tests; each server is stopped when its test is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import chromium
from tests.e2e.process import Server

ServerFactory = Callable[..., Server]


@pytest.fixture
def server_factory(tmp_path: Path) -> Iterator[ServerFactory]:
    """Starts servers: `server_factory("--no-auth")`."""
    servers: list[Server] = []

    def start(*options: str, data: Path | None = None, **how: Any) -> Server:
        server = Server(data or tmp_path / f"data{len(servers)}", *options, **how)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()
        (server.data / "ballast").unlink(missing_ok=True)  # pytest keeps the directories of its last three runs


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    """A server that asks units for tokens."""
    return server_factory()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each opens a page with nothing remembered."""
    with chromium() as browser:
        yield browser
