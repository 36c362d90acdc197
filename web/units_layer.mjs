// @ts-check
/** The moving layers of the map: units, trails, crossings. Newest data wins; none piles up. */

/**
 * @import {GeoJSONSource, MapLibreMap} from "maplibre-gl"
 * @import {World} from "./world.mjs"
 */

import { crossingFeatures, trailFeatures, unitFeatures } from "./features.mjs";
import { Motion } from "./motion.mjs";
import { Trails } from "./trails.mjs";

/** With more units than this each frame would cost too much, and they are drawn as they come in. */
const SMOOTH_UNITS = 1000;

export class UnitsLayer {
  trails = new Trails();
  #motion = new Motion();
  #busy = false;
  #map;
  #calm;

  /**
   * @param {MapLibreMap} map
   * @param {boolean} calm
   */
  constructor(map, calm) {
    this.#map = map;
    this.#calm = calm;
  }

  /**
   * Take in new fixes.
   * @param {World} world
   */
  hear(world) {
    this.#motion.smooth = !this.#calm && world.units.size <= SMOOTH_UNITS;
    this.#motion.hear(world.units.values(), performance.now());
    for (const [name, { pursuit }] of world.roster) {
      const unit = pursuit === null ? undefined : world.units.get(name);
      if (unit) this.trails.add(unit);
    }
  }

  /** Forget what was driven: after a gap in the feed nothing in between is known. */
  clear() {
    this.#motion.clear();
    this.trails.clear();
  }

  /** Is a unit on its way between two fixes, so that another frame shows something new? */
  get isMoving() {
    return this.#motion.isMoving(performance.now());
  }

  /**
   * Draw. While the map still works on the last drawing this does nothing; the next frame brings it.
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   * @param {string | null} selected name of a unit
   */
  async draw(world, now, selected) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const at = performance.now();
      const placeOf = (/** @type {import("./world.mjs").Unit} */ unit) => this.#motion.place(unit, at);
      await Promise.all([
        this.#source("units")?.setData(unitFeatures(world, placeOf, now, selected)),
        this.#source("trails")?.setData(trailFeatures(world, this.trails, placeOf)),
        this.#source("crossings")?.setData(crossingFeatures(world, now)),
      ]);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * @param {string} name
   * @returns {GeoJSONSource | undefined}
   */
  #source(name) {
    return this.#map.getSource(name);
  }
}
