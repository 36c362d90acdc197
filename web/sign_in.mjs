// @ts-check
/** The way in: a name and a password, or a link that works once, or one by which a password is chosen. The session is a cookie that no script can read. */

import { byId } from "./dom.mjs";
import { signIn, signOut, whoIsIn } from "./session.mjs";
import { LANGUAGES, choose, say } from "./sign_in_words.mjs";

/** @import {Word} from "./sign_in_words.mjs" */

const SEES_THE_MAP = new Set(["dispatcher", "supervisor", "auditor"]);
const STORED = "language";

const form = byId("form", HTMLFormElement);
const name = byId("name", HTMLInputElement);
const password = byId("password", HTMLInputElement);
const problem = byId("problem", HTMLParagraphElement);
const caps = byId("caps", HTMLParagraphElement);
const inside = byId("inside", HTMLDivElement);
const languages = byId("language", HTMLSelectElement);

let language = choose([localStorage.getItem(STORED), ...navigator.languages]);
/** The secret of a link by which a password is to be chosen. @type {string | null} */
let choosing = null;
/** What is said now, so that another language can say it. @type {[HTMLElement, Word, Record<string, string | number>][]} */
let said = [];

for (const [code, own] of Object.entries(LANGUAGES)) languages.add(new Option(own, code));
languages.addEventListener("change", () => {
  language = languages.value;
  localStorage.setItem(STORED, language);
  speak();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void submit();
});
password.addEventListener("keyup", (event) => {
  caps.hidden = !event.getModifierState("CapsLock");
});
byId("sign-out", HTMLButtonElement).addEventListener("click", () => void signOut().finally(() => location.replace("sign-in")));
speak();
void start();

async function start() {
  const asked = new URLSearchParams(location.search);
  const once = asked.get("once");
  // The secret leaves the address bar and the history before anything else happens.
  if (location.search) history.replaceState(null, "", location.pathname);
  if (asked.has("choose")) return askForPassword(asked.get("choose") ?? "");
  if (once !== null && (await use({ once }, "link"))) return;
  await look();
  if (asked.has("ended")) tell("ended");
  if (asked.has("denied")) tell("denied", { reason: asked.get("denied") ?? "" });
}

/**
 * Ask for a new password instead of a name and a password.
 * @param {string} secret
 */
function askForPassword(secret) {
  choosing = secret;
  for (const part of form.querySelectorAll("[for=name], #name")) part.remove();
  password.autocomplete = "new-password";
  const words = { "[for=password]": "newPassword", button: "choose" };
  for (const [place, word] of Object.entries(words)) form.querySelector(place)?.setAttribute("data-word", word);
  speak();
  form.hidden = false;
  password.focus();
}

/** Who is signed in already goes on to the map; everybody else gets what there is to fill in. */
async function look() {
  try {
    const who = await whoIsIn();
    if (who.role !== null && SEES_THE_MAP.has(who.role)) return location.replace("./");
    if (who.role !== null) {
      inside.hidden = false;
      put(byId("inside-words", HTMLParagraphElement), "inside", { name: who.name ?? "", role: who.role });
      return;
    }
    const answer = await fetch("api/v1/config");
    /** @type {{sign_in: string[]}} */
    const { sign_in: ways } = await answer.json();
    byId("organisation", HTMLParagraphElement).hidden = !ways.includes("oidc");
  } catch {
    tell("away");
  }
  form.hidden = false;
  if (!window.isSecureContext) tell("insecure");
  name.focus();
}

async function submit() {
  if (choosing !== null) await use({ once: choosing, password: password.value }, "link");
  else await use({ name: name.value.trim(), password: password.value }, "wrong");
}

/**
 * @param {{name: string, password: string} | {once: string, password?: string}} proof
 * @param {Word} refused what to say of a proof that is not right
 * @returns {Promise<boolean>} whether the page is on its way to the map
 */
async function use(proof, refused) {
  const submitting = form.querySelector("button");
  if (submitting) submitting.disabled = true;
  problem.hidden = true;
  try {
    const answer = await signIn(proof);
    if (answer.ok) {
      form.hidden = true;
      await look();
      return true;
    }
    const seconds = answer.headers.get("Retry-After") ?? "";
    if (answer.status === 429) tell("later", { seconds });
    else if (answer.status === 503) tell("busy");
    else if (answer.status === 400 && choosing !== null) tell("weak");
    else tell(refused);
  } catch {
    tell("away");
  } finally {
    if (submitting) submitting.disabled = false;
  }
  password.value = "";
  password.focus();
  return false;
}

/**
 * @param {Word} word
 * @param {Record<string, string | number>} [values]
 */
function tell(word, values = {}) {
  problem.hidden = false;
  put(problem, word, values);
}

/**
 * @param {HTMLElement} target
 * @param {Word} word
 * @param {Record<string, string | number>} [values]
 */
function put(target, word, values = {}) {
  said = [...said.filter(([other]) => other !== target), [target, word, values]];
  target.textContent = say(language, word, values);
}

function speak() {
  document.documentElement.lang = language;
  languages.value = language;
  document.title = `${say(language, "title")} · Drempelloos`;
  put(byId("about", HTMLParagraphElement), choosing === null ? "about" : "chooseOne");
  put(caps, "caps");
  for (const target of document.querySelectorAll("[data-word]")) {
    if (target instanceof HTMLElement) target.textContent = say(language, /** @type {Word} */ (target.dataset["word"]));
  }
  for (const [target, word, values] of said) target.textContent = say(language, word, values);
}
