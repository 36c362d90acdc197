// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../web/", import.meta.url);

/**
 * The modules that a module brings with it, the nearest first.
 * @param {string} first
 * @returns {string[]}
 */
function brought(first) {
  const found = [first];
  for (const module of found) {
    const body = readFileSync(new URL(module, WEB), "utf8");
    for (const [, path = ""] of body.matchAll(/^(?:import|export) (?:[^;"]*? from )?"(\.[^"]+)";/gm)) {
      const name = new URL(path, new URL(module, WEB)).href.slice(WEB.href.length);
      if (!found.includes(name) && !name.startsWith("vendor/")) found.push(name);
    }
  }
  return found.slice(1);
}

test("the page names every module that it needs at once, so that none waits for another to be read", () => {
  const page = readFileSync(new URL("index.html", WEB), "utf8");
  const named = [...page.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, path]) => path);
  const first = brought("app.mjs");
  const later = ["stage.mjs", ...brought("stage.mjs")].filter((path) => !first.includes(path));

  assert.deepEqual(named, [...first, ...later, "vendor/maplibre-gl/maplibre-gl.mjs"]);
});
