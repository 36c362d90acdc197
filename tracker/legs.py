"""The legs of a pursuit, read off its events: each stay in one host state, with all that happened in it (Art. 46).

A leg begins when the first member enters a host state and ends when the last one has left it, or with the action. What
was said to a host before its border was reached belongs to the leg that followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from borders.states import STATES
from tracker.events import (
    CrossingConfirmed,
    CrossingCorrected,
    CrossingRetracted,
    Decision,
    Event,
    ObligationMet,
    ObligationOpened,
    ObligationOverdue,
    ObligationWithdrawn,
    PursuitContact,
    PursuitContinuity,
    PursuitDanger,
    PursuitEnded,
    PursuitHandover,
    PursuitHold,
    PursuitHostDecision,
    PursuitReport,
)
from tracker.units import state_of

Numbered = tuple[int, Event]
"""An event and its offset in the journal."""

Said = PursuitContact | PursuitHostDecision | PursuitDanger | PursuitContinuity | PursuitHold | PursuitHandover
"""What people reported."""

STATUSES: Final = {
    ObligationOpened: "open",
    ObligationMet: "met",
    ObligationOverdue: "overdue",
    ObligationWithdrawn: "withdrawn",
}


@dataclass
class Passage:
    """One unit over one border. Without a `crossing` it was there when it began or joined."""

    unit: str
    at: str
    crossing: CrossingConfirmed | None = None
    corrected: CrossingCorrected | None = None
    """The latest correction of where and when."""

    @property
    def stands(self) -> CrossingConfirmed | CrossingCorrected | None:
        """The event that says where and when it was, as it is now known."""
        return self.corrected or self.crossing


@dataclass
class Owed:
    """One obligation: how it was opened, and what became of it last."""

    opened: ObligationOpened | ObligationOverdue | ObligationMet | ObligationWithdrawn
    latest: ObligationOpened | ObligationOverdue | ObligationMet | ObligationWithdrawn

    @property
    def status(self) -> str:
        """`open`, `met`, `overdue` or `withdrawn`."""
        return STATUSES[type(self.latest)]


@dataclass
class Leg:
    """A stay in one host state."""

    pursuit: str
    host: str
    entries: list[Passage] = field(default_factory=list)
    exits: list[Passage] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    owed: dict[str, Owed] = field(default_factory=dict)
    report: PursuitReport | None = None
    ended_at: str | None = None
    """When the action ended, if it did so here."""
    offsets: list[int] = field(default_factory=list)
    """Of the events that it is made from."""

    @property
    def units(self) -> list[str]:
        """Who was there, in the order of entering."""
        return list(dict.fromkeys(entry.unit for entry in self.entries))

    @property
    def is_over(self) -> bool:
        """Whether nobody is there any more."""
        return self.ended_at is not None or len(self.exits) >= len(self.entries)

    @property
    def entered_at(self) -> str | None:
        """When the first one entered."""
        return self.entries[0].at if self.entries else None

    @property
    def left_at(self) -> str | None:
        """When the last one left, or the action ended."""
        return self.ended_at or (self.exits[-1].at if self.is_over and self.exits else None)

    @property
    def still_owed(self) -> list[str]:
        """The kinds of obligations that are open."""
        return [owed.opened.kind for owed in self.owed.values() if owed.status in ("open", "overdue")]


def legs(pursuit: str, events: Iterable[Numbered]) -> list[Leg]:
    """The legs of one pursuit, in the order in which they began.

    Args:
        pursuit: its id.
        events: of the journal, in order; those of other pursuits are passed over.
    """
    own = [(offset, event) for offset, event in events if getattr(event, "pursuit", None) == pursuit]
    reader = _Reader(pursuit, _homes(own))
    for offset, event in own:
        reader.read(offset, event)
    reader.finish()
    return reader.legs


def _homes(events: list[Numbered]) -> dict[str, str | None]:
    """The sending state of each unit: what its decisions were made on, else what its name says."""
    homes: dict[str, str | None] = {}
    for _, event in events:
        unit = getattr(event, "unit", None)
        if unit is not None:
            homes.setdefault(unit, state_of(unit))
        if isinstance(event, Decision) and event.facts.unit.origin_state is not None:
            homes[event.unit] = event.facts.unit.origin_state
    return homes


class _Reader:
    """Reads the events of one pursuit in order."""

    def __init__(self, pursuit: str, homes: dict[str, str | None]) -> None:
        self.legs: list[Leg] = []
        self._pursuit = pursuit
        self._homes = homes
        self._ahead: dict[str, list[tuple[int, Event]]] = {}
        """What was said to a host that nobody has entered yet."""

    def read(self, offset: int, event: Event) -> None:
        match event:
            case CrossingConfirmed():
                self._cross(offset, event)
            case CrossingCorrected() | CrossingRetracted(takes_back="confirmed"):
                self._correct(offset, event)
            case Decision():
                self._decide(offset, event)
            case PursuitDanger() | PursuitContinuity():
                for leg in [leg for leg in self.legs if not leg.is_over]:
                    self._put(leg, offset, event)
            case PursuitHandover():
                held = [leg for leg in self.legs if any(isinstance(one, PursuitHold) for one in leg.said)]
                if held or self.legs:
                    self._put((held or self.legs)[-1], offset, event)
            case PursuitEnded():
                for leg in [leg for leg in self.legs if not leg.is_over]:
                    leg.ended_at = event.time
                    leg.offsets.append(offset)
            case _:
                host = getattr(event, "host", None)
                if isinstance(host, str):
                    self._of_host(host, offset, event)

    def _leg(self, host: str) -> Leg | None:
        return next((leg for leg in reversed(self.legs) if leg.host == host), None)

    def _cross(self, offset: int, event: CrossingConfirmed) -> None:
        home = self._homes.get(event.unit)
        passage = Passage(event.unit, event.crossed_at, event)
        if event.from_ != home and (left := self._leg(event.from_)) is not None:
            left.exits.append(passage)
            left.offsets.append(offset)
        if event.to != home and event.to in STATES:
            self._enter(event.to, passage, offset)

    def _enter(self, host: str, passage: Passage, offset: int) -> None:
        leg = self._leg(host)
        if leg is None or leg.is_over:
            leg = Leg(self._pursuit, host)
            self.legs.append(leg)
        leg.entries.append(passage)
        leg.offsets.append(offset)
        for before, event in self._ahead.pop(host, []):
            self._put(leg, before, event)

    def _correct(self, offset: int, event: CrossingCorrected | CrossingRetracted) -> None:
        for leg in self.legs:
            for passages in (leg.entries, leg.exits):
                for passage in [one for one in passages if one.stands is not None]:
                    if (
                        isinstance(event, CrossingCorrected)
                        and passage.crossing
                        and passage.crossing.id == event.crossing
                    ):
                        passage.corrected, passage.at = event, event.crossed_at
                        leg.offsets.append(offset)
                    elif (
                        isinstance(event, CrossingRetracted)
                        and passage.stands
                        and passage.stands.id == event.supersedes
                    ):
                        passages.remove(passage)
                        leg.offsets.append(offset)
        self.legs = [leg for leg in self.legs if leg.entries]

    def _decide(self, offset: int, event: Decision) -> None:
        host = event.host
        if host is None or host not in STATES or host == self._homes.get(event.unit):
            return
        leg = self._leg(host)
        is_there = leg is not None and not leg.is_over and event.unit in leg.units
        entered = event.facts.crossing.to
        if event.crossing is None and entered is not None and str(entered) == host and not is_there:
            self._enter(host, Passage(event.unit, event.time), offset)
        leg = self._leg(host)
        if leg is not None:
            leg.decisions.append(event)
            leg.offsets.append(offset)

    def _of_host(self, host: str, offset: int, event: Event) -> None:
        """Give an event that names a host to the leg that it is about; a report, to each that had none."""
        if isinstance(event, PursuitReport):
            stays = [leg for leg in self.legs if leg.host == host]
            for stay in [stay for stay in stays if stay.report is None] or stays[-1:]:
                self._put(stay, offset, event)
            return
        duty = getattr(event, "obligation", None)
        leg = next((leg for leg in reversed(self.legs) if duty in leg.owed), None) or self._leg(host)
        if leg is None or (leg.is_over and _looks_ahead(leg, event)):
            self._ahead.setdefault(host, []).append((offset, event))
        else:
            self._put(leg, offset, event)

    def finish(self) -> None:
        """What was said with a further entry in mind, and none came, goes to the last leg there was."""
        for host, events in self._ahead.items():
            if (leg := self._leg(host)) is not None:
                for offset, event in events:
                    self._put(leg, offset, event)

    def _put(self, leg: Leg, offset: int, event: Event) -> None:
        leg.offsets.append(offset)
        match event:
            case PursuitReport():
                leg.report = event
            case ObligationOpened() | ObligationMet() | ObligationOverdue() | ObligationWithdrawn():
                known = leg.owed.get(event.obligation)
                leg.owed[event.obligation] = Owed(event if known is None else known.opened, event)
            case (
                PursuitContact()
                | PursuitHostDecision()
                | PursuitDanger()
                | PursuitContinuity()
                | PursuitHold()
                | PursuitHandover()
            ):
                leg.said.append(event)
            case _:
                pass


def _looks_ahead(leg: Leg, event: Event) -> bool:
    """Whether what is said to a host whose soil nobody is on is about an entry to come."""
    if isinstance(event, ObligationOpened):
        return event.kind != "report"
    late = any(owed.opened.kind == "contact" and owed.status in ("open", "overdue") for owed in leg.owed.values())
    return isinstance(event, PursuitContact | PursuitHostDecision) and not late
