// @ts-check
/**
 * What the law says of one unit, in one line: a sign, words and the article. The sign differs by shape, not only by
 * colour; what is uncertain, inferred or unverified says so in words.
 */

/** @import {Finding} from "./preview.mjs" */

import { element, mark, say } from "./dom.mjs";
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
  return element("p", "verdict", element("span", "whose"), sign, element("span", "permitted"), element("span", "article"), element("span", "mark"));
}

/** @typedef {Pick<Finding, "permitted" | "article" | "rule" | "basis" | "words" | "words_in" | "unchecked">} Verdict */

/**
 * Draw a decision. That the words are a translation which nobody has checked is said once for the whole page.
 * @param {HTMLElement} line of `verdictLine`
 * @param {Verdict | null} finding
 * @param {string} [ahead] the state that it is about, when the unit is not there yet
 * @param {string} [whose] who it is about, where the line does not stand below one unit
 */
export function drawVerdict(line, finding, ahead = "", whose = "") {
  line.hidden = finding === null;
  if (finding === null) return;
  const [who, sign, permitted, article, marks] = /** @type {HTMLElement[]} */ ([...line.children]);
  const { said } = decisionIn(finding);
  mark(line, "permitted", finding.permitted);
  mark(line, "ahead", ahead);
  line.title = said;
  if (who) say(who, whose || null);
  if (sign) say(sign, SIGNS[finding.permitted]);
  if (permitted) say(permitted, named("permitted", finding.permitted));
  if (article) say(article, finding.article);
  // In short: there is a line of it for each unit. The alert of the decision says it in full.
  if (marks) say(marks, finding.basis === "text" ? null : named("basis_short", finding.basis));
  if (marks) marks.title = finding.basis === "text" ? "" : named("basis", finding.basis);
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
