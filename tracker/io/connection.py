"""A WebSocket connection whose messages are handed over as they come: all that one read brought, in one call.

`websockets` gives each message to a task that waits for it, through a queue. That is right for a viewer, who says one
thing; a unit's pings it makes twice as dear. So once a `Receiver` has taken a connection over, the frames that
nearly all are (whole, masked, of text or bytes) are cut from the stream here. Everything else, that is fragments,
pings, pongs, closes and whatever breaks the protocol, goes on to the library frame by frame, in its place in the order:
what is answered, and with which code a connection ends, is as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any, Final, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import TooManyFragments
from websockets.frames import DATA_OPCODES, CloseCode, Frame
from websockets.protocol import OPEN, Event

try:
    from websockets.speedups import apply_mask
except ImportError:  # where there is no compiled one
    from websockets.utils import apply_mask

MAX_FRAGMENTS: Final = 4096
"""Of one message, as in `websockets`."""

_WHOLE: Final = (0x81, 0x82)
"""First byte of a frame that is a message: text or bytes, with nothing to follow and no reserved bit."""

_SOUND: Final = (0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x88, 0x89, 0x8A)
"""First bytes that RFC 6455, section 5.2, allows where no extension was agreed on."""

_LENGTH_16: Final = Struct(">H").unpack_from
_LENGTH_64: Final = Struct(">Q").unpack_from

_MASKED: Final = 0x80
_CONTROL: Final = 0x88
_LARGEST_CONTROL: Final = 125


class Receiver(Protocol):
    """Takes what a connection brings. Called in the loop; must not wait."""

    def received(self, messages: list[bytes]) -> None:
        """Messages came, text or not, in order."""

    def writable(self) -> None:
        """The other end has taken what `Connection.is_full` said was waiting for it."""

    def ended(self) -> None:
        """Nothing more will come. May be told twice."""


class Connection(ServerConnection):
    """One connection, the library's in everything but the way of its messages after `hand_to`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the library calls it
        super().__init__(*args, **kwargs)
        self._receiver: Receiver | None = None
        self._is_early = False
        self._is_left_alone = False
        """The library has seen the beginning of something that will end the connection, and gets the rest of it."""
        self._rest = bytearray()
        self._needed = 0
        self._fragments: list[bytes] = []

    @property
    def is_full(self) -> bool:
        """True while the other end does not take what was written."""
        return self.paused

    @property
    def is_open(self) -> bool:
        """True until either end has begun to close it."""
        return self.protocol.state is OPEN

    def hand_to(self, receiver: Receiver) -> bool:
        """Give every message to `receiver` from now on; to be called before any has come.

        Returns False where the other end did not wait for the answer to its handshake (RFC 6455, section 4.1, demands
        it): then nothing is changed, and the connection should be closed.
        """
        if self._is_early:
            return False
        self._receiver = receiver
        return True

    def pause_reading(self) -> None:
        """Let the other end wait."""
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self.transport.resume_reading()

    def write_texts(self, bodies: Iterable[bytes]) -> None:
        """Send text messages, in one write. What the other end does not take waits for it; see `is_full`."""
        if self.is_open:
            self.transport.write(b"".join([_text_frame(body) for body in bodies]))

    def data_received(self, data: bytes) -> None:
        """For the event loop."""
        if self._receiver is None:
            self._open(data)
        elif self._is_left_alone or not self.is_open:
            self._leave(data)
        elif not self._rest:
            self._cut(self._receiver, data)
        else:
            self._rest += data
            if len(self._rest) >= self._needed:
                whole = bytes(self._rest)
                self._rest.clear()
                self._cut(self._receiver, whole)

    def process_event(self, event: Event) -> None:
        """For the library: put the fragments of a message together."""
        if self._receiver is None or not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        self._fragments.append(bytes(event.data))
        if event.fin:
            message, self._fragments = b"".join(self._fragments), []
            if self.is_open:
                self._receiver.received([message])
        elif len(self._fragments) >= MAX_FRAGMENTS:
            self.set_connection_exc(TooManyFragments(MAX_FRAGMENTS))
            self.protocol.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.send_data()

    def resume_writing(self) -> None:
        """For the event loop."""
        super().resume_writing()
        if self._receiver is not None:
            self._receiver.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """For the event loop."""
        super().connection_lost(exc)
        if self._receiver is not None:
            self._receiver.ended()

    def eof_received(self) -> None:
        """For the event loop."""
        super().eof_received()
        if self._receiver is not None:
            self._receiver.ended()

    def _open(self, data: bytes) -> None:
        """The handshake, and what comes before anybody has taken the connection over."""
        was_asked = self.request is not None
        super().data_received(data)
        # A request ends with an empty line, and after it the other end has to wait.
        self._is_early |= was_asked or (self.request is not None and not data.endswith(b"\n"))

    def _leave(self, data: bytes) -> None:
        """Leave bytes to the library."""
        super().data_received(data)
        if not self.is_open and self._receiver is not None:
            self._receiver.ended()

    def _cut(self, receiver: Receiver, data: bytes) -> None:
        """Take every whole frame off what has come, and hand the messages on."""
        messages: list[bytes] = []
        at, end = 0, len(data)
        largest = self.protocol.max_message_size or 0
        while at < end:
            payload, stop = _extent(data, at, end, largest)
            if stop > end:
                self._needed = stop - at
                break
            if data[at] in _WHOLE and payload and self.protocol.current_size is None:
                messages.append(apply_mask(data[payload:stop], data[payload - 4 : payload]))
                at = stop
                continue
            if messages:
                receiver.received(messages)
                messages = []
            # What is not sound will end the connection, and the library says how; after the end comes nothing more.
            self._is_left_alone = not payload
            if self._is_left_alone or not self.is_open:
                self._leave(data[at:])
                return
            self._leave(data[at:stop])
            at = stop
            if not self.is_open:
                self._leave(data[at:])
                return
        if messages:
            receiver.received(messages)
        if at < end:
            self._rest += data[at:]


def _extent(data: bytes, at: int, end: int, largest: int) -> tuple[int, int]:
    """Where the payload of the frame at `at` begins and ends (RFC 6455, section 5.2). It ends beyond `end` where not
    all of the frame has come; it begins at 0 where the frame is not sound.
    """
    if end - at < 2:
        return at, end + 1
    first, second = data[at], data[at + 1]
    begin, length = at + 6, second & 0x7F
    if first not in _SOUND or second < _MASKED:
        return 0, end
    if length > 125:
        begin = at + (8 if length == 126 else 14)
        if end < begin:
            return begin, begin
        (length,) = (_LENGTH_16 if length == 126 else _LENGTH_64)(data, at + 2)
    # A small length may be written large; the library takes that, so it is no end of the connection.
    if length > (_LARGEST_CONTROL if first >= _CONTROL else largest):
        return 0, end
    return begin, begin + length


def _text_frame(body: bytes) -> bytes:
    size = len(body)
    if size < 126:
        return bytes((0x81, size)) + body
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + body
    return b"\x81\x7f" + size.to_bytes(8, "big") + body
