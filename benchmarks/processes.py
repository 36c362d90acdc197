"""Server processes for benchmarks, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


class Running(NamedTuple):
    """A process that listens."""

    pid: int
    http: str
    ws: str

    def processor_s(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def process(*command: str, ends_by: signal.Signals = signal.SIGTERM) -> Iterator[Running]:
    """A process that prints its addresses once it is ready, for as long as it is needed."""
    running = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        line = b"" if running.stdout is None else running.stdout.readline()
        ready = json.loads(line)
        yield Running(running.pid, ready.get("http", ""), ready["ws"])
    finally:
        running.send_signal(ends_by)
        running.wait(timeout=120)


@contextmanager
def server(directory: Path | None = None, ends_by: signal.Signals = signal.SIGTERM) -> Iterator[Running]:
    """`drempelloos serve --no-auth`, on a directory of this disk."""
    with tempfile.TemporaryDirectory(dir=".") as own:
        data = str(directory or own)
        command = ("server.py", "serve", "--no-auth", "--data", data, "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0")
        with process(*command, ends_by=ends_by) as running:
            yield running
