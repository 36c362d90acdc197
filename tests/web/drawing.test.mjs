// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_LABELS, circle, crossingFeatures, labelFeatures, lostFeatures } from "../../web/features.mjs";
import { FIELDS, Fleet, ICONS, LONGEST_GAP_S, ORIGIN, mercator, roleOf, shapeOf } from "../../web/fleet.mjs";
import { Roll } from "../../web/roll.mjs";
import { Trails, legs } from "../../web/trails.mjs";
import { T0, crossing, pursuing, row, snapshot, worldAfter } from "./made.mjs";

/** @param {number} t @param {number} lat */
function unit(t, lat) {
  const found = worldAfter(snapshot({ units: [row("BE-K03", { t, lat })] })).units.get("BE-K03");
  assert.ok(found);
  return found;
}

/** @param {...import("../../web/world.mjs").Unit} units */
function fleetWorld(...units) {
  return { units: Roll.of(units.map((one) => /** @type {[string, typeof one]} */ ([one.name, one]))), roster: new Map() };
}

test("a unit glides from fix to fix, one interval late, and never beyond the newest", () => {
  const fleet = new Fleet();
  fleet.hear(fleetWorld(unit(0, 51)), 0);
  fleet.hear(fleetWorld(unit(1, 52)), 1000);

  assert.equal(fleet.place(unit(1, 52), 1000)[1], 51);
  assert.ok(Math.abs(fleet.place(unit(1, 52), 1500)[1] - 51.5) < 0.003);
  assert.equal(fleet.place(unit(1, 52), 2000)[1], 52);
  assert.equal(fleet.place(unit(1, 52), 60_000)[1], 52);
  assert.equal(fleet.isMoving(1500), true);
  assert.equal(fleet.isMoving(2000), false);
});

test("a gap is not driven along", () => {
  const fleet = new Fleet();
  fleet.hear(fleetWorld(unit(0, 51)), 0);
  fleet.hear(fleetWorld(unit(LONGEST_GAP_S + 1, 52)), 6000);

  assert.equal(fleet.place(unit(LONGEST_GAP_S + 1, 52), 6000)[1], 52);
});

test("without smoothness every unit stands at its newest fix, on the graphics card too", () => {
  const fleet = new Fleet();
  fleet.smooth = false;
  fleet.hear(fleetWorld(unit(0, 51)), 0);
  fleet.hear(fleetWorld(unit(1, 52)), 1000);

  assert.equal(fleet.place(unit(1, 52), 1000)[1], 52);
  assert.equal(fleet.isMoving(1000), false);
  assert.equal(fleet.records[1], fleet.records[3]);
});

test("a late fix does not move a unit back", () => {
  const fleet = new Fleet();
  fleet.hear(fleetWorld(unit(5, 52)), 0);
  fleet.hear(fleetWorld(unit(3, 51)), 100);

  assert.equal(fleet.place(unit(5, 52), 9000)[1], 52);
});

test("the graphics card gets the same way as the labels, to 10 cm", () => {
  const fleet = new Fleet();
  fleet.hear(fleetWorld(unit(0, 51)), 0);
  fleet.hear(fleetWorld(unit(1, 51.0003)), 1000);
  const [fromX = NaN, fromY = NaN, toX = NaN, toY = NaN, start, span] = fleet.records;
  const metre = 1 / (40_075_016.7 * Math.cos((51 * Math.PI) / 180));

  for (const [place, x, y] of /** @type {[[number, number], number, number][]} */ ([[[4.7353, 51], fromX, fromY], [[4.7353, 51.0003], toX, toY]])) {
    const [exactX, exactY] = mercator(...place);
    assert.ok(Math.hypot(x + ORIGIN[0] - exactX, y + ORIGIN[1] - exactY) < 0.1 * metre);
  }
  assert.deepEqual([start, span], [1, 1]);
});

