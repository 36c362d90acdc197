// @ts-check
/**
 * What the server's clock shows, from the times that it writes on its messages.
 *
 * A message takes a moment to arrive, and a busy page a while to read it: both make the server look behind. So the
 * quickest of the last `KEPT_S` is nearest to the truth. It is compared with a clock of this machine that only counts, so
 * that somebody who sets this machine's time of day changes nothing here, and is told.
 */

const KEPT_S = 20;
/** So long must have been listened before a difference of the clocks is taken for one. */
const SURE_S = 12;

export class ServerClock {
  /** @type {{ahead_s: number, at: number}[]} */ #samples = [];
  #began = Infinity;

  /**
   * @param {number} server its time on a message, Unix seconds UTC
   * @param {number} at when the message came, seconds of a clock that only counts
   */
  hear(server, at) {
    this.#began = Math.min(this.#began, at);
    this.#samples = [...this.#samples.filter((sample) => at - sample.at < KEPT_S), { ahead_s: server - at, at }];
  }

  /**
   * The server's time, Unix seconds UTC.
   * @param {number} at now, seconds of the clock that only counts
   * @param {number} here this machine's time of day, Unix seconds UTC: the answer before the first message
   */
  now(at, here) {
    return this.#samples.length === 0 ? here : at + Math.max(...this.#samples.map(({ ahead_s }) => ahead_s));
  }

  /**
   * How far the server's clock is ahead of this machine's time of day, seconds; 0 while that is not sure.
   * @param {number} at
   * @param {number} here
   */
  ahead(at, here) {
    return at - this.#began < SURE_S ? 0 : this.now(at, here) - here;
  }
}
