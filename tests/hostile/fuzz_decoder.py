"""The decoder under atheris, in a process of its own. Usage: libFuzzer's options, then a directory of messages."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["tracker.codec", "tracker.fix", "json"]):
    from tests.hostile.test_fuzz import check


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
