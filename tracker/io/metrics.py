"""What the server counts, for Prometheus; each server in its own registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from tracker.events import (
    CrossingApproaching,
    CrossingConfirmed,
    CrossingCorrected,
    CrossingEvent,
    CrossingProbable,
    CrossingRetracted,
    Decision,
)
from tracker.io.hub import HubStatistics
from tracker.io.service import Committed

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_CROSSINGS: Final = {
    CrossingApproaching: "approaching",
    CrossingProbable: "probable",
    CrossingConfirmed: "confirmed",
    CrossingCorrected: "corrected",
    CrossingRetracted: "retracted",
}


class Metrics:
    """Counts what passes, and reads the rest when asked.

    Args:
        hub: tells how the fan-out is doing.
        units: tells how many units are known.
    """

    def __init__(self, hub: Callable[[], HubStatistics], units: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._pings = Counter(
            "drempelloos_pings",
            "Pings received, by the way they came and what became of them.",
            ("source", "verdict"),
            registry=self._registry,
        )
        self._commits = Counter("drempelloos_commits", "Groups of inputs made durable.", registry=self._registry)
        self._events = Counter(
            "drempelloos_events", "Events made durable, by type.", ("type",), registry=self._registry
        )
        self._crossings = Counter(
            "drempelloos_crossings",
            "Crossing events, by border and kind.",
            ("border", "kind"),
            registry=self._registry,
        )
        self._decisions = Counter(
            "drempelloos_decisions",
            "Decisions, by the rule that was applied and what it permits.",
            ("rule", "permitted"),
            registry=self._registry,
        )
        self._registry.register(_Pulled(hub, units))

    def add(self, collector: Collector) -> None:
        """Show what a further collector knows."""
        self._registry.register(collector)

    def count_pings(self, source: str, *, accepted: int, refused: int) -> None:
        """Count a message of pings. `source` is `socket` or `http`."""
        if accepted:
            self._pings.labels(source, "accepted").inc(accepted)
        if refused:
            self._pings.labels(source, "refused").inc(refused)

    def count_commit(self, committed: Committed) -> None:
        """Count a commit and its events. For `Service.listen`."""
        self._commits.inc()
        for _, event, *_ in committed.events:
            self._events.labels(event.__struct_config__.tag).inc()
            if isinstance(event, Decision):
                self._decisions.labels(event.rule, event.permitted).inc()
            elif isinstance(event, CrossingEvent):
                self._crossings.labels(event.border, _CROSSINGS[type(event)]).inc()

    def render(self) -> bytes:
        """Everything in the text format of Prometheus (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)


class _Pulled(Collector):
    def __init__(self, hub: Callable[[], HubStatistics], units: Callable[[], int]) -> None:
        self._hub = hub
        self._units = units

    def collect(self) -> Iterator[Metric]:
        hub = self._hub()
        yield GaugeMetricFamily("drempelloos_units", "Units that have sent a fix.", self._units())
        yield GaugeMetricFamily("drempelloos_viewers", "Viewers connected.", hub.viewers)
        yield GaugeMetricFamily("drempelloos_tasks", "Tasks of the event loop.", len(_tasks()))
        yield GaugeMetricFamily(
            "drempelloos_viewer_buffered_bytes", "Bytes that viewers have not taken yet.", hub.buffered_bytes
        )
        yield GaugeMetricFamily(
            "drempelloos_viewer_largest_buffer_bytes",
            "The same of the viewer with the most.",
            hub.largest_buffer_bytes,
        )
        yield CounterMetricFamily("drempelloos_viewer_frames_sent", "Frames handed to viewers.", hub.sent_frames)
        yield CounterMetricFamily("drempelloos_viewer_bytes_sent", "Bytes handed to viewers.", hub.sent_bytes)
        yield CounterMetricFamily(
            "drempelloos_viewer_frames_skipped",
            "Position frames that a viewer missed since it reads too slowly.",
            hub.skipped_frames,
        )
        yield CounterMetricFamily(
            "drempelloos_viewers_aborted", "Viewers cut off since they read too slowly.", hub.aborted_viewers
        )


def _tasks() -> set[asyncio.Task[object]]:
    try:
        return asyncio.all_tasks()
    except RuntimeError:  # asked from where no loop runs
        return set()
