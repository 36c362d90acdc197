"""What an operator installs: a unit that systemd reads, and finds well shut in."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

from tests.needs import program

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "packaging/drempelloos.service"


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text()
    unit = tmp_path / "drempelloos.service"
    unit.write_text(
        text.replace("/opt/drempelloos/bin/drempelloos", "/bin/true").replace("User=drempelloos", "User=root")
    )

    done = subprocess.run(
        [program("systemd-analyze", "systemd"), "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert "drempelloos.service" not in done.stderr, done.stderr


def test_systemd_finds_it_well_shut_in() -> None:
    """Its score goes from 0 (shut in) to 10; an ordinary service has 9.6. What is left is the network."""
    done = subprocess.run(
        [program("systemd-analyze", "systemd"), "security", "--offline=true", "--threshold=20", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.splitlines()[-1:] + done.stderr.splitlines()


def test_a_disk_that_fails_twice_within_a_minute_is_not_tried_again() -> None:
    """In the section where systemd reads it: elsewhere it is ignored with a warning in a log."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)

    assert (unit["Unit"]["StartLimitIntervalSec"], unit["Unit"]["StartLimitBurst"]) == ("60", "2")
    assert unit["Service"]["Restart"] == "on-failure"
    assert float(unit["Service"]["RestartSec"]) < 60 / 2
