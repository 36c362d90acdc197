"""How the interpreter is set for a server that holds much and must not stall."""

from __future__ import annotations

import gc
import sys
from typing import Final

SWITCH_S: Final = 0.000_5
"""How long a thread that wants to run waits for one that does: the journal's, after each statement. Python's 5 ms would
be most of what a commit takes."""

ALLOCATIONS: Final = 50_000
"""Containers made and not yet given back before the collector looks for rings among them. Python's 700 has it look all
the time, and a full look touches everything that is remembered of every unit."""


def start() -> None:
    """Leave the collector off while everything is loaded: nearly all of it stays, and to look through it over and over
    is a sixth of a start.
    """
    gc.disable()


def settle() -> None:
    """Set the interpreter for serving; to be called once what lasts as long as the process is there."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 100)
    gc.enable()
