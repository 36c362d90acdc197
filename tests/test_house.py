"""The house rules that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tracker.events import Event

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("borders/**/*.py"), *ROOT.glob("tracker/**/*.py")])


def test_nothing_imports_the_command_line() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []

            assert "server" not in names, source


def test_imports_run_one_way_and_the_core_is_pure() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def tag_of(event: type[msgspec.Struct]) -> str:
    return str(event.__struct_config__.tag)


@pytest.mark.parametrize("event", get_args(Event), ids=tag_of)
def test_every_event_and_each_of_its_fields_is_in_the_protocol(event: type[msgspec.Struct]) -> None:
    protocol = (ROOT / "docs/protocol.md").read_text()
    info = msgspec.inspect.type_info(event)
    assert isinstance(info, msgspec.inspect.StructType)
    tag = re.escape(str(info.tag))
    rows = [line for line in protocol.splitlines() if re.match(rf"\| [^|]*`{tag}`[^|]*\| (the same|`)", line)]

    assert len(rows) == 1, f"{info.tag} needs one row"
    inherits = "the same" in rows[0]
    names = {field.encode_name for field in info.fields} - {"id", "time"}
    unnamed = {name for name in names if f"`{name}`" not in rows[0]}
    assert not unnamed or inherits, unnamed


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small_enough_to_hold_in_the_head(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= 500


def test_a_start_reads_no_library_for_a_provider_that_nobody_configured() -> None:
    """It takes a twentieth of a second of a start. `tests/e2e/test_oidc.py` signs in where one is configured."""
    script = "import sys, tracker.io.app; sys.exit('joserfc' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_locks_pin_by_hash_and_name_no_registry() -> None:
    for lock in [*ROOT.glob("requirements*.lock"), ROOT / "web/package-lock.json"]:
        text = lock.read_text()

        assert "--hash=sha256:" in text or '"integrity"' in text
        assert not re.search(
            r"https?://[^\s\"]*(pypi|npmjs|simple)|--(extra-)?index-url|--find-links|\"resolved\"", text
        ), lock


def test_every_test_that_the_readme_promises_by_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "README.md").read_text())

    assert len(named) > 5
    for name in named:
        assert (ROOT / name).is_file(), name
