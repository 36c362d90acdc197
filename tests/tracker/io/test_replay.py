"""Replay, simulation and demonstration, as a server sees them: real sockets, real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from tracker.codec.track_file import read_track
from tracker.errors import Refused
from tracker.io import requests
from tracker.io.clock import Clock
from tracker.io.replay import replay
from tracker.io.simulate import stream_scenario, stream_traffic, write_scenario, write_traffic
from tracker.simulation.hazeldonk import DEMO
from tracker.simulation.scenario_file import load

TRACK = """\
t,lon,lat,unit
1795442531,4.73,51.48,BE-K03
1795442532.5,4.74,51.49,BE-K03
1795442532,4.75,51.5,NL-1
"""


class Server:
    """Acknowledges every ping and remembers it, and writes down every call of the API."""

    def __init__(self) -> None:
        self.pings: list[dict[str, object]] = []
        self.tokens: dict[str, str] = {}
        self.calls: list[tuple[str, dict[str, object], str | None]] = []
        self.ws = self.http = ""
        self.answer = 409

    async def units(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        async for message in connection:
            content = json.loads(message)
            for ping in content if isinstance(content, list) else [content]:
                self.pings.append(ping)
                self.tokens[ping["unit"]] = connection.request.headers.get("Authorization", "")
                answer = {"type": "ack", "unit": ping["unit"], "boot": ping["boot"], "upto": ping["seq"]}
                await connection.send(json.dumps(answer))

    async def call(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        self.calls.append((request.path, await request.json(), request.headers.get("Authorization")))
        return web.json_response({"error": {"field": "", "reason": "no"}}, status=self.answer)


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    running = Server()
    app = web.Application()
    app.router.add_post("/{path:.*}", running.call)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with serve(running.units, "127.0.0.1", 0) as socket:
        running.ws = f"ws://127.0.0.1:{next(iter(socket.sockets)).getsockname()[1]}"
        running.http = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield running
    await runner.cleanup()


async def test_a_replay_keeps_times_and_order_and_counts_anew(tmp_path: Path) -> None:
    track = tmp_path / "a.csv"
    track.write_text(TRACK)
    async with server() as running:
        summary = await replay([track], running.ws, 100.0, "secret")
    assert (summary.pings, summary.units, summary.seconds, summary.acknowledged) == (3, 2, 1.5, 3)
    seen = [(ping["unit"], ping["seq"], ping["t"]) for ping in running.pings]
    assert seen == [("BE-K03", 0, 1795442531.0), ("BE-K03", 1, 1795442532.5), ("NL-1", 0, 1795442532.0)]
    assert len({ping["boot"] for ping in running.pings}) == 1
    assert running.tokens["BE-K03"] == "Bearer secret"
    assert "acc" not in running.pings[0]


async def test_every_replay_has_a_boot_of_its_own_and_can_be_made_to_happen_now(tmp_path: Path) -> None:
    track = tmp_path / "a.csv"
    track.write_text(TRACK)
    async with server() as running:
        before = Clock().now()
        for _ in range(2):
            await replay([track], running.ws, 100.0, unit="BE-K03", shift_to_now=True)
    assert len({ping["boot"] for ping in running.pings}) == 2
    first, second = running.pings[:2]
    assert isinstance(first["t"], float)
    assert isinstance(second["t"], float)
    assert second["t"] - first["t"] == pytest.approx(1.5)
    assert before <= first["t"] <= Clock().now()


async def test_several_files_are_merged_by_time(tmp_path: Path) -> None:
    for name, start in (("BE-1", 0), ("NL-1", 0.5)):
        rows = "".join(f"{1795442531 + start + row},4.7,51.4\n" for row in range(3))
        (tmp_path / f"{name}.csv").write_text("t,lon,lat\n" + rows)
    async with server() as running:
        await replay([tmp_path / "NL-1.csv", tmp_path / "BE-1.csv"], running.ws, None)
    assert [ping["unit"] for ping in running.pings] == ["BE-1", "NL-1"] * 3


async def test_a_mistake_in_a_file_sends_nothing(tmp_path: Path) -> None:
    track = tmp_path / "a.csv"
    track.write_text(TRACK + "1795442533,4.7,91,BE-K03\n")
    (tmp_path / "empty.csv").write_text("t,lon,lat\n")
    async with server() as running:
        for files, reason in (
            ([track], "a.csv: line 5: 91 is outside"),
            ([tmp_path / "empty.csv"], "there is no fix in it"),
            ([tmp_path / "none.csv"], "cannot be read"),
        ):
            with pytest.raises(Refused, match=reason):
                await replay(files, running.ws)
        with pytest.raises(Refused, match="speed: 0 is outside"):
            await replay([track], running.ws, 0.0)
    assert running.pings == []


async def test_the_page_says_nothing_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track = tmp_path / "a.csv"
    track.write_text(TRACK)
    async with server() as running:
        await replay([track], running.ws, None)
    assert capsys.readouterr() == ("", "")


def test_written_traffic_is_the_same_for_the_same_arguments_and_can_be_read() -> None:
    outs = [io.BytesIO() for _ in range(3)]
    for out, seed in zip(outs, (1, 1, 2), strict=True):
        assert write_traffic(out, units=7, rate_hz=2.0, seconds=5.0, seed=seed) == 70
    first, same, other = (out.getvalue() for out in outs)
    assert first == same != other
    pings = list(read_track("a.ndjson", io.BytesIO(first)))
    assert len({ping.unit for ping in pings}) == 7
    assert [ping.t for ping in pings] == sorted(ping.t for ping in pings)
    assert [ping.seq for ping in pings if ping.unit == pings[0].unit] == list(range(10))


def test_a_scenario_is_written_on_its_own_day_and_can_be_read() -> None:
    outs = [io.BytesIO() for _ in range(3)]
    for out, seed in zip(outs, (1, 1, 2), strict=True):
        write_scenario(out, "breda-putte", seed=seed)
    first, same, other = (out.getvalue() for out in outs)
    assert first == same != other
    pings = list(read_track("a.ndjson", io.BytesIO(first)))
    assert {ping.unit for ping in pings} == {"BE-L01", "BE-L02"}
    assert [ping.t for ping in pings] == sorted(ping.t for ping in pings)
    assert pings[0].t == pytest.approx(1_715_716_800.0, abs=2)


async def test_a_scenario_reaches_a_server_with_its_acts() -> None:
    acts = load("tilburg-turnhout-stop").acts
    async with server() as running:
        gateway, dispatch = "gateway", "dispatch"
        counts = await stream_scenario(
            running.ws,
            "tilburg-turnhout-stop",
            seed=1,
            speed=1000.0,
            api=running.http,
            token=gateway,
            api_token=dispatch,
        )
    assert counts.acknowledged == len(running.pings) > 300
    assert [path.rsplit("/", 1)[1] for path, _, _ in running.calls] == ["pursuits", *(act.command for act in acts[1:])]
    assert running.calls[-1][1]["decision"] == "stop"
    assert {authorization for _, _, authorization in running.calls} == {"Bearer dispatch"}
    assert set(running.tokens.values()) == {"Bearer gateway"}


async def test_a_scenario_whose_acts_nobody_may_do_ends_at_once() -> None:
    async with server() as running:
        running.answer = 401
        with pytest.raises(Refused, match="api-token: the server answers 401"):
            await stream_scenario(running.ws, "tilburg-turnhout-stop", seed=1, speed=1.0, api=running.http)
    assert len(running.calls) == 1


@pytest.mark.parametrize(
    ("units", "rate", "seconds", "seed", "field"),
    [(0, 1, 1, 1, "units"), (1, 0, 1, 1, "rate"), (1, 1, float("nan"), 1, "seconds"), (1, 1, 1, -1, "seed")],
)
def test_arguments_out_of_range_are_refused(units: int, rate: float, seconds: float, seed: int, field: str) -> None:
    with pytest.raises(Refused) as caught:
        write_traffic(io.BytesIO(), units=units, rate_hz=rate, seconds=seconds, seed=seed)
    assert caught.value.field == field


async def test_traffic_reaches_a_server_in_real_time() -> None:
    async with server() as running:
        began_at = asyncio.get_running_loop().time()
        counts = await stream_traffic(running.ws, units=50, rate_hz=10.0, seconds=0.5, seed=1)
        took_s = asyncio.get_running_loop().time() - began_at
    assert counts.acknowledged == 250
    assert 0.45 <= took_s <= 1.5


def test_the_api_understands_every_call_of_the_script() -> None:
    bodies: dict[str, type[msgspec.Struct]] = {
        "start": requests.StartBody,
        "join": requests.JoinBody,
        "contact": requests.ContactBody,
        "host-decision": requests.HostDecisionBody,
        "report": requests.ReportBody,
        "end": requests.EndBody,
    }
    for act in DEMO.acts:
        body = requests.read(bodies[act.command], msgspec.json.encode(act.details))
        assert msgspec.to_builtins(body).items() >= msgspec.to_builtins(act.details).items()
