"""The map page's files: only what is listed, straight from memory, with the types that browsers insist on."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from tracker.io.pages import MIME_TYPES, Later, Pages, find_directory

SCRIPT = "// " + "x" * 2_000 + "\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    files = {
        "index.html": "<!doctype html><title>t</title>",
        "app.mjs": SCRIPT,
        "style.css": "a{}",
        "fonts/a.woff2": "w" * 2_000,
        "vendor/maplibre/maplibre-gl.mjs": "export {}",
        ".env": "SECRET=1",
        ".git/config.json": "{}",
        "node_modules/a/a.mjs": "1",
        "package.json": "{}",
        "server.py": "print()",
        "README": "x",
        "page.HTML": "x",
    }
    for name, text in files.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "web"


@pytest_asyncio.fixture
async def url(directory: Path) -> AsyncIterator[str]:
    pages = Pages(directory)

    async def handle(request: web.Request) -> web.Response:
        return await pages.answer(request, request.match_info["name"]) or web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{name:.*}", handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


@pytest_asyncio.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(auto_decompress=False) as session:
        yield session


def test_only_listed_kinds_are_read(directory: Path) -> None:
    assert len(Pages(directory)) == 5


def test_set_up_is_told_by_the_vendor_files(directory: Path) -> None:
    assert Pages(directory).is_set_up
    (directory / "vendor/maplibre/maplibre-gl.mjs").unlink()

    assert not Pages(directory).is_set_up
    assert not Pages(directory / "absent").is_set_up


async def test_without_vendor_files_the_page_says_what_to_do(tmp_path: Path, session: ClientSession) -> None:
    pages = Pages(tmp_path)
    app = web.Application()

    async def handle(request: web.Request) -> web.Response:
        return await pages.answer(request, "") or web.Response(status=404)

    app.router.add_get("/", handle)
    async with TestServer(app) as server, session.get(server.make_url("/")) as response:
        assert response.status == 200
        assert b"make setup" in await response.read()


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("fonts/a.woff2", "font/woff2"),
        ("vendor/maplibre/maplibre-gl.mjs", "text/javascript; charset=utf-8"),
    ],
)
async def test_content_types(url: str, session: ClientSession, name: str, content_type: str) -> None:
    async with session.get(url + name) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, content_type)


async def test_what_takes_long_is_made_once_and_again_only_after_it_failed() -> None:
    made: list[int] = []

    def make() -> int:
        time.sleep(0.02)
        made.append(len(made))
        if len(made) == 1:
            raise MemoryError
        return made[-1]

    later = Later(make)
    with pytest.raises(MemoryError):
        await later.get()
    gone = asyncio.create_task(later.get())
    await asyncio.sleep(0)
    gone.cancel()

    assert [*await asyncio.gather(later.get(), later.get())] == [1, 1]
    assert made == [0, 1]


def test_every_kind_is_served_with_a_type_that_nosniff_accepts() -> None:
    """Browsers refuse modules that do not come as JavaScript."""
    assert all(MIME_TYPES[suffix].startswith("text/javascript") for suffix in (".mjs", ".js"))


async def test_gzip_is_sent_to_those_who_read_it(url: str, session: ClientSession) -> None:
    bodies = {}
    for accept, encoding in (
        ("gzip", "gzip"),
        ("br, GZIP;q=0.5", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0, *", None),
        ("identity", None),
        ("", None),
    ):
        async with session.get(url + "app.mjs", headers={"Accept-Encoding": accept}) as response:
            assert (accept, response.headers.get("Content-Encoding")) == (accept, encoding)
            assert response.headers["Vary"] == "Accept-Encoding"
            bodies[encoding] = await response.read()

    assert bodies[None] == gzip.decompress(bodies["gzip"]) == SCRIPT.encode()
    assert len(bodies["gzip"]) < len(bodies[None]) / 10


async def test_a_page_that_the_client_has_is_not_sent_again(url: str, session: ClientSession) -> None:
    async with session.get(url + "app.mjs") as response:
        tag = response.headers["ETag"]
    for held in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        async with session.get(url + "app.mjs", headers={"If-None-Match": held}) as response:
            assert (response.status, await response.read()) == (304, b"")
    async with session.get(url + "app.mjs", headers={"If-None-Match": '"other"'}) as response:
        assert response.status == 200


async def test_a_changed_file_has_another_tag(directory: Path, url: str, session: ClientSession) -> None:
    """And the running server keeps serving what it read at its start."""
    (directory / "app.mjs").write_text("changed")

    async with session.get(url + "app.mjs") as response:
        assert gzip.decompress(await response.read()) == SCRIPT.encode()


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".git/config.json", "server.py", "README", "node_modules/a/a.mjs", "package.json", "fonts",
        "fonts/", "%2e%2e/secret.txt", "..%2fsecret.txt", "fonts/..%2f..%2fsecret.txt", "%2fetc%2fpasswd",
        "app.mjs%00", "APP.MJS", "app.mjs/", "%c0%ae%c0%ae/secret.txt", "..\\secret.txt",
        "index.html%0d%0aX:1", "//app.mjs",
    ],
)  # fmt: skip
async def test_anything_else_is_not_found(url: str, session: ClientSession, name: str) -> None:
    async with session.get(URL(url + name, encoded=True)) as response:
        assert response.status == 404


def test_the_directory_of_a_wheel_goes_before_that_of_a_checkout(tmp_path: Path) -> None:
    assert find_directory(tmp_path) == tmp_path / "web"
    (tmp_path / "tracker" / "web").mkdir(parents=True)

    assert find_directory(tmp_path) == tmp_path / "tracker" / "web"
