"""Logs: one line is one event, whatever somebody sent, in either form."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tracker.io.logs import set_up_logs

NASTY = [
    "a\r\nb", "\x1b[2J\x1b[31mred", "a\u2028b\u2029c", "\x00\x07\x9b2J", '"},{"event":"forged', "\ud800", "\u202eabc",
]  # fmt: skip


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, level = list(logging.root.handlers), logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize("text", NASTY)
def test_nobody_can_forge_or_split_a_line(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "text"):
        set_up_logs("info", form)
        structlog.get_logger().info("something", unit=text)
        out, err = capfd.readouterr()

        assert out == ""
        assert len(err.splitlines()) == 1
        assert err.rstrip("\n").isprintable()
        if form == "json":
            line = json.loads(err)
            assert (line["event"], line["unit"], line["level"]) == ("something", text, "info")
            assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)  # fmt: skip
def test_what_is_below_the_level_is_left_out(level: str, count: int, capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logs(level, "json")
    log = structlog.get_logger()
    for say in (log.debug, log.info, log.warning, log.error):
        say("something")

    assert len(capfd.readouterr().err.splitlines()) == count


def test_what_libraries_say_is_a_line_like_any_other(capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    logging.getLogger("aiohttp.server").error("it\nfailed: %s", 3)

    line = json.loads(capfd.readouterr().err)
    assert (line["level"], line["logger"], line["text"]) == ("error", "aiohttp.server", "it\nfailed: 3")


def test_a_trace_is_in_the_same_line(capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    try:
        int("no")
    except ValueError:
        structlog.get_logger().exception("failed")

    (line,) = capfd.readouterr().err.splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    """/dev/full answers every write as a full disk does."""
    code = """
import structlog
from tracker.io.logs import set_up_logs
set_up_logs()
structlog.get_logger().info("lost")
print("goes on")
"""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.stdout == b"goes on\n"
