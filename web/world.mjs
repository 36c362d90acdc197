// @ts-check
/**
 * The world as the feed tells it: a pure fold of its messages. `fold(world, message)` gives the next world and never
 * changes the one it was given; parts that did not change stay the same objects, so that a view can compare by `===`.
 */

/**
 * @import {
 *   AcknowledgedEvent, Alert, AlertEvent, ApproachingEvent, CrossingEvent, Fault, FeedEvent, FeedMessage, Pursuit, PursuitEvent, Row,
 *   HideMessage, RosterEntry, RosterMessage, ShowMessage, SnapshotMessage
 * } from "./wire.d.ts"
 */

import { unix } from "./format.mjs";
import { Roll } from "./roll.mjs";
import { isSimulated } from "./part.mjs";
import { began, conductedIn, correctedIn, crossedIn, decidedIn, joinedIn, owedIn, takenBackIn } from "./pursuit_fold.mjs";

/** @typedef {ApproachingEvent | CrossingEvent} PendingEvent announced, or probable and not confirmed yet */

/**
 * @typedef {object} Unit
 * @property {string} name
 * @property {number} t time of its newest fix, Unix seconds UTC
 * @property {number} lon
 * @property {number} lat
 * @property {number | null} speed metres per second
 * @property {number | null} course degrees from true north, clockwise
 * @property {string} territory
 * @property {import("./wire.d.ts").Quality} quality
 * @property {number} lag_s how far the server's clock was ahead of the fix when we heard of it
 */

/**
 * @typedef {object} Gap what happened while the link was down
 * @property {boolean} filled false: nobody can say what is missing from this screen
 * @property {number} events how many came afterwards
 * @property {number} upto offset at which the gap ends
 */

/**
 * @typedef {object} World
 * @property {string | null} epoch null before the first snapshot
 * @property {number} offset of the newest event in it
 * @property {Gap | null} gap of the latest reconnection; null on the first connection
 * @property {string | null} home the state whose control room looks at this; null sees everything
 * @property {import("./contacts.mjs").Contacts} contacts how control rooms are reached
 * @property {readonly Fault[]} faults of the server, that stand now
 * @property {Roll<Unit>} units
 * @property {ReadonlyMap<string, RosterEntry>} roster
 * @property {ReadonlyMap<string, Pursuit>} pursuits oldest first
 * @property {ReadonlyMap<string, Alert>} alerts by id of their event, oldest first
 * @property {ReadonlyMap<string, PendingEvent>} pending crossings ahead of confirmation: the newest of each unit
 */

/** @type {World} */
export const EMPTY = {
  epoch: null,
  offset: 0,
  gap: null,
  home: null,
  contacts: {},
  faults: [],
  units: new Roll(),
  roster: new Map(),
  pursuits: new Map(),
  alerts: new Map(),
  pending: new Map(),
};

const ALERT_TYPES = new Set([
  "crossing.approaching",
  "crossing.confirmed",
  "decision",
  "obligation.overdue",
  "pursuit.host_decision",
  "unit.lost",
]);
/** What is not over with its pursuit. */
const ASKS_AFTER_END = new Set(["obligation.overdue", "crossing.retracted"]);
/** The page keeps as many alerts as the server does; the journal has all. */
const ALERTS_KEPT = 500;
/** Ended pursuits that are kept in mind. */
const ENDED_KEPT = 100;
/** Seconds after its forecast time at which an announced crossing that never came is no longer shown. */
export const FORECAST_KEPT_S = 20;

/**
 * @param {World} world
 * @param {FeedMessage} message
 * @returns {World}
 */
export function fold(world, message) {
  switch (message.type) {
    case "snapshot":
      return fromSnapshot(world, message);
    case "positions":
      return { ...world, units: moved(world.units, message.units, message.time) };
    case "event":
      if (message.offset > world.offset) return happened({ ...world, offset: message.offset }, message.event, message.age_s);
      // From before the snapshot: what it did is in the picture already; it only says what was missed.
      return world.gap?.filled ? { ...world, gap: { ...world.gap, events: world.gap.events + 1 } } : world;
    case "show":
      return shown(world, message);
    case "roster":
      return introduced(world, message);
    case "hide":
      return hidden(world, message);
    case "status":
      return { ...world, faults: message.faults };
    default:
      return world;
  }
}

