"""A real server process over real sockets, and what talks to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import websockets.sync.client as ws
from websockets.sync.connection import Connection

from tests.e2e.unsaid import never_to_be_logged, search

ROOT = Path(__file__).parents[2]
READY_S = 30.0


def run(*arguments: str, stdin: bytes = b"", timeout_s: float = 120.0) -> subprocess.CompletedProcess[bytes]:
    """A command of the command line."""
    if arguments[:1] == ("user",):
        never_to_be_logged(*stdin.decode().splitlines())
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *arguments],
        input=stdin,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )


def lines(body: bytes) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in body.splitlines()]


class Server:
    """`drempelloos serve` on free ports. Restarts keep the data directory and, once known, the ports.

    Args:
        data: its directory.
        options: of the command line.
        prefix: what runs it, as in `("strace", "-D")`.
        tuned: Python that runs before it, to change a constant for instance.
        environment: variables besides those of this process.
    """

    def __init__(
        self,
        data: Path,
        *options: str,
        prefix: Sequence[str] = (),
        tuned: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.options = options
        self.prefix = prefix
        self.tuned = tuned
        self.environment = dict(environment or {})
        self.http = ""
        self.ws = ""
        self.ready: dict[str, Any] = {}
        """The line that says where it listens."""
        self.session: dict[str, str] = {}
        """The headers of the local supervisor, who sees and may do everything; none where nobody has to sign in."""
        self._process: subprocess.Popen[bytes] | None = None
        self._addresses = ("127.0.0.1:0", "127.0.0.1:0")
        self._searched = 0
        """How much of the log was searched for secrets."""

    def start(self) -> Self:
        """Start it, and wait until it says that it is ready."""
        return self.launch().wait_until_ready()

    def launch(self) -> Self:
        """Start it, and do not wait."""
        http, ws = self._addresses
        program = [str(ROOT / "server.py")]
        if self.tuned:
            program = [
                "-c",
                f"import sys; sys.path.insert(0, {str(ROOT)!r}); {self.tuned}; import server; server.main()",
            ]
        command = [*self.prefix, sys.executable, *program, "serve", "--http", http, "--ws", ws]
        log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self._process = subprocess.Popen(
            [*command, "--data", str(self.data), *self.options],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **self.environment},
        )
        log.close()
        return self

    def wait_until_ready(self) -> Self:
        """Read the line that says where it listens."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {self.log()}")
        ready = json.loads(line)
        assert ready["ready"] is True
        self.ready = ready
        self.http, self.ws = ready["http"], ready["ws"]
        self._addresses = (self.http.removeprefix("http://"), self.ws.removeprefix("ws://"))
        links = re.findall(r"http://\S+/sign-in\?once=(\S+)", self.log())
        if links and not self.session:
            self.session = self.sign_in({"once": links[-1]})
        return self

    def wait_for_end(self, timeout_s: float = 30.0) -> int:
        """Wait until it ends by itself; returns the exit status."""
        process = self._process
        assert process is not None
        status = process.wait(timeout=timeout_s)
        self._end(signal.SIGTERM)
        return status

    def sign_in(self, proof: dict[str, str]) -> dict[str, str]:
        """The headers of a browser in which somebody signs in with a name and a password, or a link."""
        headers = {"Content-Type": "application/json", "Origin": self.http}
        request = urllib.request.Request(f"{self.http}/api/v1/session", json.dumps(proof).encode(), headers)
        never_to_be_logged(*(value for name, value in proof.items() if name != "name"))
        with urllib.request.urlopen(request, timeout=30) as answer:
            cookie = answer.headers["Set-Cookie"]
        return {"Cookie": cookie.partition(";")[0], "Origin": self.http}

    def log(self) -> str:
        """What it logged so far."""
        return (self.data.parent / f"{self.data.name}.log").read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut of the process: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an operator does: SIGTERM. Returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        self._process = None
        if process.poll() is None:
            process.send_signal(number)
        status = process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
        log = self.log()
        search(log[max(self._searched - 200, 0) :])
        self._searched = len(log)
        return status

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET; raises `urllib.error.HTTPError` for what is not 2xx."""
        return self._call(urllib.request.Request(self.http + path, headers=self._signed(headers)))

    def post(self, path: str, body: object, **headers: str) -> Any:
        """The JSON that a POST is answered with."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._call(
            urllib.request.Request(
                self.http + path,
                data=data,
                headers={"Content-Type": "application/json", **self._signed(headers)},
                method="POST",
            )
        )

    def _signed(self, headers: dict[str, str]) -> dict[str, str]:
        """As the local supervisor, unless the call says who it is."""
        return headers if headers.keys() & {"Authorization", "Cookie"} else self.session | headers

    def status(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of a GET, or of a POST when there is a body."""
        try:
            return 200, self.get(path, **headers) if body is None else self.post(path, body, **headers)
        except urllib.error.HTTPError as error:
            text = error.read()
            error.close()
            return error.code, json.loads(text) if text.startswith(b"{") else text

    def events(self) -> list[dict[str, Any]]:
        """Every event so far, by the API."""
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.get(f"/api/v1/events?after={after}&limit=500"):
            found += page["events"]
            if not page["events"]:
                return found
            after = page["next"]
        return found

    def token(self, *options: str) -> str:
        """A new token, made by the command line while the server runs."""
        done = run("token", "issue", "--data", str(self.data), *options)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["token"])

    @contextmanager
    def units(self, token: str | None = None, **options: Any) -> Iterator[Connection]:
        """A unit's socket."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with ws.connect(f"{self.ws}/units", additional_headers=headers, compression=None, **options) as connection:
            yield connection

    @contextmanager
    def live(self, epoch: str | None = None, offset: int | None = None) -> Iterator[Connection]:
        """A viewer's socket, subscribed."""
        with ws.connect(
            f"{self.ws}/live", additional_headers=self.session, compression=None, max_size=None
        ) as connection:
            connection.send(json.dumps({"type": "subscribe", "epoch": epoch, "offset": offset, "bbox": None}))
            yield connection

    @staticmethod
    def _call(request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
