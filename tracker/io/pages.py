"""The map page: every file it may ask for, read into memory once, with nothing read from disk per request.

A name that is not in the table is not found, whatever it spells; so there are no paths to escape from. What takes long
is done when it is first asked for: a server that starts anew is waited for by units, and seldom by a page.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from aiohttp import hdrs, web

MIME_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".pmtiles": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
"""What is served at all, by extension. Anything else in the directory stays there."""

VENDOR_MARK: Final = "maplibre-gl.mjs"
"""Third-party code that set-up brings under `vendor/`; the page cannot work without it."""

_TOOLING: Final = {"package.json", "package-lock.json", "tsconfig.json", "names.json"}

_PACKED: Final = {".woff2", ".png", ".ico", ".pmtiles"}
_LARGEST_BYTES: Final = 64 * 1024 * 1024

_NOT_SET_UP: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Drempelloos is not set up</title>
<h1>The map is not set up</h1>
<p>The server runs, but the map's third-party files are missing. Run <code>make setup</code> in the checkout
and start the server again.</p>
</html>
"""


_Made = TypeVar("_Made")


class Later(Generic[_Made]):
    """Something that is made once, in a thread, when it is first asked for.

    Args:
        make: makes it.
    """

    def __init__(self, make: Callable[[], _Made]) -> None:
        self._make: Final = make
        self._making: asyncio.Future[_Made] | None = None

    async def get(self) -> _Made:
        """What was made. Raises what making it raised; then the next who asks tries again."""
        if self._making is None or (self._making.done() and self._making.exception() is not None):
            self._making = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._making)  # whoever asked first may go; others wait too


class Page(NamedTuple):
    """One file as it goes over the wire. `packed` is None where gzip does not help."""

    body: bytes
    packed: Later[bytes | None]
    content_type: str
    etag: str


class Pages:
    """The files of the web directory, by the name under which they are served.

    Args:
        directory: holds `index.html`. Hidden files, those of the package manager, and every kind of file that
            `MIME_TYPES` does not list are left out.
    """

    def __init__(self, directory: Path) -> None:
        self._pages: dict[str, Page] = {}
        if directory.is_dir():
            for path in sorted(directory.rglob("*")):
                name = path.relative_to(directory)
                if not _is_hidden(name) and path.suffix in MIME_TYPES and path.is_file():
                    self._pages[name.as_posix()] = _page(path.read_bytes(), path.suffix)
        self.is_set_up: Final = "index.html" in self._pages and any(
            name.startswith("vendor/") and name.endswith(f"/{VENDOR_MARK}") for name in self._pages
        )
        if not self.is_set_up:
            self._pages["index.html"] = _page(_NOT_SET_UP, ".html")

    def __len__(self) -> int:
        return len(self._pages)

    async def answer(self, request: web.Request, name: str) -> web.Response | None:
        """The answer for `name` (no leading slash; `""` is `index.html`); None if it is not found."""
        page = self._pages.get(name or "index.html")
        return None if page is None else await answer(request, page)


def page(body: bytes, suffix: str) -> Page:
    """Prepare a body of a known kind to be served by `answer`."""
    return _page(body, suffix)


async def answer(request: web.Request, page: Page) -> web.Response:
    """Serve one prepared body: 304 if the client has it, gzip if the client reads that."""
    headers = {
        hdrs.ETAG: page.etag,
        hdrs.CACHE_CONTROL: "no-cache",  # asked again each time, and answered with 304
        hdrs.VARY: "Accept-Encoding",
    }
    if page.etag in _tags(request):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = page.content_type
    packed = await page.packed.get() if _reads_gzip(request) else None
    if packed is not None:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=packed, headers=headers)
    return web.Response(body=page.body, headers=headers)


def find_directory(source_root: Path) -> Path:
    """Where the page's files are: `tracker/web` in an installed wheel, `web` in a checkout.

    Args:
        source_root: the directory that holds the package `tracker`.
    """
    installed = source_root / "tracker" / "web"
    return installed if installed.is_dir() else source_root / "web"


def _page(body: bytes, suffix: str) -> Page:
    if len(body) > _LARGEST_BYTES:
        raise ValueError(f"{len(body)} bytes are too many to keep in memory; at most {_LARGEST_BYTES}")
    digest = hashlib.sha256(body).digest()
    # Weak, because the packed and the plain form share it (RFC 9110, 8.8.1).
    etag = f'W/"{base64.urlsafe_b64encode(digest[:15]).decode()}"'
    return Page(body, Later(partial(_packed, body, suffix)), MIME_TYPES[suffix], etag)


def _packed(body: bytes, suffix: str) -> bytes | None:
    if suffix in _PACKED or len(body) <= 500:
        return None
    packed = gzip.compress(body, compresslevel=6, mtime=0)
    return packed if len(packed) < len(body) else None


def _is_hidden(name: Path) -> bool:
    return name.name in _TOOLING or "node_modules" in name.parts or any(part.startswith(".") for part in name.parts)


def _tags(request: web.Request) -> set[str]:
    header = request.headers.get(hdrs.IF_NONE_MATCH, "")
    tags = {tag.strip() for tag in header.split(",")}
    # If-None-Match compares weakly (RFC 9110, 13.1.2).
    return tags | {f"W/{tag}" for tag in tags if tag.startswith('"')}


def _reads_gzip(request: web.Request) -> bool:
    weights: dict[str, bool] = {}
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";")
        weights[coding] = weight not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return weights.get("gzip", weights.get("*", False))
