// @ts-check
/**
 * Which alerts sound, how urgent they are, and what happens while nobody acknowledges them: after `LOUDER_S` they sound
 * louder, after `CALL_S` the page says whom to call instead. What is told of the past sounds no alarm: it is a step less
 * urgent than the same would be now, so that what has been is silent, and what may still be owed chimes.
 */

/**
 * @import {Alert, AlertEvent} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { unix } from "./format.mjs";
import { lag, settled } from "./world.mjs";

export const LOUDER_S = 15;
export const CALL_S = 60;
/** Seconds between two soundings, by priority; an alarm that nobody answered sounds at the last rate. */
const REPEAT_S = { medium: 15, high: 8 };
const URGENT_REPEAT_S = 4;

/** @typedef {"low" | "medium" | "high"} Priority as in IEC 60601-1-8: to be known, to be done soon, to be done now */

/**
 * @typedef {object} Waiting an alert that nobody has acknowledged and nothing has settled
 * @property {Alert} alert
 * @property {Priority} priority
 * @property {number} age_s for how long it has been there
 * @property {boolean} past
 */

/**
 * @typedef {object} Sounding
 * @property {"chime" | "alarm" | "urgent"} tone
 * @property {boolean} loud
 */

/**
 * @param {Alert} alert
 * @returns {Priority}
 */
export function priorityOf(alert) {
  const priority = priorityNow(alert.event);
  return isPast(alert) ? (priority === "high" ? "medium" : "low") : priority;
}

/**
 * Does it tell of what has been, and not of what happens? A silence is heard by the server's own clock: it is of now,
 * however old the place is at which the unit was lost.
 * @param {Alert} alert
 */
export function isPast({ event, age_s }) {
  return (age_s ?? null) !== null && event.type !== "unit.lost";
}

/**
 * @param {AlertEvent} event
 * @returns {Priority}
 */
function priorityNow(event) {
  switch (event.type) {
    case "obligation.overdue":
    case "unit.lost":
    case "crossing.retracted":
      return "high";
    case "pursuit.host_decision":
      return event.decision === "stop" ? "high" : "medium";
    case "decision":
      return event.permitted === "no" ? "high" : "low";
    default:
      return "medium";
  }
}

/**
 * The alerts that wait for somebody, the most urgent first, then the newest.
 * @param {World} world
 * @param {number} now server time, Unix seconds UTC
 * @returns {Waiting[]}
 */
export function waiting(world, now) {
  const over = settled(world);
  const found = [...world.alerts.values()]
    .filter((alert) => alert.acknowledged_by === null && !over.has(alert.event.id))
    .map((alert) => ({ alert, priority: priorityOf(alert), age_s: ageOf(world, alert, now), past: isPast(alert) }));
  return found.sort((a, b) => RANK[b.priority] - RANK[a.priority] || b.alert.offset - a.alert.offset);
}

export const RANK = { low: 0, medium: 1, high: 2 };

/**
 * What is to be heard now, if anything.
 * @param {{priority: Priority, age_s: number, past?: boolean}[]} open what waits
 * @param {number} silentFor seconds since anything last sounded
 * @returns {Sounding | null}
 */
export function due(open, silentFor) {
  const heard = open.filter(({ priority }) => priority !== "low");
  if (heard.length === 0) return null;
  const high = heard.some(({ priority }) => priority === "high");
  const oldest = Math.max(...heard.map(({ age_s }) => age_s));
  const called = heard.some(({ age_s, past }) => age_s >= CALL_S && !past);
  const every = high && called ? URGENT_REPEAT_S : REPEAT_S[high ? "high" : "medium"];
  if (silentFor < every) return null;
  return { tone: high ? (called ? "urgent" : "alarm") : called ? "alarm" : "chime", loud: oldest >= LOUDER_S };
}

/** States that have a control room here. */
const ROOMS = new Set(["BE", "NL", "LU"]);

/**
 * Whom to call since nobody has answered an alert for `CALL_S`: the host's room when it concerns a host, else the crew, and
 * nobody is named. Each room acknowledges for itself: that ours has seen it tells the host nothing, unless the line to it
 * is open. Who sees everything counts for all.
 * @param {World} world
 * @param {Alert} alert
 * @param {ReadonlyMap<string, string>} over those that are settled
 * @param {number} now server time, Unix seconds UTC
 * @returns {{host: string | null, to: string | null} | null} null while it is too early, or all have seen it
 */
export function secondChannel(world, alert, over, now) {
  const { event } = alert;
  if (over.has(event.id) || priorityOf(alert) === "low" || ageOf(world, alert, now) < CALL_S) return null;
  const concerned = hostOf(event);
  const host = concerned === world.home ? null : concerned;
  if (hasSeen(world, alert, host)) return null;
  const duties = world.pursuits.get(event.pursuit ?? "")?.obligations ?? [];
  const named = "addressee" in event ? event.addressee : duties.find((duty) => duty.host === host && duty.addressee)?.addressee;
  return { host, to: host === null ? null : (named ?? null) };
}

/**
 * @param {World} world
 * @param {Alert} alert
 * @param {string | null} host null: our own room
 */
function hasSeen(world, { event, acknowledged_by, acknowledgements }, host) {
  if (world.home === null || host === null || !ROOMS.has(host)) return acknowledged_by !== null;
  const line = world.pursuits.get(event.pursuit ?? "")?.lines.find((known) => known.host === host);
  return line?.status === "established" || acknowledgements.some(({ state }) => state === null || state === host);
}

/**
 * The state that an alert is news for.
 * @param {AlertEvent} event
 * @returns {string | null}
 */
function hostOf(event) {
  if (event.type === "crossing.approaching" || event.type === "crossing.confirmed") return event.to;
  return event.type === "obligation.overdue" ? event.host : null;
}

/**
 * How long an alert has been there, by the clock that its pursuit's data runs on; one of the past, since it was told.
 * @param {World} world
 * @param {Alert} alert
 * @param {number} now server time, Unix seconds UTC
 */
function ageOf(world, { event, age_s = null }, now) {
  if (age_s !== null) return Math.max(0, now - age_s - unix(event.time));
  const pursuit = world.pursuits.get(event.pursuit ?? "");
  return Math.max(0, now - (pursuit ? lag(world, pursuit) : 0) - unix(event.time));
}
