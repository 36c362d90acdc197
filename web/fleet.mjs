// @ts-check
/**
 * Where every unit is drawn at a moment, and how, as numbers that go to the graphics card as they are.
 *
 * A unit glides between its last two received fixes, one interval late, and never beyond the newest: what is not known is
 * not drawn. Only the records of units of which something changed are written again.
 */

/**
 * @import {RosterEntry} from "./wire.d.ts"
 * @import {Unit, World} from "./world.mjs"
 */

/** @typedef {[lon: number, lat: number]} Place WGS 84 degrees, or east and south where it is said */

/** A longer gap between two fixes is not driven along: what happened in between is not known. */
export const LONGEST_GAP_S = 5;

/** Seconds of its way, at its present speed, that the line ahead of a unit shows. */
export const AHEAD_S = 15;

/**
 * Numbers of one record: from x, from y, to x, to y, start and span of the glide in seconds, course in radians, icon, rank
 * (0 patrol, 1 pursuit), length of the line ahead. Places and lengths are of Web Mercator (the world is 1 wide), from ORIGIN.
 */
export const FIELDS = 10;

/** Near the middle of the Benelux: 32-bit numbers from here are good to 10 cm wherever we draw. */
export const ORIGIN = mercator(5, 51.5);

const EARTH_M = 40_075_016.7;
const RANK = { patrol: 0, pursuit: 1, abroad: 1 };
const ROLES = /** @type {const} */ (["patrol", "pursuit", "abroad"]);
export const SHAPES = /** @type {const} */ (["arrow", "arrow-hollow", "arrow-doubt", "dot", "dot-hollow", "dot-doubt", "lost"]);

/** Names of the icons, by the number that a record has: each role and shape, for units of our own state and of another. */
export const ICONS = ROLES.flatMap((role) => SHAPES.flatMap((shape) => [`${role}-${shape}`, `${role}-${shape}-foreign`]));
const ROLE_NUMBERS = /** @type {const} */ ({ patrol: 0, pursuit: 1, abroad: 2 });
const SHAPE_NUMBERS = /** @type {Record<typeof SHAPES[number], number>} */ (Object.fromEntries(SHAPES.map((shape, number) => [shape, number])));

/**
 * @typedef {object} Slot
 * @property {Unit} unit
 * @property {RosterEntry | undefined} known
 * @property {number} t time of the newest fix, Unix seconds UTC
 * @property {Place} from Web Mercator, from ORIGIN
 * @property {Place} to the same of the newest fix
 * @property {number} startedAt milliseconds
 * @property {number} span milliseconds; 0: it stands at its newest fix
 */

export class Fleet {
  /** False draws every unit at its newest fix. */
  smooth = true;
  /** The state whose room looks at this; units of the others are marked. Null marks none. */
  home = /** @type {string | null} */ (null);
  /** One record of FIELDS numbers for each unit. */
  records = new Float32Array(FIELDS * 64);
  /** Grows whenever a record changes. */
  version = 0;
  /** Milliseconds from which the records count their seconds. */
  zero = 0;
  /** @type {Slot[]} */ #slots = [];
  /** @type {Map<string, number>} */ #numbers = new Map();
  #movingUntil = 0;
  /** @type {World["units"] | null} */ #units = null;
  /** @type {World["roster"] | null} */ #roster = null;

  get size() {
    return this.#slots.length;
  }

