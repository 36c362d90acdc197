"""A unit's side of the protocol: send pings as they fall due, keep each until it is acknowledged, survive
the network.

    pings ──► due? ──► send ──► unacknowledged ──► ack or refusal
                        ▲             │
                        └─ reconnect ─┘

What was sent and not answered for is sent again, first and in its order, on every new connection. The server
applies a resend once, so it does not matter whether the ping or its ack was lost.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import aclosing
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.client import process_exception
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tracker.codec.quote import quote
from tracker.errors import DrempelloosError, Refused
from tracker.fix import Ping
from tracker.io.outbox import Outbox

MAX_BATCH: Final = 500
"""Pings in one message, when more than one is due. At most 1000 are allowed, in at most 256 KiB."""

MAX_UNACKNOWLEDGED: Final = 20_000
"""With so many unanswered no more are sent: the server is behind, and memory is not for queues."""

_MIN_WAIT_S: Final = 0.005
_SHORT_LIFE_S: Final = 1.0
_OVERLOAD_S: Final = 1.0
"""How long to leave a server alone that can store nothing. After it everything unanswered is sent anew."""


class Unreachable(DrempelloosError):
    """The server could not be reached, or did not answer, for as long as the caller was willing to wait."""


class Counts(msgspec.Struct):
    """What became of the pings of one stream so far."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    resent: int = 0
    reconnects: int = 0


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="refused"):
    """The server's answer to a ping that it does not accept."""

    field: str
    reason: str
    unit: str | None = None
    boot: str | None = None
    seq: int | None = None


class _Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    unit: str
    boot: str
    upto: int


class _SlowDown(msgspec.Struct, frozen=True, tag_field="type", tag="slow_down"):
    reason: str


class _Overloaded(DrempelloosError):
    """The server can store nothing for now; what is not acknowledged must be sent again."""


class Watcher:
    """Is told how a stream fares; by itself it does nothing with that."""

    def counted(self, counts: Counts) -> None:
        """Something was sent or answered."""

    def refused(self, refusal: Refusal) -> None:
        """The server does not accept a ping; it will not be sent again."""

    def disturbed(self, trouble: str) -> None:
        """The connection was lost or could not be made, and will be tried again."""


async def stream(
    to: str,
    pings: Iterable[Ping],
    *,
    token: str | None = None,
    speed: float | None = 1.0,
    anchor: float | None = None,
    patience_s: float | None = 30.0,
    watcher: Watcher | None = None,
) -> Counts:
    """Send pings to a server until each is acknowledged or refused.

    Args:
        to: the address of the unit socket, `ws://host:port/units`; without a path, `/units` is meant.
        pings: with `boot` and `seq`, the latter rising within each boot of a unit. Read as they fall due.
        token: of the unit or gateway.
        speed: a ping is due when this many times as much data time has passed as real time; None sends as
            fast as the server acknowledges.
        anchor: the data time that is now, Unix seconds UTC; None takes the first ping's.
        patience_s: how long the server may be unreachable or silent; None waits for ever.
        watcher: is told what happens.

    Raises:
        Refused: the address or the token is not accepted, or a ping is that the server's answer does not
            name.
        Unreachable: patience has run out.
    """
    return await _Stream(_address(to), pings, token, speed, anchor, patience_s, watcher or Watcher()).run()


