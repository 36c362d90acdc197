"""What every HTTP handler needs: reading a body within its limit, and answering in JSON."""

from __future__ import annotations

import asyncio
import math
from typing import Final

import msgspec
from aiohttp import hdrs, web

from tracker.errors import DrempelloosError, IllegalMove, Refused
from tracker.io.answers import encode, encode_error
from tracker.io.credentials import Grant
from tracker.io.gate import Pass

MAX_BODY_BYTES: Final = 64 * 1024
"""Of every call but that for pings."""

BODY_S: Final = 8.0
BODY_BYTES_PER_S: Final = 16 * 1024
"""A body must be there in so many seconds, and one more for each of these that has come."""

CALLER: Final = web.RequestKey("caller", Grant)
"""Who makes a call; there for every call that is neither public nor a unit's."""

PASS: Final = web.RequestKey("pass", Pass)
"""The same, with what proves it."""


class HttpError(DrempelloosError):
    """A request that is answered with an error.

    Args:
        status: HTTP status code.
        field: as in `Refused`.
        reason: as in `Refused`.
    """

    def __init__(self, status: int, field: str, reason: str) -> None:
        super().__init__(f"{status} {field}: {reason}")
        self.status = status
        self.field = f"{field}"  # a plain text, where aiohttp's names of headers are of a kind of their own
        self.reason = reason


def signed(request: web.Request, claimed: str | None) -> str | None:
    """Who the record says made a call: the caller, whatever it claims; only `LOCAL` may say any name, or none.

    Raises:
        HttpError: 403 when it claims another's name.
    """
    name = request[CALLER].name
    if name is None:
        return claimed
    if claimed is not None and claimed != name:
        raise HttpError(403, "by", f"the caller is {name}, and nobody signs for another; leave it out")
    return name


async def read_body(request: web.Request, limit_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body of a request.

    Raises:
        HttpError: 408 when it comes too slowly, 413 when it is larger than the limit, 415 when it is encoded (a
            small body may decode to a huge one, so none is decoded).
    """
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise HttpError(415, hdrs.CONTENT_ENCODING, "encoded bodies are not read; send it as it is")
    body = bytearray()
    if (request.content_length or 0) <= limit_bytes:
        began_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(began_at + BODY_S) as limit:
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > limit_bytes:
                        break
                    limit.reschedule(began_at + BODY_S + len(body) / BODY_BYTES_PER_S)
                else:
                    return bytes(body)
        except TimeoutError:
            raise HttpError(408, "", f"the body comes too slowly; {len(body)} bytes of it came") from None
    raise HttpError(413, "", f"the body is larger than {limit_bytes} bytes")


def respond(answer: msgspec.Struct, status: int = 200, content_type: str = "application/json") -> web.Response:
    """An answer in JSON."""
    return web.Response(status=status, body=encode(answer), headers={hdrs.CONTENT_TYPE: content_type})


def respond_error(status: int, field: str, reason: str) -> web.Response:
    """An error in JSON."""
    headers = {hdrs.CONTENT_TYPE: "application/json"}
    if status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    response = web.Response(status=status, body=encode_error(field, reason), headers=headers)
    if status == 408:  # what is still to come of it is no request
        response.force_close()
    return response


def respond_later(status: int, reason: str, wait_s: float) -> web.Response:
    """An error that is over after a while: the answer says when to come again (RFC 9110, 10.2.3)."""
    response = respond_error(status, "", reason)
    response.headers[hdrs.RETRY_AFTER] = str(math.ceil(wait_s))
    return response


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal by the core: 409 when the pursuit's phase is the reason, else 400."""
    return 409 if isinstance(refused, IllegalMove) else 400
