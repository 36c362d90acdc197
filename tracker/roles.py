"""Who may do what: six roles, and one table.

A unit and a gateway send positions and see nothing. A dispatcher, a supervisor and an auditor belong to a control room
of one state: an auditor reads and gives no commands. An admin looks after accounts and tokens and sees no live data.
*What* of the live data somebody may see is another question, which the policy of visibility answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Role = Literal["unit", "gateway", "dispatcher", "supervisor", "auditor", "admin"]

Access = Literal["public", "send", "see", "command", "train", "keep", "audit", "administer", "operate", "own"]
"""What a call is about: `public` needs nobody; the others are the keys of `MAY`."""

SENDERS: Final[frozenset[Role]] = frozenset({"unit", "gateway"})
ROOM: Final[frozenset[Role]] = frozenset({"dispatcher", "supervisor", "auditor"})
"""Those who work for the control room of a state."""

PEOPLE: Final[frozenset[Role]] = ROOM | {"admin"}
"""Those who can sign in."""

MAY: Final[Mapping[Access, frozenset[Role]]] = {
    "send": SENDERS,
    "see": ROOM,
    "command": ROOM - {"auditor"},
    "train": frozenset({"supervisor"}),
    "keep": frozenset({"supervisor"}),  # a pursuit as evidence, longer than any other
    "audit": frozenset({"auditor", "supervisor"}),  # who looked at what, of the own state
    "administer": frozenset({"admin"}),
    "operate": PEOPLE,  # counters, without a position or a name
    "own": PEOPLE,  # what concerns only the caller: the own session
}


def may(role: Role, access: Access) -> bool:
    """True when callers of this role may make calls of this kind."""
    return access == "public" or role in MAY[access]
