"""Saying no to a WebSocket handshake, in the words of the API."""

from __future__ import annotations

from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response

from tracker.io.answers import encode_error


def refusal(status: HTTPStatus, field: str, reason: str) -> Response:
    """An answer to a handshake that is not welcome, as JSON."""
    body = encode_error(field, reason)
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            "X-Content-Type-Options": "nosniff",
        }
    )
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(status.value, status.phrase, headers, body)


def only(headers: Headers, name: str) -> str | None:
    """The one value of a header; several together are never one that is expected."""
    values = headers.get_all(name)
    return ", ".join(values) if values else None
