// @ts-check
/** What the map draws of the world, as GeoJSON. Pure: the same world, moment and places give the same features. */

/**
 * @import {CrossingEvent, Pursuit} from "./wire.d.ts"
 * @import {Place} from "./fleet.mjs"
 * @import {PendingEvent, Unit, World} from "./world.mjs"
 */

import { age, clock, countdown, uncertainty, unix } from "./format.mjs";
import { named, t } from "./i18n.mjs";
import { roleOf } from "./fleet.mjs";
import { legs } from "./trails.mjs";
import { FORECAST_KEPT_S, lag } from "./world.mjs";

const EARTH_RADIUS_M = 6_371_008.8;
const CIRCLE_POINTS = 48;
/** Seconds for which the mark of a crossing keeps its label. */
const LABEL_S = 900;
/** More labels than this in view are none. */
export const MOST_LABELS = 150;
/** A lost unit is thought to drive at least like a car in town. */
const SLOWEST_MPS = 14;
const FARTHEST_M = 60_000;

/** @typedef {[west: number, south: number, east: number, north: number]} Bounds */

/**
 * Labels of units: call sign, state, age of the fix. Those in pursuit and the selected one always have theirs; the others
 * while no more than MOST_LABELS are in view, or nothing could be read.
 * @param {World} world
 * @param {(unit: Unit) => Place} placeOf
 * @param {number} now server time, Unix seconds UTC
 * @param {string | null} selected name of a unit
 * @param {Bounds} [view] west, south, east, north
 */
export function labelFeatures(world, placeOf, now, selected, view = [-180, -90, 180, 90]) {
  /** @type {Unit[]} */
  const patrols = [];
  /** @type {Unit[]} */
  const shown = [];
  const [west, south, east, north] = view;
  const named = inPursuit(world, selected);
  shown.push(...named);
  for (const unit of world.units.values()) {
    if (patrols.length > MOST_LABELS) break;
    if (unit.lon > west && unit.lon < east && unit.lat > south && unit.lat < north && !named.has(unit)) patrols.push(unit);
  }
  if (patrols.length <= MOST_LABELS) shown.unshift(...patrols);
  return collection(
    shown.map((unit) => {
      const known = world.roster.get(unit.name);
      const notes = [age(now - unit.t), qualityNote(unit), unit.quality === "lost" ? uncertainty(reach(unit, now)) : ""];
      return point(placeOf(unit), {
        unit: unit.name,
        sign: known?.call_sign ?? unit.name,
        state: known?.state ?? "",
        note: notes.filter(Boolean).join(" · "),
        role: roleOf(unit, known) === "patrol" ? "patrol" : "pursuit",
        selected: unit.name === selected,
      });
    }),
  );
}

/**
 * Where lost units may be by now: circles that grow at their last speed, of those in pursuit and the selected one.
 * @param {World} world
 * @param {number} now server time, Unix seconds UTC
 * @param {string | null} selected name of a unit
 */
export function lostFeatures(world, now, selected) {
  /** @type {GeoJSON.Feature[]} */
  const features = [];
  for (const unit of inPursuit(world, selected)) {
    if (unit.quality !== "lost") continue;
    const ring = circle(unit.lon, unit.lat, reach(unit, now));
    features.push({ type: "Feature", properties: { kind: "lost" }, geometry: { type: "Polygon", coordinates: [ring] } });
  }
  return collection(features);
}

/**
 * The units of pursuits that go on, and the selected one.
 * @param {World} world
 * @param {string | null} selected name of a unit
 * @returns {Set<Unit>}
 */
function inPursuit(world, selected) {
  const names = [...world.pursuits.values()].flatMap(({ phase, members }) => (phase === "ended" ? [] : members.map(({ unit }) => unit)));
  const units = [...names, ...(selected === null ? [] : [selected])].map((name) => world.units.get(name));
  return new Set(units.filter((unit) => unit !== undefined));
}

/**
 * Metres that a silent unit can have gone since its last fix.
 * @param {Unit} unit
 * @param {number} now server time, Unix seconds UTC
 */
function reach({ t, speed, lag_s }, now) {
  return Math.min(FARTHEST_M, Math.max(SLOWEST_MPS, speed ?? 0) * Math.max(0, now - lag_s - t));
}

/**
 * What a unit's quality adds to its label and its row; "" when all is well.
 * @param {Unit} unit
 */
export function qualityNote({ quality }) {
  return quality === "ok" || quality === "late" ? "" : named("quality", quality);
}

/**
 * Trails of the units of pursuits, a line for each leg.
 * @param {readonly Pursuit[]} pursuits
 * @param {World} world
 * @param {import("./trails.mjs").Trails} trails
 * @param {(unit: Unit) => Place} placeOf
 */
