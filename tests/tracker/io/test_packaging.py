"""What an operator installs: a unit that systemd reads, alerts on metrics that exist, metrics that are written down."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.tracker.io.http_room import HttpRoom
from tracker.io.gauges import Gauges
from tracker.io.hub import HubStatistics
from tracker.io.metrics import Metrics

ROOT = Path(__file__).parents[3]


def names(service: Any) -> set[str]:
    metrics = Metrics(lambda: HubStatistics(**dict.fromkeys(HubStatistics.__struct_fields__, 0)), lambda: 0)
    metrics.add(Gauges(service, "1", "0" * 64))
    found = re.findall(r"^# TYPE (\S+) \S+$", metrics.render().decode(), flags=re.MULTILINE)
    return {name for name in found if not name.endswith("_created")}


async def test_every_metric_is_written_down_and_no_other(http_room: HttpRoom) -> None:
    written = set(re.findall(r"`(drempelloos_[a-z_]+)", (ROOT / "docs/operations.md").read_text()))

    assert written == names(http_room.service)


async def test_alerts_are_on_metrics_that_exist(http_room: HttpRoom) -> None:
    used = set(re.findall(r"drempelloos_[a-z_]+", (ROOT / "packaging/alerts.yml").read_text()))

    assert used <= names(http_room.service)


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
