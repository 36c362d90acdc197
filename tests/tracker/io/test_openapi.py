"""The OpenAPI document: whole, consistent, and true to the types that the server uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tracker import events
from tracker.io.openapi import CALLS, document

DOCUMENT: dict[str, Any] = json.loads(document("1.2.3"))
OPERATIONS = [
    (path, method, operation) for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_says_what_it_is() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_every_call_is_an_operation() -> None:
    assert {(call.method.lower(), call.path) for call in CALLS} == {(method, path) for path, method, _ in OPERATIONS}
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names) == len(CALLS)


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))

    assert len(found) > 50
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]


def test_every_path_parameter_is_described() -> None:
    for path, _, operation in OPERATIONS:
        described = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path))


def test_every_operation_has_its_errors_in_one_form() -> None:
    for path, _, operation in OPERATIONS:
        responses = operation["responses"]
        assert {"403", "500"} <= responses.keys()
        assert ("401" in responses) == ("security" in operation or operation["operationId"] == "signIn")
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= responses.keys(), path
            # One that records nothing needs no journal.
            assert ("503" in responses) == (path != "/api/v1/decide"), path
        for status, response in responses.items():
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_every_event_type_is_described() -> None:
    tags = {
        schema["properties"]["type"]["enum"][0]
        for schema in DOCUMENT["components"]["schemas"].values()
        if "enum" in schema.get("properties", {}).get("type", {})
    }

    for kind in events.Event.__args__:
        assert msgspec.inspect.type_info(kind).tag in tags  # type: ignore[attr-defined]


def test_listed_events_have_an_offset() -> None:
    items = DOCUMENT["components"]["schemas"]["EventsAnswer"]["properties"]["events"]["items"]

    assert items["allOf"][0]["required"] == ["offset"]


@pytest.mark.parametrize("name", ["Ping", "StartBody", "ContactBody"])
def test_bodies_refuse_unknown_fields(name: str) -> None:
    assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False