/**
 * Is this event one that a dispatcher must see and acknowledges?
 * @param {FeedEvent} event
 * @returns {event is AlertEvent}
 */
export function isAlert(event) {
  const isOne =
    event.type === "crossing.retracted" ? event.takes_back === "confirmed" : ALERT_TYPES.has(event.type);
  return isOne && "pursuit" in event && event.pursuit != null;
}

/** Data so old is of the past, as the server has it of alerts. */
const PAST_S = 300;

/**
 * When the newest fix of a pursuit was taken, if that makes its picture one of the past: its units send a backlog or a
 * recording, or nothing any more. Null where it is of now, and where it is over.
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {number} now server time, Unix seconds UTC
 * @returns {number | null} Unix seconds UTC
 */
export function pastOf(world, pursuit, now) {
  const newest = Math.max(...pursuit.members.map(({ unit }) => world.units.get(unit)?.t ?? -Infinity));
  return pursuit.phase !== "ended" && Number.isFinite(newest) && now - newest >= PAST_S ? newest : null;
}

/**
 * How far behind the server's clock the data of a pursuit runs, seconds: its deadlines run on data time, so that a
 * replayed recording behaves as it did then.
 * @param {World} world
 * @param {Pursuit} pursuit
 */
export function lag(world, pursuit) {
  const lags = pursuit.members.map(({ unit }) => world.units.get(unit)?.lag_s ?? Infinity);
  const least = Math.min(...lags);
  return Number.isFinite(least) ? least : 0;
}

/** What was found before: it is asked for often, of the same world. @type {WeakMap<World, Map<string, string>>} */
const SETTLED = new WeakMap();

/**
 * Alerts that what followed has settled: an announced crossing that came or was taken back, an overdue contact that
 * was made. Gives for each how, as a word of the catalogues (`settled.…`).
 * @param {World} world
 * @returns {Map<string, string>}
 */
export function settled(world) {
  const known = SETTLED.get(world);
  if (known) return known;
  /** @type {Map<string, string>} */
  const words = new Map();
  SETTLED.set(world, words);
  /** @type {Map<string, Alert>} */
  const announced = new Map();
  /** @type {Map<string, string>} the latest decision of each host in each pursuit */
  const decided = new Map();
  for (const alert of world.alerts.values()) {
    const { event } = alert;
    if (!ASKS_AFTER_END.has(event.type) && world.pursuits.get(event.pursuit ?? "")?.phase === "ended") {
      words.set(event.id, "ended");
    }
    if (event.type === "crossing.approaching") {
      const before = announced.get(event.unit);
      if (before) words.set(before.event.id, "newer");
      announced.set(event.unit, alert);
    } else if (event.type === "crossing.confirmed") {
      const before = announced.get(event.unit);
      if (before) words.set(before.event.id, "crossed");
      announced.delete(event.unit);
    } else if (event.type === "decision" && event.supersedes) {
      words.set(event.supersedes, "again");
    } else if (event.type === "pursuit.host_decision") {
      const key = `${event.pursuit} ${event.host}`;
      const before = decided.get(key);
      if (before !== undefined) words.set(before, "newer_decision");
      decided.set(key, event.id);
    } else if (event.type === "obligation.overdue") {
      const pursuit = world.pursuits.get(event.pursuit);
      const open = pursuit?.obligations.some((duty) => duty.id === event.obligation);
      if (!open) words.set(event.id, "done");
    } else if (event.type === "unit.lost") {
      const quality = world.units.get(event.unit)?.quality;
      if (quality !== "lost" && quality !== "stale") words.set(event.id, "heard");
    }
  }
  for (const [unit, { event }] of announced) {
    if (!world.pending.has(unit)) words.set(event.id, "taken_back");
  }
  return words;
}

/**
 * @param {World} world
 * @param {SnapshotMessage} message
 * @returns {World}
 */
