// @ts-check
/**
 * Where a unit is drawn at a moment: between its last two received fixes, one interval late. Never beyond the newest.
 */

/** @import {Unit} from "./world.mjs" */

/** @typedef {[lon: number, lat: number]} Place WGS 84 degrees */

/** A longer gap between two fixes is not driven along: what happened in between is not known. */
export const LONGEST_GAP_S = 5;

/**
 * @typedef {object} Glide
 * @property {Place} from
 * @property {Place} to the newest fix
 * @property {number} t its time, Unix seconds UTC
 * @property {number} startedAt milliseconds
 * @property {number} span milliseconds; 0: it stands at `to`
 */

export class Motion {
  /** @type {Map<string, Glide>} */ #glides = new Map();
  /** False draws every unit at its newest fix. */
  smooth = true;

  /**
   * Take in the newest fix of each unit.
   * @param {Iterable<Unit>} units
   * @param {number} now milliseconds
   */
  hear(units, now) {
    for (const { name, t, lon, lat } of units) {
      const before = this.#glides.get(name);
      if (before && before.t >= t) continue;
      const gap = before ? t - before.t : Infinity;
      const glides = before !== undefined && gap <= LONGEST_GAP_S;
      this.#glides.set(name, {
        from: glides ? along(before, now) : [lon, lat],
        to: [lon, lat],
        t,
        startedAt: now,
        span: glides ? gap * 1000 : 0,
      });
    }
  }

  /** Forget everything: after a gap in the feed nothing may be drawn as driven. */
  clear() {
    this.#glides.clear();
  }

  /**
   * @param {Unit} unit
   * @param {number} now milliseconds
   * @returns {Place}
   */
  place(unit, now) {
    const glide = this.#glides.get(unit.name);
    return this.smooth && glide ? along(glide, now) : [unit.lon, unit.lat];
  }

  /**
   * Is anything between two fixes?
   * @param {number} now milliseconds
   */
  isMoving(now) {
    if (!this.smooth) return false;
    for (const { startedAt, span } of this.#glides.values()) {
      if (now < startedAt + span) return true;
    }
    return false;
  }
}

/**
 * @param {Glide} glide
 * @param {number} now milliseconds
 * @returns {Place}
 */
function along({ from, to, startedAt, span }, now) {
  const part = span > 0 ? Math.min(1, Math.max(0, (now - startedAt) / span)) : 1;
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}
