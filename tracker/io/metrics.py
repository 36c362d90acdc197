"""What the server counts, for Prometheus; each server in its own registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, disable_created_metrics
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
from tracker.io.timings import Timings

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

disable_created_metrics()  # type: ignore[no-untyped-call] # a line more for each counter: when it began

VERDICTS: Final = ("accepted", "refused", "postponed")

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
        timings: how long things take.
    """

    def __init__(self, hub: Callable[[], HubStatistics], units: Callable[[], int], timings: Timings) -> None:
        self._registry = CollectorRegistry()
        self._timings = timings
        self._pings: dict[tuple[str, ...], int] = dict.fromkeys(product(timings.ack, VERDICTS), 0)
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
        says = "Pings received, by the way they came and what became of them."
        self.add(Tally("drempelloos_pings", says, ("source", "verdict"), self._pings))
        self.add(_Pulled(hub, units))
        self.add(timings)
        self.add(ProcessCollector(registry=None))

    def add(self, collector: Collector) -> None:
        """Show what a further collector knows."""
        self._registry.register(collector)

    def count_pings(self, source: str, accepted: int, refused: int, postponed: int = 0, took_s: float = 0.0) -> None:
        """Count pings that came together.

        Args:
            source: `socket` or `http`.
            accepted: how many are acknowledged.
            refused: how many never will be accepted.
            postponed: how many could not be taken now, and are to be sent again.
            took_s: seconds from their arrival to the acknowledgement.
        """
        pings = self._pings
        if accepted:
            pings[source, "accepted"] += accepted
            self._timings.ack[source].add(took_s, accepted)
        if refused:
            pings[source, "refused"] += refused
        if postponed:
            pings[source, "postponed"] += postponed

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


class Tally(Collector):
    """What somebody else counts, by labels whose values are all there from the start: a rate of what never happened is
    0, and not unknown.

    Args:
        name: of the metric, without `_total`.
        says: what it means.
        labels: their names.
        counts: by their values.
    """

    def __init__(self, name: str, says: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> None:
        self._about = (name, says)
        self._labels = labels
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """The counts as they are now."""
        family = CounterMetricFamily(*self._about, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


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
