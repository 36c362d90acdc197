// @ts-check
/**
 * One pursuit: who, from where to where, what the law says, and in large letters the one thing to do now. It is drawn
 * from a world, a pursuit and a moment, and sets nothing off but the commands it is given: a replay draws it too.
 */

/**
 * @import {Name, Body} from "./acts.mjs"
 * @import {Preview} from "./preview.mjs"
 * @import {Config, Line, Member, Pursuit} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { Acts } from "./acts.mjs";
import { advise, isAbroad, next, sign, then } from "./advice.mjs";
import { waysTo } from "./contacts.mjs";
import { arrange, button, element, mark, say } from "./dom.mjs";
import { age, clock, countdown, ground, phase, speed, territory, unix, utcMoment } from "./format.mjs";
import { named, t } from "./i18n.mjs";
import { factsAhead } from "./preview.mjs";
import { drawVerdict, verdictLine } from "./verdict.mjs";
import { lag, pastOf } from "./world.mjs";

/**
 * @typedef {object} Surroundings
 * @property {(pursuit: string, name: Name, body: Body) => Promise<unknown>} command
 * @property {Pick<Config, "acts" | "phases">} config
 * @property {Preview | null} preview null where nobody asks what the law would say
 */

/**
 * @typedef {object} Said
 * @property {ReturnType<typeof next>} coming
 * @property {import("./verdict.mjs").Verdict | null} finding
 * @property {string} ahead the state that it is about, when the unit is not there yet; or ""
 */

export class PursuitCard {
  #around;
  /** @type {Pursuit | null} */ #pursuit = null;
  #title;
  #way = element("span", "way");
  #phase = element("span", "chip");
  #since = element("span", "since");
  #simulated = element("span", "badge");
  /** That the newest data of the pursuit is not of now. */ #past = element("p", "past");
  #what = element("p", "what");
  #clock = element("p", "clock");
  #says = element("p", "says");
  #reach = element("p", "reach");
  #article = element("p", "article");
  #then = element("p", "then");
  #advice = element("div", "advice", this.#what, this.#clock, this.#reach, this.#says, this.#article, this.#then);
  #members = element("ul", "members");
  /** What the law says of every member, where it says the same of all. */ #ofAll = verdictLine();
  #lines = element("ul", "lines");
  #note = element("p", "note");
  #acts;
  article;

