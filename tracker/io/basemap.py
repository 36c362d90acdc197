"""The operator's own map below ours: roads and streets, which the built-in ground does not have.

The page fetches it by itself, from this server or from the address in the configuration; the content security policy
allows that address and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.io.config import Basemap

PATH: Final = "basemap.pmtiles"
"""Under this name the page asks for the file, when it is one on this machine."""


class BasemapAnswer(msgspec.Struct, frozen=True):
    """What the page draws below the borders. `url` is empty for `builtin`."""

    kind: str
    url: str
    attribution: str


def describe(basemap: Basemap) -> BasemapAnswer:
    """What the page is told: of a file only that this server has it."""
    url = PATH if file_of(basemap) is not None else basemap.url
    return BasemapAnswer(basemap.kind, url, basemap.attribution)


def file_of(basemap: Basemap) -> Path | None:
    """The PMTiles file on this machine, if it is one."""
    if basemap.kind != "pmtiles" or "://" in basemap.url:
        return None
    return Path(basemap.url)


def origins(basemap: Basemap) -> tuple[str, ...]:
    """The hosts that the page may ask for the map, as sources of a content security policy."""
    return tuple(dict.fromkeys(_origins(basemap)))


def _origins(basemap: Basemap) -> Iterator[str]:
    if basemap.kind != "builtin":
        if "://" in basemap.url:
            parts = urlsplit(basemap.url)
            yield f"{parts.scheme}://{parts.netloc}"
        yield from basemap.origins
