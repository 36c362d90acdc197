"""A million messages through the decoder and fifty thousand frames through a socket: no crash, nothing unhandled, no
number that is not finite past the decoder, and memory as it was.

The messages are made by a grammar and then broken: a seed and a count repeat them all. `test_json_ping` in
tests/properties does the same with Hypothesis, and `make soak` with atheris, which looks for new ways through the code.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests import needs
from tests.hostile.target import Target, handshake, memory_bytes, ping
from tracker.codec.json_ping import Refusal, fixes
from tracker.fix import Fix

NOW = 1_795_442_532.0
MEBIBYTE = 1024 * 1024
FIELDS = ["unit", "boot", "seq", "t", "lon", "lat", "acc", "speed", "course"]
NUMBERS = ["0", "-0", "1", "-1", "1.5", "4.7353", "51.4859", "1795442531.25", "1e5", "1E-400", "1e400", "-1e400", "NaN"]
NUMBERS += ["Infinity", "-Infinity", "9" * 20, "9" * 5_000, "0x10", "01", "1.", ".5", "+1", "180.0000001", "1e-320"]
TEXTS = [
    '"BE-K03"',
    '""',
    '"a\\n"',
    '"\\ud800"',
    '"\\u0000"',
    '"\\uD83D\\uDE94"',
    '"' + "a" * 65 + '"',
    '"é"',
    '"\x7f"',
]
OTHERS = ["null", "true", "false", "[]", "{}", "[[[]]]", '{"a":{"b":1}}', "", "undefined", "'a'", "/*a*/1", "[1,]"]
RANGES = {"lon": (-185, 185), "lat": (-92, 92), "acc": (-1, 400), "speed": (-1, 360), "course": (-2, 365)}
PIECES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"e",
    b"-",
]


def messages(random: Random) -> Iterator[bytes]:
    """Without end: one that is nearly a message of pings, then nine that are it, broken here and there."""
    while True:
        count = random.choice((1, 1, 1, 1, 2, 3))
        pings = [_object(random) for _ in range(count)]
        text = pings[0] if count == 1 and random.random() < 0.8 else f"[{','.join(pings)}]"
        whole = text.encode("utf-8", "surrogatepass")
        yield whole
        for _ in range(9):
            body = bytearray(whole)
            for _ in range(random.choice((1, 1, 1, 2, 8))):
                _break(body, random)
            yield bytes(body)


def message(random: Random) -> bytes:
    """One of them, whole or broken."""
    return next(islice(messages(random), random.choice((0, 1)), None))


def _object(random: Random) -> str:
    names = [name for name in FIELDS if random.random() < 0.9]
    if random.random() < 0.1:
        names.append(random.choice([*FIELDS, "colour", "", "\u2028", "un\\u0069t"]))
    if random.random() < 0.1:
        random.shuffle(names)
    return "{" + ",".join(f'"{name}":{_value(name, random)}' for name in names) + "}"


def _value(name: str, random: Random) -> str:
    if random.random() < 0.97:
        if name in {"unit", "boot"}:
            return f'"{random.choice(("BE-K03", "NL-2", "a1", "z" * 64))}"'
        if name == "seq":
            return str(random.choice((0, 17, 18, 2**53 - 1, 2**53, 2**64, -1)))
        low, high = RANGES.get(name, (NOW - 4_000, NOW + 4_000))
        return repr(random.uniform(low, high))
    return random.choice(random.choice((NUMBERS, TEXTS, OTHERS)))


def _break(body: bytearray, random: Random) -> None:
    at = random.randrange(len(body) + 1)
    match random.randrange(5):
        case 0 if body:
            body[at % len(body)] ^= 1 << random.randrange(8)
        case 1:
            body[at:at] = random.choice(PIECES)
        case 2:
            del body[at : at + random.randrange(1, 9)]
        case 3:
            body[at:at] = body[at : at + 40]
        case _:
            del body[at:]


def check(body: bytes) -> int:
    """Decode it as a socket does, or as HTTP does; how many fixes came of it."""
    found = 0
    for one in fixes(body, NOW, numbered=len(body) % 2 == 0):
        if isinstance(one, Fix):
            found += 1
            values = (one.fixed_at, one.lon, one.lat, one.accuracy_m, one.speed_mps, one.course_deg)
            assert all(value is None or math.isfinite(value) for value in values), body
            assert -180 <= one.lon <= 180, body
            assert -90 <= one.lat <= 90, body
            assert one.unit.isascii(), body
        else:
            assert isinstance(one, Refusal)
            assert one.reason, body
            assert one.reason.isprintable(), body
    return found


@pytest.mark.parametrize("count", needs.sizes(20_000, soak=1_000_000, long=20_000_000))
def test_no_message_gets_past_the_decoder_as_anything_but_a_fix_or_a_refusal(count: int) -> None:
    made = messages(Random(20_261_126))
    found = sum(map(check, islice(made, count // 4)))
    before = memory_bytes(os.getpid())
    found += sum(map(check, islice(made, count - count // 4)))

    assert found > count / 20  # or hardly any came so far as to be fixes
    assert memory_bytes(os.getpid()) - before < 8 * MEBIBYTE


@pytest.mark.parametrize("count", needs.sizes(0, soak=300_000, long=20_000_000))
def test_a_fuzzer_that_looks_for_new_ways_through_the_decoder_finds_no_crash(tmp_path: Path, count: int) -> None:
    if find_spec("atheris") is None:
        needs.lacks("no atheris here: it is built for Linux on x86_64 and Python before 3.14")
    seeds = tmp_path / "corpus"
    seeds.mkdir()
    random = Random(1)
    for number in range(200):
        (seeds / str(number)).write_bytes(message(random))
    script = Path(__file__).with_name("fuzz_decoder.py")

    command = [sys.executable, str(script), f"-atheris_runs={count}", f"-runs={count}", "-seed=1", "-max_len=2048"]
    done = subprocess.run([*command, str(seeds)], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3_000:]
    assert "Done" in done.stderr
    assert not list(tmp_path.glob("crash-*"))


def frame(payload: bytes, first: int = 0x81, *, mask: bool = True, length: int | None = None, wide: int = 0) -> bytes:
    """One frame, right or wrong in any part of its head (RFC 6455, section 5.2)."""
    size = len(payload) if length is None else length
    masked = 0x80 if mask else 0
    if wide == 8 or size >= 65_536:
        head = bytes((first, masked | 127)) + (size % 2**64).to_bytes(8, "big")
    elif wide == 2 or size > 125:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | size))
    return head + (b"\0\0\0\0" if mask else b"") + payload


def frames(random: Random, seq: Iterator[int]) -> list[bytes]:
    """What one connection sends: good frames, and in the end, or sooner, one that is not."""
    good = [frame(json.dumps(ping(boot="f", seq=next(seq))).encode()) for _ in range(random.randrange(1, 6))]
    odd: list[Callable[[], bytes]] = [
        lambda: frame(message(random)),
        lambda: frame(message(random), 0x82),
        lambda: frame(message(random), random.randrange(256)),
        lambda: frame(message(random), mask=False),
        lambda: frame(
            message(random), length=random.choice((0, 1, 125, 126, 65_535, 2**32, 2**63 - 1, 2**63, 2**64 - 1))
        ),
        lambda: frame(b"short", wide=random.choice((2, 8))),
        lambda: frame(random.randbytes(random.choice((0, 1, 2, 125))), random.choice((0x88, 0x89, 0x8A))),
        lambda: frame(random.randbytes(126), random.choice((0x88, 0x89, 0x8A))),
        lambda: frame(b"part", random.choice((0x08, 0x09, 0x0A))),
        lambda: frame(random.randrange(65_536).to_bytes(2, "big") + b"why", 0x88),
        lambda: frame(b"\x03\xe8\xff\xfe", 0x88),
        lambda: frame(b"part", 0x01) + frame(b"", 0x89) + frame(b"end", 0x80),
        lambda: frame(b"part", 0x01) + frame(b"another", 0x01),
        lambda: frame(b"no beginning", random.choice((0x00, 0x80))),
        lambda: b"".join(frame(b"", 0x00) for _ in range(200)),
        lambda: frame(b"x", 0x01) + b"".join(frame(b"y", 0x00) for _ in range(300)) + frame(b"z", 0x80),
        lambda: frame(b"packed", 0xC1),
        lambda: random.randbytes(random.randrange(1, 200)),
        lambda: frame(message(random))[: random.randrange(1, 12)],
        lambda: frame(b" " * 300_000),
    ]
    bad = [random.choice(odd)() for _ in range(random.randrange(1, 4))]
    return good + bad if random.random() < 0.7 else bad + good


@pytest.mark.parametrize("count", needs.sizes(2_000, soak=50_000, long=5_000_000))
def test_no_frame_brings_the_server_down_or_reaches_another_unit(target: Target, count: int) -> None:
    random = Random(count)
    seq = iter(range(10**9))
    opened = handshake(target.ws_port, "/units", f"Authorization: Bearer {target.unit}")
    watched = handshake(target.ws_port, "/live", f"Authorization: Bearer {target.dispatcher}")
    sent = connections = 0
    settled = 0
    while sent < count:
        batch = frames(random, seq)
        with socket.create_connection(("127.0.0.1", target.ws_port), timeout=10) as connection, suppress(OSError):
            connection.sendall(opened if random.random() < 0.8 else watched)
            assert b" 101 " in connection.recv(4_096)
            for one in batch:
                cut = random.randrange(len(one)) if one and random.random() < 0.3 else 0
                connection.sendall(one[:cut])
                connection.sendall(one[cut:])
            connection.settimeout(0.02)
            while connection.recv(65_536):
                pass
        sent += len(batch)
        connections += 1
        if connections % 50 == 0:
            assert target.witness.is_served()
        if sent >= count // 5 and not settled:
            settled = memory_bytes(target.server.pid)

    assert target.witness.is_served()
    assert memory_bytes(target.server.pid) - settled < 24 * MEBIBYTE
