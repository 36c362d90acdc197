// @ts-check
/** The map itself: north up, kept over the Benelux, still where it would cost too much to move. */

/** @import {MapLibreMap} from "maplibre-gl" */

import { Map as Maplibre, NavigationControl, ScaleControl } from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { style } from "./cartography.mjs";
import { mark } from "./dom.mjs";
import { nameGround, sharpen } from "./ground.mjs";
import { onLanguage } from "./i18n.mjs";
import { icons } from "./icons.mjs";

/** West, south, east, north of Belgium, the Netherlands and Luxembourg. */
export const BENELUX = /** @type {[number, number, number, number]} */ ([2.4, 49.4, 7.3, 53.6]);
const COVERED = /** @type {[number, number, number, number]} */ ([0.5, 48.3, 9.5, 54.7]);

const AGAIN_MS = 3_000;

/** Whether the address names what to look at, before the map itself writes there. */
export const namesView = location.hash.includes("map=");

/**
 * Make the map in an element. It is drawn without animation when `calm`.
 * @param {HTMLElement} container
 * @param {boolean} calm
 * @returns {MapLibreMap}
 */
export function createMap(container, calm) {
  const map = new Maplibre({
    container,
    style: style(letterScale()),
    bounds: BENELUX,
    fitBoundsOptions: { padding: 30 },
    maxBounds: COVERED,
    minZoom: 5,
    // The view stands in the address, `#map=ZOOM/LAT/LON`: it survives a reload, and can be sent to a colleague.
    hash: "map",
    maxZoom: 18,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    keyboard: true,
    fadeDuration: calm ? 0 : 150,
    pixelRatio: pixelRatio(calm),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new ScaleControl({ maxWidth: 140 * letterScale(), unit: "metric" }), "bottom-left");
  map.on("style.load", () => {
    for (const [name, { image, pixelRatio }] of icons()) map.addImage(name, image, { pixelRatio });
  });
  map.once("load", () => {
    void sharpenInTime(map);
    onLanguage(() => nameGround(map));
  });
  return map;
}

/**
 * Put the whole boundary data in the place of its outline, which stays meanwhile: a server that is away comes back.
 * @param {MapLibreMap} map
 */
async function sharpenInTime(map) {
  for (;;) {
    try {
      await sharpen(map);
      mark(document.body, "borders", "whole");
      return;
    } catch {
      await new Promise((resume) => setTimeout(resume, AGAIN_MS));
    }
  }
}

/**
 * Dense screens are drawn at their density, unless each pixel costs processor time.
 * @param {boolean} calm
 */
export function pixelRatio(calm) {
  return calm ? 1 : window.devicePixelRatio;
}

/** How much larger than usual the page's letters are; style.css makes them grow with the screen. */
export function letterScale() {
  return Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 17);
}
