// @ts-check
/** The few things that every part of the page does to the document. */

import { clock, utc } from "./format.mjs";

/**
 * An element that index.html has.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
}

/**
 * A new element with a class and children; strings become text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * @param {string} text
 * @param {() => void} press
 * @param {string} [className]
 */
export function button(text, press, className = "") {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

/**
 * Set an element's text only if it differs: an unchanged node is not painted, selected or announced anew.
 * @param {HTMLElement} target
 * @param {string | null} text null hides it
 * @param {(number | null)[]} [instants] whose clocks are in the text, Unix seconds, in the order in which they are
 */
export function say(target, text, instants = []) {
  target.hidden = text === null;
  if (target.textContent !== (text ?? "")) target.replaceChildren(...timed(text ?? "", instants));
}

/**
 * A text in which every clock is a time, which tells its UTC to who points at it.
 * @param {string} text
 * @param {(number | null)[]} instants whose clocks are in the text, Unix seconds, in the order in which they are
 * @returns {(string | HTMLTimeElement)[]}
 */
export function timed(text, instants) {
  /** @type {(string | HTMLTimeElement)[]} */
  const parts = [];
  let rest = text;
  for (const at of instants) {
    const words = at === null ? "" : clock(at);
    const place = words === "" ? -1 : rest.indexOf(words);
    if (place < 0 || at === null) continue;
    parts.push(rest.slice(0, place), stamp(element("time", "", words), at));
    rest = rest.slice(place + words.length);
  }
  return [...parts, rest].filter((part) => part !== "");
}

/**
 * Have a time tell its UTC: to who points at it, and to style.css, which shows it to who works by keyboard.
 * @param {HTMLTimeElement} time
 * @param {number} at Unix seconds
 */
export function stamp(time, at) {
  const instant = utc(at);
  if (time.dateTime === instant) return time;
  time.dateTime = time.title = instant;
  mark(time, "utc", `${instant.slice(11, 19)} UTC`);
  return time;
}

/**
 * Set a `data-` attribute only if it differs.
 * @param {HTMLElement} target
 * @param {string} name in camel case
 * @param {string} value
 */
export function mark(target, name, value) {
  if (target.dataset[name] !== value) target.dataset[name] = value;
}

/**
 * Put children into an order with the fewest moves, so that focus and scrolling survive.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) {
    if (!wanted.has(/** @type {HTMLElement} */ (child))) child.remove();
  }
  children.forEach((child, index) => {
    const there = parent.children[index];
    if (there !== child) parent.insertBefore(child, there ?? null);
  });
}