test("a unit that only fell silent stays where it is and gets another icon; ten thousand others are not written again", () => {
  const fleet = new Fleet();
  const others = Array.from({ length: 300 }, (_, i) => ({ ...unit(0, 51), name: `NL-${i}` }));
  const first = fleetWorld(unit(0, 51), ...others);
  fleet.hear(first, 0);
  const own = FIELDS * [...first.units.keys()].indexOf("BE-K03");
  const [x, y] = fleet.records.slice(own);
  const before = fleet.version;

  fleet.hear({ ...first, units: first.units.with([["BE-K03", { ...unit(0, 51), quality: "lost" }]]) }, 30_000);

  assert.equal(fleet.version, before + 1);
  assert.deepEqual([...fleet.records.slice(own + 2, own + 4)], [x, y]);
  assert.equal(ICONS[fleet.records[own + 7] ?? NaN], "patrol-lost");
  assert.equal(fleet.records[own + 9], 0);
});

test("a unit of another state than the room's is marked", () => {
  const fleet = new Fleet();
  fleet.home = "NL";
  const known = { state: "BE", call_sign: "K03", pursuit: "p-1", simulated: false };
  fleet.hear({ ...fleetWorld(unit(0, 51)), roster: new Map([["BE-K03", known]]) }, 0);

  assert.equal(ICONS[fleet.records[7] ?? NaN], "pursuit-arrow-foreign");
  assert.equal(fleet.records[8], 1);
});

test("a unit that must go from the screen goes, even when another comes in the same moment; the rest glide on", () => {
  const fleet = new Fleet();
  fleet.hear(fleetWorld({ ...unit(0, 52), name: "NL-1" }, unit(0, 51)), 0);
  fleet.hear(fleetWorld(unit(1, 52), { ...unit(1, 53), name: "NL-2" }), 1000);

  assert.equal(fleet.size, 2);
  assert.ok(Math.abs(fleet.place(unit(1, 52), 1500)[1] - 51.5) < 0.003);
  assert.ok(Math.abs((fleet.records[3] ?? 0) + ORIGIN[1] - mercator(4.7353, 52)[1]) < 1e-8);
});

test("a trail is divided where the border was crossed, at the computed place", () => {
  const points = /** @type {import("../../web/trails.mjs").Point[]} */ ([[T0 + 39, 4.7, 51.485], [T0 + 41, 4.7, 51.487], [T0 + 42, 4.7, 51.488]]);

  const [home, abroad, ...rest] = legs(points, [crossing("confirmed")], "NL");

  assert.deepEqual(home, { territory: "BE", places: [[4.7, 51.485], [4.7355, 51.486]] });
  assert.deepEqual(abroad, { territory: "NL", places: [[4.7355, 51.486], [4.7, 51.487], [4.7, 51.488]] });
  assert.equal(rest.length, 0);
});

test("a silence leaves a hole in the trail", () => {
  const points = /** @type {import("../../web/trails.mjs").Point[]} */ ([[0, 4, 51], [1, 4, 51.1], [90, 4, 51.5], [91, 4, 51.6]]);

  assert.deepEqual(legs(points, [], "BE").map(({ places }) => places.length), [2, 2]);
});

test("what was driven before we looked goes in front, once", () => {
  const trails = new Trails();
  trails.add(unit(10, 51));
  trails.prepend("BE-K03", [[T0 + 9, 4, 50], [T0 + 10, 4, 51]]);
  trails.add(unit(10, 51));
  trails.add(unit(11, 52));

  assert.deepEqual(trails.of("BE-K03").map(([t]) => t - T0), [9, 10, 11]);
});

test("the uncertainty circle has its radius in metres, east and north", () => {
  const ring = circle(4.7, 51.5, 100);
  const metres = 111_195;

  assert.ok(Math.abs((Math.max(...ring.map(([, lat]) => lat)) - 51.5) * metres - 100) < 0.5);
  assert.ok(Math.abs((Math.max(...ring.map(([lon]) => lon)) - 4.7) * metres * Math.cos((51.5 * Math.PI) / 180) - 100) < 0.5);
  assert.deepEqual(ring[0], ring.at(-1));
});

