// @ts-check
/** Who is signed in on this page. */

import { button } from "./dom.mjs";

const URL_OF_SESSION = new URL("api/v1/session", import.meta.url);
const TIMEOUT_MS = 10_000;

/**
 * @typedef {object} Who
 * @property {string | null} name null where nobody has to sign in: then calls say `by` whom they are
 * @property {string | null} role null: nobody is signed in
 * @property {string | null} state
 * @property {string | null} ends_at
 * @property {Record<string, import("./wire.d.ts").Way[]>} contacts how control rooms are reached, by name or state
 */

/** @returns {Promise<Who>} */
export async function whoIsIn() {
  const answer = await fetch(URL_OF_SESSION, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

/**
 * Sign in. The answer is as it came: what to say of a refusal is the page's business.
 * @param {{name: string, password: string} | {once: string, password?: string}} proof
 */
export function signIn(proof) {
  const headers = { "Content-Type": "application/json" };
  return fetch(URL_OF_SESSION, { method: "POST", headers, body: JSON.stringify(proof), signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** Sign out on this machine. */
export async function signOut() {
  await fetch(URL_OF_SESSION, { method: "DELETE", signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/**
 * Leave for the way in, for good: nothing of this page stays in the history.
 * @param {"ended"} [why]
 */
export function toSignIn(why) {
  location.replace(new URL(why ? `sign-in?${why}` : "sign-in", import.meta.url));
}

/**
 * Show who is signed in, with the way out, to be translated. Nothing changes where nobody has to sign in.
 * @param {Who} who
 * @param {HTMLInputElement} field that calls are signed with
 */
export function show(who, field) {
  if (who.name === null) return;
  field.value = who.name;
  field.readOnly = true;
  field.title = [who.role, who.state].filter(Boolean).join(" ");
  const out = button("⏻", () => void signOut().finally(() => toSignIn()));
  out.id = "sign-out";
  out.dataset["i18nTitle"] = out.dataset["i18nLabel"] = "page.sign_out";
  field.closest("label")?.after(out);
}
