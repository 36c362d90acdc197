// @ts-check
/** The time line of a past pursuit: play, speed, scrub, jump to what happened, and the reports on its legs. */

/** @import {Leg} from "./wire.d.ts" */
/** @import {Mark, Review} from "./review.mjs" */

import { button, byId, element, mark, say, stamp, timed } from "./dom.mjs";
import { clock, countdown, unix, utc } from "./format.mjs";
import { language, t } from "./i18n.mjs";
import { listen } from "./keys.mjs";
import { SPEEDS } from "./review.mjs";
import { markWords } from "./words.mjs";

export class ReviewBar {
  #bar = byId("review", HTMLElement);
  #play = byId("review-play", HTMLButtonElement);
  #slider = byId("review-at", HTMLInputElement);
  #ticks = byId("review-ticks", HTMLDivElement);
  #time = byId("review-time", HTMLTimeElement);
  #jump = byId("review-jump", HTMLSelectElement);
  #speed = byId("review-speed", HTMLSelectElement);
  #reports = byId("review-reports", HTMLElement);
  #review;
  #moved;
  /** @type {Leg[]} */ #legs = [];
  /** @type {string} */ #pursuit;

  /**
   * @param {Review} review
   * @param {string} pursuit
   * @param {() => void} moved called when somebody has gone to another moment
   */
  constructor(review, pursuit, moved) {
    this.#review = review;
    this.#pursuit = pursuit;
    this.#moved = moved;
    this.#bar.hidden = false;
    this.#slider.max = String(Math.round(review.ended - review.began));
    this.#slider.addEventListener("input", () => this.#go(review.began + Number(this.#slider.value)));
    this.#play.addEventListener("click", () => this.toggle());
    byId("review-back", HTMLButtonElement).addEventListener("click", () => this.step(-1));
    byId("review-on", HTMLButtonElement).addEventListener("click", () => this.step(1));
    for (const speed of SPEEDS) this.#speed.add(new Option(`×${speed}`, String(speed), speed === 1, speed === 1));
    this.#speed.addEventListener("change", () => (review.speed = Number(this.#speed.value)));
    this.#jump.addEventListener("change", () => {
      const chosen = review.marks[Number(this.#jump.value)];
      this.#jump.selectedIndex = 0;
      if (chosen) this.#go(chosen.t);
    });
    listen({ ",": () => this.step(-1), ".": () => this.step(1) });
    // The space bar presses what has the focus; it plays where nothing does.
    document.addEventListener("keydown", (event) => {
      const isTaken = event.target instanceof HTMLElement && event.target.matches("button, a, input, select, textarea, summary");
      if (event.key !== " " || isTaken || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      this.toggle();
    });
    this.reword();
  }

  /** Play, or pause. */
  toggle() {
    if (this.#review.isPlaying) this.#review.pause();
    else this.#review.play();
    this.draw();
  }

  /**
   * To what happened next, or before.
   * @param {1 | -1} direction
   */
  step(direction) {
    this.#review.step(direction);
    this.#moved();
    this.draw();
  }

  /** @param {Leg[]} legs for each of which there is a report */
  offer(legs) {
    this.#legs = legs;
    this.reword();
  }

  /** Write what is written once in the page's language. */
  reword() {
    const { marks, began, ended } = this.#review;
    this.#jump.replaceChildren(new Option(t("review.jump"), ""));
    this.#ticks.replaceChildren();
    marks.forEach((found, index) => {
      const words = markWords(found.event, (unit) => this.#review.sign(unit));
      const option = new Option(`${clock(found.t)} ${words}`, String(index));
      option.title = utc(found.t);
      this.#jump.add(option);
      this.#ticks.append(this.#tick(found, (found.t - began) / (ended - began), words));
    });
    this.#reports.replaceChildren(...this.#legs.map((leg) => this.#report(leg)));
    this.#reports.hidden = this.#legs.length === 0;
    this.draw();
  }

  /** Show where it stands. */
  draw() {
    const { now, began, ended, isPlaying } = this.#review;
    const at = Math.round(now - began);
    if (document.activeElement !== this.#slider || isPlaying) this.#slider.value = String(at);
    const told = `${clock(now)} · ${countdown(now - began)} / ${countdown(ended - began)}`;
    this.#slider.setAttribute("aria-valuetext", told);
    say(this.#time, told);
    stamp(this.#time, now);
    say(this.#play, isPlaying ? t("review.pause") : t("review.play"));
    mark(this.#bar, "playing", String(isPlaying));
  }

  /** @param {number} t Unix seconds UTC */
  #go(t) {
    this.#review.seek(t);
    this.#moved();
    this.draw();
  }

  /**
   * @param {Mark} found
   * @param {number} share of the time line, 0 to 1
   * @param {string} words
   */
  #tick({ event, t: at }, share, words) {
    const tick = button("", () => this.#go(at), "tick");
    tick.style.setProperty("--at", `${(100 * share).toFixed(2)}%`);
    tick.title = `${clock(at)} ${words} (${utc(at)})`;
    tick.tabIndex = -1; // the list beside it has them all, for keys and for readers
    tick.setAttribute("aria-hidden", "true");
    mark(tick, "kind", event.type.split(".")[0] ?? "");
    return tick;
  }

  /** @param {Leg} leg */
  #report({ leg, host, entered_at }) {
    const at = entered_at ? unix(entered_at) : null;
    const link = element("a", "", ...timed(t("review.report", { n: leg, host, time: at === null ? "" : clock(at) }), [at]));
    const speaks = language() === "lb" ? "de" : language();
    link.href = `api/v1/pursuits/${encodeURIComponent(this.#pursuit)}/legs/${leg}?lang=${speaks}`;
    link.target = "_blank";
    return link;
  }
}
