"""While no borders are known fixes are taken and placed nowhere; when they are known again, what was missed is not
silently over.
"""

from __future__ import annotations

import msgspec
import pytest

from tests.tracker.road import Scene
from tracker.engine import Engine
from tracker.events import CrossingConfirmed, CrossingEvent, Event, ObligationOpened, encode, unix_s
from tracker.inputs import Input, PingReceived, StartPursuit, blinded, decode
from tracker.inputs import encode as encode_input
from tracker.io.offline import build_engine


class Blinded(Scene):
    """A scene that can lose its borders, and has the inputs as a journal would."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.seeing, self.blind = engine, build_engine(None)
        self.journal: list[bytes] = []

    def do(self, entry: Input) -> list[Event]:
        if self.engine is self.blind:
            entry = blinded(entry)
        self.journal.append(encode_input(entry))
        return super().do(entry)


@pytest.fixture
def scene(engine: Engine) -> Blinded:
    return Blinded(engine)


def cross_blindly(scene: Blinded, unit: str = "BE-1") -> tuple[float, float]:
    """A kilometre in BE with borders, then two across the border without, then one in NL with them; when it was blind
    from and until.
    """
    scene.drive(unit, -2_000, -1_000)
    began_at = scene.now - 1
    scene.engine = scene.blind
    scene.drive(unit, -970, 970)
    scene.engine = scene.seeing
    ended_at = scene.now
    scene.drive(unit, 1_000, 2_000)
    return began_at, ended_at


def test_without_borders_nothing_is_said_of_them(scene: Blinded) -> None:
    scene.engine = scene.blind
    scene.drive("BE-1", -1_500, 1_500)

    assert scene.types() == ["unit.seen"]
    track = scene.world.tracks["BE-1"]
    assert (track.territory, track.quality, track.silence) == ("OUTSIDE", "ok", "fresh")
    assert track.fix.seq > 90


def test_a_unit_that_crossed_meanwhile_is_told_once_when_borders_are_back(scene: Blinded) -> None:
    began_at, ended_at = cross_blindly(scene)

    (crossing,) = scene.of(CrossingConfirmed)
    assert isinstance(crossing, CrossingConfirmed)
    assert (crossing.from_, crossing.to) == ("BE", "NL")
    assert began_at <= unix_s(crossing.crossed_at) <= ended_at
    assert abs(unix_s(crossing.crossed_at) - (began_at + 1_000 / 30)) <= 3 * crossing.uncertainty_s
    assert unix_s(crossing.time) >= ended_at
    assert scene.world.tracks["BE-1"].territory == "NL"


def test_a_unit_that_was_first_heard_meanwhile_has_crossed_nothing(scene: Blinded) -> None:
    scene.engine = scene.blind
    scene.drive("NL-1", -500, 500)
    scene.engine = scene.seeing
    scene.drive("NL-1", 530, 1_500)

    assert not any(isinstance(event, CrossingEvent) for event in scene.events)
    assert scene.world.tracks["NL-1"].territory == "NL"


def test_a_late_fix_and_a_silence_are_as_ever(scene: Blinded) -> None:
    scene.drive("BE-1", -2_000, -1_700)
    scene.engine = scene.blind
    newest = scene.ping("BE-1", -1_600)
    scene.do(newest)
    late = msgspec.structs.replace(scene.ping("BE-1", -1_650).fix, fixed_at=scene.now - 1)
    scene.do(PingReceived(late, scene.now + 0.5))

    assert scene.world.tracks["BE-1"].fix == newest.fix
    assert scene.world.heard["BE-1"] == scene.now + 0.5


def test_a_pursuit_that_begins_meanwhile_finds_its_place_and_its_law_when_borders_are_back(scene: Blinded) -> None:
    scene.engine = scene.blind
    scene.drive("BE-1", -2_000, -1_500)
    scene.do(StartPursuit(at=scene.now, id="p-1", unit="BE-1", started_in="BE"))
    scene.drive("BE-1", -1_470, -1_000)
    assert scene.world.pursuits["p-1"].members[0].territory is None
    scene.engine = scene.seeing
    scene.drive("BE-1", -970, 500)

    assert [event.to for event in scene.events if isinstance(event, CrossingConfirmed)] == ["NL"]
    assert any(isinstance(event, ObligationOpened) and event.kind == "contact" for event in scene.events)


def test_a_replay_with_borders_tells_the_same(scene: Blinded, engine: Engine) -> None:
    cross_blindly(scene)
    again = Scene(engine)
    for body in scene.journal:
        again.do(decode(body))

    assert [encode(event) for event in again.events] == [encode(event) for event in scene.events]
    assert again.world.encode() == scene.world.encode()
