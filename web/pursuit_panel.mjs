// @ts-check
/** A card for each pursuit: who, where, what the law says, and in large letters the one thing to do now. */

/**
 * @import {Command} from "./acts.mjs"
 * @import {Config, Line, Member, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { Acts } from "./acts.mjs";
import { advise } from "./advice.mjs";
import { arrange, byId, element, mark, say } from "./dom.mjs";
import { clock, ground, phase, speed, territory, unix } from "./format.mjs";
import { named } from "./i18n.mjs";
import { lag } from "./world.mjs";

/** Minutes for which the card of an ended pursuit stays. */
const ENDED_SHOWN_S = 600;

export class PursuitPanel {
  /** @type {Map<string, Card>} */ #cards = new Map();
  #list = byId("pursuits", HTMLDivElement);
  #none = element("p", "none", "No pursuit is running. Start one from a unit below.");
  #command;

  #config;

  /**
   * @param {(pursuit: string, ...rest: Parameters<Command>) => Promise<unknown>} command
   * @param {Pick<Config, "acts" | "phases">} config
   */
  constructor(command, config) {
    this.#command = command;
    this.#config = config;
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
    const shown = [...world.pursuits.values()].filter((pursuit) => isShown(pursuit, now - lag(world, pursuit)));
    // Running ones first, the newest on top.
    shown.reverse().sort((a, b) => Number(a.phase === "ended") - Number(b.phase === "ended"));
    const cards = shown.map((pursuit) => {
      const card = this.#cards.get(pursuit.id) ?? new Card((...act) => this.#command(pursuit.id, ...act), this.#config);
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
  #acts;
  article;

  /**
   * @param {Command} command
   * @param {Pick<Config, "acts" | "phases">} config
   */
  constructor(command, config) {
    this.#acts = new Acts(command, config);
    const header = element("header", "", this.#title, this.#phase);
    this.article = element("article", "card", header, this.#advice, this.#acts.box, this.#members, this.#lines, this.#note);
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

    const abroad = pursuit.members.find(isAbroad)?.unit ?? null;
    this.#acts.draw({ pursuit, host: advice.duty?.host ?? hostOf(world, pursuit), abroad, time: now });
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

/** @param {Member} member */
function isAbroad({ territory, state }) {
  return territory !== null && state !== null && territory !== state;
}

/**
 * The host state that a button speaks of: where a member is or is about to be, abroad.
 * @param {World} world
 * @param {Pursuit} pursuit
 */
function hostOf(world, pursuit) {
  const abroad = pursuit.members.find(isAbroad);
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
  const abroad = isAbroad(member);
  if (sign) say(sign, world.roster.get(member.unit)?.call_sign ?? member.unit);
  if (where) say(where, `${member.state ?? "?"} unit in ${territory(member.territory)}, ${speed(unit?.speed ?? null)}`);
  const decision = abroad ? pursuit.decisions[member.unit] : undefined;
  const said = decision ? [named("permitted", decision.permitted), decision.article, decision.rule, decision.basis !== "text" && named("basis", decision.basis)].filter(Boolean).join(" · ") : null;
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
