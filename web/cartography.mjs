// @ts-check
/**
 * The map's style: the ground (ground.mjs) below, and what happens (trails, crossings, labels of units) above. The sources
 * of what happens are filled by units_layer.mjs, which also brings the layer of the units themselves.
 */

/**
 * @import {StyleSpecification} from "maplibre-gl"
 * @import {ExpressionSpecification} from "@maplibre/maplibre-gl-style-spec"
 */

import { BOLD, REGULAR, groundLayers, groundSources, local } from "./ground.mjs";
import { ABROAD, ALARM, BORDER, INK, NIGHT, PURSUIT } from "./palette.mjs";

const LATIN = ["U+0000-00FF", "U+0131", "U+0152-0153", "U+02BB-02BC", "U+02C6", "U+02DA", "U+02DC", "U+2000-206F", "U+20AC", "U+2212"];
const LATIN_EXT = ["U+0100-02BA", "U+02BD-02C5", "U+02C7-02CC", "U+1E00-1E9F", "U+1EF2-1EFF"];

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
    sources: { ...groundSources(), trails: empty, crossings: empty, lost: empty, units: empty },
    layers: [...groundLayers(scale), ...happenings(scale)],
  };
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
        ["concat", " ", ["get", "state"]], { "font-scale": 0.72 },
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
      id: "trail-names",
      type: "symbol",
      source: "trails",
      layout: { "symbol-placement": "line", "symbol-spacing": 180, "text-field": ["get", "territory"], "text-font": BOLD, "text-size": 11 * scale },
      paint: { "text-color": INK, "text-halo-color": NIGHT, "text-halo-width": 2 },
    },
    {
      id: "lost-reach",
      type: "line",
      source: "lost",
      paint: { "line-color": ALARM, "line-width": 2.5 * scale, "line-dasharray": [2, 2] },
    },
    { id: "lost-area", type: "fill", source: "lost", paint: { "fill-color": ALARM, "fill-opacity": 0.08 } },
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
