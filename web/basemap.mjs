// @ts-check
/**
 * The operator's own map between our land and our borders: raster tiles, a style with whatever it names, or one file of
 * vector tiles (PMTiles) with the layers of Protomaps or of OpenMapTiles.
 */

/**
 * @import {MapLibreMap, StyleSpecification} from "maplibre-gl"
 * @import {ExpressionSpecification} from "@maplibre/maplibre-gl-style-spec"
 * @import {Basemap} from "./wire.d.ts"
 */

import { addProtocol } from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { REGULAR, UNDER, WATERS } from "./ground.mjs";
import { NIGHT, WATER } from "./palette.mjs";

/** @typedef {StyleSpecification["layers"][number]} Layer */

/** Sources and layers of the operator's map have names that begin so. */
export const MARK = "operator-";
/** Names of streets and the like stand above the states' colours. */
const UNDER_BORDERS = "side-left";

/**
 * @param {MapLibreMap} map that is loaded
 * @param {Basemap} basemap
 * @param {number} scale of letters
 */
export async function addBasemap(map, { kind, url }, scale) {
  if (kind === "builtin") return;
  if (kind === "raster") addRaster(map, { tiles: [url] });
  else if (kind === "style") await addStyle(map, url);
  else await addTiles(map, new URL(url, import.meta.url).href, scale);
  // What is drawn there must be seen through the states' colours.
  map.setPaintProperty(UNDER, "fill-opacity", ["match", ["get", "territory"], ["BE", "NL", "LU"], 0.35, 0]);
  for (const layer of WATERS) map.setLayoutProperty(layer, "visibility", "none");
}

/**
 * @param {MapLibreMap} map
 * @param {{tiles: string[]} | {url: string}} where
 */
function addRaster(map, where) {
  map.addSource(`${MARK}raster`, { type: "raster", tileSize: 256, ...where });
  // Somebody's daylight map, made fit for the night.
  const paint = { "raster-brightness-max": 0.45, "raster-saturation": -0.6, "raster-contrast": 0.1 };
  map.addLayer({ id: `${MARK}raster`, type: "raster", source: `${MARK}raster`, paint }, UNDER);
}

/**
 * @param {MapLibreMap} map
 * @param {string} url of a style
 */
async function addStyle(map, url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const style = /** @type {StyleSpecification} */ (await response.json());
  for (const [name, source] of Object.entries(style.sources)) map.addSource(MARK + name, absolute(source, url));
  for (const layer of style.layers.flatMap(adopted)) map.addLayer(layer, layer.type === "symbol" ? UNDER_BORDERS : UNDER);
}

/**
 * A layer of another style as ours takes it: our letters, no icons, since those are files of the other style.
 * @param {Layer} layer
 * @returns {Layer[]}
 */
export function adopted(layer) {
  if (layer.type === "background" || !("source" in layer)) return [];
  const renamed = { ...layer, id: MARK + layer.id, source: MARK + layer.source };
  if (renamed.type !== "symbol") return [renamed];
  if (renamed.layout?.["text-field"] === undefined) return [];
  const layout = Object.fromEntries(Object.entries(renamed.layout).filter(([name]) => !name.startsWith("icon-")));
  return [{ ...renamed, layout: { ...layout, "text-font": REGULAR } }];
}

/**
 * Addresses in a style are relative to it.
 * @param {StyleSpecification["sources"][string]} source
 * @param {string} base
 */
function absolute(source, base) {
  // The places of a template are not to be escaped.
  const join = (/** @type {string} */ path) => new URL(path, base).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
  const copy = /** @type {any} */ ({ ...source });
  if (typeof copy.url === "string") copy.url = join(copy.url);
  if (Array.isArray(copy.tiles)) copy.tiles = copy.tiles.map(join);
  return /** @type {typeof source} */ (copy);
}

/**
 * @param {MapLibreMap} map
 * @param {string} url of a PMTiles file
 * @param {number} scale
 */
