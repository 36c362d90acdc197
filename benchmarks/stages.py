"""What each part of a ping's way costs, without sockets: where the time goes, and what would be left without the core.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.stages [--runs N]

The server's own parts, one after another in one process, in groups as large as when the queue is full; processor time,
the least of several runs. As in the server, one thread does the linear algebra. *Idle* is the same with a core that has
seen each unit once and then answers nothing: what decoding, journalling and acknowledging cost by themselves.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load import ROUND_S, Load, backlogs, cars, gateways
from borders import boundary_file
from tracker.codec.json_ping import fixes
from tracker.engine import Engine
from tracker.events import Event
from tracker.fix import Fix
from tracker.inputs import Input, PingReceived
from tracker.io import interpreter
from tracker.io.batch import Batch, Known, look_up
from tracker.io.draft import Draft
from tracker.io.journal import Journal
from tracker.io.lanes import GROUP
from tracker.io.offline import build_engine
from tracker.io.receipts import Receipts, Sender
from tracker.world import World

MEASURED: Final = 40_000
"""Pings of a run."""

TOGETHER: Final = 20
"""Messages of a socket in one group, where a message has one ping."""

_PARTS: Final = ("decode, receipts", "known already?", "core, rows", "journal", "publish", "acks")


class Idle(Engine):
    """Sees each unit once."""

    def step(self, world: World, entry: Input) -> list[Event]:
        """Nothing, once the unit is known."""
        if isinstance(entry, PingReceived) and entry.fix.unit in world.tracks:
            return []
        return super().step(world, entry)


class Message(NamedTuple):
    """What one socket sent at once."""

    receipts: Receipts
    bodies: Sequence[bytes]


def body(frame: bytes) -> bytes:
    """The text in one of `benchmarks.bare.text_frame`, whose mask is nothing but zeros."""
    length = frame[1] & 0x7F
    return frame[{126: 8, 127: 14}.get(length, 6) :]


def groups(load: Load) -> Iterator[list[Message]]:
    """The load as groups: of every socket a few messages, and again."""
    receipts = [Receipts() for _ in load.sockets]
    together = TOGETHER if load.batch == 1 else 1
    sockets = max(1, GROUP // (load.batch * together))
    for first in range(0, len(load.sockets[0]), together):
        sent = [
            Message(receipt, [body(frame) for frame in frames[first : first + together]])
            for receipt, frames in zip(receipts, load.sockets, strict=True)
        ]
        for start in range(0, len(sent), sockets):
            yield sent[start : start + sockets]


def run(load: Load, engine: Engine, warm_up: int) -> list[float]:
    """Microseconds of processor a ping, part by part."""
    with tempfile.TemporaryDirectory(dir=".") as directory, closing(Journal(Path(directory))) as journal:
        draft, known = Draft(World()), Known()
        spent, pings, newest_at = [0.0] * len(_PARTS), -warm_up, 0.0
        now = time.time()  # noqa: TID251
        for group in groups(load):
            at = [time.process_time()]
            work: list[Input] = []
            came: list[tuple[Receipts, Sender, list[int]]] = []
            for receipts, bodies in group:
                found = [fix for text in bodies for fix in fixes(text, now, numbered=True) if isinstance(fix, Fix)]
                work += [PingReceived(fix, now) for fix in found]
                by_sender: dict[Sender, list[int]] = {}
                for fix in found:
                    by_sender.setdefault((fix.unit, fix.boot), []).append(fix.seq)
                for sender, seqs in by_sender.items():
                    receipts.came(sender, seqs)
                    came.append((receipts, sender, seqs))
            at.append(time.process_time())
            asked, stored = known.ask(work), None
            if asked.unsure:
                stored, newest = look_up(journal, asked.unsure, asked.unseen)
                known.note(newest)
            at.append(time.process_time())
            batch = Batch(engine, draft, stored, last_input=journal.last_input, newest_at=newest_at)
            draft.begin()
            batch.take(work)
            newest_at = batch.newest_at
            at.append(time.process_time())
            journal.write(batch.inputs, batch.events, batch.quarantined)
            if journal.wants_checkpoint:
                journal.checkpoint()
            at.append(time.process_time())
            draft.commit()
            known.learn(asked.newest.items())
            at.append(time.process_time())
            for receipts, sender, seqs in came:
                receipts.dealt_with(sender, seqs)
            for receipts, _ in group:
                for _ in receipts.acks():
                    pass
            at.append(time.process_time())
            if pings >= 0:
                spent = [sum_ + end - begin for sum_, begin, end in zip(spent, at, at[1:], strict=False)]
            pings += len(work)
            if pings >= MEASURED:
                break
    return [1e6 * part / pings for part in spent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    began_at = time.time() - 3e6  # noqa: TID251
    loads = {
        "200 cars, one ping a message": (cars(200, 200 * ROUND_S + 2 * MEASURED, began_at), 200 * ROUND_S),
        "10 gateways, a ping of each of 100 cars a message": (
            gateways(10, 100, 1_000 * ROUND_S + 2 * MEASURED, began_at),
            1_000 * ROUND_S,
        ),
        "10 cars that were out of reach, 100 pings a message": (
            backlogs(10, 100, 10 * ROUND_S + 2 * MEASURED, began_at),
            10 * ROUND_S,
        ),
    }
    engine = build_engine(boundary_file.load())
    interpreter.settle()
    print(f"| load, core | {' | '.join(_PARTS)} | all |\n| --- |{' ---: |' * (len(_PARTS) + 1)}")
    for name, (load, warm_up) in loads.items():
        for core, used in (
            ("", engine),
            (", idle", Idle(engine.detector, engine.contact_points, engine.boundary_sha256)),
        ):
            found = [run(load, used, warm_up) for _ in range(options.runs)]
            least = [min(column) for column in zip(*found, strict=True)]
            cells = " | ".join(f"{part:.1f}" for part in least)
            print(f"| {name}{core} | {cells} | {min(map(sum, found)):.1f} |", flush=True)


if __name__ == "__main__":
    main()
