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

test("a slow message does not make the clock differ; a clock that is set is noticed within a few messages", () => {
  const clock = new ServerClock();
  for (const delay of [0.02, 4, 0.03, 3]) clock.hear(T0, T0 + delay);
  assert.ok(Math.abs(clock.ahead_s + 0.02) < 1e-6);

  for (let i = 0; i < 6; i += 1) clock.hear(T0 + i, T0 + i + 60);
  assert.ok(Math.abs(clock.ahead_s + 60) < 1e-6);
});
