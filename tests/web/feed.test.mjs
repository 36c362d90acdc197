// @ts-check
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ANSWER_MS, Feed, SILENCE_MS } from "../../web/feed.mjs";
import { crossing, snapshot } from "./made.mjs";

/** A socket whose other end is the test. */
class Wire {
  /** @type {any[]} */ sent = [];
  closed = false;
  onopen = () => {};
  onmessage = (/** @type {{data: string}} */ _) => {};
  onclose = (/** @type {{code: number, reason: string}} */ _) => {};

  send(/** @type {string} */ text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  hear(/** @type {object} */ message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

let now = 0;
/** @type {Wire[]} */
let wires = [];
/** @type {string[]} */
let heard = [];
/** @type {Feed} */
let feed;

beforeEach((t) => {
  now = 0;
  wires = [];
  heard = [];
  const open = () => {
    const wire = new Wire();
    wires.push(wire);
    return /** @type {WebSocket} */ (/** @type {unknown} */ (wire));
  };
  feed = new Feed(
    "ws://here/live",
    { message: ({ type }) => heard.push(type), up: () => heard.push("up"), down: (reason) => heard.push(`down: ${reason}`), retry: () => {}, out: () => heard.push("out") },
    { open, now: () => now, random: () => 1 },
  );
  feed.start();
  if ("after" in t) t.after(() => feed.stop());
});

function connect(index = 0) {
  const wire = wires[index];
  assert.ok(wire);
  wire.onopen();
  return wire;
}

/** @param {number} milliseconds */
function wait(milliseconds) {
  now += milliseconds;
  feed.check();
}

test("a fresh start subscribes to everything", () => {
  assert.deepEqual(connect().sent, [{ type: "subscribe", epoch: null, offset: null, bbox: null }]);
});

test("the link is up from the snapshot on", () => {
  const wire = connect();
  assert.deepEqual(heard, []);

  wire.hear(snapshot());

  assert.deepEqual(heard, ["up", "snapshot"]);
});

test("silence is a lost link, well within three seconds; a heartbeat is no silence", () => {
  const wire = connect();
  wire.hear(snapshot());
  wait(SILENCE_MS - 100);
  wire.hear({ type: "heartbeat", time: 1 });
  wait(SILENCE_MS - 100);
  assert.deepEqual(heard, ["up", "snapshot", "heartbeat"]);

  wait(200);

  assert.match(heard.at(-1) ?? "", /^down: nothing heard/);
  assert.equal(wire.closed, true);
  assert.ok(SILENCE_MS < 3000 - 250);
});

for (const code of [4401, 4403]) {
  test(`who is sent out with ${code} is told so, and it does not come back`, () => {
    const wire = connect();
    wire.hear(snapshot());
    wire.onclose({ code, reason: "the session has ended" });
    const before = wires.length;
    wait(60_000);

    assert.equal(heard.at(-1), "out");
    assert.equal(wires.length, before);
  });
}

test("it comes back with the epoch and offset of the last event that was taken in", () => {
  const wire = connect();
  wire.hear(snapshot());
  wire.hear({ type: "event", offset: 11, event: crossing("confirmed") });
  wire.onclose({ code: 1006, reason: "" });
  wait(10_000);

  assert.deepEqual(connect(1).sent, [{ type: "subscribe", epoch: "e1", offset: 11, bbox: null }]);
});

test("the lost link is said once, however many attempts fail, and each waits longer up to a limit", () => {
  const wire = connect();
  wire.hear(snapshot());
  wire.onclose({ code: 1006, reason: "" });
  const waits = [];
  for (let attempt = 1; attempt < 8; attempt += 1) {
    let waited = 0;
    while (wires.length === attempt) {
      wait(50);
      waited += 50;
    }
    waits.push(waited);
    wires[attempt]?.onclose({ code: 1006, reason: "" });
  }

  assert.equal(heard.filter((what) => what.startsWith("down")).length, 1);
  assert.deepEqual(waits, [400, 800, 1600, 3200, 5000, 5000, 5000]);
});

test("a server that accepts and then says nothing is left", () => {
  connect();
  wait(ANSWER_MS + 1);

  assert.match(heard.at(-1) ?? "", /does not answer/);
});

test("what a socket says after it was given up is not heard", () => {
  const wire = connect();
  wire.hear(snapshot());
  wait(SILENCE_MS + 1);
  const before = heard.length;

  wire.hear({ type: "heartbeat", time: 1 });
  wire.onclose({ code: 1000, reason: "" });

  assert.equal(heard.length, before);
});

test("a page that was too busy to look takes no silence for a lost link, and a lost one is noticed once it looks again", () => {
  connect().hear(snapshot());
  now += 60_000;
  feed.look();
  assert.deepEqual(heard, ["up", "snapshot"]);

  for (let waited = 0; waited <= SILENCE_MS; waited += 250) {
    now += 250;
    feed.look();
  }
  assert.equal(heard.at(-1)?.startsWith("down"), true);
});
