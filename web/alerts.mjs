// @ts-check
/**
 * The list of alerts, by pursuit: what waits for somebody on top, the rest folded away. One is selected at a time; the
 * keyboard moves and acknowledges. However long the session, only so many are in the document.
 */

/**
 * @import {Alert, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { sign } from "./advice.mjs";
import { RANK, priorityOf, secondChannel } from "./alarms.mjs";
import { waysTo } from "./contacts.mjs";
import { arrange, button, element, mark, say, stamp, timed } from "./dom.mjs";
import { moment, phase, territory, unix } from "./format.mjs";
import { capital, count, named, t } from "./i18n.mjs";
import { alertWords, pastWords } from "./words.mjs";
import { settled } from "./world.mjs";

/** Groups that are shown, and lines of each: the journal has the rest. */
const GROUPS = 12;
const WAITING = 25;
const DONE = 25;

/**
 * @typedef {object} Item
 * @property {HTMLLIElement} item
 * @property {HTMLElement} status
 * @property {HTMLElement} call
 * @property {HTMLButtonElement} acknowledge
 * @property {HTMLElement} error
 */

/**
 * @typedef {object} Bundle the alerts of one pursuit
 * @property {string} pursuit
 * @property {Alert[]} open not acknowledged and not settled, the most urgent first
 * @property {Alert[]} done the others, newest first
 */

/**
 * Alerts by pursuit: those that wait for somebody first, by their urgency; then the newest.
 * @param {World} world
 * @param {ReadonlyMap<string, string>} over those that are settled
 * @param {ReadonlySet<string>} [late] those that another room has not acknowledged in time
 * @returns {Bundle[]}
 */
export function bundles(world, over, late = new Set()) {
  /** @type {Map<string, Bundle>} */
  const found = new Map();
  for (const alert of world.alerts.values()) {
    const pursuit = alert.event.pursuit ?? "";
    const bundle = found.get(pursuit) ?? { pursuit, open: [], done: [] };
    found.set(pursuit, bundle);
    const waits = (alert.acknowledged_by === null || late.has(alert.event.id)) && !over.has(alert.event.id);
    (waits ? bundle.open : bundle.done).push(alert);
  }
  for (const { open, done } of found.values()) {
    open.sort((a, b) => urgency(b) - urgency(a) || b.offset - a.offset);
    done.reverse();
  }
  const rank = (/** @type {Bundle} */ { open }) => (open[0] ? 1 + urgency(open[0]) : 0);
  const newest = (/** @type {Bundle} */ { open, done }) => Math.max(...[...open, ...done].map(({ offset }) => offset));
  return [...found.values()].sort((a, b) => rank(b) - rank(a) || newest(b) - newest(a));
}

/** @param {Alert} alert */
function urgency(alert) {
  return RANK[priorityOf(alert)];
}

export class Alerts {
  /** @type {Map<string, Item>} */ #items = new Map();
  /** @type {Map<string, Group>} */ #groups = new Map();
  /** @type {World | null} */ #drawn = null;
  /** @type {string | null} */ #selected = null;
  #now = 0;
  /** @type {ReadonlyMap<string, string>} */ #over = new Map();
  /** Alerts that somebody is to be called about. @type {Map<string, NonNullable<ReturnType<typeof secondChannel>>>} */ #late = new Map();
  #list;
  #count;
  #none = element("p", "none");
  #acknowledge;
  #show;

  /**
   * @param {HTMLElement} list where the groups go
   * @param {HTMLElement} counter
   * @param {(event: string) => Promise<unknown>} acknowledge
   * @param {(alert: Alert) => void} show called when an alert is selected
   */
  constructor(list, counter, acknowledge, show) {
    this.#list = list;
    this.#count = counter;
    this.#acknowledge = acknowledge;
    this.#show = show;
  }

