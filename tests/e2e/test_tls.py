"""A real server that ends TLS itself: its command line, a unit with a certificate, and a browser."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import websockets.sync.client as ws
from playwright.sync_api import Browser
from websockets.exceptions import ConnectionClosed

from tests.e2e.browser import Screen
from tests.e2e.process import Server, lines, run
from tests.tracker.io.test_tls import files


@pytest.mark.browser
def test_a_unit_by_its_certificate_and_a_dispatcher_by_https(tmp_path: Path, browser: Browser) -> None:
    ca = trustme.CA()
    names = files(tmp_path, ca.issue_cert("localhost", "127.0.0.1"), ca)
    config = tmp_path / "drempelloos.toml"
    config.write_text(
        f'[tls]\ncertificate = "{names.certificate}"\nkey = "{names.key}"\n'
        f'client_ca = "{names.client_ca}"\nclient_address = "{names.client_address}"\n'
    )
    assert run("config", "check", "--config", str(config)).returncode == 0
    unit = ssl.create_default_context()
    ca.configure_trust(unit)
    ca.issue_cert("k03.units.example").configure_cert(unit)

    server = Server(tmp_path / "data", "--config", str(config)).start()
    try:
        assert (server.http[:8], server.ws[:6]) == ("https://", "wss://")
        data = ("--data", str(server.data))
        given = ("--unit", "BE-K03", "--state", "BE", "--certificate", "dns:k03.units.example")
        [credential] = lines(run("token", "issue", *given, *data).stdout)
        assert (credential["certificate"], "token" in credential) == ("dns:k03.units.example", False)

        with ws.connect(f"{server.ready['units']}/units", ssl=unit, compression=None, proxy=None) as connection:
            connection.send(json.dumps(ping(0)))
            assert json.loads(connection.recv(timeout=10))["type"] == "ack"

            shown = Screen(browser.new_context(ignore_https_errors=True).new_page())
            [link] = re.findall(r"https://\S+/sign-in\?once=\S+", server.log())
            shown.page.goto(link)
            shown.page.locator("body[data-ready]").wait_for(timeout=30_000)
            [cookie] = shown.page.context.cookies()
            assert (cookie["secure"], cookie["name"][:7]) == (True, "__Host-")
            assert shown.problems == []
            shown.page.context.close()

            files(tmp_path, ca.issue_cert("localhost", "127.0.0.1"), ca)
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: "the certificates were read again" in server.log())
            connection.send(json.dumps(ping(1)))
            assert json.loads(connection.recv(timeout=10))["upto"] == 1

            assert run("token", "revoke", credential["id"], *data).returncode == 0
            revoked_at = time.monotonic()
            with pytest.raises(ConnectionClosed):
                connection.recv(timeout=5)
            assert time.monotonic() - revoked_at < 2
        Path(names.key).unlink()
        refused = run("config", "check", "--config", str(config))
        assert (refused.returncode, refused.stderr.count(b"tls.key: ")) == (2, 1)
        assert server.stop() == 0
    finally:
        server.kill()
    assert '"level":"error"' not in server.log()


def ping(seq: int) -> dict[str, object]:
    return {"unit": "BE-K03", "boot": "a", "seq": seq, "t": time.time() - 1, "lon": 4.7, "lat": 51.4}  # noqa: TID251


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
