// @ts-check
/**
 * The one thing to do now in a pursuit. `ROWS` is the order of urgency, and the first row that applies is the answer.
 * It knows no law of its own: words, articles and deadlines are the server's.
 */

/**
 * @import {DecisionEvent, Duty, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { countdown, territory, unix } from "./format.mjs";
import { capital, t } from "./i18n.mjs";
import { law } from "./law.mjs";
import { FORECAST_KEPT_S } from "./world.mjs";

/**
 * @typedef {object} Advice
 * @property {string} row the row of the table
 * @property {"calm" | "watch" | "soon" | "overdue" | "stop"} tone
 * @property {string} what to do, in few words
 * @property {string | null} clock how long there is, or how long it is overdue
 * @property {string | null} [says] what the host told the officers to do
 * @property {string | null} article behind it
 * @property {Duty | null} duty that it asks to be met
 */

/**
 * @typedef {object} Situation
 * @property {World} world
 * @property {Pursuit} pursuit
 * @property {number} now data time, Unix seconds UTC
 */

/** @typedef {Omit<Advice, "row">} Said */

const SOON_S = 60;
/** Seconds before its deadline from which something else that is owed is the thing to do. */
const NEAR_S = 900;
/** Obligations that have rows of their own, or that only say how to act. */
const OWN_ROWS = new Set(["break_off", "hand_over", "contact", "report", "report_after_action"]);

/**
 * The next actions, the most urgent first.
 * @type {[name: string, row: (now: Situation) => Said | null][]}
 */
export const ROWS = [
  ["break_off", breakOff],
  ["hand_over", handOver],
  ["refused", refused],
  ["contact", contact],
  ["lost", lost],
  ["host_leads", hostLeads],
  ["crossing", crossing],
  ["uncertain", uncertain],
  ["at_once", atOnce],
  ["report", report],
  ["owed", owed],
  ["nothing", nothing],
];

/**
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {number} now data time, Unix seconds UTC
 * @returns {Advice}
 */
export function advise(world, pursuit, now) {
  return /** @type {Advice} */ (list({ world, pursuit, now }).next().value);
}

/**
 * What comes after the one thing, if anything is to be done.
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {number} now data time, Unix seconds UTC
 * @returns {Advice | null}
 */
export function then(world, pursuit, now) {
  const [first, ...rest] = list({ world, pursuit, now });
  // A contact that is due by a crossing says that the crossing comes.
  const second = rest.find(({ row }) => !(row === "crossing" && first?.duty?.announced));
  return first && second && second.row !== "nothing" && second.duty !== first.duty ? second : null;
}

/**
 * @param {Situation} situation
 * @returns {Generator<Advice, void>}
 */
function* list(situation) {
  for (const [name, row] of ROWS) {
    const said = row(situation);
    if (said) yield { row: name, ...said };
  }
}

/** @type {(now: Situation) => Said | null} */
function breakOff({ pursuit }) {
  const duty = pursuit.obligations.find(({ kind }) => kind === "break_off") ?? null;
  if (pursuit.phase !== "breaking_off" && !duty) return null;
  const stopped = pursuit.lines.find(({ decision }) => decision === "stop");
  const what = pursuit.danger ? t("advice.danger") : stopped ? t("advice.stopped", { host: stopped.host }) : t("advice.break_off");
  return { tone: "stop", what, clock: null, says: quoted(stopped), article: duty?.article ?? null, duty };
}

/** @type {(now: Situation) => Said | null} */
function handOver({ pursuit }) {
  const duty = pursuit.obligations.find(({ kind }) => kind === "hand_over") ?? null;
  if (pursuit.phase !== "held" && !duty) return null;
  const to = duty?.addressee ?? t("advice.officers", { state: territory(duty?.host) });
  return { tone: "stop", what: t("advice.hand_over", { to }), clock: null, article: duty?.article ?? null, duty };
}

/** @type {(now: Situation) => Said | null} */
function refused({ pursuit }) {
  if (pursuit.phase !== "running") return null;
  const found = decisionsAbroad(pursuit).find(({ permitted }) => permitted === "no");
  return found ? { tone: "stop", what: law(found.title), clock: null, article: found.article, duty: null } : null;
}

/** @type {(now: Situation) => Said | null} */
function contact({ world, pursuit, now }) {
  const duty = first(pursuit.obligations.filter(({ kind }) => kind === "contact"), world, pursuit);
  if (!duty) return null;
  const tried = pursuit.lines.find(({ host }) => host === duty.host)?.status === "attempted";
  const to = duty.addressee ?? t("advice.room", { state: territory(duty.host) });
  const rest = { what: t(tried ? "advice.contact_again" : "advice.contact", { to }), article: duty.article, duty };
  if (duty.announced) {
    const at = next(world, pursuit, duty.host, now)?.at ?? (duty.deadline === null ? null : unix(duty.deadline));
    const left = at === null ? 0 : at - now;
    return { ...rest, tone: left < SOON_S ? "soon" : "watch", clock: inTime(left) };
  }
  const late = duty.overdue || (duty.deadline !== null && unix(duty.deadline) < now);
  return { ...rest, tone: late ? "overdue" : "soon", clock: dueTime(duty, now) };
}