  /**
   * Take in the newest fix of each unit, and what is known of it.
   * @param {Pick<World, "units" | "roster">} world
   * @param {number} now milliseconds
   */
  hear({ units, roster }, now) {
    if (this.#slots.length === 0) this.zero = now;
    // Only what changed is looked at, unless what is known of all of them has.
    for (const unit of units.since(roster === this.#roster ? this.#units : null)) {
      const known = roster.get(unit.name);
      const number = this.#numbers.get(unit.name);
      const slot = number === undefined ? undefined : this.#slots[number];
      if (slot === undefined) this.#enter(unit, known, now);
      else if (slot.unit !== unit || slot.known !== known) this.#change(slot, unit, known, now, Number(number));
    }
    if (this.#slots.length > units.size) this.#keepOnly(units);
    this.#units = units;
    this.#roster = roster;
  }

  /**
   * Some units are not to be seen any more.
   * @param {World["units"]} units
   */
  #keepOnly(units) {
    this.#slots = this.#slots.filter(({ unit }) => units.has(unit.name));
    this.#numbers = new Map(this.#slots.map(({ unit }, number) => [unit.name, number]));
    this.refresh();
  }

  /** Forget everything: after a gap in the feed nothing may be drawn as driven. */
  clear() {
    this.#slots = [];
    this.#numbers.clear();
    this.#units = this.#roster = null;
    this.#movingUntil = 0;
    this.version += 1;
  }

  /** Write every record anew, because `smooth` or `home` has changed. */
  refresh() {
    this.#slots.forEach((slot, number) => this.#write(slot, number));
    this.version += 1;
  }

  /**
   * @param {Unit} unit
   * @param {number} now milliseconds
   * @returns {Place}
   */
  place(unit, now) {
    const slot = this.#slots[this.#numbers.get(unit.name) ?? -1];
    const isOnItsWay = slot !== undefined && this.smooth && now < slot.startedAt + slot.span;
    return isOnItsWay ? degrees(along(slot, now)) : [unit.lon, unit.lat];
  }

  /**
   * Is anything between two fixes?
   * @param {number} now milliseconds
   */
  isMoving(now) {
    return this.smooth && now < this.#movingUntil;
  }

  /**
   * @param {Unit} unit
   * @param {RosterEntry | undefined} known
   * @param {number} now
   */
  #enter(unit, known, now) {
    const place = fromOrigin(unit);
    const slot = { unit, known, t: unit.t, from: place, to: place, startedAt: now, span: 0 };
    const number = this.#slots.push(slot) - 1;
    this.#numbers.set(unit.name, number);
    if (this.#slots.length * FIELDS > this.records.length) {
      const grown = new Float32Array(this.records.length * 2);
      grown.set(this.records);
      this.records = grown;
    }
    this.#write(slot, number);
  }

  /**
   * @param {Slot} slot
   * @param {Unit} unit
   * @param {RosterEntry | undefined} known
   * @param {number} now
   * @param {number} number
   */
  #change(slot, unit, known, now, number) {
    // A fix that is not newer moves nothing; the unit may still have become silent, or be of another role.
    if (unit.t > slot.t) {
      const gap = unit.t - slot.t;
      const glides = gap <= LONGEST_GAP_S;
      const to = fromOrigin(unit);
      slot.from = glides ? along(slot, now) : to;
      slot.to = to;
      slot.t = unit.t;
      slot.startedAt = now;
      slot.span = glides ? gap * 1000 : 0;
      this.#movingUntil = Math.max(this.#movingUntil, now + slot.span);
    }
    slot.unit = unit;
    slot.known = known;
    this.#write(slot, number);
  }

  /**
   * @param {Slot} slot
   * @param {number} number
   */
  #write({ unit, known, from, to, startedAt, span }, number) {
    const role = roleOf(unit, known);
    const foreign = this.home !== null && known?.state != null && known.state !== this.home;
    const first = this.smooth ? from : to;
    const silent = unit.quality === "stale" || unit.quality === "lost";
    const ahead_m = unit.course === null || unit.speed === null || silent ? 0 : unit.speed * AHEAD_S;
    const record = this.records;
    let at = number * FIELDS;
    record[at++] = first[0];
    record[at++] = first[1];
    record[at++] = to[0];
    record[at++] = to[1];
    record[at++] = (startedAt - this.zero) / 1000;
    record[at++] = span / 1000;
    record[at++] = ((unit.course ?? 0) * Math.PI) / 180;
    record[at++] = (ROLE_NUMBERS[role] * SHAPES.length + SHAPE_NUMBERS[shapeOf(unit)]) * 2 + (foreign ? 1 : 0);
    record[at++] = RANK[role];
    record[at] = ahead_m / (EARTH_M * Math.cos((unit.lat * Math.PI) / 180));
    this.version += 1;
  }
}

/**
 * What a unit does: it patrols, or pursues at home, or pursues abroad.
 * @param {Unit} unit
 * @param {RosterEntry | undefined} known
 */
export function roleOf(unit, known) {
  if (!known?.pursuit) return "patrol";
  return known.state !== null && unit.territory !== known.state ? "abroad" : "pursuit";
}

/**
 * Which drawing: an arrow when its course is known, hollow when it is silent, crossed out when it is lost.
 * @param {Pick<Unit, "quality" | "course">} unit
 * @returns {typeof SHAPES[number]}
 */
export function shapeOf({ quality, course }) {
  if (quality === "lost") return "lost";
  const form = course === null ? "dot" : "arrow";
  if (quality === "stale") return `${form}-hollow`;
  return quality === "ambiguous" || quality === "suspect" ? `${form}-doubt` : form;
}

/**
 * Web Mercator of a place; the world is 1 wide and 1 high, y downwards.
 * @param {number} lon degrees
 * @param {number} lat degrees
 * @returns {[x: number, y: number]}
 */
export function mercator(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [(lon + 180) / 360, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/**
 * @param {Unit} unit
 * @returns {Place} Web Mercator, from ORIGIN
 */
function fromOrigin({ lon, lat }) {
  const [x, y] = mercator(lon, lat);
  return [x - ORIGIN[0], y - ORIGIN[1]];
}

/**
 * The inverse of `fromOrigin`.
 * @param {Place} place
 * @returns {Place} WGS 84 degrees
 */
function degrees([x, y]) {
  const angle = Math.PI * (1 - 2 * (y + ORIGIN[1]));
  return [(x + ORIGIN[0]) * 360 - 180, (Math.atan(Math.sinh(angle)) * 180) / Math.PI];
}

/**
 * @param {Slot} slot
 * @param {number} now milliseconds
 * @returns {Place} Web Mercator, from ORIGIN
 */
function along({ from, to, startedAt, span }, now) {
  const part = span > 0 ? Math.min(1, Math.max(0, (now - startedAt) / span)) : 1;
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}
