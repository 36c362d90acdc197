// @ts-check
/**
 * The law's words in the user's language. They are the server's (tracker/words): phrases by their English text, with
 * the same `{places}`; an event carries English words, and the phrase that they came from is found again by its shape.
 */

/** @import {DecisionEvent} from "./wire.d.ts" */

import { territory } from "./format.mjs";

/** @typedef {Pick<DecisionEvent, "words" | "words_in" | "unchecked">} Said */

/**
 * @typedef {object} Words
 * @property {string} language
 * @property {boolean} checked
 * @property {Record<string, string>} phrases by their English text
 */

/** Luxembourg writes its statutes in French. */
const LAW_IN = /** @type {Record<string, string>} */ ({ lb: "fr" });

/** @type {Words} */
let words = { language: "en", checked: true, phrases: {} };
/** @type {{english: RegExp, names: string[], other: string}[]} */
let shapes = [];

/**
 * In which language the law is said to somebody who reads the page in `language`.
 * @param {string} language
 */
export function lawLanguage(language) {
  return LAW_IN[language] ?? language;
}

/** @param {Words} learnt say the law in these words from now on */
export function learn(learnt) {
  words = learnt;
  const shaped = Object.keys(learnt.phrases).filter((english) => english.includes("{"));
  // The longest first: a phrase with more words of its own says more of what was meant.
  shaped.sort((a, b) => bare(b).length - bare(a).length);
  shapes = shaped.map((english) => ({ ...shapeOf(english), other: learnt.phrases[english] ?? english }));
}

/**
 * A phrase of the law; one that is not known stays as it is, which is better than nothing.
 * @param {string} english
 * @returns {string}
 */
export function law(english) {
  const exact = words.phrases[english];
  if (exact !== undefined) return exact;
  for (const { english: form, names, other } of shapes) {
    const found = form.exec(english);
    if (!found) continue;
    const values = new Map(names.map((name, index) => [name, value(found[index + 1] ?? "")]));
    return other.replace(/\{(\w+)\}/g, (place, name) => values.get(name) ?? place);
  }
  return english;
}

/**
 * What a decision says, and whether anybody has compared these words with the authentic text.
 * @param {Said} decision
 */
export function decisionIn({ words: english, words_in, unchecked }) {
  const said = words_in?.[words.language];
  return { said: said ?? english, unchecked: said !== undefined && (unchecked ?? []).includes(words.language) };
}

/** @param {string} part what fills a place: a state's code, a phrase, or a name */
function value(part) {
  return /^[A-Z]{2}$/.test(part) ? territory(part) : law(part);
}

/** @param {string} english */
function bare(english) {
  return english.replace(/\{\w+\}/g, "");
}

/** @param {string} english with places */
function shapeOf(english) {
  /** @type {string[]} */
  const names = [];
  const parts = english.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    if (names.includes(part)) return `\\${names.indexOf(part) + 1}`;
    names.push(part);
    return "(.+?)";
  });
  return { english: new RegExp(`^${parts.join("")}$`, "s"), names };
}
