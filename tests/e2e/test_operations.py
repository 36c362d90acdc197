"""docs/operations.md, typed line by line by an operator in front of a real server: what stands there works.

The machine is a directory; `tests/e2e/stand_ins.py` says what stands in for what is not ours.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import stand_ins
from tests.e2e.browser import drive
from tests.e2e.process import ROOT
from tests.e2e.unsaid import search

TEXT = (ROOT / "docs/operations.md").read_text()
PASSWORD = "Negen ganzen op de Maas"  # noqa: S105
PLACES = ("EVENT-ID", "ID", "PURSUIT", "TOKEN", "FINGERPRINT")
FIRST = "Under systemd"
"""By which everything else is there."""


def blocks() -> list[tuple[str, str]]:
    """Heading and commands of each block, in the order in which somebody does them."""
    found: list[tuple[str, str]] = []
    heading = ""
    for part in re.finditer(r"^## ([^\n]*)$|^ *```sh\n(.*?)^ *```$", TEXT, flags=re.MULTILINE | re.DOTALL):
        heading = part[1] or heading
        if part[2]:
            found.append((heading, part[2]))
    return sorted(found, key=lambda block: block[0] != FIRST)


def lines_of(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]


class Machine:
    """Where the commands are typed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ports = [free_port(), free_port()]
        self.known: dict[str, str] = {"FINGERPRINT": "ab" * 32}
        self.bin = root / "bin"
        for directory in ("bin", "run", "etc/sysusers.d", "etc/systemd/system", "var/lib", "var/backups", "srv"):
            (root / directory).mkdir(parents=True)
        for name in stand_ins.NAMES:
            stand_ins.write(self.bin / name, f'exec {sys.executable} {stand_ins.__file__} {root} {name} "$@"')
        stand_ins.write(self.bin / "drempelloos", f'exec {sys.executable} {ROOT}/server.py "$@"')
        for name in ("packaging", "Makefile"):
            (root / name).symlink_to(ROOT / name)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def placed(self, line: str) -> str:
        """A line as it is typed here."""
        for name in ("etc", "opt", "var", "srv"):
            line = re.sub(rf"(?<![\w./])/{name}/", f"{self.root}/{name}/", line)
        line = line.replace(":8080", f":{self.ports[0]}").replace(":8081", f":{self.ports[1]}").replace("…", "*")
        line = line.replace(".venv/bin/drempelloos", "drempelloos")
        return re.sub(
            r"(?<![\w-])(ID|EVENT-ID|PURSUIT|TOKEN|FINGERPRINT)(?![\w-])", lambda word: self.known[word[1]], line
        )

    def type(self, line: str) -> str:
        """What it prints; it must succeed, and say nothing of a fault."""
        typed = self.placed(line)
        words = shlex.split(typed, comments=True)
        if words[0] == "drempelloos" and not {"&&", "|", ">"} & {*words}:
            return self.fork(words)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed],
            cwd=self.root,
            env=self.environment,
            input=f"{PASSWORD}\n",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, line
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        addresses = {
            f"DREMPELLOOS__{name}__ADDRESS": f"127.0.0.1:{port}"
            for name, port in zip(("HTTP", "WS"), self.ports, strict=True)
        }
        return {**os.environ, **addresses, "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def fork(self, words: list[str]) -> str:
        """What a command of ours alone prints, as above."""
        forks, run = self.forks, self.root / "run"
        assert forks.stdin is not None
        assert forks.stdout is not None
        (run / "in").write_text(f"{PASSWORD}\n")
        found = ([str(one) for one in Path("/").glob(word[1:])] if "*" in word else [word] for word in words)
        forks.stdin.write(f"{json.dumps([*chain.from_iterable(found)])}\n".encode())
        forks.stdin.flush()
        status, said = forks.stdout.readline(), (run / "err").read_text()
        assert status == b"0\n", (words, status, said)
        assert "Traceback" not in said, words
        return (run / "out").read_text()

    @cached_property
    def forks(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, stand_ins.__file__, str(self.root), "fork"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment)

    def close(self) -> None:
        """Nothing goes on."""
        if "forks" in vars(self):
            with self.forks:
                self.forks.terminate()
        pid = self.root / "run/pid"
        if pid.exists():
            stand_ins.stop(int(pid.read_text()))

    def serve(self, line: str) -> None:
        """Run what runs until it is told to stop, until it is ready."""
        data = self.placed(line).replace(f":{self.ports[0]}", ":0").replace(f":{self.ports[1]}", ":0")
        command = f"export PATH={self.bin}:$PATH; cd {self.root}; exec {data}"
        with subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            assert server.stdout is not None
            assert json.loads(server.stdout.readline())["ready"] is True
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0

    def ask(self, path: str, body: object = None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        sent = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.http + path, sent, headers), timeout=30) as answer:
            return json.loads(answer.read())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.close()
    if (made.root / "run/log").exists():
        search((made.root / "run/log").read_text())