function fromSnapshot(world, message) {
  const alerts = new Map(message.alerts.toSorted((a, b) => a.offset - b.offset).map((alert) => [alert.event.id, alert]));
  return {
    epoch: message.epoch,
    offset: message.offset,
    gap: world.epoch === null ? null : { filled: message.recovered, events: 0, upto: message.offset },
    home: world.home,
    contacts: world.contacts,
    faults: message.status?.faults ?? [],
    units: moved(new Roll(), message.units, message.server_time, world.units),
    roster: new Map(Object.entries(message.roster)),
    pursuits: new Map(message.pursuits.map((pursuit) => [pursuit.id, pursuit])),
    alerts,
    pending: pendingOf(alerts.values(), message),
  };
}

/**
 * A pursuit that has become visible, with its units, or of which something else is to be seen now.
 * @param {World} world
 * @param {ShowMessage} message
 * @returns {World}
 */
function shown(world, { pursuit, units, roster, alerts }) {
  const all = [...world.alerts.values(), ...alerts].toSorted((a, b) => a.offset - b.offset);
  const news = units.filter(([name]) => !world.units.has(name));
  return {
    ...world,
    // As in a snapshot: how late these fixes came is not known, only that they came.
    units: news.reduce((known, row) => moved(known, [row], row[1]), world.units),
    roster: new Map([...world.roster, ...Object.entries(roster)]),
    pursuits: put(world.pursuits, pursuit.id, pursuit),
    alerts: new Map(all.map((alert) => [alert.event.id, alert])),
  };
}

/**
 * What the roster says of some units now; it says the same of them where they are in a pursuit.
 * @param {World} world
 * @param {RosterMessage} message
 * @returns {World}
 */
function introduced(world, { roster }) {
  const pursuits = new Map(world.pursuits);
  for (const [id, pursuit] of pursuits) {
    if (!pursuit.members.some(({ unit }) => unit in roster)) continue;
    const members = pursuit.members.map((member) => ({ ...member, state: (roster[member.unit] ?? member).state }));
    pursuits.set(id, { ...pursuit, members });
  }
  return { ...world, pursuits, roster: new Map([...world.roster, ...Object.entries(roster)]) };
}

/**
 * What is not for this screen any more.
 * @param {World} world
 * @param {HideMessage} message
 * @returns {World}
 */
function hidden(world, message) {
  const units = new Set(message.units);
  const pursuits = new Set(message.pursuits);
  const isGone = (/** @type {Alert} */ { event }) => event.pursuit !== undefined && pursuits.has(event.pursuit);
  return {
    ...world,
    units: world.units.where((name) => !units.has(name)),
    roster: without(world.roster, (name) => units.has(name)),
    pending: without(world.pending, (name) => units.has(name)),
    pursuits: without(world.pursuits, (id) => pursuits.has(id)),
    alerts: without(world.alerts, (_, alert) => isGone(alert)),
  };
}

/**
 * A map without some of its entries; the same map, when it has none of them.
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {(key: K, value: V) => boolean} isGone
 * @returns {ReadonlyMap<K, V>}
 */
function without(map, isGone) {
  const left = [...map].filter(([key, value]) => !isGone(key, value));
  return left.length === map.size ? map : new Map(left);
}

/**
 * The announcements that still stand, as far as the alerts tell.
 * @param {Iterable<Alert>} alerts oldest first
 * @param {SnapshotMessage} message
 */
function pendingOf(alerts, message) {
  /** @type {Map<string, PendingEvent>} */
  const pending = new Map();
  for (const { event } of alerts) {
    if (event.type === "crossing.approaching") pending.set(event.unit, event);
    else if (event.type === "crossing.confirmed") pending.delete(event.unit);
  }
  for (const [unit, t] of message.units) {
    const approach = pending.get(unit);
    if (approach && t > unix(approach.crossed_at) + FORECAST_KEPT_S) pending.delete(unit);
  }
  return pending;
}

/**
 * @param {Roll<Unit>} units
 * @param {Row[]} rows
 * @param {number} time server time of the frame, Unix seconds UTC
 * @param {Roll<Unit>} [known] whose lag is kept for a fix that is not new
 */
