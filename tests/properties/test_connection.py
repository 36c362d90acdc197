"""However frames are made and wherever the network cuts them: what is handed over, and what is answered, is what the
library alone would have read and answered.
"""

from __future__ import annotations

from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.asyncio.connection import Connection as BaseConnection
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tracker.io.connection import Connection

LARGEST = 70_000
HANDSHAKE = (
    b"GET /units HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def set_write_buffer_limits(self, *_: object) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.written += b"EOF"


class Taker:
    """Keeps what is handed over."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.is_over = False

    def received(self, messages: list[bytes]) -> None:
        assert not self.is_over
        self.messages += messages

    def writable(self) -> None: ...

    def ended(self) -> None:
        self.is_over = True


def opened() -> tuple[Connection, Transport]:
    protocol, transport = ServerProtocol(max_size=LARGEST), Transport()
    connection = Connection(protocol, cast("Any", None))
    BaseConnection.connection_made(connection, cast("Any", transport))
    connection.data_received(HANDSHAKE)
    assert connection.request is not None
    protocol.send_response(protocol.accept(connection.request))
    connection.send_data()
    transport.written = b""
    return connection, transport


def alone(stream: bytes) -> tuple[list[bytes], bytes]:
    """What the library by itself reads from a stream, and answers."""
    protocol = ServerProtocol(max_size=LARGEST)
    protocol.receive_data(HANDSHAKE)
    [request] = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    protocol.data_to_send()
    messages: list[bytes] = []
    parts: list[bytes] = []
    protocol.receive_data(stream)
    for frame in protocol.events_received():
        if isinstance(frame, Frame) and frame.opcode in DATA_OPCODES:
            parts.append(bytes(frame.data))
            if frame.fin:
                messages.append(b"".join(parts))
                parts = []
    return messages, b"".join(data or b"EOF" for data in protocol.data_to_send())


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Mostly sound ones."""
    first = draw(
        st.one_of(
            st.sampled_from((0x81, 0x82, 0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8A)),
            st.sampled_from((0x88, 0x02, 0x09, 0x83, 0xC1, 0x8B)),
            st.integers(0, 255),
        )
    )
    size = draw(st.one_of(st.integers(0, 6), st.sampled_from((124, 125, 126, 127, 300, 65_535, 65_536, LARGEST + 1))))
    claimed = size if draw(st.integers(0, 30)) else 2**63 + size
    masked = 0x80 if draw(st.integers(0, 20)) else 0
    key = draw(st.binary(min_size=4, max_size=4))
    form = draw(st.sampled_from((1, 1, 2, 8)))
    if claimed < 126 and form == 1:
        head = bytes((first, masked | claimed))
    elif claimed < 65_536 and form < 8:
        head = bytes((first, masked | 126)) + claimed.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + claimed.to_bytes(8, "big")
    payload = draw(st.binary(min_size=size, max_size=size)) if size < 10 else bytes((size % 251,)) * size
    return head + (key if masked else b"") + payload


@settings(max_examples=1000)
@example(sent=[b"\x89\xfe\0\0\0\0\0\0", b"\x81\x80\0\0\0\0", b"\x88\x80\0\0\0\0"], cuts=[], by_byte=False)
@example(sent=[b"\x88\x80\0\0\0\0", b"\x81\x80\0\0\0\0"], cuts=[], by_byte=False)
@given(sent=st.lists(frames(), max_size=8), cuts=st.lists(st.integers(1, 150_000), max_size=8), by_byte=st.booleans())
async def test_whatever_comes_is_read_as_the_library_reads_it(
    *, sent: list[bytes], cuts: list[int], by_byte: bool
) -> None:
    stream = b"".join(sent)
    stream = stream[:2_000] if by_byte else stream
    places = range(1, len(stream)) if by_byte else sorted({cut % (len(stream) + 1) for cut in cuts})
    connection, transport = opened()
    taker = Taker()
    assert connection.hand_to(taker)
    for begin, end in zip((0, *places), (*places, len(stream)), strict=True):
        if begin < end:
            connection.data_received(stream[begin:end])

    messages, answered = alone(stream)
    assert taker.messages == messages
    assert transport.written == answered
    assert taker.is_over == (b"EOF" in answered)


async def test_who_does_not_wait_for_the_answer_is_not_taken() -> None:
    connection = Connection(ServerProtocol(), cast("Any", None))
    BaseConnection.connection_made(connection, cast("Any", Transport()))
    connection.data_received(HANDSHAKE + b"\x81\x80")

    assert not connection.hand_to(Taker())
