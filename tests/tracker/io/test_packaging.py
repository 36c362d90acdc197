"""What an operator installs: a unit that systemd reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    text = (ROOT / "packaging/drempelloos.service").read_text()
    unit = tmp_path / "drempelloos.service"
    unit.write_text(
        text.replace("/opt/drempelloos/bin/drempelloos", "/bin/true").replace("User=drempelloos", "User=root")
    )

    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "drempelloos.service" not in done.stderr, done.stderr
