// @ts-check
/** How a control room is reached, as the operator has configured it; nothing where nothing was. */

/** @import {Way} from "./wire.d.ts" */

import { element } from "./dom.mjs";

/** @typedef {Readonly<Record<string, Way[]>>} Contacts ways to reach a room, by its name or by its state */

const SIGNS = /** @type {Record<string, string>} */ ({ tel: "☎", sip: "☎", mailto: "✉" });
const RADIO = "📻";

/**
 * The ways to reach a room: its own, or else those of its state. A link opens the telephone, where this machine has one.
 * @param {Contacts} contacts
 * @param {string | null | undefined} room
 * @param {string | null | undefined} state
 * @returns {HTMLElement[]}
 */
export function waysTo(contacts, room, state) {
  const ways = contacts[room ?? ""] ?? contacts[state ?? ""] ?? [];
  return ways.map(({ text, uri }) => {
    const sign = element("span", "", uri === null ? RADIO : (SIGNS[uri.split(":")[0] ?? ""] ?? ""));
    sign.setAttribute("aria-hidden", "true");
    const way = uri === null ? element("span", "way-to", sign, ` ${text}`) : element("a", "way-to", sign, ` ${text}`);
    if (way instanceof HTMLAnchorElement) way.href = uri ?? "";
    return way;
  });
}
