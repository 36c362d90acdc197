// @ts-check
/**
 * The part of the world that a screen shows: what is real, or what is simulated. The two are never on one screen, so that
 * nobody takes an exercise for the real thing, or the real thing for an exercise.
 */

/** @import {World} from "./world.mjs" */

/** @typedef {"real" | "simulated"} Part */

/**
 * Whether a unit or a pursuit of that name is simulated: nothing real has such a name.
 * @param {string} name
 */
export function isSimulated(name) {
  return name.startsWith("SIM-");
}

/**
 * @param {World} world
 * @param {Part} part
 * @returns {World} the same one where there is nothing to leave out
 */
export function partOf(world, part) {
  const known = KNOWN[part].get(world);
  if (known) return known;
  const found = select(world, part);
  KNOWN[part].set(world, found);
  return found;
}

/** What was found before, so that what did not change stays the same object. */
const KNOWN = {
  real: /** @type {WeakMap<object, any>} */ (new WeakMap()),
  simulated: /** @type {WeakMap<object, any>} */ (new WeakMap()),
};

const UNITS = { real: nothingKnown(), simulated: nothingKnown() };

/** @returns {import("./roll.mjs").Known<import("./world.mjs").Unit>} */
function nothingKnown() {
  return { parts: new WeakMap(), names: new WeakMap() };
}

/**
 * @param {World} world
 * @param {Part} part
 * @returns {World}
 */
function select(world, part) {
  const belongs = (/** @type {string} */ name) => isSimulated(name) === (part === "simulated");
  return {
    ...world,
    units: world.units.where(belongs, UNITS[part]),
    roster: filtered(world.roster, part, belongs),
    pursuits: filtered(world.pursuits, part, belongs),
    pending: filtered(world.pending, part, belongs),
    alerts: filtered(world.alerts, part, (_, { event }) => belongs(event.pursuit ?? ("unit" in event ? event.unit ?? "" : ""))),
  };
}

/**
 * How many pursuits go on in a part.
 * @param {World} world
 * @param {Part} part
 */
export function running(world, part) {
  let count = 0;
  for (const { id, phase } of world.pursuits.values()) {
    if (phase !== "ended" && isSimulated(id) === (part === "simulated")) count += 1;
  }
  return count;
}

/**
 * The same map where all of it belongs.
 * @template V
 * @param {ReadonlyMap<string, V>} map
 * @param {Part} part
 * @param {(name: string, value: V) => boolean} belongs
 * @returns {ReadonlyMap<string, V>}
 */
function filtered(map, part, belongs) {
  const known = KNOWN[part].get(map);
  if (known) return known;
  const kept = new Map();
  for (const [name, value] of map) if (belongs(name, value)) kept.set(name, value);
  const found = kept.size === map.size ? map : kept;
  KNOWN[part].set(map, found);
  return found;
}
