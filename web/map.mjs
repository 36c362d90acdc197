// @ts-check
/** The map itself: north up, kept over the Benelux, still where it would cost too much to move. */

/** @import {MapLibreMap} from "maplibre-gl" */

import { Map as Maplibre, NavigationControl, ScaleControl } from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { style } from "./cartography.mjs";
import { icons } from "./icons.mjs";

/** West, south, east, north of Belgium, the Netherlands and Luxembourg. */
export const BENELUX = /** @type {[number, number, number, number]} */ ([2.4, 49.4, 7.3, 53.6]);
const COVERED = /** @type {[number, number, number, number]} */ ([0.5, 48.3, 9.5, 54.7]);

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
    maxZoom: 18,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    keyboard: true,
    fadeDuration: calm ? 0 : 150,
    ...(calm ? { pixelRatio: 1 } : {}),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-left");
  map.on("style.load", () => {
    for (const [name, { image, pixelRatio }] of icons()) map.addImage(name, image, { pixelRatio });
  });
  return map;
}

/**
 * Will this machine draw the map with its processor, or does its user want no motion?
 * @returns {boolean}
 */
export function prefersCalm() {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return true;
  const context = document.createElement("canvas").getContext("webgl2");
  const info = context?.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? String(context?.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** How much larger than usual the page's letters are; style.css makes them grow with the screen. */
function letterScale() {
  return Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 17);
}
