"""Who sees what, over a real server: a pursuit that becomes another state's business and ceases to be, and canaries."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import websockets.sync.client as ws
from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server
from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, STARTED_AT

STATES = ("BE", "NL", "LU")
HOME = {"BE": (4.35, 50.85), "NL": (5.12, 52.09), "LU": (6.13, 49.70)}
"""Far from every border: Brussels, Utrecht, and the middle of Luxembourg."""

Message = dict[str, Any]


class Watch:
    """A viewer that keeps every byte it gets."""

    def __init__(self, connection: Connection) -> None:
        self.bodies: list[str] = []
        self._connection = connection
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for body in self._connection:
                with self._arrived:
                    self.bodies.append(str(body))
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass

    @property
    def messages(self) -> list[Message]:
        """Everything so far."""
        return [json.loads(body) for body in list(self.bodies)]

    def events(self) -> list[str]:
        """Types of the events so far."""
        return [message["event"]["type"] for message in self.messages if message["type"] == "event"]

    def until(self, condition: Callable[[Message], bool]) -> Message:
        """Wait for a message."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(condition(message) for message in self.messages), 15)
            return next(message for message in self.messages if condition(message))

    def units(self) -> set[str]:
        """Every unit that was ever on this screen."""
        rows = [row for message in self.messages for row in message.get("units", []) if isinstance(row, list)]
        return {row[0] for row in rows}


class Rooms:
    """A server, with a unit and people of each state."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.dispatchers = {state: server.token("--role", "dispatcher", "--state", state) for state in STATES}
        self.auditors = {state: server.token("--role", "auditor", "--state", state) for state in STATES}
        self._seq = 0

    @contextmanager
    def watching(self, state: str, epoch: str | None = None, offset: int | None = None) -> Iterator[Watch]:
        """A dispatcher's screen."""
        headers = {"Authorization": f"Bearer {self.dispatchers[state]}"}
        url = f"{self.server.ws}/live"
        with ws.connect(url, compression=None, max_size=None, additional_headers=headers) as connection:
            connection.send(json.dumps({"type": "subscribe", "epoch": epoch, "offset": offset}))
            watch = Watch(connection)
            watch.until(lambda message: message["type"] == "snapshot")
            yield watch

    def get(self, state: str, path: str) -> Any:
        """What a dispatcher reads."""
        return self.server.status(path, Authorization=f"Bearer {self.dispatchers[state]}")

    def post(self, state: str, path: str, body: object) -> tuple[int, Any]:
        """What a dispatcher does."""
        sent = json.dumps(body).encode()
        return self.server.status(
            path, sent, Authorization=f"Bearer {self.dispatchers[state]}", **{"Content-Type": "application/json"}
        )

    def send(self, token: str, pings: list[Message]) -> None:
        """What a unit sends; returns once it is durable."""
        answer = self.server.post("/api/v1/pings", pings, Authorization=f"Bearer {token}")
        assert answer["refused"] == []


def drive(unit: str, start_m: float, end_m: float, at: float) -> list[Message]:
    """From one distance north of the border at Hazeldonk to another, a fix a second, 30 m/s."""
    seconds = round(abs(end_m - start_m) / 30)
    return [
        {
            "unit": unit, "t": at + second, "lon": LON,
            "lat": BORDER_LAT + (start_m + (end_m - start_m) * second / seconds) / M_PER_DEG,
            "acc": 4.0, "speed": 30.0, "course": 0.0 if end_m > start_m else 180.0,
        }
        for second in range(seconds + 1)
    ]  # fmt: skip


@pytest.fixture
def rooms(server_factory: ServerFactory) -> Rooms:
    return Rooms(server_factory())