test("a unit says by its shape whether it is silent, lost or of uncertain place, and how old its fix is", () => {
  const rows = [
    row("BE-A"),
    row("BE-B", { quality: "stale" }),
    row("BE-C", { quality: "lost" }),
    row("BE-D", { quality: "ambiguous", course: null }),
  ];
  const world = worldAfter(snapshot({ units: rows }));

  const units = [...world.units.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual(units.map(shapeOf), ["arrow", "arrow-hollow", "lost", "dot-doubt"]);
  const notes = labelFeatures(world, ({ lon, lat }) => [lon, lat], T0 + 70, null).features;
  const noteOf = (/** @type {string} */ name) => notes.find(({ properties }) => properties?.["unit"] === name)?.properties?.["note"];
  assert.deepEqual(rows.map(([name]) => noteOf(name)), ["70 s", "70 s · no signal", "70 s · LOST · ±2.5 km", "70 s · either side"]);
});

test("in a crowd only those in pursuit and the selected one have labels", () => {
  const crowd = Array.from({ length: MOST_LABELS + 2 }, (_, i) => row(`NL-${i}`));
  const message = pursuing();
  const world = worldAfter({ ...message, units: [...message.units, ...crowd] });
  const named = (/** @type {string | null} */ selected) =>
    labelFeatures(world, () => [4, 51], T0, selected).features.map(({ properties }) => properties?.["unit"]);

  assert.deepEqual(named("NL-7"), ["BE-K03", "NL-7"]);
  assert.equal(labelFeatures(world, () => [4, 51], T0, null, [0, 0, 1, 1]).features.length, 1);
});

test("a lost unit's circle grows with its silence, at its last speed", () => {
  const world = worldAfter({ ...pursuing(), units: [row("BE-K03", { quality: "lost" })] });
  const radius = (/** @type {number} */ now) => {
    const ring = lostFeatures(world, now, null).features[0]?.geometry;
    assert.ok(ring?.type === "Polygon");
    return (Math.max(...(ring.coordinates[0] ?? []).map(([, lat]) => lat ?? NaN)) - 51.48) * 111_195;
  };

  assert.ok(Math.abs(radius(T0 + 60.4) - 36.1 * 60) < 5);
  assert.ok(Math.abs(radius(T0 + 120.4) - 36.1 * 120) < 10);
});

test("a pursuit's unit is drawn as abroad once it is", () => {
  const world = worldAfter(pursuing(), { type: "positions", time: T0 + 1, units: [row("BE-K03", { t: 1, territory: "NL" })] });
  const unit = world.units.get("BE-K03");
  assert.ok(unit);

  assert.equal(roleOf(unit, world.roster.get("BE-K03")), "abroad");
});

test("an announced crossing counts down in data time, and goes when its time is long past", () => {
  const world = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }));
  const labels = (/** @type {number} */ now) => crossingFeatures([...world.pursuits.values()], world, now).features.map(({ properties }) => properties?.["label"]);

  // The unit's data runs 0.4 s behind the server's clock.
  assert.equal(labels(T0 + 0.4)[0], "K03 into NL\nin 0:40");
  assert.deepEqual(labels(T0 + 100), []);
});

test("a crossing is marked where and when it was computed to be", () => {
  const world = worldAfter(pursuing(), crossing("confirmed"));
  const [mark] = crossingFeatures([...world.pursuits.values()], world, T0 + 50).features;

  assert.deepEqual(mark?.geometry, { type: "Point", coordinates: [4.7355, 51.486] });
  assert.match(mark?.properties?.["label"], /^K03 into NL\n\d\d:\d\d:\d\d {2}±6 m$/);
});
