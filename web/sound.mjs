// @ts-check
/**
 * What a dispatcher hears. Browsers play nothing before a gesture, so sound is armed by a button, which plays the
 * alarm once as its own test; until then, and while muted, the button says so. An alarm repeats until it is
 * acknowledged or settled, and more urgently after a while; a crossing chimes once.
 */

/** @import {World} from "./world.mjs" */

import { byId, mark, say } from "./dom.mjs";
import { t } from "./i18n.mjs";
import { alertWords } from "./words.mjs";
import { isAlert, settled } from "./world.mjs";

export const REPEAT_S = 10;
export const URGENT_AFTER_S = 30;
export const URGENT_REPEAT_S = 4;
/** Nobody stays muted by oversight. */
export const MUTED_S = 300;

/** Hertz and seconds of each tone; pulses of several frequencies are heard best (IEC 60601-1-8 has them for alarms). */
const TONES = /** @type {const} */ ({
  alarm: [[880, 0.18], [660, 0.18], [880, 0.18], [660, 0.18]],
  urgent: [[1175, 0.12], [880, 0.12], [1175, 0.12], [880, 0.12], [1175, 0.12], [880, 0.12]],
  chime: [[660, 0.15], [880, 0.25]],
});
const VOLUME = 0.5;

/**
 * Whether a repeated alarm is due.
 * @param {number} openFor seconds for which an alarm has been waiting
 * @param {number} silentFor seconds since anything last sounded
 * @returns {"alarm" | "urgent" | null}
 */
export function due(openFor, silentFor) {
  const urgent = openFor >= URGENT_AFTER_S;
  if (silentFor < (urgent ? URGENT_REPEAT_S : REPEAT_S)) return null;
  return urgent ? "urgent" : "alarm";
}

/**
 * The alerts that sound until somebody acknowledges them.
 * @param {World} world
 */
export function alarms(world) {
  const over = settled(world);
  const waiting = [...world.alerts.values()].filter((alert) => alert.acknowledged_by === null && !over.has(alert.event.id));
  return waiting.filter(({ event }) => alertWords(event, (unit) => unit).tone === "alarm").map(({ event }) => event.id);
}

export class Sound {
  #button = byId("sound", HTMLButtonElement);
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {number | null} until when it is muted, milliseconds */ #mutedUntil = null;
  /** @type {Map<string, number>} since when each alarm has been waiting here */ #since = new Map();
  #soundedAt = -Infinity;

  constructor() {
    this.#button.addEventListener("click", () => void this.#press());
  }

  /**
   * Something was just heard of on the feed.
   * @param {import("./wire.d.ts").FeedEvent} event
   */
  hear(event) {
    if (isAlert(event) && event.type.startsWith("crossing.")) this.#play("chime");
  }

  /**
   * @param {World} world
   * @param {boolean} linkIsDown which is an alarm of its own, that nobody can acknowledge
   * @param {number} now milliseconds, of any clock that does not jump
   */
  draw(world, linkIsDown, now) {
    if (this.#mutedUntil !== null && now >= this.#mutedUntil) this.#mutedUntil = null;
    const waiting = linkIsDown ? ["link", ...alarms(world)] : alarms(world);
    for (const id of this.#since.keys()) if (!waiting.includes(id)) this.#since.delete(id);
    for (const id of waiting) if (!this.#since.has(id)) this.#since.set(id, now);
    const oldest = Math.min(...this.#since.values());
    const tone = waiting.length > 0 ? due((now - oldest) / 1000, (now - this.#soundedAt) / 1000) : null;
    if (tone !== null && this.#play(tone)) this.#soundedAt = now;

    const state = this.#audio?.state !== "running" ? "off" : this.#mutedUntil !== null ? "muted" : "on";
    const left = this.#mutedUntil === null ? 0 : Math.ceil((this.#mutedUntil - now) / 60_000);
    mark(this.#button, "sound", state);
    say(this.#button, { off: t("sound.off"), muted: t("sound.muted", { n: left }), on: t("sound.on") }[state]);
    this.#button.title = t(state === "on" ? "sound.mute" : "sound.test");
  }

  async #press() {
    if (this.#audio?.state === "running" && this.#mutedUntil === null) {
      this.#mutedUntil = performance.now() + 1000 * MUTED_S;
      return;
    }
    this.#mutedUntil = null;
    this.#audio ??= new AudioContext();
    await this.#audio.resume();
    this.#play("alarm");
  }

  /**
   * @param {keyof typeof TONES} name
   * @returns {boolean} whether it is heard
   */
  #play(name) {
    const audio = this.#audio;
    if (audio?.state !== "running" || this.#mutedUntil !== null) return false;
    let at = audio.currentTime;
    for (const [hertz, seconds] of TONES[name]) {
      const tone = new OscillatorNode(audio, { type: "triangle", frequency: hertz });
      const volume = new GainNode(audio, { gain: VOLUME });
      tone.connect(volume).connect(audio.destination);
      // A tone that ends at full volume clicks.
      volume.gain.setTargetAtTime(0, at + 0.8 * seconds, 0.05 * seconds);
      tone.start(at);
      tone.stop(at + seconds);
      at += seconds;
    }
    return true;
  }
}