function moved(units, rows, time, known = units) {
  const isKnown = known === units;
  return units.renewed(rows, ([name]) => name, (row, before) => unitOf(row, time, isKnown ? before : known.get(row[0])));
}

/**
 * @param {Row} row
 * @param {number} time server time of the frame, Unix seconds UTC
 * @param {Unit | undefined} before
 * @returns {Unit}
 */
function unitOf([name, t, lon, lat, speed, course, territory, quality], time, before) {
  // A place that cannot be true moves nothing on the screen: the unit stays where it last was, and says so.
  if (quality === "suspect" && before) return { ...before, quality };
  // A row that says only that the unit went silent carries an old fix; the lag is that of when it came.
  const lag_s = before?.t === t ? before.lag_s : time - t;
  // The name that is known already is found again faster than the same letters from another message.
  return { name: before?.name ?? name, t, lon, lat, speed, course, territory, quality, lag_s };
}

/**
 * @param {World} world
 * @param {FeedEvent} event
 * @param {number | null} [age_s] how old it was when it became known, if it is of the past
 * @returns {World}
 */
function happened(world, event, age_s = null) {
  const fresh = { offset: world.offset, acknowledged_by: null, acknowledgements: [], age_s };
  const alerted = isAlert(event) ? { ...world, alerts: newest(put(world.alerts, event.id, { ...fresh, event })) } : world;
  switch (event.type) {
    case "crossing.approaching":
    case "crossing.probable":
      return { ...alerted, pending: put(alerted.pending, event.unit, event) };
    case "crossing.retracted":
      return inPursuit(withoutPending(alerted, event.unit), event.pursuit, (pursuit) => takenBackIn(pursuit, event));
    case "crossing.corrected":
      return inPursuit(alerted, event.pursuit, (pursuit) => correctedIn(pursuit, event));
    case "crossing.confirmed":
      return inPursuit(withoutPending(alerted, event.unit), event.pursuit, (pursuit) => crossedIn(pursuit, event));
    case "decision":
      return inPursuit(alerted, event.pursuit, (pursuit) => decidedIn(pursuit, event));
    case "obligation.opened":
    case "obligation.met":
    case "obligation.overdue":
    case "obligation.withdrawn":
      return inPursuit(alerted, event.pursuit, (pursuit) => owedIn(pursuit, event));
    case "unit.stale":
    case "unit.lost":
      return withQuality(alerted, event.unit, event.type === "unit.lost" ? "lost" : "stale");
    case "alert.acknowledged": {
      const alert = alerted.alerts.get(event.event);
      if (!alert) return alerted;
      return { ...alerted, alerts: put(alerted.alerts, event.event, acknowledged(alert, event, world.home)) };
    }
    case "unit.seen":
      return alerted.roster.has(event.unit) ? alerted : enrol(alerted, event.unit, {});
    default:
      return isConduct(event) ? conducted(alerted, event) : alerted;
  }
}

/**
 * An alert with one more acknowledgement. That of another state's control room does not count for ours.
 * @param {Alert} alert
 * @param {AcknowledgedEvent} event
 * @param {string | null} home
 * @returns {Alert}
 */
function acknowledged(alert, event, home) {
  const { by, state: room } = event;
  const state = room ?? null;
  const counts = home === null || state === null || state === home;
  const acknowledged_by = alert.acknowledged_by ?? (counts ? by : null);
  return { ...alert, acknowledged_by, acknowledgements: [...alert.acknowledgements, { state, by }] };
}

/**
 * @param {FeedEvent} event
 * @returns {event is PursuitEvent}
 */
function isConduct(event) {
  return event.type.startsWith("pursuit.");
}

/**
 * @param {World} world
 * @param {PursuitEvent} event
 * @returns {World}
 */
function conducted(world, event) {
  if (event.type === "pursuit.started") {
    return joined({ ...world, pursuits: put(withoutOldest(world.pursuits), event.pursuit, began(event)) }, event);
  }
  const next = inPursuit(world, event.pursuit, (pursuit) => conductedIn(pursuit, event));
  if (event.type === "pursuit.joined") return joined(next, event);
  return event.type === "pursuit.ended" ? released(next, event.pursuit) : next;
}

