// @ts-check
/**
 * What a dispatcher can report of a pursuit: one row each for the contact, the host and the crew. What is
 * possible in which phase, and the article behind each button, are the server's.
 */

/** @import {Act, Config, Duty, Pursuit} from "./wire.d.ts" */

import { arrange, button, element, mark, say } from "./dom.mjs";
import { moment, unix } from "./format.mjs";

/**
 * @typedef {"contact" | "host-decision" | "danger" | "hold" | "handover" | "report" | "obligation" | "end"} Name
 * @typedef {Record<string, string | boolean>} Body
 * @typedef {(name: Name, body: Body) => Promise<unknown>} Command
 */

/**
 * @typedef {object} Situation
 * @property {Pursuit} pursuit
 * @property {string | null} host that the buttons speak of
 * @property {string | null} abroad the first unit that is in another state
 * @property {number} time data time, Unix seconds UTC
 */

const MAX_INSTRUCTIONS = 500;
let serial = 0;

export class Acts {
  #command;
  #config;
  /** @type {Situation | null} */ #now = null;
  #sure = false;
  #error = element("p", "error");
  #contact;
  #unanswered;
  #host;
  #hostName = element("span");
  #instructions = element("input");
  #decisions;
  #crew;
  #danger;
  #dangerOver;
  #held;
  #handedOver;
  #own;
  #owed = element("ul", "owed");
  #reported;
  #end;
  #endSure;
  #buttons;
  /** To be shown in the card. */
  box;

  /**
   * @param {Command} command
   * @param {Pick<Config, "acts" | "phases">} config
   */
  constructor(command, config) {
    this.#command = command;
    this.#config = config;
    const act = (/** @type {string} */ text, /** @type {Name} */ name, /** @type {() => Body} */ body, tone = "") =>
      button(text, () => void this.#run(name, body()), tone);
    const decide = (/** @type {string} */ text, /** @type {string} */ decision, tone = "") =>
      act(text, "host-decision", () => this.#said(decision), tone);

    this.#contact = act("Contact established", "contact", () => this.#toHost({ status: "established" }), "primary");
    this.#unanswered = act("No answer", "contact", () => this.#toHost({ status: "attempted" }));
    this.#decisions = {
      continue: decide("Continue", "continue"),
      joint: decide("Joint", "joint"),
      takeover: decide("Takes over", "takeover"),
      stop: decide("STOP", "stop", "danger"),
    };
    this.#instructions.placeholder = "Instruction, if any";
    this.#instructions.setAttribute("aria-label", "What the host tells the officers to do");
    this.#instructions.maxLength = MAX_INSTRUCTIONS;
    this.#danger = act("Danger: break off", "danger", () => ({ disproportionate: true }), "danger");
    this.#dangerOver = act("Danger is over", "danger", () => ({ disproportionate: false }));
    this.#held = act("Person held", "hold", () => (this.#now?.abroad ? { unit: this.#now.abroad } : {}));
    this.#handedOver = act("Handed over", "handover", () => ({}), "primary");
    this.#reported = act("Report made", "report", () => this.#towards("report"));
    this.#end = button("End…", () => this.#ask(true));
    this.#endSure = act("End the pursuit", "end", () => ({}), "danger");
    this.#endSure.addEventListener("click", () => this.#ask(false));
    this.#endSure.addEventListener("blur", () => this.#ask(false));
    this.#endSure.hidden = true;
    this.#error.hidden = true;
    this.#error.setAttribute("role", "alert");

    const decisions = Object.values(this.#decisions);
    const contact = this.#row("Contact", ["contact"], this.#contact, this.#unanswered);
    this.#host = this.#row("What the host state decides", ["host-decision"], this.#hostName, ...decisions, this.#instructions);
    const own = [this.#danger, this.#dangerOver, this.#held, this.#handedOver, this.#reported, this.#end, this.#endSure];
    this.#crew = this.#row("What the crew reports", ["danger", "hold", "handover", "report"], ...own);
    this.#buttons = [this.#contact, this.#unanswered, ...decisions, ...own];
    this.#own = own;
    this.box = element("div", "actions", contact, this.#host, this.#crew, this.#owed, this.#error);
  }

  /** @param {Situation} now */
  draw(now) {
    this.#now = now;
    const { pursuit, host } = now;
    const can = (/** @type {string} */ move) => this.#config.phases[pursuit.phase]?.includes(move) ?? false;
    const owed = (/** @type {string} */ kind) => pursuit.obligations.some((duty) => duty.kind === kind);
    const line = pursuit.lines.find((known) => known.host === host);
    const ended = pursuit.phase === "ended";

    const asked = can("contact") && host !== null && line?.status !== "established" && (!ended || owed("contact"));
    this.#contact.hidden = this.#unanswered.hidden = !asked;
    if (asked) this.#contact.textContent = `Contact with ${host} established`;
    if (host) this.#hostName.textContent = `${host} says:`;
    this.#decisions.continue.hidden = this.#decisions.joint.hidden = !can("host-decision continue");
    this.#decisions.takeover.hidden = !can("host-decision takeover");
    this.#decisions.stop.hidden = !can("host-decision stop");
    this.#host.hidden = host === null || Object.values(this.#decisions).every(({ hidden }) => hidden);
    this.#danger.hidden = !can("danger") || pursuit.danger === true;
    this.#dangerOver.hidden = !can("danger over") || pursuit.danger !== true;
    this.#held.hidden = !can(now.abroad ? "hold" : "hold at home") || owed("hand_over");
    this.#handedOver.hidden = !can("handover") || !(owed("hand_over") || pursuit.phase === "taken_over");
    const report = pursuit.obligations.find(({ kind }) => kind === "report");
    this.#reported.hidden = !can("report") || !report;
    if (report) this.#reported.textContent = `Report to ${report.host} made`;
    this.#end.hidden = ended || this.#sure;
    this.#crew.hidden = this.#own.every(({ hidden }) => hidden);
    const else_ = pursuit.obligations.filter(({ kind }) => !OWN_BUTTONS.has(kind));
    const done = (/** @type {Name} */ name, /** @type {Body} */ body) => this.#run(name, body);
    arrange(this.#owed, else_.map((duty, index) => owedRow(this.#owed.children[index], duty, now.time, done)));
    const first = this.#contact.parentElement;
    if (first) first.hidden = !asked;
  }

  /**
   * A group of buttons, and behind an (i) why the law wants to know.
   * @param {string} label
   * @param {Name[]} names
   * @param {...HTMLElement} parts
   */
  #row(label, names, ...parts) {
    const row = element("div", "act-row", ...parts);
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", label);
    const known = this.#config.acts.filter(({ name }) => names.some((wanted) => wanted === name));
    row.append(...why(label, known));
    return row;
  }

  /** @param {Body} body */
  #toHost(body) {
    const host = this.#now?.host;
    return host ? { ...body, host } : body;
  }

  /** @param {string} decision */
  #said(decision) {
    const instructions = this.#instructions.value.trim();
    return this.#toHost(instructions ? { decision, instructions } : { decision });
  }

  /** @param {string} kind */
  #towards(kind) {
    const duty = this.#now?.pursuit.obligations.find((open) => open.kind === kind);
    return duty ? { host: duty.host } : /** @type {Body} */ ({});
  }

  /** @param {boolean} sure */
  #ask(sure) {
    this.#sure = sure;
    this.#end.hidden = sure;
    this.#endSure.hidden = !sure;
    if (sure) this.#endSure.focus();
  }

