"""Each planted fault turns its test red, and without it the test is green: what looks after the promises works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.process import ROOT
from tests.faults.sabotages import SABOTAGES, Sabotage

_TREE = ("borders", "tracker", "tests", "server.py", "pyproject.toml", "docs")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, to be spoilt."""
    copy = tmp_path_factory.mktemp("tree")
    for name in _TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    (copy / "web").symlink_to(ROOT / "web")
    return copy


def run_tests(tree: Path, *tests: str) -> tuple[int, str]:
    """The exit status of pytest, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_every_sabotage_still_applies(sabotage: Sabotage) -> None:
    """If this is red, the code moved on: plant the same fault where it would be now."""
    assert sabotage.applied(ROOT) != (ROOT / sabotage.file).read_text(encoding="utf-8")


@pytest.mark.soak
def test_without_a_sabotage_all_is_green(tree: Path) -> None:
    status, output = run_tests(tree, *dict.fromkeys(sabotage.test for sabotage in SABOTAGES))

    assert status == pytest.ExitCode.OK, output


@pytest.mark.soak
@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_a_sabotage_is_noticed(tree: Path, sabotage: Sabotage) -> None:
    file = tree / sabotage.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(sabotage.applied(tree), encoding="utf-8")
    try:
        status, output = run_tests(tree, sabotage.test)
    finally:
        file.write_text(sound, encoding="utf-8")

    # Not any other failure: a test that cannot be collected has noticed nothing.
    assert status == pytest.ExitCode.TESTS_FAILED, output
    assert f"FAILED {sabotage.test}" in output, output
