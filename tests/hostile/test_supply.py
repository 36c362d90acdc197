"""What we build on: no version below the floor that its faults set, no known fault, nothing unsafe in our own code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any, Final

import apsw
import pytest
from aiohttp import http_parser
from packaging.version import Version

from tests.e2e.process import ROOT

FLOORS: Final = {
    "aiohttp": "3.14.4",  # CVE-2026-123817, PYSEC-2026-4395, PYSEC-2026-4369, CVE-2026-111750
    "websockets": "17.0",  # sends no more than one close frame, and the header timeout that is relied on
    "apsw": "3.51.3",  # brings that SQLite: earlier ones can corrupt a WAL that is reset
    "msgspec": "0.22",
    "shapely": "2.2",  # no floor helps against nested geometry: outside bytes never reach it
}
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")


def locked(name: str) -> dict[str, str]:
    """Name and version of every package in a lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {package.lower(): version for package, version in found}


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("package", FLOORS)
def test_no_lock_holds_a_version_below_its_floor(lock: str, package: str) -> None:
    assert Version(locked(lock)[package]) >= Version(FLOORS[package])


def test_a_version_below_its_floor_would_be_seen() -> None:
    assert Version("3.14.3") < Version(FLOORS["aiohttp"])


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_that_is_locked_is_pinned_by_hash_and_names_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) >= 10
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_optional_browser_libraries_stay_at_or_above_their_floors() -> None:
    packages = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))["packages"]
    for path, one in packages.items():
        if path.endswith("@maplibre/geojson-vt"):  # CVE-2026-58505: nested GeometryCollection
            assert Version(one["version"]) >= Version("6.1.1")


def test_sqlite_and_the_parser_are_the_ones_that_are_relied_on() -> None:
    assert Version(apsw.sqlite_lib_version()) >= Version("3.51.3")
    assert http_parser.HttpRequestParser.__module__ == "aiohttp._http_parser"  # the C one; the other has had faults


def is_explained(finding: dict[str, Any]) -> bool:
    """True when the line is marked as looked at, in the form that ruff, which has the same rule, demands."""
    lines = (ROOT / finding["filename"]).read_text(encoding="utf-8").splitlines()
    first, last = min(finding["line_range"]), max(finding["line_range"])
    rule = finding["test_id"].replace("B", "S")
    return any(re.search(rf"# noqa: [^#]*\b{rule}\b", line) for line in lines[first - 1 : last])


def test_bandit_finds_nothing_unexplained_in_what_ships() -> None:
    command = [
        sys.executable,
        "-m",
        "bandit",
        "--quiet",
        "--format",
        "json",
        "--recursive",
        "tracker",
        "borders",
        "server.py",
        "--skip",
        # It takes any `random.random()` for the module's, and "" for a password. Ruff's S311 and S105 do not.
        "B311,B105",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    found = [one for one in json.loads(done.stdout)["results"] if not is_explained(one)]
    assert [(one["filename"], one["line_number"], one["test_id"], one["issue_text"]) for one in found] == []
    assert len(json.loads(done.stdout)["metrics"]) > 80


@pytest.mark.soak
def test_no_known_fault_is_in_what_is_locked(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--strict`, pip-audit passes what it could not look up."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--strict",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner=off",
    ]
    done = subprocess.run(
        [*command, "--requirement", "requirements.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if "Found" in done.stderr and "vulnerabilit" in done.stderr:
        pytest.fail(done.stdout + done.stderr)
    if done.returncode:
        with capsys.disabled():
            print(f"\nNOT AUDITED: {done.stderr.strip().splitlines()[-1]}")
        pytest.skip("NOT AUDITED: no database of known faults can be reached from here")
