// @ts-check
/** Single keys. They do nothing while a text is being typed, or with Ctrl, Alt or Meta. */

const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select";

/**
 * @param {Record<string, () => void>} actions by key; `1` to `9` work on every layout, also where they need Shift
 */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    const { target, ctrlKey, altKey, metaKey, repeat } = event;
    // AltGr comes as Ctrl and Alt together on Windows; where "/" needs it, it is a key like any other.
    const alone = (!ctrlKey && !altKey) || event.getModifierState("AltGraph");
    if (!alone || metaKey || event.isComposing) return;
    if (target instanceof HTMLElement && target.matches(TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = keyOf(event, actions);
    const action = key === null ? undefined : actions[key];
    // A key that is held down moves on in the list; it does not acknowledge what nobody has read.
    if (!action || (repeat && key !== "j" && key !== "k")) return;
    event.preventDefault();
    action();
  });
}

/**
 * Which of the actions a key means. A letter counts with Caps Lock on too; a digit counts by its place, since on a
 * Belgian keyboard the row of digits writes `&é"'(` without Shift.
 * @param {Pick<KeyboardEvent, "key" | "code" | "shiftKey">} event
 * @param {Record<string, unknown>} actions
 */
export function keyOf({ key, code, shiftKey }, actions) {
  if (key in actions) return key;
  if (key.length === 1 && !shiftKey && key.toLowerCase() in actions) return key.toLowerCase();
  const digit = /^Digit([1-9])$/.exec(code)?.[1];
  return digit !== undefined && !shiftKey && digit in actions ? digit : null;
}
