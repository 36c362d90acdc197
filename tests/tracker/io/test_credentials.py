from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tests.tracker.road import STARTED_AT
from tracker.errors import Corrupt, Refused
from tracker.io.credential_file import FILE
from tracker.io.credentials import MAX_UNITS, Credentials
from tracker.io.roster import registration
from tracker.io.sqlite import Unusable
from tracker.units import Unit
from tracker.world import World


def test_a_token_speaks_for_what_it_was_issued_for(credentials: Credentials) -> None:
    token = credentials.issue("gateway", ["BE-1", "BE-2"], at=STARTED_AT, state="BE", service="police", marked=True)
    grant = credentials.check(token)

    assert grant is not None
    assert grant.role == "gateway"
    assert grant.units == {"BE-1", "BE-2"}
    assert (grant.state, grant.service, grant.means, grant.marked) == ("BE", "police", None, True)


def test_tokens_are_long_and_never_the_same(credentials: Credentials) -> None:
    tokens = {credentials.issue("dispatcher", at=STARTED_AT, state="NL") for _ in range(50)}

    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43, "256 bits in base64"


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "a" * 100_000, "' OR 1=1 --"])
def test_what_was_never_issued_speaks_for_nobody(credentials: Credentials, token: str) -> None:
    credentials.issue("unit", ["BE-1"], at=STARTED_AT, state="BE")

    assert credentials.check(token) is None


def test_the_file_holds_no_token(credentials: Credentials, tmp_path: Path) -> None:
    token = credentials.issue("unit", ["BE-1"], at=STARTED_AT, state="BE")
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").glob(f"{FILE}*"))

    assert sha256(token.encode()).digest() in content
    assert token.encode() not in content
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600


def test_what_is_revoked_is_worthless_and_stays_listed(credentials: Credentials) -> None:
    token = credentials.issue("unit", ["BE-1"], at=STARTED_AT, state="BE")
    kept = credentials.issue("unit", ["BE-2"], at=STARTED_AT + 1, state="BE")
    [first, _] = credentials.list()
    version = credentials.file.version
    credentials.revoke(first.grant.id, STARTED_AT + 2)

    assert credentials.check(token) is None
    assert credentials.check(kept) is not None
    assert [one.revoked_at for one in credentials.list()] == [STARTED_AT + 2, None]
    assert credentials.file.version != version
    with pytest.raises(Refused, match="is not the id of a token or a certificate in force"):
        credentials.revoke(first.grant.id, STARTED_AT + 3)


def test_another_process_issues_while_this_one_reads(credentials: Credentials, tmp_path: Path) -> None:
    version = credentials.file.version
    code = (
        "import sys; from pathlib import Path; from tracker.io.credentials import Credentials; "
        "print(Credentials(Path(sys.argv[1])).issue('unit', ['BE-7'], at=1.0, state='BE'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert credentials.file.version != version
    grant = credentials.check(token)
    assert grant is not None
    assert grant.units == {"BE-7"}


@pytest.mark.parametrize(
    ("role", "units", "facts", "field"),
    [
        ("unit", [], {"state": "BE"}, "unit"),
        ("unit", ["BE-1", "BE-2"], {"state": "BE"}, "unit"),
        ("unit", ["BE 1"], {"state": "BE"}, "unit"),
        ("unit", ["BE-1"], {}, "state"),
        ("unit", ["BE-1"], {"state": "FR"}, "state"),
        ("unit", ["BE-1"], {"state": "BE", "service": "army"}, "service"),
        ("unit", ["BE-1"], {"state": "BE", "means": "horse"}, "means"),
        ("gateway", [], {"state": "BE"}, "unit"),
        ("gateway", [f"BE-{number}" for number in range(MAX_UNITS + 1)], {"state": "BE"}, "unit"),
        ("dispatcher", ["BE-1"], {"state": "BE"}, "unit"),
        ("auditor", ["BE-1"], {"state": "BE"}, "unit"),
        ("dispatcher", [], {}, "state"),
        ("supervisor", [], {}, "state"),
        ("auditor", [], {"state": "DE"}, "state"),
        ("admin", [], {"state": "BE"}, "state"),
        ("root", [], {"state": "BE"}, "role"),
        ("dispatcher", [], {"state": "BE", "name": ""}, "name"),
        ("dispatcher", [], {"state": "BE", "name": "x" * 61}, "name"),
        ("dispatcher", [], {"state": "BE", "name": "Ada\nforged line"}, "name"),
        ("dispatcher", [], {"state": "BE", "name": "Ada\u2028"}, "name"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_issued(
    credentials: Credentials, role: str, units: list[str], facts: dict[str, str], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        credentials.issue(role, units, at=STARTED_AT, **facts)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert credentials.list() == []


def test_who_holds_a_token_has_a_name_for_the_record(credentials: Credentials) -> None:
    named = credentials.check(credentials.issue("dispatcher", at=STARTED_AT, state="NL", name="RTIC Utrecht"))
    unnamed = credentials.check(credentials.issue("admin", at=STARTED_AT))

    assert named is not None
    assert unnamed is not None
    assert (named.name, named.role, named.state) == ("RTIC Utrecht", "dispatcher", "NL")
    assert (unnamed.name, unnamed.role, unnamed.state) == (f"admin {unnamed.id}", "admin", None)


def test_a_control_room_without_a_state_is_nobody(credentials: Credentials) -> None:
    """Such tokens were issued once; no state would mean all of them."""
    token = credentials.issue("dispatcher", at=STARTED_AT, state="NL")
    credentials.file.change(("UPDATE token SET grant_ = ?", (b'{"id":"1","role":"dispatcher"}',)))

    assert credentials.check(token) is None


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("CREATE TABLE recipe (name)")
    other.pragma("user_version", 1)
    other.close()

    with pytest.raises(Corrupt, match="not one of tokens"):
        Credentials(tmp_path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to be read as one" * 20)

    with pytest.raises(Corrupt, match="is damaged"):
        Credentials(tmp_path)


def test_a_file_from_the_future_is_refused(tmp_path: Path) -> None:
    Credentials(tmp_path).close()
    later = apsw.Connection(str(tmp_path / FILE))
    later.pragma("user_version", 99)
    later.close()

    with pytest.raises(Unusable, match="newer version"):
        Credentials(tmp_path)


def test_what_the_token_says_of_a_unit_becomes_its_roster_entry(credentials: Credentials) -> None:
    """And not what its name says."""
    grant = credentials.check(
        credentials.issue("unit", ["BE-1"], at=STARTED_AT, state="LU", means="moto", uniformed=False)
    )
    world = World()
    news = registration(world, "BE-1", grant, STARTED_AT)

    assert news is not None
    assert news.unit == Unit("BE-1", "LU", "1", means="moto", uniformed=False)
    world.put(world.units, "BE-1", news.unit)
    assert registration(world, "BE-1", grant, STARTED_AT) is None


def test_without_tokens_a_name_says_where_a_unit_is_from_but_overrules_nothing() -> None:
    world = World()
    news = registration(world, "NL-7", None, STARTED_AT)
    assert news is not None
    assert news.unit == Unit("NL-7", "NL", "7")

    world.put(world.units, "NL-7", Unit("NL-7", "BE", "7", marked=True))
    assert registration(world, "NL-7", None, STARTED_AT) is None