  /**
   * @param {Name} name
   * @param {Body} body
   */
  async #run(name, body) {
    say(this.#error, null);
    for (const one of this.#buttons) one.disabled = true;
    try {
      await this.#command(name, body);
      if (name === "host-decision") this.#instructions.value = "";
    } catch (error) {
      say(this.#error, error instanceof Error ? error.message : String(error));
    }
    for (const one of this.#buttons) one.disabled = false;
  }
}

/** Obligations that a button above meets, or the end itself. */
const OWN_BUTTONS = new Set(["contact", "hand_over", "report", "break_off"]);

/**
 * What else is owed, each with a button for when it was done.
 * @param {Element | undefined} there
 * @param {Duty} duty
 * @param {number} now data time, Unix seconds UTC
 * @param {Command} command
 */
function owedRow(there, duty, now, command) {
  const same = there instanceof HTMLElement && there.dataset["owed"] === duty.id;
  const row = same ? there : element("li", "", element("span"), button("Done", () => void command("obligation", { obligation: duty.id })));
  const at = duty.deadline === null ? null : unix(duty.deadline);
  const by = at === null ? "" : ` · ${at < now ? "overdue since" : "by"} ${moment(at, now)}`;
  const [words, done] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (words) say(words, `${duty.text} (${duty.host}, ${duty.article})${by}`);
  done?.setAttribute("aria-label", `Done: ${duty.text}`);
  mark(row, "owed", duty.id);
  mark(row, "kind", duty.kind);
  mark(row, "overdue", String(duty.overdue));
  return row;
}

/**
 * A button that opens what the law has to do with a group of others.
 * @param {string} label
 * @param {Act[]} acts
 * @returns {HTMLElement[]}
 */
function why(label, acts) {
  const note = element("div", "reasons", ...acts.map(({ says, articles }) => element("p", "", says, element("span", "article", articles.join("; ")))));
  note.id = `why-${++serial}`;
  note.popover = "auto";
  const open = element("button", "why", "i");
  open.type = "button";
  open.setAttribute("aria-label", `Why: ${label}`);
  open.popoverTargetElement = note;
  return [open, note];
}
