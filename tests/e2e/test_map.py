"""The map itself in a real browser, in front of a real server: what it shows, what it asks for, what it admits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, WebSocketRoute, expect

from tests.e2e.browser import BORDER_LAT, LON, Screen, drive, screen, send, watched
from tests.e2e.conftest import ServerFactory
from tests.e2e.pmtiles import archive
from tests.e2e.process import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def shown(browser: Browser) -> Iterator[Screen]:
    with watched(browser) as shown:
        yield shown


@pytest.fixture(scope="module")
def server(module_server_factory: ServerFactory) -> Server:
    return module_server_factory("--no-auth")


def look_at(shown: Screen, server: Server, lon: float, lat: float, zoom: float) -> Page:
    """Open the map at a view, and wait until it is drawn."""
    shown.open(f"{server.http}/#map={zoom}/{lat}/{lon}")
    shown.page.locator("body[data-map]").wait_for(timeout=30_000)
    return shown.page


def click_middle(page: Page) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_click_on_a_unit_selects_it_and_one_beside_it_does_not(server: Server, shown: Screen) -> None:
    with server.units() as unit:
        ping = {"unit": "BE-K03", "boot": "b", "seq": 1, "t": drive("x")[-1]["t"], "lon": LON, "lat": BORDER_LAT - 0.02}
        send(unit, [ping])
        page = look_at(shown, server, LON, BORDER_LAT - 0.02, 14)
        row = page.locator('tr[data-unit="BE-K03"]')
        expect(row).to_be_visible()

        click_middle(page)
        expect(row).to_have_attribute("data-selected", "true")

    page.goto(f"{server.http}/#map=14/{BORDER_LAT}/{LON}")
    page.reload()
    page.locator("body[data-map]").wait_for(timeout=30_000)
    click_middle(page)
    expect(row).to_have_attribute("data-selected", "false")


def test_the_borders_are_outlined_first_and_then_drawn_as_the_server_has_them(server: Server, shown: Screen) -> None:
    order: list[str] = []
    shown.page.on("response", lambda response: order.append(response.url.removeprefix(server.http)))
    with shown.page.expect_response("**/api/v1/borders") as whole:
        look_at(shown, server, 4.93, 51.44, 14)

    assert whole.value.ok
    assert order.index("/api/v1/borders/outline") < order.index("/api/v1/borders")
    assert "/api/v1/borders/sides" in order


def test_calm_is_a_switch_that_is_remembered(server: Server, shown: Screen) -> None:
    page = look_at(shown, server, LON, BORDER_LAT, 12)
    button = page.locator("#calm")
    # This browser draws without a graphics card.
    expect(button).to_have_attribute("aria-pressed", "true")

    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.reload()
    page.locator("body[data-map]").wait_for(timeout=30_000)
    expect(page.locator("body")).to_have_attribute("data-calm", "false")


def test_the_first_steps_are_walked_by_key_and_never_come_again(server: Server, shown: Screen) -> None:
    page = shown.page
    shown.open(server.http)
    card = page.locator("#first-steps")
    expect(card).to_contain_text("Step 1 of 3")

    page.locator("#first-steps-next").focus()
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(card).to_be_hidden()
    page.reload()
    page.locator("body[data-ready]").wait_for(timeout=30_000)
    expect(card).to_be_hidden()

    page.evaluate("localStorage.removeItem('first-steps')")
    page.reload()
    page.locator("body[data-ready]").wait_for(timeout=30_000)
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_the_picture_says_of_when_it_is_once_the_link_is_lost(server_factory: ServerFactory, browser: Browser) -> None:
    server = server_factory("--no-auth")
    lost = screen(browser)
    lost.open(server.http)
    server.kill()

    expect(lost.page.locator("#banner")).to_contain_text(re.compile(r"last picture, of \d\d:\d\d:\d\d"), timeout=4_000)
    lost.page.context.close()


def test_each_fault_of_the_server_has_its_line_and_goes_with_it(server: Server, shown: Screen) -> None:
    """The feed is the real one, with a status message between its own."""
    page = shown.page
    routes: list[WebSocketRoute] = []

    def join(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    page.route_web_socket(re.compile(".*/live"), join)
    shown.open(server.http)
    faults = page.locator("#faults")
    expect(faults).to_be_hidden()

    codes = ("not_recording", "restarting", "no_borders", "clock_step", "overloaded")
    told = [{"code": code, "since": "2026-11-23T09:22:11.000Z", "text": "x"} for code in codes]
    routes[0].send(json.dumps({"type": "status", "time": drive("x")[-1]["t"], "faults": told}))
    for code in codes:
        expect(faults.locator(f'[data-code="{code}"]')).to_contain_text("10:22:11")
    expect(faults.locator('[data-code="no_borders"]')).to_contain_text("NO BORDER DETECTION")

    routes[0].send(json.dumps({"type": "status", "time": drive("x")[-1]["t"], "faults": []}))
    expect(faults).to_be_hidden()


def test_a_computer_whose_clock_is_wrong_is_told_so_and_shows_the_servers_time(server: Server, shown: Screen) -> None:
    shown.page.add_init_script("const real = Date.now; Date.now = () => real() - 90_000;")
    shown.open(server.http)

    told = shown.page.locator('#faults [data-code="clock_differs"]')
    expect(told).to_contain_text(re.compile(r"1:(29|30) behind"), timeout=20_000)


def test_a_machine_that_cannot_draw_the_map_has_all_the_rest(server: Server, shown: Screen) -> None:
    shown.page.add_init_script(
        "const real = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.startsWith('webgl') ? null : real.call(this, kind, ...rest);"
        "};"
    )
    shown.open(server.http)

    expect(shown.page.locator('#faults [data-code="map"]')).to_contain_text("cannot draw the map", timeout=20_000)
    expect(shown.page.locator("body")).to_have_attribute("data-link", "up")
    expect(shown.page.locator("#pursuits")).to_contain_text("No pursuit is running")


def test_the_operators_tiles_are_read_by_ranges_from_this_server(
    server_factory: ServerFactory, shown: Screen, tmp_path: Path
) -> None:
    tiles = tmp_path / "roads.pmtiles"
    tiles.write_bytes(archive())
    config = tmp_path / "config.toml"
    config.write_text(f'[basemap]\nkind = "pmtiles"\nurl = "{tiles}"\nattribution = "© Roads Office"\n')
    server = server_factory("--no-auth", "--config", str(config))
    read: list[Response] = []
    shown.page.on("response", lambda response: read.append(response) if "basemap" in response.url else None)

    page = look_at(shown, server, 4.7, 51.4, 10)

    page.locator('body[data-basemap="pmtiles"]').wait_for(timeout=30_000)
    expect(page.locator("#attribution")).to_contain_text("© Roads Office")
    files = [response for response in read if response.url.endswith(".pmtiles")]
    assert {response.status for response in files} == {206}
    assert server.get("/api/v1/config")["basemap"]["url"] == "basemap.pmtiles"


def test_a_map_that_does_not_come_is_missed_and_nothing_else_is(
    server_factory: ServerFactory, browser: Browser, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[basemap]\nkind = "style"\nurl = "http://127.0.0.1:9/style.json"\nattribution = "© Roads Office"\n'
        'origins = ["http://127.0.0.2:9"]\n'
    )
    server = server_factory("--no-auth", "--config", str(config))
    missed = screen(browser)
    with missed.page.expect_response(f"{server.http}/") as main:
        missed.open(server.http)

    expect(missed.page.locator('#faults [data-code="basemap"]')).to_be_visible(timeout=30_000)
    expect(missed.page.locator("body")).to_have_attribute("data-link", "up")
    policy = main.value.headers["content-security-policy"]
    for part in ("connect-src", "img-src"):
        sources = next(rule for rule in policy.split(";") if rule.strip().startswith(part))
        assert "http://127.0.0.1:9 http://127.0.0.2:9" in sources
    assert not [problem for problem in missed.problems if "Content Security Policy" in problem]
    missed.page.context.close()
