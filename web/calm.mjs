// @ts-check
/**
 * Calm: the map is drawn once a second and nothing glides. It is chosen for machines that draw with their processor and
 * for people who want no motion, and by a switch, which is remembered.
 */

import { mark } from "./dom.mjs";

const STORED = "calm";

/**
 * The switch.
 * @param {HTMLButtonElement} button
 * @param {(calm: boolean) => void} onChange
 * @returns {boolean} how it stands to begin with
 */
export function calmSwitch(button, onChange) {
  const stored = localStorage.getItem(STORED);
  let calm = stored === null ? suitsThisMachine() : stored === "true";
  const show = () => {
    button.setAttribute("aria-pressed", String(calm));
    mark(document.body, "calm", String(calm));
  };
  button.addEventListener("click", () => {
    calm = !calm;
    localStorage.setItem(STORED, String(calm));
    show();
    onChange(calm);
  });
  show();
  return calm;
}

/** Will this machine draw the map with its processor, or does its user want no motion? */
function suitsThisMachine() {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return true;
  const context = document.createElement("canvas").getContext("webgl2");
  const info = context?.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? String(context?.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}
