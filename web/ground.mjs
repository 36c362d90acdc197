// @ts-check
/** What lies on the map when nothing happens: land, water, states, borders, places. All of it is ours, from this server. */

/**
 * @import {MapLibreMap, StyleSpecification} from "maplibre-gl"
 * @import {ExpressionSpecification} from "@maplibre/maplibre-gl-style-spec"
 */

import { language, locale, t } from "./i18n.mjs";
import { BORDER, LAND, NIGHT, SHORE, SIDES, STATES, WATER } from "./palette.mjs";

export const REGULAR = ["Atkinson"];
export const BOLD = ["Atkinson Bold"];

/** The borders between the three: what this map is about. All others are drawn thinner. */
const INNER_BORDERS = ["BE-NL", "BE-LU"];
const STATE_CODES = /** @type {const} */ (["BE", "NL", "LU", "DE", "FR"]);
/** Where a state's name stands on the map of the whole, away from its large towns. @type {GeoJSON.FeatureCollection} */
const MIDDLES = {
  type: "FeatureCollection",
  features: Object.entries({ BE: [5.35, 50.25], NL: [6.1, 52.62], LU: [6.12, 49.92], DE: [7.4, 50.6], FR: [3.6, 49.55] }).map(([code, coordinates]) => ({
    type: "Feature",
    properties: { territory: code },
    geometry: { type: "Point", coordinates },
  })),
};
/** From this zoom on a state's name stands in each of its parts that are in view. */
const NAMES_NEAR = 10;
/** Above it lies what the operator's own map brings, below the borders and all that happens. */
export const UNDER = "states";
/** Units on patrol are drawn below this layer. */
export const OVER_PATROLS = "borders-far";
/** Our own drawing of water; the operator's map has a better one. */
export const WATERS = ["sea", "lakes", "sea-shore", "lakes-shore", "rivers"];

/** Water is drawn for whole countries: nearer than this its bends would be in the wrong place. */
const FARTHEST_WATER = 10.5;

const round = /** @type {const} */ ({ "line-join": "round", "line-cap": "round" });
const territory = /** @type {ExpressionSpecification} */ (["get", "territory"]);

/**
 * @param {string} path below this page
 */
export function local(path) {
  return new URL(path, import.meta.url).href;
}

/** @returns {StyleSpecification["sources"]} */
export function groundSources() {
  return {
    sea: { type: "geojson", data: local("vendor/basemap/sea.json"), tolerance: 0.2 },
    lakes: { type: "geojson", data: local("vendor/basemap/lakes.json"), tolerance: 0.2 },
    rivers: { type: "geojson", data: local("vendor/basemap/rivers.json"), tolerance: 0.2 },
    places: { type: "geojson", data: local("vendor/basemap/places.json"), maxzoom: 12 },
    // The outline first, which is small; `sharpen` puts the whole data in its place.
    borders: { type: "geojson", data: local("api/v1/borders/outline"), tolerance: 0.25, maxzoom: 16 },
    sides: { type: "geojson", data: local("api/v1/borders/sides"), maxzoom: 14 },
    middles: { type: "geojson", data: MIDDLES },
  };
}

/**
 * Put the boundary data by which the server decides in the place of its outline.
 * @param {MapLibreMap} map
 */
export async function sharpen(map) {
  /** @type {import("maplibre-gl").GeoJSONSource | undefined} */
  const source = map.getSource("borders");
  await source?.setData(local("api/v1/borders"));
}

/**
 * @param {number} scale of letters: 1 on an ordinary screen, more on a large one
 * @returns {StyleSpecification["layers"]}
 */
