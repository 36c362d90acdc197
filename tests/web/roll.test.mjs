// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { Roll } from "../../web/roll.mjs";

/** @param {number} many */
function numbers(many) {
  return Roll.of(Array.from({ length: many }, (_, number) => /** @type {[string, number]} */ ([`U-${number}`, number])));
}

test("a roll says of every name what a map says, whatever was set, left out and asked", () => {
  const map = new Map();
  /** @type {Roll<number>} */
  let roll = new Roll();
  for (let step = 0; step < 5000; step += 1) {
    const name = `U-${(step * 7919) % 1300}`;
    map.set(name, step);
    roll = roll.with([[name, step]]);
  }
  assert.deepEqual([...roll.keys()].toSorted().map((name) => [name, roll.get(name)]), [...map].toSorted());
  assert.equal(roll.size, map.size);

  const even = roll.where((name) => Number(name.slice(2)) % 2 === 0);
  assert.equal(even.size, [...map.keys()].filter((name) => Number(name.slice(2)) % 2 === 0).length);
  assert.equal(even.has("U-1"), false);
  assert.equal(even.get("U-2"), map.get("U-2"));
});

test("the roll before stays as it was", () => {
  const before = numbers(100);
  const after = before.with([["U-5", -5], ["new", 1]]);

  assert.deepEqual([before.get("U-5"), before.has("new"), before.size], [5, false, 100]);
  assert.deepEqual([after.get("U-5"), after.get("new"), after.size], [-5, 1, 101]);
  assert.equal(after.with([]), after);
});

test("what is new is found without a look at the rest", () => {
  const before = numbers(10_000);
  const after = before.with([["U-77", -1]]);

  const found = [...after.since(before)];
  assert.ok(found.includes(-1));
  assert.ok(found.length < 40, `${found.length} of 10,000`);
  assert.equal([...after.since(null)].length, 10_000);
  assert.deepEqual([...after.since(after)], []);
});

test("the names are the same object until one comes or goes, also in what belongs", () => {
  const known = { parts: new WeakMap(), names: new WeakMap() };
  const belongs = (/** @type {string} */ name) => name !== "U-1";
  const before = numbers(50);
  const moved = before.with([["U-7", 8]]);
  const more = moved.with([["U-50", 50]]);

  assert.equal(moved.names, before.names);
  assert.notEqual(more.names, before.names);
  assert.equal(moved.where(belongs, known).names, before.where(belongs, known).names);
  assert.notEqual(more.where(belongs, known).names, before.where(belongs, known).names);
  assert.equal(before.where(() => true), before);
});
