// @ts-check
/** The pursuits, a card each: running ones in the order in which they began, so that no button moves under a hand. */

/**
 * @import {Surroundings} from "./pursuit_card.mjs"
 * @import {Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { arrange, element, mark, say } from "./dom.mjs";
import { unix } from "./format.mjs";
import { count, t } from "./i18n.mjs";
import { PursuitCard } from "./pursuit_card.mjs";
import { lag } from "./world.mjs";

/** Seconds for which the card of an ended pursuit that owes nothing stays. */
const ENDED_SHOWN_S = 300;
/** Ended pursuits that still owe something stay, but not without end. */
const ENDED_SHOWN = 8;

export class PursuitPanel {
  /** @type {Map<string, PursuitCard>} */ #cards = new Map();
  #list;
  #none = element("p", "none");
  #more = element("p", "none");
  #around;
  /** @type {string | null} */ #open = null;
  /** @type {string[]} */ #order = [];

  /**
   * @param {HTMLElement} list where the cards go
   * @param {Surroundings} around
   */
  constructor(list, around) {
    this.#list = list;
    this.#around = around;
  }

  /** Write everything anew, in another language. */
  reword() {
    this.#cards.clear();
  }

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   */
  draw(world, now) {
    const { running, ended, hidden } = shown(world, now);
    const all = [...running, ...ended];
    this.#order = all.map(({ id }) => id);
    if (this.#open === null || !running.some(({ id }) => id === this.#open)) this.#open = running.at(-1)?.id ?? all[0]?.id ?? null;
    const cards = all.map((pursuit, index) => {
      const card = this.#cards.get(pursuit.id) ?? new PursuitCard(this.#around, () => this.open(pursuit.id));
      this.#cards.set(pursuit.id, card);
      card.draw(world, pursuit, now - lag(world, pursuit), index + 1);
      mark(card.article, "open", String(pursuit.id === this.#open || all.length === 1));
      return card.article;
    });
    for (const id of this.#cards.keys()) if (!this.#order.includes(id)) this.#cards.delete(id);
    say(this.#none, cards.length === 0 ? t("card.none") : null);
    say(this.#more, hidden > 0 ? count("card.hidden", hidden) : null);
    arrange(this.#list, [...cards, ...[this.#none, this.#more].filter((line) => !line.hidden)]);
  }

  /**
   * Show one card in full.
   * @param {string} id
   */
  open(id) {
    this.#open = id;
    for (const [other, { article }] of this.#cards) mark(article, "open", String(other === id));
  }

  /**
   * Open the card of that number, and go to the first thing to press in it.
   * @param {number} number from 1
   */
  go(number) {
    const id = this.#order[number - 1];
    if (id === undefined) return;
    this.open(id);
    this.#cards.get(id)?.focus();
  }
}

/**
 * Which pursuits have a card: all that run, oldest first; then those that ended of late or still owe something.
 * @param {World} world
 * @param {number} now server time, Unix seconds UTC
 */
export function shown(world, now) {
  const all = [...world.pursuits.values()];
  const running = all.filter(({ phase }) => phase !== "ended");
  const kept = all.filter((pursuit) => pursuit.phase === "ended" && isKept(pursuit, now - lag(world, pursuit))).reverse();
  return { running, ended: kept.slice(0, ENDED_SHOWN), hidden: Math.max(0, kept.length - ENDED_SHOWN) };
}

/**
 * @param {Pursuit} pursuit an ended one
 * @param {number} now data time
 */
function isKept(pursuit, now) {
  return pursuit.obligations.length > 0 || (pursuit.ended_at != null && now - unix(pursuit.ended_at) < ENDED_SHOWN_S);
}
