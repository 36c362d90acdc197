// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { age, clock, countdown, course, moment, speed, territory, uncertainty, unix, utc } from "../../web/format.mjs";
import { alertWords, gapWords, spoken } from "../../web/words.mjs";
import { crossing, decision, obligation } from "./made.mjs";

test("clocks are 24 hours, Brussels, in winter and in summer", () => {
  assert.equal(clock(unix("2026-11-23T23:02:11.000Z")), "00:02:11");
  assert.equal(clock(unix("2026-07-01T12:00:00.000Z")), "14:00:00");
  assert.equal(utc(unix("2026-07-01T12:00:00.000Z")), "2026-07-01T12:00:00.000Z");
});

test("another day than today is said", () => {
  const now = unix("2026-11-24T12:00:00Z");

  assert.equal(moment(unix("2026-11-24T11:00:00Z"), now), "12:00:00");
  assert.equal(moment(unix("2026-11-23T11:00:00Z"), now), "Mon 12:00:00");
  assert.equal(moment(unix("2026-10-24T10:00:00Z"), now), "2026-10-24 12:00:00");
});

test("ages round to what a glance can take in, and a clock ahead is said", () => {
  assert.deepEqual([0.4, 89, 90, 5400, 200_000, -30].map(age), ["0 s", "89 s", "2 min", "2 h", "2 d", "30 s ahead"]);
});

test("countdowns have minutes and seconds", () => {
  assert.deepEqual([43.9, 0, -12.2, 725, 7207].map(countdown), ["0:43", "0:00", "0:12", "12:05", "2:00:07"]);
});

test("measures have units", () => {
  assert.deepEqual([0.2, 6.2, 1234].map(uncertainty), ["±1 m", "±6 m", "±1.2 km"]);
  assert.equal(speed(36.1), "130 km/h");
  assert.equal(speed(null), "–");
  assert.equal(course(359.9), "0° N");
  assert.equal(course(208.1), "208° SSW");
  assert.equal(territory("LU+DE"), "the Luxembourg–German river");
  assert.equal(territory("XX"), "XX");
});

const sign = (/** @type {string} */ unit) => unit.slice(3);

test("a decision says who may do what under which article, and what must be done by when", () => {
  const words = alertWords(decision(), sign);

  assert.equal(words.title, "K03: may continue on conditions");
  assert.equal(words.article, "Art. 21(1) · Benelux Police Treaty 2018 · R12");
  assert.deepEqual(words.lines[0], "May continue into NL.");
  assert.match(words.lines[1] ?? "", /^Must: Contact by \d\d:\d\d:\d\d \(Art\. 21\(2\)\(a\)\)$/);
  assert.deepEqual(words.more, ["Note: Traffic rules of the host state apply"]);
});

test("law that is not in the text is marked as such", () => {
  assert.deepEqual(alertWords(decision(), sign).marks, []);
  assert.match(alertWords(decision({ basis: "inferred" }), sign).marks.join(), /inferred/);
  assert.match(alertWords(decision({ basis: "unverified" }), sign).marks.join(), /not verified/);
});

test("a refusal is an alarm", () => {
  assert.equal(alertWords(decision({ permitted: "no" }), sign).tone, "alarm");
  assert.equal(alertWords(decision({ permitted: "no" }), sign).title, "K03: may not continue");
});

test("every kind of alert has words", () => {
  assert.match(alertWords(crossing("approaching"), sign).title, /about to go into the Netherlands/);
  assert.match(alertWords(crossing("confirmed"), sign).title, /crossed into the Netherlands/);
  assert.match(alertWords(obligation("overdue"), sign).lines[0] ?? "", /Meldkamer/);
  assert.match(spoken(alertWords(obligation("overdue"), sign)), /Overdue.*Art\. 21/);
});

test("what was missed is said, or that nobody knows", () => {
  assert.match(gapWords({ filled: true, events: 3, upto: 9 }, 12), /0:12.*3 events while away/);
  assert.match(gapWords({ filled: true, events: 1, upto: 9 }, 12), /1 event while away/);
  assert.match(gapWords({ filled: true, events: 0, upto: 9 }, 12), /No event was missed/);
  assert.match(gapWords({ filled: false, events: 0, upto: 9 }, 12), /could not be fetched/);
});
