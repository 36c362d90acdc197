"""What is read off the server when somebody asks for the metrics; it costs nothing in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.io.faults import CODES

if TYPE_CHECKING:
    from tracker.io.service import Service


class Gauges(Collector):
    """How the service stands.

    Args:
        service: is looked at.
        version: of the program.
        boundary_sha256: names the boundary data.
    """

    def __init__(self, service: Service, version: str, boundary_sha256: str) -> None:
        self._service = service
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
        tracks = service.world.tracks.values()
        qualities = Counter(track.quality if track.silence == "fresh" else track.silence for track in tracks)
        family = GaugeMetricFamily("drempelloos_units_by_quality", "Units, as the map shows them.", labels=["quality"])
        for quality, count in sorted(qualities.items()):
            family.add_metric([quality], count)
        yield family
        running = sum(pursuit.ended_at is None for pursuit in service.world.pursuits.values())
        yield GaugeMetricFamily("drempelloos_pursuits_running", "Pursuits that have not ended.", running)
