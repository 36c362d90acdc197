"""docs/rules.md, written from the table: `python -m tracker.document` prints it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.pursuits import MOVES, Phase
from tracker.treaty.cite import Basis, Cite, firmness, index
from tracker.treaty.facts import FACTS
from tracker.treaty.modifiers import MODIFIERS
from tracker.treaty.params import params
from tracker.treaty.predicates import Predicate
from tracker.treaty.rows import RULES
from tracker.treaty.table import Row
from tracker.treaty.third_states import borders

_ROOT: Final = Path(__file__).parents[1]


def document() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "<!-- Written by `python -m tracker.document`; do not edit. -->"
    yield ""
    yield (
        "The law as Drempelloos applies it, row by row, in order: the first row that is law on the day between the "
        "territories, and whose every question is answered yes, decides. A row is law where one of its articles binds; "
        "a row marked *always* stands elsewhere too, by analogy, and is then shown as inferred. An unknown answer is "
        "never taken as yes or no: it is asked for, and makes a yes conditional. Questions marked *presumed* let a row "
        "go ahead meanwhile. Some row always applies; where the texts are silent a row says so. Each decision is on one unit and one "
        "crossing."
    )
    yield ""
    yield (
        "It supports, and does not replace, the officer's judgement, and it is not legal advice. *Basis* says how "
        "firmly a row stands: **text** (the authentic text says so), **inferred** (it follows by our reasoning), "
        "**unverified** (secondary sources or general knowledge). A dagger marks a place that we have not read "
        "ourselves: whatever rests on it is shown as unverified. The annexes of the treaty and the arrangements under "
        "Art. 21(4) were not found."
    )
    told = _tests()
    for row in RULES:
        yield from _row(row)
        if row is [other for other in RULES if other.id == row.id][-1] and told.get(row.id):
            yield ""
            yield f"Tests of {row.id}: {', '.join(told[row.id])}."
    yield from _phases()
    yield from _third_states()
    yield from _modifiers()
    yield from _facts()
    yield from _params()
    yield from _index()


def _row(row: Row) -> Iterator[str]:
    yield ""
    yield f"## {row.id}: {row.title}{f' ({row.variant})' if row.variant else ''}"
    yield ""
    yield row.meaning
    yield ""
    yield f"- **When**: {', '.join(_question(predicate) for predicate in row.when)}"
    yield f"- **Permitted**: {row.permitted}"
    yield f"- **Articles**: {'; '.join(_link(cite) for cite in (*row.cites, *row.also))}"
    yield f"- **Basis**: {row.basis.value}{'; always' if row.always else ''}"
    for owed in row.obligations:
        clock = "" if owed.deadline is None else f" [{(owed.deadline.__doc__ or '').rstrip('.')}]"
        places = "; ".join(f"{index()[cite.instrument].title}, {cite}{_dagger(cite)}" for cite in owed.cites)
        yield f"- **Obligation** `{owed.id}`: {owed.text} ({places}){clock}"
    yield from (f"- **Power**: {power}" for power in row.powers)
    yield from (f"- **Warning**: {warning}" for warning in row.warnings)
    if row.overrides:
        yield f"- **Goes before**: {', '.join(row.overrides)}"


def _tests() -> dict[str, list[str]]:
    """The tests and scenarios that name each rule; none where this is not a checkout."""
    found: dict[str, list[str]] = {}
    source = _ROOT / "tests/law/test_rules.py"
    body = source.read_text(encoding="utf-8") if source.exists() else ""
    for node in ast.parse(body).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            text = "\n".join(body.splitlines()[first - 1 : node.end_lineno])
            for rule in dict.fromkeys(re.findall(r'"(R\d+)"', text)):
                found.setdefault(rule, []).append(f"`{node.name}`")
    for path in sorted((_ROOT / "tracker/simulation/scenarios").glob("*.toml")):
        for rule in dict.fromkeys(re.findall(r'^rule = "(R\d+)"', path.read_text(encoding="utf-8"), re.MULTILINE)):
            found.setdefault(rule, []).append(f"scenario `{path.stem}`")
    return found


def _phases() -> Iterator[str]:
    """The diagram of a pursuit's life, drawn from its table."""
    yield ""
    yield "## A pursuit's life"
    yield ""
    yield "What can be done in which phase, and where it leads; what is not drawn or listed is refused."
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Phase.RUNNING.value}: start"
    for phase, moves in MOVES.items():
        for to in dict.fromkeys(moves.values()):
            if to is not phase:
                names = ", ".join(move.value for move, leads in moves.items() if leads is to)
                yield f"    {phase.value} --> {to.value}: {names}"
    yield f"    {Phase.ENDED.value} --> [*]"
    yield "```"
    yield ""
    yield "| phase | what leaves it as it is |"
    yield "| --- | --- |"
    for phase, moves in MOVES.items():
        yield f"| {phase.value.replace('_', ' ')} | {', '.join(move.value for move, to in moves.items() if to is phase)} |"


