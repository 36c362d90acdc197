// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, fold, isAlert, lag, settled } from "../../web/world.mjs";
import { T0, at, crossing, decision, obligation, pursuing, pursuit, row, snapshot, worldAfter } from "./made.mjs";

test("a snapshot replaces everything that was known", () => {
  const world = worldAfter(pursuing(), crossing("confirmed"), snapshot({ units: [row("NL-P1")], offset: 20 }));

  assert.deepEqual([...world.units.keys()], ["NL-P1"]);
  assert.equal(world.pursuits.size, 0);
  assert.equal(world.alerts.size, 0);
  assert.equal(world.offset, 20);
});

test("a fold changes nothing of the world it was given", () => {
  const before = worldAfter(pursuing(), obligation("opened"));
  const plain = () => structuredClone({ ...before, units: [...before.units.values()] });
  const copy = plain();

  fold(before, { type: "positions", time: T0 + 9, units: [row("BE-K03", { t: 8 })] });
  fold(before, { type: "event", offset: 99, event: crossing("confirmed") });
  fold(before, { type: "event", offset: 99, event: obligation("met") });

  assert.deepEqual(plain(), copy);
});

test("the newest position wins, and its lag is that of its arrival", () => {
  const world = worldAfter(snapshot(), { type: "positions", time: T0 + 5.5, units: [row("BE-K03", { t: 5, lat: 51.5 })] });

  assert.equal(world.units.get("BE-K03")?.lat, 51.5);
  assert.equal(world.units.get("BE-K03")?.lag_s, 0.5);
});

test("a row that only says that the unit went silent keeps the lag", () => {
  const silent = row("BE-K03", { quality: "stale" });
  const world = worldAfter(snapshot(), { type: "positions", time: T0 + 30, units: [silent] });

  assert.equal(world.units.get("BE-K03")?.quality, "stale");
  assert.equal(world.units.get("BE-K03")?.lag_s?.toFixed(1), "0.4");
});

test("who a unit is counts from when it is told, in its pursuit too", () => {
  const before = worldAfter(pursuing(), { type: "positions", time: T0 + 1, units: [row("XX-1")] });
  const roster = {
    "XX-1": { state: "BE", call_sign: "XX-1", pursuit: null, simulated: false },
    "BE-K03": { state: "NL", call_sign: "K03", pursuit: "p-1", simulated: false },
  };
  const after = fold(before, { type: "roster", roster });

  assert.equal(before.roster.get("XX-1"), undefined);
  assert.deepEqual(after.roster.get("XX-1"), roster["XX-1"]);
  assert.equal(after.pursuits.get("p-1")?.members[0]?.state, "NL");
  assert.equal(before.pursuits.get("p-1")?.members[0]?.state, "BE");
  assert.equal(after.units, before.units);
});

test("a suspect fix moves nothing on the screen", () => {
  const world = worldAfter(snapshot(), { type: "positions", time: T0 + 1, units: [row("BE-K03", { t: 1, lat: 53, quality: "suspect" })] });

  assert.equal(world.units.get("BE-K03")?.lat, 51.48);
  assert.equal(world.units.get("BE-K03")?.t, T0);
  assert.equal(world.units.get("BE-K03")?.quality, "suspect");
});

test("an approach is pending until the unit has crossed, and its alert is settled then", () => {
  const ahead = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }));
  const across = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }), crossing("confirmed"));

  assert.equal(ahead.pending.get("BE-K03")?.type, "crossing.approaching");
  assert.equal(settled(ahead).size, 0);
  assert.equal(across.pending.size, 0);
  assert.equal(settled(across).get("approaching"), "crossed");
  assert.equal(across.pursuits.get("p-1")?.members[0]?.territory, "NL");
  assert.equal(across.pursuits.get("p-1")?.crossings.length, 1);
});

test("an approach that is taken back is no longer pending, and its alert says so", () => {
  const world = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }), crossing("retracted", { reason: "turned" }));

  assert.equal(world.pending.size, 0);
  assert.equal(settled(world).get("approaching"), "taken_back");
});

