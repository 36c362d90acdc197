"""A PMTiles archive (version 3) with one vector tile, written by hand: no map data is shipped for tests."""

from __future__ import annotations

import json
import struct

ZOOM, X, Y = 7, 65, 42
"""The tile that holds Hazeldonk."""


def archive() -> bytes:
    """One tile with a road from west to east through its middle, as Protomaps names it."""
    tile = _tile()
    tile_id = (4**ZOOM - 1) // 3 + _hilbert(ZOOM, X, Y)
    # One entry: how many, its id, its run length, its length, its offset plus one.
    directory = b"".join(_varint(number) for number in (1, tile_id, 1, len(tile), 1))
    metadata = json.dumps({"vector_layers": [{"id": "roads", "fields": {"kind": "String"}}]}).encode()
    at = 127
    header = b"PMTiles" + struct.pack(
        "<B11Q6B4iB2i",
        3,
        *(at, len(directory)),
        *(at + len(directory), len(metadata)),
        *(at + len(directory) + len(metadata), 0),
        *(at + len(directory) + len(metadata), len(tile)),
        *(1, 1, 1),
        *(1, 1, 1, 1, ZOOM, ZOOM),  # clustered, nothing compressed, vector tiles
        *(0, 480_000_000, 90_000_000, 550_000_000),
        ZOOM,
        *(47_000_000, 515_000_000),
    )
    assert len(header) == at
    return header + directory + metadata + tile


def _tile() -> bytes:
    across = b"".join(_varint(number) for number in (9, _zigzag(0), _zigzag(2048), 10, _zigzag(4096), _zigzag(0)))
    feature = _bytes(2, _varint(0) + _varint(0)) + _number(3, 2) + _bytes(4, across)
    value = _bytes(1, b"highway")
    layer = _number(15, 2) + _bytes(1, b"roads") + _bytes(2, feature) + _bytes(3, b"kind") + _bytes(4, value)
    return _bytes(3, layer + _number(5, 4096))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 31)


def _bytes(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _hilbert(zoom: int, x: int, y: int) -> int:
    """Place of a tile on the Hilbert curve of its zoom level, as the format numbers them."""
    place = 0
    side = 1 << (zoom - 1)
    while side:
        right, low = (x & side) > 0, (y & side) > 0
        place += side * side * ((3 * right) ^ low)
        if not low:
            if right:
                x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
            x, y = y, x
        side >>= 1
    return place
