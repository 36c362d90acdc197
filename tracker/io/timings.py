"""How long things take, counted so cheaply that every ping can be: a search among a dozen bounds and two additions for
a message of pings, a group of them or a tick, and no lock, since all of it happens in the event loop's thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from time import perf_counter
from typing import Final, ParamSpec, TypeVar

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds. The promised ones (100 ms to the acknowledgement, 250 ms to an alert, a tick and 100 ms to a position) lie on
or beside one.
"""

INPUTS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)

_Parameters = ParamSpec("_Parameters")


class Distribution:
    """How many values there were up to each bound.

    Args:
        bounds: in order; a value that is one of them counts below it.
    """

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Count a value, so many times."""
        self._counts[bisect_left(self._bounds, value)] += times
        self._sum += value * times

    def show(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add what was counted to a metric."""
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        family.add_metric(labels, list(zip(bounds, accumulate(self._counts), strict=True)), self._sum)


class Timings(Collector):
    """What is measured on the way from a ping to a dispatcher's screen; all in seconds but `group`."""

    def __init__(self) -> None:
        self.ack: Final = {"socket": Distribution(SECONDS), "http": Distribution(SECONDS)}
        """From a ping's arrival to its acknowledgement, by the way it came."""
        self.to_viewer: Final = {"position": Distribution(SECONDS), "event": Distribution(SECONDS)}
        """From an input's place in the queue to the frame that shows what became of it."""
        self.commit: Final = Distribution(SECONDS)
        self.group: Final = Distribution(INPUTS)
        self.loop_lag: Final = Distribution(SECONDS)

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        yield _shown(
            "drempelloos_ping_ack_seconds",
            "From a ping's arrival to its acknowledgement, which follows the commit.",
            self.ack,
            "source",
        )
        yield _shown(
            "drempelloos_ingest_to_viewer_seconds",
            "From an input's place in the queue to the frame for viewers that shows what became of it.",
            self.to_viewer,
            "kind",
        )
        yield _shown("drempelloos_commit_seconds", "Writing a group and flushing it to the disk.", {"": self.commit})
        yield _shown("drempelloos_group_inputs", "Inputs that were written in one transaction.", {"": self.group})
        yield _shown(
            "drempelloos_loop_lag_seconds", "How late the event loop was when it was looked at.", {"": self.loop_lag}
        )


_Result = TypeVar("_Result")


def timed(
    call: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
) -> tuple[_Result, float]:
    """What a call returns, and how many seconds it took."""
    began_at = perf_counter()
    result = call(*args, **kwargs)
    return result, perf_counter() - began_at


def _shown(name: str, says: str, of: dict[str, Distribution], label: str | None = None) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, says, labels=[] if label is None else [label])
    for value, distribution in of.items():
        distribution.show(family, *([] if label is None else [value]))
    return family
