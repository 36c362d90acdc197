// @ts-check
/**
 * What a dispatcher can report of a pursuit: one row each for the contact, the host and the crew. What is possible in
 * which phase, and the article behind each button, are the server's.
 */

/** @import {Act, Config, Duty, Pursuit} from "./wire.d.ts" */

import { isAbroad } from "./advice.mjs";
import { arrange, button, element, mark, say } from "./dom.mjs";
import { moment, unix } from "./format.mjs";
import { t } from "./i18n.mjs";
import { law } from "./law.mjs";

/**
 * @typedef {"contact" | "host-decision" | "danger" | "hold" | "handover" | "report" | "obligation" | "end"} Name
 * @typedef {Record<string, string | boolean>} Body
 * @typedef {(name: Name, body: Body) => Promise<unknown>} Command
 */

/**
 * @typedef {object} Situation
 * @property {Pursuit} pursuit
 * @property {Duty | null} duty that the one thing to do would meet
 * @property {string | null} host that the buttons speak of
 * @property {(unit: string) => string} sign the call sign of a unit
 * @property {number} time data time, Unix seconds UTC
 */

const MAX_INSTRUCTIONS = 500;
const ESCAPE = "Escape";
let serial = 0;

export class Acts {
  #command;
  #config;
  /** @type {Situation | null} */ #now = null;
  #error = element("p", "error");
  #contact;
  #unanswered;
  #host;
  #hostName = element("span", "label");
  #instructions = element("input");
  #decisions;
  #crew;
  #danger;
  #dangerOver;
  #held;
  #hold;
  #handedOver;
  #met;
  #own;
  #owed = element("ul", "owed");
  #reported;
  #end;
  #endSure;
  #buttons;
  /** What was pressed and is not answered yet. @type {Set<string>} */ #pressed = new Set();
  #turn = Promise.resolve();
  /** The one thing to do, to be shown right below the advice. */
  primary;
  /** All the rest. */
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

