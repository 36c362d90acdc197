"""Whatever is in a track file: pings that are in range, or a refusal that says why in printable ASCII."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.codec.track_file import read_track
from tracker.errors import Refused
from tracker.fix import accept

XML = [
    '<?xml version="1.0" encoding="latin-1"?>',
    "<gpx>",
    "</gpx>",
    "<trk>",
    "</trk>",
    "<trkseg>",
    "</trkseg>",
    '<trkpt lat="51.4" lon="4.7">',
    "</trkpt>",
    "<time>2026-11-23T14:02:11Z</time>",
    "<time>",
    "</time>",
    "<speed>",
    "</speed>",
    "<name>",
    "</name>",
    "<![CDATA[1]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x1b;",
    "&a;",
    "9" * 400,
    "é\x00",
]
CELLS = ["t", "time", "lon", "lat", "unit", "seq", "boot", "acc", ",", "\n", '"', "1795442531", "4.7", "1e999", "\x00"]
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
positions = st.lists(st.floats(-200, 200) | values, max_size=4)
times = st.lists(st.just("2026-11-23T14:02:11Z") | st.floats(1e9, 2e9) | values, max_size=3)
geometries = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Point", "LineString", "MultiLineString", "Polygon"]),
        "coordinates": positions
        | st.lists(positions, max_size=3)
        | st.lists(st.lists(positions, max_size=3), max_size=2),
    }
)
properties = st.dictionaries(
    st.sampled_from(["coordTimes", "times", "time", "t", "unit", "acc", "seq", "boot", "coordinateProperties"]),
    times | st.lists(times, max_size=2) | values,
    max_size=4,
)
features = st.fixed_dictionaries({"type": st.just("Feature"), "geometry": geometries, "properties": properties})
documents = features | st.fixed_dictionaries(
    {"type": st.just("FeatureCollection"), "features": st.lists(features, max_size=3)}
)


def check(name: str, body: bytes) -> None:
    reason = name
    try:
        for ping in read_track(name, body.splitlines(keepends=True)):
            accept(ping, ping.t)
    except Refused as refused:
        reason = refused.reason
    assert reason.startswith(name)
    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) < 500


@pytest.mark.parametrize("name", ["a.gpx", "a.geojson", "a.csv", "a.ndjson"])
@given(body=st.binary(max_size=300))
def test_any_bytes(name: str, body: bytes) -> None:
    check(name, body)


@given(st.lists(st.sampled_from(XML), max_size=40).map("".join))
def test_any_xml(body: str) -> None:
    check("a.gpx", body.encode())
    check("a.gpx", ("<gpx><trk><trkseg>" + body + "</trkseg></trk></gpx>").encode("latin-1"))


@given(st.lists(st.sampled_from(CELLS), max_size=40).map("".join))
def test_any_cells(body: str) -> None:
    check("a.csv", body.encode())
    check("a.csv", b"t,lon,lat,unit,acc\n" + body.encode())


@given(documents)
def test_any_geojson(document: dict[str, object]) -> None:
    check("a.geojson", json.dumps(document).encode())
