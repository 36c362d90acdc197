"""Recorded tracks, sent again as if they happened now."""

from __future__ import annotations

import heapq
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.codec.track_file import read_track
from tracker.errors import Refused
from tracker.fix import Ping
from tracker.io.clock import Clock
from tracker.io.stream import Counts, Refusal, Watcher, stream

_MAX_SHOWN: Final = 10


class ReplaySummary(msgspec.Struct, frozen=True):
    """What became of a replay. `seconds` is the data time from the earliest fix to the latest."""

    pings: int
    units: int
    seconds: float
    acknowledged: int
    refused: int
    resent: int
    reconnects: int


async def replay(
    files: Sequence[Path],
    to: str,
    speed: float | None = 1.0,
    token: str | None = None,
    unit: str | None = None,
    shift_to_now: bool = False,
    *,
    patience_s: float | None = 30.0,
) -> ReplaySummary:
    """Stream track files to a server through the unit protocol, several merged by time.

    All files are read to their end before anything is sent, so that a mistake in one sends nothing. Gaps,
    jitter and order stay as they were recorded; `boot` is new and `seq` counts from 0. A terminal shows a
    progress bar on stderr.

    Args:
        files: GPX, GeoJSON, CSV or NDJSON, by extension.
        to: `ws://host:port/units`.
        speed: how many times faster than it was recorded; None for as fast as the server acknowledges.
        token: of the unit, or of a gateway for all units.
        unit: names nameless tracks, or picks one unit; see `tracker.codec.track_file`.
        shift_to_now: let the first fix be of this moment, and shift all others with it; else the times stay.
        patience_s: how long the server may be unreachable or silent.

    Raises:
        Refused: a file, the address or the token is not acceptable.
        Unreachable: patience has run out.
    """
    if speed is not None and not 0 < speed <= 10_000:
        raise Refused("speed", f"{speed:g} is outside 0 to 10000")
    first, last, number, units = _survey(files, unit)
    shift_s = Clock().now() - first if shift_to_now else 0.0
    pings = renumbered(_merged(files, unit), f"replay-{secrets.token_hex(4)}", shift_s)
    with _Terminal(number) as terminal:
        counts = await stream(to, pings, token=token, speed=speed, patience_s=patience_s, watcher=terminal)
    return ReplaySummary(
        pings=number,
        units=units,
        seconds=round(last - first, 3),
        acknowledged=counts.acknowledged,
        refused=counts.refused,
        resent=counts.resent,
        reconnects=counts.reconnects,
    )


def renumbered(pings: Iterable[Ping], boot: str, shift_s: float) -> Iterator[Ping]:
    """The same pings under a new boot, counted from 0 for each unit, `shift_s` seconds later."""
    counters: dict[str, int] = {}
    for ping in pings:
        seq = counters.get(ping.unit, 0)
        counters[ping.unit] = seq + 1
        yield msgspec.structs.replace(ping, boot=boot, seq=seq, t=ping.t + shift_s)


def _survey(files: Sequence[Path], unit: str | None) -> tuple[float, float, int, int]:
    """Earliest and latest time, number of pings and number of units; reads and so checks everything."""
    first, last, number = float("inf"), float("-inf"), 0
    units: set[str] = set()
    for ping in _merged(files, unit):
        first, last, number = min(first, ping.t), max(last, ping.t), number + 1
        units.add(ping.unit)
    if not number:
        raise Refused("", "there is no fix in it" if len(files) == 1 else "there is no fix in any of the files")
    return first, last, number, len(units)


def _merged(files: Sequence[Path], unit: str | None) -> Iterator[Ping]:
    return heapq.merge(*(_track(file, unit) for file in files), key=lambda ping: ping.t)


def _track(file: Path, unit: str | None) -> Iterator[Ping]:
    try:
        with file.open("rb") as body:
            yield from read_track(file.name, body, unit)
    except OSError as error:
        raise Refused("", f"{file} cannot be read: {error.strerror}") from None


class _Terminal(Watcher):
    """Progress and troubles, on stderr: a bar where there is a terminal, lines where there is none."""

    def __init__(self, total: int) -> None:
        self._console = Console(file=sys.stderr)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("pings", total=total)
        self._shown = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        if self._shown > _MAX_SHOWN:
            self._console.print(f"... and {self._shown - _MAX_SHOWN} more refused", markup=False)

    def counted(self, counts: Counts) -> None:
        self._progress.update(self._task, completed=counts.acknowledged + counts.refused)

    def refused(self, refusal: Refusal) -> None:
        self._shown += 1
        if self._shown <= _MAX_SHOWN:
            line = f"{refusal.unit} {refusal.seq} refused: {refusal.field}: {refusal.reason}"
            self._console.print(line, markup=False, highlight=False)

    def disturbed(self, trouble: str) -> None:
        self._console.print(trouble, markup=False, highlight=False)
