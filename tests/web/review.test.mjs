// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { partOf, running } from "../../web/part.mjs";
import { Review } from "../../web/review.mjs";
import { EMPTY, fold } from "../../web/world.mjs";
import { T0, at, crossing, pursuit, row, snapshot } from "./made.mjs";

/** A pursuit of 60 s with a crossing at 40 s, and a fix every second. */
function record() {
  /** @type {[number, number, number, number | null, number | null, string][]} */
  const fixes = Array.from({ length: 61 }, (_, t) => [T0 + t, 4.73, 51.48 + t / 10_000, 30, 0, t < 40 ? "BE" : "NL"]);
  return {
    epoch: "e1",
    pursuit: "p-1",
    roster: { "BE-K03": { state: "BE", call_sign: "K03", pursuit: "p-1", simulated: false } },
    events: [
      { offset: 7, id: "e7", type: "pursuit.started", time: at(2), pursuit: "p-1", phase: "running", unit: "BE-K03", started_in: "BE" },
      { offset: 9, ...crossing("confirmed", { id: "e9", time: at(41), pursuit: "p-1" }) },
      { offset: 12, id: "e12", type: "pursuit.ended", time: at(58), pursuit: "p-1", phase: "ended", unit: "BE-K03" },
    ],
    fixes: { "BE-K03": fixes },
  };
}

function played() {
  let world = EMPTY;
  /** @type {string[]} */
  const heard = [];
  const review = new Review(record(), (message) => {
    heard.push(message.type);
    world = fold(world, message);
  });
  return { review, heard, world: () => world };
}

test("it begins before the first thing that happened, with nobody on the map", () => {
  const { review, heard, world } = played();

  assert.deepEqual(heard, ["snapshot"]);
  assert.equal(review.now, T0 - 5);
  assert.equal(review.ended, T0 + 65);
  assert.equal(world().units.size, 0);
  assert.equal(world().roster.get("BE-K03")?.call_sign, "K03");
});

test("time passes only while it plays, as many times faster as is asked for, and it stops at the end", () => {
  const { review, world } = played();
  review.advance(10);
  assert.equal(review.now, T0 - 5);

  review.speed = 5;
  review.play();
  review.advance(2);
  assert.equal(review.now, T0 + 5);
  assert.equal(world().units.get("BE-K03")?.t, T0 + 5);
  assert.equal(world().pursuits.get("p-1")?.phase, "running");

  review.advance(100);
  assert.equal(review.now, review.ended);
  assert.equal(review.isPlaying, false);
  assert.equal(world().pursuits.get("p-1")?.phase, "ended");
  assert.equal(world().units.get("BE-K03")?.territory, "NL");

  review.play();
  assert.equal(review.now, review.began);
});

test("whichever way a moment is reached, it looks the same", () => {
  const straight = played();
  straight.review.seek(T0 + 45);
  const roundabout = played();
  for (const t of [60, 10, 50, 3, 44]) roundabout.review.seek(T0 + t);
  roundabout.review.play();
  roundabout.review.advance(1);

  const { gap: _, ...shown } = straight.world();
  const { gap: __, ...other } = roundabout.world();
  assert.equal(shown.pursuits.get("p-1")?.crossings.length, 1);
  assert.deepEqual(other, shown);
  assert.deepEqual(roundabout.review.driven(), straight.review.driven());
  assert.equal(straight.review.driven().get("BE-K03")?.length, 46);
});

test("each mark is jumped to, forwards and back", () => {
  const { review } = played();
  const stops = [];
  for (let step = 0; step < 4; step++) {
    review.step(1);
    stops.push(review.now - T0);
  }
  assert.deepEqual(stops, [2, 41, 58, 65]);

  review.step(-1);
  review.step(-1);
  assert.equal(review.now, T0 + 41);
  assert.deepEqual(review.marks.map(({ event }) => event.type), ["pursuit.started", "crossing.confirmed", "pursuit.ended"]);
});

test("an event whose time lies before that of the one before it happens after it all the same", () => {
  const made = record();
  made.events[2] = { ...made.events[2], offset: 12, id: "e12", type: "pursuit.ended", time: at(1) };
  /** @type {number[]} */
  const offsets = [];
  const review = new Review(made, (message) => {
    if (message.type === "event") offsets.push(message.offset);
  });

  review.seek(review.ended);

  assert.deepEqual(offsets, [7, 9, 12]);
});

test("a screen shows what is real or what is simulated, and never both", () => {
  const PLAYED = "SIM-7f3a:BE-K03";
  const world = fold(
    EMPTY,
    snapshot({
      units: [row("BE-K03"), row(PLAYED)],
      roster: {
        "BE-K03": { state: "BE", call_sign: "K03", pursuit: "p-1", simulated: false },
        [PLAYED]: { state: "BE", call_sign: "K03", pursuit: "SIM-7f3a", simulated: true },
      },
      pursuits: [pursuit(), pursuit({ id: "SIM-7f3a", simulated: true }), pursuit({ id: "SIM-0", phase: "ended" })],
      alerts: [
        { offset: 1, event: crossing("confirmed", { id: "real", pursuit: "p-1" }), acknowledged_by: null, acknowledgements: [] },
        { offset: 2, event: crossing("confirmed", { id: "played", unit: PLAYED, pursuit: "SIM-7f3a" }), acknowledged_by: null, acknowledgements: [] },
      ],
    }),
  );

  const real = partOf(world, "real");
  const simulated = partOf(world, "simulated");

  assert.deepEqual([...real.units.keys(), ...real.pursuits.keys(), ...real.alerts.keys()], ["BE-K03", "p-1", "real"]);
  assert.deepEqual([...real.roster.keys()], ["BE-K03"]);
  assert.deepEqual(
    [...simulated.units.keys(), ...simulated.pursuits.keys(), ...simulated.alerts.keys()],
    [PLAYED, "SIM-7f3a", "SIM-0", "played"],
  );
  assert.equal(running(world, "real"), 1);
  assert.equal(running(world, "simulated"), 1);
  assert.equal(partOf(real, "real").units, real.units, "nothing to leave out, nothing copied");
});
