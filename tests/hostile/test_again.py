"""Pings that were sent before, and messages and tokens of which a bit was turned over on the way."""

from __future__ import annotations

import json

from tests.e2e.process import Server, run
from tests.hostile.target import Target, ping, request
from tests.tracker.road import STARTED_AT


def everything(server: Server, token: str) -> list[str]:
    """Ids of all events."""
    found: list[str] = []
    after = 0
    while page := server.get(f"/api/v1/events?after={after}&limit=1000", Authorization=f"Bearer {token}"):
        if not page["events"]:
            return found
        found += [event["id"] for event in page["events"]]
        after = page["next"]
    return found


def post(target: Target, pings: list[object]) -> dict[str, object]:
    body = json.dumps(pings).encode()
    answer = request(target.http_port, "POST", "/api/v1/pings", body, Authorization=f"Bearer {target.unit}")
    assert answer.status == 200
    told: dict[str, object] = json.loads(answer.body)
    return told


def flipped(message: bytes) -> list[bytes]:
    """Each message that differs from this one in one bit."""
    return [
        message[:at] + bytes([message[at] ^ (1 << bit)]) + message[at + 1 :]
        for at in range(len(message))
        for bit in range(8)
    ]


def test_a_drive_that_is_sent_again_is_accepted_and_changes_nothing(target: Target) -> None:
    """A whole drive over a border, three times: by a car that never heard its acknowledgements, or by a thief."""
    drive = [
        ping(boot="again", seq=seq, t=STARTED_AT + seq, lon=4.7326 + seq * 2e-5, lat=51.4851 + seq * 1.5e-4)
        for seq in range(120)
    ]
    first = post(target, list(drive))
    events = everything(target.server, target.dispatcher)
    for again in (drive, list(reversed(drive)), drive[::3] * 3):
        assert post(target, list(again)) == {"accepted": len(again), "refused": []}

    assert first == {"accepted": 120, "refused": []}
    assert [one for one in everything(target.server, target.dispatcher) if one not in events] == []


def test_a_ping_of_which_a_bit_is_turned_over_never_takes_the_place_of_the_one_that_was_sent(target: Target) -> None:
    """There is no signature over a ping yet, so a turned bit may make a ping of its own (another number, another boot);
    never another content under the same name, and never another unit.
    """
    sent = ping(
        boot="flip", seq=70_000, t=STARTED_AT + 500.25, lon=4.75, lat=52.25, acc=6.5, speed=36.125, course=208.5
    )
    message = json.dumps(sent).encode()
    key = {"Authorization": f"Bearer {target.unit}"}
    assert request(target.http_port, "POST", "/api/v1/pings", message, **key).status == 200
    accepted = 0
    for wrong in flipped(message):
        answer = request(target.http_port, "POST", "/api/v1/pings", wrong, **key)
        assert answer.status in {200, 400}, wrong
        if answer.status == 200 and json.loads(answer.body)["accepted"]:
            accepted += 1
            assert json.loads(wrong)["unit"] == "NL-2"
            assert not _is_named_alike(wrong) or json.loads(wrong) == sent, wrong
    print(f"{accepted} of {len(flipped(message))} are pings of their own")
    assert accepted < len(flipped(message)) / 20


def _is_named_alike(message: bytes) -> bool:
    try:
        found = json.loads(message)
    except ValueError:
        return False
    return isinstance(found, dict) and (found.get("unit"), found.get("boot"), found.get("seq")) == (
        "NL-2",
        "flip",
        70_000,
    )


def test_a_token_of_which_a_bit_is_turned_over_is_no_token(target: Target) -> None:
    body = json.dumps(ping(boot="token")).encode()
    for wrong in [*flipped(target.unit.encode()), target.unit[:-1].encode(), target.unit.encode() * 2]:
        if not wrong.isascii() or not wrong.decode().isprintable() or wrong.strip() != wrong:
            continue  # no header holds it
        answer = request(target.http_port, "POST", "/api/v1/pings", body, Authorization=f"Bearer {wrong.decode()}")
        assert answer.status == 401, wrong


def test_every_wrong_token_is_answered_alike(target: Target) -> None:
    """Whether it is unknown, revoked or no token at all is nothing that its bearer learns."""
    token = target.server.token("--unit", "NL-9", "--state", "NL")
    revoked = [
        one["id"]
        for one in map(json.loads, run("token", "list", "--data", str(target.server.data)).stdout.splitlines())
        if "NL-9" in one.get("units", [])
    ]
    assert run("token", "revoke", revoked[0], "--data", str(target.server.data)).returncode == 0

    told = {
        (answer.status, answer.body)
        for value in (f"Bearer {token}", "Bearer unknown", "Bearer", "Basic dW5pdDp1bml0", "", token)
        for answer in [request(target.http_port, "POST", "/api/v1/pings", b"{}", Authorization=value)]
    }
    assert len(told) == 1
