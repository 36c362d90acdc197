"""The journal's tables, as a list of steps from each version of the file to the next. Steps are added, never changed.

meta        what the journal is; its epoch names this history for viewers that resume
input       what entered the core, in order; unit, boot and n are set for pings and name each once
event       what followed, by offset; `input` is what caused it
snapshot    the world after one input, so that a restart need not begin at the first; milestones are kept longer
piece       what the world's bytes were written in; `snapshot.pieces` names those of one, NULL where all are in its row
edition     from which input on which boundary data and contact points were used
quarantine  inputs that the core failed on; kept for inspection, never replayed
pursuit     when each began and ended (input, data time; `over_at` server time), and whether it is held as evidence
member      which units were in it, since when
erasure     what was erased, held and released, and when: never the data itself
"""

from __future__ import annotations

from typing import Final

APPLICATION: Final = 0x44524D50  # "DRMP"
MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE input (id INTEGER PRIMARY KEY, unit TEXT, boot TEXT, n ANY, body BLOB NOT NULL) STRICT;
    CREATE UNIQUE INDEX ping ON input (unit, boot, n) WHERE unit IS NOT NULL;
    CREATE TABLE event (offset INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, input INTEGER NOT NULL,
        body BLOB NOT NULL) STRICT;
    CREATE TABLE snapshot (input INTEGER PRIMARY KEY, offset INTEGER NOT NULL, layout TEXT NOT NULL,
        digest BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE edition (input INTEGER PRIMARY KEY, boundary_sha256 TEXT NOT NULL) STRICT;
    CREATE TABLE quarantine (id INTEGER PRIMARY KEY, failed_at REAL NOT NULL, error TEXT NOT NULL,
        body BLOB NOT NULL) STRICT;
    """,
    """
    ALTER TABLE edition ADD COLUMN contacts_sha256 TEXT NOT NULL DEFAULT '';
    """,
    # What was journalled before is seen by nobody but those who see everything.
    """
    ALTER TABLE event ADD COLUMN seen_by INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE event ADD COLUMN pursuit TEXT;
    """,
    """
    CREATE INDEX event_of_pursuit ON event (pursuit, offset) WHERE pursuit IS NOT NULL;
    """,
    """
    ALTER TABLE snapshot ADD COLUMN at REAL NOT NULL DEFAULT 0;
    ALTER TABLE snapshot ADD COLUMN milestone INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE pursuit (id TEXT PRIMARY KEY, began INTEGER NOT NULL, began_at REAL NOT NULL, ended INTEGER,
        ended_at REAL, over_at REAL, held TEXT, swept INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
    CREATE TABLE member (pursuit TEXT NOT NULL, unit TEXT NOT NULL, since INTEGER NOT NULL, since_at REAL NOT NULL,
        PRIMARY KEY (pursuit, unit)) STRICT, WITHOUT ROWID;
    CREATE TABLE erasure (id INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL) STRICT;
    """,
    """
    ALTER TABLE snapshot ADD COLUMN pieces INTEGER;
    CREATE TABLE piece (snapshot INTEGER NOT NULL, nth INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (snapshot, nth)) STRICT;
    """,
)