def _question(predicate: Predicate) -> str:
    return f"{predicate.name.replace('_', ' ')}{' (presumed)' if predicate.presumed else ''}"


def _third_states() -> Iterator[str]:
    yield ""
    yield "## Third-state borders (R8)"
    yield ""
    yield "| unit of | into | from | permitted | basis | article | in words | on which grounds, and without them |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for entry in borders():
        origin, to = (", ".join(states) for states in (entry.origin, entry.to))
        words = entry.words.format(origin="its own state", to="the neighbour", from_="the other state")
        without = entry.without.format(origin="its own state", to="the neighbour", from_="the other state")
        grounds = f"{', '.join(entry.grounds)}; else: {without}" if entry.grounds else "any"
        yield (
            f"| {origin} | {to} | {'another state' if entry.by_another_state else 'its own state'} | {entry.permitted} "
            f"| {entry.basis.value} | {_link(entry.cite)} | {words} | {grounds} |"
        )


def _modifiers() -> Iterator[str]:
    yield ""
    yield "## Modifiers"
    yield ""
    yield "Added to an answer that lets officers go on, where their instrument is the one it rests on."
    yield ""
    yield "| | when | warning | article | to |"
    yield "| --- | --- | --- | --- | --- |"
    for modifier in MODIFIERS:
        place = "" if modifier.cite is None else _link(modifier.cite)
        rules = ", ".join(modifier.rules) or "all"
        yield f"| {modifier.id} | {_question(modifier.when)} | {modifier.warning} | {place} | {rules} |"


def _facts() -> Iterator[str]:
    yield ""
    yield "## Facts, and where they come from"
    yield ""
    yield "**seen**: by the software; **kept**: on file; **said**: only a person can say it. Each may be unknown."
    yield ""
    yield "| fact | | where from | how it is asked for |"
    yield "| --- | --- | --- | --- |"
    for fact in FACTS:
        yield f"| `{fact.name}` | {fact.source.value} | {fact.whence} | {fact.question} |"


def _params() -> Iterator[str]:
    yield ""
    yield "## Numbers"
    yield ""
    yield "| number | what it says | article | compared with the text on |"
    yield "| --- | --- | --- | --- |"
    numbers = params()
    for period in (numbers.written_confirmation, numbers.observation_without_consent, numbers.questioning):
        yield f"| {period.hours:g} h | {period.says} | {_link(period.cite)} | {period.checked_on} |"
    night = numbers.night
    yield f"| 00:00-{night.ends_at:%H:%M} | {night.says} | {_link(night.cite)} | {night.checked_on} |"


def _index() -> Iterator[str]:
    yield ""
    yield "## Sources"
    for key, instrument in index().items():
        until = f" until {instrument.until} (exclusive)" if instrument.until else ""
        yield ""
        yield f"### [{instrument.title}]({instrument.link})"
        yield ""
        yield f"Law from {instrument.in_force}{until} among {', '.join(instrument.parties)}. Dates: {instrument.dates_from}."
        yield ""
        for place, summary in instrument.articles.items():
            dagger = " †" if place in instrument.unread else ""
            yield f"- {_name(key, place)}{dagger}: {summary}"


def _name(instrument: str, place: str) -> Cite:
    article, *rest = place.split(".")
    # Art. 1(a) has a point and no paragraph.
    paragraph = rest.pop(0) if rest and rest[0].isdigit() else ""
    return Cite(instrument, article, paragraph, *rest)


def _dagger(cite: Cite) -> str:
    return " †" if firmness(cite) is Basis.UNVERIFIED else ""


def _link(cite: Cite) -> str:
    instrument = index()[cite.instrument]
    return f"[{instrument.title}, {cite}]({instrument.link}){_dagger(cite)}"


if __name__ == "__main__":
    sys.stdout.write(document())
