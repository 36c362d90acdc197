"""How control rooms are reached: numbers and addresses that an operator configures, and none that we made up.

They change nothing that is decided or recorded: whom to contact is the treaty's and the contact points' business, this
is only how. So a journal can be replayed without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, get_args

import msgspec

from tracker.facts import State
from tracker.treaty.contact_points import ContactPoints


class Way(msgspec.Struct, frozen=True):
    """One way to reach a room: what a page shows, and what it opens; null where there is nothing to open."""

    text: str
    uri: str | None


class Entry(NamedTuple):
    """Whose way it is: the name of a control room, or the code of a state for all of its rooms."""

    room: str
    way: Way


def entry_of(text: str) -> Entry:
    """Read `ROOM=SCHEME:REST`, such as `CIC Antwerpen=tel:+32 3 555 01 23`.

    Telephone numbers are global ones (RFC 3966: a plus, the country, the number; spaces, dots, hyphens and parentheses
    may divide it), since somebody in another state dials them. `radio:` is followed by words, such as a talk group.

    Raises:
        ValueError: says what was received and what is allowed.
    """
    room, equals, address = (part.strip() for part in text.partition("="))
    scheme, colon, rest = (part.strip() for part in address.partition(":"))
    form = _FORMS.get(scheme)
    if not room or not equals or not colon or form is None:
        raise ValueError(f'{text!r} is not such as "CIC Antwerpen=tel:+32 ..."; ways are {", ".join(_FORMS)}')
    if form.fullmatch(rest) is None:
        raise ValueError(f"{rest!r} in {text!r} is not {_SAYS[scheme]}")
    match scheme:
        case "tel":
            return Entry(room, Way(rest, "tel:+" + re.sub(r"\D", "", rest)))
        case "radio":
            return Entry(room, Way(rest, None))
        case _:
            return Entry(room, Way(rest, f"{scheme}:{rest}"))


def check_entries(texts: Iterable[str]) -> None:
    """Whether every entry can be read.

    Raises:
        ValueError: for the first that cannot.
    """
    for text in texts:
        entry_of(text)


def by_room(texts: Iterable[str]) -> dict[str, list[Way]]:
    """The ways to reach each room, in the order of the configuration."""
    found: dict[str, list[Way]] = {}
    for room, way in map(entry_of, texts):
        found.setdefault(room, []).append(way)
    return found


def unknown_rooms(texts: Iterable[str], points: ContactPoints) -> list[str]:
    """Rooms that no contact point has the name of: nobody would ever be shown how to reach them."""
    known = {point.name for point in points.points} | set(get_args(State))
    return [room for room in by_room(texts) if room not in known]


_FORMS: Final = {
    "tel": re.compile(r"\+[1-9](?:[ .()/-]*\d){6,14}"),
    "sip": re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?"),
    "mailto": re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"),
    "radio": re.compile(r"[^\x00-\x1f\x7f]{1,60}"),
}
_SAYS: Final = {
    "tel": "a number such as +32 3 555 01 23: a plus, the country, the number",
    "sip": "an address such as room@sip.example",
    "mailto": "an address such as room@police.example",
    "radio": "1 to 60 characters, such as the name of a talk group",
}
