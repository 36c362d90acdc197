// @ts-check
/**
 * The map's style: the backdrop (land, boundaries, names) below, and what happens (trails, crossings, units) above.
 * The sources `trails`, `crossings` and `units` are filled by units_layer.mjs.
 */

/** @import {StyleSpecification} from "maplibre-gl" */
/** @import {ExpressionSpecification} from "@maplibre/maplibre-gl-style-spec" */

import { ABROAD, BORDER, INK, LAND, MUTED, NIGHT, PURSUIT, STATES, WATER } from "./palette.mjs";

const REGULAR = ["Atkinson"];
const BOLD = ["Atkinson Bold"];
const LATIN = ["U+0000-00FF", "U+0131", "U+0152-0153", "U+02BB-02BC", "U+02C6", "U+02DA", "U+02DC", "U+2000-206F", "U+20AC", "U+2212"];
const LATIN_EXT = ["U+0100-02BA", "U+02BD-02C5", "U+02C7-02CC", "U+1E00-1E9F", "U+1EF2-1EFF"];

/** The borders between the three: what this map is about. All others are drawn thinner. */
const INNER_BORDERS = ["BE-NL", "BE-LU"];

/** @param {string} path below this page */
function local(path) {
  return new URL(path, import.meta.url).href;
}

/**
 * The whole style. Nothing in it is loaded from another host.
 * @param {number} scale of letters and icons: 1 on an ordinary screen, more on a large one
 * @returns {StyleSpecification}
 */
export function style(scale) {
  const face = (/** @type {string} */ weight) => [
    { url: local(`vendor/fonts/atkinson-latin-${weight}.woff2`), "unicode-range": LATIN },
    { url: local(`vendor/fonts/atkinson-latin-ext-${weight}.woff2`), "unicode-range": LATIN_EXT },
  ];
  /** @type {StyleSpecification["sources"][string]} */
  const empty = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  return {
    version: 8,
    "font-faces": { Atkinson: face("400"), "Atkinson Bold": face("700") },
    sources: {
      land: { type: "geojson", data: local("vendor/basemap/land.json"), tolerance: 0.2 },
      places: { type: "geojson", data: local("vendor/basemap/places.json"), maxzoom: 12 },
      borders: { type: "geojson", data: local("api/v1/borders"), tolerance: 0.25, maxzoom: 16 },
      trails: empty,
      crossings: empty,
      units: empty,
    },
    layers: [...backdrop(scale), ...happenings(scale)],
  };
}

/**
 * @param {number} scale
 * @returns {StyleSpecification["layers"]}
 */
function backdrop(scale) {
  const territory = /** @type {ExpressionSpecification} */ (["get", "territory"]);
  const inner = /** @type {ExpressionSpecification} */ (["in", ["get", "border"], ["literal", INNER_BORDERS]]);
  const outer = /** @type {ExpressionSpecification} */ (["all", ["==", ["get", "kind"], "border"], ["!", inner]]);
  const names = /** @type {ExpressionSpecification} */ ([
    "match", territory,
    "BE", "BELGIUM", "NL", "NETHERLANDS", "LU", "LUXEMBOURG", "DE", "GERMANY", "FR", "FRANCE", "LUXEMBOURG + GERMANY",
  ]);
  const round = /** @type {const} */ ({ "line-join": "round", "line-cap": "round" });
  return [
    { id: "water", type: "background", paint: { "background-color": WATER } },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": LAND } },
    {
      id: "states",
      type: "fill",
      source: "borders",
      filter: ["==", ["get", "kind"], "territory"],
      paint: {
        "fill-color": ["match", territory, "BE", STATES.BE, "NL", STATES.NL, "LU", STATES.LU, NIGHT],
        "fill-opacity": ["match", territory, ["BE", "NL", "LU"], 0.62, ["SEA"], 0, 0.3],
        "fill-antialias": false,
      },
    },
    {
      id: "places",
      type: "symbol",
      source: "places",
      filter: [">=", ["get", "p"], ["step", ["zoom"], 150_000, 7, 60_000, 8, 25_000, 9, 8_000, 10, 2_500, 11, 0]],
      layout: {
        "text-field": ["get", "n"],
        "text-font": REGULAR,
        "text-size": ["interpolate", ["linear"], ["zoom"], 6, 11 * scale, 12, ["step", ["get", "p"], 13 * scale, 20_000, 15 * scale, 100_000, 18 * scale]],
        "symbol-sort-key": ["-", 0, ["get", "p"]],
        "text-padding": 6,
      },
      paint: { "text-color": MUTED, "text-halo-color": NIGHT, "text-halo-width": 1.4, "text-opacity": 0.9 },
    },
    {
      id: "outer-borders-casing",
      type: "line",
      source: "borders",
      filter: outer,
      layout: round,
      paint: { "line-color": "#000000", "line-width": width(2 * scale, 5 * scale), "line-opacity": 0.8 },
    },
    {
      id: "outer-borders",
      type: "line",
      source: "borders",
      filter: outer,
      layout: { "line-join": "round" },
      paint: { "line-color": "#9a855a", "line-width": width(0.8 * scale, 2 * scale), "line-dasharray": [4, 3] },
    },
    {
      id: "borders-casing",
      type: "line",
      source: "borders",
      filter: inner,
      layout: round,
      paint: { "line-color": "#000000", "line-width": width(4 * scale, 11 * scale) },
    },
    {
      id: "borders",
      type: "line",
      source: "borders",
      filter: inner,
      layout: round,
      paint: { "line-color": BORDER, "line-width": width(1.8 * scale, 5 * scale) },
    },
    {
      id: "border-names",
      type: "symbol",
      source: "borders",
      filter: inner,
      minzoom: 10,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 420,
        "text-field": ["get", "border"],
        "text-font": BOLD,
        "text-size": 12 * scale,
        "text-letter-spacing": 0.12,
        "text-max-angle": 40,
      },
      paint: { "text-color": BORDER, "text-halo-color": "#000000", "text-halo-width": 2.5 },
    },
    {
      id: "state-names",
      type: "symbol",
      source: "borders",
      filter: ["all", ["==", ["get", "kind"], "territory"], ["in", territory, ["literal", ["BE", "NL", "LU", "DE", "FR", "LU+DE"]]]],
      layout: {
        // Among the enclaves there is room for the code alone.
        "text-field": ["step", ["zoom"], names, 14, territory],
        "text-font": BOLD,
        "text-size": ["interpolate", ["linear"], ["zoom"], 6, 12 * scale, 12, 22 * scale],
        "text-letter-spacing": 0.28,
        "text-padding": 40,
      },
      paint: { "text-color": "#c9b98f", "text-opacity": 0.6, "text-halo-color": NIGHT, "text-halo-width": 1 },
    },
  ];
}

