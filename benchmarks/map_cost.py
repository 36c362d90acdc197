"""What the map costs the browser: first paint, bytes, and main-thread time per tick with ten thousand moving units.

    python -m benchmarks.map_cost [--opens 7] [--ticks 25] [--units 10000]

A real Chromium, which on a machine without a graphics card draws with the processor, in front of a real server. For
the ticks its feed comes from this program, encoded beforehand: a snapshot, then once a second a frame in which *every*
unit has moved. So the server costs nothing meanwhile, and each tick is the worst that there can be.

Reported of a tick: *message* is the handler of the frame (parse, fold, records for the graphics card); *script* is all
script of the page until the next frame (message, panel, labels, drawing of the map); *busy* is all processor time of
the main thread as Chromium counts it, style, layout and garbage included. The others are wall time, and grow when other
programs want the processor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import websockets.sync.server as ws
from playwright.sync_api import Browser, CDPSession
from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from benchmarks.processes import process
from tests.e2e.browser import chromium

T0: Final = 1_795_442_531.0

SPY: Final = """
if (!localStorage.getItem("first-steps")) localStorage.setItem("first-steps", "seen");
window.spent = { message: [], script: [], since: 0 };
const timed = (f) => function (...given) {
  const began = performance.now();
  try { return f.apply(this, given); } finally { spent.since += performance.now() - began; }
};
const frame = window.requestAnimationFrame;
window.requestAnimationFrame = (f) => frame.call(window, timed(f));
const every = window.setInterval;
window.setInterval = (f, ...rest) => every.call(window, timed(f), ...rest);
Object.defineProperty(WebSocket.prototype, "onmessage", { set(f) {
  this.addEventListener("message", (event) => {
    const isTick = event.data.startsWith('{"type":"positions"');
    if (isTick) { spent.script.push(spent.since); spent.since = 0; }
    const began = performance.now();
    f.call(this, event);
    const took = performance.now() - began;
    spent.since += took;
    if (isTick) spent.message.push(took);
  });
} });
"""

PAINT: Final = """
if (!localStorage.getItem("first-steps")) localStorage.setItem("first-steps", "seen");
window.paint = {};
new PerformanceObserver((list) => { for (const e of list.getEntries()) paint.lcp = e.startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
new MutationObserver(() => {
  for (const name of ["ready", "map", "borders"]) {
    if (document.body?.dataset[name] && !paint[name]) paint[name] = performance.now();
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""

WEIGHED: Final = """() => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const sum = (key) => all.reduce((total, entry) => total + entry[key], 0);
  const fcp = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  return { ...paint, fcp, wire: sum("transferSize"), plain: sum("decodedBodySize"), files: all.length };
}"""


class Feed(NamedTuple):
    """Messages of a made-up feed: the snapshot, and frames in which every unit moves."""

    snapshot: str
    frames: list[str]


def made_up(units: int, ticks: int) -> Feed:
    """Units around the middle of the Benelux, each on a straight way at its own speed."""
    chance = random.Random(3)
    names = [f"{chance.choice(['BE', 'NL', 'LU'])}-P{number}" for number in range(units)]
    starts = [(chance.gauss(5.0, 0.8), chance.gauss(51.2, 0.7)) for _ in names]
    ways = [(chance.uniform(5, 38), chance.uniform(0, 359)) for _ in names]

    def rows(tick: int) -> list[list[Any]]:
        made: list[list[Any]] = []
        for name, (lon, lat), (speed, course) in zip(names, starts, ways, strict=True):
            gone = tick * speed / 111_266
            east, north = gone * math.sin(math.radians(course)), gone * math.cos(math.radians(course))
            made.append(
                [name, T0 + tick, round(lon + east * 1.6, 6), round(lat + north, 6), speed, course, name[:2], "ok"]
            )
        return made

    roster = {name: {"state": name[:2], "call_sign": name[3:], "pursuit": None, "simulated": False} for name in names}
    head = {
        "type": "snapshot",
        "epoch": "e",
        "offset": 0,
        "recovered": False,
        "server_time": T0,
        "status": {"faults": []},
    }
    snapshot = {**head, "units": rows(0), "roster": roster, "pursuits": [], "alerts": []}
    frames = [
        json.dumps({"type": "positions", "time": T0 + n, "units": rows(n)}, separators=(",", ":"))
        for n in range(1, ticks + 1)
    ]
    return Feed(json.dumps(snapshot), frames)


@contextmanager
def feeding(feed: Feed, port: int) -> Iterator[None]:
    """Serve the feed to whoever connects, a frame a second."""

    def viewer(connection: Connection) -> None:
        connection.recv(timeout=10)
        with contextlib.suppress(ConnectionClosed):  # the page went, or came anew
            connection.send(feed.snapshot)
            for frame in feed.frames:
                time.sleep(1.0)
                connection.send(frame)

    with ws.serve(viewer, "127.0.0.1", port, compression=None) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield
        served.shutdown()


def ticks(browser: Browser, feed: Feed, *, calm: bool, view: str) -> dict[str, Any]:
    """Run a whole feed through a page; the first five ticks, while it settles, do not count."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory, feeding(feed, port):
        config = Path(directory) / "config.toml"
        config.write_text(f'[ws]\nurl = "ws://127.0.0.1:{port}/live"\n')
        command = ("serve", "--no-auth", "--config", str(config), "--data", f"{directory}/data")
        with process("server.py", *command, "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0") as server:
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.add_init_script(f"localStorage.setItem('calm', '{str(calm).lower()}');" + SPY)
            page.goto(f"{server.http}/#map={view}")
            page.locator("body[data-borders]").wait_for(timeout=60_000)
            counted = page.evaluate("spent.message.length")
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            busy = _busy_s(session)
            deadline = time.monotonic() + len(feed.frames) * 2
            while page.evaluate("spent.message.length") < len(feed.frames) - 1 and time.monotonic() < deadline:
                page.wait_for_timeout(500)
            seen = page.evaluate("spent.message.length") - counted
            found = page.evaluate("spent")
            busy = _busy_s(session) - busy
            page.context.close()
    skip = max(5, counted)
    return {
        "units": len(json.loads(feed.snapshot)["units"]),
        "calm": calm,
        "view": view,
        "ticks": len(found["message"][skip:]),
        "message_ms": _spread(found["message"][skip:]),
        "script_ms": _spread(found["script"][skip:]),
        "busy_ms": round(1000 * busy / max(1, seen), 1),
    }


def first_paint(browser: Browser, opens: int) -> dict[str, Any]:
    """Open the page afresh, several times: nothing in any cache."""
    found: list[dict[str, float]] = []
    hosts: set[str] = set()
    with tempfile.TemporaryDirectory() as directory:
        command = ("serve", "--no-auth", "--data", f"{directory}/data", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0")
        with process("server.py", *command) as server:
            for _ in range(opens):
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                page.add_init_script(PAINT)
                page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
                page.goto(server.http)
                page.locator("body[data-borders]").wait_for(timeout=60_000)
                found.append(page.evaluate(WEIGHED))
                page.context.close()
    times = {name: _spread([one[name] for one in found]) for name in ("fcp", "lcp", "ready", "map", "borders")}
    last = found[-1]
    weight = {"wire_kb": round(last["wire"] / 1000), "plain_kb": round(last["plain"] / 1000), "files": last["files"]}
    return {"opens": opens, "ms": times, **weight, "hosts": len(hosts - {""})}


def _busy_s(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    return {"median": round(statistics.median(ordered), 1), "p95": round(p95, 1), "max": round(ordered[-1], 1)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--opens", type=int, default=7)
    parser.add_argument("--ticks", type=int, default=25)
    parser.add_argument("--units", type=int, default=10_000)
    options = parser.parse_args()
    with chromium() as browser:
        print(json.dumps({"first_paint": first_paint(browser, options.opens)}))
        feed = made_up(options.units, options.ticks)
        for calm in (True, False):
            for view in ("6.7/51.4/5.0", "13/51.2/5.0"):
                print(json.dumps(ticks(browser, feed, calm=calm, view=view)), flush=True)


if __name__ == "__main__":
    main()