def test_a_pursuit_is_another_states_business_only_while_it_concerns_its_soil(rooms: Rooms) -> None:
    unit = rooms.server.token("--unit", "BE-K03", "--state", "BE")
    with rooms.watching("NL") as dutch, rooms.watching("BE") as belgian, rooms.watching("LU") as lux:
        start = dutch.messages[0]
        rooms.send(unit, drive("BE-K03", -9_000, -8_000, STARTED_AT))
        status, begun = rooms.post("BE", "/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "note": "secret"})
        assert status == 200, begun
        belgian.until(lambda message: message["type"] == "positions")
        assert rooms.get("NL", "/api/v1/pursuits/p-1")[0] == 404
        assert dutch.events() == []
        assert rooms.get("NL", "/api/v1/units")[1]["features"] == []

        rooms.send(unit, drive("BE-K03", -7_900, -500, STARTED_AT + 40))
        shown = dutch.until(lambda message: message["type"] == "show")
        dutch.until(lambda message: message["type"] == "positions")
        rooms.send(unit, drive("BE-K03", -450, 3_000, STARTED_AT + 300))
        crossed = dutch.until(lambda message: message.get("event", {}).get("type") == "crossing.confirmed")
        alert = crossed["event"]["id"]
        acknowledged: list[str] = []
        for state in ("BE", "BE", "NL"):
            status, seen = rooms.post(state, f"/api/v1/alerts/{alert}/ack", {})
            # Each room's first one counts, for that room alone.
            assert status == 200, seen
            assert seen["events"][0]["state"] == state
            acknowledged.append(seen["events"][0]["id"])
            belgian.until(lambda message: message.get("event", {}).get("id") == acknowledged[-1])
        rooms.send(unit, drive("BE-K03", 2_950, -4_000, STARTED_AT + 430))
        hidden = dutch.until(lambda message: message["type"] == "hide")
        status, ended = rooms.post("BE", "/api/v1/pursuits/p-1/end", {"reason": "lost sight"})
        assert status == 200, ended
        dutch.until(lambda message: message.get("event", {}).get("type") == "pursuit.ended")
        record = rooms.get("NL", "/api/v1/pursuits/p-1")[1]
        track = rooms.get("NL", "/api/v1/pursuits/p-1/track")[1]
        live = [(message["offset"], message["event"]) for message in dutch.messages if message["type"] == "event"]

    assert acknowledged[0] == acknowledged[1] != acknowledged[2]
    order = [message["type"] for message in dutch.messages if message["type"] in {"show", "event", "hide"}]
    assert order[0] == "show", "the pursuit comes before the event that made it visible"
    assert live[0][1]["type"] == "crossing.approaching"
    assert shown["pursuit"]["note"] == "secret", "with its history"
    assert shown["roster"]["BE-K03"]["state"] == "BE"
    assert [row[0] for row in shown["units"]] == ["BE-K03"]
    assert hidden == {"type": "hide", "pursuits": ["p-1"], "units": ["BE-K03"]}
    after = dutch.messages[dutch.messages.index(hidden) :]
    assert not any(
        row[0] == "BE-K03" for message in after if message["type"] == "positions" for row in message["units"]
    )
    assert record["phase"] == "ended"
    assert [member["territory"] for member in record["members"]] == [None]
    assert {line["properties"]["territory"] for line in track["features"]} == {"NL"}
    assert lux.events() == []
    assert lux.units() == set()
    assert belgian.events() == [event["type"] for event in rooms.server.events()]

    # What one who was away gets is what was sent live, and so is what the API says.
    with rooms.watching("NL", start["epoch"], start["offset"]) as again:
        again.until(lambda message: message.get("event", {}).get("type") == "pursuit.ended")
        assert again.messages[0]["recovered"] is True
        assert [(message["offset"], message["event"]) for message in again.messages[1 : 1 + len(live)]] == live
    page = rooms.get("NL", "/api/v1/events?after=0&limit=1000")[1]
    assert [event["offset"] for event in page["events"]] == [offset for offset, _ in live]
    assert page["next"] == rooms.server.events()[-1]["offset"]


def test_opening_another_states_pursuit_takes_a_reason_that_stands_in_the_log(
    rooms: Rooms, server_factory: ServerFactory
) -> None:
    unit = rooms.server.token("--unit", "BE-K03", "--state", "BE")
    rooms.send(unit, drive("BE-K03", -9_000, -8_000, STARTED_AT))
    rooms.post("BE", "/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    with rooms.watching("LU") as lux:
        assert rooms.post("LU", "/api/v1/pursuits/p-1/open", {})[0] == 400
        assert rooms.post("LU", "/api/v1/pursuits/p-2/open", {"reason": "is it there?"})[0] == 404
        status, opened = rooms.post("LU", "/api/v1/pursuits/p-1/open", {"reason": "the car is stolen in Esch"})
        assert (status, opened["id"]) == (200, "p-1")
        lux.until(lambda message: message["type"] == "show")
        rooms.send(unit, drive("BE-K03", -7_900, -7_000, STARTED_AT + 60))
        lux.until(lambda message: message["type"] == "positions" and message["units"][0][0] == "BE-K03")
    assert rooms.post("LU", "/api/v1/pursuits/p-1/danger", {"disproportionate": True})[0] == 403
    assert rooms.get("NL", "/api/v1/pursuits/p-1")[0] == 404

    def log(state: str) -> list[Message]:
        path = "/api/v1/access-log?limit=1000"
        rows: list[Message] = rooms.server.get(path, Authorization=f"Bearer {rooms.auditors[state]}")["rows"]
        return rows

    (row,) = (row for row in log("LU") if row["action"] == "open")
    assert (row["reason"], row["pursuit"], row["about"]) == ("the car is stolen in Esch", "p-1", ["BE"])
    assert row in log("BE"), "whose pursuit it is hears of it"
    assert row not in log("NL")
    actions = [row["action"] for row in log("LU")]
    assert actions[:2] == ["subscribe", "snapshot"]
    assert "unsubscribe" in actions
    assert rooms.server.status("/api/v1/access-log", Authorization=f"Bearer {rooms.dispatchers['LU']}")[0] == 403

    # What was opened stays so through a restart, for as long as it was meant to.
    rooms.server.stop()
    rooms.server.start()
    assert rooms.get("LU", "/api/v1/pursuits/p-1")[0] == 200
    assert row in log("BE")


def test_a_canary_of_each_state_reaches_nobody_else(rooms: Rooms) -> None:
    """A string of its own in every text of a state's pursuits, looked for in every byte that others received."""
    canaries = {state: f"canary-{state}-7f3a" for state in STATES}
    got: dict[str, list[str]] = {state: [] for state in STATES}
    with rooms.watching("BE") as be, rooms.watching("NL") as nl, rooms.watching("LU") as lu:
        watches = {"BE": be, "NL": nl, "LU": lu}
        for state, canary in canaries.items():
            name = f"{state}-{canary}"
            token = rooms.server.token("--unit", name, "--state", state)
            lon, lat = HOME[state]
            rooms.send(token, [{"unit": name, "t": STARTED_AT, "lon": lon, "lat": lat}])
            words = {"note": canary}
            pursuit = f"/api/v1/pursuits/{canary}"
            for path, body in (
                ("/api/v1/pursuits", {"id": canary, "unit": name, **words}),
                (f"{pursuit}/continuity", {"continuous": True, **words}),
                (f"{pursuit}/danger", {"disproportionate": True, **words}),
                (f"{pursuit}/danger", {"disproportionate": False, **words}),
                (f"{pursuit}/hold", {"unit": name, **words}),
                (f"{pursuit}/end", {"reason": canary}),
            ):
                status, answer = rooms.post(state, path, body)
                assert status == 200, (path, answer)
                got[state].append(json.dumps(answer))
            rooms.send(token, [{"unit": name, "t": STARTED_AT + 1, "lon": lon, "lat": lat}])
        for state, watch in watches.items():
            watch.until(lambda message: message.get("event", {}).get("type") == "pursuit.ended")
            with rooms.watching(state, be.messages[0]["epoch"], 0) as again:
                again.until(lambda message: message.get("event", {}).get("type") == "pursuit.ended")
                got[state] += again.bodies
            for path in ("units", "events?limit=1000", "pursuits"):
                got[state].append(json.dumps(rooms.get(state, f"/api/v1/{path}")))
            for other in canaries.values():
                for path in ("", "/track"):
                    got[state].append(json.dumps(rooms.get(state, f"/api/v1/pursuits/{other}{path}")))
                if other != canaries[state]:
                    got[state].append(json.dumps(rooms.post(state, f"/api/v1/pursuits/{other}/end", {})))
            headers = {"Authorization": f"Bearer {rooms.auditors[state]}"}
            got[state].append(json.dumps(rooms.server.get("/api/v1/access-log?limit=1000", **headers)))
        for state, watch in watches.items():
            got[state] += watch.bodies

    for state, canary in canaries.items():
        found = {other for other in STATES if any(canary in body for body in got[other])}
        assert found == {state}, f"{canary} reached {found}"
