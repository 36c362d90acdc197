// @ts-check
/**
 * The unit that is selected: what is known of it, what the treaty would say at each border of the state it is in, and
 * the buttons to start a pursuit with it or have it join one.
 */

/**
 * @import {Preview} from "./preview.mjs"
 * @import {Unit, World} from "./world.mjs"
 */

import { sign } from "./advice.mjs";
import { arrange, button, element, mark, say } from "./dom.mjs";
import { qualityNote } from "./features.mjs";
import { age, clock, countdown, course, ground, speed, territory, unix } from "./format.mjs";
import { capital, t } from "./i18n.mjs";
import { NEIGHBOURS, factsOfStart } from "./preview.mjs";
import { drawVerdict, verdictLine } from "./verdict.mjs";

const GROUNDS = ["stop_evaded", "offence", "escaped"];
const MAX_NOTE = 200;

/**
 * @typedef {object} Acts what the card sets off
 * @property {(unit: string, about: {note?: string, ground?: string}) => Promise<unknown>} start
 * @property {(unit: string, pursuit: string) => Promise<unknown>} join
 * @property {() => void} close
 */

export class UnitCard {
  #box;
  #acts;
  #preview;
  /** @type {string | null} */ #unit = null;
  #title = element("h2");
  #badge = element("span", "badge");
  #where = element("p", "where");
  #fix = element("p", "fix");
  #borders = element("ul", "borders");
  #asks;
  #note = element("input");
  #ground = element("select");
  #start;
  #joins = element("div", "act-row");
  /** @type {Map<string, HTMLButtonElement>} */ #join = new Map();
  #error = element("p", "error");

  /**
   * @param {HTMLElement} box
   * @param {Acts} acts
   * @param {Preview} preview
   */
  constructor(box, acts, preview) {
    this.#box = box;
    this.#acts = acts;
    this.#preview = preview;
    this.#start = button("", () => void this.#begin(), "primary");
    const close = button("×", acts.close, "close");
    close.setAttribute("aria-label", t("unit.close"));
    this.#note.maxLength = MAX_NOTE;
    this.#note.autocomplete = "off";
    this.#note.placeholder = t("unit.note");
    this.#note.setAttribute("aria-label", t("unit.note_what"));
    this.#note.addEventListener("keydown", ({ key }) => key === "Enter" && void this.#begin());
    this.#ground.setAttribute("aria-label", t("unit.ground"));
    this.#ground.append(new Option(t("unit.ground_unknown"), ""), ...GROUNDS.map((name) => new Option(ground(name), name)));
    this.#asks = element("div", "act-row", this.#start, this.#ground, this.#note);
    this.#error.setAttribute("role", "alert");
    this.#error.hidden = true;
    this.#title.id = "unit-card-title";
    const header = element("header", "", this.#title, this.#badge, element("span", "grow"), close);
    const law = element("h3", "", t("unit.law"));
    box.replaceChildren(header, this.#where, this.#fix, this.#asks, this.#joins, this.#error, law, this.#borders);
    box.setAttribute("aria-labelledby", this.#title.id);
    box.onkeydown = ({ key }) => {
      if (key === "Escape") acts.close();
    };
  }

  /** Go to the first thing to press. */
  focus() {
    const first = [this.#start, ...this.#join.values()].find((one) => one.checkVisibility());
    (first ?? this.#box).focus();
  }

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   * @param {string | null} name of the unit; null hides the card
   */
  draw(world, now, name) {
    const unit = name === null ? undefined : world.units.get(name);
    this.#box.hidden = unit === undefined;
    if (!unit) {
      this.#unit = null;
      return;
    }
    if (this.#unit !== unit.name) {
      this.#unit = unit.name;
      this.#note.value = this.#ground.value = "";
      say(this.#error, null);
    }
    const known = world.roster.get(unit.name);
    const pursuit = known?.pursuit ?? null;
    say(this.#title, sign(world, unit.name));
    this.#title.title = unit.name;
    say(this.#badge, known?.simulated ? t("card.simulated") : null);
    mark(this.#box, "unit", unit.name);
    const place = { state: known?.state ?? "?", in: territory(unit.territory, "in") };
    say(this.#where, t("unit.where", { ...place, speed: speed(unit.speed), course: course(unit.course) }));
    const note = qualityNote(unit);
    say(this.#fix, t("unit.fix", { age: age(now - unit.t), time: clock(unit.t) }) + (note ? ` · ${note}` : ""), [unit.t]);
    say(this.#start, t("unit.start"));
    this.#asks.hidden = pursuit !== null;
    this.#drawJoins(world, unit, pursuit);
    this.#drawBorders(world, unit, now, known?.state ?? null);
  }

  /**
   * @param {World} world
   * @param {Unit} unit
   * @param {string | null} pursuit that it is in already
   */
  #drawJoins(world, unit, pursuit) {
    const simulated = world.roster.get(unit.name)?.simulated ?? false;
    const running = [...world.pursuits.values()].filter((one) => one.phase === "running" && (one.simulated ?? false) === simulated);
    const open = pursuit === null ? running : [];
    const buttons = open.map(({ id, members }) => {
      const join = this.#join.get(id) ?? button("", () => void this.#run(() => this.#acts.join(this.#unit ?? "", id)));
      this.#join.set(id, join);
      say(join, t("unit.join", { unit: sign(world, members[0]?.unit ?? id) }));
      return join;
    });
    for (const id of this.#join.keys()) if (!open.some((one) => one.id === id)) this.#join.delete(id);
    this.#joins.hidden = buttons.length === 0;
    arrange(this.#joins, buttons);
  }

  /**
   * @param {World} world
   * @param {Unit} unit
   * @param {number} now
   * @param {string | null} origin
   */
  #drawBorders(world, unit, now, origin) {
    const coming = world.pending.get(unit.name);
    const near = NEIGHBOURS[unit.territory] ?? [];
    const states = coming ? [coming.to, ...near.filter((state) => state !== coming.to)] : near;
    const rows = states.map((to, index) => {
      const there = this.#borders.children[index];
      const row = there instanceof HTMLElement ? there : element("li", "", element("b"), verdictLine(), element("p", "said"));
      const [name, verdict, said] = /** @type {HTMLElement[]} */ ([...row.children]);
      const finding = this.#preview.of(factsOfStart(origin, unit.territory, to, this.#ground.value || null, now));
      const left = coming?.to === to ? unix(coming.crossed_at) - (now - unit.lag_s) : null;
      const time = left === null || coming?.type !== "crossing.approaching" ? "" : ` · ${countdown(Math.max(0, left))}`;
      if (name) say(name, capital(territory(to, "into")) + time);
      if (verdict) drawVerdict(verdict, finding);
      if (said) say(said, verdict?.title || null);
      mark(row, "to", to);
      return row;
    });
    arrange(this.#borders, rows);
  }

  async #begin() {
    const unit = this.#unit;
    if (unit === null || this.#start.disabled) return;
    const note = this.#note.value.trim();
    const why = this.#ground.value;
    await this.#run(() => this.#acts.start(unit, { ...(note ? { note } : {}), ...(why ? { ground: why } : {}) }));
  }

  /** @param {() => Promise<unknown>} act */
  async #run(act) {
    say(this.#error, null);
    this.#start.disabled = true;
    try {
      await act();
    } catch (error) {
      say(this.#error, error instanceof Error ? error.message : String(error));
    }
    this.#start.disabled = false;
  }
}
