"""One server for all hostile tests but those that need it otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.target import Target
from tests.hostile.target import target as run_target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """See `tests.hostile.target`."""
    with run_target(tmp_path_factory.mktemp("hostile")) as running:
        yield running
