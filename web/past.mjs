// @ts-check
/** The pursuits that are over: each can be looked at again. */

/** @import {World} from "./world.mjs" */

import { sign } from "./advice.mjs";
import { byId, element, timed } from "./dom.mjs";
import { moment, unix } from "./format.mjs";
import { t } from "./i18n.mjs";

/** More than these are found by their names, in the record. */
const SHOWN = 100;

export class Past {
  #dialog = byId("past", HTMLDialogElement);
  #list = byId("past-list", HTMLElement);

  /**
   * @param {World} world
   * @param {number} now server time, Unix seconds UTC
   */
  open(world, now) {
    const over = [...world.pursuits.values()].filter(({ phase }) => phase === "ended").toReversed();
    const rows = over.slice(0, SHOWN).map((pursuit) => {
      const link = element("a", "", t("past.open"));
      link.href = `?review=${encodeURIComponent(pursuit.id)}`;
      link.setAttribute("aria-label", t("past.open_which", { name: pursuit.id }));
      const units = pursuit.members.map(({ unit }) => sign(world, unit)).join(", ");
      const at = unix(pursuit.started_at);
      const line = timed(t("past.line", { time: moment(at, now), units }), [at]);
      return element("li", "scenario", element("span", "", pursuit.id), element("span", "quiet", ...line), link);
    });
    this.#list.replaceChildren(...(rows.length > 0 ? rows : [element("li", "quiet", t("past.none"))]));
    this.#dialog.showModal();
  }
}
