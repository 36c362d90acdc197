"""The hub: what is new goes to every viewer, and no viewer can hold up another.

Events go out at once, in order, each once. Positions are conflated: one frame per tick, the newest fix of
each unit that moved since the frame before, encoded once for all who want the same.

Nothing here waits for a viewer. Bytes are handed to its socket, and what the socket has not taken yet is
looked at: a viewer that still has bytes to take from before gets no position frame (it gets what it missed
later, newest only); one that has more than 1 MiB of events waiting, or takes nothing for 5 s, is cut off. It
comes back and resumes.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection, broadcast

from tracker.events import UnitLost, UnitSeen, UnitStale
from tracker.io.frames import Bbox, Moves, Picture, event_frame, heartbeat_frame, status_frame
from tracker.io.service import Committed, Service
from tracker.units import Track

HEARTBEAT_S: Final = 1.0
"""A viewer that was sent nothing for this long gets a heartbeat."""

MAX_WAITING_BYTES: Final = 1024 * 1024
"""Events that a viewer may leave unread."""

MAX_BLOCKED_S: Final = 5.0
"""A viewer that takes no byte for this long, while there are some, is cut off."""

SEND_BUFFER_BYTES: Final = 256 * 1024
"""Of the kernel, per viewer. By itself Linux takes up to 4 MiB, and so long a stalled viewer looks well."""

_log: Final = structlog.get_logger(__name__)


class HubStatistics(msgspec.Struct, frozen=True):
    """Sums over all viewers since the start, and of those connected now."""

    viewers: int
    sent_frames: int
    sent_bytes: int
    skipped_frames: int
    aborted_viewers: int
    buffered_bytes: int
    largest_buffer_bytes: int


class Viewer:
    """One connected viewer, and how well it keeps up."""

    __slots__ = (
        "_moved_bytes",
        "_moving_since",
        "bbox",
        "connection",
        "handed_bytes",
        "is_live",
        "last_frame_bytes",
        "offset",
        "seen",
        "sent_at",
        "sent_frames",
        "skipped_frames",
        "waiting",
        "waiting_bytes",
        "wants_all",
    )

    def __init__(self, connection: ServerConnection, bbox: Bbox | None, offset: int, seen: int) -> None:
        self.connection = connection
        self.bbox = bbox
        self.offset = offset
        """Where its snapshot stands."""
        self.seen = seen
        """The last tick whose moves it has."""
        self.wants_all = True
        """The next position frame is not cut to its bbox, since it cannot be known what left it meanwhile."""
        self.is_live = False
        self.waiting: list[bytes] = []
        """Events since its snapshot, until it has had the ones before."""
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
        taken = self.handed_bytes - buffered
        if buffered == 0 or self._moving_since is None or taken > self._moved_bytes:
            self._moved_bytes = max(taken, self._moved_bytes)
            self._moving_since = at
        return at - self._moving_since


class Hub:
    """Hands what is new to every viewer.

    Args:
        service: is listened to; its world is what snapshots and positions show.
        tick_s: seconds between position frames.
        max_viewers: more than these at once are not taken.
        now: the clock, Unix seconds UTC.
    """

    def __init__(self, service: Service, tick_s: float, max_viewers: int, now: Callable[[], float]) -> None:
        self._service = service
        self._tick_s = tick_s
        self._max_viewers = max_viewers
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._viewers: dict[Viewer, None] = {}
        self._tick = 1
        self._moved: dict[str, int] = {}
        """The tick in which each unit last moved, the latest last."""
        self._placed: dict[str, tuple[float, float]] = {}
        self._picture: tuple[int, Picture] | None = None
        self._gone = HubStatistics(0, 0, 0, 0, 0, 0, 0)
        self._aborted = 0
        service.listen(self.publish)
        service.faults.listen(self.publish_status)

    @property
    def is_full(self) -> bool:
        """True when no further viewer is taken."""
        return len(self._viewers) >= self._max_viewers

    def join(self, connection: ServerConnection, bbox: Bbox | None) -> tuple[Viewer, Picture]:
        """Take a viewer in, and give the picture that it starts from.

        Both happen in one turn of the loop, so that every event is either in the picture or waits for
        `go_live`. Position frames begin with `go_live` too.
        """
        transport_socket: socket.socket | None = connection.transport.get_extra_info("socket")
        if transport_socket is not None:
            transport_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        picture = self._current_picture() if bbox is None else Picture(self._service.world, bbox)
        # Units that move in the present tick may do so after this picture: they are sent in its frame again.
        viewer = Viewer(connection, bbox, picture.offset, self._tick - 1)
        self._viewers[viewer] = None
        return viewer, picture

    async def hand(self, viewer: Viewer, frame: bytes) -> None:
        """Send a frame to a viewer that is not live yet, at its own speed.

        Raises:
            ConnectionClosed: it has gone, or was cut off since it takes nothing.
        """
        viewer.last_frame_bytes = len(frame)
        viewer.count(frame, self._loop.time())
        await viewer.connection.send(frame, text=True)

    def go_live(self, viewer: Viewer) -> None:
        """Send a viewer what happened since its picture; from now on it gets everything at once."""
        at = self._loop.time()
        for frame in viewer.waiting:
            viewer.count(frame, at)
            broadcast((viewer.connection,), frame, text=True)
        viewer.waiting.clear()
        viewer.waiting_bytes = 0
        viewer.is_live = True

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        if viewer not in self._viewers:
            return
        del self._viewers[viewer]
        gone = self._gone
        self._gone = msgspec.structs.replace(
            gone,
            sent_frames=gone.sent_frames + viewer.sent_frames,
            sent_bytes=gone.sent_bytes + viewer.handed_bytes,
            skipped_frames=gone.skipped_frames + viewer.skipped_frames,
        )
        _log.info(
            "viewer left",
            viewer=str(viewer.connection.id),
            sent_frames=viewer.sent_frames,
            sent_bytes=viewer.handed_bytes,
            skipped_frames=viewer.skipped_frames,
        )

    def publish(self, committed: Committed) -> None:
        """Send what was just committed: events at once, moves with the next tick."""
        for unit in committed.moved:
            self._move(unit)
        if not committed.events:
            return
        self._picture = None
        for offset, event, encoded, *_ in committed.events:
            if isinstance(event, UnitSeen | UnitStale | UnitLost):
                self._move(event.unit)  # the quality in its row has changed
            self._send_event(offset, event_frame(offset, encoded))

    def publish_status(self) -> None:
        """Send what is wrong with the server, after a change; to those that wait for their snapshot, after it."""
        frame = status_frame(self._service.faults.standing, self._now())
        for viewer in self._viewers:
            if not viewer.is_live:
                viewer.waiting.append(frame)
                viewer.waiting_bytes += len(frame)
        self._send([viewer for viewer in self._viewers if viewer.is_live], frame, self._loop.time())

    async def run(self) -> None:
        """Tick until cancelled."""
        due_at = self._loop.time()
        while True:
            # Ticks that could not be kept are left out, not made up for.
            due_at = max(due_at + self._tick_s, self._loop.time())
            await asyncio.sleep(due_at - self._loop.time())
            try:
                self.tick()
            except Exception:  # noqa: BLE001 - one tick that fails must not be the last one
                _log.exception("a tick failed")

    def tick(self) -> None:
        """Send each viewer that keeps up what moved since its last frame, or a heartbeat."""
        at = self._loop.time()
        tick, self._tick = self._tick, self._tick + 1
        ready: dict[int, list[Viewer]] = {}
        for viewer in list(self._viewers):
            if viewer.blocked_s(at) > MAX_BLOCKED_S:
                self._abort(viewer, "took nothing for too long")
            elif viewer.is_live and viewer.buffered_bytes == 0:
                ready.setdefault(viewer.seen, []).append(viewer)
            elif viewer.is_live and self._moved_since(viewer.seen):
                viewer.skipped_frames += 1
                viewer.wants_all = True
        latest = self._tracks_since(tick - 1)
        for seen, viewers in ready.items():
            moves = Moves(latest if seen == tick - 1 else self._tracks_since(seen), self._placed)
            self._send_moves(moves, viewers, at)
        for viewers in ready.values():
            for viewer in viewers:
                viewer.seen = tick
        for track in latest:
            self._placed[track.fix.unit] = (track.fix.lon, track.fix.lat)
        self._send_heartbeats([viewer for viewers in ready.values() for viewer in viewers], at)

    def statistics(self) -> HubStatistics:
        """How the fan-out is doing."""
        buffers = [viewer.buffered_bytes for viewer in self._viewers]
        return HubStatistics(
            viewers=len(self._viewers),
            sent_frames=self._gone.sent_frames + sum(viewer.sent_frames for viewer in self._viewers),
            sent_bytes=self._gone.sent_bytes + sum(viewer.handed_bytes for viewer in self._viewers),
            skipped_frames=self._gone.skipped_frames + sum(viewer.skipped_frames for viewer in self._viewers),
            aborted_viewers=self._aborted,
            buffered_bytes=sum(buffers),
            largest_buffer_bytes=max(buffers, default=0),
        )

    def _current_picture(self) -> Picture:
        # After a restart all viewers come back at once; those of one tick share one picture.
        if self._picture is None or self._picture[0] != self._tick:
            self._picture = (self._tick, Picture(self._service.world, None))
        return self._picture[1]

    def _move(self, unit: str) -> None:
        self._moved.pop(unit, None)
        self._moved[unit] = self._tick

    def _moved_since(self, tick: int) -> bool:
        return bool(self._moved) and self._moved[next(reversed(self._moved))] > tick

    def _tracks_since(self, tick: int) -> list[Track]:
        tracks: list[Track] = []
        for unit in reversed(self._moved):
            if self._moved[unit] <= tick:
                break
            track = self._service.world.tracks.get(unit)
            if track is not None:
                tracks.append(track)
        tracks.reverse()
        return tracks

    def _send_event(self, offset: int, frame: bytes) -> None:
        at = self._loop.time()
        live = [viewer for viewer in self._viewers if viewer.is_live and viewer.offset < offset]
        broadcast([viewer.connection for viewer in live], frame, text=True)
        for viewer in live:
            viewer.count(frame, at)
            if viewer.buffered_bytes - viewer.last_frame_bytes > MAX_WAITING_BYTES:
                self._abort(viewer, "left too many events unread")
        for viewer in list(self._viewers):
            if viewer.is_live or viewer.offset >= offset:
                continue
            viewer.waiting.append(frame)
            viewer.waiting_bytes += len(frame)
            if viewer.waiting_bytes > MAX_WAITING_BYTES:
                self._abort(viewer, "takes its snapshot too slowly")

    def _send_moves(self, moves: Moves, viewers: list[Viewer], at: float) -> None:
        now = self._now()
        groups: dict[Bbox | None, list[Viewer]] = {}
        for viewer in viewers:
            groups.setdefault(None if viewer.wants_all else viewer.bbox, []).append(viewer)
        for bbox, members in groups.items():
            frame = moves.frame(now, bbox)
            for viewer in members:
                viewer.wants_all = False
            if frame is not None:
                self._send(members, frame, at)

    def _send_heartbeats(self, viewers: list[Viewer], at: float) -> None:
        # Half a tick early rather than half a tick late.
        quiet = [viewer for viewer in viewers if at - viewer.sent_at >= HEARTBEAT_S - self._tick_s / 2]
        if quiet:
            self._send(quiet, heartbeat_frame(self._now()), at)

    def _send(self, viewers: list[Viewer], frame: bytes, at: float) -> None:
        broadcast([viewer.connection for viewer in viewers], frame, text=True)
        for viewer in viewers:
            viewer.last_frame_bytes = len(frame)
            viewer.count(frame, at)

    def _abort(self, viewer: Viewer, reason: str) -> None:
        _log.warning(
            "viewer cut off",
            viewer=str(viewer.connection.id),
            reason=reason,
            buffered_bytes=viewer.buffered_bytes,
            waiting_bytes=viewer.waiting_bytes,
        )
        self._aborted += 1
        viewer.connection.transport.abort()
        self.leave(viewer)
