// @ts-check
/**
 * A map by name of very many entries, of which few change at a time: the next one shares with the one before all parts in
 * which nothing changed. So to make it, and to find what is new in it, costs by what changed and not by how many there are.
 */

const PARTS = 1024;

/** @template V @typedef {ReadonlyMap<string, V>} Part */

/**
 * What is known of the parts and the names of rolls that were looked through with one question: see `Roll.where`.
 * @template V
 * @typedef {{parts: WeakMap<Part<V>, Part<V>>, names: WeakMap<object, object>}} Known
 */

/** @template V */
export class Roll {
  /** The same object in all rolls that have the same names: whoever sorts them need not do it again. */
  names;
  size;
  /** @type {readonly (Part<V> | undefined)[]} */ #parts;

  /**
   * @param {readonly (Part<V> | undefined)[]} parts
   * @param {object} names
   */
  constructor(parts = [], names = {}) {
    this.#parts = parts;
    this.names = names;
    this.size = parts.reduce((sum, part) => sum + (part?.size ?? 0), 0);
  }

  /**
   * @template W
   * @param {Iterable<[string, W]>} entries
   * @returns {Roll<W>}
   */
  static of(entries) {
    return /** @type {Roll<W>} */ (new Roll()).with(entries);
  }

  /** @param {string} name */
  get(name) {
    return this.#parts[placeOf(name)]?.get(name);
  }

  /** @param {string} name */
  has(name) {
    return this.#parts[placeOf(name)]?.has(name) ?? false;
  }

  *values() {
    for (const part of this.#parts) if (part) yield* part.values();
  }

  *keys() {
    for (const part of this.#parts) if (part) yield* part.keys();
  }

  /**
   * The values that may not be those of another roll: all of each part that is another.
   * @param {Roll<V> | null} before
   */
  *since(before) {
    const known = before === null ? [] : before.#parts;
    for (const [place, part] of this.#parts.entries()) if (part && part !== known[place]) yield* part.values();
  }

  /**
   * This roll with entries set.
   * @param {Iterable<readonly [string, V]>} entries
   * @returns {Roll<V>}
   */
  with(entries) {
    return this.renewed(entries, ([name]) => name, ([, value]) => value);
  }

  /**
   * This roll with a new value of each name that an item has.
   * @template I
   * @param {Iterable<I>} items
   * @param {(item: I) => string} nameOf
   * @param {(item: I, before: V | undefined) => V} valueOf
   * @returns {Roll<V>}
   */
  renewed(items, nameOf, valueOf) {
    const parts = [...this.#parts];
    /** @type {Map<number, Map<string, V>>} */
    const own = new Map();
    let names = this.names;
    for (const item of items) {
      const name = nameOf(item);
      const place = placeOf(name);
      let part = own.get(place);
      if (part === undefined) {
        part = new Map(parts[place]);
        own.set(place, part);
        while (parts.length <= place) parts.push(undefined);
        parts[place] = part;
      }
      const before = part.get(name);
      if (before === undefined) names = {};
      part.set(name, valueOf(item, before));
    }
    return own.size === 0 ? this : new Roll(parts, names);
  }

  /**
   * The entries whose names belong; this roll itself, where all do.
   * @param {(name: string) => boolean} belongs
   * @param {Known<V>} [known] kept by whoever asks the same of the rolls that follow
   * @returns {Roll<V>}
   */
  where(belongs, known = { parts: new WeakMap(), names: new WeakMap() }) {
    let isAll = true;
    const parts = this.#parts.map((part) => {
      if (part === undefined) return undefined;
      let kept = known.parts.get(part);
      if (kept === undefined) {
        const found = [...part].filter(([name]) => belongs(name));
        kept = found.length === part.size ? part : new Map(found);
        known.parts.set(part, kept);
      }
      isAll &&= kept === part;
      return kept;
    });
    if (isAll) return this;
    const names = known.names.get(this.names) ?? {};
    known.names.set(this.names, names);
    return new Roll(parts, names);
  }
}

/**
 * FNV-1a of a name.
 * @param {string} name
 */
function placeOf(name) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (PARTS - 1);
}
