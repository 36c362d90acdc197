// @ts-check
/** Every unit as a row: all that the map shows of it, for those who read instead of look. A pursuit starts here. */

/** @import {Unit, World} from "./world.mjs" */

import { arrange, button, byId, element, mark, say } from "./dom.mjs";
import { qualityNote } from "./features.mjs";
import { age, clock, course, speed, territory, utc } from "./format.mjs";
import { t } from "./i18n.mjs";

const SHOWN = 200;

/**
 * @typedef {object} Acts what a row can set off
 * @property {(unit: string) => Promise<unknown>} start
 * @property {(unit: string, pursuit: string) => Promise<unknown>} join
 * @property {(unit: string) => void} show in full, with what else can be done
 */

export class UnitTable {
  /** @type {Map<string, UnitRow>} */ #rows = new Map();
  #body = byId("units", HTMLTableSectionElement);
  #find = byId("find", HTMLInputElement);
  #error = byId("units-error", HTMLParagraphElement);
  #more = element("tr", "more", element("td"));
  #acts;
  /** @type {{names: object, roster: World["roster"], sought: string, order: string[]} | null} */ #sorted = null;

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    /** @type {HTMLTableCellElement} */ (this.#more.firstElementChild).colSpan = 5;
    this.#find.addEventListener("keydown", (event) => {
      const first = this.#body.querySelector("tr[data-unit]");
      if (event.key === "Enter" && first instanceof HTMLElement) {
        // Else the same key would press the button that the focus goes to.
        event.preventDefault();
        acts.show(first.dataset["unit"] ?? "");
      }
      if (event.key !== "Escape" && event.key !== "Enter") return;
      this.#find.value = "";
      if (event.key === "Escape") this.#find.blur();
    });
  }

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   * @param {string | null} selected
   */
  draw(world, now, selected) {
    const sought = this.#find.value.trim().toLowerCase();
    const found = this.#order(world, sought);
    const running = [...world.pursuits.values()].filter(({ phase }) => phase === "running");
    const shown = found.slice(0, SHOWN).map((name) => world.units.get(name));
    const rows = shown.filter((unit) => unit !== undefined).map((unit) => {
      const row = this.#rows.get(unit.name) ?? new UnitRow(unit.name, this.#acts, (act) => this.#run(act));
      this.#rows.set(unit.name, row);
      row.draw(world, unit, now, joinable(world, unit, running), unit.name === selected);
      return row.row;
    });
    const hidden = found.length - rows.length;
    if (hidden > 0) {
      say(/** @type {HTMLElement} */ (this.#more.firstElementChild), t("units.hidden", { n: hidden }));
      rows.push(this.#more);
    }
    arrange(this.#body, rows);
  }

  /**
   * Names of the units that are sought, in the order of the table. It is the same from tick to tick, and ten thousand names
   * are not sorted four times a second.
   * @param {World} world
   * @param {string} sought
   */
  #order({ units, roster }, sought) {
    const before = this.#sorted;
    if (before?.names === units.names && before.roster === roster && before.sought === sought) return before.order;
    const rank = (/** @type {string} */ name) => (roster.get(name)?.pursuit == null ? 1 : 0);
    const order = [...units.keys()].filter((name) => matches(roster, name, sought));
    order.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    this.#sorted = { names: units.names, roster, sought, order };
    return order;
  }

  /** @param {() => Promise<unknown>} act */
  async #run(act) {
    say(this.#error, null);
    try {
      await act();
    } catch (error) {
      say(this.#error, error instanceof Error ? error.message : String(error));
    }
  }
}

class UnitRow {
  row;
  #name;
  #where = element("td");
  #speed = element("td", "number");
  #fix = element("td", "number");
  #start;
  #join;
  /** @type {string[]} */ #joinable = [];

  /**
   * @param {string} name
   * @param {Acts} acts
   * @param {(act: () => Promise<unknown>) => Promise<void>} run
   */
  constructor(name, acts, run) {
    this.#name = button("", () => acts.show(name), "plain");
    this.#start = button("", () => void run(() => acts.start(name)));
    this.#join = button("", () => {
      const pursuits = this.#joinable;
      if (pursuits.length > 1) acts.show(name);
      else if (pursuits[0]) void run(() => acts.join(name, /** @type {string} */ (pursuits[0])));
    });
    const head = element("th", "", this.#name);
    head.scope = "row";
    this.row = element("tr", "", head, this.#where, this.#speed, this.#fix, element("td", "act", this.#join, this.#start));
    mark(this.row, "unit", name);
  }

  /**
   * @param {World} world
   * @param {Unit} unit
   * @param {number} now
   * @param {string[]} joinable the running pursuits that a free unit may join
   * @param {boolean} selected
   */
  draw(world, unit, now, joinable, selected) {
    const known = world.roster.get(unit.name);
    const pursuit = known?.pursuit ?? null;
    const abroad = pursuit !== null && known?.state != null && known.state !== unit.territory;
    const note = qualityNote(unit);
    this.#joinable = joinable;
    say(this.#name, known?.call_sign ?? unit.name);
    this.#name.title = t("units.show", { unit: unit.name });
    say(this.#where, unit.territory);
    this.#where.title = territory(unit.territory);
    say(this.#speed, speed(unit.speed));
    this.#speed.title = course(unit.course);
    say(this.#fix, note ? `${age(now - unit.t)} · ${note}` : age(now - unit.t));
    this.#fix.title = `${clock(unit.t)}, ${utc(unit.t)}`;
    say(this.#start, pursuit === null ? t("units.start") : null);
    this.#start.title = t("units.start_why");
    say(this.#join, pursuit === null && joinable.length > 0 ? t("units.join") : null);
    this.#join.title = t("units.join_why", { pursuit: joinable.join(", ") });
    mark(this.row, "lon", unit.lon.toFixed(6));
    mark(this.row, "lat", unit.lat.toFixed(6));
    mark(this.row, "territory", unit.territory);
    mark(this.row, "quality", unit.quality);
    mark(this.row, "role", abroad ? "abroad" : pursuit === null ? "patrol" : "pursuit");
    mark(this.row, "selected", String(selected));
  }
}

/**
 * What is simulated never joins what is real.
 * @param {World} world
 * @param {Unit} unit
 * @param {import("./wire.d.ts").Pursuit[]} running
 */
function joinable(world, unit, running) {
  const simulated = world.roster.get(unit.name)?.simulated ?? false;
  return running.filter((pursuit) => (pursuit.simulated ?? false) === simulated).map(({ id }) => id);
}

/**
 * @param {World["roster"]} roster
 * @param {string} name
 * @param {string} sought in lower case
 */
function matches(roster, name, sought) {
  if (sought === "") return true;
  const sign = roster.get(name)?.call_sign ?? "";
  return name.toLowerCase().includes(sought) || sign.toLowerCase().includes(sought);
}
