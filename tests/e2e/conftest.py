"""Servers and a browser for end-to-end tests; each server is stopped when its test is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import chromium
from tests.e2e.process import Server

ServerFactory = Callable[..., Server]


@contextmanager
def servers(directory: Path) -> Iterator[ServerFactory]:
    """Starts servers, each on a directory of its own in this one, and stops them in the end."""
    started: list[Server] = []

    def start(*options: str, data: Path | None = None, **how: Any) -> Server:
        server = Server(data or directory / f"data{len(started)}", *options, **how)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
        (server.data / "ballast").unlink(missing_ok=True)  # pytest keeps the directories of its last three runs


@pytest.fixture
def server_factory(tmp_path: Path) -> Iterator[ServerFactory]:
    """Starts servers: `server_factory("--no-auth")`."""
    with servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def module_server_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerFactory]:
    """As `server_factory`, for what the tests of a module only look at, or each use for units of their own."""
    with servers(tmp_path_factory.mktemp("module")) as start:
        yield start


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    """A server that asks units for tokens."""
    return server_factory()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each opens a page with nothing remembered."""
    with chromium() as browser:
        yield browser
