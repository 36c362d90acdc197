// @ts-check
/** @import {Alert, FeedEvent} from "../../web/wire.d.ts" */
/** @import {World} from "../../web/world.mjs" */
import assert from "node:assert/strict";
import { test } from "node:test";

import { CALL_S, LOUDER_S, due, priorityOf, secondChannel, waiting } from "../../web/alarms.mjs";
import { bundles } from "../../web/alerts.mjs";
import { pastWords } from "../../web/words.mjs";
import { EMPTY, fold, pastOf } from "../../web/world.mjs";
import { T0, at, crossing, decision, obligation, pursuing, row, worldAfter } from "./made.mjs";

const high = (/** @type {number} */ age_s) => [{ priority: /** @type {const} */ ("high"), age_s }];
const medium = (/** @type {number} */ age_s) => [{ priority: /** @type {const} */ ("medium"), age_s }];
const NONE = new Map();
/** @param {any} event @param {number | null} age_s */
const urgency = (event, age_s) => priorityOf({ offset: 1, event, acknowledged_by: null, acknowledgements: [], age_s });
const now = (/** @type {any} */ event) => urgency(event, null);
const then = (/** @type {any} */ event) => urgency(event, 7200);
const LATE = [obligation("opened"), obligation("overdue")];

test("an alarm repeats, louder after 15 s, and urgently when nobody answers for a minute", () => {
  assert.deepEqual(due(high(0), Infinity), { tone: "alarm", loud: false });
  assert.equal(due(high(5), 7.9), null);
  assert.deepEqual(due(high(LOUDER_S), 8), { tone: "alarm", loud: true });
  assert.equal(due(high(CALL_S), 3.9), null);
  assert.deepEqual(due(high(CALL_S), 4), { tone: "urgent", loud: true });
});

test("a crossing chimes until somebody has seen it, and becomes an alarm when nobody does", () => {
  assert.deepEqual(due(medium(0), Infinity), { tone: "chime", loud: false });
  assert.equal(due(medium(14), 14), null);
  assert.deepEqual(due(medium(LOUDER_S), 15), { tone: "chime", loud: true });
  assert.deepEqual(due(medium(CALL_S), 15), { tone: "alarm", loud: true });
});

test("what only informs is not heard, and silence is silence", () => {
  assert.equal(due([], Infinity), null);
  assert.equal(due([{ priority: "low", age_s: 500 }], Infinity), null);
});

test("every kind of alarm has its urgency", () => {
  const stop = { id: "s", type: "pursuit.host_decision", time: at(1), pursuit: "p-1", phase: "breaking_off", host: "NL", decision: "stop" };
  const lost = { id: "l", type: "unit.lost", time: at(1), unit: "BE-K03", silent_s: 30, pursuit: "p-1" };

  assert.deepEqual(
    [crossing("approaching"), crossing("confirmed"), obligation("overdue"), stop, { ...stop, decision: "joint" }, lost].map(now),
    ["medium", "medium", "high", "high", "medium", "high"],
  );
  assert.deepEqual([decision(), decision({ permitted: "no" })].map(now), ["low", "high"]);
});

test("what has been sounds no alarm: a crossing is silent, what may still be owed chimes and goes on doing so", () => {
  const lost = { id: "l", type: "unit.lost", time: at(1), unit: "BE-K03", silent_s: 30, pursuit: "p-1" };

  assert.deepEqual([crossing("approaching"), crossing("confirmed"), obligation("overdue"), lost].map(then), ["low", "low", "medium", "high"]);
  assert.deepEqual([decision(), decision({ permitted: "no" })].map(then), ["low", "medium"]);
  const owed = { priority: /** @type {const} */ ("medium"), age_s: CALL_S, past: true };
  assert.deepEqual(due([owed], 15), { tone: "chime", loud: true });
  assert.deepEqual(due([owed, ...high(0)], 8), { tone: "alarm", loud: true }, "what happens now is not held up by it");
});

test("a backlog of hours ago waits below what happens now, from when it came", () => {
  const begin = worldAfter(pursuing());
  const old = { ...crossing("confirmed", { id: "then" }), time: at(-7200) };
  const owed = { ...obligation("overdue", { id: "owed" }), time: at(-7199) };
  const told = [old, owed].reduce((world, event) => fold(world, { type: "event", offset: world.offset + 1, event, age_s: 7200 }), begin);
  const world = fold(told, { type: "event", offset: told.offset + 1, event: crossing("confirmed", { id: "now" }) });
  const found = waiting(world, T0 + 10);

  assert.deepEqual(found.map(({ alert }) => alert.event.id), ["now", "owed", "then"]);
  assert.deepEqual(found.slice(1).map(({ age_s }) => age_s), [9, 10], "seconds since they came");
  assert.deepEqual(bundles(world, NONE)[0]?.open.map(({ event }) => event.id), ["now", "owed", "then"]);
  const [, late] = found;
  assert.ok(late);
  assert.equal(secondChannel(world, late.alert, NONE, T0 + CALL_S), null);
  assert.deepEqual(secondChannel(world, late.alert, NONE, T0 + 1 + CALL_S), { host: "NL", to: "Meldkamer" });
  assert.equal(pastWords(T0 - 7200, 7200), "PAST · as of 12:02 UTC, known 2 h later");
  assert.equal(pastWords(T0 - 86_400, 86_400), "PAST · as of 2026-11-22 14:02 UTC, known 24 h later");
});

