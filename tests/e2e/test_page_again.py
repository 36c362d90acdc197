"""The page after the action and in training, in a real browser in front of a real server."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.axe import stumbles
from tests.e2e.browser import Screen, drive, screen, send, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def map_page(browser: Browser) -> Iterator[Screen]:
    with watched(browser) as shown:
        yield shown


@pytest.fixture
def server(server_factory: ServerFactory) -> Server:
    return server_factory("--no-auth")


def pursue(server: Server) -> None:
    """BE-K03 pursues from Belgium into the Netherlands, and it is over."""
    pings = drive("BE-K03")
    with server.units() as unit:
        send(unit, pings[:30])
        server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03", "ground": "stop_evaded"})
        send(unit, pings[30:])
    server.post("/api/v1/pursuits/p-1/contact", {"status": "established", "host": "NL", "by": "Ann"})
    server.post("/api/v1/pursuits/p-1/end", {"reason": "Lost", "by": "Ann"})


def test_a_past_pursuit_is_found_scrubbed_played_and_its_report_opened(server: Server, map_page: Screen) -> None:
    pursue(server)
    page = map_page.page
    map_page.open(server.http)
    page.get_by_role("button", name="Past pursuits").click()
    page.get_by_role("link", name="Look back at p-1").click()
    page.locator("#review").wait_for()

    card = page.locator('[data-pursuit="p-1"]')
    expect(card).to_have_count(0)  # it begins before anything has happened
    page.keyboard.press(".")
    expect(card).to_have_attribute("data-phase", "running")

    jump = page.get_by_label("Jump to an event")
    crossed = jump.locator("option", has_text="K03 crossed into the Netherlands").get_attribute("value")
    jump.select_option(crossed)
    expect(page.locator('[data-unit="BE-K03"]')).to_have_attribute("data-territory", "NL")
    expect(page.locator('[data-type="decision"]').first).to_contain_text("Art. 21")
    expect(card).to_have_attribute("data-phase", "running")

    page.get_by_label("Speed").select_option("30")
    page.locator("body").press(" ")
    expect(card).to_have_attribute("data-phase", "ended", timeout=15_000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()

    page.keyboard.press(",")
    page.keyboard.press(",")
    expect(card).to_have_attribute("data-phase", "running")
    for name in ("End…", "Contact with NL established", "Start"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert server.get("/api/v1/pursuits/p-1")["phase"] == "ended"

    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("Report 1: NL")).click()
    assert stumbles(page) == []
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_have_text("Report on a cross-border action")
    assert report.locator("h1").evaluate("heading => getComputedStyle(heading).marginTop") == "0px", "its style applies"
    report.close()


def test_a_review_of_what_is_not_there_says_so(server: Server, browser: Browser) -> None:
    shown = screen(browser)
    shown.page.goto(f"{server.http}/?review=p-9")

    expect(shown.page.locator("#banner")).to_contain_text("no pursuit of this id is known")
    expect(shown.page.locator("#review")).to_be_hidden()
    shown.page.context.close()


def test_a_training_is_begun_marked_kept_apart_and_stopped(server: Server, map_page: Screen) -> None:
    page = map_page.page
    map_page.open(server.http)
    with server.units() as unit:
        send(unit, drive("BE-K03", seconds=3))
    expect(page.locator('[data-unit="BE-K03"]')).to_be_visible()

    page.get_by_role("button", name="Training").click()
    page.get_by_role("button", name=re.compile("Begin Gronsveld")).click()
    expect(page.locator("[data-training]")).to_be_visible()
    assert stumbles(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("body")).to_have_attribute("data-part", "simulated")
    expect(page.locator("#part")).to_have_text("TRAINING · simulated")
    card = page.locator("[data-pursuit]")
    expect(card).to_have_attribute("data-pursuit", re.compile("^SIM-"), timeout=30_000)
    expect(card.locator(".badge")).to_have_text("SIMULATED")
    expect(page.locator('[data-unit^="SIM-"]')).to_be_visible()
    expect(page.locator('[data-unit="BE-K03"]')).to_have_count(0)

    server.post("/api/v1/pursuits", {"id": "p-1", "unit": "BE-K03"})
    back = page.get_by_role("button", name=re.compile("Live picture · 1 real pursuit goes on"))
    expect(back).to_be_visible()
    back.click()
    expect(page.locator('[data-pursuit="p-1"]')).to_be_visible()
    expect(page.locator('[data-pursuit^="SIM-"]')).to_have_count(0)
    expect(page.locator('[data-unit^="SIM-"]')).to_have_count(0)

    page.get_by_role("button", name="See the training (1)").click()
    page.get_by_role("button", name="Training", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-training]")).to_have_count(0)
    deadline = time.monotonic() + 10
    while [view["phase"] for view in server.get("/api/v1/pursuits")["pursuits"] if view["simulated"]] != ["ended"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
