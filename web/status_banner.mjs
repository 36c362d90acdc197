// @ts-check
/** Says what of the picture cannot be relied on: faults of the server, one line each, and a clock that is wrong. */

/**
 * @import {Key} from "./i18n/en.mjs"
 * @import {Fault} from "./wire.d.ts"
 */

import { byId, element, mark, timed } from "./dom.mjs";
import { clock, countdown, unix } from "./format.mjs";
import { t } from "./i18n.mjs";

/** A smaller difference is that of the network. */
export const CLOCK_DIFFERS_S = 2;

/** Faults that make the picture dangerous; the others make it worse. */
const GRAVE = new Set(["not_recording", "restarting", "no_borders"]);

/**
 * @typedef {object} Line
 * @property {string} code
 * @property {boolean} grave
 * @property {string} text
 * @property {number | null} since Unix seconds
 */

/**
 * What is to be said, in words.
 * @param {readonly Fault[]} faults
 * @param {number} ahead_s how far the server's clock is ahead of this machine's
 * @param {{basemap?: boolean, map?: boolean}} [fails] what does not come
 * @returns {Line[]}
 */
export function statusLines(faults, ahead_s, fails = {}) {
  const lines = faults.map(({ code, since, text }) => ({
    code: /** @type {string} */ (code),
    grave: GRAVE.has(code),
    text: faultWords(code, clock(unix(since)), text),
    since: /** @type {number | null} */ (unix(since)),
  }));
  if (Math.abs(ahead_s) > CLOCK_DIFFERS_S) {
    const key = ahead_s > 0 ? "fault.clock_behind" : "fault.clock_ahead";
    lines.push({ code: "clock_differs", grave: false, text: t(key, { time: countdown(Math.round(ahead_s)) }), since: null });
  }
  if (fails.basemap) lines.push({ code: "basemap", grave: false, text: t("fault.basemap"), since: null });
  if (fails.map) lines.push({ code: "map", grave: true, text: t("fault.map"), since: null });
  return lines;
}

/**
 * @param {string} code
 * @param {string} time since when
 * @param {string} text the server's own words, for a code that this page does not know
 */
function faultWords(code, time, text) {
  /** @type {Record<string, Key>} */
  const keys = {
    not_recording: "fault.not_recording",
    restarting: "fault.restarting",
    no_borders: "fault.no_borders",
    clock_step: "fault.clock_step",
    overloaded: "fault.overloaded",
  };
  const key = keys[code];
  return key ? t(key, { time }) : t("fault.other", { time, text });
}

export class StatusBanner {
  #list = byId("faults", HTMLUListElement);
  #drawn = "";
  /** The operator's map did not come, or not all of it. */
  basemapFails = false;
  /** This machine cannot draw the map. */
  mapFails = false;

  /**
   * @param {readonly Fault[]} faults
   * @param {number} ahead_s
   */
  draw(faults, ahead_s) {
    const lines = statusLines(faults, ahead_s, { basemap: this.basemapFails, map: this.mapFails });
    const text = JSON.stringify(lines);
    // A live region is touched only when it has something new to say.
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#list.hidden = lines.length === 0;
    this.#list.replaceChildren(
      ...lines.map((line) => {
        const item = element("li", line.grave ? "grave" : "", ...timed(line.text, [line.since]));
        mark(item, "code", line.code);
        return item;
      }),
    );
  }
}