export function trailFeatures(pursuits, world, trails, placeOf) {
  /** @type {GeoJSON.Feature[]} */
  const features = [];
  for (const [pursuit, { unit: name, state }] of pursuits.flatMap((one) => one.members.map((member) => /** @type {const} */ ([one, member])))) {
    const unit = world.units.get(name);
    if (!unit) continue;
    // The newest fix is ahead of where the unit is drawn, by up to one interval: the trail ends under the unit.
    const points = trails.of(name).filter(([t]) => t < unit.t);
    const crossings = pursuit.crossings.filter((event) => event.unit === name);
    const [lon, lat] = placeOf(unit);
    for (const { territory, places } of legs([...points, [unit.t, lon, lat]], crossings, unit.territory)) {
      const abroad = state !== null && territory !== null && territory !== state;
      features.push({ type: "Feature", properties: { unit: name, abroad, territory: territory ?? "" }, geometry: { type: "LineString", coordinates: places } });
    }
  }
  return collection(features);
}

/**
 * Crossings of pursuits at their computed places, and crossings that are announced.
 * @param {readonly Pursuit[]} pursuits
 * @param {World} world
 * @param {number} now server time, Unix seconds UTC
 */
export function crossingFeatures(pursuits, world, now) {
  /** @type {GeoJSON.Feature[]} */
  const features = [];
  const sign = (/** @type {string} */ unit) => world.roster.get(unit)?.call_sign ?? unit;
  for (const pursuit of pursuits) {
    const at = now - lag(world, pursuit);
    for (const event of pursuit.crossings) {
      const crossed = unix(event.crossed_at);
      const into = t("map.into", { unit: sign(event.unit), state: event.to });
      const label = `${into}\n${clock(crossed)}  ${uncertainty(event.uncertainty_m)}`;
      features.push(...marked(event, "crossed", at - crossed < LABEL_S ? label : ""));
    }
    for (const { unit } of pursuit.members) {
      const event = world.pending.get(unit);
      if (event) features.push(...pendingMarks(event, sign(unit), at));
    }
  }
  return collection(features);
}

/**
 * @param {PendingEvent} event
 * @param {string} sign
 * @param {number} now data time
 */
function pendingMarks(event, sign, now) {
  const into = t("map.into", { unit: sign, state: event.to });
  if (event.type === "crossing.approaching") {
    const left = unix(event.crossed_at) - now;
    if (left < -FORECAST_KEPT_S) return [];
    return marked(event, "predicted", `${into}\n${left > 0 ? t("map.in_time", { time: countdown(left) }) : t("map.now")}`);
  }
  return marked(event, "predicted", `${into}\n${t("map.probable")}`);
}

/**
 * The mark of a crossing and the circle that holds its true place with 68 %.
 * @param {PendingEvent | CrossingEvent} event
 * @param {"crossed" | "predicted"} kind
 * @param {string} label
 * @returns {GeoJSON.Feature[]}
 */
function marked(event, kind, label) {
  return [
    point([event.lon, event.lat], { kind, label, event: event.id, utc: event.crossed_at }),
    {
      type: "Feature",
      properties: { kind },
      geometry: { type: "Polygon", coordinates: [circle(event.lon, event.lat, event.uncertainty_m)] },
    },
  ];
}

/**
 * A circle as a ring, counter-clockwise. Local: good to 0.1 % for radii below 10 km.
 * @param {number} lon degrees
 * @param {number} lat degrees
 * @param {number} radius_m
 * @returns {Place[]}
 */
export function circle(lon, lat, radius_m) {
  const dLat = (radius_m / EARTH_RADIUS_M) * (180 / Math.PI);
  const dLon = dLat / Math.cos((lat * Math.PI) / 180);
  /** @type {Place[]} */
  const ring = [];
  for (let step = 0; step < CIRCLE_POINTS; step += 1) {
    const angle = (step / CIRCLE_POINTS) * 2 * Math.PI;
    ring.push([lon + dLon * Math.cos(angle), lat + dLat * Math.sin(angle)]);
  }
  return [...ring, /** @type {Place} */ (ring[0])];
}

/**
 * @param {Place} place
 * @param {GeoJSON.GeoJsonProperties} properties
 * @returns {GeoJSON.Feature<GeoJSON.Point>}
 */
function point(place, properties) {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: place } };
}

/**
 * @template {GeoJSON.Feature} F
 * @param {F[]} features
 * @returns {{type: "FeatureCollection", features: F[]}}
 */
function collection(features) {
  return { type: "FeatureCollection", features };
}
