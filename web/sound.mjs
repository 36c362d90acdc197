// @ts-check
/**
 * What a dispatcher hears. Browsers play nothing before a gesture, so the first one (signing in is one) arms the sound
 * and tests it: the alarm is played once, and measured on its way out. Until then, while muted, and when the test
 * heard nothing, the button says so. What sounds when is the business of alarms.mjs.
 */

/** @import {Sounding} from "./alarms.mjs" */

import { byId, mark, say } from "./dom.mjs";
import { clock, utc } from "./format.mjs";
import { t } from "./i18n.mjs";

/** Nobody stays muted by oversight. */
export const MUTED_S = 300;

/** Hertz and seconds of each tone; pulses of several frequencies are heard best (IEC 60601-1-8 has them for alarms). */
const TONES = /** @type {const} */ ({
  alarm: [[880, 0.18], [660, 0.18], [880, 0.18], [660, 0.18]],
  urgent: [[1175, 0.12], [880, 0.12], [1175, 0.12], [880, 0.12], [1175, 0.12], [880, 0.12]],
  chime: [[660, 0.15], [880, 0.25]],
});
const VOLUME = { soft: 0.4, loud: 0.9 };
/** Below this peak the test heard nothing. */
const SILENCE = 0.01;
/** Samples that the test looks back on: more than half a second, so that a busy page misses nothing. */
const EAR = 32_768;
const LISTEN_MS = 100;
/** By then every tone is well under way. */
const ENOUGH_S = 0.5;
/** How long the test waits for a sound; a machine under load begins late. */
const PATIENCE_MS = 5000;

export class Sound {
  #button = byId("sound", HTMLButtonElement);
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {AnalyserNode | null} */ #ear = null;
  /** @type {number | null} until when it is muted, milliseconds */ #mutedUntil = null;
  /** @type {{at: number, heard: boolean} | null} */ #test = null;
  #soundedAt = -Infinity;

  constructor() {
    this.#button.addEventListener("click", () => this.press());
    const first = (/** @type {Event} */ event) => {
      for (const gesture of GESTURES) removeEventListener(gesture, first, true);
      // The button does the same by itself.
      if (!(event.target instanceof Node && this.#button.contains(event.target))) void this.#arm();
    };
    for (const gesture of GESTURES) addEventListener(gesture, first, true);
  }

  /**
   * @param {(silentFor: number) => Sounding | null} due what is to be heard, after that many seconds of silence
   * @param {number} now milliseconds, of any clock that does not jump
   */
  draw(due, now) {
    if (this.#mutedUntil !== null && now >= this.#mutedUntil) this.#mutedUntil = null;
    const sounding = due((now - this.#soundedAt) / 1000);
    if (sounding && this.#play(sounding)) this.#soundedAt = now;
    const state = this.#state();
    const left = this.#mutedUntil === null ? 0 : Math.ceil((this.#mutedUntil - now) / 60_000);
    mark(this.#button, "sound", state);
    mark(this.#button, "wanted", String(state !== "on" && sounding !== null));
    say(this.#button, { off: t("sound.off"), deaf: t("sound.deaf"), muted: t("sound.muted", { n: left }), on: t("sound.on") }[state]);
    const tested = this.#test ? ` · ${t("sound.tested", { time: clock(this.#test.at) })} (${utc(this.#test.at)})` : "";
    this.#button.title = t(state === "on" ? "sound.mute" : "sound.test") + tested;
  }

  /** Mute for a while, or arm and test. */
  press() {
    if (this.#state() === "on") this.#mutedUntil = performance.now() + 1000 * MUTED_S;
    else void this.#arm();
  }

  /** @returns {"off" | "deaf" | "muted" | "on"} */
  #state() {
    if (this.#audio?.state !== "running") return "off";
    if (this.#mutedUntil !== null) return "muted";
    return this.#test?.heard === false ? "deaf" : "on";
  }

  async #arm() {
    this.#mutedUntil = null;
    if (this.#audio === null) {
      this.#audio = new AudioContext();
      this.#ear = new AnalyserNode(this.#audio, { fftSize: EAR });
      this.#ear.connect(this.#audio.destination);
    }
    await this.#audio.resume();
    this.#play({ tone: "chime", loud: false });
  }

  /**
   * Whether anything comes out of what was just played: every sound is a test. It is only called silent when it was
   * listened to from its beginning, or never began; a page too busy to listen proves nothing.
   * @param {AudioContext} audio
   * @param {number} from seconds of its clock
   */
  async #listen(audio, from) {
    const heard = new Float32Array(EAR);
    const until = performance.now() + PATIENCE_MS;
    const verdict = (/** @type {boolean} */ loud) => (this.#test = { at: Date.now() / 1000, heard: loud });
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
      this.#ear?.getFloatTimeDomainData(heard);
      if (heard.some((value) => Math.abs(value) > SILENCE)) return verdict(true);
      const passed = audio.currentTime - from;
      if (passed > EAR / audio.sampleRate) {
        if (this.#test === null) this.#play({ tone: "chime", loud: false });
        return undefined;
      }
      if (passed > ENOUGH_S) return verdict(false);
    }
    return verdict(false);
  }

  /**
   * @param {Sounding} sounding
   * @returns {boolean} whether it is heard
   */
  #play({ tone: name, loud }) {
    const [audio, ear] = [this.#audio, this.#ear];
    if (audio?.state !== "running" || !ear || this.#mutedUntil !== null) return false;
    let at = audio.currentTime;
    for (const [hertz, seconds] of TONES[name]) {
      const tone = new OscillatorNode(audio, { type: "triangle", frequency: hertz });
      const volume = new GainNode(audio, { gain: loud ? VOLUME.loud : VOLUME.soft });
      tone.connect(volume).connect(ear);
      // A tone that ends at full volume clicks.
      volume.gain.setTargetAtTime(0, at + 0.8 * seconds, 0.05 * seconds);
      tone.start(at);
      tone.stop(at + seconds);
      at += seconds;
    }
    void this.#listen(audio, audio.currentTime);
    return true;
  }
}

const GESTURES = /** @type {const} */ (["pointerdown", "keydown"]);
