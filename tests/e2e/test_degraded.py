"""What a server does that cannot do everything, and what its dispatchers see: no boundary data, too much traffic."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from borders.boundary_file import PACKAGED, digest_path
from tests.e2e.browser import Screen, drive, send, watched
from tests.e2e.process import Server, run
from tracker.io.journal import Journal

MESSAGES, PINGS = 20, 1_000
NO_PROBLEM = re.compile(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|Failed to fetch|^\w{1,3}$")
"""What Chromium and the map (an error with a packed name) write when a server goes away over what they ask for."""


@pytest.fixture
def shown(browser: Browser) -> Iterator[Screen]:
    with watched(browser, excused=NO_PROBLEM) as screen:
        yield screen


def with_borders(path: Path) -> str:
    """What makes a server take another boundary file for the one that is shipped."""
    return f"from pathlib import Path; from borders import boundary_file; boundary_file.PACKAGED = Path({str(path)!r})"


def test_without_borders_positions_are_kept_and_everybody_is_told(tmp_path: Path, shown: Screen) -> None:
    damaged = tmp_path / PACKAGED.name
    damaged.write_bytes(PACKAGED.read_bytes()[:-1])
    shutil.copy(digest_path(PACKAGED), digest_path(damaged))
    pings = drive("BE-K03", 100, -1_500)  # over the border in its middle
    server = Server(tmp_path / "data", "--no-auth", tuned=with_borders(damaged)).start()
    try:
        status, ready = server.status("/readyz")
        assert (status, ready["status"], ready["boundaries"]) == (503, "not ready", "none")
        assert "no border is watched" in ready["checks"].pop("borders")
        assert set(ready["checks"].values()) == {"ok"}
        shown.open(server.http)
        banner = shown.page.locator('#faults [data-code="no_borders"]')
        expect(banner).to_contain_text("NO BORDER DETECTION")
        expect(banner).to_have_class("grave")
        with server.live() as viewer:
            snapshot = json.loads(viewer.recv(timeout=10))
            assert [fault["code"] for fault in snapshot["status"]["faults"]] == ["no_borders"]
            with server.units() as unit:
                send(unit, pings[:30])
        assert [event["type"] for event in server.events()] == ["unit.seen"]
        (feature,) = server.get("/api/v1/units")["features"]
        assert feature["geometry"]["coordinates"] == [pings[29]["lon"], pings[29]["lat"]]
        assert feature["properties"]["territory"] == "OUTSIDE"
        assert server.get("/api/v1/borders")["features"] == []
        shown.page.locator('[data-unit="BE-K03"]').first.wait_for(state="attached")
        server.kill()
        server.tuned = ""
        server.start()

        assert server.status("/readyz")[0] == 200
        expect(banner).to_be_hidden(timeout=20_000)
        shown.page.goto("about:blank")
        with server.units() as unit:
            send(unit, pings[30:])
        assert server.get("/api/v1/borders")["features"]
        (crossing,) = [event for event in server.events() if event["type"] == "crossing.confirmed"]
        assert (crossing["from"], crossing["to"]) == ("BE", "NL")
        server.stop()
        rebuilt = json.loads(run("rebuild", "--data", str(server.data)).stdout)
        assert rebuilt["identical"] is True
        assert any("no boundary data" in one for one in rebuilt["made_with_others"])
    finally:
        server.kill()


def test_more_than_it_can_take_is_told_while_it_lasts_and_nothing_acknowledged_is_lost(
    tmp_path: Path, shown: Screen
) -> None:
    quick = "from tracker.io import overload; overload.LONG = 1000; overload.RAISE_S = 0.3; overload.CALM_S = 2.0"
    server = Server(tmp_path / "data", "--no-auth", tuned=quick).start()
    try:
        shown.open(server.http)
        banner = shown.page.locator('#faults [data-code="overloaded"]')
        expect(banner).to_be_hidden()
        with server.live() as viewer:
            assert json.loads(viewer.recv(timeout=10))["status"] == {"faults": []}
            told: list[list[str]] = []
            listening = threading.Thread(target=listen, args=(viewer, told))
            listening.start()
            sender = threading.Thread(target=flood, args=(server, "LU-1"))
            sender.start()
            expect(banner).to_contain_text(re.compile("more comes in"), timeout=60_000)
            sender.join()
            listening.join(timeout=60)
            assert told == [["overloaded"], []]
        expect(banner).to_be_hidden(timeout=20_000)
        shown.page.goto("about:blank")
        assert server.status("/readyz")[0] == 200
        server.kill()
        journal = Journal(server.data)
        kept = next(journal.rows("SELECT count(*) FROM input WHERE unit IS NOT NULL", ()))
        journal.close()
        assert kept == (MESSAGES * PINGS,)
    finally:
        server.kill()


def flood(server: Server, name: str) -> None:
    """More than may wait, as fast as it is taken; returns when all of it is acknowledged."""
    now = time.time()  # noqa: TID251
    total = MESSAGES * PINGS
    with server.units() as unit:
        for message in range(MESSAGES):
            seqs = range(message * PINGS, (message + 1) * PINGS)
            pings = [{"unit": name, "boot": "f", "seq": n, "t": now - total + n, "lon": 5.9, "lat": 49.8} for n in seqs]
            unit.send(json.dumps(pings))
        while json.loads(unit.recv(timeout=60)).get("upto") != total - 1:
            pass


def listen(viewer: Any, told: list[list[str]]) -> None:
    """Note the codes of each status message until nothing is wrong any more."""
    while [] not in told:
        message = json.loads(viewer.recv(timeout=60))
        if message["type"] == "status":
            told.append([fault["code"] for fault in message["faults"]])
