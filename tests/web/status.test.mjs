// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../web/server_clock.mjs";
import { statusLines } from "../../web/status_banner.mjs";
import { T0, at, snapshot, worldAfter } from "./made.mjs";

/** @type {import("../../web/wire.d.ts").Fault} */
const FULL = { code: "not_recording", since: at(0), text: "disk full" };

test("faults come with the snapshot and with a status message, and go with an empty one", () => {
  const told = worldAfter(snapshot({ status: { faults: [FULL] } }));
  assert.deepEqual(told.faults, [FULL]);
  assert.deepEqual(worldAfter(snapshot(), { type: "status", time: T0, faults: [FULL] }).faults, [FULL]);
  assert.deepEqual(worldAfter(snapshot({ status: { faults: [FULL] } }), { type: "status", time: T0, faults: [] }).faults, []);
});

test("every fault is said with the time since when; one that the page does not know in the server's words", () => {
  for (const code of /** @type {const} */ (["not_recording", "restarting", "no_borders", "clock_step", "overloaded"])) {
    const [line] = statusLines([{ ...FULL, code }], 0);
    assert.match(line?.text ?? "", /\d\d:\d\d:\d\d/);
    assert.equal(line?.grave, ["not_recording", "restarting", "no_borders"].includes(code));
  }
  const unknown = /** @type {any} */ ({ ...FULL, code: "moon", text: "the moon is full" });
  assert.match(statusLines([unknown], 0)[0]?.text ?? "", /the moon is full/);
});

test("a clock that differs by more than two seconds is told, and by how much", () => {
  assert.deepEqual(statusLines([], 1.9), []);
  assert.match(statusLines([], 65)[0]?.text ?? "", /1:05 behind/);
  assert.match(statusLines([], -3)[0]?.text ?? "", /0:03 ahead/);
});

/** A page that has been open for a hundred seconds at T0, on a machine whose time of day is right. */
const OPEN_S = 100;

test("slow messages do not make the clocks differ; nothing is said before enough was heard", () => {
  const clock = new ServerClock();
  assert.equal(clock.now(OPEN_S, T0 - 7), T0 - 7);
  for (let i = 0; i < 30; i += 1) {
    clock.hear(T0 + i, OPEN_S + i + (i % 3 === 0 ? 0.02 : 0.9));
    if (i < 11) assert.equal(clock.ahead(OPEN_S + i, T0 + i + 60), 0);
  }
  assert.ok(Math.abs(clock.ahead(OPEN_S + 30, T0 + 30) + 0.02) < 1e-6);
});

test("a machine whose time of day is set is told so at once, and the page shows the server's time all along", () => {
  const clock = new ServerClock();
  for (let i = 0; i < 30; i += 1) clock.hear(T0 + i, OPEN_S + i);
  assert.equal(clock.ahead(OPEN_S + 30, T0 + 30 + 3600), -3600);
  assert.equal(clock.now(OPEN_S + 30, T0 + 30 + 3600), T0 + 30);
});

test("a server's clock that is set back is followed within twenty seconds, one set forward at once", () => {
  const clock = new ServerClock();
  for (let i = 0; i < 20; i += 1) clock.hear(T0 + i, OPEN_S + i);
  clock.hear(T0 + 620, OPEN_S + 20);
  assert.equal(clock.now(OPEN_S + 20, T0), T0 + 620);
  for (let i = 21; i < 42; i += 1) clock.hear(T0 + i, OPEN_S + i);
  assert.equal(clock.now(OPEN_S + 42, T0), T0 + 42);
});
