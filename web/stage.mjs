// @ts-check
/**
 * The map with all that moves on it. The page brings it after everything else: what is to be done now does not wait for it,
 * and is there on a machine that cannot draw a map at all.
 */

/**
 * @import {Basemap} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { MARK, addBasemap } from "./basemap.mjs";
import { Camera } from "./camera.mjs";
import { mark } from "./dom.mjs";
import { local } from "./ground.mjs";
import { createMap, letterScale, pixelRatio } from "./map.mjs";
import { UnitsLayer } from "./units_layer.mjs";

/**
 * @typedef {object} Ears what the page hears of the map
 * @property {() => void} free somebody took the map into the own hands
 * @property {(unit: string | null) => void} pick somebody clicked on a unit, or on none
 * @property {() => void} drawn it stands
 * @property {() => void} basemapFails the operator's map does not come, or not all of it
 */

/** The map's own style sheet, below ours, which changes some of it. */
export async function dress() {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = local("vendor/maplibre-gl/maplibre-gl.css");
  const isThere = new Promise((done, failed) => {
    sheet.onload = done;
    sheet.onerror = failed;
  });
  document.head.prepend(sheet);
  await isThere;
}

export class Stage {
  camera;
  layer;
  isReady = false;
  #map;
  #ears;

  /**
   * @param {HTMLDivElement} container
   * @param {boolean} calm
   * @param {Ears} ears
   * @throws {Error} when this machine cannot draw it
   */
  constructor(container, calm, ears) {
    this.#ears = ears;
    const map = createMap(container, calm);
    this.#map = map;
    this.camera = new Camera(map, calm, ears.free);
    this.layer = new UnitsLayer(map, letterScale());
    this.layer.calm = calm;
    map.on("load", () => {
      this.isReady = true;
      mark(document.body, "map", "drawn");
      ears.drawn();
      this.#tellUtc();
    });
  }

  /** Pointing at the mark of a crossing, or at its words, shows its time in UTC. */
  #tellUtc() {
    const canvas = this.#map.getCanvas();
    for (const name of ["marks", "mark-labels"]) {
      this.#map.on("mousemove", name, ({ features }) => (canvas.title = String(features?.[0]?.properties["utc"] ?? "")));
      this.#map.on("mouseleave", name, () => (canvas.title = ""));
    }
  }

  /**
   * A click on the map means the nearest unit.
   * @param {() => World} world that is shown
   */
  listen(world) {
    this.#map.on("click", ({ point }) => this.#ears.pick(this.layer.pick(world(), point)));
  }

  /** Resolves when it stands. */
  async ready() {
    if (!this.isReady) await this.#map.once("load");
  }

  /** @param {boolean} calm */
  set calm(calm) {
    this.layer.calm = calm;
    this.camera.calm = calm;
    this.#map.setPixelRatio(pixelRatio(calm));
  }

  /**
   * The operator's map comes when ours stands; without it everything works, and that it is missing is said.
   * @param {Basemap} basemap
   */
  async bring(basemap) {
    if (basemap.kind === "builtin") return;
    this.#map.on("error", (event) => {
      if (String(/** @type {{sourceId?: string}} */ (event).sourceId).startsWith(MARK)) this.#ears.basemapFails();
    });
    await this.ready();
    try {
      await addBasemap(this.#map, basemap, letterScale());
      mark(document.body, "basemap", basemap.kind);
    } catch {
      this.#ears.basemapFails();
    }
  }
}
