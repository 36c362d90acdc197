// @ts-check
/** What an alert says, in words. What the law says is the server's own wording; nothing is added to it. */

/** @import {AlertEvent, DecisionEvent} from "./wire.d.ts" */

import { age, clock, countdown, moment, territory, uncertainty, unix } from "./format.mjs";

/**
 * @typedef {object} Words
 * @property {"info" | "watch" | "alarm" | "good"} tone
 * @property {string} title
 * @property {string[]} lines
 * @property {string[]} more what is folded away until asked for
 * @property {string | null} article the article behind it, with what it belongs to
 * @property {string | null} mark what stands behind it when it is not the text of the law
 */

/** @type {Record<DecisionEvent["permitted"], Words["tone"]>} */
const TONES = { yes: "good", conditional: "watch", uncertain: "watch", no: "alarm" };

/** What a decision permits, after the name of a unit. */
export const PERMITTED = {
  yes: "may continue",
  conditional: "may continue on conditions",
  uncertain: "uncertain whether it may continue",
  no: "may not continue",
};

/** @type {Record<DecisionEvent["basis"], string | null>} */
export const BASIS = {
  text: null,
  inferred: "inferred: not in the text itself",
  unverified: "not verified",
};

/** @type {Record<string, string>} */
const HOST_DECISIONS = {
  none: "has withdrawn its decision",
  continue: "lets the pursuit continue",
  joint: "pursues jointly",
  takeover: "takes over",
  stop: "says stop",
};

/**
 * @param {AlertEvent} event
 * @param {(unit: string) => string} sign the call sign of a unit
 * @returns {Words}
 */
export function alertWords(event, sign) {
  const nothing = { lines: /** @type {string[]} */ ([]), more: [], article: null, mark: null };
  switch (event.type) {
    case "crossing.approaching": {
      const at = `Expected at ${clock(unix(event.crossed_at))} ±${Math.max(1, Math.round(event.uncertainty_s))} s`;
      const title = `${sign(event.unit)} is about to enter ${territory(event.to)}`;
      return { ...nothing, tone: "watch", title, lines: [`${at}, from ${territory(event.from)}`] };
    }
    case "crossing.probable":
    case "crossing.confirmed": {
      const spread = `±${Math.max(1, Math.round(event.uncertainty_s))} s, ${uncertainty(event.uncertainty_m)}`;
      const title = `${sign(event.unit)} crossed into ${territory(event.to)}`;
      return { ...nothing, tone: "watch", title, lines: [`At ${clock(unix(event.crossed_at))} ${spread}, from ${territory(event.from)}`] };
    }
    case "crossing.retracted": {
      const title = `${sign(event.unit)} did not cross into ${territory(event.to)}`;
      return { ...nothing, tone: "watch", title, lines: [`Taken back: ${event.reason}`] };
    }
    case "decision":
      return decisionWords(event, sign);
    case "obligation.opened":
    case "obligation.met":
    case "obligation.withdrawn":
    case "obligation.overdue": {
      const to = event.addressee ?? territory(event.host);
      const by = event.deadline ? `It was due at ${clock(unix(event.deadline))}` : "It is due";
      return { ...nothing, tone: "alarm", title: `Overdue: ${event.text}`, lines: [`${by}. Addressee: ${to}`], article: event.article };
    }
    case "pursuit.host_decision": {
      const tone = event.decision === "stop" ? "alarm" : "watch";
      const title = `${capital(territory(event.host))} ${HOST_DECISIONS[event.decision] ?? event.decision}`;
      const lines = event.instructions ? [`“${event.instructions}”`] : [];
      if (event.by) lines.push(`Noted by ${event.by}`);
      return { ...nothing, tone, title, lines };
    }
    case "unit.lost":
      return { ...nothing, tone: "alarm", title: `${sign(event.unit)} is lost`, lines: [`Nothing heard for ${age(event.silent_s)}`] };
  }
}

/**
 * @param {DecisionEvent} event
 * @param {(unit: string) => string} sign
 * @returns {Words}
 */
function decisionWords(event, sign) {
  const lines = [event.words];
  /** @type {string[]} */
  const more = [];
  for (const { text, deadline, article } of event.obligations) {
    const by = deadline ? ` by ${moment(unix(deadline), unix(event.time))}` : "";
    (deadline ? lines : more).push(`Must: ${text}${by} (${article})`);
  }
  for (const warning of event.warnings) more.push(`Note: ${warning}`);
  for (const { question } of event.asks ?? []) more.push(`Not known: ${question}`);
  return {
    tone: TONES[event.permitted],
    title: `${sign(event.unit)}: ${PERMITTED[event.permitted]}`,
    lines,
    more,
    article: `${event.article} · ${event.instrument} · ${event.rule}`,
    mark: BASIS[event.basis],
  };
}

/**
 * One sentence for the ear: what a screen reader says when the alert comes.
 * @param {Words} words
 */
export function spoken({ title, lines, article }) {
  return [title, lines[0] ?? "", article ?? ""].filter(Boolean).join(". ");
}

/**
 * What was missed while the link was down.
 * @param {import("./world.mjs").Gap} gap
 * @param {number} seconds how long it was down
 */
export function gapWords({ filled, events }, seconds) {
  const away = `The link was down for ${countdown(seconds)}.`;
  if (!filled) return `${away} What happened meanwhile could not be fetched: this is the picture as it stands now, and the journal has the rest.`;
  if (events === 0) return `${away} No event was missed.`;
  return `${away} ${events} event${events === 1 ? "" : "s"} while away, now in the list.`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
