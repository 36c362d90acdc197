"""Fixtures of all tests: the boundary data and the engine, loaded once."""

from __future__ import annotations

import pytest

from borders import boundary_file
from borders.atlas import Atlas
from tracker.engine import Engine
from tracker.io.offline import build_engine


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """The shipped boundary data."""
    return boundary_file.load()


@pytest.fixture(scope="session")
def engine(atlas: Atlas) -> Engine:
    """The core as the server builds it."""
    return build_engine(atlas)