/**
 * @param {World} world
 * @param {PursuitEvent} event of a unit that starts or joins a pursuit
 * @returns {World}
 */
function joined(world, event) {
  const { unit } = event;
  if (unit === undefined) return world;
  const state = world.roster.get(unit)?.state ?? null;
  const territory = world.units.get(unit)?.territory ?? null;
  const started_in = ("started_in" in event ? event.started_in : null) ?? null;
  const member = { unit, state, started_in, territory };
  const next = inPursuit(world, event.pursuit, (pursuit) => joinedIn(pursuit, member));
  return enrol(next, unit, { pursuit: event.pursuit });
}

/**
 * The units of a pursuit that is over are free again.
 * @param {World} world
 * @param {string} pursuit
 * @returns {World}
 */
function released(world, pursuit) {
  const roster = new Map(world.roster);
  for (const [unit, entry] of roster) {
    if (entry.pursuit === pursuit) roster.set(unit, { ...entry, pursuit: null });
  }
  const pending = new Map(world.pending);
  for (const { unit } of world.pursuits.get(pursuit)?.members ?? []) pending.delete(unit);
  return { ...world, roster, pending };
}

/**
 * @param {World} world
 * @param {string} unit
 * @param {Partial<RosterEntry>} entry
 * @returns {World}
 */
function enrol(world, unit, entry) {
  // Until the server tells more, a unit's state and call sign are those that its name spells: BE-K03.
  const [, played = unit] = /^SIM-[^:]*:(.+)$/.exec(unit) ?? [];
  const [, state = null, sign = played] = /^(BE|NL|LU)-(.+)$/.exec(played) ?? [];
  const known = world.roster.get(unit) ?? { state, call_sign: sign, pursuit: null, simulated: isSimulated(unit) };
  return { ...world, roster: put(world.roster, unit, { ...known, ...entry }) };
}

/**
 * @param {World} world
 * @param {string} unit
 * @param {import("./wire.d.ts").Quality} quality
 * @returns {World}
 */
function withQuality(world, unit, quality) {
  const known = world.units.get(unit);
  return known ? { ...world, units: world.units.with([[unit, { ...known, quality }]]) } : world;
}

/**
 * @param {World} world
 * @param {string} unit
 * @returns {World}
 */
function withoutPending(world, unit) {
  if (!world.pending.has(unit)) return world;
  const pending = new Map(world.pending);
  pending.delete(unit);
  return { ...world, pending };
}

/**
 * @param {World} world
 * @param {string | undefined} id
 * @param {(pursuit: Pursuit) => Pursuit} change
 * @returns {World}
 */
function inPursuit(world, id, change) {
  const pursuit = id === undefined ? undefined : world.pursuits.get(id);
  return pursuit ? { ...world, pursuits: put(world.pursuits, pursuit.id, change(pursuit)) } : world;
}

/**
 * Alerts without the oldest of too many.
 * @param {ReadonlyMap<string, Alert>} alerts oldest first
 */
function newest(alerts) {
  return alerts.size > ALERTS_KEPT ? new Map([...alerts].slice(-ALERTS_KEPT)) : alerts;
}

/**
 * Pursuits without the oldest of too many that are over and owe nothing.
 * @param {ReadonlyMap<string, Pursuit>} pursuits oldest first
 */
function withoutOldest(pursuits) {
  const over = [...pursuits.values()].filter(({ phase, obligations }) => phase === "ended" && obligations.length === 0);
  const gone = new Set(over.slice(0, -ENDED_KEPT).map(({ id }) => id));
  return gone.size > 0 ? new Map([...pursuits].filter(([id]) => !gone.has(id))) : pursuits;
}

/**
 * A copy of a map with one entry set.
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @param {V} value
 * @returns {ReadonlyMap<K, V>}
 */
function put(map, key, value) {
  return new Map(map).set(key, value);
}
