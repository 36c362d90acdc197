"""The hub: what is new goes to every viewer, and no viewer can hold up another.

Events go out at once, in order, each once, to those who may see them. Positions are conflated: one frame per tick,
the newest fix of each unit that moved since the frame before, encoded once for all who see and want the same.

Whose business a pursuit is changes while it runs. A scope to which one becomes visible is shown it before the event
that made it so; one to which it stops being visible is told after that event what to take off the screen.

Nothing here waits for a viewer. Bytes are handed to its socket, and what the socket has not taken yet is
looked at: a viewer that still has bytes to take from before gets no position frame (it gets what it missed
later, newest only); one that has more than 1 MiB of events waiting, or takes nothing for 5 s, is cut off. It
comes back and resumes.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection

from tracker.events import PursuitJoined, UnitLost, UnitSeen, UnitStale
from tracker.io.batch import Told
from tracker.io.credentials import Grant
from tracker.io.frames import (
    Bbox,
    Moves,
    Picture,
    event_frame,
    heartbeat_frame,
    hide_frame,
    roster_frame,
    show_frame,
    status_frame,
)
from tracker.io.posting import post, seal
from tracker.io.service import Committed, Service
from tracker.io.viewer import Viewer, deliver
from tracker.policy import Scope, Sight, sees_event, sees_unit, sight
from tracker.units import Track

HEARTBEAT_S: Final = 1.0
"""A viewer that was sent nothing for this long gets a heartbeat."""

MAX_WAITING_BYTES: Final = 1024 * 1024
"""Events that a viewer may leave unread."""

MAX_BLOCKED_S: Final = 5.0
"""A viewer that takes no byte for this long, while there are some, is cut off."""

SEND_BUFFER_BYTES: Final = 256 * 1024
"""Of the kernel, per viewer. By itself Linux takes up to 4 MiB, and so long a stalled viewer looks well."""

SLICE_BYTES: Final = 2 * 1024 * 1024
"""Position frames that are handed over before the loop may serve others: about 2 ms of copying."""

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


class _Change(NamedTuple):
    """How much a scope was shown of a pursuit, and how much of it is to be seen now."""

    scope: Scope
    pursuit: str
    before: Sight
    after: Sight


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
        self._unshown: list[tuple[float, int]] = []
        """What no frame has shown yet: when it took its place in the queue (the loop's clock), how many units moved."""
        self._placed: dict[str, tuple[float, float]] = {}
        self._pictures: tuple[int, dict[Scope, Picture]] = (0, {})
        self._sights: dict[Scope, dict[str, Sight]] = {}
        """How much each scope that somebody has was shown of each pursuit; what is not shown is left out."""
        self._narrowed = 0
        """How often something was hidden."""
        self._gone = HubStatistics(0, 0, 0, 0, 0, 0, 0)
        self._aborted = 0
        service.listen(self.publish)
        service.faults.listen(self.publish_status)

    @property
    def is_full(self) -> bool:
        """True when no further viewer is taken."""
        return len(self._viewers) >= self._max_viewers

    def join(
        self, connection: ServerConnection, grant: Grant, scope: Scope, bbox: Bbox | None
    ) -> tuple[Viewer, Picture]:
        """Take a viewer in, and give the picture that it starts from.

        Both happen in one turn of the loop, so that every event is either in the picture or waits for
        `go_live`. Position frames begin with `go_live` too.
        """
        transport_socket: socket.socket | None = connection.transport.get_extra_info("socket")
        if transport_socket is not None:
            transport_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        picture = self._current_picture(scope) if bbox is None else Picture(self._service.world, scope, bbox)
        self._look(scope)
        # Units that move in the present tick may do so after this picture: they are sent in its frame again.
        viewer = Viewer(connection, grant, scope, bbox, picture.offset, self._tick - 1)
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
        for sealed in viewer.waiting:
            viewer.count(sealed, at)
            post((viewer.connection,), sealed)
        viewer.waiting.clear()
        viewer.waiting_bytes = 0
        viewer.is_live = True

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        if viewer not in self._viewers:
            return
        del self._viewers[viewer]
        self._forget(viewer.scope)
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
        if committed.moved and self._viewers:
            self._unshown.append((committed.since, len(committed.moved)))
        if committed.restated:
            self._restate(committed.restated)
        if committed.introduced:
            self._introduce(committed.introduced)
        if not committed.events:
            return
        self._pictures[1].clear()
        for told in committed.events:
            if isinstance(told.event, UnitSeen | UnitStale | UnitLost):
                self._move(told.event.unit)  # the quality in its row has changed
        concerned = {told.pursuit for told in committed.events if told.pursuit is not None}
        joined = {told.pursuit for told in committed.events if isinstance(told.event, PursuitJoined)}
        changes = [change for scope in self._sights for change in self._changes(scope, concerned)]
        for change in changes:
            if change.after > change.before or (change.after and change.pursuit in joined):
                self._show(change, self._of(change.scope))
        self._send_events(committed.events)
        for change in changes:
            self._hide(change, self._of(change.scope))
        if self._viewers:
            took_s = self._loop.time() - committed.since
            self._service.timings.to_viewer["event"].add(took_s, len(committed.events))

    def publish_status(self) -> None:
        """Send what is wrong with the server, after a change; to those that wait for their snapshot, after it."""
        self._tell(self._viewers, status_frame(self._service.faults.standing, self._now()))

    def rescope(self, scope_of: Callable[[Grant], Scope]) -> None:
        """Look again at what everybody may see, and tell the screens for which that has changed."""
        for viewer in list(self._viewers):
            before, scope = viewer.scope, scope_of(viewer.grant)
            if scope == before:
                continue
            viewer.scope = scope
            self._look(scope)
            was, now = self._sights[before], self._sights[scope]
            for name in sorted(was.keys() | now.keys()):
                change = _Change(scope, name, was.get(name, Sight.NOTHING), now.get(name, Sight.NOTHING))
                if change.after > change.before:
                    self._show(change, [viewer])
                else:
                    self._hide(change, [viewer])
            self._forget(before)

    async def run(self) -> None:
        """Tick until cancelled."""
        due_at = self._loop.time()
        while True:
            # Ticks that could not be kept are left out, not made up for.
            due_at = max(due_at + self._tick_s, self._loop.time())
            await asyncio.sleep(due_at - self._loop.time())
            try:
                for _ in self._steps():
                    await asyncio.sleep(0)
            except Exception:  # noqa: BLE001 - one tick that fails must not be the last one
                _log.exception("a tick failed")

    def tick(self) -> None:
        """Send each viewer that keeps up what moved since its last frame, or a heartbeat, in one go."""
        for _ in self._steps():
            pass

    def _steps(self) -> Iterator[None]:
        """A tick in steps of a few milliseconds, between which the loop can serve others."""
        at = self._loop.time()
        tick, self._tick = self._tick, self._tick + 1
        shown, self._unshown = self._unshown, []
        ready: dict[int, list[Viewer]] = {}
        for viewer in list(self._viewers):
            if viewer.blocked_s(at) > MAX_BLOCKED_S:
                self._abort(viewer, "took nothing for too long")
            elif viewer.is_live and viewer.buffered_bytes == 0:
                ready.setdefault(viewer.seen, []).append(viewer)
                viewer.seen = tick
            elif viewer.is_live and self._moved_since(viewer.seen):
                viewer.skipped_frames += 1
                viewer.wants_all = True
        latest = self._tracks_since(tick - 1)
        for seen, viewers in ready.items():
            moves = Moves(latest if seen == tick - 1 else self._tracks_since(seen), self._placed, self._service.world)
            yield from moves.encode()
            yield from self._send_moves(moves, viewers, seen, at)
        if ready:
            shown_at, positions = self._loop.time(), self._service.timings.to_viewer["position"]
            for since, count in shown:
                positions.add(shown_at - since, count)
        for track in latest:
            self._placed[track.fix.unit] = (track.fix.lon, track.fix.lat)
        self._send_heartbeats([viewer for viewer in self._viewers if viewer.is_live and viewer.seen == tick], at)

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

    def _current_picture(self, scope: Scope) -> Picture:
        # After a restart all viewers come back at once; those of one tick and scope share one picture.
        tick, pictures = self._pictures
        if tick != self._tick:
            pictures = {}
            self._pictures = (self._tick, pictures)
        if scope not in pictures:
            pictures[scope] = Picture(self._service.world, scope, None)
        return pictures[scope]

    def _look(self, scope: Scope) -> None:
        """Note what a scope is shown, if nobody had it so far. Who sees all is never told of a change."""
        if scope in self._sights or scope.sees_all:
            self._sights.setdefault(scope, {})
            return
        world = self._service.world
        sights = {name: sight(world, scope, pursuit) for name, pursuit in world.pursuits.items()}
        self._sights[scope] = {name: much for name, much in sights.items() if much}

    def _changes(self, scope: Scope, names: Iterable[str]) -> list[_Change]:
        """How the sight that a scope has of these pursuits changes; notes that it is told."""
        if scope.sees_all:
            return []
        changes: list[_Change] = []
        shown, world = self._sights[scope], self._service.world
        for name in sorted(names):
            pursuit = world.pursuits.get(name)
            before = shown.pop(name, Sight.NOTHING)
            after = Sight.NOTHING if pursuit is None else sight(world, scope, pursuit)
            if after:
                shown[name] = after
            changes.append(_Change(scope, name, before, after))
        return changes

    def _show(self, change: _Change, viewers: list[Viewer]) -> None:
        world = self._service.world
        self._tell(viewers, show_frame(world, change.scope, world.pursuits[change.pursuit]))

    def _restate(self, units: Mapping[str, str | None]) -> None:
        """Units belong to another state now: take them, and what was seen for their sake, off the screens of the one
        before, and show the new one what it may see.
        """
        self._pictures[1].clear()
        world = self._service.world
        pursuits = [one.id for one in world.pursuits.values() if any(member.unit in units for member in one.members)]
        for scope in list(self._sights):
            viewers = self._of(scope)
            for change in self._changes(scope, pursuits):
                if change.after > change.before:
                    self._show(change, viewers)
                else:
                    self._hide(change, viewers)
            lost = [unit for unit in units if units[unit] == scope.state and not sees_unit(world, scope, unit)]
            if lost and scope.state is not None:
                self._narrowed += 1
                self._tell(viewers, hide_frame([], lost))
        for unit in units:
            if unit in world.tracks:
                self._move(unit)

    def _introduce(self, units: Iterable[str]) -> None:
        """Say who these units are to those who may see them: a row says only where."""
        self._pictures[1].clear()
        world = self._service.world
        for scope in list(self._sights):
            seen = [unit for unit in units if sees_unit(world, scope, unit)]
            if seen:
                self._tell(self._of(scope), roster_frame(world, seen))

    def _hide(self, change: _Change, viewers: list[Viewer]) -> None:
        """Take off the screen what is not to be seen any more: a pursuit, or only units that have left one."""
        world = self._service.world
        pursuit = world.pursuits.get(change.pursuit)
        is_less = change.after < change.before
        is_over = change.before is Sight.LIVE and (pursuit is None or pursuit.ended_at is not None)
        if not is_less and not is_over:
            return
        members = () if pursuit is None else pursuit.members
        units = [member.unit for member in members if not sees_unit(world, change.scope, member.unit)]
        if is_less or units:
            self._narrowed += 1
            self._tell(viewers, hide_frame([change.pursuit] if is_less else [], units))
        if is_less and change.after:
            self._show(change, viewers)

    def _forget(self, scope: Scope) -> None:
        if not self._of(scope):
            self._sights.pop(scope, None)

    def _of(self, scope: Scope) -> list[Viewer]:
        return [viewer for viewer in self._viewers if viewer.scope == scope]

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

    def _send_events(self, events: Sequence[Told]) -> None:
        """Those of one commit in one write: a write costs as much as many small events."""
        sealed: dict[int, bytes] = {}
        for scope in list(self._sights):
            seen = [told for told in events if sees_event(scope, told.seen_by, told.pursuit)]
            # Who joined before this commit has none of its events in his picture, and who joined after it all.
            viewers = [viewer for viewer in self._of(scope) if viewer.offset < events[0].offset]
            if not seen or not viewers:
                continue
            for told in seen:
                if told.offset not in sealed:
                    sealed[told.offset] = seal(event_frame(told.offset, told.body, told.age_s))
            self._tell_sealed(viewers, b"".join(sealed[told.offset] for told in seen), len(seen))

    def _tell(self, viewers: Iterable[Viewer], frame: bytes) -> None:
        """Send what nobody may miss: to those that wait for their snapshot, after it."""
        self._tell_sealed(viewers, seal(frame), 1)

    def _tell_sealed(self, viewers: Iterable[Viewer], sealed: bytes, frames: int) -> None:
        at = self._loop.time()
        live: list[Viewer] = []
        for viewer in list(viewers):
            if viewer.is_live:
                live.append(viewer)
                continue
            viewer.waiting.append(sealed)
            viewer.waiting_bytes += len(sealed)
            if viewer.waiting_bytes > MAX_WAITING_BYTES:
                self._abort(viewer, "takes its snapshot too slowly")
        deliver(live, sealed, at, frames)
        for viewer in live:
            if viewer.buffered_bytes - viewer.last_frame_bytes > MAX_WAITING_BYTES:
                self._abort(viewer, "left too many events unread")

    def _send_moves(self, moves: Moves, viewers: list[Viewer], seen: int, at: float) -> Iterator[None]:
        now, offset = self._now(), self._service.world.offset
        groups: dict[tuple[Scope, Bbox | None], list[Viewer]] = {}
        for viewer in viewers:
            groups.setdefault((viewer.scope, None if viewer.wants_all else viewer.bbox), []).append(viewer)
        for (scope, bbox), members in groups.items():
            sealed, narrowed = b"", -1
            for viewer in members:
                viewer.wants_all = False
            while members:
                if narrowed != self._narrowed:  # meanwhile something was hidden, and may be in the frame
                    narrowed = self._narrowed
                    frame = moves.frame(now, offset, scope, bbox)
                    sealed = b"" if frame is None else seal(frame)
                if not sealed:
                    break
                size = max(1, SLICE_BYTES // len(sealed))
                some = [viewer for viewer in members[:size] if viewer in self._viewers]
                del members[:size]
                for viewer in some:
                    if (
                        viewer.scope != scope
                    ):  # it came to see something else meanwhile, and gets that with the next tick
                        viewer.seen = seen
                some = [viewer for viewer in some if viewer.scope == scope]
                deliver(some, sealed, at)
                for viewer in some:
                    viewer.last_frame_bytes = len(sealed)
                yield

    def _send_heartbeats(self, viewers: list[Viewer], at: float) -> None:
        # Half a tick early rather than half a tick late.
        quiet = [viewer for viewer in viewers if at - viewer.sent_at >= HEARTBEAT_S - self._tick_s / 2]
        if quiet:
            sealed = seal(heartbeat_frame(self._now(), self._service.world.offset))
            deliver(quiet, sealed, at)
            for viewer in quiet:
                viewer.last_frame_bytes = len(sealed)

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
