// @ts-check
/** A card for each pursuit: who, where, what the law says, and in large letters the one thing to do now. */

/**
 * @import {Line, Member, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { advise } from "./advice.mjs";
import { arrange, button, byId, element, mark, say } from "./dom.mjs";
import { clock, ground, phase, speed, territory, unix } from "./format.mjs";
import { BASIS, PERMITTED } from "./words.mjs";
import { lag } from "./world.mjs";

/** Minutes for which the card of an ended pursuit stays. */
const ENDED_SHOWN_S = 600;

/** @typedef {(command: "contact" | "host-decision" | "end", body: Record<string, string>) => Promise<unknown>} Command */

export class PursuitPanel {
  /** @type {Map<string, Card>} */ #cards = new Map();
  #list = byId("pursuits", HTMLDivElement);
  #none = element("p", "none", "No pursuit is running. Start one from a unit below.");
  #command;

  /** @param {(pursuit: string, ...rest: Parameters<Command>) => Promise<unknown>} command */
  constructor(command) {
    this.#command = command;
  }

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   */
  draw(world, now) {
    const shown = [...world.pursuits.values()].filter((pursuit) => isShown(pursuit, now - lag(world, pursuit)));
    // Running ones first, the newest on top.
    shown.reverse().sort((a, b) => Number(a.phase === "ended") - Number(b.phase === "ended"));
    const cards = shown.map((pursuit) => {
      const card = this.#cards.get(pursuit.id) ?? new Card((...command) => this.#command(pursuit.id, ...command));
      this.#cards.set(pursuit.id, card);
      card.draw(world, pursuit, now - lag(world, pursuit));
      return card.article;
    });
    const kept = new Set(shown.map(({ id }) => id));
    for (const id of this.#cards.keys()) if (!kept.has(id)) this.#cards.delete(id);
    arrange(this.#list, cards.length > 0 ? cards : [this.#none]);
  }
}

class Card {
  #title = element("h3");
  #phase = element("span", "chip");
  #note = element("p", "note");
  #what = element("p", "what");
  #clock = element("p", "clock");
  #article = element("p", "article");
  #advice = element("div", "advice", this.#what, this.#clock, this.#article);
  #members = element("ul", "members");
  #lines = element("ul", "lines");
  #error = element("p", "error");
  #says = element("div", "says");
  #hostName = element("span");
  #established;
  #decisions;
  #end;
  #endSure;
  #buttons;
  /** @type {string | null} */ #host = null;
  #sure = false;
  article;

  /** @param {Command} command */
  constructor(command) {
    const run = (/** @type {Parameters<Command>} */ ...call) => this.#run(() => command(...call));
    const decide = (/** @type {string} */ text, /** @type {string} */ decision, tone = "") =>
      button(text, () => run("host-decision", this.#named({ decision })), tone);
    this.#established = button("Contact established", () => run("contact", this.#named({ status: "established" })), "primary");
    this.#decisions = [decide("Continue", "continue"), decide("Takes over", "takeover"), decide("STOP", "stop", "danger")];
    this.#end = button("End…", () => this.#ask(true));
    this.#endSure = button("End the pursuit", () => {
      this.#ask(false);
      run("end", {});
    }, "danger");
    this.#endSure.hidden = true;
    this.#endSure.addEventListener("blur", () => this.#ask(false));
    this.#error.hidden = true;
    this.#error.setAttribute("role", "alert");
    this.#buttons = [this.#established, ...this.#decisions, this.#end, this.#endSure];
    this.#says.append(this.#hostName, ...this.#decisions);
    this.#says.setAttribute("role", "group");
    this.#says.setAttribute("aria-label", "What the host state decides");
    const actions = element("div", "actions", this.#established, this.#says, this.#end, this.#endSure);
    const header = element("header", "", this.#title, this.#phase);
    this.article = element("article", "card", header, this.#advice, actions, this.#error, this.#members, this.#lines, this.#note);
  }

  /**
   * @param {World} world
   * @param {Pursuit} pursuit
   * @param {number} now data time, Unix seconds UTC
   */
  draw(world, pursuit, now) {
    mark(this.article, "pursuit", pursuit.id);
    mark(this.article, "phase", pursuit.phase);
    const lead = pursuit.members[0]?.unit;
    say(this.#title, lead ? `${world.roster.get(lead)?.call_sign ?? lead} · since ${clock(unix(pursuit.started_at))}` : pursuit.id);
    this.#title.title = pursuit.id;
    say(this.#phase, phase(pursuit.phase));
    const why = [pursuit.note, pursuit.ground && ground(pursuit.ground), pursuit.started_in && `began in ${territory(pursuit.started_in)}`];
    say(this.#note, why.filter(Boolean).join(" · ") || null);

    const advice = advise(world, pursuit, now);
    mark(this.#advice, "tone", advice.tone);
    say(this.#what, advice.what);
    say(this.#clock, advice.clock);
    say(this.#article, advice.article);

    arrange(this.#members, pursuit.members.map((member, index) => memberRow(this.#members.children[index], world, pursuit, member)));
    arrange(this.#lines, pursuit.lines.map((line, index) => lineRow(this.#lines.children[index], line)));

    const ended = pursuit.phase === "ended";
    this.#host = advice.duty?.host ?? hostOf(world, pursuit);
    const told = pursuit.lines.some(({ host, status }) => host === this.#host && status === "established");
    this.#established.hidden = ended || this.#host === null || told;
    say(this.#established, this.#established.hidden ? null : `Contact with ${this.#host} established`);
    this.#says.hidden = ended || this.#host === null;
    say(this.#hostName, `${this.#host} says:`);
    this.#end.hidden = ended || this.#sure;
  }

  /** @param {Record<string, string>} body */
  #named(body) {
    return this.#host === null ? body : { ...body, host: this.#host };
  }

  /** @param {boolean} sure */
  #ask(sure) {
    this.#sure = sure;
    this.#end.hidden = sure;
    this.#endSure.hidden = !sure;
    if (sure) this.#endSure.focus();
  }

  /** @param {() => Promise<unknown>} act */
  async #run(act) {
    say(this.#error, null);
    for (const one of this.#buttons) one.disabled = true;
    try {
      await act();
    } catch (error) {
      say(this.#error, error instanceof Error ? error.message : String(error));
    }
    for (const one of this.#buttons) one.disabled = false;
  }
}

/**
 * @param {Pursuit} pursuit
 * @param {number} now data time
 */
function isShown(pursuit, now) {
  if (pursuit.phase !== "ended") return true;
  return pursuit.obligations.length > 0 || (pursuit.ended_at != null && now - unix(pursuit.ended_at) < ENDED_SHOWN_S);
}

/**
 * The host state that a button speaks of: where a member is or is about to be, abroad.
 * @param {World} world
 * @param {Pursuit} pursuit
 */
function hostOf(world, pursuit) {
  const abroad = pursuit.members.find(({ territory, state }) => territory !== null && state !== null && territory !== state);
  if (abroad) return abroad.territory;
  for (const { unit, state } of pursuit.members) {
    const to = world.pending.get(unit)?.to;
    if (to !== undefined && to !== state) return to;
  }
  return pursuit.lines.at(-1)?.host ?? null;
}

/**
 * @param {Element | undefined} there
 * @param {World} world
 * @param {Pursuit} pursuit
 * @param {Member} member
 */
function memberRow(there, world, pursuit, member) {
  const row = there instanceof HTMLElement ? there : element("li", "", element("b"), element("span", "where"), element("span", "says"));
  const [sign, where, says] = /** @type {HTMLElement[]} */ ([...row.children]);
  const unit = world.units.get(member.unit);
  const abroad = member.state !== null && member.territory !== null && member.territory !== member.state;
  if (sign) say(sign, world.roster.get(member.unit)?.call_sign ?? member.unit);
  if (where) say(where, `${member.state ?? "?"} unit in ${territory(member.territory)}, ${speed(unit?.speed ?? null)}`);
  const decision = abroad ? pursuit.decisions[member.unit] : undefined;
  const said = decision ? [PERMITTED[decision.permitted], decision.article, decision.rule, BASIS[decision.basis]].filter(Boolean).join(" · ") : null;
  if (says) say(says, said);
  mark(row, "member", member.unit);
  mark(row, "abroad", String(abroad));
  return row;
}

/**
 * @param {Element | undefined} there
 * @param {Line} line
 */
function lineRow(there, line) {
  const row = there instanceof HTMLElement ? there : element("li");
  const since = line.since ? ` at ${clock(unix(line.since))}` : "";
  const who = [line.with, line.channel].filter(Boolean).join(", ");
  const decision = line.decision && line.decision !== "none" ? ` · host: ${line.decision}` : "";
  const instructions = line.instructions ? ` · “${line.instructions}”` : "";
  say(row, `Contact with ${line.host}: ${line.status}${since}${who ? ` (${who})` : ""}${decision}${instructions}`);
  mark(row, "line", line.host);
  mark(row, "status", line.status);
  return row;
}
