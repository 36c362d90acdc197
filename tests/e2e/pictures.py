"""Pictures of the page's main states, for the README and for looking at them.

    python -m tests.e2e.pictures DIRECTORY [--size 1280x800] [--only NAME,NAME] [--webp]

Each is made with a real server and a real browser; the drives are those of the tests, so that anybody gets the same.
Those in docs/pictures are `--webp`.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import math
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from borders import boundary_file
from tests.e2e.browser import BORDER_LAT, LON, Screen, chromium, drive, screen, send
from tests.e2e.process import ROOT, Server

UNITS = 10_000
Picture = Callable[[Server, Screen, "Traffic"], None]
SETTLE_S = 15.0
"""Until ten thousand units that nobody knew are known."""
M_PER_DEG = 111_266.0
ATLAS = boundary_file.load()


class Traffic:
    """Units that keep sending while a picture is made: each at its speed, every `every_s`."""

    def __init__(self, server: Server, every_s: float = 1.0) -> None:
        self._server = server
        self._every_s = every_s
        self._units: list[tuple[str, float, float, float, float, float]] = []
        self._began_at = time.time()  # noqa: TID251
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def add(
        self, name: str, lon: float, lat: float, speed_mps: float, course_deg: float, accuracy_m: float = 6.0
    ) -> None:
        """A unit that drives straight on."""
        self._units.append((name, lon, lat, speed_mps, course_deg, accuracy_m))

    def start(self) -> None:
        """Send once, and go on sending."""
        self._send()
        self._thread.start()

    def stop(self) -> None:
        """No more; the units fall silent."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            with contextlib.suppress(OSError):  # the server was killed, which some pictures are of
                self._send()

    def _send(self) -> None:
        now = time.time()  # noqa: TID251
        pings: list[dict[str, Any]] = []
        for name, lon, lat, speed, course, accuracy_m in self._units:
            gone = (now - self._began_at) * speed / M_PER_DEG
            east, north = gone * math.sin(math.radians(course)), gone * math.cos(math.radians(course))
            place = {"lon": round(lon + east / math.cos(math.radians(lat)), 6), "lat": round(lat + north, 6)}
            pings.append({"unit": name, "t": now, **place, "acc": accuracy_m, "speed": speed, "course": course})
        for start in range(0, len(pings), 1000):
            self._server.post("/api/v1/pings", pings[start : start + 1000])


def patrols(traffic: Traffic, number: int) -> None:
    """Units around the towns of the Benelux, in the places of the page's own list."""
    chance = random.Random(5)
    places = json.loads((ROOT / "web/vendor/basemap/places.json").read_text())["features"]
    inside = [place for place in places if _state(*place["geometry"]["coordinates"]) is not None]
    weights = [place["properties"]["p"] ** 0.5 for place in inside]
    for number_, place in enumerate(chance.choices(inside, weights, k=number)):
        lon, lat = place["geometry"]["coordinates"]
        lon, lat = lon + chance.gauss(0, 0.05), lat + chance.gauss(0, 0.03)
        traffic.add(
            f"{_state(lon, lat) or 'NL'}-P{number_}", lon, lat, chance.choice([0.0, 8.0, 25.0]), chance.uniform(0, 359)
        )


def _state(lon: float, lat: float) -> str | None:
    state = ATLAS.territory(lon, lat)
    return str(state) if state in {"BE", "NL", "LU"} else None


def pursue(server: Server, traffic: Traffic, upto: int, *, contact: bool = False) -> None:
    """BE-K03 pursues towards Hazeldonk; it has been on its way for `upto` seconds, and the border comes at 40."""
    ahead, behind = drive("BE-K03", seconds=upto), drive("BE-K07", seconds=upto, start_m=-1600.0)
    with server.units() as unit:
        send(unit, ahead[:5])
        send(unit, behind[:5])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "note": "Van fails to stop at Meer"})
        server.post("/api/v1/pursuits/p-1/join", {"unit": "BE-K07"})
        send(unit, ahead[5:])
        send(unit, behind[5:])
    for last in (ahead[-1], behind[-1]):
        traffic.add(last["unit"], LON, last["lat"], 30.0, 0.0)
    traffic.add("NL-ZB12", LON + 0.004, BORDER_LAT + 0.016, 0.0, 200.0)
    if contact:
        body = {"status": "established", "host": "NL", "with": "NL room", "channel": "phone", "by": "Ann"}
        server.post("/api/v1/pursuits/p-1/contact", body)
    traffic.start()


