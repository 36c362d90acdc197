// @ts-check
/** Trainings: a supervisor chooses a scenario and has it played; what goes on can be stopped. */

/** @import {Training} from "./wire.d.ts" */

import * as api from "./api.mjs";
import { button, byId, element, mark, say, timed } from "./dom.mjs";
import { clock, unix } from "./format.mjs";
import { t } from "./i18n.mjs";

const ACTS = /** @type {const} */ (["start", "none", "all"]);

export class Trainings {
  #dialog = byId("trainings", HTMLDialogElement);
  #list = byId("training-list", HTMLElement);
  #running = byId("training-running", HTMLElement);
  #acts = byId("training-acts", HTMLSelectElement);
  #error = byId("training-error", HTMLParagraphElement);
  #began;

  /** @param {(training: Training) => void} began called when one has begun */
  constructor(began) {
    this.#began = began;
    this.reword();
  }

  /** Show what can be played, and what is. */
  async open() {
    this.#dialog.showModal();
    await this.#load();
  }

  /** Write what is written once in the page's language. */
  reword() {
    const chosen = this.#acts.value || ACTS[0];
    this.#acts.replaceChildren(...ACTS.map((acts) => new Option(t(`training_acts.${acts}`), acts, false, acts === chosen)));
    if (this.#dialog.open) void this.#load();
  }

  async #load() {
    try {
      const { scenarios, running } = await api.trainings();
      this.#running.replaceChildren(...running.map((training) => this.#goingOn(training)));
      this.#running.hidden = running.length === 0;
      this.#list.replaceChildren(...scenarios.map((scenario) => this.#offered(scenario)));
      say(this.#error, null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {import("./wire.d.ts").Scenario} scenario */
  #offered({ scenario, title, units, lasts_s }) {
    const minutes = Math.max(1, Math.round(lasts_s / 60));
    const begin = button(t("training.begin"), () => void this.#act(async () => this.#began(await api.train(scenario, this.#acts.value))));
    begin.setAttribute("aria-label", t("training.begin_which", { title }));
    const row = element(
      "li",
      "scenario",
      element("span", "", title),
      element("span", "quiet", t("training.about", { minutes, units: units.join(", ") })),
      begin,
    );
    mark(row, "scenario", scenario);
    return row;
  }

  /** @param {Training} training */
  #goingOn({ id, title, started_at, ends_at, by }) {
    const [began, ends] = [unix(started_at), unix(ends_at)];
    const words = t("training.since", { title, time: clock(began), until: clock(ends), by: by ?? "" });
    const row = element("li", "scenario", element("span", "", ...timed(words, [began, ends])));
    row.append(button(t("training.stop"), () => void this.#act(() => api.stopTraining(id)), "danger"));
    mark(row, "training", id);
    return row;
  }

  /** @param {() => Promise<unknown>} act */
  async #act(act) {
    try {
      await act();
      await this.#load();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    say(this.#error, error instanceof Error ? error.message : String(error));
  }
}
