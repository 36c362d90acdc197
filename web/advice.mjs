// @ts-check
/**
 * The one thing to do now in a pursuit. It puts the open obligations and the latest decisions in order of urgency; it
 * knows no law of its own: words, articles and deadlines are the server's.
 */

/**
 * @import {DecisionEvent, Duty, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { countdown, territory, unix } from "./format.mjs";
import { t } from "./i18n.mjs";
import { FORECAST_KEPT_S } from "./world.mjs";

/**
 * @typedef {object} Advice
 * @property {"calm" | "watch" | "soon" | "overdue" | "stop"} tone
 * @property {string} what to do, in few words
 * @property {string | null} clock how long there is, or how long it is overdue
 * @property {string | null} article behind it
 * @property {Duty | null} duty that it asks to be met
 */

const SOON_S = 60;

/**
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {number} now data time, Unix seconds UTC
 * @returns {Advice}
 */
export function advise(world, pursuit, now) {
  const duties = pursuit.obligations;
  const stop = duties.find(({ kind }) => kind === "break_off");
  if (pursuit.phase === "breaking_off" || stop) {
    return { tone: "stop", what: t("advice.break_off"), clock: null, article: stop?.article ?? null, duty: stop ?? null };
  }
  const handover = duties.find(({ kind }) => kind === "hand_over");
  if (pursuit.phase === "held" || handover) {
    const to = handover?.addressee ?? t("advice.officers", { state: territory(handover?.host) });
    const what = t("advice.hand_over", { to });
    return { tone: "stop", what, clock: null, article: handover?.article ?? null, duty: handover ?? null };
  }
  const refused = Object.values(pursuit.decisions).find((decision) => isAbroad(pursuit, decision) && decision.permitted === "no");
  if (refused && pursuit.phase === "running") return said(refused, "stop");
  const contact = first(duties.filter(({ kind }) => kind === "contact"), world, pursuit);
  if (contact) return contactAdvice(contact, world, pursuit, now);
  if (pursuit.phase === "taken_over") {
    return { tone: "watch", what: t("advice.host_leads"), clock: null, article: null, duty: null };
  }
  const crossing = next(world, pursuit, null, now);
  if (crossing) {
    const what = t("advice.about_to_enter", { unit: sign(world, crossing.unit), into: territory(crossing.to, "into") });
    return { tone: "watch", what, clock: inTime(crossing.at - now), article: null, duty: null };
  }
  const abroad = Object.values(pursuit.decisions).filter((decision) => isAbroad(pursuit, decision));
  const open = abroad.find(({ permitted }) => permitted === "uncertain");
  if (open && pursuit.phase === "running") return said(open, "watch");
  const report = duties.find(({ kind }) => kind === "report");
  if (report && pursuit.phase !== "running") {
    const what = t("advice.report", { to: report.addressee ?? territory(report.host) });
    return { tone: "watch", what, clock: dueTime(report, now), article: report.article, duty: report };
  }
  const last = duties[0];
  if (pursuit.phase === "ended" && last) {
    return { tone: last.overdue ? "overdue" : "watch", what: last.text, clock: dueTime(last, now), article: last.article, duty: last };
  }
  if (pursuit.phase === "ended") return { tone: "calm", what: t("advice.ended"), clock: null, article: null, duty: null };
  const signs = abroad.map(({ unit }) => sign(world, unit)).join(", ");
  const what = signs && pursuit.phase === "running" ? t("advice.may_continue", { units: signs }) : t("advice.nothing");
  return { tone: "calm", what, clock: null, article: abroad[0]?.article ?? null, duty: null };
}

/**
 * The next crossing that is announced for a unit of the pursuit.
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {string | null} host only into this territory
 * @param {number} now data time, Unix seconds UTC
 */
export function next(world, pursuit, host, now) {
  /** @type {{unit: string, to: string, at: number} | null} */
  let soonest = null;
  for (const { unit } of pursuit.members) {
    const event = world.pending.get(unit);
    if (event?.type !== "crossing.approaching" || (host !== null && event.to !== host)) continue;
    const at = unix(event.crossed_at);
    if (at + FORECAST_KEPT_S > now && (soonest === null || at < soonest.at)) soonest = { unit, to: event.to, at };
  }
  return soonest;
}

/**
 * @param {Duty} duty
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {number} now
 * @returns {Advice}
 */
function contactAdvice(duty, world, pursuit, now) {
  const what = t("advice.contact", { to: duty.addressee ?? t("advice.room", { state: territory(duty.host) }) });
  const rest = { what, article: duty.article, duty };
  if (duty.announced) {
    const at = next(world, pursuit, duty.host, now)?.at ?? (duty.deadline === null ? null : unix(duty.deadline));
    const left = at === null ? 0 : at - now;
    return { ...rest, tone: left < SOON_S ? "soon" : "watch", clock: inTime(left) };
  }
  const late = duty.overdue || (duty.deadline !== null && unix(duty.deadline) < now);
  return { ...rest, tone: late ? "overdue" : "soon", clock: dueTime(duty, now) };
}

/**
 * @param {Duty} duty
 * @param {number} now
 */
function dueTime(duty, now) {
  if (duty.deadline === null) return null;
  const left = unix(duty.deadline) - now;
  return t(left < 0 ? "advice.overdue" : "advice.due_in", { time: countdown(left) });
}

/** @param {number} left seconds */
function inTime(left) {
  // A forecast cannot be missed: once its time is past, the crossing is expected at any moment.
  return left > 0 ? t("advice.crossing_in", { time: countdown(left) }) : t("advice.crossing_now");
}

/**
 * The duty whose time comes first.
 * @param {Duty[]} duties
 * @param {World} world
 * @param {Pursuit} pursuit
 */
function first(duties, world, pursuit) {
  const at = (/** @type {Duty} */ duty) => {
    const crossing = duty.announced ? next(world, pursuit, duty.host, -Infinity)?.at : undefined;
    return crossing ?? (duty.deadline === null ? Infinity : unix(duty.deadline));
  };
  return duties.toSorted((a, b) => at(a) - at(b))[0];
}

/**
 * @param {DecisionEvent} decision
 * @param {"stop" | "watch"} tone
 * @returns {Advice}
 */
function said(decision, tone) {
  const ask = decision.asks?.[0];
  const what = tone === "watch" && ask ? ask.question : decision.title;
  return { tone, what, clock: null, article: decision.article, duty: null };
}

/**
 * A decision on a unit that has gone home since asks for nothing now.
 * @param {Pursuit} pursuit
 * @param {DecisionEvent} decision
 */
function isAbroad(pursuit, decision) {
  const member = pursuit.members.find(({ unit }) => unit === decision.unit);
  return member !== undefined && member.territory !== member.state;
}

/**
 * @param {World} world
 * @param {string} unit
 */
function sign(world, unit) {
  return world.roster.get(unit)?.call_sign ?? unit;
}
