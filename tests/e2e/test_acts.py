"""What the card of a pursuit offers and says, and how it sounds, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.browser import Screen, drive, send, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    return server_factory("--no-auth")


@pytest.fixture
def shown(browser: Browser) -> Iterator[Screen]:
    with watched(browser) as shown:
        yield shown


def abroad(server: Server, shown: Screen) -> Locator:
    """A Belgian unit in pursuit has just crossed into the Netherlands; the card of the pursuit."""
    shown.open(server.http)
    with server.units() as unit:
        pings = drive("BE-K03")
        send(unit, pings[:30])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
        send(unit, pings[30:])
    return shown.page.locator('[data-pursuit="p-1"]')


def test_behind_the_i_stands_the_article(server: Server, shown: Screen) -> None:
    card = abroad(server, shown)

    card.get_by_role("button", name="Why: What the crew reports").press("Enter")

    reasons = shown.page.locator(".reasons:popover-open")
    expect(reasons).to_contain_text("Art. 36(1)(a)")
    expect(reasons).to_contain_text("A person judges that, never software.")


def test_what_is_not_possible_is_not_offered(server: Server, shown: Screen) -> None:
    """Nothing is to be handed over before a person is held, and no report is due before the end."""
    card = abroad(server, shown)

    for name in ("Handed over", "Report to NL made", "Danger is over"):
        expect(card.get_by_role("button", name=name)).to_be_hidden()


SPY = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.tones.push(this.frequency.value);
  return start.apply(this, when);
};
"""


def test_sound_says_that_it_is_off_tests_itself_and_repeats_what_is_overdue(server: Server, shown: Screen) -> None:
    page = shown.page
    page.add_init_script(SPY)
    abroad(server, shown)
    button = page.locator("#sound")
    expect(button).to_have_text("Sound is OFF: arm it")
    assert page.evaluate("tones") == []

    button.press("Enter")
    expect(button).to_have_attribute("data-sound", "on")
    deadline = time.monotonic() + 20
    while page.evaluate("tones.length") < 8:  # the test, and the contact that is overdue
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)

    button.press("Enter")
    expect(button).to_have_text("MUTED, 5 min")
    heard = page.evaluate("tones.length")
    page.wait_for_timeout(5_000)
    assert page.evaluate("tones.length") == heard
    button.press("Enter")
    expect(button).to_have_attribute("data-sound", "on")
