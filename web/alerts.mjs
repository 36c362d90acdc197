// @ts-check
/** The list of alerts, newest first. One is selected at a time; the keyboard moves and acknowledges. */

/**
 * @import {Alert} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { arrange, button, byId, element, mark, say } from "./dom.mjs";
import { clock, unix, utc } from "./format.mjs";
import { alertWords } from "./words.mjs";
import { settled } from "./world.mjs";

const SHOWN = 150;
/** @type {Record<string, string>} */
const SETTLED = {
  newer: "followed by a newer forecast",
  crossed: "has crossed",
  again: "decided again",
  done: "done since",
  heard: "heard again",
  taken_back: "taken back",
};

/**
 * @typedef {object} Item
 * @property {HTMLLIElement} item
 * @property {HTMLElement} status
 * @property {HTMLButtonElement} acknowledge
 * @property {HTMLElement} error
 */

export class Alerts {
  /** @type {Map<string, Item>} */ #items = new Map();
  /** @type {World["alerts"] | null} */ #drawn = null;
  /** @type {World["pursuits"] | null} */ #drawnPursuits = null;
  /** @type {World["pending"] | null} */ #drawnPending = null;
  /** @type {string | null} */ #selected = null;
  #list = /** @type {HTMLElement} */ (byId("alerts", HTMLDivElement).firstElementChild);
  #count = byId("alerts-count", HTMLSpanElement);
  #acknowledge;
  #show;

  /**
   * @param {(event: string) => Promise<unknown>} acknowledge
   * @param {(alert: Alert) => void} show called when an alert is selected
   */
  constructor(acknowledge, show) {
    this.#acknowledge = acknowledge;
    this.#show = show;
  }

  /** Write everything anew, in another language. */
  reword() {
    this.#items.clear();
    this.#drawn = null;
  }

  /** @param {World} world */
  draw(world) {
    const { alerts, pursuits, pending } = world;
    if (alerts === this.#drawn && pursuits === this.#drawnPursuits && pending === this.#drawnPending) return;
    this.#drawn = alerts;
    this.#drawnPursuits = pursuits;
    this.#drawnPending = pending;
    const over = new Map([...settled(world)].map(([id, how]) => [id, SETTLED[how] ?? how]));
    const newest = [...alerts.values()].toReversed().slice(0, SHOWN);
    const rows = newest.map((alert) => this.#row(alert, world, over.get(alert.event.id) ?? null));
    arrange(this.#list, rows);
    const shown = new Set(newest.map(({ event }) => event.id));
    for (const id of this.#items.keys()) if (!shown.has(id)) this.#items.delete(id);
    const open = [...alerts.values()].filter(({ acknowledged_by }) => acknowledged_by === null).length;
    say(this.#count, open === 0 ? "all acknowledged" : `${open} not acknowledged`);
    mark(this.#count, "open", String(open));
    if (this.#selected !== null && !shown.has(this.#selected)) this.#selected = null;
  }

  /**
   * Select the next (older) or previous (newer) alert.
   * @param {1 | -1} step
   */
  move(step) {
    const ids = [...this.#list.children].map((item) => /** @type {HTMLElement} */ (item).dataset["alert"] ?? "");
    if (ids.length === 0) return;
    const at = this.#selected === null ? (step > 0 ? -1 : ids.length) : ids.indexOf(this.#selected);
    this.#select(ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null);
  }

  /** Acknowledge the selected alert, or the newest that waits; then select the next one that waits. */
  acknowledge() {
    const waiting = [...this.#items].filter(([, { item }]) => item.dataset["acknowledged"] === "");
    const order = [...this.#list.children];
    waiting.sort(([, a], [, b]) => order.indexOf(a.item) - order.indexOf(b.item));
    const chosen = waiting.find(([id]) => id === this.#selected) ?? (this.#selected === null ? waiting[0] : undefined);
    if (!chosen) return;
    this.#send(chosen[0]);
    const next = waiting[waiting.indexOf(chosen) + 1] ?? waiting.find((other) => other !== chosen);
    this.#select(next?.[0] ?? chosen[0]);
  }

  /** @param {string | null} id */
  #select(id) {
    this.#selected = id;
    for (const [other, { item }] of this.#items) {
      const chosen = other === id;
      item.tabIndex = chosen ? 0 : -1;
      if (chosen) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
    if (id === null) return;
    this.#items.get(id)?.item.focus();
    const alert = this.#drawn?.get(id);
    if (alert) this.#show(alert);
  }

  /** @param {string} id */
  async #send(id) {
    const found = this.#items.get(id);
    if (!found || found.acknowledge.disabled) return;
    found.acknowledge.disabled = true;
    say(found.error, null);
    try {
      await this.#acknowledge(id);
    } catch (error) {
      found.acknowledge.disabled = false;
      say(found.error, error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * @param {Alert} alert
   * @param {World} world
   * @param {string | null} over how it was settled since
   */
  #row(alert, world, over) {
    const { event, acknowledged_by: by } = alert;
    const found = this.#items.get(event.id) ?? this.#make(alert, world);
    mark(found.item, "acknowledged", by ?? "");
    mark(found.item, "settled", over ?? "");
    say(found.status, [over, by === null ? null : `acknowledged by ${by}`].filter(Boolean).join(" · ") || null);
    found.acknowledge.hidden = by !== null;
    return found.item;
  }

  /**
   * @param {Alert} alert
   * @param {World} world
   * @returns {Item}
   */
  #make({ event }, world) {
    const words = alertWords(event, (unit) => world.roster.get(unit)?.call_sign ?? unit);
    const at = unix(event.time);
    const time = element("time", "", clock(at));
    time.dateTime = event.time;
    time.title = utc(at);
    const acknowledge = button("Acknowledge", () => this.#send(event.id));
    const item = element("li", `alert ${words.tone}`, acknowledge, element("h3", "", time, " ", words.title));
    if (words.article !== null) item.append(element("p", "article", words.article));
    if (words.mark !== null) item.append(element("p", "mark", words.mark));
    for (const line of words.lines) item.append(element("p", "line", line));
    if (words.more.length > 0) {
      const folded = words.more.map((line) => element("li", "", line));
      item.append(element("details", "", element("summary", "", `${folded.length} more`), element("ul", "", ...folded)));
    }
    const status = element("p", "status");
    const error = element("p", "error");
    error.setAttribute("role", "alert");
    error.hidden = true;
    item.append(status, error);
    item.tabIndex = -1;
    mark(item, "alert", event.id);
    mark(item, "type", event.type);
    item.addEventListener("mousedown", () => this.#select(event.id));
    const made = { item, status, acknowledge, error };
    this.#items.set(event.id, made);
    return made;
  }
}
