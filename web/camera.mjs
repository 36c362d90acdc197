// @ts-check
/** Where the map looks: at the running pursuit, at a chosen unit, or where its user put it. */

/**
 * @import {MapLibreMap} from "maplibre-gl"
 * @import {Place} from "./fleet.mjs"
 * @import {World} from "./world.mjs"
 */

import { BENELUX, namesView } from "./map.mjs";

/** Zoom level on a map of `ORDINARY_PX`: near enough to tell two cars apart, far enough to see where they are heading. */
const CLOSEST = 12.3;
const ORDINARY_PX = 1000;
const GLIDE_MS = 600;
/** The camera moves when a unit comes this near the edge, as a part of the view, and then makes room. */
const EDGE = 0.1;
/** Zoom levels that the view may be too wide before the camera comes closer. */
const TOO_WIDE = 1.3;

export class Camera {
  /** True while the camera keeps the pursuit in view by itself: from the beginning, unless the address names a view. */
  follows = !namesView;
  calm;
  #map;

  /**
   * @param {MapLibreMap} map
   * @param {boolean} calm
   * @param {() => void} onFree called when the user takes the map into the own hands
   */
  constructor(map, calm, onFree) {
    this.#map = map;
    this.calm = calm;
    for (const move of /** @type {const} */ (["dragstart", "wheel", "boxzoomstart", "dblclick"])) {
      map.on(move, () => {
        this.follows = false;
        onFree();
      });
    }
  }

  /**
   * Keep what matters in view, if the camera follows and it is not.
   * @param {World} world
   */
  follow(world) {
    const places = focus(world);
    // A move that is under way is let arrive: one begun anew at each frame would never get anywhere.
    if (!this.follows || places.length === 0 || this.#map.isMoving()) return;
    const { clientWidth: wide, clientHeight: high } = this.#map.getCanvas();
    const inside = places.every((place) => {
      const { x, y } = this.#map.project(place);
      return x > wide * EDGE && x < wide * (1 - EDGE) && y > high * EDGE && y < high * (1 - EDGE);
    });
    const fitting = this.#map.cameraForBounds(bounds(places), this.#options())?.zoom ?? 0;
    if (!inside || fitting - this.#map.getZoom() > TOO_WIDE) this.#show(places);
  }

  /**
   * Look at the running pursuit, or at the Benelux when there is none.
   * @param {World} world
   */
  fit(world) {
    const places = focus(world);
    if (places.length > 0) this.#show(places);
    else this.fitBenelux();
  }

  fitBenelux() {
    this.#map.fitBounds(BENELUX, { padding: 30, duration: this.calm ? 0 : GLIDE_MS });
  }

  /** @param {Place} place */
  lookAt(place) {
    this.follows = false;
    const zoom = Math.max(this.#map.getZoom(), 12.5);
    this.#map.easeTo({ center: place, zoom, duration: this.calm ? 0 : GLIDE_MS });
  }

  /** @param {Place[]} places */
  #show(places) {
    this.#map.fitBounds(bounds(places), { ...this.#options(), duration: this.calm ? 0 : GLIDE_MS });
  }

  #options() {
    const { clientWidth, clientHeight } = this.#map.getCanvas();
    const narrow = Math.min(clientWidth, clientHeight);
    // The same piece of land on a larger screen, drawn larger.
    const maxZoom = CLOSEST + Math.max(0, Math.log2(narrow / ORDINARY_PX));
    return { padding: narrow * 0.24, maxZoom };
  }
}

/**
 * Places that must be in view: units of running pursuits that are not lost, and the crossings ahead of them.
 * @param {World} world
 * @returns {Place[]}
 */
function focus(world) {
  /** @type {Place[]} */
  const places = [];
  for (const pursuit of world.pursuits.values()) {
    if (pursuit.phase === "ended") continue;
    for (const { unit } of pursuit.members) {
      const known = world.units.get(unit);
      if (!known || known.quality === "lost") continue;
      places.push([known.lon, known.lat]);
      const pending = world.pending.get(unit);
      if (pending) places.push([pending.lon, pending.lat]);
    }
  }
  return places;
}

/**
 * @param {Place[]} places at least one
 * @returns {[number, number, number, number]}
 */
function bounds(places) {
  const lons = places.map(([lon]) => lon);
  const lats = places.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
