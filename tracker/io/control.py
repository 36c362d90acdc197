"""What an operator asks a running server, over a socket in its data directory: whoever may read the data may ask.

One request per connection, a JSON line; one answer, a JSON line: `{"ok":{…}}` or `{"error":"…"}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from tracker.errors import DrempelloosError

FILE: Final = "control.sock"
MAX_REQUEST_BYTES: Final = 16 * 1024
REQUEST_S: Final = 10.0

Handler = Callable[[dict[str, str]], Awaitable[object]]
"""Takes what is asked for, and says what came of it."""

_log: Final = structlog.get_logger(__name__)


class NotRunning(DrempelloosError):
    """No server answers in this directory."""


class Asked(DrempelloosError):
    """The server refused what it was asked for, or could not do it."""


async def listen(directory: Path, handlers: Mapping[str, Handler]) -> asyncio.Server:
    """Answer in a directory whose journal is ours, so that no other server can be using the socket."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S):
                line = await reader.readline()
            answer = await _answer(handlers, line)
        except (TimeoutError, ValueError):
            answer = {"error": f"a request is one JSON line of at most {MAX_REQUEST_BYTES} bytes"}
        try:
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            pass  # whoever asked has gone

    with _path(directory) as path:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - what an earlier server left
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(serve, path, limit=MAX_REQUEST_BYTES)
        finally:
            os.umask(before)


def ask(directory: Path, request: dict[str, str]) -> Any:  # noqa: ANN401 - what the handler answers
    """Ask the server that runs on a directory. Blocks.

    Raises:
        NotRunning: there is none.
        Asked: it says why not.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _path(directory) as path:
                connection.connect(path)
        except OSError as error:
            raise NotRunning(f"no server runs on {directory}") from error
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as file:
            line = file.readline()
    if not line:
        raise Asked("the server ended before it answered")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise Asked(str(answer["error"]))
    return answer["ok"]


async def _answer(handlers: Mapping[str, Handler], line: bytes) -> dict[str, object]:
    try:
        request = msgspec.json.decode(line, type=dict[str, str])
    except msgspec.MsgspecError as error:
        return {"error": f"not a request: {error}"}
    handler = handlers.get(request.get("do", ""))
    if handler is None:
        return {"error": f"{request.get('do')!r} is not one of {', '.join(handlers)}"}
    _log.info("asked by an operator", what=request["do"])
    try:
        return {"ok": await handler(request)}
    except DrempelloosError as error:
        return {"error": str(error)}
    except Exception:  # noqa: BLE001 - the operator gets an answer, and the log the cause
        _log.exception("what an operator asked for failed", what=request["do"])
        return {"error": "the server failed; its log has the cause"}


@contextmanager
def _path(directory: Path) -> Iterator[str]:
    """The socket's path; a way round the kernel's limit of some 100 bytes, where that is needed."""
    path = str(directory / FILE)
    if len(os.fsencode(path)) < 100:
        yield path
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{FILE}"
    finally:
        os.close(handle)
