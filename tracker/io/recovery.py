"""From the journal back to the world: replay after a restart, rebuild from the first input, export.

Replay is the same `step` that made the events, so the same inputs must give the same events, byte for byte.
Where they do not (other boundary data, other rules, other code), what is stored stands: it is what people were
told.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Final

import msgspec
import structlog

from borders import boundary_file
from tracker.engine import Engine
from tracker.errors import Corrupt, Refused
from tracker.events import encode
from tracker.inputs import Input, PingReceived, decode
from tracker.io.ballast import Ballast
from tracker.io.journal import Cause, Edition, Journal, SnapshotRow
from tracker.io.offline import NO_BORDERS, build_engine
from tracker.io.sqlite import DiskFull
from tracker.pursuits import Pursuit
from tracker.units import Track, Unit
from tracker.world import Alert, World

_PAGE: Final = 1_000
_SHOWN: Final = 300

_log: Final = structlog.get_logger(__name__)


class Difference(msgspec.Struct, frozen=True):
    """Where a replay first came to something else than the journal holds: what is around the place where the two part,
    `""` where there is nothing.
    """

    offset: int
    stored: str
    derived: str


class Replayed(msgspec.Struct, frozen=True):
    """A replay of `inputs` inputs with `events` stored events, of which `differing` came out otherwise.

    `newest_at` is the server time of the last input, Unix seconds UTC; 0 if there is none.
    """

    inputs: int
    events: int
    differing: int
    first_difference: Difference | None
    newest_at: float


class Rebuilt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `rebuild` found."""

    events: int
    identical: bool
    first_difference: Difference | None = None
    made_with_others: tuple[str, ...] = ()
    """Where the journal was made with other boundary data or contact points than it was replayed with."""
    after_input: int = 0
    """What came up to here is erased, or partly: the replay began with the world as it was kept from then."""
    after_offset: int = 0
    """Events up to here were not compared."""


def opened(directory: Path, engine: Engine, ballast: Ballast) -> tuple[Journal, World, Replayed, bool]:
    """Open the journal and replay it; True if there was no room for that without the ballast, or none for the ballast.

    Raises:
        Unusable, Corrupt: the journal cannot be used; says why.
        DiskFull: there is no room to begin.
    """
    try:
        found = _open(directory, engine)
    except DiskFull:
        if not ballast.spend():
            raise
        return (*_open(directory, engine), True)
    return (*found, not ballast.make() and ballast.is_wanted)


def _open(directory: Path, engine: Engine) -> tuple[Journal, World, Replayed]:
    journal = Journal(directory)
    try:
        return (journal, *recover(journal, engine))
    except BaseException:
        journal.close()
        raise


def recover(journal: Journal, engine: Engine) -> tuple[World, Replayed]:
    """The world as it was when the journal was last written to.

    Raises:
        Corrupt: the journal is not whole.
    """
    edition = _edition(engine)
    before = journal.note_edition(edition)
    if before is not None:
        _log.warning("other data from now on", made_with=_differing(before, edition))
    world, after_input, at = _from_snapshot(journal)
    replayed = _replay(journal, engine, world, after_input, at)
    if replayed.differing:
        _log.error(
            "replay differs from the journal; what is stored stands",
            differing=replayed.differing,
            events=replayed.events,
            first=replayed.first_difference,
        )
    _log.info("recovered", inputs=replayed.inputs, events=world.offset, units=len(world.tracks))
    return world, replayed


def _edition(engine: Engine) -> Edition:
    return Edition(engine.boundary_sha256, engine.contact_points.sha256)


def _differing(used: Edition, here: Edition) -> str:
    """What was used that is not what there is here, by the name that `sha256sum` gives it."""
    names = ("boundary data", "contact points")
    return " and ".join(
        f"no {name}"
        if was == NO_BORDERS
        else f"other {name} (SHA-256 {was})"
        if was
        else f"{name} that an older version did not note"
        for name, was, now in zip(names, used, here, strict=True)
        if was != now
    )


def snapshot_row(world: World, last_input: int, at: float, body: bytes) -> SnapshotRow:
    """What `recover` begins from next time: `body` is the world encoded, after that input, at `at` (server time)."""
    return SnapshotRow(last_input, world.offset, layout(), body, at)


@cache
def layout() -> str:
    """Names the form of a snapshot: changes whenever a field of what the world holds does."""
    schema = msgspec.json.schema_components((Track, Unit, Pursuit, Alert))
    return sha256(msgspec.json.encode(schema, order="sorted")).hexdigest()


