"""A real Chromium in front of the map page."""

from __future__ import annotations

import json
import math
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebSocket, sync_playwright
from websockets.sync.connection import Connection

from tests.needs import lacks

CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS: Final = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
)

LON: Final = 4.7326
BORDER_LAT: Final = 51.485116
_M_PER_DEG: Final = 111_266.0
_SPEED_MPS: Final = 30.0


class Screen:
    """One page, and everything that went wrong on it.

    `problems` are errors on the console (violations of the content security policy among them) and uncaught
    exceptions; `hosts` are those that the page asked for anything.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.on("websocket", self._websocket)

    def open(self, url: str) -> None:
        """Open the map and wait for its first picture of the world."""
        self.page.goto(url)
        self.page.locator("body[data-ready]").wait_for(timeout=30_000)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"blob", "data"}:
            self.hosts.add(url.hostname or "")

    def _websocket(self, socket: WebSocket) -> None:
        self.hosts.add(urlsplit(socket.url).hostname or "")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that draws without a graphics card. Without one these tests are skipped, but never in CI."""
    if not Path(CHROMIUM).exists():
        lacks(f"no browser at {CHROMIUM}; install Debian's chromium, or name another in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def screen(browser: Browser, width: int = 1280, height: int = 800) -> Screen:
    """A new page with nothing remembered."""
    context = browser.new_context(viewport={"width": width, "height": height})
    return Screen(context.new_page())


@contextmanager
def watched(
    browser: Browser, hosts: frozenset[str] = frozenset({"127.0.0.1"}), excused: re.Pattern[str] | None = None
) -> Iterator[Screen]:
    """A page that, when the test is done, must have asked no other host and reported no error that is not excused."""
    shown = screen(browser)
    yield shown
    shown.page.context.close()
    assert shown.hosts <= hosts
    problems = [problem for problem in shown.problems if excused is None or not excused.search(problem)]
    assert problems == [], problems


def drive(unit: str, seconds: int = 80, start_m: float = -1200.0) -> list[dict[str, Any]]:
    """Pings of a car that drives from Belgium into the Netherlands, once a second until now, with receiver noise.

    It is at the border `-start_m / 30` seconds after the first.
    """
    noise = random.Random(7)
    began_at = time.time() - seconds  # noqa: TID251
    metres_per_degree = _M_PER_DEG * math.cos(math.radians(BORDER_LAT))
    return [
        {
            "unit": unit,
            "boot": "b1",
            "seq": second,
            "t": round(began_at + second, 3),
            "lon": round(LON + noise.gauss(0, 2) / metres_per_degree, 7),
            "lat": round(BORDER_LAT + (start_m + _SPEED_MPS * second + noise.gauss(0, 2)) / _M_PER_DEG, 7),
            "acc": 5.0,
            "speed": _SPEED_MPS,
            "course": 0.0,
        }
        for second in range(seconds)
    ]


def send(connection: Connection, pings: list[dict[str, Any]]) -> None:
    """Send pings and wait until the last is acknowledged."""
    connection.send(json.dumps(pings))
    while True:
        answer = json.loads(connection.recv(timeout=15))
        assert answer["type"] == "ack", answer
        if answer["upto"] >= pings[-1]["seq"]:
            return
