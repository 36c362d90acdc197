"""What the fuzzer of the API must know besides the document; read by schemathesis (SCHEMATHESIS_HOOKS)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response

SERVER_KNOWS: Final = {
    # What is right by the document, and wrong by what the server knows at that moment; the reason says why.
    "unit": "not in the pursuit, or another's",
    "host": "which host is meant, when none or several could be",
    "obligation": "which are open",
    "kind": "which are open",
    "scenario": "which there are",
    "decision": "which can follow the one before",
    "continuous": "of whom it was said",
    "status": "which goes with which moment",
    "attempted_at": "before the pursuit, or after now",
    "established_at": "before the pursuit, or after now",
    "held_at": "before the pursuit, or after now",
    "met_at": "before the pursuit, or after now",
    "reason": "the pursuit is not another state's",
    "id": "simulated or not",
    "name": "who signs in, where no link's secret is shown",
    "password": "goes with a name, or is a link's new one",
}


@schemathesis.check
def a_right_body_is_refused_only_for_what_no_document_can_say(
    ctx: CheckContext, response: Response, case: Case[Any]
) -> None:
    """In place of `positive_data_acceptance`, which takes every refusal of it for a fault."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 400:
        return
    error = json.loads(response.content)["error"]
    ends_no_session = case.method == "DELETE" and error["field"] == ""
    if error["field"] not in SERVER_KNOWS and not ends_no_session:
        raise AssertionError(f"refused, though right by the document: {error}")


_INSTANTS = st.integers(946_684_800, 3_786_912_000).map(lambda at: datetime.fromtimestamp(at, UTC).isoformat())
schemathesis.openapi.format("date-time", _INSTANTS)
