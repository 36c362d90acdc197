"""A training over a real server's API."""

from __future__ import annotations

import time
from typing import Any

from tests.e2e.conftest import ServerFactory


def test_a_scenario_is_listed_played_and_stopped(server_factory: ServerFactory) -> None:
    server = server_factory("--no-auth")
    offered = server.get("/api/v1/trainings")
    names = [scenario["scenario"] for scenario in offered["scenarios"]]
    assert "gronsveld-namur" in names
    assert offered["running"] == []

    begun = server.post("/api/v1/trainings", {"scenario": "gronsveld-namur", "acts": "none"})
    assert begun["pursuit"].startswith("SIM-")
    deadline = time.monotonic() + 20
    features: list[Any] = []
    while not features:
        assert time.monotonic() < deadline
        features = server.get("/api/v1/units")["features"]
        time.sleep(0.1)
    assert [feature["id"] for feature in features] == begun["units"]
    assert features[0]["properties"]["simulated"] is True

    assert server.get("/api/v1/trainings")["running"] == [begun]
    assert server.post(f"/api/v1/trainings/{begun['id']}/stop", {}) == begun
    assert server.get("/api/v1/trainings")["running"] == []
