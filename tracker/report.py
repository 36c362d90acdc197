"""The report on one leg, for the authorities of its host state (Art. 46): one page to print, made from events only.

The same events give the same bytes. The page asks nothing of any other host, so that it can be filed as it is, or
printed to PDF by any browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Final

from tracker.events import (
    CrossingConfirmed,
    CrossingCorrected,
    Decision,
    PursuitContact,
    PursuitContinuity,
    PursuitDanger,
    PursuitHandover,
    PursuitHold,
    PursuitHostDecision,
    unix_s,
)
from tracker.facts import LOCAL
from tracker.legs import Leg, Owed, Passage
from tracker.treaty.cite import index
from tracker.words import UNCHECKED, Phrases

PERMITTED: Final = {
    "yes": "may continue",
    "conditional": "may continue on conditions",
    "no": "may not continue",
    "uncertain": "not certain",
}
BASIS: Final = {
    "text": "the text says so",
    "inferred": "inferred: not in the text itself",
    "unverified": "unverified: not checked against the text",
}

STYLE: Final = """
@page { size: A4; margin: 18mm 16mm }
body { font: 10.5pt/1.4 system-ui, sans-serif; color: #111; max-width: 180mm; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 17pt; margin: 0 } h2 { font-size: 12pt; margin: 1.4em 0 .3em; border-bottom: 1px solid #888 }
p { margin: .3em 0 } .sub { color: #444 } table { width: 100%; border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: .22em .6em .22em 0; border-bottom: 1px solid #ddd }
th { font-weight: 600; width: 34% } thead th { color: #444; width: auto } tr { break-inside: avoid }
.mark { border: 1px solid #a60; color: #a60; padding: 0 .35em; font-size: 9pt; white-space: nowrap }
.late { color: #a00; font-weight: 600 } footer { margin-top: 2em; font-size: 9pt; color: #444 }
.sign { margin-top: 3em; border-top: 1px solid #111; width: 60%; padding-top: .2em }
"""


def leg_report(leg: Leg, number: int, count: int, words: Phrases) -> str:
    """The page, as HTML.

    Args:
        leg: what it is about.
        number: of the leg in its pursuit, from 1.
        count: how many legs the pursuit has.
        words: the language.
    """
    return "\n".join(_Page(leg, words).lines(number, count)) + "\n"


def when(time: str) -> str:
    """A moment for people: local time of the three capitals, and UTC."""
    local = datetime.fromtimestamp(unix_s(time), LOCAL)
    return f"{local:%Y-%m-%d %H:%M:%S %Z} ({time[11:19]} UTC)"


class _Page:
    def __init__(self, leg: Leg, words: Phrases) -> None:
        self._leg = leg
        self._words = words
        self._say = words.say

    def lines(self, number: int, count: int) -> Iterator[str]:
        leg, say = self._leg, self._say
        title = f"{say('Report on a cross-border action')}: {leg.pursuit}, {self._words.state(leg.host)}"
        yield f'<!doctype html>\n<html lang="{self._words.language}">\n<head>\n<meta charset="utf-8">'
        yield f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
        yield f"<h1>{escape(say('Report on a cross-border action'))}</h1>"
        sub = [self._words.fill("Leg {number} of {count}", number=number, count=count)]
        if index()["BPT2018"].is_in_force(datetime.fromtimestamp(unix_s(leg.entries[0].at), LOCAL).date()):
            sub.insert(0, say("Report under Art. 46 of the Benelux Police Treaty of 23 July 2018"))
        yield f'<p class="sub">{escape(" · ".join(sub))}</p>'
        if not self._words.is_checked:
            yield f'<p><span class="mark">{escape(say(UNCHECKED))}</span></p>'
        yield from self._who()
        yield from self._where()
        yield from self._contacts()
        yield from self._orders()
        yield from self._held()
        yield from self._law()
        yield from self._owed()
        yield f'<p class="sign">{escape(say("Signature"))}</p>\n<footer>'
        support = (
            "This supports, and does not replace, the judgement of officers and control rooms. It is not legal advice."
        )
        yield f"<p>{escape(say(support))}</p>"
        offsets = sorted(set(leg.offsets))
        made = self._words.fill(
            "Made from {count} events of the journal, offsets {first} to {last}.",
            count=len(offsets),
            first=offsets[0],
            last=offsets[-1],
        )
        yield f"<p>{escape(made)}</p>\n</footer>\n</body>\n</html>"

    def _who(self) -> Iterator[str]:
        leg, say = self._leg, self._say
        origins = {decision.unit: decision.facts.unit.origin_state for decision in leg.decisions}
        began = {decision.unit: decision.facts.pursuit.started_in for decision in leg.decisions}
        rows = [(say("Pursuit"), leg.pursuit), (say("Host state"), self._words.state(leg.host))]
        for unit in leg.units:
            origin = self._words.state(origins.get(unit))
            rows.append((say("Units"), f"{unit} · {say('Sending state')}: {origin}"))
            if began.get(unit):
                rows.append((f"{say('Began in')} ({unit})", self._words.state(began[unit])))
        yield from self._table(rows)

    def _where(self) -> Iterator[str]:
        leg = self._leg
        yield self._heading("Where and when")
        rows = [(self._say("Entered"), self._passage(entry)) for entry in leg.entries]
        rows += [(self._say("Left"), self._passage(exit_)) for exit_ in leg.exits]
        if leg.ended_at is not None and len(leg.exits) < len(leg.entries):
            rows.append((self._say("ended"), escape(when(leg.ended_at))))
        elif not leg.is_over:
            rows.append((self._say("Still there"), ""))
        yield from self._cells(rows)

    def _passage(self, passage: Passage) -> str:
        stands = passage.stands
        if stands is None:
            return f"{escape(passage.unit)}: {escape(when(passage.at))} ({escape(self._say('Began there'))})"
        place = _place(stands)
        spread = f"± {stands.uncertainty_m:g} m, ± {stands.uncertainty_s:g} s"
        via = f" · {', '.join(self._words.state(zone) for zone in stands.via)}" if stands.via else ""
        text = f"{passage.unit}: {when(stands.crossed_at)}, {stands.border}{via}, {place}, {spread}"
        corrected = f' <span class="mark">{escape(self._say("Corrected later"))}</span>' if passage.corrected else ""
        return escape(text) + corrected

    def _contacts(self) -> Iterator[str]:
        yield self._heading("Contacts")
        contacts = [event for event in self._leg.said if isinstance(event, PursuitContact)]
        yield from self._reported(
            (
                event.time,
                self._joined(
                    self._say(event.status),
                    event.with_ and f"{self._say('With')}: {event.with_}",
                    event.channel and f"{self._say('Channel')}: {event.channel}",
                    event.by and f"{self._say('Said by')}: {event.by}",
                    event.note,
                ),
            )
            for event in contacts
        )

    def _orders(self) -> Iterator[str]:
        yield self._heading("Host decisions and instructions")
        rows = []
        for event in self._leg.said:
            match event:
                case PursuitHostDecision():
                    said = event.instructions and f"“{event.instructions}”"
                    by = event.by and f"{self._say('Said by')}: {event.by}"
                    rows.append((event.time, self._joined(self._say(event.decision), said, by, event.note)))
                case PursuitDanger():
                    judged = "disproportionate: break off" if event.disproportionate else "no longer disproportionate"
                    rows.append(
                        (event.time, self._joined(f"{self._say('Danger')}: {self._say(judged)}", event.by, event.note))
                    )
                case PursuitContinuity():
                    question = self._say("Was the pursuit unbroken?")
                    answer = self._say("yes" if event.continuous else "no")
                    rows.append((event.time, self._joined(f"{question} {answer}", event.unit, event.by, event.note)))
                case _:
                    pass
        yield from self._reported(rows)

    def _held(self) -> Iterator[str]:
        yield self._heading("Persons held and handed over")
        rows = []
        for event in self._leg.said:
            match event:
                case PursuitHold():
                    rows.append(
                        (
                            event.held_at or event.time,
                            self._joined(
                                f"{self._say('A person was held')}: {event.unit}",
                                f"{self._say('Force was used')}: {self._known(event.force_used)}",
                                f"{self._say('Suspected of an offence for which surrender is possible')}: "
                                f"{self._known(event.suspected_eaw)}",
                                event.by,
                                event.note,
                            ),
                        )
                    )
                case PursuitHandover():
                    rows.append((event.time, self._joined(self._say("Handed over"), event.to, event.by, event.note)))
                case _:
                    pass
        yield from self._reported(rows)

    def _law(self) -> Iterator[str]:
        yield self._heading("What the law said")
        rows = []
        for decision in self._leg.decisions:
            text = [escape(self._say(decision.words))]
            answer = self._say(PERMITTED.get(decision.permitted, decision.permitted))
            text.append(f"{escape(self._say('Answer'))}: {escape(answer)} · {escape(decision.unit)}")
            text.append(
                f"{escape(self._say('Rests on'))}: {escape('; '.join(_cites(decision)))} ({escape(decision.rule)})"
            )
            if decision.basis != "text":
                text.append(f'<span class="mark">{escape(self._say(BASIS[decision.basis]))}</span>')
            if decision.powers:
                powers = "; ".join(self._say(power) for power in decision.powers)
                text.append(f"{escape(self._say('Powers at hand'))}: {escape(powers)}")
            text += [f"{escape(self._say(warning))}" for warning in decision.warnings]
            rows.append((when(decision.time), "<br>".join(text)))
        yield from self._cells(rows) if rows else self._nothing()

    def _owed(self) -> Iterator[str]:
        yield self._heading("Owed")
        rows = [
            (
                f"{self._say(owed.opened.text)} ({owed.opened.article})",
                self._status(owed),
            )
            for owed in self._leg.owed.values()
        ]
        yield from self._cells(rows) if rows else self._nothing()

    def _status(self, owed: Owed) -> str:
        late = owed.status == "overdue" or getattr(owed.latest, "late_s", None) is not None
        status = "met late" if late and owed.status == "met" else owed.status
        due = owed.latest.deadline and f"{self._say('Deadline')}: {when(owed.latest.deadline)}"
        met = when(owed.latest.time) if owed.status == "met" else None
        text = self._joined(self._say(status), met, due, owed.opened.addressee)
        return f'<span class="late">{escape(text)}</span>' if late else escape(text)

    def _reported(self, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
        found = [(when(time), escape(text)) for time, text in rows]
        yield from self._cells(found) if found else self._nothing()

    def _nothing(self) -> Iterator[str]:
        yield f"<p>{escape(self._say('Nothing was reported.'))}</p>"

    def _table(self, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
        yield from self._cells((name, escape(value)) for name, value in rows)

    def _cells(self, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
        """A table; the values are HTML already, the names are not."""
        yield "<table>"
        yield from (f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows)
        yield "</table>"

    def _heading(self, label: str) -> str:
        return f"<h2>{escape(self._say(label))}</h2>"

    def _known(self, fact: bool | None) -> str:
        return self._say("Not known" if fact is None else "yes" if fact else "no")

    def _joined(self, *parts: str | None) -> str:
        return " · ".join(part for part in parts if part)


def _place(crossing: CrossingConfirmed | CrossingCorrected) -> str:
    return f"{crossing.lat:.5f} N, {crossing.lon:.5f} E"


def _cites(decision: Decision) -> tuple[str, ...]:
    return decision.cites or (f"{decision.instrument}, {decision.article}",)
