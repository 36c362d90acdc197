// @ts-check
/**
 * The page's words in its user's language. English is complete and always at hand; the other catalogues come when they
 * are asked for. What the law says comes from the server, in its own words (law.mjs).
 */

/** @import {Catalogue, Key} from "./i18n/en.mjs" */

import en from "./i18n/en.mjs";

/** @typedef {"en" | "nl" | "fr" | "de" | "lb"} Language */

/** Every language, by its own name. */
export const LANGUAGES = /** @type {const} */ ({
  nl: "Nederlands",
  fr: "Français",
  de: "Deutsch",
  en: "English",
  lb: "Lëtzebuergesch",
});

/** What `Intl` is asked for. Chromium has no `lb` and would quietly write American dates. */
const LOCALES = /** @type {const} */ ({ nl: "nl-BE", fr: "fr-BE", de: "de-DE", en: "en-GB", lb: "de-LU" });

/** @type {Record<Exclude<Language, "en">, () => Promise<{default: Catalogue}>>} */
const OTHERS = {
  nl: () => import("./i18n/nl.mjs"),
  fr: () => import("./i18n/fr.mjs"),
  de: () => import("./i18n/de.mjs"),
  lb: () => import("./i18n/lb.mjs"),
};

const STORED = "language";

/** @type {Catalogue} */
let catalogue = en;
/** @type {Language} */
let current = "en";
/** @type {(() => void)[]} */
const listeners = [];

/** The language that the page speaks now. */
export function language() {
  return current;
}

/** The locale for numbers and dates in that language. */
export function locale() {
  return LOCALES[current];
}

/**
 * A phrase in the page's language, with its `{places}` filled in.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values) {
  const phrase = catalogue[key];
  return values ? phrase.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")) : phrase;
}

/**
 * A phrase that counts: `KEY.one` or `KEY.other`, with `{n}` filled in.
 * @param {Counted} key
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function count(key, n, values) {
  const form = new Intl.PluralRules(locale()).select(n) === "one" ? "one" : "other";
  return t(/** @type {Key} */ (`${key}.${form}`), { ...values, n });
}

/** @typedef {Key extends infer K ? K extends `${infer Name}.other` ? Name : never : never} Counted */

/**
 * A phrase whose key depends on a word of the server's; that word itself when it is a new one.
 * @param {string} prefix
 * @param {string} word
 */
export function named(prefix, word) {
  const key = `${prefix}.${word}`;
  return key in catalogue ? t(/** @type {Key} */ (key)) : word.replaceAll("_", " ");
}

/** @param {string} text of a territory's name and the like, at the beginning of a sentence */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The language to begin with: the one chosen on this machine, or the first of the browser's that we have.
 * @returns {Language}
 */
export function preferred() {
  const wanted = [localStorage.getItem(STORED) ?? "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find(isLanguage) ?? "en";
}

/**
 * Speak a language from now on, and remember it.
 * @param {Language} wanted
 */
export async function speak(wanted) {
  catalogue = wanted === "en" ? en : (await OTHERS[wanted]()).default;
  current = wanted;
  if (typeof document === "undefined") return;
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted;
  translate(document.documentElement);
  for (const listener of listeners) listener();
}

/**
 * Be told when the language has changed: what was written once is written anew then.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Attributes that hold words, by the data attribute that names their key. */
const ATTRIBUTES = /** @type {const} */ ({
  i18nTitle: "title",
  i18nLabel: "aria-label",
  i18nPlaceholder: "placeholder",
  i18nContent: "data-words",
});

/**
 * Write the fixed words of the document: `data-i18n` names the text, `data-i18n-title`, `-label`, `-placeholder` and
 * `-content` those attributes (the last is `data-words`, for style sheets).
 * @param {HTMLElement} root
 */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-i18n]")) {
    if (element instanceof HTMLElement) element.textContent = t(/** @type {Key} */ (element.dataset["i18n"]));
  }
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    const selector = `[data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}]`;
    for (const element of root.querySelectorAll(selector)) {
      if (element instanceof HTMLElement) element.setAttribute(attribute, t(/** @type {Key} */ (element.dataset[name])));
    }
  }
}

/**
 * @param {string} tag
 * @returns {tag is Language}
 */
export function isLanguage(tag) {
  return tag in LANGUAGES;
}
