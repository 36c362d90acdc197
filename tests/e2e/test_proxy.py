"""The lines for a proxy that docs/operations.md gives, in a real proxy before a real server: page, both sockets, who
calls, and what is not passed on.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import trustme
import websockets.sync.client as ws

from tests.e2e.process import ROOT, Server
from tests.needs import program

NAME = "dispatch.example"
ORIGIN = f"https://{NAME}"
LINES = (ROOT / "docs/operations.md").read_text()


def fenced(language: str, with_: str = "") -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", LINES, flags=re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if with_ in block]
    return str(block)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the settings that stand there."""
    directory = tmp_path_factory.mktemp("proxied")
    config = directory / "config.toml"
    config.write_text(fenced("toml", 'proxies = ["127'))
    running = Server(directory / "data", "--config", str(config)).start()
    yield running
    running.stop()


@contextmanager
def nginx(server: Server, directory: Path, certificate: Path, key: Path) -> Iterator[int]:
    port = free_port()
    block = (
        at_our_ports(fenced("nginx"), server)
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace(f"/etc/ssl/{NAME}.pem", str(certificate))
        .replace(f"/etc/ssl/{NAME}.key", str(key))
    )
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {directory};\n" for kind in temporary)
    whole = (
        f"daemon off; pid {directory}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{places}{block}}}"
    )
    config = directory / "nginx.conf"
    config.write_text(whole)
    with running([program("nginx", "nginx-light"), "-p", str(directory), "-c", str(config)], port):
        yield port


@contextmanager
def caddy(server: Server, directory: Path, certificate: Path, key: Path) -> Iterator[int]:
    port = free_port()
    block = at_our_ports(fenced("caddy"), server).replace(
        f"{NAME} {{", f"{ORIGIN}:{port} {{\ntls {certificate} {key}\n", 1
    )
    config = directory / "Caddyfile"
    config.write_text(f"{{\nadmin off\nauto_https disable_redirects\n}}\n{block}")
    with running([program("caddy"), "run", "--config", str(config)], port, HOME=str(directory)):
        yield port


def at_our_ports(block: str, server: Server) -> str:
    for port, url in (("8080", server.http), ("8081", server.ws)):
        assert f"127.0.0.1:{port}" in block
        block = block.replace(f"127.0.0.1:{port}", url.partition("//")[2])
    return block


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            until = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, process.stderr and process.stderr.read().decode()
                    assert time.monotonic() < until
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])
def test_a_control_room_and_a_unit_come_through_it(
    server: Server, authority: trustme.CA, tmp_path: Path, proxy: object
) -> None:
    certificate, key, trusted = (tmp_path / name for name in ("server.pem", "server.key", "ca.pem"))
    leaf = authority.issue_cert(NAME)
    leaf.private_key_pem.write_to_path(key)
    for number, one in enumerate(leaf.cert_chain_pems):
        one.write_to_path(certificate, append=bool(number))
    authority.cert_pem.write_to_path(trusted)
    context = ssl.create_default_context(cafile=str(trusted))

    with proxy(server, tmp_path, certificate, key) as port:  # type: ignore[operator]

        def ask(method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
            line = socket.create_connection(("127.0.0.1", port), timeout=30)
            connection = HTTPSConnection(NAME, context=context)
            connection.sock = context.wrap_socket(line, server_hostname=NAME)
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            found = answer.status, dict(answer.headers), answer.read()
            connection.close()
            return found

        def open_socket(path: str, **headers: str) -> ws.ClientConnection:
            line = socket.create_connection(("127.0.0.1", port), timeout=30)
            return ws.connect(
                f"wss://{NAME}{path}", sock=line, ssl=context, additional_headers=headers, compression=None
            )

        status, headers, page = ask("GET", "/")
        assert (status, b"<!doctype html>" in page.lower()) == (200, True)
        assert f"wss://{NAME}" in headers.get("Content-Security-Policy", headers.get("content-security-policy", ""))
        assert json.loads(ask("GET", "/api/v1/config")[2])["ws"] == f"wss://{NAME}/live"
        for path in ("/metrics", "/healthz", "/readyz"):
            assert ask("GET", path)[0] == 404

        proof = {"name": "x", "password": "y"}
        assert ask("POST", "/api/v1/session", proof, Origin=ORIGIN, X_Forwarded_For="192.0.2.6")[0] == 401
        refused = [json.loads(line) for line in server.log().splitlines() if "sign-in refused" in line]
        assert refused[-1]["address"] == "127.0.0.1", "what a caller says of himself is not believed"
        assert ask("POST", "/api/v1/session", proof, Origin="https://evil.example")[0] == 403

        cookie = server.session["Cookie"]
        assert ask("GET", "/api/v1/units", Cookie=cookie)[0] == 200
        with open_socket("/live", Cookie=cookie, Origin=ORIGIN) as viewer:
            viewer.send('{"type":"subscribe"}')
            assert json.loads(viewer.recv(timeout=10))["type"] == "snapshot"
            name = f"BE-{port}"
            token = server.token("--unit", name, "--state", "BE")
            with open_socket("/units", Authorization=f"Bearer {token}") as unit:
                ping = {"unit": name, "boot": "p", "seq": 0, "t": time.time() - 1, "lon": 4.4, "lat": 51.0}  # noqa: TID251
                unit.send(json.dumps(ping))
                assert json.loads(unit.recv(timeout=10))["upto"] == 0
            while (message := json.loads(viewer.recv(timeout=10)))["type"] != "event":
                pass
            assert message["event"]["unit"] == name


def test_an_address_is_believed_from_a_named_proxy_alone(server: Server) -> None:
    """The proxy's own word stands last; what stands before came from the caller."""
    body = json.dumps({"name": "z", "password": "y"}).encode()
    for said, taken in (("192.0.2.7", "192.0.2.7"), ("198.51.100.1, 192.0.2.8", "192.0.2.8")):
        headers = {"Content-Type": "application/json", "Origin": ORIGIN, "X-Forwarded-For": said, "Host": NAME}
        request = urllib.request.Request(f"{server.http}/api/v1/session", body, headers)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=30)
        refused = [json.loads(line) for line in server.log().splitlines() if "sign-in refused" in line]
        assert refused[-1]["address"] == taken