    this.#contact = act("", "contact", () => this.#toHost({ status: "established" }), "primary");
    this.#unanswered = act(t("act.no_answer"), "contact", () => this.#toHost({ status: "attempted" }));
    this.#decisions = {
      continue: decide(t("act.continue"), "continue"),
      joint: decide(t("act.joint"), "joint"),
      takeover: decide(t("act.takeover"), "takeover"),
      stop: decide(t("act.stop"), "stop", "danger"),
    };
    this.#instructions.placeholder = t("act.instruction");
    this.#instructions.setAttribute("aria-label", t("act.instruction_what"));
    this.#instructions.maxLength = MAX_INSTRUCTIONS;
    this.#danger = act(t("act.danger"), "danger", () => ({ disproportionate: true }), "danger");
    this.#dangerOver = act(t("act.danger_over"), "danger", () => ({ disproportionate: false }));
    this.#hold = new Hold((body) => void this.#run("hold", body));
    this.#held = button(t("act.held"), () => this.#hold.open());
    this.#held.setAttribute("aria-haspopup", "dialog");
    this.#handedOver = act(t("act.handed_over"), "handover", () => ({}), "primary");
    this.#met = act("", "obligation", () => ({ obligation: this.#now?.duty?.id ?? "" }), "primary");
    this.#reported = act("", "report", () => this.#towards("report"));
    this.#end = button(t("act.end"), () => this.#ask(true));
    this.#endSure = act(t("act.end_sure"), "end", () => ({}), "danger");
    this.#endSure.addEventListener("click", () => this.#ask(false));
    this.#endSure.addEventListener("blur", () => this.#ask(false));
    this.#endSure.hidden = true;
    this.#error.hidden = true;
    this.#error.setAttribute("role", "alert");

    const decisions = Object.values(this.#decisions);
    this.primary = this.#row(t("act.group_contact"), ["contact", "handover"], this.#contact, this.#unanswered, this.#handedOver, this.#met);
    this.primary.classList.add("now");
    this.#host = this.#row(t("act.group_host"), ["host-decision"], this.#hostName, ...decisions, this.#instructions);
    const own = [this.#danger, this.#dangerOver, this.#held, this.#reported, this.#end, this.#endSure];
    this.#crew = this.#row(t("act.group_crew"), ["danger", "hold", "report"], ...own);
    // In the order in which the keyboard goes to the first that is there.
    this.#buttons = [this.#met, this.#contact, this.#unanswered, this.#handedOver, ...decisions, ...own];
    this.#own = own;
    this.box = element("div", "actions", this.#host, this.#crew, this.#hold.dialog, this.#owed, this.#error);
  }

  /** @param {Situation} now */
  draw(now) {
    this.#now = now;
    const pressed = this.#buttons.find((one) => one === document.activeElement);
    const { pursuit, host } = now;
    const can = (/** @type {string} */ move) => this.#config.phases[pursuit.phase]?.includes(move) ?? false;
    const owed = (/** @type {string} */ kind) => pursuit.obligations.some((duty) => duty.kind === kind);
    const line = pursuit.lines.find((known) => known.host === host);
    const ended = pursuit.phase === "ended";

    const asked = can("contact") && host !== null && line?.status !== "established" && (!ended || owed("contact"));
    say(this.#contact, asked ? t("act.contact", { host }) : null);
    this.#unanswered.hidden = !asked;
    this.#handedOver.hidden = !can("handover") || !(owed("hand_over") || ["held", "taken_over"].includes(pursuit.phase));
    const { duty } = now;
    const asksElse = duty !== null && can("obligation") && !OWN_BUTTONS.has(duty.kind);
    say(this.#met, asksElse ? t("act.done") : null);
    if (duty) this.#met.setAttribute("aria-label", t("act.done_what", { what: law(duty.text) }));
    // One thing at a time: what is said in large letters is what the first button is about.
    this.#contact.classList.toggle("primary", !asksElse);
    this.primary.hidden = !asked && this.#handedOver.hidden && !asksElse;
    if (host) say(this.#hostName, t("act.host_says", { host }));
    this.#decisions.continue.hidden = this.#decisions.joint.hidden = !can("host-decision continue");
    this.#decisions.takeover.hidden = !can("host-decision takeover");
    this.#decisions.stop.hidden = !can("host-decision stop");
    for (const [name, one] of Object.entries(this.#decisions)) one.setAttribute("aria-pressed", String(line?.decision === name));
    this.#host.hidden = host === null || Object.values(this.#decisions).every(({ hidden }) => hidden);
    this.#danger.hidden = !can("danger") || pursuit.danger === true;
    this.#dangerOver.hidden = !can("danger over") || pursuit.danger !== true;
    const abroad = pursuit.members.filter(isAbroad);
    this.#held.hidden = !can(abroad.length > 0 ? "hold" : "hold at home") || owed("hand_over");
    this.#hold.draw((abroad.length > 0 ? abroad : pursuit.members).map(({ unit }) => ({ unit, sign: now.sign(unit) })));
    const report = pursuit.obligations.find(({ kind }) => kind === "report");
    say(this.#reported, can("report") && report ? t("act.report", { host: report.host }) : null);
    this.#reported.classList.toggle("primary", ended);
    this.#end.hidden = ended || !this.#endSure.hidden;
    this.#crew.hidden = this.#own.every(({ hidden }) => hidden);
    const rest = pursuit.obligations.filter(({ id, kind }) => !OWN_BUTTONS.has(kind) && id !== duty?.id);
    const done = (/** @type {Name} */ name, /** @type {Body} */ body) => this.#run(name, body);
    arrange(this.#owed, rest.map((duty, index) => owedRow(this.#owed.children[index], duty, now.time, done)));
    // What was pressed is gone, and the focus with it: whoever works by keyboard goes on with what is next.
    if (pressed && !pressed.checkVisibility()) this.focus();
  }

  /** Put the focus on the first thing to press. */
  focus() {
    this.#buttons.find((one) => one.checkVisibility())?.focus();
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
    this.#end.hidden = sure;
    this.#endSure.hidden = !sure;
    if (sure) this.#endSure.focus();
  }

  /**
   * @param {Name} name
   * @param {Body} body
   */
  async #run(name, body) {
    const what = JSON.stringify([name, body]);
    // Pressed twice, it is meant once; what else is pressed meanwhile waits for its turn, and is not lost.
    if (this.#pressed.has(what)) return;
    this.#pressed.add(what);
    mark(this.box, "busy", "true");
    this.#turn = this.#turn.then(() => this.#send(name, body));
    await this.#turn;
    this.#pressed.delete(what);
    mark(this.box, "busy", String(this.#pressed.size > 0));
  }

  /**
   * @param {Name} name
   * @param {Body} body
   */
  async #send(name, body) {
    say(this.#error, null);
    try {
      await this.#command(name, body);
      if (name === "host-decision") this.#instructions.value = "";
    } catch (error) {
      say(this.#error, error instanceof Error ? error.message : String(error));
    }
  }
}

/** Asks for what the law makes depend on a hold: who holds, and the two facts that start a clock or owe a report. */
class Hold {
  dialog = element("dialog", "ask");
  #unit = element("select");
  #eaw = checkbox();
  #force = checkbox();

  /** @param {(body: Body) => void} record */
  constructor(record) {
    const title = element("h4", "", t("act.held"));
    title.id = `hold-${++serial}`;
    this.dialog.setAttribute("aria-labelledby", title.id);
    const confirm = button(t("act.held_record"), () => {
      const facts = { ...(this.#eaw.checked ? { suspected_eaw: true } : {}), ...(this.#force.checked ? { force_used: true } : {}) };
      this.dialog.close();
      record({ unit: this.#unit.value, ...facts });
    }, "primary");
    const cancel = button(t("act.cancel"), () => this.dialog.close());
    this.dialog.append(
      title,
      element("label", "", t("act.held_by"), this.#unit),
      element("label", "check", this.#eaw, t("act.held_eaw")),
      element("label", "check", this.#force, t("act.held_force")),
      element("div", "act-row", confirm, cancel),
    );
  }

  open() {
    this.#eaw.checked = this.#force.checked = false;
    this.dialog.showModal();
    /** @type {HTMLElement | null} */ (this.dialog.querySelector(".primary"))?.focus();
  }

  /** @param {{unit: string, sign: string}[]} units who may hold somebody */
  draw(units) {
    const names = units.map(({ unit }) => unit).join();
    if (this.#unit.dataset["units"] === names) return;
    mark(this.#unit, "units", names);
    this.#unit.replaceChildren(...units.map(({ unit, sign }) => new Option(sign, unit)));
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
  const done = () => void command("obligation", { obligation: duty.id });
  const row = same ? there : element("li", "", element("span"), button(t("act.done"), done));
  const at = duty.deadline === null ? null : unix(duty.deadline);
  const late = at !== null && at < now;
  const by = at === null ? "" : ` · ${t(late ? "act.overdue_since" : "act.by", { time: moment(at, now) })}`;
  const [words, press] = /** @type {HTMLElement[]} */ ([...row.children]);
  const what = law(duty.text);
  if (words) say(words, `${late ? "▲ " : ""}${what} (${duty.host}, ${duty.article})${by}`, [at]);
  press?.setAttribute("aria-label", t("act.done_what", { what }));
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
  const note = element("div", "reasons", ...acts.map(({ says, articles }) => element("p", "", law(says), element("span", "article", articles.join("; ")))));
  note.id = `why-${++serial}`;
  note.popover = "auto";
  const open = element("button", "why", "i");
  open.type = "button";
  open.setAttribute("aria-label", t("act.why", { what: label }));
  open.popoverTargetElement = note;
  note.addEventListener("keydown", ({ key }) => key === ESCAPE && note.hidePopover());
  return [open, note];
}

function checkbox() {
  const box = element("input");
  box.type = "checkbox";
  return box;
}
