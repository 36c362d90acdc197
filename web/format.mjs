// @ts-check
/** Times, ages, distances and names, as a dispatcher reads them. Times are 24 h, Europe/Brussels. */

import { locale, named, t } from "./i18n.mjs";

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Brussels",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/Brussels" });
/** Weekdays are looked for by locale once. */
const WEEKDAYS = /** @type {Map<string, Intl.DateTimeFormat>} */ (new Map());

/** Days nearer than this need no date. */
const NEAR_S = 5 * 86_400;

/**
 * Unix seconds of an RFC 3339 time.
 * @param {string} time
 */
export function unix(time) {
  return Date.parse(time) / 1000;
}

/**
 * `14:02:11`
 * @param {number} at Unix seconds
 */
export function clock(at) {
  return CLOCK.format(at * 1000);
}

/**
 * The clock, with the day in front when it is not the day of `now`: a weekday when it is near, else the date.
 * @param {number} at Unix seconds
 * @param {number} now Unix seconds
 */
export function moment(at, now) {
  const day = DAY.format(at * 1000);
  if (day === DAY.format(now * 1000)) return clock(at);
  const name = Math.abs(at - now) < NEAR_S ? weekday(at) : day;
  return `${name} ${clock(at)}`;
}

/**
 * The same instant in UTC, for the hover text: `2026-11-23T14:02:11.000Z`.
 * @param {number} at Unix seconds
 */
export function utc(at) {
  return new Date(at * 1000).toISOString();
}

/**
 * To the minute in UTC, with the date in front when it is not that of `now`: `13:02 UTC`, `2026-11-23 13:02 UTC`.
 * @param {number} at Unix seconds
 * @param {number} now Unix seconds
 */
export function utcMoment(at, now) {
  const [date, time = ""] = utc(at).split("T");
  return `${date === utc(now).slice(0, 10) ? "" : `${date} `}${time.slice(0, 5)} UTC`;
}

/**
 * How old something is: `2 s`, `4 min`, `3 h`, `12 d`. An age below zero is a clock that runs ahead, and is said.
 * @param {number} seconds
 * @returns {string}
 */
export function age(seconds) {
  if (seconds < -2) return t("format.ahead", { age: age(-seconds) });
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  if (whole < 129_600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/**
 * A countdown's digits: `0:43`, `12:05`, `2:00:07`. The sign is the caller's to word.
 * @param {number} seconds
 */
export function countdown(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * `±6 m`, `±1.2 km`
 * @param {number} metres
 */
export function uncertainty(metres) {
  if (metres >= 1000) return `±${decimal(metres / 1000)} km`;
  return `±${Math.max(1, Math.round(metres))} m`;
}

/**
 * `130 km/h`; a dash where the unit did not say.
 * @param {number | null} metresPerSecond
 */
export function speed(metresPerSecond) {
  return metresPerSecond === null ? "–" : `${Math.round(metresPerSecond * 3.6)} km/h`;
}

/**
 * Degrees as a word: `208° SSW`; a dash where the unit did not say.
 * @param {number | null} degrees from true north, clockwise
 */
export function course(degrees) {
  if (degrees === null) return "–";
  const names = t("format.compass").split(" ");
  return `${Math.round(degrees) % 360}° ${names[Math.round(degrees / 22.5) % 16]}`;
}

/**
 * The name of a territory: by itself, or with the word that its language puts before it.
 * @param {string | null | undefined} code
 * @param {"" | "in" | "into" | "from"} [where]
 */
export function territory(code, where = "") {
  return named(where ? `territory_${where}` : "territory", code || "none");
}

/** @param {string} name of a pursuit's phase */
export function phase(name) {
  return named("phase", name);
}

/** @param {string} name of a pursuit's ground, with a code of the offence or without */
export function ground(name) {
  const [, kind = name, code] = /^(\w+)\((.*)\)$/.exec(name) ?? [];
  return code ? `${named("ground", kind)} (${code})` : named("ground", kind);
}

/** @param {number} at Unix seconds */
function weekday(at) {
  const known = WEEKDAYS.get(locale()) ?? new Intl.DateTimeFormat(locale(), { timeZone: "Europe/Brussels", weekday: "short" });
  WEEKDAYS.set(locale(), known);
  return known.format(at * 1000);
}

/** @param {number} value with one digit after the comma */
function decimal(value) {
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}