  /** Write everything anew, in another language. */
  reword() {
    this.#items.clear();
    this.#groups.clear();
    this.#drawn = null;
  }

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   */
  draw(world, now) {
    const over = settled(world);
    const isLater = this.#escalate(world, over, now);
    const { alerts, pursuits } = this.#drawn ?? {};
    const isSame = alerts === world.alerts && pursuits === world.pursuits && sameWords(this.#over, over);
    if (isSame && !isLater) return;
    this.#over = over;
    this.#drawn = world;
    const all = bundles(world, over, new Set(this.#late.keys()));
    const shown = all.slice(0, GROUPS);
    /** @type {Set<string>} */
    const kept = new Set();
    const groups = shown.map((bundle) => {
      const group = this.#groups.get(bundle.pursuit) ?? new Group((events) => this.#acknowledgeAll(events), () => this.#redraw());
      this.#groups.set(bundle.pursuit, group);
      const row = (/** @type {Alert} */ alert) => {
        kept.add(alert.event.id);
        return this.#row(alert, world, over.get(alert.event.id) ?? null);
      };
      group.draw(bundle, world, this.#selected, over, row);
      return group.section;
    });
    say(this.#none, groups.length === 0 ? t("alert.none") : null);
    arrange(this.#list, groups.length === 0 ? [this.#none] : groups);
    for (const id of this.#items.keys()) if (!kept.has(id)) this.#items.delete(id);
    for (const id of this.#groups.keys()) if (!shown.some(({ pursuit }) => pursuit === id)) this.#groups.delete(id);
    const open = all.reduce((sum, bundle) => sum + bundle.open.length, 0);
    say(this.#count, open === 0 ? t("alert.all_acknowledged") : t("alert.waiting", { n: open }));
    mark(this.#count, "open", String(open));
    this.#sayCalls(world);
    if (this.#selected !== null && !kept.has(this.#selected)) this.#selected = null;
  }

  /**
   * Select the next (older) or previous (newer) alert.
   * @param {1 | -1} step
   */
  move(step) {
    const ids = this.#order();
    if (ids.length === 0) return;
    const at = this.#selected === null ? (step > 0 ? -1 : ids.length) : ids.indexOf(this.#selected);
    this.#select(ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null);
  }

  /** Acknowledge the selected alert, or the first that waits; then select the next one that waits. */
  acknowledge() {
    const waits = this.#order().filter((id) => this.#waits(id));
    const chosen = this.#selected !== null && this.#waits(this.#selected) ? this.#selected : this.#selected === null ? waits[0] : undefined;
    if (chosen === undefined) {
      // What is selected is done: go to the first that is not.
      this.#select(waits[0] ?? this.#selected);
      return;
    }
    const next = waits[waits.indexOf(chosen) + 1] ?? waits.find((other) => other !== chosen);
    void this.#send(chosen);
    this.#select(next ?? chosen);
  }

  /** @param {string} id */
  #waits(id) {
    const item = this.#items.get(id)?.item;
    return item?.dataset["acknowledged"] === "" && item.dataset["settled"] === "";
  }

  /** Ids of the alerts that are in sight, from top to bottom. */
  #order() {
    const items = [...this.#list.querySelectorAll("[data-alert]")].filter((item) => item.checkVisibility());
    return items.map((item) => /** @type {HTMLElement} */ (item).dataset["alert"] ?? "");
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
    const alert = this.#drawn?.alerts.get(id);
    if (alert) this.#show(alert);
  }

  /** @param {string[]} events */
  async #acknowledgeAll(events) {
    for (const id of events) await this.#acknowledge(id);
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

  /** A fold was opened or closed: what is in it is made now, and not before. */
  #redraw() {
    const world = this.#drawn;
    this.#drawn = null;
    if (world) this.draw(world, this.#now);
  }

  /**
   * Find whom to call about what nobody has answered.
   * @param {World} world
   * @param {ReadonlyMap<string, string>} over
   * @param {number} now
   * @returns {boolean} whether that is not as it was
   */
  #escalate(world, over, now) {
    this.#now = now;
    const before = this.#late;
    this.#late = new Map();
    for (const [id, alert] of world.alerts) {
      const call = secondChannel(world, alert, over, now);
      if (call) this.#late.set(id, call);
    }
    return before.size !== this.#late.size || [...before.keys()].some((id) => !this.#late.has(id));
  }

  /** @param {World} world */
  #sayCalls(world) {
    for (const [id, { call, item }] of this.#items) {
      const found = this.#late.get(id) ?? null;
      say(call, found ? callWords(found) : null);
      if (found) call.append(...waysTo(world.contacts, found.to, found.host));
      mark(item, "late", String(found !== null));
    }
  }

  /**
   * @param {Alert} alert
   * @param {World} world
   * @param {string | null} over how it was settled since
   */
  #row(alert, world, over) {
    const { event, acknowledged_by: by, acknowledgements } = alert;
    const found = this.#items.get(event.id) ?? this.#make(alert, world);
    mark(found.item, "acknowledged", by ?? "");
    mark(found.item, "settled", over ?? "");
    const others = acknowledgements.filter((one) => one.by !== by).map((one) => one.state ? `${one.by} (${one.state})` : one.by);
    const names = [...(by === null ? [] : [by]), ...others].join(", ");
    const status = [over && named("settled", over), names !== "" && t("alert.acknowledged_by", { name: names })];
    say(found.status, status.filter(Boolean).join(" · ") || null);
    found.acknowledge.hidden = by !== null;
    return found.item;
  }

  /**
   * @param {Alert} alert
   * @param {World} world
   * @returns {Item}
   */
  #make({ event, age_s = null }, world) {
    const words = alertWords(event, (unit) => sign(world, unit));
    const at = unix(event.time);
    const time = stamp(element("time", "", moment(at, at + (age_s ?? 0))), at);
    const acknowledge = button(t("alert.acknowledge"), () => void this.#send(event.id));
    acknowledge.setAttribute("aria-label", `${t("alert.acknowledge")}: ${words.title}`);
    const item = element("li", "alert", acknowledge, element("h4", "", time, " ", words.title));
    mark(item, "tone", words.tone);
    mark(item, "past", String(age_s !== null));
    if (age_s !== null) item.append(element("p", "past", pastWords(at, age_s)));
    const call = element("p", "call");
    call.hidden = true;
    item.append(call);
    if (words.article !== null) item.append(element("p", "article", words.article));
    for (const one of words.marks) item.append(element("p", "mark", one));
    for (const line of words.lines) item.append(element("p", "line", ...timed(line, words.instants)));
    if (words.more.length > 0) {
      const folded = words.more.map((line) => element("li", "", line));
      item.append(element("details", "", element("summary", "", t("alert.more", { n: folded.length })), element("ul", "", ...folded)));
    }
    const status = element("p", "status");
    const error = element("p", "error");
    error.setAttribute("role", "alert");
    error.hidden = true;
    item.append(status, error);
    item.tabIndex = event.id === this.#selected ? 0 : -1;
    if (event.id === this.#selected) item.setAttribute("aria-current", "true");
    mark(item, "alert", event.id);
    mark(item, "type", event.type);
    item.addEventListener("click", () => this.#select(event.id));
    const made = { item, status, call, acknowledge, error };
    this.#items.set(event.id, made);
    return made;
  }
}

/** The alerts of one pursuit in the document. */
class Group {
  #title = element("h3");
  #open = element("ol");
  #done = element("ol");
  #summary = element("summary");
  #clear;
  #fold;
  /** @type {string[]} settled, and nobody has acknowledged them */ #settled = [];
  section;

  /**
   * @param {(events: string[]) => Promise<unknown>} acknowledge
   * @param {() => void} unfolded
   */
  constructor(acknowledge, unfolded) {
    this.#clear = button("", () => void this.#acknowledgeSettled(acknowledge), "clear");
    this.#fold = element("details", "done", this.#summary, this.#clear, this.#done);
    this.#fold.addEventListener("toggle", unfolded);
    this.section = element("section", "group", this.#title, this.#open, this.#fold);
  }

  /**
   * @param {Bundle} bundle
   * @param {World} world
   * @param {string | null} selected stays in sight until another is selected
   * @param {ReadonlyMap<string, string>} over
   * @param {(alert: Alert) => HTMLElement} row
   */
  draw({ pursuit: id, open, done }, world, selected, over, row) {
    const pursuit = world.pursuits.get(id);
    say(this.#title, groupWords(pursuit, world, id));
    mark(this.section, "group", id);
    mark(this.section, "waiting", String(open.length));
    const pinned = done.filter(({ event }) => event.id === selected && !this.#fold.open);
    arrange(this.#open, [...open.slice(0, WAITING), ...pinned].sort(byPlace(open, selected)).map(row));
    const folded = done.filter((alert) => !pinned.includes(alert));
    this.#fold.hidden = folded.length === 0;
    const hidden = Math.max(0, open.length - WAITING) + Math.max(0, folded.length - DONE);
    say(this.#summary, count("alert.done", folded.length) + (hidden > 0 ? ` · ${t("alert.in_journal", { n: hidden })}` : ""));
    this.#settled = done.filter(({ event, acknowledged_by }) => acknowledged_by === null && over.has(event.id)).map(({ event }) => event.id);
    say(this.#clear, this.#settled.length > 0 ? count("alert.clear", this.#settled.length) : null);
    arrange(this.#done, this.#fold.open ? folded.slice(0, DONE).map(row) : []);
  }

  /** @param {(events: string[]) => Promise<unknown>} acknowledge */
  async #acknowledgeSettled(acknowledge) {
    this.#clear.disabled = true;
    await acknowledge(this.#settled).catch(() => undefined);
    this.#clear.disabled = false;
  }
}

/**
 * What was just acknowledged stays where it was until another is selected.
 * @param {Alert[]} open
 * @param {string | null} selected
 * @returns {(a: Alert, b: Alert) => number}
 */
function byPlace(open, selected) {
  const first = open[0];
  return (a, b) => {
    if (first && (a.event.id === selected) !== (b.event.id === selected)) return urgency(b) - urgency(a) || b.offset - a.offset;
    return open.indexOf(a) - open.indexOf(b);
  };
}

/**
 * @param {Pursuit | undefined} pursuit
 * @param {World} world
 * @param {string} id
 */
function groupWords(pursuit, world, id) {
  const lead = pursuit?.members[0]?.unit;
  return [lead === undefined ? id : sign(world, lead), pursuit && phase(pursuit.phase)].filter(Boolean).join(" · ");
}

/** @param {{host: string | null, to: string | null}} second */
function callWords({ host, to }) {
  if (host === null) return t("alert.call");
  return capital(t("alert.call_host", { host, to: to ?? t("advice.room", { state: territory(host) }) }));
}

/**
 * @param {ReadonlyMap<string, string>} before
 * @param {ReadonlyMap<string, string>} now
 */
function sameWords(before, now) {
  return before === now || (before.size === now.size && [...now].every(([id, word]) => before.get(id) === word));
}
