// @ts-check
/** What the law would say of a crossing that has not happened: asked of the server once, and kept for a while. */

/** @import {DecisionEvent, Member, Pursuit} from "./wire.d.ts" */

/** @typedef {Pick<DecisionEvent, "rule" | "article" | "instrument" | "permitted" | "basis" | "title" | "words" | "words_in" | "unchecked" | "powers" | "warnings" | "obligations">} Finding */
/** @typedef {Record<string, unknown>} Facts the input of `POST /api/v1/decide` */

const KEPT = 200;
const RETRY_MS = 3000;

/** The states that each state borders on, the treaty's parties first. */
export const NEIGHBOURS = /** @type {Record<string, string[]>} */ ({
  BE: ["NL", "LU", "FR", "DE"],
  NL: ["BE", "DE"],
  LU: ["BE", "FR", "DE"],
  DE: ["NL", "BE", "LU"],
  FR: ["BE", "LU"],
});

export class Preview {
  /** @type {Map<string, Finding | null>} null while it is being asked for */ #known = new Map();
  #ask;

  /** @param {(facts: Facts) => Promise<Finding>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * The answer, or null until it has come.
   * @param {Facts} facts
   * @returns {Finding | null}
   */
  of(facts) {
    const key = JSON.stringify(facts);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, null);
    this.#ask(facts).then(
      (finding) => this.#known.set(key, finding),
      () => void setTimeout(() => this.#known.delete(key), RETRY_MS),
    );
    return null;
  }
}

/**
 * A unit that would begin to pursue where it is, and whose host would be told in time.
 * @param {string | null} origin its own state
 * @param {string} from where it is
 * @param {string} to
 * @param {string | null} ground
 * @param {number} now Unix seconds UTC
 * @returns {Facts}
 */
export function factsOfStart(origin, from, to, ground, now) {
  // The hour is enough: it says which law is in force, and that the contact does not come after the crossing.
  const time = Math.floor(now / 3600) * 3600;
  return {
    unit: origin === null ? {} : { origin_state: origin },
    pursuit: { kind: "pursuit", started_in: from, ...(ground ? { ground } : {}) },
    crossing: { from, to, time },
    contact: { established_at: time },
  };
}

/**
 * What is known of a member of a pursuit before its next crossing.
 * @param {Pursuit} pursuit
 * @param {Member} member
 * @param {string} to
 * @returns {Facts}
 */
export function factsAhead(pursuit, member, to) {
  const line = pursuit.lines.find(({ host }) => host === to);
  const { state, started_in, territory } = member;
  return {
    unit: state === null ? {} : { origin_state: state },
    pursuit: {
      kind: "pursuit",
      ...(started_in ? { started_in } : {}),
      ...(pursuit.ground ? { ground: pursuit.ground } : {}),
    },
    crossing: { ...(territory ? { from: territory } : {}), to },
    contact: line?.status === "established" && line.since ? { established_at: line.since } : {},
    ...(line?.decision ? { host: { decision: line.decision } } : {}),
    ...(pursuit.danger == null ? {} : { danger: pursuit.danger }),
  };
}
