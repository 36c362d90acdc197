"""Signing in from a real browser, in front of a real server; and what the command line does to who is inside."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
import websockets.sync.client as ws
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import ConnectionClosed

from tests.e2e.axe import stumbles
from tests.e2e.browser import Screen, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server, run

PASSWORD = "Zes paarden op de dijk"  # noqa: S105

REFUSED = re.compile("responded with a status of 40[01]|WebSocket connection to .* failed")
"""What Chromium itself writes when a password is wrong or a socket is closed on it, which some tests are about."""


@pytest.fixture
def shown(browser: Browser) -> Iterator[Screen]:
    with watched(browser, frozenset({"127.0.0.1", "localhost"}), REFUSED) as shown:
        yield shown


def add(server: Server, name: str, role: str = "dispatcher", state: str | None = "NL") -> None:
    options = [] if state is None else ["--state", state]
    done = run(
        "user", "add", name, "--role", role, *options, "--data", str(server.data), stdin=f"{PASSWORD}\n".encode()
    )
    assert done.returncode == 0, done.stderr
    assert PASSWORD.encode() not in done.stdout + done.stderr


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """By keyboard: the field for the name has the focus."""
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def is_on_the_map(page: Page) -> None:
    page.locator("body[data-ready]").wait_for(timeout=30_000)
    assert page.url.partition("#")[0].endswith("/")


@pytest.mark.browser
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_by_name_and_password_with_the_keyboard_alone(server: Server, shown: Screen, host: str) -> None:
    """On plain http too: Chromium takes a Secure `__Host-` cookie from this machine."""
    add(server, "ada")
    page = shown.page
    page.goto(server.http.replace("127.0.0.1", host))
    page.wait_for_url("**/sign-in")
    sign_in(page, "ada", "not this one")
    expect(page.locator("#problem")).to_have_text("Name and password do not match an account.")
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password")).to_have_value("")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    is_on_the_map(page)
    expect(page.locator("#by")).to_have_value("ada")
    expect(page.locator("#by")).not_to_be_editable()
    [cookie] = page.context.cookies()
    assert cookie["name"].startswith("__Host-drempelloos-")
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    assert page.evaluate("document.cookie") == ""

    page.locator("#sign-out").press("Enter")
    page.wait_for_url("**/sign-in")
    assert page.context.cookies() == []


@pytest.mark.browser
def test_the_link_that_the_demo_prints_signs_in_once(server_factory: ServerFactory, shown: Screen) -> None:
    server = server_factory("--demo")
    page = shown.page

    link = re.findall(r"http://\S+/sign-in\?once=\S+", server.log())[-1]
    server.stop()
    server.session = {"Cookie": "no"}  # so that the next link is left for the browser
    server.start()
    fresh = re.findall(r"http://\S+/sign-in\?once=\S+", server.log())[-1]
    assert fresh != link

    page.goto(fresh)
    is_on_the_map(page)
    expect(page.locator("#by")).to_have_value("local supervisor")
    page.context.clear_cookies()
    page.goto(fresh)
    expect(page.locator("#problem")).to_have_text("This link was used already, or is too old. Ask for another.")
    assert "once" not in page.url


@pytest.mark.browser
def test_who_is_disabled_is_sent_out_within_two_seconds(server: Server, shown: Screen) -> None:
    add(server, "ada")
    page = shown.page
    page.goto(server.http)
    page.wait_for_url("**/sign-in")
    sign_in(page, "ada")
    is_on_the_map(page)

    assert run("user", "disable", "ada", "--data", str(server.data)).returncode == 0
    disabled_at = time.monotonic()
    page.wait_for_url("**/sign-in", timeout=5_000)
    assert time.monotonic() - disabled_at < 3, "2 s, and the browser's own"
    expect(page.locator("#problem")).to_have_text("Your session has ended. Sign in again.")


@pytest.mark.browser
def test_a_new_colleague_chooses_a_password_by_the_link_of_an_admin(server: Server, shown: Screen) -> None:
    """And nobody stumbles on the way in, in any of its states."""
    admin = {"Authorization": f"Bearer {server.token('--role', 'admin')}"}
    made = server.post("/api/v1/admin/accounts", {"name": "bea", "role": "dispatcher", "state": "NL"}, **admin)
    page = shown.page
    page.goto(f"{server.http}{made['link']['choose']}")
    expect(page.locator("#password")).to_be_focused()
    assert "choose" not in page.url, "the secret leaves the address bar first"
    found = {"choosing": stumbles(page)}
    page.keyboard.type("bea bea bea bea")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_have_text("This password is too short, or too easy to guess.")
    found["too weak"] = stumbles(page)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    is_on_the_map(page)
    expect(page.locator("#by")).to_have_value("bea")

    page.locator("#sign-out").press("Enter")
    page.wait_for_url("**/sign-in")
    expect(page.locator("#name")).to_be_focused()
    found["at first"] = stumbles(page)
    sign_in(page, "bea", "not this one")
    expect(page.locator("#problem")).to_be_visible()
    found["refused"] = stumbles(page)
    page.locator("#name").fill("bea")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    is_on_the_map(page)

    page.context.clear_cookies()
    page.goto(f"{server.http}{made['link']['choose']}")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_have_text("This link was used already, or is too old. Ask for another.")
    assert not any(found.values()), found


@pytest.mark.browser
def test_an_admin_is_told_that_there_is_no_map_for_this_role(server: Server, shown: Screen) -> None:
    add(server, "cis", "admin", None)
    page = shown.page
    page.goto(server.http)
    page.wait_for_url("**/sign-in")
    sign_in(page, "cis")

    expect(page.locator("#inside-words")).to_contain_text("You are signed in as cis (admin).")
    assert stumbles(page) == []
    page.locator("#sign-out").click()
    expect(page.locator("#name")).to_be_focused()


WORDS = {
    "nl": ("Aanmelden", "Naam en wachtwoord horen niet bij een account."),
    "fr": ("Se connecter", "Le nom et le mot de passe ne correspondent à aucun compte."),
    "de": ("Anmelden", "Name und Passwort gehören zu keinem Konto."),
    "lb": ("Umellen", "Numm a Passwuert passen zu kengem Kont."),
    "en": ("Sign in", "Name and password do not match an account."),
}


@pytest.mark.browser
def test_it_speaks_the_languages_of_the_benelux(server: Server, shown: Screen) -> None:
    page = shown.page
    page.goto(f"{server.http}/sign-in")
    page.locator("#name").fill("ada")
    page.locator("#password").fill("x")
    page.locator("#password").press("Enter")
    for language, (heading, wrong) in WORDS.items():
        page.locator("#language").select_option(language)
        expect(page.locator("form button")).to_have_text(heading)
        expect(page.locator("#problem")).to_have_text(wrong)
        expect(page.locator("html")).to_have_attribute("lang", language)
    assert stumbles(page) == []
    page.locator("#language").select_option("fr")
    page.reload()
    expect(page.locator("form button")).to_have_text("Se connecter")


@pytest.mark.browser
def test_without_sign_in_the_map_asks_for_nothing(server_factory: ServerFactory, shown: Screen) -> None:
    server = server_factory("--no-auth")
    shown.open(server.http)

    expect(shown.page.locator("#by")).to_be_editable()
    expect(shown.page.locator("#sign-out")).to_have_count(0)
    shown.page.goto(f"{server.http}/sign-in")
    is_on_the_map(shown.page)


def test_the_first_run_prints_a_link_and_later_ones_do_not(server_factory: ServerFactory) -> None:
    server = server_factory()
    told = server.get("/api/v1/session")
    assert (told["name"], told["role"], told["state"]) == ("local supervisor", "supervisor", None)
    add(server, "ada")
    server.stop()
    before = server.log().count("?once=")
    server.start()

    assert server.log().count("?once=") == before == 1
    assert server.get("/api/v1/session")["name"] == "local supervisor", "sessions outlive a restart"


def test_the_command_line_looks_after_accounts(server: Server) -> None:
    add(server, "ada")
    data = ("--data", str(server.data))
    for bad in (b"", b"short\n", b"password12345\n", b"ada ada ada ada\n"):
        refused = run("user", "passwd", "ada", *data, stdin=bad)
        assert (refused.returncode, refused.stdout) == (2, b"")
        assert b"Traceback" not in refused.stderr
    session = server.sign_in({"name": "ada", "password": PASSWORD})
    assert server.get("/api/v1/session", **session)["name"] == "ada"
    with ws.connect(f"{server.ws}/live", additional_headers=session, compression=None, max_size=None) as viewer:
        viewer.send('{"type":"subscribe"}')
        assert json.loads(viewer.recv(timeout=5))["type"] == "snapshot"
        assert run("user", "passwd", "ada", *data, stdin=b"een heel ander woord\n").returncode == 0
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - what came before the end is read first
            while True:
                viewer.recv(timeout=3)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401

    assert server.get("/api/v1/session", **session)["role"] is None
    assert server.status("/api/v1/session", json.dumps({"name": "ada", "password": PASSWORD}).encode())[0] == 401
    assert server.sign_in({"name": "ada", "password": "een heel ander woord"})
    link = json.loads(run("user", "link", "ada", *data).stdout)["path"]
    assert server.sign_in({"once": link.partition("=")[2]})
    assert json.loads(run("user", "sign-out", "ada", *data).stdout) == {"name": "ada", "ended": 2}
    [listed] = [json.loads(line) for line in run("user", "list", *data).stdout.splitlines()]
    assert (listed["name"], listed["role"], listed["state"]) == ("ada", "dispatcher", "NL")
    assert "argon2" not in json.dumps(listed)
