// @ts-check
/**
 * The live feed: one socket, kept alive. It subscribes, resumes by (epoch, offset), and says when the link is down.
 *
 * A link is up from the snapshot on, and down as soon as the socket closes or nothing was heard for `SILENCE_MS`; the
 * server sends at least a heartbeat a second. Down is said at once, before the first attempt to reconnect.
 */

/** @import {FeedMessage} from "./wire.d.ts" */

import { t } from "./i18n.mjs";

export const SILENCE_MS = 2500;
export const ANSWER_MS = 5000;
/** Close codes: nobody is signed in, or not any more; this role sees no live data. */
const UNKNOWN = 4401;
const NOT_ALLOWED = 4403;
const CHECK_MS = 250;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

/**
 * @typedef {object} Listener
 * @property {(message: FeedMessage) => void} message every message, in order
 * @property {() => void} up called with the link's first snapshot, before `message`
 * @property {(reason: string) => void} down the link was lost, or a first attempt failed; once until the next `up`
 * @property {() => void} out nobody is signed in any more; the feed has stopped
 * @property {(at: number) => void} retry when the next attempt begins, milliseconds of `now()`
 */

/**
 * @typedef {object} Surroundings what a test puts in place of the browser
 * @property {(url: string) => WebSocket} open
 * @property {() => number} now milliseconds, monotonic
 * @property {() => number} random 0 to 1
 */

/** @type {Surroundings} */
const BROWSER = { open: (url) => new WebSocket(url), now: () => performance.now(), random: () => Math.random() };

export class Feed {
  /** @type {string | null} */ #epoch = null;
  /** @type {number | null} */ #offset = null;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {"down" | "opening" | "up" | "stopped"} */ #phase = "down";
  #saidDown = false;
  #attempts = 0;
  #heardAt = 0;
  #openedAt = 0;
  #retryAt = 0;
  #lookedAt = 0;
  #url;
  #listener;
  #around;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  /**
   * @param {string} url of `WS /live`
   * @param {Listener} listener
   * @param {Surroundings} [around]
   */
  constructor(url, listener, around = BROWSER) {
    this.#url = url;
    this.#listener = listener;
    this.#around = around;
  }

  /** Connect, and stay connected until `stop`. */
  start() {
    this.#open();
    this.#lookedAt = this.#around.now();
    this.#timer = setInterval(() => this.look(), CHECK_MS);
  }

  /** Close for good. */
  stop() {
    clearInterval(this.#timer);
    this.#drop();
    this.#phase = "stopped";
  }

  /**
   * Called by a timer. While the page was too busy to look nothing can be said of the link: what came meanwhile is still to
   * be read, and that time does not count as silence.
   */
  look() {
    const now = this.#around.now();
    const late = now - this.#lookedAt - CHECK_MS;
    if (late > CHECK_MS) this.#heardAt = Math.min(now, this.#heardAt + late);
    this.#lookedAt = now;
    this.check();
  }

  /** Look at the clock: is the link silent, is an attempt due? Called by a timer, and by tests. */
  check() {
    const now = this.#around.now();
    if (this.#phase === "up" && now - this.#heardAt > SILENCE_MS) this.#lose(t("link.silent"));
    else if (this.#phase === "opening" && now - this.#openedAt > ANSWER_MS) this.#lose(t("link.unanswered"));
    else if (this.#phase === "down" && now >= this.#retryAt) this.#open();
  }

  #open() {
    this.#phase = "opening";
    this.#openedAt = this.#around.now();
    const socket = this.#around.open(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      const subscription = { type: "subscribe", epoch: this.#epoch, offset: this.#offset, bbox: null };
      socket.send(JSON.stringify(subscription));
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#hear(/** @type {FeedMessage} */ (JSON.parse(data)));
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (code === UNKNOWN || code === NOT_ALLOWED) {
        this.stop();
        this.#listener.out();
      } else {
        this.#lose(reason || closeWords(code));
      }
    };
  }

  /** @param {FeedMessage} message */
  #hear(message) {
    this.#heardAt = this.#around.now();
    if (message.type === "snapshot") {
      this.#phase = "up";
      this.#saidDown = false;
      this.#attempts = 0;
      this.#listener.up();
    }
    this.#listener.message(message);
    // Only what was taken in counts as had: an exception above makes the next subscription ask for it again.
    if (message.type === "snapshot") {
      this.#epoch = message.epoch;
      this.#offset = message.offset;
    } else if ("offset" in message && message.offset !== undefined) {
      // Of events, and of frames that say up to where this viewer has had all that it may see.
      this.#offset = Math.max(this.#offset ?? 0, message.offset);
    }
  }

  /** @param {string} reason */
  #lose(reason) {
    this.#drop();
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Half fixed, half random: many screens that lost one server do not come back in one moment.
    this.#retryAt = this.#around.now() + longest * (0.5 + 0.5 * this.#around.random());
    if (!this.#saidDown) {
      this.#saidDown = true;
      this.#listener.down(reason);
    }
    this.#listener.retry(this.#retryAt);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#phase = "down";
    socket?.close();
  }
}

/** @param {number} code of a WebSocket close */
function closeWords(code) {
  if (code === 1001) return t("link.shutting_down");
  if (code === 1013) return t("link.overloaded");
  return t("link.broke");
}
