"""Logs: JSON lines on stderr, or lines for people on a terminal; stdout is for what programs read.

    debug    what one connection or one input did
    info     what an operator wants to find afterwards: start, stop, recovery, who came and went
    warning  something is not as it should be, and the server copes: a viewer cut off, a clock that was set
    error    somebody did not get what they should have got: a fault, a request that failed, an input set aside
    critical the server cannot go on

A line says what happened (`event`), when (`timestamp`, UTC), and to whom by id: `connection`, `viewer`, `unit`,
`event_id`, `error_id` (the one in an answer with status 500). It holds no token, cookie, password or key, no body of a
request, and at `info` and above no position: who may see where officers are is decided elsewhere than in a log.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import Processor

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up_logs(level: str = "info", form: str = "auto") -> None:
    """Say what is written, and how.

    Args:
        level: the least: `debug`, `info`, `warning` or `error`.
        form: `json`, `text`, or `auto`: text if stderr is a terminal.
    """
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    last: list[Processor] = [structlog.processors.JSONRenderer()]
    if is_text:
        last = [_make_printable, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
    )
    logging.root.handlers[:] = [_Forward()]
    logging.root.setLevel(max(logging.WARNING, _LEVELS[level]))


class _Unfailing:
    """A stream that loses what it cannot write: a full disk under the log must not stop the server."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _Forward(logging.Handler):
    """What libraries log, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "a library says", logger=record.name, text=self.format(record))


def _make_printable(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep what somebody sent from steering the terminal, or from looking like another line."""
    for key, value in line.items():
        if isinstance(value, str) and not value.isprintable():
            kept = "\n" if key == "exception" else ""
            line[key] = "".join(c if c.isprintable() or c in kept else ascii(c)[1:-1] for c in value)
    return line
