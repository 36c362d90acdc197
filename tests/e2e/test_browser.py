"""The map page in a real browser, in front of a real server."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Screen, drive, screen, send, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server

pytestmark = pytest.mark.browser

BEFORE_BORDER_S = 30
"""Of `drive`: by then it is still 300 m away."""

NO_PROBLEM = re.compile("WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|responded with a status of 409")
"""What Chromium itself writes when the server is away or refuses a command, which some tests are about."""


@pytest.fixture
def map_page(browser: Browser) -> Iterator[Screen]:
    with watched(browser, excused=NO_PROBLEM) as shown:
        yield shown


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    return server_factory("--no-auth")


def test_a_pursuit_is_started_seen_decided_acknowledged_and_contacted_about(server: Server, map_page: Screen) -> None:
    """The dispatcher's whole way: a unit appears, pursues, crosses; the law speaks; hands answer by key and button."""
    page = map_page.page
    pings = drive("BE-K03")
    map_page.open(server.http)
    with server.units() as unit:
        send(unit, pings[:BEFORE_BORDER_S])
        row = page.locator('[data-unit="BE-K03"]')
        expect(row).to_have_attribute("data-territory", "BE")
        before = float(row.get_attribute("data-lat") or "nan")
        row.get_by_role("button", name="Start").click()
        card = page.locator("[data-pursuit]")
        expect(card).to_have_attribute("data-phase", "running")

        send(unit, pings[BEFORE_BORDER_S:])
        expect(row).to_have_attribute("data-territory", "NL")
        assert float(row.get_attribute("data-lat") or "nan") > before + 0.01

        decision = page.locator('[data-type="decision"]').first
        expect(decision).to_contain_text("Art. 21")
        expect(decision).to_contain_text("may continue")
        expect(card.locator(".advice")).to_contain_text(re.compile("Contact .*(due in|overdue) \\d+:\\d\\d", re.DOTALL))

        event = decision.get_attribute("data-alert")
        for _ in range(page.locator("[data-alert]").count()):
            page.keyboard.press("j")
            if decision.get_attribute("aria-current") == "true":
                break
        page.keyboard.press("a")
        expect(page.locator(f'[data-alert="{event}"]')).to_have_count(0)  # folded away with what is done
        seen = [entry for entry in server.events() if entry["type"] == "alert.acknowledged"]
        assert [(entry["event"], entry["by"]) for entry in seen] == [(event, "dispatcher")]

        page.get_by_role("button", name="Contact with NL established").click()
        expect(card.locator('[data-line="NL"]')).to_have_attribute("data-status", "established")
        expect(card.locator(".advice")).to_contain_text("Tell the national contact points")
        types = [entry["type"] for entry in server.events()]
        assert types.index("obligation.met") > types.index("obligation.opened")


def test_a_page_that_followed_along_shows_what_a_fresh_one_shows(
    server: Server, map_page: Screen, browser: Browser
) -> None:
    """The fold of events in the page agrees with the server's own picture."""
    map_page.open(server.http)
    with server.units() as unit:
        pings = drive("BE-K03")
        send(unit, pings[:BEFORE_BORDER_S])
        server.post("/api/v1/pursuits", {"unit": "BE-K03", "note": "Van fails to stop"})
        send(unit, pings[BEFORE_BORDER_S:])
    pursuit = server.get("/api/v1/pursuits")["pursuits"][0]["id"]
    server.post(f"/api/v1/pursuits/{pursuit}/contact", {"status": "established", "with": "Room", "by": "Ann"})
    server.post(f"/api/v1/pursuits/{pursuit}/host-decision", {"decision": "stop", "instructions": "Turn round"})
    fresh = screen(browser)
    fresh.open(server.http)

    for shown in (map_page, fresh):
        advice = shown.page.locator("[data-pursuit] .advice")
        expect(advice).to_have_attribute("data-tone", "stop")
        expect(advice).to_contain_text("Break off")

    def read(shown: Screen) -> list[str]:
        return [
            text for part in ("[data-pursuit]", "[data-alert]") for text in shown.page.locator(part).all_inner_texts()
        ]

    # The unit has fallen silent: one of them may say so a moment before the other.
    deadline = time.monotonic() + 15.0
    while read(map_page) != read(fresh) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert read(map_page) == read(fresh)
    fresh.page.context.close()


