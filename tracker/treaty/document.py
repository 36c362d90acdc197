"""docs/rules.md, written from the table: `python -m tracker.treaty.document` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tracker.treaty.cite import Cite, index
from tracker.treaty.rows import RULES
from tracker.treaty.table import Row
from tracker.treaty.third_states import borders


def document() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "<!-- Written by `python -m tracker.treaty.document`; do not edit. -->"
    yield ""
    yield (
        "The law as Drempelloos applies it, row by row, in order: the first row that is in force on the day and whose every question is "
        "answered yes decides. A question whose answer is unknown is asked, never answered by guess, and makes a yes conditional. "
        "Each decision is on one unit and one crossing."
    )
    yield ""
    yield (
        "It supports, and does not replace, the officer's judgement, and it is not legal advice. *Basis* says how firmly a row stands: "
        "**text** (the authentic text says so), **inferred** (it follows by our reasoning), **unverified** (secondary sources or general "
        "knowledge). The annexes of the treaty and the arrangements under Art. 21(4) were not found."
    )
    for row in RULES:
        yield from _row(row)
    yield from _third_states()
    yield from _index()


def _row(row: Row) -> Iterator[str]:
    yield ""
    yield f"## {row.id}: {row.title}"
    yield ""
    yield row.meaning
    yield ""
    yield f"- **When**: {', '.join(predicate.name.replace('_', ' ') for predicate in row.when)}"
    yield f"- **Permitted**: {row.permitted}"
    yield f"- **Articles**: {'; '.join(_link(cite) for cite in row.cites)}"
    yield f"- **Basis**: {row.basis.value}"
    until = f" until {row.valid_until} (exclusive)" if row.valid_until else ""
    yield f"- **In force**: from {row.valid_from}{until}"
    for owed in row.obligations:
        clock = "" if owed.deadline is None else f" [{(owed.deadline.__doc__ or '').rstrip('.')}]"
        yield f"- **Obligation** `{owed.id}`: {owed.text} ({owed.cite}){clock}"
    yield from (f"- **Power**: {power}" for power in row.powers)
    yield from (f"- **Warning**: {warning}" for warning in row.warnings)
    if row.overrides:
        yield f"- **Goes before**: {', '.join(row.overrides)}"


def _third_states() -> Iterator[str]:
    yield ""
    yield "## Third-state borders (R8)"
    yield ""
    yield "| unit of | into | from | permitted | basis | article | in words |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for entry in borders():
        origin, to, from_ = (", ".join(states) for states in (entry.origin, entry.to, entry.from_))
        words = entry.words.format(origin="its own state", to="the neighbour")
        yield (
            f"| {origin} | {to} | {from_ or 'anywhere'} | {entry.permitted} | {entry.basis.value} | "
            f"{_link(entry.cite)} | {words} |"
        )


def _index() -> Iterator[str]:
    yield ""
    yield "## Sources"
    for instrument in index().values():
        yield ""
        yield f"### [{instrument.title}]({instrument.link})"
        yield ""
        for place, summary in instrument.articles.items():
            yield f"- {Cite('', *place.split('.'))}: {summary}"


def _link(cite: Cite) -> str:
    instrument = index()[cite.instrument]
    return f"[{instrument.title}, {cite}]({instrument.link})"


if __name__ == "__main__":
    sys.stdout.write(document())
