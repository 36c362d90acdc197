// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { bundles } from "../../web/alerts.mjs";
import { keyOf } from "../../web/keys.mjs";
import { factsAhead, factsOfStart } from "../../web/preview.mjs";
import { shown } from "../../web/pursuit_panel.mjs";
import { settled } from "../../web/world.mjs";
import { T0, at, crossing, obligation, pursuing, pursuit, snapshot, worldAfter } from "./made.mjs";

test("alerts are bundled by pursuit, what waits on top and the most urgent first", () => {
  const world = worldAfter(
    snapshot({ pursuits: [pursuit(), pursuit({ id: "p-2" }), pursuit({ id: "p-3", phase: "ended" })] }),
    crossing("confirmed", { id: "c1" }),
    crossing("confirmed", { id: "c2", pursuit: "p-2", unit: "BE-K09" }),
    crossing("confirmed", { id: "c3", pursuit: "p-3", unit: "BE-K10" }),
    obligation("overdue", { id: "late" }),
  );
  // Its obligation is open still: the snapshot's pursuit has got it by the event itself.
  const found = bundles(world, settled(world));

  assert.deepEqual(found.map(({ pursuit: id }) => id), ["p-1", "p-2", "p-3"]);
  assert.deepEqual(found[0]?.open.map(({ event }) => event.id), ["late", "c1"]);
  assert.deepEqual(found[2]?.open, []);
  assert.deepEqual(found[2]?.done.map(({ event }) => event.id), ["c3"]);
});

test("after a long session the page keeps as many alerts and ended pursuits as it must, and no more", () => {
  /** @type {any[]} */
  const events = [];
  for (let number = 0; number < 700; number += 1) {
    const common = { time: at(number), pursuit: `p${number}`, unit: "BE-K03" };
    events.push({ ...common, id: `s${number}`, type: "pursuit.started", phase: "running" });
    events.push(crossing("confirmed", { id: `c${number}`, pursuit: `p${number}` }));
    events.push({ ...common, id: `e${number}`, type: "pursuit.ended", phase: "ended" });
  }
  const world = worldAfter(snapshot(), ...events);

  assert.equal(world.alerts.size, 500);
  assert.ok(world.alerts.has("c699"));
  assert.ok(world.pursuits.size <= 102);
});

test("running pursuits stay in the order in which they began; ended ones that owe nothing leave", () => {
  const owing = { id: "o", kind: "report", text: "", article: "", host: "NL", unit: "BE-K03", deadline: null, addressee: null, overdue: false };
  const ended = { phase: "ended", ended_at: at(0), members: [] };
  const world = worldAfter(
    snapshot({
      pursuits: [
        pursuit({ id: "old", ...ended }),
        pursuit({ id: "owes", ...ended, obligations: [owing] }),
        pursuit({ id: "a" }),
        pursuit({ id: "b" }),
      ],
    }),
  );

  const found = shown(world, T0 + 3600);
  assert.deepEqual(found.running.map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(found.ended.map(({ id }) => id), ["owes"]);
});

test("keys mean the same on every keyboard", () => {
  const actions = { "/": 1, "?": 1, a: 1, 1: 1, 7: 1 };
  const key = (/** @type {string} */ pressed, code = "", shiftKey = false) => keyOf({ key: pressed, code, shiftKey }, actions);

  assert.equal(key("a"), "a");
  assert.equal(key("A"), "a", "Caps Lock");
  assert.equal(key("&", "Digit1"), "1", "a Belgian keyboard");
  assert.equal(key("/", "Digit7", true), "/", "a German keyboard");
  assert.equal(key("?", "Minus", true), "?", "a German keyboard");
  assert.equal(key("!", "Digit1", true), null);
  assert.equal(key("x"), null);
});

test("the law is asked what a unit would do that starts here, and what a member does next", () => {
  assert.deepEqual(factsOfStart("BE", "BE", "NL", "stop_evaded", 7300), {
    unit: { origin_state: "BE" },
    pursuit: { kind: "pursuit", started_in: "BE", ground: "stop_evaded" },
    crossing: { from: "BE", to: "NL", time: 7200 },
    contact: { established_at: 7200 },
  });
  const world = worldAfter(pursuing());
  const running = world.pursuits.get("p-1");
  const member = running?.members[0];
  assert.ok(running && member);
  assert.deepEqual(factsAhead(running, member, "NL"), {
    unit: { origin_state: "BE" },
    pursuit: { kind: "pursuit", started_in: "BE" },
    crossing: { from: "BE", to: "NL" },
    contact: {},
  });
});