def happen(machine: Machine) -> None:
    """Something that can be asked about: a car of BE crosses into NL in a pursuit."""
    data = f"--data {machine.root}/var/lib/drempelloos"
    unit = json.loads(machine.type(f"drempelloos token issue --unit BE-1 --state BE {data}"))["token"]
    room = json.loads(machine.type(f"drempelloos token issue --role supervisor --state BE {data}"))["token"]
    pings = drive("BE-1")
    machine.ask("/api/v1/pings", pings[:5], unit)
    started = machine.ask("/api/v1/pursuits", {"unit": "BE-1", "started_in": "BE"}, room)
    for some in (pings[5:35], pings[35:]):
        while not is_taken(machine, some, unit):
            time.sleep(0.5)
    events = machine.ask("/api/v1/events?after=0&limit=500", token=room)["events"]
    assert "crossing.confirmed" in {event["type"] for event in events}
    decision = [event for event in events if event["type"] == "decision"][-1]
    machine.known |= {"TOKEN": room, "PURSUIT": started["pursuit"]["id"], "EVENT-ID": decision["id"]}
    listed = json.loads(machine.type(f"drempelloos token list {data}").splitlines()[0])
    machine.known["ID"] = listed["id"]


def is_taken(machine: Machine, pings: list[dict[str, Any]], token: str) -> bool:
    """False when it is too soon for so many."""
    try:
        machine.ask("/api/v1/pings", pings, token)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 429:
                raise
        return False
    return True


def test_every_command_does_what_it_is_for(machine: Machine) -> None:
    printed: dict[str, str] = {}
    for heading, block in blocks():
        for line in lines_of(block):
            if " serve " in line:
                machine.serve(line)
            else:
                printed[line] = machine.type(line)
        if heading == FIRST:
            happen(machine)

    def said(begin: str) -> str:
        (found,) = [out for line, out in printed.items() if line.startswith(begin)]
        return found

    ready = json.loads(said("curl -s http://127.0.0.1:8080/readyz"))
    assert (ready["status"], set(ready["checks"].values())) == ("ready", {"ok"})
    assert 'drempelloos_fault{code="no_borders"} 0.0' in said("curl -s -H")
    assert "NL" in said("drempelloos explain")
    assert json.loads(said("drempelloos rebuild --data /var/lib/drempelloos/restored"))["identical"] is True
    assert json.loads(said("drempelloos rebuild --data /var/lib/drempelloos "))["identical"] is True
    assert json.loads(said("drempelloos config check"))["ok"] is True
    assert json.loads(said("drempelloos hold PURSUIT --by"))["reason"] == "case 2026/117"
    assert (machine.root / "report.html").read_text().startswith("<!doctype html>")
    exported = (machine.root / "var/lib/drempelloos/events.ndjson").read_text().splitlines()
    assert len(exported) == json.loads(said("drempelloos export"))["events"] > 5
    assert '"event"' in said("journalctl")


def test_no_command_is_told_that_is_not_run() -> None:
    """In the text a command is named; what is typed, with its arguments, stands in a block."""
    told = set(re.findall(r"`(drempelloos [a-z]+ [^`]*)`", TEXT))
    run = "\n".join(line for _, block in blocks() for line in lines_of(block))

    assert {command for command in told if command not in run} == set()


def test_what_stands_in_is_named_and_every_path_is_moved(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    machine.known |= dict.fromkeys(PLACES, "x")
    for _, block in blocks():
        for line in lines_of(block):
            typed = machine.placed(line.partition("  #")[0])
            assert not re.search(r"(?<![\w./])/(etc|opt|var|srv|usr)/", typed), line
            words = re.split(r"&&|\|", typed)
            first = {word.split()[0].rpartition("/")[2] for word in words}
            assert first <= {*stand_ins.NAMES, "drempelloos", "pip", "curl", "cp", "mkdir", "df", "grep"}, line
