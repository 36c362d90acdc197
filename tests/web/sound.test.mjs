// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { alarms, due, REPEAT_S, URGENT_AFTER_S, URGENT_REPEAT_S } from "../../web/sound.mjs";
import { obligation, pursuing, worldAfter, crossing } from "./made.mjs";

test("an alarm repeats, and more urgently when nobody answers", () => {
  assert.equal(due(0, Infinity), "alarm");
  assert.equal(due(5, REPEAT_S - 0.1), null);
  assert.equal(due(12, REPEAT_S), "alarm");
  assert.equal(due(URGENT_AFTER_S, URGENT_REPEAT_S - 0.1), null);
  assert.equal(due(URGENT_AFTER_S, URGENT_REPEAT_S), "urgent");
});

test("what is overdue sounds until it is done or acknowledged; a crossing does not go on", () => {
  const late = [obligation("opened"), obligation("overdue")];
  const acknowledged = { id: "a", type: /** @type {const} */ ("alert.acknowledged"), time: "2026-11-23T14:00:00.000Z", event: "overdue", by: "Ann" };

  assert.deepEqual(alarms(worldAfter(pursuing(), crossing("confirmed"))), []);
  assert.deepEqual(alarms(worldAfter(pursuing(), ...late)), ["overdue"]);
  assert.deepEqual(alarms(worldAfter(pursuing(), ...late, obligation("met"))), []);
  assert.deepEqual(alarms(worldAfter(pursuing(), ...late, acknowledged)), []);
});