def overview(server: Server, shown: Screen, traffic: Traffic) -> None:
    """The Benelux with ten thousand units."""
    patrols(traffic, UNITS)
    traffic.start()
    time.sleep(SETTLE_S)
    shown.open(server.http)


def approaching(server: Server, shown: Screen, traffic: Traffic) -> None:
    """The crossing is announced, with a countdown."""
    pursue(server, traffic, 12)
    shown.open(server.http)


def crossed(server: Server, shown: Screen, traffic: Traffic) -> None:
    """The unit is abroad; its room has not been called."""
    patrols(traffic, 300)
    pursue(server, traffic, 60)
    shown.open(server.http)


def contacted(server: Server, shown: Screen, traffic: Traffic) -> None:
    """Contact is made, and the host says stop."""
    pursue(server, traffic, 60, contact=True)
    body = {"decision": "stop", "host": "NL", "instructions": "Turn round at exit 16", "by": "NL room"}
    server.post("/api/v1/pursuits/p-1/host-decision", body)
    shown.open(server.http)


def baarle(server: Server, shown: Screen, traffic: Traffic) -> None:
    """The enclaves at street zoom, with a unit whose place could be in either state."""
    traffic.add("BE-B01", 4.92905, 51.44085, 0.4, 80.0, 25.0)
    traffic.add("NL-BN4", 4.9268, 51.4384, 6.0, 40.0)
    traffic.start()
    at(shown, server, "15.2/51.4395/4.9295")


def lost(server: Server, shown: Screen, traffic: Traffic) -> None:
    """A unit in pursuit has been silent for more than half a minute."""
    pursue(server, traffic, 60)
    traffic.stop()
    shown.open(server.http)
    drawn(shown.page)
    shown.page.locator('tr[data-unit="BE-K03"][data-quality="lost"]').wait_for(timeout=60_000)
    shown.page.wait_for_timeout(4_000)


def link_lost(server: Server, shown: Screen, traffic: Traffic) -> None:
    """The server is gone: the last picture, greyed."""
    pursue(server, traffic, 60)
    shown.open(server.http)
    drawn(shown.page)
    server.kill()
    shown.page.wait_for_timeout(2_500)


def first_run(server: Server, shown: Screen, traffic: Traffic) -> None:
    """What somebody sees who has never been here."""
    pursue(server, traffic, 60)
    shown.page.add_init_script("localStorage.removeItem('first-steps')")
    shown.open(server.http)


PICTURES: dict[str, Picture] = {
    picture.__name__: picture
    for picture in (overview, approaching, crossed, contacted, baarle, lost, link_lost, first_run)
}


def at(shown: Screen, server: Server, view: str) -> None:
    """Open the map at ZOOM/LAT/LON."""
    shown.open(f"{server.http}/#map={view}")


def drawn(page: Page) -> None:
    """Wait until the map stands, and the borders are the whole ones."""
    page.locator("body[data-borders='whole']").wait_for(timeout=60_000)
    page.wait_for_timeout(3_500)


def take(browser: Browser, name: str, target: Path, width: int, height: int) -> None:
    """One picture, with a server of its own."""
    data = Path(tempfile.mkdtemp())
    server = Server(data / "data", "--no-auth").start()
    shown = screen(browser, width, height)
    shown.page.add_init_script("if (!localStorage.getItem('first-steps')) localStorage.setItem('first-steps', 'seen');")
    traffic = Traffic(server, 4.0 if name == "overview" else 1.0)
    try:
        PICTURES[name](server, shown, traffic)
        drawn(shown.page)
        shown.page.screenshot(path=target)
    finally:
        traffic.stop()
        shown.page.context.close()
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


def webp(browser: Browser, png: Path) -> Path:
    """The same picture in a fifth of the bytes, as the browser writes it; the first file goes."""
    page = browser.new_page()
    source = f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}"
    packed = page.evaluate(_PACK, source)
    page.close()
    target = png.with_suffix(".webp")
    target.write_bytes(base64.b64decode(packed.partition(",")[2]))
    png.unlink()
    return target


_PACK = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85);
}"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--webp", action="store_true")
    parser.add_argument("--only", default=",".join(PICTURES))
    options = parser.parse_args()
    width, height = (int(number) for number in options.size.split("x"))
    options.directory.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name in options.only.split(","):
            target = options.directory / f"{name}.png"
            take(browser, name, target, width, height)
            if options.webp:
                target = webp(browser, target)
            print(target, target.stat().st_size)


if __name__ == "__main__":
    main()
