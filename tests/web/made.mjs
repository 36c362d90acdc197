// @ts-check
/** Feed messages for the tests: plausible, and short to write. */

/** @import {FeedEvent, FeedMessage, Pursuit, Row, SnapshotMessage} from "../../web/wire.d.ts" */

import { EMPTY, fold } from "../../web/world.mjs";

export const T0 = 1_795_442_531;

/** @param {number} seconds after T0 */
export function at(seconds) {
  return new Date((T0 + seconds) * 1000).toISOString();
}

/**
 * @param {string} unit
 * @param {Partial<{t: number, lon: number, lat: number, course: number | null, territory: string, quality: Row[7]}>} [rest]
 * @returns {Row}
 */
export function row(unit, { t = 0, lon = 4.7353, lat = 51.48, course = 28, territory = "BE", quality = "ok" } = {}) {
  return [unit, T0 + t, lon, lat, 36.1, course, territory, quality];
}

/**
 * @param {Partial<SnapshotMessage>} [rest]
 * @returns {SnapshotMessage}
 */
export function snapshot(rest = {}) {
  return {
    type: "snapshot",
    epoch: "e1",
    offset: 10,
    recovered: false,
    server_time: T0 + 0.4,
    units: [row("BE-K03")],
    roster: { "BE-K03": { state: "BE", call_sign: "K03", pursuit: null, simulated: false } },
    pursuits: [],
    alerts: [],
    ...rest,
  };
}

/**
 * A running pursuit of BE-K03.
 * @param {Partial<Pursuit>} [rest]
 * @returns {Pursuit}
 */
export function pursuit(rest = {}) {
  return {
    id: "p-1",
    simulated: false,
    phase: "running",
    started_at: at(0),
    ended_at: null,
    started_in: "BE",
    ground: null,
    note: null,
    members: [{ unit: "BE-K03", state: "BE", started_in: "BE", territory: "BE" }],
    lines: [],
    obligations: [],
    decisions: {},
    crossings: [],
    ...rest,
  };
}

/** A snapshot with that pursuit. */
export function pursuing() {
  return snapshot({
    roster: { "BE-K03": { state: "BE", call_sign: "K03", pursuit: "p-1", simulated: false } },
    pursuits: [pursuit()],
  });
}

/**
 * @param {string} type
 * @param {object} [rest]
 * @returns {any} a crossing from BE to NL by BE-K03, 40 s after T0
 */
export function crossing(type, rest = {}) {
  return {
    id: type,
    type: `crossing.${type}`,
    time: at(1),
    unit: "BE-K03",
    from: "BE",
    to: "NL",
    border: "BE-NL",
    lon: 4.7355,
    lat: 51.486,
    crossed_at: at(40),
    uncertainty_m: 6,
    uncertainty_s: 0.5,
    confidence: 0.99,
    pursuit: "p-1",
    ...rest,
  };
}

/**
 * @param {string} type
 * @param {object} [rest]
 * @returns {any} the obligation to contact NL
 */
export function obligation(type, rest = {}) {
  return {
    id: type,
    type: `obligation.${type}`,
    time: at(1),
    pursuit: "p-1",
    unit: "BE-K03",
    obligation: "o-1",
    kind: "contact",
    text: "Contact the host's competent service",
    article: "Art. 21(2)(a)",
    host: "NL",
    deadline: at(40),
    addressee: "Meldkamer",
    ...rest,
  };
}

/**
 * @param {object} [rest]
 * @returns {any} the decision on BE-K03's crossing
 */
export function decision(rest = {}) {
  return {
    id: "decision",
    type: "decision",
    time: at(42),
    unit: "BE-K03",
    pursuit: "p-1",
    crossing: "confirmed",
    rule: "R12",
    instrument: "Benelux Police Treaty 2018",
    article: "Art. 21(1)",
    permitted: "conditional",
    obligations: [{ id: "o-1", text: "Contact", article: "Art. 21(2)(a)", deadline: at(40.5) }],
    powers: [],
    warnings: ["Traffic rules of the host state apply"],
    basis: "text",
    title: "Cross-border pursuit",
    words: "May continue into NL.",
    host: "NL",
    ...rest,
  };
}

/**
 * The world after messages; events get the offsets after the newest one.
 * @param {...(FeedMessage | FeedEvent)} messages
 */
export function worldAfter(...messages) {
  let world = EMPTY;
  for (const message of messages) {
    const wrapped = "id" in message ? { type: /** @type {const} */ ("event"), offset: world.offset + 1, event: message } : message;
    world = fold(world, wrapped);
  }
  return world;
}