test("a crossing that is corrected stands where and when it now is, and so does what was due by it", () => {
  const crossed = worldAfter(pursuing(), crossing("confirmed"), obligation("opened", { deadline: crossing("confirmed").crossed_at }));
  const later = { crossing: "confirmed", supersedes: "confirmed", crossed_at: "2026-11-23T14:05:00.000Z", lat: 51.5 };
  const world = fold(crossed, { type: "event", offset: 99, event: crossing("corrected", later) });

  const [stands] = world.pursuits.get("p-1")?.crossings ?? [];
  assert.equal(stands?.id, "confirmed");
  assert.equal(stands?.corrected_by, "corrected");
  assert.equal(stands?.lat, 51.5);
  assert.equal(world.pursuits.get("p-1")?.obligations[0]?.deadline, later.crossed_at);
});

test("a confirmed crossing that is taken back is an alarm, and the unit is where it came from", () => {
  const back = crossing("retracted", { takes_back: "confirmed", supersedes: "confirmed", reason: "late" });
  const crossed = worldAfter(pursuing(), crossing("confirmed"), decision({ crossing: "confirmed" }));
  const world = fold(crossed, { type: "event", offset: 99, event: back });

  assert.ok(world.alerts.has("retracted"));
  assert.equal(world.pursuits.get("p-1")?.crossings.length, 0);
  assert.equal(world.pursuits.get("p-1")?.members[0]?.territory, "BE");
  assert.deepEqual(world.pursuits.get("p-1")?.decisions, {});
});

test("an announced contact becomes due at the time that the decision names", () => {
  const announced = worldAfter(pursuing(), crossing("approaching", { eta_s: 39 }), obligation("opened"));
  const due = fold(fold(announced, { type: "event", offset: 98, event: crossing("confirmed") }), { type: "event", offset: 99, event: decision() });

  assert.equal(announced.pursuits.get("p-1")?.obligations[0]?.announced, true);
  assert.equal(due.pursuits.get("p-1")?.obligations[0]?.announced, false);
  assert.equal(due.pursuits.get("p-1")?.obligations[0]?.deadline, at(40.5));
});

test("an obligation is opened, overdue, met", () => {
  const late = worldAfter(pursuing(), crossing("confirmed"), obligation("opened"), obligation("overdue"));
  const met = worldAfter(pursuing(), obligation("opened"), obligation("overdue"), obligation("met", { late_s: 3 }));

  assert.equal(late.pursuits.get("p-1")?.obligations[0]?.overdue, true);
  assert.equal(late.pursuits.get("p-1")?.obligations.length, 1);
  assert.deepEqual(met.pursuits.get("p-1")?.obligations, []);
  assert.equal(settled(met).get("overdue"), "done");
});

test("a pursuit is started, joined, contacted about, stopped and ended by events alone", () => {
  const common = { time: at(1), pursuit: "p-9", phase: "running" };
  const world = worldAfter(
    snapshot({ units: [row("BE-K03"), row("NL-ZB12", { territory: "NL" })] }),
    { ...common, id: "1", type: "pursuit.started", unit: "BE-K03", note: "van" },
    { ...common, id: "2", type: "pursuit.joined", unit: "NL-ZB12" },
    { ...common, id: "3", type: "pursuit.contact", host: "NL", status: "established", with: "room" },
    { ...common, id: "4", type: "pursuit.contact", host: "NL", status: "attempted" },
    { ...common, id: "5", type: "pursuit.host_decision", host: "NL", decision: "stop", phase: "breaking_off" },
  );
  const running = world.pursuits.get("p-9");

  assert.deepEqual(running?.members.map(({ unit, state }) => [unit, state]), [["BE-K03", "BE"], ["NL-ZB12", null]]);
  assert.equal(world.roster.get("NL-ZB12")?.pursuit, "p-9");
  assert.equal(running?.lines[0]?.status, "established");
  assert.equal(running?.lines[0]?.with, "room");
  assert.equal(running?.lines[0]?.decision, "stop");
  assert.equal(running?.phase, "breaking_off");

  const ended = fold(world, { type: "event", offset: 99, event: { ...common, id: "6", type: "pursuit.ended", phase: "ended" } });

  assert.equal(ended.pursuits.get("p-9")?.phase, "ended");
  assert.equal(ended.roster.get("BE-K03")?.pursuit, null);
});

