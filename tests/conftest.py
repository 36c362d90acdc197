"""Fixtures of all tests: the boundary data and the engine, loaded once."""

from __future__ import annotations

import os

# As in the server, and before NumPy is loaded: its linear algebra in threads of its own is ten times slower for
# equations as small as ours when as many tests run as there are cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from borders import boundary_file
from borders.atlas import Atlas
from tracker.engine import Engine
from tracker.io.offline import build_engine

# These machines are shared: a slow example is no failure. In CI the examples are always the same, so that a red run can
# be repeated; a developer's machine goes on looking for new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """The shipped boundary data."""
    return boundary_file.load()


@pytest.fixture(scope="session")
def engine(atlas: Atlas) -> Engine:
    """The core as the server builds it."""
    return build_engine(atlas)