async function addTiles(map, url, scale) {
  const { PMTiles, Protocol, TileType } = await import("./vendor/pmtiles/pmtiles.mjs");
  const protocol = new Protocol();
  const file = new PMTiles(url);
  protocol.add(file);
  addProtocol("pmtiles", protocol.tile);
  const { tileType, minZoom, maxZoom } = await file.getHeader();
  const tiles = [`pmtiles://${url}/{z}/{x}/{y}`];
  if (tileType !== TileType.Mvt) {
    addRaster(map, { tiles });
    return;
  }
  const { vector_layers: known = [] } = /** @type {{vector_layers?: {id: string}[]}} */ (await file.getMetadata());
  const names = new Set(known.map(({ id }) => id));
  map.addSource(`${MARK}tiles`, { type: "vector", tiles, minzoom: minZoom, maxzoom: maxZoom });
  for (const layer of roadLayers(scale)) {
    if ("source-layer" in layer && names.has(layer["source-layer"] ?? "")) map.addLayer(layer, layer.type === "symbol" ? UNDER_BORDERS : UNDER);
  }
}

/** Widths in pixels at zoom 8 and 16, and the colour, of roads by what Protomaps and OpenMapTiles call them. */
const ROADS = /** @type {const} */ ([
  [["minor_road", "minor", "service", "tertiary"], 0.2, 7, "#38444f"],
  [["medium_road", "secondary", "primary", "trunk", "major_road"], 0.6, 9, "#54626f"],
  [["highway", "motorway"], 1.4, 13, "#7b8a98"],
]);

/**
 * Water, houses, roads and their names; a file has the layers of the one scheme or of the other.
 * @param {number} scale of letters
 * @returns {Layer[]}
 */
export function roadLayers(scale) {
  const source = `${MARK}tiles`;
  const class_ = /** @type {ExpressionSpecification} */ (["coalesce", ["get", "class"], ["get", "kind"]]);
  const detail = /** @type {ExpressionSpecification} */ (["coalesce", ["get", "kind_detail"], class_]);
  const is = (/** @type {readonly string[]} */ names) =>
    /** @type {ExpressionSpecification} */ (["any", ["in", class_, ["literal", names]], ["in", detail, ["literal", names]]]);
  const round = /** @type {const} */ ({ "line-join": "round", "line-cap": "round" });
  const polygon = /** @type {ExpressionSpecification} */ (["==", ["geometry-type"], "Polygon"]);
  /** @type {Layer[]} */
  const layers = [
    { id: `${MARK}water`, type: "fill", source, "source-layer": "water", filter: polygon, paint: { "fill-color": WATER } },
  ];
  for (const name of ["buildings", "building"]) {
    layers.push({ id: MARK + name, type: "fill", source, "source-layer": name, minzoom: 14, paint: { "fill-color": "#2b343d" } });
  }
  for (const [kinds, far, near, colour] of ROADS) {
    for (const name of ["roads", "transportation"]) {
      layers.push({
        id: `${MARK}${name}-${kinds[0]}`,
        type: "line",
        source,
        "source-layer": name,
        filter: is(kinds),
        layout: round,
        paint: { "line-color": colour, "line-width": ["interpolate", ["exponential", 1.4], ["zoom"], 8, far, 16, near] },
      });
    }
  }
  for (const name of ["roads", "transportation_name"]) {
    layers.push({
      id: `${MARK}names-${name}`,
      type: "symbol",
      source,
      "source-layer": name,
      minzoom: 10,
      layout: {
        "symbol-placement": "line",
        "text-field": ["step", ["zoom"], ["coalesce", ["get", "ref"], ["get", "name"], ""], 14, ["coalesce", ["get", "name"], ["get", "ref"], ""]],
        "text-font": REGULAR,
        "text-size": 12 * scale,
      },
      paint: { "text-color": "#c3ccd5", "text-halo-color": NIGHT, "text-halo-width": 1.6 },
    });
  }
  return layers;
}
