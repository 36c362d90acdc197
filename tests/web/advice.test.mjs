// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { advise } from "../../web/advice.mjs";
import { T0, at, crossing, decision, obligation, pursuing, worldAfter } from "./made.mjs";

/**
 * @param {number} seconds after T0
 * @param {...any} events
 */
function advice(seconds, ...events) {
  const world = worldAfter(pursuing(), ...events);
  const found = world.pursuits.get("p-1");
  assert.ok(found);
  return advise(world, found, T0 + seconds);
}

const AHEAD = [crossing("approaching", { eta_s: 39 }), obligation("opened")];
const ACROSS = [...AHEAD, crossing("confirmed"), decision()];

test("nothing is due at home", () => {
  assert.equal(advice(0).tone, "calm");
});

test("before the border: whom to contact, and how long until the crossing", () => {
  const found = advice(-3, ...AHEAD);

  assert.equal(found.what, "Contact Meldkamer");
  assert.equal(found.clock, "crossing in 0:43");
  assert.equal(found.article, "Art. 21(2)(a)");
  assert.equal(found.tone, "soon");
});

test("a forecast cannot be overdue", () => {
  assert.equal(advice(45, ...AHEAD).clock, "crossing expected now");
  assert.equal(advice(45, ...AHEAD, crossing("probable")).clock, "crossing expected now");
});

test("after the border the contact is overdue from the time that the decision names", () => {
  const found = advice(52.6, ...ACROSS);

  assert.equal(found.clock, "overdue 0:12");
  assert.equal(found.tone, "overdue");
});

test("breaking off comes before everything else", () => {
  const stop = { id: "s", type: "pursuit.host_decision", time: at(50), pursuit: "p-1", phase: "breaking_off", host: "NL", decision: "stop" };

  assert.equal(advice(50, ...ACROSS, stop).what, "Break off: NL says stop");
  assert.equal(advice(50, ...ACROSS, stop).tone, "stop");
});

test("who holds a person hands over before anything is reported", () => {
  const hold = { id: "h", type: "pursuit.hold", time: at(60), pursuit: "p-1", phase: "held", unit: "BE-K03", host: "NL" };
  const due = obligation("opened", { obligation: "o-2", kind: "hand_over", article: "Art. 36(2)" });

  assert.match(advice(60, ...ACROSS, hold, due).what, /^Hand over to Meldkamer/);
  assert.equal(advice(60, ...ACROSS, hold, due).article, "Art. 36(2)");
});

test("a decision that refuses is said as a stop, also while a contact is open", () => {
  const found = advice(50, ...ACROSS, decision({ id: "d2", permitted: "no", title: "The host has said no" }));

  assert.equal(found.tone, "stop");
  assert.equal(found.what, "The host has said no");
});

test("an uncertain decision asks what would settle it", () => {
  const asks = [{ fact: "ground", question: "Was an offence committed?", would_change: "R7" }];
  const found = advice(50, crossing("confirmed"), decision({ permitted: "uncertain", asks }));

  assert.equal(found.what, "Was an offence committed?");
});

test("once the contact is made, and over again at home, nothing is due", () => {
  const met = advice(50, ...ACROSS, obligation("met"));

  assert.equal(met.tone, "calm");
  assert.match(met.what, /^K03 may continue/);
});
