// @ts-check
/** The moving layers of the map: units, their labels, trails, crossings. Newest data wins; none piles up. */

/**
 * @import {GeoJSONSource, MapLibreMap} from "maplibre-gl"
 * @import {Bounds} from "./features.mjs"
 * @import {World} from "./world.mjs"
 */

import { crossingFeatures, labelFeatures, lostFeatures, trailFeatures } from "./features.mjs";
import { Fleet } from "./fleet.mjs";
import { Glyphs } from "./glyphs.mjs";
import { OVER_PATROLS } from "./ground.mjs";
import { Trails } from "./trails.mjs";

/** Labels and trails of more units than this follow once a second; the units themselves always glide. */
const SMOOTH_LABELS = 60;
const LABELS_MS = 100;
const CALM_MS = 1000;
/** A click this near to a unit means it, CSS pixels. */
const NEAR_PX = 22;

export class UnitsLayer {
  trails = new Trails();
  /** Whether what a pursuit drove stays on the map after its end. */
  keepsEnded = false;
  #fleet = new Fleet();
  #busy = false;
  #map;
  #calm = false;
  #labels = 0;
  #labelledAt = -Infinity;

  /**
   * @param {MapLibreMap} map
   * @param {number} scale of icons
   */
  constructor(map, scale) {
    this.#map = map;
    const add = () => {
      if (map.getLayer("glyphs-pursuit")) return;
      // Patrols lie under the names of places, pursuits over everything.
      map.addLayer(new Glyphs("glyphs-patrol", 0, this.#fleet, scale), OVER_PATROLS);
      map.addLayer(new Glyphs("glyphs-pursuit", 1, this.#fleet, scale), "labels-patrol");
    };
    map.on("style.load", add);
    map.on("webglcontextrestored", () => (map.isStyleLoaded() ? add() : map.once("styledata", add)));
  }

  /** Calm: units stand at their newest fix, and the map is drawn once a second. */
  set calm(/** @type {boolean} */ calm) {
    this.#calm = calm;
    this.#fleet.smooth = !calm;
    this.#fleet.refresh();
  }

  /** The state whose room looks at this, or null. */
  set home(/** @type {string | null} */ state) {
    if (state === this.#fleet.home) return;
    this.#fleet.home = state;
    this.#fleet.refresh();
  }

  /**
   * Take in new fixes.
   * @param {World} world
   */
  hear(world) {
    this.#fleet.hear(world, performance.now());
    const members = new Set(this.#shown(world).flatMap((pursuit) => pursuit.members.map(({ unit }) => unit)));
    this.trails.keep(members);
    for (const name of members) {
      const unit = world.units.get(name);
      if (unit) this.trails.add(unit);
    }
  }

  /** Forget what was driven: after a gap in the feed nothing in between is known. */
  clear() {
    this.#fleet.clear();
    this.trails.clear();
  }

  /**
   * Draw one frame, if there is something new in it.
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   * @param {string | null} selected name of a unit
   * @param {boolean} isNew whether the world, or what is selected, is not that of the last frame
   */
  frame(world, now, selected, isNew) {
    const at = performance.now();
    const moves = this.#fleet.isMoving(at);
    const wait = this.#calm || this.#labels > SMOOTH_LABELS || !(moves || isNew) ? CALM_MS : LABELS_MS;
    if (at - this.#labelledAt >= wait) {
      this.#labelledAt = at;
      void this.#describe(world, now, selected, at);
    } else if (moves) {
      this.#map.triggerRepaint();
    }
  }

  /**
   * The unit that a click means.
   * @param {World} world
   * @param {{x: number, y: number}} point
   * @returns {string | null}
   */
  pick(world, point) {
    let nearest = null;
    let least = NEAR_PX;
    const at = performance.now();
    for (const unit of world.units.values()) {
      const { x, y } = this.#map.project(this.#fleet.place(unit, at));
      // In a crowd, the one in pursuit is the one that was meant.
      const handicap = world.roster.get(unit.name)?.pursuit ? 0.6 : 1;
      const distance = Math.hypot(x - point.x, y - point.y) * handicap;
      if (distance < least) [nearest, least] = [unit.name, distance];
    }
    return nearest;
  }

  /**
   * While the map still works on the last description this does nothing; the next one brings it.
   * @param {World} world
   * @param {number} now
   * @param {string | null} selected
   * @param {number} at milliseconds
   */
  async #describe(world, now, selected, at) {
    this.#map.triggerRepaint();
    if (this.#busy) return;
    this.#busy = true;
    try {
      const placeOf = (/** @type {import("./world.mjs").Unit} */ unit) => this.#fleet.place(unit, at);
      const pursuits = this.#shown(world);
      const labels = labelFeatures(world, placeOf, now, selected, /** @type {Bounds} */ (this.#map.getBounds().toArray().flat()));
      this.#labels = labels.features.length;
      await Promise.all([
        this.#source("units")?.setData(labels),
        this.#source("trails")?.setData(trailFeatures(pursuits, world, this.trails, placeOf)),
        this.#source("crossings")?.setData(crossingFeatures(pursuits, world, now)),
        this.#source("lost")?.setData(lostFeatures(world, now, selected)),
      ]);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The pursuits of which trails and crossings are drawn.
   * @param {World} world
   */
  #shown(world) {
    return [...world.pursuits.values()].filter(({ phase }) => this.keepsEnded || phase !== "ended");
  }

  /**
   * @param {string} name
   * @returns {GeoJSONSource | undefined}
   */
  #source(name) {
    return this.#map.getSource(name);
  }
}
