"""One connected viewer, as the hub sees it."""

from __future__ import annotations

from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection

from tracker.io.credentials import Grant
from tracker.io.frames import Bbox
from tracker.io.posting import post
from tracker.io.untaken import acknowledged_bytes
from tracker.policy import Scope


class Viewer:
    """One connected viewer, and how well it keeps up."""

    __slots__ = (
        "_moved_bytes",
        "_moving_since",
        "bbox",
        "connection",
        "grant",
        "handed_bytes",
        "is_live",
        "last_frame_bytes",
        "offset",
        "scope",
        "seen",
        "sent_at",
        "sent_frames",
        "skipped_frames",
        "waiting",
        "waiting_bytes",
        "wants_all",
    )

    def __init__(
        self, connection: ServerConnection, grant: Grant, scope: Scope, bbox: Bbox | None, offset: int, seen: int
    ) -> None:
        self.connection = connection
        self.grant = grant
        self.scope = scope
        self.bbox = bbox
        self.offset = offset
        """Where its snapshot stands."""
        self.seen = seen
        """The last tick whose moves it has."""
        self.wants_all = True
        """The next position frame is not cut to its bbox, since it cannot be known what left it meanwhile."""
        self.is_live = False
        self.waiting: list[bytes] = []
        """Sealed messages since its snapshot, until it has had the ones before."""
        self.waiting_bytes = 0
        self.last_frame_bytes = 0
        """Size of the newest frame that is not an event; it may be waiting besides the events."""
        self.sent_at = 0.0
        self.sent_frames = 0
        self.skipped_frames = 0
        self.handed_bytes = 0
        self._moved_bytes = 0
        self._moving_since: float | None = None

    @property
    def buffered_bytes(self) -> int:
        """Bytes that its socket has not taken yet."""
        return self.connection.transport.get_write_buffer_size()

    def count(self, frame: bytes, at: float) -> None:
        """Note that a frame was handed to the socket."""
        self.sent_at = at
        self.sent_frames += 1
        self.handed_bytes += len(frame)

    def blocked_s(self, at: float) -> float:
        """How long it has taken nothing though there was something to take; seconds."""
        buffered = self.buffered_bytes
        if buffered == 0:
            self._moving_since = None
            return 0.0
        taken = acknowledged_bytes(self.connection.transport)
        taken = self.handed_bytes - buffered if taken is None else taken
        if self._moving_since is None or taken > self._moved_bytes:
            self._moved_bytes = taken
            self._moving_since = at
        return at - self._moving_since


def deliver(viewers: Iterable[Viewer], sealed: bytes, at: float, frames: int = 1) -> None:
    """Hand one sealed message, or several in a row, to viewers that are live."""
    viewers = list(viewers)
    post([viewer.connection for viewer in viewers], sealed)
    size = len(sealed)
    for viewer in viewers:
        viewer.sent_at = at
        viewer.sent_frames += frames
        viewer.handed_bytes += size
