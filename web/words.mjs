// @ts-check
/** What an alert says, in words. What the law says is the server's own wording; nothing is added to it. */

/** @import {AlertEvent, DecisionEvent, FeedEvent} from "./wire.d.ts" */

import { age, clock, countdown, moment, territory, uncertainty, unix, utcMoment } from "./format.mjs";
import { capital, count, named, t } from "./i18n.mjs";
import { decisionIn, law } from "./law.mjs";
import { marksOf } from "./verdict.mjs";

/**
 * @typedef {object} Words
 * @property {"info" | "watch" | "alarm" | "good"} tone
 * @property {string} title
 * @property {string[]} lines
 * @property {string[]} more what is folded away until asked for
 * @property {number[]} instants whose clocks are in the lines, Unix seconds, in their order
 * @property {string | null} article the article behind it, with what it belongs to
 * @property {string[]} marks what stands behind it when it is not simply the text of the law
 */

/** @type {Record<DecisionEvent["permitted"], Words["tone"]>} */
const TONES = { yes: "good", conditional: "watch", uncertain: "watch", no: "alarm" };

/**
 * @param {AlertEvent} event
 * @param {(unit: string) => string} sign the call sign of a unit
 * @returns {Words}
 */
export function alertWords(event, sign) {
  const nothing = { lines: /** @type {string[]} */ ([]), instants: /** @type {number[]} */ ([]), more: [], article: null, marks: /** @type {string[]} */ ([]) };
  switch (event.type) {
    case "crossing.approaching": {
      const title = t("alert.approaching", { unit: sign(event.unit), into: territory(event.to, "into") });
      const spread = `±${Math.max(1, Math.round(event.uncertainty_s))} s`;
      const at = { time: clock(unix(event.crossed_at)), spread, from: territory(event.from, "from") };
      return { ...nothing, tone: "watch", title, lines: [t("alert.expected", at)], instants: [unix(event.crossed_at)] };
    }
    case "crossing.probable":
    case "crossing.confirmed": {
      const spread = `±${Math.max(1, Math.round(event.uncertainty_s))} s, ${uncertainty(event.uncertainty_m)}`;
      const title = t("alert.crossed", { unit: sign(event.unit), into: territory(event.to, "into") });
      const at = { time: clock(unix(event.crossed_at)), spread, from: territory(event.from, "from") };
      return { ...nothing, tone: "watch", title, lines: [t("alert.crossed_at", at)], instants: [unix(event.crossed_at)] };
    }
    case "crossing.retracted": {
      const title = t("alert.not_crossed", { unit: sign(event.unit), into: territory(event.to, "into") });
      return { ...nothing, tone: "watch", title, lines: [t("alert.taken_back", { reason: law(event.reason) })] };
    }
    case "decision":
      return decisionWords(event, sign);
    case "obligation.opened":
    case "obligation.met":
    case "obligation.withdrawn":
    case "obligation.overdue": {
      const to = event.addressee ?? territory(event.host);
      const title = t("alert.overdue", { what: law(event.text) });
      const line = event.deadline ? t("alert.was_due", { time: clock(unix(event.deadline)), to }) : t("alert.is_due", { to });
      return { ...nothing, tone: "alarm", title, lines: [line], instants: event.deadline ? [unix(event.deadline)] : [], article: event.article };
    }
    case "pursuit.host_decision": {
      const tone = event.decision === "stop" ? "alarm" : "watch";
      const title = capital(t("alert.host", { host: territory(event.host), decision: named("host", event.decision) }));
      const lines = event.instructions ? [`“${event.instructions}”`] : [];
      if (event.by) lines.push(t("alert.noted_by", { name: event.by }));
      return { ...nothing, tone, title, lines };
    }
    case "unit.lost":
      const lines = [t("alert.lost_for", { age: age(event.silent_s) })];
      return { ...nothing, tone: "alarm", title: t("alert.lost", { unit: sign(event.unit) }), lines };
  }
}

/**
 * That what is told has been, and how long it took to be known.
 * @param {number} at of when it tells, Unix seconds
 * @param {number} age_s
 */
export function pastWords(at, age_s) {
  return t("alert.past", { time: utcMoment(at, at + age_s), age: age(age_s) });
}

/**
 * @param {DecisionEvent} event
 * @param {(unit: string) => string} sign
 * @returns {Words}
 */
function decisionWords(event, sign) {
  const { said, unchecked } = decisionIn(event);
  const lines = [said];
  /** @type {string[]} */
  const more = [];
  for (const { text, deadline, article } of event.obligations) {
    const what = law(text);
    if (deadline) lines.push(t("alert.must_by", { what, time: moment(unix(deadline), unix(event.time)), article }));
    else more.push(t("alert.must", { what, article }));
  }
  for (const power of event.powers) more.push(t("alert.power", { what: law(power) }));
  for (const warning of event.warnings) more.push(t("alert.note", { what: law(warning) }));
  for (const { question } of event.asks ?? []) more.push(t("alert.not_known", { what: law(question) }));
  return {
    tone: TONES[event.permitted],
    title: t("alert.decision", { unit: sign(event.unit), permitted: named("permitted", event.permitted) }),
    lines,
    instants: event.obligations.flatMap(({ deadline }) => (deadline ? [unix(deadline)] : [])),
    more,
    article: `${event.article} · ${event.instrument} · ${event.rule}`,
    marks: marksOf(event.basis, unchecked),
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
  const away = t("link.away", { time: countdown(Math.max(1, seconds)) });
  if (!filled) return `${away} ${t("link.gap_unknown")}`;
  return `${away} ${events === 0 ? t("link.gap_none") : count("link.gap", events)}`;
}

/**
 * What happened, for a time line: short, without what followed from it.
 * @param {FeedEvent} event
 * @param {(unit: string) => string} sign the call sign of a unit
 */
export function markWords(event, sign) {
  const unit = "unit" in event && event.unit ? sign(event.unit) : "";
  switch (event.type) {
    case "crossing.approaching":
      return t("mark.approaching", { unit, into: territory(event.to, "into") });
    case "crossing.confirmed":
      return t("mark.crossed", { unit, into: territory(event.to, "into") });
    case "crossing.corrected":
      return t("mark.corrected", { unit });
    case "crossing.retracted":
      return t("mark.retracted", { unit });
    case "decision":
      return t("mark.decision", { unit, permitted: named("permitted", event.permitted), article: event.article });
    case "obligation.overdue":
      return t("mark.overdue", { what: law(event.text) });
    case "unit.lost":
      return t("mark.lost", { unit });
    case "pursuit.joined":
      return t("mark.joined", { unit });
    case "pursuit.contact":
      return t("mark.contact", { host: territory(event.host), status: named("contact", event.status) });
    case "pursuit.host_decision":
      return t("mark.host_decision", { host: territory(event.host), decision: named("host", event.decision) });
    case "pursuit.report":
      return t("mark.report", { host: "host" in event ? territory(String(event.host)) : "" });
    default:
      return named("mark", event.type.split(".")[1] ?? "");
  }
}
