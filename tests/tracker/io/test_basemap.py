"""The operator's own map: what is allowed, and what the page and the policy are told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tracker.io.basemap import describe, file_of, origins
from tracker.io.config import Basemap, Config, conflicts
from tracker.io.settings import keys


def problems(**basemap: object) -> list[str]:
    config = msgspec.structs.replace(Config(), basemap=Basemap(**basemap))  # type: ignore[arg-type]
    return [name for name, _ in conflicts(config)]


def test_a_file_is_served_under_one_name_and_its_path_is_told_nobody() -> None:
    basemap = Basemap("pmtiles", "/srv/tiles/benelux.pmtiles", "© Roads Office")

    assert describe(basemap).url == "basemap.pmtiles"
    assert file_of(basemap) == Path("/srv/tiles/benelux.pmtiles")
    assert origins(basemap) == ()


def test_the_policy_gets_the_host_and_nothing_else_of_the_address() -> None:
    basemap = Basemap("raster", "https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1", "©", ("https://b.example",))

    assert origins(basemap) == ("https://tiles.example:8443", "https://b.example")
    assert origins(Basemap()) == ()


@pytest.mark.parametrize(
    ("basemap", "wrong"),
    [
        ({}, []),
        ({"kind": "pmtiles"}, ["basemap.url", "basemap.attribution"]),
        ({"kind": "style", "url": "style.json", "attribution": "©"}, ["basemap.url"]),
        ({"kind": "raster", "url": "https://a.example/{z}/{x}.png", "attribution": "©"}, ["basemap.url"]),
        ({"kind": "raster", "url": "https://a.example/{z}/{x}/{y}.png"}, ["basemap.attribution"]),
    ],
)
def test_what_does_not_fit_together_is_named(basemap: dict[str, object], wrong: list[str]) -> None:
    assert problems(**basemap) == wrong


@pytest.mark.parametrize(
    "url", ["https://a.example/x;script-src *", "https://a example/", "javascript://x/", "https://"]
)
def test_an_address_cannot_widen_the_policy(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        keys()["basemap.url"].key.check(url)