export function groundLayers(scale) {
  const inner = /** @type {ExpressionSpecification} */ (["in", ["get", "border"], ["literal", INNER_BORDERS]]);
  const outer = /** @type {ExpressionSpecification} */ (["all", ["==", ["get", "kind"], "border"], ["!", inner]]);
  const bySide = (/** @type {"left" | "right"} */ side) =>
    /** @type {ExpressionSpecification} */ (["match", ["get", side], "BE", SIDES.BE, "NL", SIDES.NL, "LU", SIDES.LU, NIGHT]);
  /** A band of a state's colour on its side of the border. @param {"left" | "right"} side @param {1 | -1} sign */
  const band = (side, sign) => ({
    id: `side-${side}`,
    type: /** @type {const} */ ("line"),
    source: "borders",
    filter: inner,
    minzoom: 10,
    layout: { "line-join": /** @type {const} */ ("round") },
    paint: {
      "line-color": bySide(side),
      "line-width": width(4 * scale, 12 * scale),
      "line-offset": /** @type {ExpressionSpecification} */ (["interpolate", ["linear"], ["zoom"], 6, sign * 3 * scale, 15, sign * 9 * scale]),
      // In town the parcels are as small as the band is wide; their colours alone tell them apart.
      "line-opacity": /** @type {ExpressionSpecification} */ (["interpolate", ["linear"], ["zoom"], 13, 1, 14.5, 0]),
    },
  });
  return [
    { id: "land", type: "background", paint: { "background-color": LAND } },
    {
      id: UNDER,
      type: "fill",
      source: "borders",
      filter: ["==", ["get", "kind"], "territory"],
      paint: {
        "fill-color": ["match", territory, "BE", STATES.BE, "NL", STATES.NL, "LU", STATES.LU, NIGHT],
        "fill-opacity": ["match", territory, ["BE", "NL", "LU"], 0.72, 0],
        "fill-antialias": false,
      },
    },
    // Over the colours of the states, whose territory goes on over water.
    water("sea"),
    water("lakes"),
    shore("sea", scale),
    shore("lakes", scale),
    {
      id: "rivers",
      type: "line",
      source: "rivers",
      maxzoom: FARTHEST_WATER,
      layout: round,
      paint: { "line-color": SHORE, "line-width": width(1 * scale, 2 * scale), "line-opacity": away(1) },
    },
    band("left", -1),
    band("right", 1),
    {
      id: "outer-borders-casing",
      type: "line",
      source: "borders",
      filter: outer,
      layout: round,
      paint: { "line-color": "#000000", "line-width": width(2.4 * scale, 5 * scale), "line-opacity": 0.8 },
    },
    {
      id: "outer-borders",
      type: "line",
      source: "borders",
      filter: outer,
      layout: { "line-join": "round" },
      paint: { "line-color": "#b39a62", "line-width": width(1 * scale, 2.2 * scale), "line-dasharray": [4, 3] },
    },
    {
      id: "borders-casing",
      type: "line",
      source: "borders",
      filter: inner,
      layout: round,
      paint: { "line-color": "#000000", "line-width": width(5 * scale, 9 * scale) },
    },
    {
      id: "borders",
      type: "line",
      source: "borders",
      filter: inner,
      layout: round,
      paint: { "line-color": BORDER, "line-width": width(2.4 * scale, 4.5 * scale) },
    },
    {
      // Far out, where ten thousand units would hide it, the border is over them; near by no unit is to be under a line.
      id: OVER_PATROLS,
      type: "line",
      source: "borders",
      filter: inner,
      maxzoom: 9,
      layout: round,
      paint: { "line-color": BORDER, "line-width": width(2.4 * scale, 4.5 * scale) },
    },
    // Below the places, which are named first: near a border the names of its sides say the rest.
    {
      id: "state-names",
      type: "symbol",
      source: "borders",
      minzoom: NAMES_NEAR,
      filter: ["all", ["==", ["get", "kind"], "territory"], ["in", territory, ["literal", [...STATE_CODES, "LU+DE"]]]],
      layout: {
        "text-field": bigNames(),
        "text-font": BOLD,
        "text-size": ["interpolate", ["linear"], ["zoom"], 12, 22 * scale, 15, 26 * scale],
        "text-letter-spacing": ["step", ["zoom"], 0.28, 14, 0.1],
        // In town every parcel has its name; over the country one name is enough.
        "text-padding": ["step", ["zoom"], 160 * scale, 14, 60 * scale, 14.6, 4],
      },
      paint: {
        "text-color": hue(territory),
        "text-opacity": ["step", ["zoom"], 0.5, 14, 0.95],
        "text-halo-color": NIGHT,
        "text-halo-width": 1.6,
      },
    },
    {
      id: "places",
      type: "symbol",
      source: "places",
      filter: [">=", ["get", "p"], ["step", ["zoom"], 150_000, 7, 60_000, 8, 25_000, 9, 8_000, 10, 2_500, 11, 0]],
      layout: {
        "text-field": placeNames(),
        "text-font": REGULAR,
        "text-size": ["interpolate", ["linear"], ["zoom"], 6, 12 * scale, 12, ["step", ["get", "p"], 14 * scale, 20_000, 16 * scale, 100_000, 19 * scale]],
        "symbol-sort-key": ["-", 0, ["get", "p"]],
        "text-padding": 6,
      },
      paint: { "text-color": "#c6d0da", "text-halo-color": NIGHT, "text-halo-width": 2 * scale },
    },
    {
      id: "state-names-far",
      type: "symbol",
      source: "middles",
      maxzoom: NAMES_NEAR,
      layout: {
        "text-field": stateNames(territory),
        "text-font": BOLD,
        "text-size": ["interpolate", ["linear"], ["zoom"], 6, 13 * scale, NAMES_NEAR, 22 * scale],
        "text-letter-spacing": 0.28,
        "text-padding": 2,
      },
      paint: { "text-color": hue(territory), "text-opacity": 0.8, "text-halo-color": NIGHT, "text-halo-width": 2 * scale },
    },
    {
      id: "side-names",
      type: "symbol",
      source: "sides",
      minzoom: 11,
      // Each zoom level halves the distance between two names.
      filter: ["<=", ["get", "rank"], ["step", ["zoom"], 0, 12, 1, 13, 2, 14, 3, 15, 4, 16, 5]],
      layout: {
        "text-field": bothNames(),
        "text-font": BOLD,
        "text-size": 12.5 * scale,
        "text-letter-spacing": 0.12,
        // One name above the border, one below it, in one piece: so both stand or neither.
        "text-line-height": 3,
        "text-rotate": ["get", "angle"],
        "text-rotation-alignment": "map",
        "text-padding": 1,
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "text-halo-color": NIGHT, "text-halo-width": 2.2 },
    },
  ];
}

