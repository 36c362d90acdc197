// @ts-check
/** Single keys. They do nothing while a text is being typed, or with Ctrl, Alt or Meta. */

/**
 * @param {Record<string, () => void>} actions by key
 */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
    if (ctrlKey || altKey || metaKey) return;
    if (target instanceof HTMLElement && target.matches("input, textarea, select")) return;
    if (document.querySelector("dialog[open]")) return;
    const action = actions[key];
    // A key that is held down moves on in the list; it does not acknowledge what nobody has read.
    if (!action || (repeat && key !== "j" && key !== "k")) return;
    event.preventDefault();
    action();
  });
}
