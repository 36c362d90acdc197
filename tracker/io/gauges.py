"""What is read off the server when somebody asks for the metrics; it costs nothing in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.io.faults import CODES

if TYPE_CHECKING:
    from tracker.io.service import Service

QUANTILES: Final = (0.5, 0.9, 0.99, 1.0)


class Gauges(Collector):
    """How the service stands.

    Args:
        service: is looked at.
        now: the clock, Unix seconds UTC.
        version: of the program.
        boundary_sha256: names the boundary data.
    """

    def __init__(self, service: Service, now: Callable[[], float], version: str, boundary_sha256: str) -> None:
        self._service = service
        self._now = now
        self._about = {"version": version, "boundary_sha256": boundary_sha256}

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        service = self._service
        yield InfoMetricFamily("drempelloos_build", "Which program and boundary data run.", self._about)
        standing = {fault.code for fault in service.faults.standing}
        faults = GaugeMetricFamily("drempelloos_fault", "1 while a fault stands, by its code.", labels=["code"])
        for code in CODES:
            faults.add_metric([code], float(code in standing))
        yield faults
        yield GaugeMetricFamily("drempelloos_inputs_waiting", "Inputs that wait for the journal.", service.queued)
        yield GaugeMetricFamily(
            "drempelloos_journal_calls_waiting",
            "What the journal's thread is asked to do and has not done.",
            service.calls_waiting,
        )
        yield self._fix_ages()
        tracks = service.world.tracks.values()
        qualities = Counter(track.quality if track.silence == "fresh" else track.silence for track in tracks)
        family = GaugeMetricFamily("drempelloos_units_by_quality", "Units, as the map shows them.", labels=["quality"])
        for quality, count in sorted(qualities.items()):
            family.add_metric([quality], count)
        yield family
        running = sum(pursuit.ended_at is None for pursuit in service.world.pursuits.values())
        yield GaugeMetricFamily("drempelloos_pursuits_running", "Pursuits that have not ended.", running)

    def _fix_ages(self) -> Metric:
        """How old the newest fixes are of the units that are not lost. A histogram counts what passed; this is how
        things stand, so it is a gauge.
        """
        world, now = self._service.world, self._now()
        ages = sorted(now - world.tracks[unit].fix.fixed_at for unit in world.heard)
        family = GaugeMetricFamily(
            "drempelloos_fix_age_seconds", "Age of the newest fix of each unit that is not lost.", labels=["quantile"]
        )
        for quantile in QUANTILES if ages else ():
            family.add_metric([f"{quantile:g}"], ages[min(int(quantile * len(ages)), len(ages) - 1)])
        return family