class Exported(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `export` wrote."""

    events: int
    erased: int = 0
    """Events that there were, and whose time is over."""
    erased_upto: int = 0
    """They are among those up to this offset."""


def export(directory: Path, out: Path) -> Exported:
    """Write every event, in order, a line each, exactly as stored.

    The file appears whole or not at all.

    Raises:
        Unusable: there is no journal, or a server has it open.
        Corrupt: it is damaged, or events are missing that were not erased.
        Refused: the file cannot be written.
    """
    with contextlib.closing(Journal(directory, create=False)) as journal:
        part = out.with_name(f"{out.name}.part")
        written = newest = 0
        try:
            with part.open("wb") as file:
                while page := journal.events(newest, _PAGE):
                    for offset, event in page:
                        if offset != newest + 1 and offset > journal.erased_offset + 1:
                            raise Corrupt(f"the journal has no event {max(newest, journal.erased_offset) + 1}")
                        newest = offset
                        written += 1
                        file.write(event + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(out)
        except OSError as error:
            raise Refused("--out", f"{out} cannot be written: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        return Exported(written, journal.last_offset - written, journal.erased_offset)


def rebuild(directory: Path, contact_points: Path | None = None) -> Rebuilt:
    """Replay a journal from its first input, or from its base if that is erased, and compare.

    Args:
        directory: holds the journal.
        contact_points: the file that the server was configured with; None for the one that is shipped.

    Raises:
        Unusable, Corrupt: as `export`.
    """
    with contextlib.closing(Journal(directory, create=False)) as journal:
        engine = build_engine(boundary_file.load(), contact_points)
        edition = _edition(engine)
        made_with_others = tuple(
            f"from input {input_} on: {_differing(used, edition)}"
            for input_, used in journal.editions()
            if used != edition
        )
        world, after_input, at = _base(journal)
        after_offset = world.offset
        replayed = _replay(journal, engine, world, after_input, at)
        return Rebuilt(
            replayed.events,
            replayed.differing == 0,
            replayed.first_difference,
            made_with_others,
            after_input,
            after_offset,
        )


def time_of(entry: Input) -> float:
    """Server time of an input, Unix seconds UTC."""
    return entry.received_at if isinstance(entry, PingReceived) else entry.at


def _from_snapshot(journal: Journal) -> tuple[World, int, float]:
    """The world to begin with, the input after which it was so, and the server time of that."""
    for snapshot in journal.snapshots():
        if snapshot.layout == layout():
            try:
                return World.decode(snapshot.body), snapshot.input, snapshot.at
            except Corrupt as error:
                _log.warning("a snapshot cannot be read", input=snapshot.input, error=str(error))
    if not journal.base:
        return World(), 0, 0.0
    # An older version wrote them, and what came before is erased. Most of its world may be readable all the same.
    with contextlib.suppress(Corrupt):
        return _base(journal)
    after_input, offset = journal.kept_after
    _log.error("no snapshot can be read, and what came before is erased; what is older is not known", since=after_input)
    world = World()
    world.offset = offset
    return world, after_input, 0.0


def _base(journal: Journal) -> tuple[World, int, float]:
    """The world from which everything after is still there: empty, before the first input, if nothing was erased.

    Raises:
        Corrupt: this version cannot read it.
    """
    if not journal.base:
        return World(), 0, 0.0
    for snapshot in journal.snapshots():
        if snapshot.input == journal.base:
            return World.decode(snapshot.body), snapshot.input, snapshot.at
    raise Corrupt(f"the base of the journal, at input {journal.base}, is not there any more")


def _replay(journal: Journal, engine: Engine, world: World, after_input: int, at: float) -> Replayed:
    inputs = events = differing = 0
    first: Difference | None = None
    newest_at = at
    if after_input and newest_at == 0.0 and (newest := journal.input_from(after_input)) is not None:
        newest_at = time_of(_decode(*newest))
    for cause in journal.causes(after_input, world.offset):
        entry = _decode(cause.id, cause.body)
        before = world.offset
        found = _compare(cause, before, _derive(engine, world, cause.id, entry))
        differing += len(found)
        if first is None and found:
            place, was, now = found[0]
            first = Difference(place, *_shown(was, now))
        # The next event takes the next offset of the journal, whatever was derived here.
        world.offset = before + len(cause.events)
        world.commit()
        inputs += 1
        events += len(cause.events)
        newest_at = time_of(entry)
    return Replayed(inputs, events, differing, first, newest_at)


def _decode(id_: int, body: bytes) -> Input:
    try:
        return decode(body)
    except msgspec.MsgspecError as error:
        raise Corrupt(f"input {id_} of the journal cannot be read: {error}") from error


def _derive(engine: Engine, world: World, id_: int, entry: Input) -> list[bytes]:
    try:
        return [encode(event) for event in engine.step(world, entry)]
    except Exception as error:  # noqa: BLE001 - a start must not fail over one input that was fine when it was stored
        _log.exception("an input of the journal cannot be replayed", input=id_)
        return [f"{type(error).__name__}: {error}".encode()]


def _compare(cause: Cause, after: int, derived: list[bytes]) -> list[tuple[int, bytes, bytes]]:
    """Where the two differ: offset, what is stored, what was derived."""
    stored = [event for _, event in cause.events]
    if derived == stored:
        return []
    return [
        (after + place, was, now)
        for place, (was, now) in enumerate(zip_longest(stored, derived, fillvalue=b""), 1)
        if was != now
    ]


def _shown(was: bytes, now: bytes) -> tuple[str, str]:
    """Two events as far as fits, with the place where they part."""
    parting = next(
        (place for place, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
    )
    begin = 0 if parting < _SHOWN // 2 else parting - _SHOWN // 2
    lead = "…" if begin else ""
    first, second = (lead + event[begin : begin + _SHOWN].decode("utf-8", "replace") for event in (was, now))
    return first, second
