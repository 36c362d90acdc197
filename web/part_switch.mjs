// @ts-check
/** Says which part of the world the screen shows, and leads to the other one. */

/** @import {Part} from "./part.mjs" */
/** @import {World} from "./world.mjs" */

import { byId, mark, say } from "./dom.mjs";
import { count, t } from "./i18n.mjs";
import { running } from "./part.mjs";

export class PartSwitch {
  #badge = byId("part", HTMLParagraphElement);
  #switch = byId("part-switch", HTMLButtonElement);
  /** @type {Part} */ #part = "real";
  #choose;

  /** @param {(part: Part) => void} choose called when somebody wants to see the other part */
  constructor(choose) {
    this.#choose = choose;
    this.#switch.addEventListener("click", () => this.show(this.#part === "real" ? "simulated" : "real"));
    mark(document.body, "part", this.#part);
  }

  /** The part that is shown. */
  get part() {
    return this.#part;
  }

  /** @param {Part} part */
  show(part) {
    if (part === this.#part) return;
    this.#part = part;
    mark(document.body, "part", part);
    this.#choose(part);
  }

  /**
   * @param {World} whole both parts
   * @param {boolean} isDemo whether nothing real is expected
   */
  draw(whole, isDemo) {
    const isTraining = this.#part === "simulated";
    const elsewhere = running(whole, isTraining ? "real" : "simulated");
    say(this.#badge, isTraining ? t(isDemo ? "page.demo" : "training.part") : null);
    // What goes on in earnest is said first; that an exercise goes on interests only who takes part.
    const real = elsewhere > 0 ? ` · ${count("training.live_running", elsewhere)}` : "";
    const away = elsewhere > 0 ? `${t("training.see")} (${elsewhere})` : null;
    say(this.#switch, isTraining ? `${t("training.to_live")}${real}` : away);
    mark(this.#switch, "urgent", String(isTraining && elsewhere > 0));
  }
}