class _Stream:
    def __init__(
        self,
        address: str,
        pings: Iterable[Ping],
        token: str | None,
        speed: float | None,
        anchor: float | None,
        patience_s: float | None,
        watcher: Watcher,
    ) -> None:
        self._address = address
        self._pings = iter(pings)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._speed = speed
        self._anchor = anchor
        self._patience_s = patience_s
        self._watcher = watcher
        self._counts = Counts()
        self._outbox = Outbox()
        self._answered = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._began_at = self._clock()
        self._heard_at = self._began_at
        self._next: Ping | None = next(self._pings, None)

    async def run(self) -> Counts:
        attempts = connect(
            self._address,
            additional_headers=self._headers,
            compression=None,
            proxy=None if _is_loopback(self._address) else True,
            process_exception=self._judge,
            reconnect_delays=_delays,
            close_timeout=2,
            max_size=65_536,
        )
        async with aclosing(cast("AsyncGenerator[ClientConnection, None]", aiter(attempts))) as connections:
            async for connection in connections:
                connected_at = self._heard_at = self._clock()
                try:
                    await self._converse(connection)
                except ConnectionClosed as closed:
                    self._note_loss(closed)
                except _Overloaded as overloaded:
                    self._watcher.disturbed(str(overloaded))
                    await asyncio.sleep(_OVERLOAD_S)
                else:
                    return self._counts
                finally:
                    await connection.close()
                if self._clock() - connected_at < _SHORT_LIFE_S:
                    # Accepted and dropped at once: `connect` sees a success in that, and would not wait.
                    await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311  spreads reconnects, hides nothing
        raise AssertionError("connect() gives connections without end")

    async def _converse(self, connection: ClientConnection) -> None:
        tasks = [
            asyncio.create_task(self._listen(connection)),
            asyncio.create_task(self._deliver(connection)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _listen(self, connection: ClientConnection) -> None:
        while True:
            message = await connection.recv()
            try:
                answer = _answers.decode(message)
            except msgspec.DecodeError as error:
                self._watcher.disturbed(f"an answer that cannot be read: {quote(str(error))}")
                continue
            self._heard_at = self._clock()
            if isinstance(answer, _SlowDown):
                raise _Overloaded(quote(answer.reason, 200))
            if isinstance(answer, _Ack):
                self._counts.acknowledged += self._outbox.acknowledge(answer.unit, answer.boot, answer.upto)
            else:
                self._take_refusal(answer)
            self._answered.set()
            self._watcher.counted(self._counts)

    def _take_refusal(self, refusal: Refusal) -> None:
        if refusal.unit is None or refusal.boot is None or refusal.seq is None:
            raise Refused(refusal.field, refusal.reason)
        removed = self._outbox.refuse(refusal.unit, refusal.boot, refusal.seq)
        self._counts.refused += removed
        self._watcher.refused(refusal)

    async def _deliver(self, connection: ClientConnection) -> None:
        again = list(self._outbox)
        for start in range(0, len(again), MAX_BATCH):
            batch = again[start : start + MAX_BATCH]
            await connection.send(_message(batch))
            self._counts.resent += len(batch)
        while self._next is not None:
            await self._wait_until_due(self._next)
            await self._wait_for_answers(MAX_UNACKNOWLEDGED)
            batch = self._take_due()
            await connection.send(_message(batch))
            self._counts.sent += len(batch)
            self._watcher.counted(self._counts)
        await self._wait_for_answers(0)

    async def _wait_until_due(self, ping: Ping) -> None:
        wait_s = self._due_at(ping) - self._clock()
        if wait_s > 0:
            await asyncio.sleep(max(wait_s, _MIN_WAIT_S))

    def _due_at(self, ping: Ping) -> float:
        if self._speed is None:
            return self._began_at
        if self._anchor is None:
            self._anchor = ping.t
        return self._began_at + (ping.t - self._anchor) / self._speed

    def _take_due(self) -> list[bytes]:
        """The next ping, and those after it that are due by now; the outbox has them from here on."""
        batch: list[bytes] = []
        now = self._clock()
        while self._next is not None and len(batch) < MAX_BATCH:
            if batch and self._due_at(self._next) > now:
                break
            body = _encoder.encode(self._next)
            self._outbox.add(self._next, body)
            batch.append(body)
            self._next = next(self._pings, None)
        return batch

    async def _wait_for_answers(self, allowed: int) -> None:
        """Wait until no more than `allowed` pings are unanswered."""
        while len(self._outbox) > allowed:
            self._answered.clear()
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._answered.wait()
            except TimeoutError:
                raise Unreachable(f"{len(self._outbox)} pings not answered in {self._patience_s:g} s") from None

    def _judge(self, error: Exception) -> Exception | None:
        """What a connection that could not be made leads to: an error ends the stream, None tries again."""
        if isinstance(error, InvalidStatus) and error.response.status_code in {401, 403}:
            return Refused("token", f"the server at {self._address} answers {error.response.status_code}")
        if process_exception(error) is not None:
            return Unreachable(f"{self._address}: {quote(str(error))}") if _is_network(error) else error
        silent_s = self._clock() - self._heard_at
        if self._patience_s is not None and silent_s > self._patience_s:
            return Unreachable(f"{self._address} not reached in {silent_s:.0f} s: {error}")
        self._watcher.disturbed(f"{self._address} cannot be reached: {error}")
        return None

    def _note_loss(self, closed: ConnectionClosed) -> None:
        code = closed.rcvd.code if closed.rcvd else None
        reason = quote(closed.rcvd.reason) if closed.rcvd else ""
        if code in {1008, 1009}:
            raise Refused("", f"the server closed the connection with code {code}: {reason}")
        self._counts.reconnects += 1
        self._watcher.disturbed(
            f"{self._address} was lost ({code or 'no close frame'}{' ' + reason if reason else ''})"
        )


_encoder: Final = msgspec.json.Encoder()
_answers: Final = msgspec.json.Decoder(_Ack | Refusal | _SlowDown)


def _delays() -> Generator[float, None, None]:
    """Seconds between attempts to connect: 0.3 at first, 10 at most, spread so that a fleet does not come at once."""
    delay_s = 0.3
    while True:
        yield delay_s * random.uniform(0.7, 1.3)  # noqa: S311  hides nothing
        delay_s = min(1.6 * delay_s, 10.0)


def _message(batch: list[bytes]) -> str:
    body = batch[0] if len(batch) == 1 else b"[" + b",".join(batch) + b"]"
    return body.decode()


def _is_network(error: Exception) -> bool:
    return isinstance(error, InvalidHandshake | OSError)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(to: str) -> str:
    """The address to connect to.

    Raises:
        Refused: it is not that of a WebSocket.
    """
    try:
        parts = urlsplit(to)
        allowed = parts.scheme in {"ws", "wss"} and parts.hostname and (parts.port or 1)
    except ValueError:
        allowed = None
    if not allowed:
        raise Refused("to", f'"{quote(to)}" is not an address like ws://127.0.0.1:8081/units')
    return to if parts.path not in {"", "/"} else parts._replace(path="/units").geturl()
