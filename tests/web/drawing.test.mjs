// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { circle, crossingFeatures, unitFeatures } from "../../web/features.mjs";
import { LONGEST_GAP_S, Motion } from "../../web/motion.mjs";
import { Trails, legs } from "../../web/trails.mjs";
import { T0, crossing, pursuing, row, snapshot, worldAfter } from "./made.mjs";

/** @param {number} t @param {number} lat */
function unit(t, lat) {
  const found = worldAfter(snapshot({ units: [row("BE-K03", { t, lat })] })).units.get("BE-K03");
  assert.ok(found);
  return found;
}

test("a unit glides from fix to fix, one interval late, and never beyond the newest", () => {
  const motion = new Motion();
  motion.hear([unit(0, 51)], 0);
  motion.hear([unit(1, 52)], 1000);

  assert.equal(motion.place(unit(1, 52), 1000)[1], 51);
  assert.equal(motion.place(unit(1, 52), 1500)[1], 51.5);
  assert.equal(motion.place(unit(1, 52), 2000)[1], 52);
  assert.equal(motion.place(unit(1, 52), 60_000)[1], 52);
  assert.equal(motion.isMoving(1500), true);
  assert.equal(motion.isMoving(2000), false);
});

test("a gap is not driven along", () => {
  const motion = new Motion();
  motion.hear([unit(0, 51)], 0);
  motion.hear([unit(LONGEST_GAP_S + 1, 52)], 6000);

  assert.equal(motion.place(unit(LONGEST_GAP_S + 1, 52), 6000)[1], 52);
});

test("without smoothness every unit stands at its newest fix", () => {
  const motion = new Motion();
  motion.smooth = false;
  motion.hear([unit(0, 51)], 0);
  motion.hear([unit(1, 52)], 1000);

  assert.equal(motion.place(unit(1, 52), 1000)[1], 52);
  assert.equal(motion.isMoving(1000), false);
});

test("a late fix does not move a unit back", () => {
  const motion = new Motion();
  motion.hear([unit(5, 52)], 0);
  motion.hear([unit(3, 51)], 100);

  assert.equal(motion.place(unit(5, 52), 9000)[1], 52);
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

  const drawn = unitFeatures(world, ({ lon, lat }) => [lon, lat], T0 + 70, null).features.map(({ properties }) => [properties?.["icon"], properties?.["note"]]);

  assert.deepEqual(drawn, [
    ["patrol-arrow", "70 s"],
    ["patrol-arrow-hollow", "70 s · no signal"],
    ["patrol-lost", "70 s · LOST"],
    ["patrol-dot-doubt", "70 s · either side"],
  ]);
});

test("a pursuit's unit is drawn as abroad once it is", () => {
  const world = worldAfter(pursuing(), { type: "positions", time: T0 + 1, units: [row("BE-K03", { t: 1, territory: "NL" })] });

  assert.equal(unitFeatures(world, () => [4, 51], T0, null).features[0]?.properties?.["icon"], "abroad-arrow");
});

test("an announced crossing counts down in data time, and goes when its time is long past", () => {
  const world = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }));
  const labels = (/** @type {number} */ now) => crossingFeatures(world, now).features.map(({ properties }) => properties?.["label"]);

  // The unit's data runs 0.4 s behind the server's clock.
  assert.equal(labels(T0 + 0.4)[0], "K03 into NL\nin 0:40");
  assert.deepEqual(labels(T0 + 100), []);
});

test("a crossing is marked where and when it was computed to be", () => {
  const world = worldAfter(pursuing(), crossing("confirmed"));
  const [mark] = crossingFeatures(world, T0 + 50).features;

  assert.deepEqual(mark?.geometry, { type: "Point", coordinates: [4.7355, 51.486] });
  assert.match(mark?.properties?.["label"], /^K03 into NL\n\d\d:\d\d:\d\d {2}±6 m$/);
});
