// @ts-check
/**
 * How far the server's clock is ahead of this machine's, from the times that the server writes on its messages.
 *
 * A message takes a moment to arrive, which makes the server look behind; the quickest of the last few is nearest to the
 * truth. Only a few are kept, so that a clock that is set while we look is noticed within seconds.
 */

const KEPT = 6;

export class ServerClock {
  /** @type {number[]} */ #samples = [];

  /**
   * @param {number} server its time on a message, Unix seconds UTC
   * @param {number} here this machine's time when the message came, Unix seconds UTC
   */
  hear(server, here) {
    this.#samples.push(server - here);
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Whether enough was heard to tell a wrong clock from a page that was busy when a message came. */
  get isSure() {
    return this.#samples.length === KEPT;
  }

  /** Seconds; 0 before the first message. */
  get ahead_s() {
    return this.#samples.length === 0 ? 0 : Math.max(...this.#samples);
  }
}
