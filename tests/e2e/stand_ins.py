"""What the commands of docs/operations.md need of a machine, for a test that must not install anything on it.

Run as `stand_ins.py ROOT NAME ARGUMENT…`. `systemctl` starts the server by the lines of the unit file and stops it as
systemd does; `sudo` and `install` leave out whose it is; `python3 -m venv` and `pip` check what they are given and put
the checkout in its place (tests/e2e/test_wheel.py installs the wheel); `make` only says what it would do; `podman` and
`systemd-sysusers` do nothing.

`stand_ins.py ROOT fork` has our program loaded, and forks for each command that it reads: thirty commands that load it
anew take a minute.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = ("systemctl", "journalctl", "timedatectl", "systemd-sysusers", "sudo", "install", "python3", "podman", "make")


def main(root: Path, name: str, arguments: list[str]) -> int:
    match name:
        case "fork":
            fork_for_each(root)
        case "systemctl":
            return systemctl(root, next(one for one in arguments if not one.startswith("-")))
        case "journalctl":
            sys.stdout.write((root / "run/log").read_text())
        case "sudo":
            assert arguments[:2] == ["-u", "drempelloos"]
            return subprocess.call(arguments[2:])
        case "install":
            kept = [
                one
                for one, before in zip(arguments, ["", *arguments], strict=False)
                if "drempelloos" not in (one, before)
            ]
            return subprocess.call(["/usr/bin/install", *(one for one in kept if one not in {"-o", "-g"})])
        case "python3":
            assert arguments[:2] == ["-m", "venv"]
            make_environment(root, Path(arguments[2]) / "bin")
        case "pip":
            assert arguments[0] == "install"
            assert arguments[-1].startswith("drempelloos-")
            assert arguments[-1].endswith(".whl")
        case "make":
            return subprocess.call(
                ["/usr/bin/make", "--dry-run", "--directory", str(ROOT), *arguments], stdout=sys.stderr
            )
        case "timedatectl" | "systemd-sysusers" | "podman":
            pass
    return 0


def fork_for_each(root: Path) -> None:
    """A JSON line in for each command, its words; its status out. What it reads and writes is in `root/run`."""
    sys.path.insert(0, str(ROOT))
    server = import_module("server")
    for name in ("app", "backup", "control", "record", "recovery", "settings", "tokens", "users"):
        import_module(f"tracker.io.{name}")
    os.chdir(root)
    for line in sys.stdin:
        words: list[str] = json.loads(line)
        child = os.fork()
        if not child:
            written = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            for number, (name, how) in enumerate({"in": os.O_RDONLY, "out": written, "err": written}.items()):
                os.dup2(os.open(root / "run" / name, how), number)
            sys.stdin, sys.argv = os.fdopen(0), words
            try:
                server.main()
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code if isinstance(end.code, int) else bool(end.code))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def make_environment(root: Path, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "pip", f'exec {sys.executable} {__file__} {root} pip "$@"')
    write(directory / "drempelloos", f'exec {sys.executable} {ROOT}/server.py "$@"')


def write(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def systemctl(root: Path, verb: str) -> int:
    pid = root / "run/pid"
    if verb == "status":
        os.kill(int(pid.read_text()), 0)
    if verb in {"stop", "restart"}:
        stop(int(pid.read_text()))
        pid.unlink()
    if verb in {"enable", "start", "restart"}:
        assert not pid.exists()
        start(root, pid)
    return 0


def start(root: Path, pid: Path) -> None:
    unit = (root / "etc/systemd/system/drempelloos.service").read_text()
    for there, here in (("/opt/", "opt/"), ("/etc/", "etc/"), ("${STATE_DIRECTORY}", "var/lib/drempelloos")):
        unit = unit.replace(there, f"{root}/{here}")
    before, command = (
        shlex.split(line.partition("=")[2])
        for line in unit.splitlines()
        if line.startswith(("ExecStartPre=", "ExecStart="))
    )
    subprocess.run(before, check=True, stdout=subprocess.DEVNULL)
    said = root / "run/said"
    with said.open("wb") as out, (root / "run/log").open("ab") as log:
        server = subprocess.Popen(command, stdout=out, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    pid.write_text(str(server.pid))
    while b"\n" not in said.read_bytes():
        assert server.poll() is None, (root / "run/log").read_text()
        time.sleep(0.05)


def stop(server: int) -> None:
    os.kill(server, signal.SIGTERM)
    while Path(f"/proc/{server}/cmdline").exists() and Path(f"/proc/{server}/cmdline").read_bytes():
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
