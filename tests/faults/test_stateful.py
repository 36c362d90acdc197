"""Units, a gateway, viewers, tokens, crashes and restarts in any order, beside a model that is three dictionaries.

Hypothesis chooses the steps, and when something is wrong it finds the fewest that show it. A crash leaves the files as
they are at that moment, as a kill does; what was under way then may have happened or not, and the model is told which.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.needs import sizes
from tests.tracker.road import BORDER_LAT, LON, M_PER_DEG, STARTED_AT
from tracker.engine import Engine
from tracker.errors import Refused
from tracker.inputs import EndPursuit, PingReceived, StartPursuit, decode
from tracker.io import recovery, revocations, sockets
from tracker.io.access_log import AccessLog
from tracker.io.clock import Clock
from tracker.io.config import Address, Auth, Config
from tracker.io.credentials import Credentials
from tracker.io.door import bind
from tracker.io.gate import Gate
from tracker.io.hub import Hub
from tracker.io.journal import Journal
from tracker.io.live_socket import LiveSocket
from tracker.io.metrics import Metrics
from tracker.io.revocations import Revocations
from tracker.io.screens import Screens
from tracker.io.service import Service
from tracker.io.tickets import Tickets
from tracker.io.units_socket import UnitsSocket

CAR, BEHIND = "BE-K03", ("BE-K04", "NL-8")
UNITS = (CAR, *BEHIND)
PURSUITS = ("p-1", "p-2", "p-3")
PATIENCE_S = 20.0

_Result = TypeVar("_Result")


class House:
    """A server in this process: its sockets are real, its clock stands still."""

    def __init__(self, directory: Path, engine: Engine) -> None:
        self.directory = directory
        self._engine = engine
        self._rooms: dict[str, sockets.Room] = {}

    async def open(self) -> None:
        at = STARTED_AT + 3_600
        self.service = await Service.open(self.directory, self._engine, Clock(lambda: at, lambda: 0.0))
        self.credentials = Credentials(self.directory)
        self._log = AccessLog(self.directory, lambda: at)
        self._server = await sockets.listen(bind("127.0.0.1", 0), self._rooms)
        self.port: int = next(iter(self._server.sockets)).getsockname()[1]
        hub = Hub(self.service, 0.5, 10, lambda: at)
        metrics = Metrics(hub.statistics, lambda: 0, self.service.timings)
        addresses = Address("127.0.0.1", 8080), Address("127.0.0.1", self.port)
        # Units must say who they are; viewers need not, and see everything.
        gate, open_gate = (
            Gate(Config(auth=Auth(is_needed)), *addresses, self.credentials, lambda: at) for is_needed in (True, False)
        )
        watcher = Revocations(gate, self.credentials.file, lambda: at)
        units = UnitsSocket(self.service, gate, watcher, metrics, 100, lambda: at)
        parts = Tickets(lambda: at), watcher, Screens(4, 50), self._log
        live = LiveSocket(self.service, hub, open_gate, *parts, lambda: at)
        self._rooms |= {"/units": units, "/live": live}
        self._watching = asyncio.create_task(watcher.watch())

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self._server.close()
        await self._server.wait_closed()
        await self._log.close()
        await self.service.close()
        self.credentials.close()

    def call(self, path: str, token: str | None = None) -> connect:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers=headers,
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=None,
        )


class Machine(RuleBasedStateMachine):
    def __init__(self, engine: Engine, directory: Path) -> None:
        super().__init__()
        self._engine = engine
        self._directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        self._runner = asyncio.Runner()
        self._lives = 0
        self._house = House(directory / "0", engine)
        self._run(self._house.open())
        self._tokens = {who: self._issue(who) for who in (CAR, "gateway")}
        self._sockets: dict[str, ClientConnection] = {}
        self._viewer: ClientConnection | None = None
        self._seen: tuple[str, int] | None = None
        # The model.
        self.stored: dict[tuple[str, int], dict[str, Any]] = {}
        self.in_doubt: dict[tuple[str, int], dict[str, Any]] = {}
        self.pursuits: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []

    @rule(unit=st.sampled_from(UNITS), count=st.integers(1, 12))
    def new_pings(self, unit: str, count: int) -> None:
        first = max((seq for name, seq in self.stored if name == unit), default=-1) + 1
        self._send(unit, {seq: _ping(unit, seq) for seq in range(first, first + count)})

    @rule(unit=st.sampled_from(UNITS), back=st.integers(1, 20))
    def pings_again(self, unit: str, back: int) -> None:
        seqs = sorted(seq for name, seq in self.stored if name == unit)[-back:]
        if seqs:
            self._send(unit, {seq: _ping(unit, seq) for seq in seqs})

    @rule(unit=st.sampled_from(UNITS), moved_m=st.integers(1, 50))
    def another_ping_under_a_name_that_is_taken(self, unit: str, moved_m: int) -> None:
        seqs = [seq for name, seq in self.stored if name == unit]
        if seqs and (socket := self._socket(unit)) is not None:
            answer = self._run(_ask(socket, [_ping(unit, max(seqs), moved_m)]))
            assert (answer["type"], answer["field"]) == ("refused", "seq")
            self._run(_until_acked(socket, {unit: max(seqs)}))

    @rule(unit=st.sampled_from(BEHIND))
    def a_ping_of_somebody_else(self, unit: str) -> None:
        if (socket := self._socket(CAR)) is not None:
            answer = self._run(_ask(socket, [_ping(unit, 0)]))
            assert (answer["type"], answer["field"]) == ("refused", "unit")

    @rule(unit=st.sampled_from(UNITS), count=st.integers(1, 30))
    def pings_that_nobody_waits_for(self, unit: str, count: int) -> None:
        if (socket := self._socket(unit)) is not None:
            first = max((seq for name, seq in self.stored if name == unit), default=-1) + 1
            pings = [_ping(unit, seq) for seq in range(first, first + count)]
            self.in_doubt |= {(unit, ping["seq"]): ping for ping in pings}
            self._run(socket.send(json.dumps(pings)))
            self.crash()

    @rule(id_=st.sampled_from(PURSUITS), unit=st.sampled_from(UNITS))
    def start(self, id_: str, unit: str) -> None:
        (outcome,) = self._run(self._house.service.submit([StartPursuit(id=id_, unit=unit, at=STARTED_AT)]))
        is_free = id_ not in self.pursuits and unit not in self.pursuits.values()
        assert isinstance(outcome, Refused) is not is_free, outcome
        if is_free:
            self.pursuits[id_] = unit

    @rule(id_=st.sampled_from(PURSUITS))
    def end(self, id_: str) -> None:
        (outcome,) = self._run(self._house.service.submit([EndPursuit(id=id_, at=STARTED_AT)]))
        is_running = self.pursuits.get(id_, "") != ""
        assert isinstance(outcome, Refused) is not is_running, outcome
        if is_running:
            self.pursuits[id_] = ""

    @rule()
    def viewer_comes(self) -> None:
        """Or comes back, and has missed nothing."""
        if self._viewer is None:
            self._viewer = self._run(_entered(self._house.call("/live")))
            epoch, offset = self._seen or (None, None)
            snapshot = self._run(
                _ask(self._viewer, {"type": "subscribe", "epoch": epoch, "offset": offset, "bbox": None})
            )
            assert snapshot["recovered"] is (self._seen is not None)
            assert snapshot["offset"] == self._house.service.world.offset
            self._seen = self._seen or (snapshot["epoch"], snapshot["offset"])
        self.viewer_hears()

    @precondition(lambda self: self._viewer is not None)
    @rule()
    def viewer_hears(self) -> None:
        """Everything that there is, in order, once."""
        assert self._viewer is not None
        assert self._seen is not None
        epoch, offset = self._seen
        while offset < self._house.service.world.offset:
            message = self._run(_heard(self._viewer))
            if message["type"] == "event":
                offset += 1
                assert message["offset"] == offset
        assert epoch == self._house.service.epoch
        self._seen = (epoch, offset)

    @precondition(lambda self: self._viewer is not None)
    @rule()
    def viewer_goes(self) -> None:
        self._drop_viewer()

    @rule(who=st.sampled_from((CAR, "gateway")))
    def revoke(self, who: str) -> None:
        """Its socket is closed, and no other is opened."""
        socket = self._socket(who)
        token = self._tokens[who]
        grant = self._house.credentials.check(token)
        assert grant is not None
        self._house.credentials.revoke(grant.id, STARTED_AT)
        assert socket is not None
        with pytest.raises(ConnectionClosed) as closed:
            self._run(_heard(socket))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        with pytest.raises(InvalidStatus) as refused:
            self._run(_entered(self._house.call("/units", token)))
        assert refused.value.response.status_code == 401
        del self._sockets[who]
        self._tokens[who] = self._issue(who)

    @rule()
    def crash(self) -> None:
        self._lives += 1
        after = self._directory / str(self._lives)
        shutil.copytree(self._house.directory, after)
        self._leave()
        self._enter(after)

    @rule()
    def restart(self) -> None:
        self._leave()
        self._enter(self._house.directory)

    def teardown(self) -> None:
        self._leave()
        self._compare(self._house.directory)
        assert recovery.rebuild(self._house.directory).identical
        self._runner.close()

    def _run(self, what: Coroutine[Any, Any, _Result]) -> _Result:
        async def in_time() -> _Result:
            async with asyncio.timeout(PATIENCE_S):
                return await what

        return self._runner.run(in_time())

    def _issue(self, who: str) -> str:
        credentials = self._house.credentials
        if who == CAR:
            return credentials.issue("unit", [CAR], at=STARTED_AT, state="BE")
        return credentials.issue("gateway", list(BEHIND), at=STARTED_AT, state="BE")

    def _socket(self, unit: str) -> ClientConnection:
        who = CAR if unit == CAR else "gateway"
        if who not in self._sockets:
            self._sockets[who] = self._run(_entered(self._house.call("/units", self._tokens[who])))
        return self._sockets[who]

    def _send(self, unit: str, pings: dict[int, dict[str, Any]]) -> None:
        socket = self._socket(unit)
        self._run(socket.send(json.dumps([*pings.values()])))
        self._run(_until_acked(socket, {unit: max(pings)}))
        self.stored |= {(unit, seq): ping for seq, ping in pings.items()}

    def _drop_viewer(self) -> None:
        if self._viewer is not None:
            self._run(self._viewer.close())
            self._viewer = None

    def _leave(self) -> None:
        for socket in self._sockets.values():
            self._run(socket.close())
        self._sockets.clear()
        self._drop_viewer()
        self._run(self._house.close())

    def _enter(self, directory: Path) -> None:
        self._compare(directory)
        self._house = House(directory, self._engine)
        self._run(self._house.open())
        world = self._house.service.world
        for unit in UNITS:
            seqs = [seq for name, seq in self.stored if name == unit]
            assert (world.tracks[unit].fix.seq if unit in world.tracks else None) == max(seqs, default=None)
        assert {name: world.pursuits[name].phase.value == "ended" for name in world.pursuits} == {
            name: unit == "" for name, unit in self.pursuits.items()
        }

    def _compare(self, directory: Path) -> None:
        """The journal of a server that is gone, with the model."""
        with contextlib.closing(Journal(directory, create=False)) as journal:
            found = {}
            for cause in journal.causes(0, 0):
                entry = decode(cause.body)
                if isinstance(entry, PingReceived):
                    found[entry.fix.unit, int(entry.fix.seq or 0)] = entry.fix.lat
            events = [json.loads(body) for _, body in journal.events(0, 1_000_000)]
        for name in self.in_doubt.keys() & found.keys():
            self.stored[name] = self.in_doubt[name]
        self.in_doubt.clear()
        assert found == {name: ping["lat"] for name, ping in self.stored.items()}
        assert events[: len(self.events)] == self.events
        assert len({event["id"] for event in events}) == len(events)
        self.events = events


def _ping(unit: str, seq: int, moved_m: float = 0.0) -> dict[str, Any]:
    """A car that drives to and fro over the border."""
    along = abs(seq % 80 - 40) * 30.0 - 600.0 + 50.0 * UNITS.index(unit) + moved_m
    return {
        "unit": unit, "boot": "a1", "seq": seq, "t": STARTED_AT + seq, "lon": LON,
        "lat": round(BORDER_LAT + along / M_PER_DEG, 7), "acc": 4.0, "speed": 30.0,
    }  # fmt: skip


async def _entered(connection: connect) -> ClientConnection:
    return await connection


async def _heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def _ask(socket: ClientConnection, message: object) -> dict[str, Any]:
    await socket.send(json.dumps(message))
    return await _heard(socket)


async def _until_acked(socket: ClientConnection, upto: dict[str, int]) -> None:
    while upto:
        answer = await _heard(socket)
        assert answer["type"] == "ack", answer
        if answer["upto"] >= upto.get(answer["unit"], 10**9):
            assert answer["upto"] == upto.pop(answer["unit"])


@pytest.mark.slow
@pytest.mark.parametrize("examples", sizes(10, soak=500, long=20_000))
def test_any_course_of_things(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    monkeypatch.setattr(revocations, "LOOK_S", 0.01)

    class Here(Machine):
        def __init__(self) -> None:
            super().__init__(engine, tmp_path / "house")

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
