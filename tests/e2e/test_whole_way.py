"""The whole way, once: a unit's socket, the border, the treaty, a dispatcher's socket, the journal."""

from __future__ import annotations

import json
import math
import random
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.connection import Connection

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import ROOT, Server, lines, run

LON = 4.7326
BORDER_LAT = 51.485116
M_PER_DEG = 111_266.0
SPEED_MPS = 30.0


def drive(unit: str, boot: str, seconds: int = 80, start_m: float = -1200.0, seed: int = 7) -> list[dict[str, Any]]:
    """Pings of a car that drives north across the border, once a second, with ordinary receiver noise."""
    rng = random.Random(seed)
    began_at = time.time() - seconds  # noqa: TID251
    pings = []
    for seq in range(seconds):
        north_m = start_m + SPEED_MPS * seq + rng.gauss(0, 2)
        pings.append(
            {
                "unit": unit,
                "boot": boot,
                "seq": seq,
                "t": round(began_at + seq, 3),
                "lon": round(LON + rng.gauss(0, 2) / (M_PER_DEG * 0.623), 7),
                "lat": round(BORDER_LAT + north_m / M_PER_DEG, 7),
                "acc": 5.0,
                "speed": SPEED_MPS,
                "course": 0.0,
            }
        )
    return pings


class Viewer:
    """A dispatcher's socket that remembers what it got."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.snapshot = json.loads(self.connection.recv(timeout=10))
        self.events: list[dict[str, Any]] = []
        self.offsets: list[int] = []
        self.positions: list[list[Any]] = []

    def wait_for(self, type_: str, timeout_s: float = 10.0, **fields: Any) -> dict[str, Any]:
        """The first event of a type, already here or still to come."""
        end = time.monotonic() + timeout_s
        while True:
            for event in self.events:
                if event["type"] == type_ and all(event.get(key) == value for key, value in fields.items()):
                    return event
            assert time.monotonic() < end, f"no {type_} {fields} among {[event['type'] for event in self.events]}"
            self.read(end)

    def wait_for_position(self, unit: str, territory: str, timeout_s: float = 5.0) -> None:
        """Until a frame shows the unit there."""
        end = time.monotonic() + timeout_s
        while not any(row[0] == unit and row[6] == territory for row in self.positions):
            assert time.monotonic() < end, self.positions
            self.read(end)

    def read(self, end: float) -> None:
        """One message."""
        message = json.loads(self.connection.recv(timeout=max(end - time.monotonic(), 0.01)))
        if message["type"] == "event":
            self.events.append(message["event"])
            self.offsets.append(message["offset"])
        elif message["type"] == "positions":
            self.positions += message["units"]


def send(connection: Any, pings: list[dict[str, Any]]) -> None:
    """Send pings one by one and wait until the last is acknowledged."""
    for ping in pings:
        connection.send(json.dumps(ping))
    while True:
        answer = json.loads(connection.recv(timeout=10))
        assert answer["type"] == "ack", answer
        if answer["upto"] == pings[-1]["seq"]:
            return


def test_a_pursuit_from_the_units_socket_to_the_dispatchers(server: Server) -> None:
    token = server.token("--unit", "BE-K03", "--state", "BE", "--service", "police")
    started = server.post("/api/v1/pursuits", {"unit": "BE-K03", "started_in": "BE", "ground": "stop_evaded"})
    pursuit = started["pursuit"]["id"]
    pings = drive("BE-K03", "a1")
    with server.live() as live, server.units(token) as unit:
        viewer = Viewer(live)
        assert viewer.snapshot["type"] == "snapshot"
        send(unit, pings)

        crossing = viewer.wait_for("crossing.confirmed")
        decision = viewer.wait_for("decision")
        opened = viewer.wait_for("obligation.opened", kind="contact")
        server.post(f"/api/v1/pursuits/{pursuit}/contact", {"status": "established", "with": "the room"})
        met = viewer.wait_for("obligation.met", kind="contact")
        viewer.wait_for_position("BE-K03", "NL")

    assert (crossing["from"], crossing["to"], crossing["border"]) == ("BE", "NL", "BE-NL")
    off_m = math.hypot(
        (crossing["lat"] - BORDER_LAT) * M_PER_DEG, (crossing["lon"] - LON) * M_PER_DEG * math.cos(math.radians(51.5))
    )
    assert off_m < 15
    assert decision["rule"] in {"R12", "R13"}
    assert decision["article"].startswith("Art. 21")
    assert decision["crossing"] == crossing["id"]
    assert opened["host"] == "NL"
    assert met["obligation"] == opened["obligation"]
    assert len([event for event in viewer.events if event["type"] == "crossing.confirmed"]) == 1
    assert viewer.offsets == list(range(viewer.offsets[0], viewer.offsets[0] + len(viewer.offsets)))
    track = server.get(f"/api/v1/pursuits/{pursuit}/track")
    legs = {leg["properties"]["territory"]: len(leg["geometry"]["coordinates"]) for leg in track["features"]}
    assert set(legs) == {"BE", "NL"}
    assert sum(legs.values()) == len(pings) + 2  # the border point ends one leg and begins the next


def test_a_resend_is_acknowledged_again_and_applied_once(server: Server) -> None:
    token = server.token("--unit", "BE-K03", "--state", "BE")
    pings = drive("BE-K03", "a1")
    with server.units(token) as unit:
        send(unit, pings)
    before = server.events()
    with server.units(token) as unit:
        send(unit, pings)
    answer = server.post("/api/v1/pings", pings, Authorization=f"Bearer {token}")

    assert answer == {"accepted": len(pings), "refused": []}
    assert server.events() == before


def settled(server: Server) -> list[dict[str, Any]]:
    """Every unit, but for its quality: on a busy machine the restart takes so long that a unit is stale after it."""
    features: list[dict[str, Any]] = server.get("/api/v1/units")["features"]
    for feature in features:
        del feature["properties"]["quality"]
    return features


def test_after_kill_and_restart_the_same_world(server: Server) -> None:
    token = server.token("--unit", "BE-K03", "--state", "BE")
    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    with server.units(token) as unit:
        send(unit, drive("BE-K03", "a1"))
    before = server.get("/api/v1/pursuits/p-1"), settled(server), server.events()
    with server.live() as live:
        snapshot = Viewer(live).snapshot
    server.kill()
    server.start()

    assert (
        server.get("/api/v1/pursuits/p-1"),
        settled(server),
        server.events()[: len(before[2])],
    ) == before
    with server.live(snapshot["epoch"], snapshot["offset"] - 2) as live:
        assert json.loads(live.recv(timeout=10))["recovered"] is True
        missed = [json.loads(live.recv(timeout=10)) for _ in range(2)]
    assert [message["event"]["id"] for message in missed] == [event["id"] for event in before[2][-2:]]


def test_export_and_rebuild(server: Server, tmp_path: Any) -> None:
    token = server.token("--unit", "BE-K03", "--state", "BE")
    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    with server.units(token) as unit:
        send(unit, drive("BE-K03", "a1"))
    server.post("/api/v1/pursuits/p-1/contact", {})
    busy = run("rebuild", "--data", str(server.data))
    events = server.events()
    server.stop()
    rebuilt = run("rebuild", "--data", str(server.data))
    exported = run("export", "--data", str(server.data), "--out", str(tmp_path / "events.ndjson"))

    assert busy.returncode == 1
    assert b"in use" in busy.stderr
    assert json.loads(rebuilt.stdout) == {"events": len(events), "identical": True}
    assert exported.returncode == 0
    written = lines((tmp_path / "events.ndjson").read_bytes())
    assert [event["id"] for event in written] == [event["id"] for event in events]


def test_replay_and_simulate_use_the_socket_of_a_car(server_factory: ServerFactory, tmp_path: Any) -> None:
    server = server_factory("--no-auth")
    track = tmp_path / "track.ndjson"
    track.write_text("\n".join(json.dumps(ping) for ping in drive("BE-K03", "a1")))
    replayed = run("replay", str(track), "--to", server.ws, "--speed", "1000")
    simulated = run("simulate", "--units", "5", "--rate", "5", "--seconds", "2", "--to", server.ws)

    assert replayed.returncode == 0, replayed.stderr
    assert simulated.returncode == 0, simulated.stderr
    units = {feature["properties"]["unit"] for feature in server.get("/api/v1/units")["features"]}
    assert "BE-K03" in units
    assert len(units) == 6
    assert [event["type"] for event in server.events()].count("crossing.confirmed") >= 1


def test_the_demo_begins_anew_after_it_was_broken_off(server_factory: ServerFactory) -> None:
    """The pursuit that the kill left running is ended, so that its units can pursue again."""
    server = server_factory("--demo")

    def running() -> list[str]:
        pursuits = server.get("/api/v1/pursuits")["pursuits"]
        return [pursuit["id"] for pursuit in pursuits if pursuit["phase"] == "running"]

    def wait_for_another(than: list[str]) -> list[str]:
        end = time.monotonic() + 15
        while not (found := running()) or found == than:
            assert time.monotonic() < end, server.log()
            time.sleep(0.2)
        return found

    first = wait_for_another([])
    server.kill()
    server.start()
    second = wait_for_another(first)

    assert len(second) == 1
    assert "refused" not in server.log()


def test_sigterm_ends_it_in_order(server: Server) -> None:
    with server.live() as live:
        assert server.stop() == 0
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - what came before the end is read first
            while True:
                live.recv(timeout=5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CloseCode.GOING_AWAY


def test_a_rebuild_with_other_contact_points_says_so(server_factory: ServerFactory, tmp_path: Any) -> None:
    """Stdout stays JSON lines, and the decision that named another room is shown as what it is."""
    shipped = (ROOT / "tracker" / "treaty" / "contact_points.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace("Meldkamer", "Kamer"))
    config = tmp_path / "config.toml"
    config.write_text(f"[treaty]\ncontact_points = {json.dumps(str(own))}\n[auth]\nrequired = false\n")
    server = server_factory("--config", str(config))
    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    with server.units() as unit:
        send(unit, drive("BE-K03", "a1"))
    server.stop()

    other, same = (run("rebuild", "--data", str(server.data), *rest) for rest in ((), ("--contact-points", str(own))))
    assert (other.returncode, same.returncode) == (1, 0)
    [found] = lines(other.stdout)
    assert "Kamer" in found["first_difference"]["stored"]
    assert "Meldkamer" in found["first_difference"]["derived"]
    [note] = found["made_with_others"]
    assert "other contact points (SHA-256 " in note
    assert "made_with_others" not in json.loads(same.stdout)
