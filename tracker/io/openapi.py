"""Every call of the HTTP API as a table, and the OpenAPI 3.1 document made from it.

The routes are made from the same table (`tracker.io.api`), so that nothing is served that is not described.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tracker import events
from tracker.facts import Facts
from tracker.fix import Ping
from tracker.io import admin_calls, answers, geojson, requests
from tracker.io.call import Call
from tracker.io.commands import STEPS, name_of
from tracker.io.training import TrainingView
from tracker.treaty.rules import Finding
from tracker.views import PursuitView

Schema = dict[str, object]

ACCESS_QUERY: Final = {"after": (0, 0, 2**53 - 1), "limit": (100, 1, 1000)}
EVENTS_QUERY: Final = {"after": (0, 0, 2**53 - 1), "limit": (100, 1, 1000)}
"""Of `GET /api/v1/events`: default, smallest and largest value."""


SIGN_OUT_QUERY: Final = {"everywhere": (0, 0, 1)}
"""Of `DELETE /api/v1/session`."""

_QUERIES: Final = {"events": EVENTS_QUERY, "signOut": SIGN_OUT_QUERY}


def _command(step: str, summary: str) -> Call:
    return Call(
        "POST",
        f"/api/v1/pursuits/{{id}}/{step}",
        name_of(step),
        summary,
        "command",
        answers.CommandAnswer,
        STEPS[step].body,
        errors=(400, 403, 404, 409, 413, 415, 503),
    )


CALLS: Final = (
    Call(
        "GET",
        "/api/v1/config",
        "config",
        "What a page must know before it starts.",
        "public",
        answers.ConfigAnswer,
    ),
    Call(
        "POST",
        "/api/v1/pings",
        "pings",
        "Send positions; answered once they are durable.",
        "send",
        answers.PingsAnswer,
        Ping | list[Ping],
        errors=(400, 403, 413, 415, 429, 503),
    ),
    Call("GET", "/api/v1/units", "units", "The newest fix of every unit.", "see", geojson.UnitCollection),
    Call(
        "GET",
        "/api/v1/borders",
        "borders",
        "The boundary data that the server decides by.",
        "public",
        geojson.BorderCollection,
    ),
    Call(
        "GET",
        "/api/v1/borders/outline",
        "borderOutline",
        f"The same with fewer vertices: within {geojson.OUTLINE_M:.0f} m of it, for a first picture.",
        "public",
        geojson.BorderCollection,
    ),
    Call(
        "GET",
        "/api/v1/borders/sides",
        "borderSides",
        "Places along the borders between the Benelux states for the names of both sides.",
        "public",
        geojson.SideCollection,
    ),
    Call(
        "GET",
        "/api/v1/events",
        "events",
        "Events in order, from after an offset.",
        "see",
        answers.EventsAnswer,
        errors=(400,),
    ),
    Call("GET", "/api/v1/pursuits", "pursuits", "All pursuits.", "see", answers.PursuitsAnswer),
    Call("GET", "/api/v1/pursuits/{id}", "pursuit", "One pursuit.", "see", PursuitView, errors=(404,)),
    Call(
        "GET",
        "/api/v1/pursuits/{id}/track",
        "track",
        "What the members of a pursuit drove.",
        "see",
        geojson.LegCollection,
        errors=(404,),
    ),
    Call(
        "GET",
        "/api/v1/pursuits/{id}/record",
        "record",
        "Everything that is on record of a pursuit, to be played again.",
        "see",
        answers.RecordAnswer,
        errors=(404,),
    ),
    Call(
        "GET",
        "/api/v1/pursuits/{id}/legs",
        "legs",
        "The stays of a pursuit in host states.",
        "see",
        answers.LegsAnswer,
        errors=(404,),
    ),
    Call(
        "GET",
        "/api/v1/pursuits/{id}/legs/{leg}",
        "leg",
        "The report on one stay for its host's authorities (Art. 46), as a page to print.",
        "see",
        "text/html",
        errors=(400, 404),
    ),
    Call(
        "POST",
        "/api/v1/pursuits",
        "start",
        "A unit begins to pursue.",
        "command",
        answers.CommandAnswer,
        requests.StartBody,
        201,
        (400, 403, 409, 413, 415, 503),
    ),
    _command("join", "Another unit joins."),
    _command("contact", "Contact with the host's service."),
    _command("host-decision", "What the host's service said."),
    _command("danger", "Somebody judged the danger of going on."),
    _command("continuity", "Whether the pursuit was unbroken."),
    _command("obligation", "What was owed was done."),
    _command("hold", "A person is being held."),
    _command("handover", "Persons and objects were handed over."),
    _command("report", "The report to the host was made."),
    _command("end", "The pursuit is over."),
    Call(
        "POST",
        "/api/v1/alerts/{id}/ack",
        "acknowledge",
        "A person has seen an alert; `id` is that of its event.",
        "command",
        answers.AcknowledgeAnswer,
        requests.AcknowledgeBody,
        errors=(400, 403, 404, 413, 415, 503),
    ),
    Call(
        "POST",
        "/api/v1/decide",
        "decide",
        "What the law says of a crossing that is only thought of; nothing is recorded.",
        "see",
        Finding,
        Facts,
        errors=(400, 403, 413, 415),
    ),
    Call(
        "GET",
        "/api/v1/words/{name}",
        "words",
        "The law's words in a language, by the English ones; `name` is en, nl, fr or de.",
        "public",
        answers.WordsAnswer,
        errors=(404,),
    ),
    Call(
        "GET",
        "/api/v1/trainings",
        "trainings",
        "The scenarios that can be played, and the trainings that go on.",
        "see",
        answers.TrainingsAnswer,
    ),
    Call(
        "POST",
        "/api/v1/trainings",
        "train",
        "Play a scenario now.",
        "train",
        TrainingView,
        requests.TrainBody,
        201,
        (400, 403, 413, 415, 503),
    ),
    Call(
        "POST",
        "/api/v1/trainings/{id}/stop",
        "stopTraining",
        "End a training, and its pursuit.",
        "train",
        TrainingView,
        requests.Body,
        errors=(400, 403, 404, 413, 415, 503),
    ),
    Call(
        "POST",
        "/api/v1/pursuits/{id}/open",
        "open",
        "See a pursuit that is another state's, for a reason that is logged.",
        "see",
        PursuitView,
        requests.OpenBody,
        errors=(400, 403, 404, 413, 415, 503),
    ),
    Call(
        "GET",
        "/api/v1/pursuits/{id}/evidence",
        "evidence",
        "Whether a pursuit is kept as evidence, by whom and why.",
        "see",
        answers.KeptAnswer,
        errors=(404, 503),
    ),
    Call(
        "POST",
        "/api/v1/pursuits/{id}/evidence",
        "keep",
        "Keep a pursuit as evidence: nothing of it is erased.",
        "keep",
        answers.KeptAnswer,
        requests.KeepBody,
        errors=(400, 403, 404, 409, 413, 415, 503),
    ),
    Call(
        "POST",
        "/api/v1/pursuits/{id}/evidence/release",
        "release",
        "Keep it no longer than any other.",
        "keep",
        answers.KeptAnswer,
        requests.KeepBody,
        errors=(400, 403, 404, 409, 413, 415, 503),
    ),
    Call(
        "GET",
        "/api/v1/access-log",
        "accessLog",
        "Who looked at what, in order, from after a row.",
        "audit",
        answers.AccessAnswer,
        errors=(400,),
    ),
    Call(
        "POST",
        "/api/v1/session",
        "signIn",
        "Sign in: by name and password, or by a link that works once. Answered with the cookie of a session.",
        "public",
        answers.SessionAnswer,
        requests.SignInBody,
        errors=(400, 401, 413, 415, 429, 503),
    ),
    Call("GET", "/api/v1/session", "session", "Who is signed in, if anybody is.", "public", answers.SessionAnswer),
    Call(
        "DELETE",
        "/api/v1/session",
        "signOut",
        "Sign out here, or everywhere.",
        "own",
        answers.SignedOutAnswer,
        errors=(400,),
    ),
    Call(
        "GET",
        "/api/v1/oidc/start",
        "oidcStart",
        "To the organisation's own way in.",
        "public",
        "text/html",
        status=303,
        errors=(404,),
    ),
    Call(
        "GET",
        "/api/v1/oidc/callback",
        "oidcCallback",
        "Back from there: to the map with a session, or to the way in with the reason why not.",
        "public",
        "text/html",
        status=303,
        errors=(404,),
    ),
    Call(
        "POST",
        "/api/v1/ws-ticket",
        "ticket",
        "What a viewer shows in its subscription if it can send neither cookie nor token.",
        "see",
        answers.TicketAnswer,
    ),
    *admin_calls.CALLS,
    Call("GET", "/healthz", "health", "The event loop runs.", "public", answers.HealthAnswer),
    Call("GET", "/readyz", "ready", "The server can do its work.", "public", answers.ReadyAnswer, errors=(503,)),
    Call("GET", "/metrics", "metrics", "Counters, for Prometheus.", "operate", "text/plain"),
    Call("GET", "/openapi.json", "openapi", "This document.", "public", "application/json"),
    Call(
        "GET",
        "/basemap.pmtiles",
        "basemap",
        "The operator's PMTiles file, if there is one; by ranges.",
        "public",
        "application/octet-stream",
        errors=(404,),
    ),
    Call("GET", "/", "index", "The map.", "public", "text/html"),
    Call("GET", "/sign-in", "signInPage", "The way in.", "public", "text/html"),
    Call("GET", "/{name}", "page", "A file of the map page.", "public", "*/*", errors=(404,)),
)

_TYPES: Final = (
    events.Event,
    requests.Subscribe,
    answers.ErrorAnswer,
    *(call.answer for call in CALLS if not isinstance(call.answer, str)),
    *(call.body for call in CALLS if call.body is not None),
)

_REASONS: Final = {
    400: "The input is not right; the answer names the field.",
    401: "A token is needed, or this one is not known.",
    403: "The call is meant for another host, comes from another site's page, or is not for this role.",
    404: "There is no such thing.",
    408: "The body comes too slowly.",
    409: "Not in the pursuit's present phase, or there already; the answer says which.",
    413: "The body is too large.",
    429: "Too much at once; the answer says how long to wait (`Retry-After`).",
    415: "Encoded bodies are not read.",
    500: "A fault of the server; the answer has an id that its log has too.",
    503: "The journal cannot be written; nothing was accepted.",
}


def document(version: str) -> bytes:
    """The OpenAPI 3.1 document as JSON."""
    schemas, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(id, _TYPES), schemas, strict=True))
    _add_offsets(components)
    paths: dict[str, dict[str, object]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, by_type)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Drempelloos",
                "version": version,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    # On loopback its name ends with the port, as in __Host-drempelloos-8080.
                    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-drempelloos"},
                },
            },
        }
    )


def _operation(call: Call, by_type: dict[int, Schema]) -> Schema:
    answer: Schema
    if isinstance(call.answer, str):
        answer = {call.answer: {}}
    else:
        media = "application/geo+json" if call.answer.__module__ == geojson.__name__ else "application/json"
        answer = {media: {"schema": by_type[id(call.answer)]}}
    responses: Schema = {str(call.status): {"description": call.summary, "content": answer}}
    errors = {*call.errors, 403, 500} | ({401} if call.access != "public" else set())
    for status in sorted(errors | ({408} if call.body is not None else set())):
        responses[str(status)] = {
            "description": _REASONS[status],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
        }
    operation: Schema = {"operationId": call.name, "summary": call.summary, "responses": responses}
    parameters = _parameters(call)
    if parameters:
        operation["parameters"] = parameters
    if call.body is not None:
        operation["requestBody"] = {
            "required": not _may_be_empty(call.body),
            "content": {"application/json": {"schema": by_type[id(call.body)]}},
        }
    if call.access != "public":
        # The last: where the configuration says that nobody must say who he is.
        operation["security"] = [{"token": []}, *([{"session": []}] if call.access != "send" else []), {}]
    return operation


def _may_be_empty(body: object) -> bool:
    """An empty body counts as `{}`, and whether that will do the body's type says."""
    try:
        msgspec.json.decode(b"{}", type=body)
    except msgspec.ValidationError:
        return False
    return True


def _parameters(call: Call) -> list[Schema]:
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("id", "leg", "name")
        if f"{{{name}}}" in call.path
    ]
    for name, (default, low, high) in _QUERIES.get(call.name, {}).items():
        schema = {"type": "integer", "default": default, "minimum": low, "maximum": high}
        found.append({"name": name, "in": "query", "schema": schema})
    return found


def _add_offsets(components: dict[str, Schema]) -> None:
    offset: Schema = {
        "type": "object",
        "properties": {"offset": {"type": "integer"}},
        "required": ["offset"],
    }
    for answer in ("EventsAnswer", "RecordAnswer"):
        properties = components[answer]["properties"]
        if isinstance(properties, dict):
            listed = properties["events"]
            properties["events"] = {"type": "array", "items": {"allOf": [offset, listed["items"]]}}