/**
 * @param {"sea" | "lakes"} source
 * @returns {StyleSpecification["layers"][number]}
 */
function water(source) {
  return { id: source, type: "fill", source, maxzoom: FARTHEST_WATER, paint: { "fill-color": WATER, "fill-antialias": false, "fill-opacity": away(0.8) } };
}

/**
 * @param {"sea" | "lakes"} source
 * @param {number} scale
 * @returns {StyleSpecification["layers"][number]}
 */
function shore(source, scale) {
  return { id: `${source}-shore`, type: "line", source, maxzoom: FARTHEST_WATER, layout: round, paint: { "line-color": SHORE, "line-width": 1 * scale, "line-opacity": away(0.9) } };
}

/**
 * An opacity that is gone where the map comes too near for what was drawn for whole countries.
 * @param {number} far
 * @returns {ExpressionSpecification}
 */
function away(far) {
  return ["interpolate", ["linear"], ["zoom"], FARTHEST_WATER - 1, far, FARTHEST_WATER, 0];
}

/**
 * Write the names on the map in the page's language.
 * @param {MapLibreMap} map
 */
export function nameGround(map) {
  map.setLayoutProperty("places", "text-field", placeNames());
  map.setLayoutProperty("state-names", "text-field", bigNames());
  map.setLayoutProperty("state-names-far", "text-field", stateNames(territory));
  map.setLayoutProperty("side-names", "text-field", bothNames());
}

/**
 * A place has its own name, and its name in another language where that differs.
 * @returns {ExpressionSpecification}
 */
function placeNames() {
  return ["coalesce", ["get", `n_${language()}`], ["get", "n"]];
}

/** @returns {ExpressionSpecification} */
function bigNames() {
  // Among the enclaves there is room for the code alone.
  return ["step", ["zoom"], stateNames(territory), 14, territory];
}

/** @returns {ExpressionSpecification} */
function bothNames() {
  const isLeft = /** @type {ExpressionSpecification} */ (["==", ["get", "above"], "left"]);
  const above = /** @type {ExpressionSpecification} */ (["case", isLeft, ["get", "left"], ["get", "right"]]);
  const below = /** @type {ExpressionSpecification} */ (["case", isLeft, ["get", "right"], ["get", "left"]]);
  return ["format", stateNames(above), { "text-color": hue(above) }, "\n", {}, stateNames(below), { "text-color": hue(below) }];
}

/**
 * The colour of a state's name.
 * @param {ExpressionSpecification} code
 * @returns {ExpressionSpecification}
 */
function hue(code) {
  return ["match", code, "BE", "#ffd98a", "NL", "#9ad7ff", "LU", "#e0bcff", "#c9b98f"];
}

/**
 * @param {ExpressionSpecification} code
 * @returns {ExpressionSpecification}
 */
function stateNames(code) {
  const spelled = STATE_CODES.flatMap((state) => [state, t(`state.${state}`).toLocaleUpperCase(locale())]);
  return /** @type {ExpressionSpecification} */ (["match", code, ...spelled, code]);
}

/**
 * A line's width that grows with the zoom.
 * @param {number} far pixels at zoom 6
 * @param {number} near pixels at zoom 15
 * @returns {ExpressionSpecification}
 */
function width(far, near) {
  return ["interpolate", ["linear"], ["zoom"], 6, far, 15, near];
}
