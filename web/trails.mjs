// @ts-check
/** What the units of a pursuit have driven, divided at the borders they crossed. */

/**
 * @import {CrossingEvent} from "./wire.d.ts"
 * @import {Place} from "./fleet.mjs"
 * @import {Unit} from "./world.mjs"
 */

import { unix } from "./format.mjs";

/** @typedef {[t: number, lon: number, lat: number]} Point time in Unix seconds UTC, then the place */

/**
 * @typedef {object} Leg
 * @property {string | null} territory null when nobody knows
 * @property {Place[]} places two or more
 */

/** Points of one unit; at one a second this is an hour. */
const LONGEST = 3600;
/** A longer silence is a hole in the trail, and is drawn as one. */
export const HOLE_S = 30;

export class Trails {
  /** @type {Map<string, Point[]>} */ #points = new Map();

  /**
   * Add a unit's newest fix, if it is new.
   * @param {Unit} unit
   */
  add({ name, t, lon, lat }) {
    const points = this.#points.get(name) ?? [];
    const last = points.at(-1);
    if (last && last[0] >= t) return;
    points.push([t, lon, lat]);
    if (points.length > LONGEST) points.splice(0, points.length - LONGEST);
    this.#points.set(name, points);
  }

  /**
   * Put what was driven before we looked in front of what we saw.
   * @param {string} unit
   * @param {Point[]} points in order of time
   */
  prepend(unit, points) {
    const seen = this.#points.get(unit) ?? [];
    const first = seen[0]?.[0] ?? Infinity;
    this.#points.set(unit, [...points.filter(([t]) => t < first), ...seen].slice(-LONGEST));
  }

  /** @param {string} unit */
  of(unit) {
    return this.#points.get(unit) ?? [];
  }

  /**
   * Drop the trails of all other units.
   * @param {ReadonlySet<string>} units
   */
  keep(units) {
    for (const unit of this.#points.keys()) {
      if (!units.has(unit)) this.#points.delete(unit);
    }
  }

  /** Drop everything: after a gap in the feed it is fetched anew. */
  clear() {
    this.#points.clear();
  }
}

/**
 * Divide a trail where its unit crossed a border, and where it was silent.
 * @param {readonly Point[]} points in order of time
 * @param {readonly CrossingEvent[]} crossings confirmed ones of this unit
 * @param {string | null} territory where it is now; counts if it crossed nothing
 * @returns {Leg[]}
 */
export function legs(points, crossings, territory) {
  const cuts = crossings
    .map(({ crossed_at, lon, lat, from, to }) => ({ at: unix(crossed_at), lon, lat, from, to }))
    .filter(({ at }) => at > (points[0]?.[0] ?? Infinity))
    .toSorted((a, b) => a.at - b.at);
  /** @type {Leg[]} */
  const done = [];
  /** @type {Leg} */
  let leg = { territory: cuts[0]?.from ?? territory, places: [] };
  /** @type {number | null} */
  let before = null;
  for (const [t, lon, lat] of points) {
    for (let cut = cuts[0]; cut && cut.at <= t; cut = cuts[0]) {
      leg.places.push([cut.lon, cut.lat]);
      done.push(leg);
      leg = { territory: cut.to, places: [[cut.lon, cut.lat]] };
      cuts.shift();
    }
    if (before !== null && t - before > HOLE_S) {
      done.push(leg);
      leg = { territory: leg.territory, places: [] };
    }
    leg.places.push([lon, lat]);
    before = t;
  }
  return [...done, leg].filter(({ places }) => places.length > 1);
}
