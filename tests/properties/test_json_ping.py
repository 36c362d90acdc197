"""Any bytes get an answer, no number that is not finite gets through, and a valid ping comes back."""

import json
import math
import string

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.codec import json_ping
from tracker.codec.json_ping import Refusal, decode, fixes
from tracker.fix import MAX_SEQ, Fix, Ping

NOW = 1795442532.0

names = st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=64)
pings = st.builds(
    Ping,
    unit=names,
    t=st.floats(315_964_800.0, NOW),
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    boot=names,
    seq=st.integers(0, MAX_SEQ),
    acc=st.none() | st.floats(0, 100_000),
    speed=st.none() | st.floats(0, 350),
    course=st.none() | st.floats(0, 360),
)
names_of_members = [f'"{name}"' for name in Ping.__struct_fields__]
literals = ["null", "1", "-1", "1795442531", "NaN", "Infinity", "1e400", "1.5", "true", r'"\ud800"', "9" * 30]
tokens = st.sampled_from([*'{}[],: \\"', *names_of_members, *literals])
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
near_pings = st.dictionaries(st.sampled_from([*Ping.__struct_fields__, "x"]), values | names, max_size=10)


def check_answer(message: bytes | str) -> None:
    for ping in decode(message):
        if isinstance(ping, Ping):
            numbers = (ping.t, ping.lon, ping.lat, ping.acc, ping.speed, ping.course)
            assert all(value is None or math.isfinite(value) for value in numbers)
            assert ping.seq is None or type(ping.seq) is int
            msgspec.json.encode(ping)
    for numbered in (False, True):
        for answer in fixes(message, NOW, numbered):
            if isinstance(answer, Refusal):
                texts = (answer.unit, answer.boot, answer.field, answer.reason)
                assert all(text is None or (text.isascii() and text.isprintable()) for text in texts)
                assert answer.reason
            else:
                assert -180 <= answer.lon <= 180
                assert -90 <= answer.lat <= 90


@given(st.binary(max_size=200))
def test_any_bytes(message: bytes) -> None:
    check_answer(message)


@given(st.lists(tokens, max_size=40).map("".join))
def test_any_sequence_of_tokens(message: str) -> None:
    check_answer(message)
    check_answer(message.encode())


@given(st.lists(near_pings | anything, max_size=4))
def test_any_json(content: list[object]) -> None:

    check_answer(json.dumps(content))
    check_answer(json.dumps(content, ensure_ascii=False))


@given(st.lists(pings, min_size=1, max_size=5), st.booleans())
def test_valid_pings_come_back_as_they_were(sent: list[Ping], as_text: bool) -> None:
    body = msgspec.json.encode(sent)
    assert decode(body.decode() if as_text else body) == sent
    assert all(isinstance(fix, Fix) for fix in fixes(body, NOW, numbered=True))
    assert decode(msgspec.json.encode(sent[0])) == sent[:1]


@given(st.lists(pings | near_pings, min_size=1, max_size=4))
@settings(max_examples=300)
def test_the_fast_path_and_the_exact_path_agree(content: list[Ping | dict[str, object]]) -> None:
    body = msgspec.json.encode(content)
    assert decode(body) == json_ping._decode_exactly(body)