/**
 * @param {number} scale
 * @returns {StyleSpecification["layers"]}
 */
function happenings(scale) {
  const is = (/** @type {string} */ kind) => /** @type {ExpressionSpecification} */ (["==", ["get", "kind"], kind]);
  const polygon = /** @type {ExpressionSpecification} */ (["==", ["geometry-type"], "Polygon"]);
  const marks = /** @type {ExpressionSpecification} */ (["==", ["geometry-type"], "Point"]);
  /** @type {("left" | "right" | "bottom-left" | "top-left" | "bottom-right" | "top-right" | "bottom" | "top")[]} */
  const anchors = ["left", "right", "bottom-left", "top-left", "bottom-right", "top-right", "bottom", "top"];
  const round = /** @type {const} */ ({ "line-join": "round", "line-cap": "round" });
  const label = (/** @type {string} */ role, /** @type {number} */ size) => ({
    id: `labels-${role}`,
    type: /** @type {const} */ ("symbol"),
    source: "units",
    filter: /** @type {ExpressionSpecification} */ (["==", ["get", "role"], role]),
    layout: {
      "text-field": /** @type {ExpressionSpecification} */ ([
        "format",
        ["get", "sign"], { "text-font": ["literal", BOLD] },
        "\n", {},
        ["get", "note"], { "font-scale": 0.78 },
      ]),
      "text-font": REGULAR,
      "text-size": size * scale,
      "text-line-height": 1.1,
      "text-variable-anchor": anchors,
      "text-radial-offset": 1.15,
      "text-justify": /** @type {const} */ ("auto"),
      "text-padding": 1,
    },
    paint: { "text-color": INK, "text-halo-color": NIGHT, "text-halo-width": 2 },
  });
  return [
    { id: "trails-casing", type: "line", source: "trails", layout: round, paint: { "line-color": NIGHT, "line-width": 7 * scale } },
    {
      id: "trails",
      type: "line",
      source: "trails",
      layout: round,
      paint: { "line-color": ["case", ["get", "abroad"], ABROAD, PURSUIT], "line-width": 3 * scale, "line-opacity": 0.9 },
    },
    {
      id: "circles",
      type: "fill",
      source: "crossings",
      filter: polygon,
      paint: { "fill-color": ["case", is("predicted"), BORDER, INK], "fill-opacity": 0.16 },
    },
    {
      id: "circle-edges",
      type: "line",
      source: "crossings",
      filter: polygon,
      paint: { "line-color": ["case", is("predicted"), BORDER, INK], "line-width": 1.2, "line-dasharray": [3, 2] },
    },
    {
      id: "marks",
      type: "symbol",
      source: "crossings",
      filter: marks,
      layout: {
        "icon-image": ["concat", "mark-", ["get", "kind"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "icon-size": 0.85 * scale,
      },
    },
    {
      id: "mark-labels",
      type: "symbol",
      source: "crossings",
      filter: marks,
      layout: {
        "text-field": ["get", "label"],
        "text-font": BOLD,
        "text-size": 14 * scale,
        "text-variable-anchor": anchors,
        "text-radial-offset": 1.3,
        "text-justify": "auto",
        "text-padding": 2,
      },
      paint: { "text-color": ["case", is("predicted"), BORDER, INK], "text-halo-color": NIGHT, "text-halo-width": 2 },
    },
    {
      id: "units",
      type: "symbol",
      source: "units",
      layout: {
        "icon-image": ["get", "icon"],
        "icon-rotate": ["get", "rotate"],
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "icon-size": ["match", ["get", "role"], "pursuit", 1.05 * scale, 0.7 * scale],
        "symbol-sort-key": ["-", 0, ["get", "rank"]],
      },
    },
    {
      id: "selected",
      type: "symbol",
      source: "units",
      filter: ["get", "selected"],
      layout: { "icon-image": "halo", "icon-size": 1.5 * scale, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    label("patrol", 14),
    label("pursuit", 17),
  ];
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
