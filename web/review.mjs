// @ts-check
/**
 * After the action: a past pursuit, played from its record. What comes out are messages as the live feed sends them, so
 * that the same page shows them; the clock is that of the record.
 */

/** @import {FeedEvent, FeedMessage, PursuitRecord, Row} from "./wire.d.ts" */
/** @import {Point} from "./trails.mjs" */

import { unix } from "./format.mjs";

/** What can be jumped to; everything else happens on the way. */
const MARKED = new Set([
  "crossing.approaching",
  "crossing.confirmed",
  "crossing.corrected",
  "crossing.retracted",
  "decision",
  "obligation.overdue",
  "unit.lost",
]);

/** Before the first event and after the last one, so that neither is at the very edge; seconds. */
const MARGIN_S = 5;

export const SPEEDS = [0.5, 1, 2, 5, 10, 30];

/**
 * @typedef {object} Mark an event on the time line
 * @property {number} t Unix seconds UTC of the data
 * @property {number} offset
 * @property {FeedEvent} event
 */

export class Review {
  speed = 1;
  isPlaying = false;
  #record;
  #hear;
  /** @type {{t: number, offset: number, event: FeedEvent}[]} by time */ #events;
  /** @type {{t: number, row: Row}[]} by time */ #rows;
  #nextEvent = 0;
  #nextRow = 0;
  #now;
  #began;
  #ended;

  /**
   * @param {PursuitRecord} record
   * @param {(message: FeedMessage) => void} hear takes each message, in order
   */
  constructor(record, hear) {
    this.#record = record;
    this.#hear = hear;
    // A time may lie before that of an event with a lower number: the journal's order counts.
    let latest = -Infinity;
    this.#events = record.events.map(({ offset, ...event }) => {
      latest = Math.max(latest, unix(event.time));
      return { t: latest, offset, event: /** @type {FeedEvent} */ (/** @type {unknown} */ (event)) };
    });
    this.#rows = Object.entries(record.fixes)
      .flatMap(([unit, fixes]) =>
        fixes.map(([t, lon, lat, speed, course, territory]) => {
          /** @type {Row} */
          const row = [unit, t, lon, lat, speed, course, territory, "ok"];
          return { t, row };
        }),
      )
      .toSorted((a, b) => a.t - b.t);
    const times = [this.#events[0]?.t, this.#rows[0]?.t, this.#events.at(-1)?.t, this.#rows.at(-1)?.t];
    const known = times.filter((t) => t !== undefined);
    this.#began = Math.min(...known) - MARGIN_S;
    this.#ended = Math.max(...known) + MARGIN_S;
    this.#now = this.#began;
    this.seek(this.#began);
  }

  /** Where the record begins, Unix seconds UTC. */
  get began() {
    return this.#began;
  }

  get ended() {
    return this.#ended;
  }

  /** The moment that is shown, Unix seconds UTC. */
  get now() {
    return this.#now;
  }

  /** What can be jumped to, in order. @returns {Mark[]} */
  get marks() {
    return this.#events.filter(({ event }) => MARKED.has(event.type) || event.type.startsWith("pursuit."));
  }

  /**
   * The call sign of a unit.
   * @param {string} unit
   */
  sign(unit) {
    return this.#record.roster[unit]?.call_sign ?? unit;
  }

  /** Play on, from the beginning if the end was reached. */
  play() {
    if (this.#now >= this.#ended) this.seek(this.#began);
    this.isPlaying = true;
  }

  pause() {
    this.isPlaying = false;
  }

  /**
   * Let time pass.
   * @param {number} elapsed_s of a clock on the wall
   */
  advance(elapsed_s) {
    if (!this.isPlaying) return;
    this.#to(Math.min(this.#ended, this.#now + elapsed_s * this.speed));
    if (this.#now >= this.#ended) this.pause();
  }

  /**
   * Show another moment. Going back begins anew, since nothing that was told can be untold.
   * @param {number} t Unix seconds UTC
   */
  seek(t) {
    this.#nextEvent = 0;
    this.#nextRow = 0;
    this.#hear({
      type: "snapshot",
      epoch: this.#record.epoch,
      offset: (this.#events[0]?.offset ?? 1) - 1,
      recovered: false,
      server_time: this.#began,
      units: [],
      roster: this.#record.roster,
      pursuits: [],
      alerts: [],
    });
    this.#to(Math.min(this.#ended, Math.max(this.#began, t)));
  }

  /**
   * To the next mark after this moment, or to the one before it.
   * @param {1 | -1} direction
   */
  step(direction) {
    const marks = this.marks;
    const next =
      direction === 1
        ? marks.find(({ t }) => t > this.#now + 0.5)
        : marks.findLast(({ t }) => t < this.#now - 0.5);
    this.seek(next?.t ?? (direction === 1 ? this.#ended : this.#began));
  }

  /** What each unit has driven until this moment. @returns {Map<string, Point[]>} */
  driven() {
    /** @type {Map<string, Point[]>} */
    const points = new Map();
    for (const [unit, fixes] of Object.entries(this.#record.fixes)) {
      points.set(unit, fixes.filter(([t]) => t <= this.#now).map(([t, lon, lat]) => [t, lon, lat]));
    }
    return points;
  }

  /** @param {number} t */
  #to(t) {
    this.#now = t;
    /** @type {Map<string, Row>} */
    const moved = new Map();
    for (let next = this.#rows[this.#nextRow]; next && next.t <= t; next = this.#rows[this.#nextRow]) {
      moved.set(next.row[0], next.row);
      this.#nextRow += 1;
    }
    // A picture a tick, as live; and the places first, since what happened is told of a unit that is there.
    if (moved.size > 0) this.#hear({ type: "positions", time: t, units: [...moved.values()] });
    for (let next = this.#events[this.#nextEvent]; next && next.t <= t; next = this.#events[this.#nextEvent]) {
      this.#nextEvent += 1;
      this.#hear({ type: "event", offset: next.offset, event: next.event });
    }
  }
}
