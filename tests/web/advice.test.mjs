// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { advise, then } from "../../web/advice.mjs";
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

/** @param {object} rest */
const said = (rest) => ({ id: JSON.stringify(rest), time: at(50), pursuit: "p-1", phase: "running", ...rest });

test("a call that nobody answered is to be tried again", () => {
  const attempted = said({ type: "pursuit.contact", host: "NL", status: "attempted" });

  assert.equal(advice(50, ...ACROSS, attempted).what, "Try Meldkamer again: no answer yet");
});

test("danger says so, and goes before the stop of a host", () => {
  const danger = said({ type: "pursuit.danger", phase: "breaking_off", disproportionate: true });

  assert.equal(advice(50, ...ACROSS, danger).what, "Break off: the danger is out of proportion");
});

test("a lost unit is to be called, once the contact is made", () => {
  const lost = said({ type: "unit.lost", unit: "BE-K03", silent_s: 30 });

  assert.equal(advice(60, ...ACROSS, lost).row, "contact");
  assert.equal(advice(60, ...ACROSS, obligation("met"), lost).what, "K03 is lost: call the crew");
  assert.equal(advice(60, ...ACROSS, obligation("met"), lost).clock, "silent for 1:00");
});

test("what is due at once, or soon, is the thing to do; what has a day is not", () => {
  const rest = { obligation: "o-3", id: "o3", kind: "inform_contact_points", text: "Tell them", addressee: null };
  const now = obligation("opened", { ...rest, deadline: null });
  const later = obligation("opened", { ...rest, deadline: at(86_400) });

  assert.equal(advice(50, ...ACROSS, obligation("met"), now).what, "Tell them");
  assert.equal(advice(50, ...ACROSS, obligation("met"), later).tone, "calm");
  assert.equal(advice(85_600, ...ACROSS, obligation("met"), later).row, "at_once");
});

test("when a host has taken over, it leads", () => {
  const takeover = said({ type: "pursuit.host_decision", phase: "taken_over", host: "NL", decision: "takeover" });

  assert.equal(advice(50, ...ACROSS, obligation("met"), takeover).what, "The Netherlands leads: follow its instructions");
});

test("after the end the reports come first, then what else is owed, then nothing", () => {
  const ended = said({ type: "pursuit.ended", phase: "ended" });
  const report = obligation("opened", { id: "r", obligation: "o-9", kind: "report", deadline: null, addressee: null });
  const confirm = obligation("opened", { id: "c", obligation: "o-8", kind: "confirm_in_writing", text: "Confirm", deadline: at(86_400) });
  const met = (/** @type {string} */ id) => obligation("met", { id: `met ${id}`, obligation: id });

  assert.equal(advice(70, ...ACROSS, met("o-1"), ended, report, confirm).what, "Report to the Netherlands");
  assert.equal(advice(70, ...ACROSS, met("o-1"), ended, report, confirm, met("o-9")).what, "Confirm");
  assert.equal(advice(70, ...ACROSS, met("o-1"), ended, report, met("o-9")).what, "Ended: nothing is due");
});

test("what comes next is said too, but not twice", () => {
  const world = worldAfter(pursuing(), ...AHEAD);
  const ahead = world.pursuits.get("p-1");
  assert.ok(ahead);
  assert.equal(then(world, ahead, T0), null);

  const late = worldAfter(pursuing(), ...ACROSS, obligation("opened", { id: "i", obligation: "o-3", kind: "inform_contact_points", text: "Tell them", deadline: null }));
  const across = late.pursuits.get("p-1");
  assert.ok(across);
  assert.equal(then(late, across, T0 + 50)?.what, "Tell them");
});