/** @type {(now: Situation) => Said | null} */
function lost({ world, pursuit, now }) {
  if (pursuit.phase === "ended") return null;
  const unit = pursuit.members.map((member) => world.units.get(member.unit)).find((known) => known?.quality === "lost");
  if (!unit) return null;
  const clock = t("advice.silent", { time: countdown(now - unit.t) });
  return { tone: "soon", what: t("advice.lost", { unit: sign(world, unit.name) }), clock, article: null, duty: null };
}

/** @type {(now: Situation) => Said | null} */
function hostLeads({ pursuit }) {
  if (pursuit.phase !== "taken_over") return null;
  const line = pursuit.lines.find(({ decision }) => decision === "takeover");
  const what = capital(t("advice.host_leads", { host: territory(line?.host ?? null) }));
  return { tone: "watch", what, clock: null, says: quoted(line), article: null, duty: null };
}

/** @type {(now: Situation) => Said | null} */
function crossing({ world, pursuit, now }) {
  const found = pursuit.phase === "ended" ? null : next(world, pursuit, null, now);
  if (!found) return null;
  const what = t("advice.about_to_enter", { unit: sign(world, found.unit), into: territory(found.to, "into") });
  return { tone: "watch", what, clock: inTime(found.at - now), article: null, duty: null };
}

/** @type {(now: Situation) => Said | null} */
function uncertain({ pursuit }) {
  if (pursuit.phase !== "running") return null;
  const found = decisionsAbroad(pursuit).find(({ permitted }) => permitted === "uncertain");
  if (!found) return null;
  const what = law(found.asks?.[0]?.question ?? found.title);
  return { tone: "watch", what, clock: null, article: found.article, duty: null };
}

/** @type {(now: Situation) => Said | null} */
function atOnce({ pursuit, now }) {
  if (pursuit.phase === "ended") return null;
  const others = pursuit.obligations.filter(({ kind }) => !OWN_ROWS.has(kind));
  const duty = others.find(({ overdue, deadline }) => overdue || deadline === null || unix(deadline) - now < NEAR_S);
  return duty ? dutyAdvice(duty, now) : null;
}

/** @type {(now: Situation) => Said | null} */
function report({ pursuit, now }) {
  const duty = pursuit.phase === "running" ? undefined : pursuit.obligations.find(({ kind }) => kind === "report");
  if (!duty) return null;
  const to = duty.addressee ?? territory(duty.host);
  return { ...dutyAdvice(duty, now), what: t("advice.report", { to }) };
}

/** @type {(now: Situation) => Said | null} */
function owed({ pursuit, now }) {
  const [duty] = pursuit.phase === "ended" ? pursuit.obligations : [];
  return duty ? dutyAdvice(duty, now) : null;
}

/** @type {(now: Situation) => Said} */
function nothing({ world, pursuit }) {
  const rest = { tone: /** @type {const} */ ("calm"), clock: null, duty: null };
  if (pursuit.phase === "ended") return { ...rest, what: t("advice.ended"), article: null };
  const abroad = pursuit.phase === "running" ? decisionsAbroad(pursuit) : [];
  const units = abroad.map(({ unit }) => sign(world, unit)).join(", ");
  const what = units ? t("advice.may_continue", { units }) : t("advice.nothing");
  return { ...rest, what, article: abroad[0]?.article ?? null };
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
 * Is a member in a state that is not its own?
 * @param {{territory: string | null, state: string | null}} member
 */
export function isAbroad({ territory: where, state }) {
  return where !== null && state !== null && where !== state;
}

/**
 * A unit's call sign.
 * @param {World} world
 * @param {string} unit
 */
export function sign(world, unit) {
  return world.roster.get(unit)?.call_sign ?? unit;
}

/**
 * The instruction that came with a host's decision, in its own words.
 * @param {import("./wire.d.ts").Line | undefined} line
 */
function quoted(line) {
  return line?.instructions ? `“${line.instructions}”` : null;
}

/**
 * Decisions that stand; one on a unit that has gone home since asks for nothing now.
 * @param {Pursuit} pursuit
 * @returns {DecisionEvent[]}
 */
function decisionsAbroad({ members, decisions }) {
  return Object.values(decisions).filter((decision) => members.some((member) => member.unit === decision.unit && isAbroad(member)));
}

/**
 * @param {Duty} duty
 * @param {number} now
 * @returns {Said}
 */
function dutyAdvice(duty, now) {
  return { tone: duty.overdue ? "overdue" : "watch", what: law(duty.text), clock: dueTime(duty, now), article: duty.article, duty };
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
    const forecast = duty.announced ? next(world, pursuit, duty.host, -Infinity)?.at : undefined;
    return forecast ?? (duty.deadline === null ? Infinity : unix(duty.deadline));
  };
  return duties.toSorted((a, b) => at(a) - at(b))[0];
}