def test_a_refused_command_is_said_in_words(server: Server, map_page: Screen) -> None:
    """While a person is held abroad the pursuit cannot be ended; the card says why, and what comes first."""
    page = map_page.page
    map_page.open(server.http)
    with server.units() as unit:
        pings = drive("BE-K03")
        send(unit, pings[:BEFORE_BORDER_S])
        pursuit = server.post("/api/v1/pursuits", {"unit": "BE-K03"})["pursuit"]["id"]
        send(unit, pings[BEFORE_BORDER_S:])
    server.post(f"/api/v1/pursuits/{pursuit}/hold", {"unit": "BE-K03"})
    card = page.locator("[data-pursuit]")
    expect(card).to_have_attribute("data-phase", "held")
    expect(card.locator(".advice")).to_contain_text("Hand over to")

    page.get_by_role("button", name="End…").click()
    page.get_by_role("button", name="End the pursuit").click()

    expect(card.locator(".error")).to_contain_text(re.compile("Refused: .*held"))


def test_a_killed_server_is_said_at_once_and_the_page_comes_back_with_what_it_missed(
    server: Server, map_page: Screen
) -> None:
    page = map_page.page
    map_page.open(server.http)
    with server.units() as unit:
        send(unit, drive("BE-K03")[:5])
    expect(page.locator('[data-unit="BE-K03"]')).to_be_visible()
    page.locator('body[data-borders="whole"]').wait_for(timeout=30_000)  # else the map rightly complains

    killed_at = time.monotonic()
    server.kill()
    page.locator('body[data-link="down"]').wait_for(timeout=5_000)
    took_s = time.monotonic() - killed_at
    assert took_s < 3.0
    expect(page.locator("#banner")).to_be_visible()
    expect(page.locator("#banner")).to_contain_text("LINK LOST")

    time.sleep(2.5)  # of a break of less than 2 s in which nothing happened nothing is said
    server.start()
    server.post("/api/v1/pursuits", {"unit": "BE-K03"})

    page.locator('body[data-link="up"]').wait_for(timeout=15_000)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#notice")).to_contain_text(re.compile("No event was missed|events? while away"))
    expect(page.locator("[data-pursuit]")).to_have_attribute("data-phase", "running")


def test_a_server_that_hangs_is_noticed_without_a_closed_socket(server: Server, map_page: Screen) -> None:
    """No close comes: the silence itself must be heard."""
    map_page.open(server.http)
    # How late a busy machine lets the page do what is due.
    map_page.page.evaluate("""() => {
        let last = performance.now();
        window.latest = 0;
        setInterval(() => {
            const now = performance.now();
            window.latest = Math.max(window.latest, now - last - 50);
            last = now;
        }, 50);
    }""")
    stopped_at = time.monotonic()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        map_page.page.locator('body[data-link="down"]').wait_for(timeout=6_000)
        took_s = time.monotonic() - stopped_at
    finally:
        os.kill(server.pid, signal.SIGCONT)

    assert took_s < 3.2 + map_page.page.evaluate("window.latest") / 1_000
    map_page.page.locator('body[data-link="up"]').wait_for(timeout=15_000)


def test_the_page_works_under_a_policy_that_allows_nothing_from_elsewhere(server: Server, map_page: Screen) -> None:
    page = map_page.page
    with page.expect_response(f"{server.http}/") as main, page.expect_response("**/api/v1/borders") as borders:
        map_page.open(server.http)

    policy = main.value.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert borders.value.ok
    page.locator("body[data-map]").wait_for(timeout=15_000)
