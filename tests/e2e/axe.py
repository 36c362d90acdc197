"""axe-core in a page: what a person who cannot see, point or tell colours apart would stumble over; and times of which
nobody could say which they are.
"""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.e2e.process import ROOT
from tests.needs import lacks

_AXE: Final = ROOT / "web/node_modules/axe-core/axe.min.js"

_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


_TIMES: Final = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    // What is only spoken is there once, and nobody points at it.
    if (!/\\b\\d\\d:\\d\\d:\\d\\d\\b/.test(node.data) || node.parentElement.closest("#announcer")) continue;
    const at = node.parentElement.closest("time, option");
    if (!/T.*Z$/.test(at?.title ?? "")) found.push(node.data);
  }
  for (const at of document.querySelectorAll("[title]")) {
    if (/\\b\\d\\d:\\d\\d:\\d\\d\\b/.test(at.title) && !/\\d\\d:\\d\\d[0-9:.]*Z/.test(at.title)) found.push(at.title);
  }
  return found.map((text) => `time without UTC: ${text}`);
}"""


def stumbles(page: Page) -> list[str]:
    """What axe finds on the page as it is now: rule, place and reason of each; none if all is well."""
    if not _AXE.exists():
        lacks("no axe-core; `make check` installs it")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", _RULES)
    times: list[str] = page.evaluate(_TIMES)
    return times + [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
