// @ts-check
/** Calls of the HTTP API. A refusal becomes an error whose message a dispatcher can read. */

/** @import {Config} from "./wire.d.ts" */

import { unix } from "./format.mjs";
import { t } from "./i18n.mjs";

const TIMEOUT_MS = 10_000;

/** @returns {Promise<Config>} */
export function config() {
  return call("GET", "config");
}

/**
 * What a unit drove in a pursuit, by unit, in order of time.
 * @param {string} pursuit
 * @returns {Promise<Map<string, import("./trails.mjs").Point[]>>}
 */
export async function track(pursuit) {
  /** @type {GeoJSON.FeatureCollection<GeoJSON.LineString, {unit: string, times: string[]}>} */
  const legs = await call("GET", `pursuits/${encodeURIComponent(pursuit)}/track`);
  /** @type {Map<string, import("./trails.mjs").Point[]>} */
  const points = new Map();
  for (const { geometry, properties } of legs.features) {
    const driven = points.get(properties.unit) ?? [];
    geometry.coordinates.forEach(([lon = NaN, lat = NaN], index) => {
      driven.push([unix(properties.times[index] ?? ""), lon, lat]);
    });
    points.set(properties.unit, driven);
  }
  return points;
}

/**
 * What is on record of a pursuit.
 * @param {string} pursuit
 * @returns {Promise<import("./wire.d.ts").PursuitRecord>}
 */
export function record(pursuit) {
  return call("GET", `pursuits/${encodeURIComponent(pursuit)}/record`);
}

/**
 * The stays of a pursuit in host states.
 * @param {string} pursuit
 * @returns {Promise<{legs: import("./wire.d.ts").Leg[]}>}
 */
export function legsOf(pursuit) {
  return call("GET", `pursuits/${encodeURIComponent(pursuit)}/legs`);
}

/** @returns {Promise<{scenarios: import("./wire.d.ts").Scenario[], running: import("./wire.d.ts").Training[]}>} */
export function trainings() {
  return call("GET", "trainings");
}

/**
 * @param {string} scenario
 * @param {string} acts
 * @returns {Promise<import("./wire.d.ts").Training>}
 */
export function train(scenario, acts) {
  return call("POST", "trainings", { scenario, acts });
}

/** @param {string} training */
export function stopTraining(training) {
  return call("POST", `trainings/${encodeURIComponent(training)}/stop`, {});
}

/**
 * @param {string} event id of the alert's event
 * @param {string} by
 */
export function acknowledge(event, by) {
  return call("POST", `alerts/${encodeURIComponent(event)}/ack`, { by });
}

/**
 * @param {string} unit
 * @param {{note?: string, ground?: string, by?: string}} [about]
 * @returns {Promise<{pursuit: {id: string}}>}
 */
export function startPursuit(unit, about = {}) {
  return call("POST", "pursuits", { unit, ...about });
}

/**
 * What the law would say of a crossing that nobody has made.
 * @param {Record<string, unknown>} facts
 * @returns {Promise<import("./preview.mjs").Finding>}
 */
export function decide(facts) {
  return call("POST", "decide", facts);
}

/**
 * The law's words in a language.
 * @param {string} language
 * @returns {Promise<import("./law.mjs").Words>}
 */
export function words(language) {
  return call("GET", `words/${language}`);
}

/**
 * @param {string} pursuit
 * @param {"join" | import("./acts.mjs").Name} command
 * @param {Record<string, string | boolean>} body
 */
export function command(pursuit, command, body) {
  return call("POST", `pursuits/${encodeURIComponent(pursuit)}/${command}`, body);
}

/**
 * @param {"GET" | "POST"} method
 * @param {string} path below api/v1/
 * @param {object} [body]
 * @returns {Promise<any>} the answer, of the shape that docs/protocol.md gives for this call
 */
async function call(method, path, body) {
  /** @type {RequestInit} */
  const request = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json" };
  }
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(`api/v1/${path}`, import.meta.url), request);
  } catch {
    throw new Error(t("api.no_answer"));
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  const problem = answer?.error;
  const reason = problem ? [problem.field, problem.reason].filter(Boolean).join(": ") : t("api.status", { status: response.status });
  throw new Error(t(response.status === 503 ? "api.not_recorded" : "api.refused", { reason }));
}
