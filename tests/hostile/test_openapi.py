"""The API against its own description: schemathesis makes calls that are right by it and calls that are wrong by it.

No answer may be a fault of the server, have a status, a type or a body that the document does not name, or be given to
a caller who has not said who he is where the document asks for that. See `openapi_hooks` for the one check of ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import needs
from tests.e2e.process import ROOT, Server
from tests.hostile.target import check_log
from tracker.io.credentials import Credentials

Api = tuple[Server, dict[str, str]]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server, and a token of each kind of caller; alive to the end, and nothing of all this was its fault."""
    data = tmp_path_factory.mktemp("openapi") / "data"
    with closing(Credentials(data)) as credentials:
        tokens = {
            "supervisor": credentials.issue("supervisor", at=0.0, state="NL"),
            "auditor": credentials.issue("auditor", at=0.0, state="NL"),
            "admin": credentials.issue("admin", at=0.0),
            "gateway": credentials.issue("gateway", ["BE-K03", "NL-2"], at=0.0, state="BE"),
        }
    server = Server(data).start()
    try:
        yield server, tokens
        assert server.get("/healthz") == {"status": "ok"}
        assert server.stop() == 0
    finally:
        server.kill()
    check_log(server.log(), list(tokens.values()))


@pytest.mark.parametrize("examples", needs.sizes(2, soak=200, long=5_000))
@pytest.mark.parametrize("caller", ["supervisor", "nobody"])
def test_every_answer_is_one_that_the_document_describes(api: Api, caller: str, examples: int) -> None:
    server, tokens = api
    program = Path(sys.executable).with_name("schemathesis")
    phases = "fuzzing" if examples < 10 else "examples,coverage,fuzzing"
    command = [str(program), "run", f"{server.http}/openapi.json", "--phases", phases, "--seed", "1"]
    command += ["--checks", "all", "--exclude-checks", "positive_data_acceptance", "--max-examples", str(examples)]
    command += ["--continue-on-failure", "--warnings", "off", "--request-timeout", "30"]
    if caller in tokens:
        command += ["--header", f"Authorization: Bearer {tokens[caller]}"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.hostile.openapi_hooks", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(command, cwd=server.data, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert "Tested:" in done.stdout