test("a pursuit whose newest fix is of the past says so, while it goes on", () => {
  const [running] = pursuing().pursuits;
  assert.ok(running);
  const heard = (/** @type {number} */ t) => fold(worldAfter(pursuing()), { type: "positions", time: T0, offset: 10, units: [row("BE-K03", { t })] });

  assert.equal(pastOf(heard(-7200), running, T0), T0 - 7200);
  assert.equal(pastOf(heard(-299), running, T0), null);
  assert.equal(pastOf(heard(0), running, T0 + 301), T0, "nothing has come since");
  assert.equal(pastOf(heard(-7200), { ...running, phase: "ended" }, T0), null);
  assert.equal(pastOf(heard(-7200), { ...running, members: [] }, T0), null);
});

test("what is overdue waits until it is done or acknowledged; the most urgent comes first", () => {
  const acknowledged = { id: "a", type: /** @type {const} */ ("alert.acknowledged"), time: at(60), event: "overdue", by: "Ann" };
  const ids = (/** @type {any[]} */ ...events) => waiting(worldAfter(pursuing(), ...events), T0 + 50).map(({ alert }) => alert.event.id);

  assert.deepEqual(ids(...LATE, crossing("confirmed")), ["overdue", "confirmed"]);
  assert.deepEqual(ids(...LATE, obligation("met")), []);
  assert.deepEqual(ids(...LATE, acknowledged), []);
});

test("nothing of an ended pursuit goes on sounding, but what it still owes", () => {
  const ended = { id: "e", type: "pursuit.ended", time: at(70), pursuit: "p-1", phase: "ended" };
  const world = worldAfter(pursuing(), crossing("confirmed"), ...LATE, /** @type {any} */ (ended));

  assert.deepEqual(waiting(world, T0 + 80).map(({ alert }) => alert.event.id), ["overdue"]);
});

test("the age of an alert runs on the clock of its data", () => {
  const world = worldAfter(pursuing(), ...LATE);

  assert.ok(Math.abs((waiting(world, T0 + 41.4)[0]?.age_s ?? 0) - 40) < 0.01);
});

test("after a minute the page says whom to call", () => {
  const world = worldAfter(pursuing(), ...LATE);
  const [early] = waiting(world, T0 + 60);
  const [late] = waiting(world, T0 + 62);
  assert.ok(early && late);

  assert.equal(secondChannel(world, early.alert, NONE, T0 + 42), null);
  assert.deepEqual(secondChannel(world, late.alert, NONE, T0 + 62 + CALL_S), { host: "NL", to: "Meldkamer" });

  const ahead = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }), obligation("opened"));
  const [open] = waiting(ahead, T0 + 90);
  assert.ok(open);
  assert.deepEqual(secondChannel(ahead, open.alert, NONE, T0 + 90), { host: "NL", to: "Meldkamer" });
});

test("each room acknowledges for itself: ours does not count for the host's, nor the host's for ours", () => {
  const event = crossing("confirmed");
  const seen = (/** @type {string | undefined} */ state) => ({
    id: `seen-${state}`, time: at(5), type: /** @type {const} */ ("alert.acknowledged"), event: event.id, by: "Ann", ...(state ? { state } : {}),
  });
  const begin = fold({ ...EMPTY, home: "BE" }, pursuing());
  const tell = (/** @type {World} */ world, /** @type {FeedEvent[]} */ ...events) =>
    events.reduce((told, one) => fold(told, { type: "event", offset: told.offset + 1, event: one }), world);
  const alertOf = (/** @type {World} */ world) => /** @type {Alert} */ (world.alerts.get(event.id));
  const call = (/** @type {World} */ world) => secondChannel(world, alertOf(world), NONE, T0 + 2 + CALL_S);

  const ours = tell(begin, event, seen("BE"));
  assert.equal(alertOf(ours).acknowledged_by, "Ann");
  assert.deepEqual(call(ours), { host: "NL", to: null });
  assert.equal(secondChannel(ours, alertOf(ours), NONE, T0 + CALL_S), null);
  assert.equal(bundles(ours, NONE, new Set([event.id]))[0]?.open.length, 1);

  const theirs = tell(begin, event, seen("NL"));
  assert.equal(alertOf(theirs).acknowledged_by, null);
  assert.equal(call(theirs), null);
  assert.equal(call(tell(ours, seen("NL"))), null);
  assert.equal(call(tell(begin, event, seen(undefined))), null);
  assert.equal(alertOf(tell(begin, event, seen(undefined))).acknowledged_by, "Ann");

  const reached = { id: "c", time: at(6), type: "pursuit.contact", pursuit: "p-1", phase: "running", host: "NL", status: "established" };
  assert.equal(call(tell(ours, /** @type {any} */ (reached))), null);
});
