"""In which territory is a point: PostGIS, as a peer for `benchmarks/locate.py`.

A server of its own, on a private socket in a directory that is removed afterwards, without a TCP listener. The polygons
are subdivided (`ST_Subdivide`, 256 vertices) under a GiST index, the points are in a table, and the time is that of the
join by `ST_Contains` alone, as the server itself takes it (`EXPLAIN ANALYZE`, no timing of nodes, no parallel workers).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from borders.coverage import OUTSIDE
from borders.geodesy import Floats
from borders.grid import Codes

BIN: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
VERTICES: Final = 256
SETTINGS: Final = (
    "-c listen_addresses= -c fsync=off -c max_parallel_workers_per_gather=0 -c jit=off -c shared_buffers=256MB"
)
JOIN: Final = "SELECT points.id, parts.code FROM points LEFT JOIN parts ON ST_Contains(parts.geom, points.geom)"


def is_installed() -> bool:
    """Whether PostgreSQL with PostGIS is here (Debian: postgresql-15-postgis-3)."""
    return bool(BIN) and any(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))


class PostGis:
    """A running server with the territories in it.

    Args:
        socket: the directory of its socket.
        user: the system user that it runs as.
    """

    def __init__(self, socket: Path, user: str | None) -> None:
        self._socket = socket
        self._user = user

    def version(self) -> str:
        """Of PostGIS and GEOS."""
        return self.sql("SELECT postgis_lib_version() || ' (GEOS ' || postgis_geos_version() || ')'").strip()

    def load(self, areas: Sequence[tuple[int, shapely.MultiPolygon]]) -> None:
        """Put in the territories, each with its code."""
        rows = "".join(f"{code}\t{area.wkb_hex}\n" for code, area in areas)
        self.sql("CREATE TABLE areas (code int, geom geometry)")
        self._copy("areas", rows)
        self.sql(
            "CREATE TABLE parts AS SELECT code, ST_Subdivide(geom, :vertices) AS geom FROM areas",
            "CREATE INDEX ON parts USING gist (geom)",
            "VACUUM ANALYZE parts",
        )

    def place(self, lon: Floats, lat: Floats) -> None:
        """Put in the points."""
        rows = "".join(
            f"{number}\tPOINT({x!r} {y!r})\n"
            for number, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
        )
        self.sql("DROP TABLE IF EXISTS points", "CREATE TABLE points (id int, geom geometry)")
        self._copy("points", rows)
        self.sql("VACUUM ANALYZE points")

    def codes(self, count: int) -> Codes:
        """The code of each point; where two territories touch, the lower."""
        found = np.full(count, OUTSIDE, dtype=np.uint8)
        for line in self.sql(f"{JOIN} ORDER BY points.id, parts.code DESC").splitlines():
            number, _, code = line.partition("|")
            if code:
                found[int(number)] = int(code)
        return found

    def milliseconds(self) -> float:
        """How long one join of all points takes."""
        plan = json.loads(self.sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {JOIN}"))
        return float(plan[0]["Execution Time"])

    def sql(self, *statements: str) -> str:
        """Run statements, each on its own; the rows, fields apart by bars. `:vertices` is `VERTICES`."""
        # Given with -c, psql would not fill in its variables.
        return self._psql("-v", f"vertices={VERTICES}", "-f", "-", stdin=";\n".join(statements) + ";\n")

    def _copy(self, table: str, rows: str) -> None:
        self._psql("-c", f"COPY {table} FROM STDIN", stdin=rows)

    def _psql(self, *arguments: str, stdin: str = "") -> str:
        command = ["psql", "-h", str(self._socket), "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", *arguments]
        done = subprocess.run(_as(self._user, command), input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"psql: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def running() -> Iterator[PostGis]:
    """A server for as long as it is needed."""
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="postgis-"))
    if user is not None:
        shutil.chown(directory, user)
    data, control = directory / "data", [str(BIN[0] / "pg_ctl"), "-D", str(directory / "data"), "-w", "-s"]
    try:
        initdb = [str(BIN[0] / "initdb"), "-D", str(data), "-A", "trust", "-N"]
        subprocess.run(_as(user, initdb), check=True, stdout=subprocess.DEVNULL)
        options = f"{SETTINGS} -k {directory}"
        subprocess.run(_as(user, [*control, "-o", options, "-l", str(directory / "log"), "start"]), check=True)
        server = PostGis(directory, user)
        server.sql("CREATE EXTENSION postgis")
        try:
            yield server
        finally:
            subprocess.run(_as(user, [*control, "-m", "immediate", "stop"]), check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as(user: str | None, command: list[str]) -> list[str]:
    return command if user is None else ["runuser", "-u", user, "--", *command]
