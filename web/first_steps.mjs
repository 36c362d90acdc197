// @ts-check
/** Three sentences for who sees the page for the first time. Once closed they never come again on this machine. */

import { byId, say } from "./dom.mjs";
import { onLanguage, t } from "./i18n.mjs";

const STORED = "first-steps";
const STEPS = /** @type {const} */ (["steps.map", "steps.card", "steps.keys"]);

/** Show them, unless they were closed before. */
export function firstSteps() {
  if (localStorage.getItem(STORED) === "seen") return;
  const card = byId("first-steps", HTMLElement);
  const next = byId("first-steps-next", HTMLButtonElement);
  let step = 0;
  const show = () => {
    say(byId("first-steps-count", HTMLParagraphElement), t("steps.count", { n: step + 1, of: STEPS.length }));
    say(byId("first-steps-text", HTMLParagraphElement), t(STEPS[step] ?? STEPS[0]));
    say(next, t(step + 1 < STEPS.length ? "steps.next" : "steps.done"));
  };
  const close = () => {
    localStorage.setItem(STORED, "seen");
    card.hidden = true;
    document.removeEventListener("keydown", escape);
  };
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && document.querySelector("dialog[open], :popover-open") === null) close();
  };
  next.addEventListener("click", () => {
    step += 1;
    if (step < STEPS.length) show();
    else close();
  });
  byId("first-steps-close", HTMLButtonElement).addEventListener("click", close);
  document.addEventListener("keydown", escape);
  onLanguage(show);
  show();
  card.hidden = false;
}
