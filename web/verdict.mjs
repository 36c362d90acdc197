// @ts-check
/**
 * What the law says of one unit, in one line: a sign, words and the article. The sign differs by shape, not only by
 * colour; what is uncertain, inferred or unverified says so in words.
 */

/** @import {Finding} from "./preview.mjs" */

import { arrange, element, mark, say } from "./dom.mjs";
import { named, t } from "./i18n.mjs";
import { decisionIn } from "./law.mjs";

const SIGNS = { yes: "✓", conditional: "!", uncertain: "?", no: "✕" };

/**
 * A line that shows a decision, made once and drawn again and again.
 * @returns {HTMLElement}
 */
export function verdictLine() {
  const sign = element("span", "sign");
  sign.setAttribute("aria-hidden", "true");
  return element("p", "verdict", sign, element("span", "permitted"), element("span", "article"), element("span", "marks"));
}

/**
 * Draw a decision. That the words are a translation which nobody has checked is said once for the whole page.
 * @param {HTMLElement} line of `verdictLine`
 * @param {Pick<Finding, "permitted" | "article" | "rule" | "basis" | "words" | "words_in" | "unchecked"> | null} finding
 */
export function drawVerdict(line, finding) {
  line.hidden = finding === null;
  if (finding === null) return;
  const [sign, permitted, article, marks] = /** @type {HTMLElement[]} */ ([...line.children]);
  const { said } = decisionIn(finding);
  mark(line, "permitted", finding.permitted);
  line.title = said;
  if (sign) say(sign, SIGNS[finding.permitted]);
  if (permitted) say(permitted, named("permitted", finding.permitted));
  if (article) say(article, `${finding.article} · ${finding.rule}`);
  if (marks) arrange(marks, marksOf(finding.basis, false).map((word, index) => markOf(marks.children[index], word)));
}

/**
 * What stands behind words that are not simply the text of the law.
 * @param {Finding["basis"]} basis
 * @param {boolean} unchecked
 */
export function marksOf(basis, unchecked) {
  const marks = basis === "text" ? [] : [named("basis", basis)];
  if (unchecked) marks.push(t("basis.unchecked"));
  return marks;
}

/**
 * @param {Element | undefined} there
 * @param {string} word
 */
function markOf(there, word) {
  const made = there instanceof HTMLElement ? there : element("span", "mark");
  say(made, word);
  return made;
}
