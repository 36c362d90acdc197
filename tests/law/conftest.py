"""Lines that a passing test wants read: how much was walked, and how long it took."""

from __future__ import annotations

import pytest

_LINES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LINES] = []


@pytest.fixture
def lines_of_summary(pytestconfig: pytest.Config) -> list[str]:
    """What is added here is printed at the end of the run, whether it passes or fails."""
    return pytestconfig.stash.setdefault(_LINES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)
