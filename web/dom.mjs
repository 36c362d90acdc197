// @ts-check
/** The few things that every part of the page does to the document. */

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
 */
export function say(target, text) {
  target.hidden = text === null;
  if (target.textContent !== (text ?? "")) target.textContent = text ?? "";
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
