"""The unit's side of the protocol, against a server that keeps the protocol and one that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tracker.errors import Refused
from tracker.fix import Ping
from tracker.io import stream as stream_module
from tracker.io.stream import Counts, Refusal, Unreachable, Watcher, stream

Handler = Callable[[ServerConnection], Awaitable[None]]


def track(number: int, unit: str = "BE-K03", step_s: float = 1.0) -> list[Ping]:
    return [Ping(unit, 1795442531.0 + seq * step_s, 4.7 + seq / 1e4, 51.4, "a1", seq) for seq in range(number)]


@asynccontextmanager
async def server(handler: Handler, answer: int | None = None) -> AsyncIterator[str]:
    def check(connection: ServerConnection, request: Request) -> Response | None:
        assert request.path == "/units"
        return None if answer is None else connection.respond(answer, "no\n")

    async with serve(handler, "127.0.0.1", 0, process_request=check) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


class Ledger:
    """A server that stores pings, and acknowledges up to the highest number below which nothing is missing.

    `drops` says after how many messages each of the first connections is cut, the last one unanswered.
    """

    def __init__(self, drops: tuple[int, ...] = (), refuse: frozenset[int] = frozenset()) -> None:
        self.drops = iter(drops)
        self.refuse = refuse
        self.stored: dict[tuple[str, str, int], dict[str, object]] = {}
        self.received: list[int] = []
        self.connections = 0
        self.authorization: str | None = None

    async def __call__(self, connection: ServerConnection) -> None:
        self.connections += 1
        assert connection.request is not None
        self.authorization = connection.request.headers.get("Authorization")
        left = next(self.drops, None)
        async for message in connection:
            content = json.loads(message)
            pings = content if isinstance(content, list) else [content]
            for ping in pings:
                self.received.append(ping["seq"])
                self.stored[ping["unit"], ping["boot"], ping["seq"]] = ping
            if left is not None:
                left -= 1
                if left <= 0:
                    connection.transport.abort()
                    return
            for ping in pings:
                if ping["seq"] in self.refuse:
                    sender = {name: ping[name] for name in ("unit", "boot", "seq")}
                    reason = {"field": "lat", "reason": "91 is outside -90 to 90 degrees"}
                    await connection.send(json.dumps({"type": "refused", **sender, **reason}))
            for unit, boot in {(ping["unit"], ping["boot"]): None for ping in pings}:
                await self.acknowledge(connection, unit, boot)

    async def acknowledge(self, connection: ServerConnection, unit: str, boot: str) -> None:
        upto = next(number for number in count() if (unit, boot, number) not in self.stored) - 1
        await connection.send(json.dumps({"type": "ack", "unit": unit, "boot": boot, "upto": upto}))


class Notes(Watcher):
    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.troubles: list[str] = []

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def disturbed(self, trouble: str) -> None:
        self.troubles.append(trouble)


async def test_every_ping_is_sent_once_and_acknowledged() -> None:
    ledger = Ledger()
    async with server(ledger) as address:
        counts = await stream(address, track(1200), speed=None, token="secret")  # noqa: S106
    assert counts == Counts(sent=1200, acknowledged=1200)
    assert ledger.received == list(range(1200))
    assert ledger.authorization == "Bearer secret"
    first = ledger.stored["BE-K03", "a1", 0]
    assert first == {"unit": "BE-K03", "t": 1795442531.0, "lon": 4.7, "lat": 51.4, "boot": "a1", "seq": 0}


async def test_without_a_token_no_header_is_sent() -> None:
    ledger = Ledger()
    async with server(ledger) as address:
        await stream(address + "/units", track(1))
    assert ledger.authorization is None


async def test_what_was_not_acknowledged_is_sent_again_on_a_new_connection() -> None:
    ledger, notes = Ledger(drops=(3, 1, 1)), Notes()
    async with server(ledger) as address:
        counts = await stream(address, track(40), speed=100.0, watcher=notes)
    assert counts.acknowledged == counts.sent == 40
    assert counts.resent >= 3
    assert counts.reconnects == 3
    assert ledger.connections == 4
    assert len(ledger.stored) == 40
    assert len(notes.troubles) == 3
    again = [seq for index, seq in enumerate(ledger.received) if seq in ledger.received[:index]]
    assert 1 <= len(again) <= 2 * counts.resent


async def test_several_units_on_one_connection_keep_their_order_over_a_loss() -> None:
    pings = [ping for pair in zip(track(30), track(30, "NL-ZB12"), strict=True) for ping in pair]
    ledger = Ledger(drops=(5,))
    async with server(ledger) as address:
        counts = await stream(address, pings, speed=100.0)
    assert counts.acknowledged == 60
    assert [key for key in ledger.stored if key[0] == "BE-K03"] == [("BE-K03", "a1", seq) for seq in range(30)]
    assert [key for key in ledger.stored if key[0] == "NL-ZB12"] == [("NL-ZB12", "a1", seq) for seq in range(30)]


async def test_a_refused_ping_is_reported_once_and_stops_nothing() -> None:
    notes = Notes()
    async with server(Ledger(refuse=frozenset({3, 7}))) as address:
        counts = await stream(address, track(10), speed=None, watcher=notes)
    assert (counts.acknowledged, counts.refused) == (8, 2)
    assert [(refusal.seq, refusal.field) for refusal in notes.refusals] == [(3, "lat"), (7, "lat")]


async def test_a_refusal_that_names_no_ping_ends_the_stream() -> None:
    async def deaf(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"type":"refused","unit":null,"boot":null,"seq":null,"field":"","reason":"not JSON"}')
        await connection.wait_closed()

    async with server(deaf) as address:
        with pytest.raises(Refused, match="not JSON"):
            await stream(address, track(1))


async def test_pings_go_out_when_they_are_due() -> None:
    arrivals: list[float] = []
    ledger = Ledger()

    async def timed(connection: ServerConnection) -> None:
        original = connection.recv

        async def recv(*args: bool | None) -> str | bytes:
            message = await original(*args)
            arrivals.append(asyncio.get_running_loop().time())
            return message

        connection.recv = recv  # type: ignore[method-assign, assignment]
        await ledger(connection)

    async with server(timed) as address:
        await stream(address, track(6), speed=10.0)
    assert len(arrivals) == 6
    assert arrivals[-1] - arrivals[0] == pytest.approx(0.5, abs=0.1)


async def test_a_source_is_read_only_as_far_as_it_is_due() -> None:
    taken: list[int] = []

    def source() -> Iterator[Ping]:
        for ping in track(100):
            taken.append(ping.seq or 0)
            yield ping

    async with server(Ledger()) as address:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.35):
                await stream(address, source(), speed=10.0)
    assert 2 <= len(taken) <= 6


async def test_no_more_pings_are_sent_than_may_be_unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "MAX_UNACKNOWLEDGED", 50)
    monkeypatch.setattr(stream_module, "MAX_BATCH", 10)
    received: list[str | bytes] = []

    async def silent(connection: ServerConnection) -> None:
        async for message in connection:
            received.append(message)  # noqa: PERF401  what came before the cut counts

    async with server(silent) as address:
        with pytest.raises(Unreachable, match=r"pings not answered in 0\.3 s"):
            await stream(address, track(1000), speed=None, patience_s=0.3)
    assert sum(len(json.loads(message)) for message in received) <= 60


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_token_is_not_tried_again(status: int) -> None:
    ledger = Ledger()
    async with server(ledger, answer=status) as address:
        with pytest.raises(Refused, match=f"answers {status}") as caught:
            await stream(address, track(1), token="wrong")  # noqa: S106
    assert caught.value.field == "token"
    assert ledger.connections == 0


async def test_a_server_that_closes_for_cause_is_not_tried_again() -> None:
    async def strict(connection: ServerConnection) -> None:
        await connection.close(1008, "token revoked\x1b[31m")

    async with server(strict) as address:
        with pytest.raises(Refused, match=r"code 1008: token revoked\\x1b\[31m"):
            await stream(address, track(1))


async def test_a_server_that_comes_up_later_gets_everything() -> None:
    ledger, notes = Ledger(), Notes()
    async with server(ledger) as address:
        pass
    task = asyncio.create_task(stream(address, track(5), speed=None, watcher=notes))
    await asyncio.sleep(0.3)
    port = int(address.rpartition(":")[2])
    async with serve(ledger, "127.0.0.1", port):
        assert (await task).acknowledged == 5
    assert "cannot be reached" in notes.troubles[0]


async def test_a_server_that_is_not_there_is_given_up_when_patience_runs_out() -> None:
    async with server(Ledger()) as address:
        pass
    notes = Notes()
    with pytest.raises(Unreachable, match="not reached in"):
        await stream(address, track(1), patience_s=0.0, watcher=notes)


async def test_an_answer_that_cannot_be_read_is_noted_and_passed_over() -> None:
    ledger, notes = Ledger(), Notes()

    async def odd(connection: ServerConnection) -> None:
        await connection.send('{"type":"news"}')
        await connection.send("hello")
        await ledger(connection)

    async with server(odd) as address:
        assert (await stream(address, track(3), speed=None, watcher=notes)).acknowledged == 3
    assert all(trouble.startswith("an answer that cannot be read") for trouble in notes.troubles)
    assert len(notes.troubles) == 2


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "127.0.0.1:8081", "ws://", "ws://host:99999", "ws://[::1"])
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as caught:
        await stream(address, track(1))
    assert caught.value.field == "to"


async def test_pings_without_numbers_are_refused() -> None:
    async with server(Ledger()) as address:
        with pytest.raises(Refused, match="numbered by boot and seq"):
            await stream(address, [Ping("BE-K03", 1795442531.0, 4.7, 51.4)])


async def test_nothing_to_send_is_done_at_once() -> None:
    async with server(Ledger()) as address:
        assert await stream(address, []) == Counts()


async def test_a_server_that_can_store_nothing_is_left_alone_and_then_sent_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_module, "_OVERLOAD_S", 0.05)
    ledger = Ledger()
    troubles: list[str] = []

    class Watching(Watcher):
        def disturbed(self, trouble: str) -> None:
            troubles.append(trouble)

    async def full_at_first(connection: ServerConnection) -> None:
        if ledger.connections:
            await ledger(connection)
            return
        ledger.connections += 1
        await connection.recv()
        await connection.send('{"type":"slow_down","reason":"the disk is full: nothing was accepted"}')
        await connection.wait_closed()

    async with server(full_at_first) as address:
        counts = await stream(address, track(20), speed=None, watcher=Watching())

    assert counts.acknowledged == 20
    assert counts.resent >= 1
    assert "the disk is full: nothing was accepted" in troubles