  /**
   * @param {Surroundings} around
   * @param {() => void} open called when the card is to be shown in full
   */
  constructor(around, open) {
    this.#around = around;
    this.#acts = new Acts((name, body) => around.command(this.#pursuit?.id ?? "", name, body), around.config);
    this.#title = button("", open, "plain");
    const header = element("header", "", element("h3", "", this.#title), this.#way, this.#simulated, this.#phase, this.#since);
    const rest = element("div", "rest", this.#acts.box, this.#lines, this.#note);
    this.article = element("article", "card", header, this.#past, this.#advice, this.#acts.primary, this.#members, this.#ofAll, rest);
    // By keyboard only: under a pointer nothing may move between pressing and letting go.
    this.article.addEventListener("focusin", ({ target }) => target instanceof Element && target.matches(":focus-visible") && open());
  }

  /** Go to the first thing to press. */
  focus() {
    this.article.scrollIntoView({ block: "nearest" });
    this.#acts.focus();
  }

  /**
   * @param {World} world
   * @param {Pursuit} pursuit
   * @param {number} now data time, Unix seconds UTC
   * @param {number} number by which the keyboard reaches it
   */
  draw(world, pursuit, now, number) {
    this.#pursuit = pursuit;
    mark(this.article, "pursuit", pursuit.id);
    mark(this.article, "phase", pursuit.phase);
    const [lead, ...others] = pursuit.members.map(({ unit }) => sign(world, unit));
    const many = others.length > 0 ? ` +${others.length}` : "";
    say(this.#title, number <= 9 ? `${number} · ${lead ?? pursuit.id}${many}` : `${lead ?? pursuit.id}${many}`);
    this.#title.title = pursuit.id;
    this.article.setAttribute("aria-label", t("card.label", { unit: lead ?? pursuit.id }));
    const host = hostOf(world, pursuit);
    say(this.#way, [pursuit.started_in ?? "?", ...(host && host !== pursuit.started_in ? [host] : [])].join(" ▸ "));
    this.#way.title = t("card.began", { in: territory(pursuit.started_in, "in") });
    say(this.#simulated, pursuit.simulated ? t("card.simulated") : null);
    const server_now = now + lag(world, pursuit);
    const past = pastOf(world, pursuit, server_now);
    say(this.#past, past === null ? null : t("card.past", { time: utcMoment(past, server_now), age: age(server_now - past) }));
    say(this.#phase, phase(pursuit.phase));
    const began = unix(pursuit.started_at);
    say(this.#since, t("card.since", { time: clock(began) }), [began]);

    const advice = advise(world, pursuit, now);
    const later = then(world, pursuit, now);
    mark(this.#advice, "tone", advice.tone);
    mark(this.#advice, "row", advice.row);
    say(this.#what, advice.what);
    say(this.#clock, advice.clock);
    this.#sayReach(world, advice.duty);
    say(this.#says, advice.says ?? null);
    say(this.#article, advice.article);
    say(this.#then, later ? t("advice.then", { what: [later.what, later.clock].filter(Boolean).join(" · ") }) : null);

    const said = pursuit.members.map((member) => this.#saidOf(world, pursuit, member, now));
    const [one] = said;
    const isSame = one !== undefined && one.finding !== null && said.length > 1 && said.every((other) => sameVerdict(one, other));
    const members = pursuit.members.map((member, index) => {
      const row = this.#member(this.#members.children[index], world, member, said[index]?.coming ?? null, now);
      const verdict = row.lastElementChild;
      if (verdict instanceof HTMLElement) drawVerdict(verdict, isSame ? null : (said[index]?.finding ?? null), said[index]?.ahead);
      return row;
    });
    arrange(this.#members, members);
    drawVerdict(this.#ofAll, isSame ? one.finding : null, one?.ahead, t("card.all_units"));
    arrange(this.#lines, pursuit.lines.map((line, index) => lineRow(this.#lines.children[index], line)));
    const why = [pursuit.note, pursuit.ground && ground(pursuit.ground)];
    say(this.#note, why.filter(Boolean).join(" · ") || null);
    this.#acts.draw({ pursuit, duty: advice.duty, host: advice.duty?.host ?? host, sign: (unit) => sign(world, unit), time: now });
  }

  /**
   * How to reach whom the duty is owed to: made anew only when it is another, so that a link does not go from under a hand.
   * @param {World} world
   * @param {import("./wire.d.ts").Duty | null} duty
   */
  #sayReach(world, duty) {
    const whom = duty ? `${duty.addressee ?? ""} ${duty.host}` : "";
    if (this.#reach.dataset["whom"] === whom) return;
    mark(this.#reach, "whom", whom);
    this.#reach.replaceChildren(...(duty ? waysTo(world.contacts, duty.addressee, duty.host) : []));
    this.#reach.hidden = this.#reach.childElementCount === 0;
  }

  /**
   * Which border comes next for a member, and what the law says of it there, or where it is.
   * @param {World} world
   * @param {Pursuit} pursuit
   * @param {Member} member
   * @param {number} now data time
   * @returns {Said}
   */
  #saidOf(world, pursuit, member, now) {
    const coming = next(world, { ...pursuit, members: [member] }, null, now);
    const thought = coming && pursuit.phase === "running" ? (this.#around.preview?.of(factsAhead(pursuit, member, coming.to)) ?? null) : null;
    const standing = isAbroad(member) ? (pursuit.decisions[member.unit] ?? null) : null;
    return { coming, finding: thought ?? standing, ahead: thought && coming ? coming.to : "" };
  }

  /**
   * Where a member is, how fast, which border comes next and when.
   * @param {Element | undefined} there
   * @param {World} world
   * @param {Member} member
   * @param {Said["coming"]} coming
   * @param {number} now data time
   */
  #member(there, world, member, coming, now) {
    const row = there instanceof HTMLElement ? there : memberRow();
    const [name, where, pace, ahead] = /** @type {HTMLElement[]} */ ([...row.children]);
    const unit = world.units.get(member.unit);
    const abroad = isAbroad(member);
    if (name) say(name, sign(world, member.unit));
    if (where) {
      say(where, t("card.member", { state: member.state ?? "?", where: member.territory ?? "?" }));
      where.title = territory(member.territory, "in");
    }
    if (pace) say(pace, unit?.quality === "lost" || unit?.quality === "stale" ? named("quality", unit.quality) : speed(unit?.speed ?? null));
    if (ahead) say(ahead, coming ? t("card.next", { host: coming.to, time: countdown(Math.max(0, coming.at - now)) }) : "");
    mark(row, "member", member.unit);
    mark(row, "abroad", String(abroad));
    mark(row, "quality", unit?.quality ?? "lost");
    return row;
  }
}

/**
 * @param {Said} one
 * @param {Said} other
 */
function sameVerdict(one, other) {
  if (one.finding === null || other.finding === null || one.ahead !== other.ahead) return false;
  const [a, b] = [one.finding, other.finding];
  return a.permitted === b.permitted && a.article === b.article && a.basis === b.basis && a.words === b.words;
}

function memberRow() {
  return element("li", "", element("b"), element("span", "where"), element("span", "pace"), element("span", "next"), verdictLine());
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
 * @param {Line} line
 */
function lineRow(there, line) {
  const row = there instanceof HTMLElement ? there : element("li");
  const status = named("contact", line.status);
  const made = line.since
    ? t("card.contact_at", { host: line.host, status, time: clock(unix(line.since)) })
    : t("card.contact", { host: line.host, status });
  const who = [line.with, line.channel].filter(Boolean).join(", ");
  const decided = line.decision && line.decision !== "none" ? ` · ${line.host} ${named("host", line.decision)}` : "";
  const instructions = line.instructions ? ` · “${line.instructions}”` : "";
  say(row, `${made}${who ? ` (${who})` : ""}${decided}${instructions}`, [line.since ? unix(line.since) : null]);
  mark(row, "line", line.host);
  mark(row, "status", line.status);
  return row;
}
