"""An operator's work on a running server: backup under load, restore, evidence, erasing, and what systemd is told."""

from __future__ import annotations

import socket
import tarfile
import threading
from pathlib import Path

import pytest

from tests.e2e.process import Server, lines, run

NOTE = "NOTE-OF-THE-PURSUIT"


def ping(seq: int, unit: str = "BE-K03") -> dict[str, object]:
    """A car that drives north over the border at Hazeldonk."""
    at, lat = 1_795_442_531.0 + seq, 51.47 + seq * 2.7e-4
    return {"unit": unit, "boot": "a", "seq": seq, "t": at, "lon": 4.7326, "lat": lat, "speed": 30.0, "course": 0.0}


def test_a_backup_under_load_is_whole_and_restores(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--no-auth").start()
    try:
        server.post("/api/v1/pings", [ping(0)])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE", "note": NOTE})
        accepted: list[int] = [0]
        done = threading.Event()

        def load() -> None:
            while not done.is_set():
                first = accepted[-1] + 1
                server.post("/api/v1/pings", [ping(seq, f"BE-{seq % 7}") for seq in range(first, first + 50)])
                accepted.append(first + 49)

        loading = threading.Thread(target=load)
        loading.start()
        try:
            while len(accepted) < 10:
                pass
            made = run("backup", "--data", str(server.data), "--out", str(tmp_path))
            while len(accepted) < 20:
                pass
        finally:
            done.set()
            loading.join()
        assert made.returncode == 0, made.stderr
        (said,) = lines(made.stdout)
        events = {event["offset"]: event for event in server.events()}
    finally:
        server.stop()
    assert not (server.data / "backup.part").exists()

    file = Path(said["file"])
    assert file.stat().st_mode & 0o077 == 0
    restored = tmp_path / "restored"
    done_ = run("restore", "--from", str(file), "--data", str(restored))
    assert done_.returncode == 0, done_.stderr
    (back,) = lines(done_.stdout)
    assert (back["input"], back["offset"]) == (said["input"], said["offset"])
    assert back["epoch"] != said["epoch"], "what viewers have seen since did not happen in this history"
    (rebuilt,) = lines(run("rebuild", "--data", str(restored)).stdout)
    assert rebuilt["identical"], rebuilt

    again = Server(restored, "--no-auth").start()
    try:
        found = {event["offset"]: event for event in again.events() if event["offset"] <= said["offset"]}
    finally:
        again.stop()
    assert found == {offset: event for offset, event in events.items() if offset <= said["offset"]}
    assert len(found) == said["offset"] > 3

    refused = run("restore", "--from", str(file), "--data", str(restored))
    assert refused.returncode == 2
    assert b"nothing is overwritten" in refused.stderr


def test_a_backup_of_a_stopped_server_and_what_is_wrong_with_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--no-auth").start()
    server.post("/api/v1/pings", [ping(seq) for seq in range(80)])
    server.stop()
    file = tmp_path / "backup.tar"

    assert run("backup", "--data", str(server.data), "--out", str(file)).returncode == 0
    assert run("backup", "--data", str(server.data), "--out", str(file)).returncode == 2, "it is there already"
    with tarfile.open(file) as archive:
        assert archive.getnames()[:2] == ["manifest.json", "journal.db"]
    whole = file.read_bytes()
    for name, body in {
        "flipped": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :],
        "short": whole[: len(whole) // 3],
        "empty": b"",
        "other": b"x" * 20_000,
    }.items():
        bad = tmp_path / f"{name}.tar"
        bad.write_bytes(body)
        done = run("restore", "--from", str(bad), "--data", str(tmp_path / name))
        assert done.returncode == 1, name
        assert b"Traceback" not in done.stderr
        assert not (tmp_path / name).exists()
        assert not (tmp_path / f"{name}.part").exists()
    assert run("backup", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "x")).returncode == 1


def test_evidence_and_erasing_by_command(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--no-auth").start()
    try:
        server.post("/api/v1/pings", [ping(0)])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "started_in": "BE"})
        data = ("--data", str(server.data))
        held = run("hold", "p-1", "--by", "A. Chief", "--reason", "case 12", *data)
        assert (held.returncode, lines(held.stdout)[0]["reason"]) == (0, "case 12")
        assert b"held already" in run("hold", "p-1", "--by", "B", "--reason", "x", *data).stderr
        assert b"is not a pursuit" in run("hold", "p-9", "--by", "B", "--reason", "x", *data).stderr
        assert lines(run("erase", *data).stdout) == [{"pings": 0, "events": 0, "inputs": 0}]
        assert run("hold", "p-1", "--release", "--by", "A. Chief", "--reason", "closed", *data).returncode == 0
        assert [one["act"] for one in lines(run("erase", "--list", *data).stdout)] == ["held", "released"]
        assert (server.data / "control.sock").stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert b"no server runs on" in run("erase", *data).stderr


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        server = Server(tmp_path / "data", "--no-auth").start()
        said: list[str] = []
        try:
            while not any("READY=1" in one for one in said) or sum("WATCHDOG=1" in one for one in said) < 3:
                said.append(heard.recv(4096).decode())
        finally:
            server.stop()
        heard.setblocking(False)
        while "STOPPING=1" not in said:
            said.append(heard.recv(4096).decode())
    assert any(server.http in one for one in said)
