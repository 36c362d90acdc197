"""The panel in a real browser: a whole pursuit by keyboard, alarms, languages, and nothing to stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.axe import stumbles
from tests.e2e.browser import Screen, chromium, drive, send, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.process import Server

pytestmark = pytest.mark.browser

WAIT_MS: Final = 20_000
AT_HOME: Final = 10
"""Pings of `drive`: far from the border, which is announced later."""

NEAR: Final = 34
"""By then the border is announced."""

TABS: Final = 80
NO_PROBLEM: Final = re.compile("WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with chromium() as browser:
        yield browser
    expect.set_options(timeout=5_000)


@pytest.fixture
def map_page(browser: Browser) -> Iterator[Screen]:
    with watched(browser, excused=NO_PROBLEM) as shown:
        yield shown


@pytest.fixture
def server(server_factory: ServerFactory, tmp_path: Path) -> Server:
    config = tmp_path / "config.toml"
    config.write_text('[contacts]\nreach = ["NL=tel:+31 88 555 01 23", "NL=radio:TG 4711"]\n')
    return server_factory("--no-auth", "--config", str(config))


def focused(page: Page) -> str:
    return str(
        page.evaluate(
            "(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent) ?? ''"
        )
    )


def reach(page: Page, name: str) -> None:
    """Press Tab until a control of that name has the focus."""
    seen = []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if seen[-1].startswith(name):
            return
    raise AssertionError(f"{name!r} is not reached by Tab; what is: {seen}")


def card(page: Page) -> Locator:
    return page.locator("[data-pursuit]")


def test_a_whole_pursuit_by_keyboard_alone(server: Server, map_page: Screen) -> None:
    """Start, join, contact, crossing, host decision, danger, hold, handover, end, report: no pointer is ever used."""
    page = map_page.page
    lead, second = drive("BE-K03"), drive("BE-K07", start_m=-1230.0)
    map_page.open(server.http)
    with server.units() as one, server.units() as other:
        send(one, lead[:AT_HOME])
        send(other, second[:AT_HOME])
        expect(page.locator("#units [data-unit]")).to_have_count(2)

        page.keyboard.press("/")
        page.keyboard.type("K03")
        page.keyboard.press("Enter")
        expect(page.locator('#unit-card [data-to="NL"] .verdict')).to_contain_text("may continue")
        assert focused(page) == "Start pursuit"
        page.keyboard.press("Enter")
        expect(card(page)).to_have_attribute("data-phase", "running")

        page.keyboard.press("/")
        page.keyboard.type("K07")
        page.keyboard.press("Enter")
        reach(page, "Join K03")
        page.keyboard.press("Enter")
        expect(card(page).locator("[data-member]")).to_have_count(2)

        send(one, lead[AT_HOME:NEAR])
        send(other, second[AT_HOME:NEAR])
        expect(card(page).locator(".advice")).to_contain_text(
            re.compile("Contact Meldkamer.*crossing (in|expected)", re.DOTALL)
        )
        page.keyboard.press("1")
        expect(page.locator(":focus")).to_have_text("Contact with NL established")
        page.keyboard.press("Enter")
        expect(card(page).locator('[data-line="NL"]')).to_have_attribute("data-status", "established")

        send(one, lead[NEAR:])
        send(other, second[NEAR:])
    expect(page.locator('[data-alert][data-type="crossing.confirmed"]')).to_have_count(2)
    waiting = int(page.locator("#alerts-count").get_attribute("data-open") or "0")
    for _ in range(waiting):
        page.keyboard.press("a")
        page.wait_for_timeout(200)
    expect(page.locator("#alerts-count")).to_have_attribute("data-open", "0")

    expect(card(page).locator(".advice")).to_contain_text("Tell the national contact points")
    page.keyboard.press("1")
    expect(page.locator(":focus")).to_have_text("Done")
    page.keyboard.press("Enter")
    expect(card(page).locator(".advice")).to_contain_text("may continue: nothing is due now")
    reach(page, "Joint")
    page.keyboard.press("Enter")
    expect(card(page).get_by_role("button", name="Joint")).to_have_attribute("aria-pressed", "true")
    reach(page, "Danger: break off")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("data-phase", "breaking_off")
    expect(card(page).locator(".advice")).to_have_attribute("data-tone", "stop")
    page.keyboard.press("1")
    reach(page, "Danger is over")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("data-phase", "running")

    page.keyboard.press("1")
    reach(page, "Person held")
    page.keyboard.press("Enter")
    expect(page.locator("dialog.ask")).to_be_visible()
    assert focused(page) == "Record the hold"
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("data-phase", "held")
    expect(card(page).locator(".advice")).to_contain_text("Hand over to")
    page.keyboard.press("1")
    expect(page.locator(":focus")).to_have_text("Handed over")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("data-phase", "handed_over")

    page.keyboard.press("1")
    reach(page, "End…")
    page.keyboard.press("Enter")
    assert focused(page) == "End the pursuit"
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("data-phase", "ended")
    expect(card(page).locator(".advice")).to_contain_text("Report to")
    page.keyboard.press("1")
    reach(page, "Report to NL made")
    page.keyboard.press("Enter")
    expect(card(page).locator(".advice")).to_contain_text("Confirm orally given data")
    page.keyboard.press("1")
    expect(page.locator(":focus")).to_have_text("Done")
    page.keyboard.press("Enter")
    expect(card(page).locator(".advice")).to_contain_text("nothing is due")

    told = [event["type"] for event in server.events() if event["type"].startswith("pursuit.")]
    assert told == [
        "pursuit.started", "pursuit.joined", "pursuit.contact", "pursuit.host_decision", "pursuit.danger",
        "pursuit.danger", "pursuit.hold", "pursuit.handover", "pursuit.ended", "pursuit.report",
    ]  # fmt: skip


def overdue(server: Server, pings: list[dict[str, Any]]) -> str:
    """A pursuit that has crossed without a contact; returns its id."""
    with server.units() as unit:
        send(unit, pings[:AT_HOME])
        pursuit = server.post("/api/v1/pursuits", {"unit": pings[0]["unit"], "note": "Van fails to stop"})["pursuit"][
            "id"
        ]
        send(unit, pings[AT_HOME:])
    return str(pursuit)


def test_nobody_stumbles_in_any_state(server: Server, map_page: Screen) -> None:
    page = map_page.page
    map_page.open(server.http)
    found = {"empty": stumbles(page)}
    pursuit = overdue(server, drive("BE-K03"))
    expect(card(page).locator(".advice")).to_have_attribute("data-tone", "overdue")
    found["overdue"] = stumbles(page)
    room = card(page).locator(".reach")
    expect(room.get_by_role("link", name="+31 88 555 01 23")).to_have_attribute("href", "tel:+31885550123")
    expect(room).to_contain_text("TG 4711")
    wide = page.viewport_size
    page.set_viewport_size({"width": 640, "height": 400})  # as 1280 x 800 at 200 %
    found["at 200 %"] = stumbles(page) + page.evaluate(
        "document.documentElement.scrollWidth > innerWidth ? ['the page is wider than the window'] : []"
    )
    page.set_viewport_size(wide or {"width": 1280, "height": 800})
    page.keyboard.press("u")
    expect(page.locator("body")).to_have_attribute("data-utc", "shown")
    found["UTC shown"] = stumbles(page)
    page.keyboard.press("u")
    page.keyboard.press("j")
    found["an alert selected"] = stumbles(page)
    server.post(f"/api/v1/pursuits/{pursuit}/host-decision", {"decision": "stop", "host": "NL", "instructions": "Turn"})
    expect(card(page).locator(".advice")).to_have_attribute("data-tone", "stop")
    found["stop"] = stumbles(page)
    page.keyboard.press("?")
    found["help"] = stumbles(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    expect(page.locator("#unit-card")).to_be_visible()
    expect(page.locator('#unit-card [data-to="BE"] .verdict')).to_be_visible()
    found["a unit selected"] = stumbles(page)
    page.keyboard.press("Escape")
    server.post(f"/api/v1/pursuits/{pursuit}/end", {})
    expect(card(page)).to_have_attribute("data-phase", "ended")
    found["ended"] = stumbles(page)
    server.kill()
    page.locator('body[data-link="down"]').wait_for(timeout=WAIT_MS)
    found["no link"] = stumbles(page)

    assert {state: what for state, what in found.items() if what} == {}


def test_sound_is_armed_by_the_first_gesture_tested_and_visibly_muted(server: Server, map_page: Screen) -> None:
    page = map_page.page
    map_page.open(server.http)
    button = page.locator("#sound")
    expect(button).to_have_attribute("data-sound", "off")
    page.keyboard.press("j")
    expect(button).to_have_attribute("data-sound", "on")
    expect(button).to_have_attribute("title", re.compile(r"tested \d\d:\d\d:\d\d"))
    page.keyboard.press("m")
    expect(button).to_have_attribute("data-sound", "muted")
    expect(button).to_have_text("MUTED, 5 min")

    now = overdue(server, drive("BE-K03"))
    expect(page.locator('[data-alert][data-type="obligation.overdue"]')).to_be_visible()
    expect(button).to_have_attribute("data-wanted", "true")
    page.keyboard.press("m")
    expect(button).to_have_attribute("data-wanted", "false")
    what_is_of_the_past_says_so(server, page, now)


def what_is_of_the_past_says_so(server: Server, page: Page, now: str) -> None:
    """A car that had no connection for two hours: its crossing waits below what happens now, and says of when it is."""
    old = [{**ping, "t": ping["t"] - 7_200.0} for ping in drive("BE-K04")]
    with server.units() as unit:
        send(unit, old[:AT_HOME])
        server.post("/api/v1/pursuits", {"id": "p-then", "unit": "BE-K04"})
        send(unit, old[AT_HOME:])
    past = re.compile(r"^PAST · as of (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC, known 2 h later$")
    crossed = page.locator('[data-group="p-then"] [data-alert][data-type="crossing.confirmed"]')
    expect(crossed.locator(".past")).to_have_text(past)
    expect(page.locator('[data-pursuit="p-then"] .past')).to_have_text(re.compile(r"PAST · data of .* UTC, 2 h old"))
    expect(page.locator("[data-group]").first).to_have_attribute("data-group", now)
    expect(page.locator(f'[data-group="{now}"] [data-past="true"]')).to_have_count(0)


@pytest.mark.parametrize(
    ("tag", "locale", "contact", "crossed", "article"),
    [
        ("nl", "nl-BE", "Bel Meldkamer", "is de grens over naar Nederland", "In Nederland zonder contact"),
        ("fr", "fr-BE", "Appelez Meldkamer", "est entrée aux Pays-Bas", "Sans contact (les Pays-Bas)"),
        ("de", "de-DE", "(Bergen op Zoom) anrufen", "fuhr über die Grenze in die Niederlande", "Ohne Kontakt"),
        ("lb", "lb-LU", "(Bergen op Zoom) uruffen", "fuhr über die Grenze an Holland", "Sans contact"),
    ],
)
def test_the_page_speaks_the_language_of_its_browser(
    server: Server, browser: Browser, tag: str, locale: str, contact: str, crossed: str, article: str
) -> None:
    overdue(server, drive("BE-K03"))
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale=locale)
    shown = Screen(context.new_page())
    shown.open(server.http)
    page = shown.page

    assert page.evaluate("document.documentElement.lang") == tag
    expect(card(page).locator(".advice")).to_contain_text(contact)
    expect(page.locator('[data-type="crossing.confirmed"]')).to_contain_text(crossed)
    expect(page.locator('[data-type="decision"]')).to_contain_text(article)
    expect(page.locator("#unchecked")).to_be_visible()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page.locator("#clock").inner_text())
    assert stumbles(page) == []

    page.locator("#language").select_option("en")
    expect(card(page).locator(".advice")).to_contain_text("Contact Meldkamer")
    expect(page.locator("#unchecked")).to_be_hidden()
    shown.open(server.http)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert shown.problems == []
    context.close()