test("only what a dispatcher must see is an alert, and only in a pursuit", () => {
  assert.equal(isAlert(crossing("confirmed")), true);
  assert.equal(isAlert(crossing("confirmed", { pursuit: undefined })), false);
  assert.equal(isAlert(crossing("probable")), false);
  assert.equal(isAlert(obligation("overdue")), true);
  assert.equal(isAlert(obligation("opened")), false);
});

test("an acknowledgement names who gave it", () => {
  const acknowledged = /** @type {const} */ ({ id: "a", type: "alert.acknowledged", time: at(2), event: "confirmed", by: "Ann" });
  const world = worldAfter(pursuing(), crossing("confirmed"), acknowledged);

  assert.equal(world.alerts.get("confirmed")?.acknowledged_by, "Ann");
});

test("missed events count, and do not happen twice", () => {
  const before = worldAfter(pursuing());
  const ended = { ...pursuing(), offset: 12, recovered: true, roster: {}, pursuits: [pursuit({ phase: "ended" })] };
  let world = fold(before, ended);
  world = fold(world, { type: "event", offset: 11, event: crossing("approaching", { eta_s: 9 }) });
  world = fold(world, { type: "event", offset: 12, event: { id: "x", type: "pursuit.joined", time: at(1), pursuit: "p-1", phase: "running", unit: "BE-K07" } });

  assert.deepEqual(world.gap, { filled: true, events: 2, upto: 12 });
  assert.equal(world.pursuits.get("p-1")?.phase, "ended");
  assert.equal(world.pursuits.get("p-1")?.members.length, 1);
  assert.equal(world.pending.size, 0);
});

test("a first snapshot has no gap, and one that did not recover says that its gap is not filled", () => {
  assert.equal(worldAfter(snapshot()).gap, null);
  assert.equal(worldAfter(snapshot(), snapshot({ recovered: false })).gap?.filled, false);
});

test("approaches of a snapshot come from its alerts, unless their time is long past", () => {
  const alert = { offset: 5, event: crossing("approaching", { eta_s: 39 }), acknowledged_by: null, acknowledgements: [] };
  const fresh = worldAfter({ ...pursuing(), alerts: [alert] });
  const past = worldAfter({ ...pursuing(), alerts: [alert], units: [row("BE-K03", { t: 90 })] });

  assert.equal(fresh.pending.get("BE-K03")?.id, "approaching");
  assert.equal(past.pending.size, 0);
});

test("a pursuit's clock runs with the data of its freshest unit", () => {
  const world = worldAfter(pursuing(), { type: "positions", time: T0 + 1000, units: [row("BE-K03", { t: 10 })] });

  assert.equal(lag(world, pursuit()), 990);
  assert.equal(lag(EMPTY, pursuit()), 0);
});

test("a pursuit that becomes visible comes with its units, roster and alerts, and the event after it changes nothing twice", () => {
  const event = crossing("approaching", { eta_s: 60 });
  const roster = { "BE-K03": { state: "BE", call_sign: "K03", pursuit: "p-1", simulated: false } };
  const shown = pursuit({ id: "p-1" });
  const world = worldAfter(
    snapshot({ units: [row("NL-P1")], roster: {} }),
    { type: "show", pursuit: shown, units: [row("BE-K03")], roster, alerts: [{ offset: 11, event, acknowledged_by: null, acknowledgements: [] }] },
    event,
  );

  assert.deepEqual([...world.units.keys()].toSorted(), ["BE-K03", "NL-P1"]);
  assert.equal(world.roster.get("BE-K03")?.call_sign, "K03");
  assert.deepEqual(world.pursuits.get("p-1"), shown);
  assert.equal(world.alerts.size, 1);
  assert.equal(world.pending.get("BE-K03")?.type, "crossing.approaching");
});

test("what is hidden leaves nothing behind, and what is not stays the same object", () => {
  const before = worldAfter(pursuing(), crossing("approaching", { eta_s: 60 }));
  const after = fold(before, { type: "hide", pursuits: ["p-1"], units: ["BE-K03"] });

  for (const part of [after.units, after.roster, after.pursuits, after.alerts, after.pending]) assert.equal(part.size, 0);
  const unitsOnly = fold(before, { type: "hide", pursuits: [], units: ["BE-K03"] });
  assert.equal(unitsOnly.pursuits, before.pursuits);
  assert.equal(unitsOnly.alerts, before.alerts);
  assert.equal(unitsOnly.units.size, 0);
});
