"""Signing in by OpenID Connect with a provider that is a process of its own, in a real browser, across two sites."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Screen, chromium, screen
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server


@pytest.fixture
def issuer() -> Iterator[str]:
    """`oidc-provider-mock`, which knows Ada of the room in Utrecht and Eve, who has no role. `localhost` is another
    site than 127.0.0.1, where our server is.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    people = [
        {"sub": "ada", "preferred_username": "Ada Lovelace", "groups": ["rtic-utrecht"]},
        {"sub": "eve", "preferred_username": "Eve", "groups": []},
    ]
    options = [option for one in people for option in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://localhost:{port}"
        end = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2):
                    break
            except OSError:
                assert time.monotonic() < end, "the provider does not come"
                time.sleep(0.2)
        yield url
        process.terminate()


@pytest.fixture
def server(server_factory: ServerFactory, issuer: str, tmp_path: Path) -> Server:
    (tmp_path / "secret").write_text("not so secret")
    config = tmp_path / "config.toml"
    config.write_text(
        f'[oidc]\nissuer = "{issuer}"\nclient_id = "drempelloos"\nclient_secret_file = "{tmp_path / "secret"}"\n'
        'roles = ["rtic-utrecht=dispatcher:NL"]\n'
    )
    return server_factory("--config", str(config))


@pytest.mark.browser
def test_a_person_of_the_organisation_comes_to_the_map_and_another_does_not(server: Server) -> None:
    with chromium() as browser:
        shown: Screen = screen(browser)
        page = shown.page
        page.goto(f"{server.http}/sign-in")
        page.get_by_role("link", name=re.compile("organisation")).click()
        page.wait_for_url("http://localhost:*/**")
        page.get_by_role("button", name="eve").click()
        expect(page.locator("#problem")).to_contain_text("your account has no role here")
        page.get_by_role("link", name=re.compile("organisation")).click()
        page.get_by_role("button", name="ada").click()
        page.locator("body[data-ready]").wait_for(timeout=30_000)

        assert page.url.partition("#")[0] == f"{server.http}/"
        expect(page.locator("#by")).to_have_value("Ada Lovelace")
        names = {cookie["name"]: cookie["sameSite"] for cookie in page.context.cookies(server.http)}
        assert [same for name, same in names.items() if name.startswith("__Host-drempelloos")] == ["Strict"]
        # The provider's own page asks for style sheets that are not there; ours has no part in that.
        assert [problem for problem in shown.problems if not problem.startswith("Failed to load resource")] == []


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def go(url: str, cookie: str = "", form: dict[str, str] | None = None) -> tuple[str, str]:
    """Where an address leads on to, and the cookies that it gives."""
    body = None if form is None else urllib.parse.urlencode(form).encode()
    opener = urllib.request.build_opener(_Stay)
    with pytest.raises(urllib.error.HTTPError) as led:
        opener.open(urllib.request.Request(url, body, {"Cookie": cookie} if cookie else {}), timeout=15)
    led.value.close()
    assert led.value.code in {302, 303}, led.value.code
    cookies = "; ".join(value.partition(";")[0] for value in led.value.headers.get_all("Set-Cookie") or [])
    return led.value.headers["Location"], cookies


def test_what_is_replayed_or_made_up_is_refused_by_both(server: Server) -> None:
    def away() -> tuple[str, str]:
        """The callback that Ada's browser would be sent to, and its cookie."""
        provider, cookie = go(f"{server.http}/api/v1/oidc/start")
        back, _ = go(provider, form={"sub": "ada"})
        assert back.startswith(f"{server.http}/api/v1/oidc/callback?")
        return back, cookie

    def outcome(back: str, cookie: str) -> str:
        where, given = go(back, cookie)
        is_in = where == "/" and "__Host-drempelloos" in given
        return "in" if is_in else where.partition("=")[0]

    back, cookie = away()
    assert outcome(re.sub("state=[^&]*", "state=made-up", back), cookie) == "/sign-in?denied"
    assert outcome(back, "") == "/sign-in?denied", "another browser; and the state is used up"
    back, cookie = away()
    assert outcome(back, cookie) == "in"
    assert outcome(back, cookie) == "/sign-in?denied"

    code = re.search("code=([^&]*)", back)
    assert code is not None
    fresh, fresh_cookie = away()
    replayed = re.sub("code=[^&]*", f"code={code[1]}", fresh)
    assert outcome(replayed, fresh_cookie) == "/sign-in?denied", "the provider gives nothing for a used code"
    assert "Traceback" not in server.log()
    assert code[1] not in server.log()
    assert "not so secret" not in server.log()
