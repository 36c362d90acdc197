// @ts-check
/** Says whether the picture is live: loudly when it is not, and what was missed once it is again. */

/** @import {World} from "./world.mjs" */

import { byId, mark, say } from "./dom.mjs";
import { clock, countdown } from "./format.mjs";
import { capital, t } from "./i18n.mjs";
import { gapWords } from "./words.mjs";

const NOTICE_S = 60;
/** A shorter break in which nothing happened is not worth a line. */
const BRIEF_S = 2;

export class LinkBanner {
  #banner = byId("banner", HTMLDivElement);
  #notice = byId("notice", HTMLDivElement);
  #missed = byId("missed", HTMLSpanElement);
  #link = byId("link", HTMLParagraphElement);
  /** @type {{at: number, reason: string} | null} */ #down = null;
  /** When the picture was last renewed: the server's clock, Unix seconds. */ #picture = 0;
  #retryAt = 0;
  /** @type {{from: number, to: number} | null} */ #away = null;

  /**
   * @param {string} reason
   * @param {number} now this machine's clock, Unix seconds
   */
  down(reason, now) {
    this.#down = { at: now, reason };
    this.#away = null;
    mark(document.body, "link", "down");
    this.draw(null, now);
  }

  constructor() {
    byId("notice-close", HTMLButtonElement).addEventListener("click", () => {
      this.#away = null;
    });
  }

  /** @param {number} time that the server wrote on its newest message, Unix seconds */
  heard(time) {
    this.#picture = time;
  }

  /** @param {number} at when the next attempt begins, Unix seconds */
  retry(at) {
    this.#retryAt = at;
  }

  /** @param {number} now this machine's clock, Unix seconds */
  up(now) {
    if (this.#down) this.#away = { from: this.#down.at, to: now };
    this.#down = null;
    mark(document.body, "link", "up");
    this.#banner.hidden = true;
  }

  /**
   * @param {World | null} world null while the link is down
   * @param {number} now this machine's clock, Unix seconds
   */
  draw(world, now) {
    if (this.#down) {
      const { at, reason } = this.#down;
      const next = Math.max(0, Math.ceil(this.#retryAt - now));
      const attempt = next > 0 ? t("link.next", { n: next }) : t("link.now");
      const since = { time: clock(at), ago: countdown(now - at), reason: capital(reason), next: attempt };
      const words = this.#picture > 0 ? t("link.lost", { ...since, picture: clock(this.#picture) }) : t("link.never", since);
      say(this.#banner, words, [at, this.#picture]);
      say(this.#link, t("link.none"));
      this.#notice.hidden = true;
    } else if (world?.epoch) {
      say(this.#link, t("link.live"));
      const away = world.gap && this.#away;
      // What could not be recovered stays said until a person has read it.
      const brief = away && world.gap?.filled && world.gap.events === 0 && away.to - away.from < BRIEF_S;
      const shown = away && !brief && (!world.gap?.filled || now - away.to < NOTICE_S);
      this.#notice.hidden = !shown;
      if (shown && world.gap) say(this.#missed, gapWords(world.gap, away.to - away.from));
      mark(this.#notice, "filled", String(world.gap?.filled ?? true));
    }
  }
}
