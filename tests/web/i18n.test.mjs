// @ts-check
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, test } from "node:test";

import { clock, moment, territory, uncertainty, unix } from "../../web/format.mjs";
import { count, language, locale, speak, t } from "../../web/i18n.mjs";
import de from "../../web/i18n/de.mjs";
import en from "../../web/i18n/en.mjs";
import fr from "../../web/i18n/fr.mjs";
import lb from "../../web/i18n/lb.mjs";
import nl from "../../web/i18n/nl.mjs";

const CATALOGUES = { de, fr, lb, nl };
const WEB = new URL("../../web/", import.meta.url);
const MODULES = readdirSync(WEB).filter((name) => name.endsWith(".mjs") && name !== "vendor.mjs");
const HTML = readdirSync(WEB).filter((name) => name.endsWith(".html"));

/** @param {string} name */
const read = (name) => readFileSync(new URL(name, WEB), "utf8");
/** @param {string} source */
const withoutComments = (source) => source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
const places = (/** @type {string} */ phrase) => [...phrase.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

after(() => speak("en"));

test("every catalogue has every phrase, none more, and none empty", () => {
  for (const [name, catalogue] of Object.entries(CATALOGUES)) {
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(en).sort(), name);
    assert.deepEqual(Object.entries(catalogue).filter(([, phrase]) => phrase.trim() === ""), [], name);
  }
});

test("a translation fills in what the English fills in", () => {
  for (const [name, catalogue] of Object.entries(CATALOGUES)) {
    for (const [key, phrase] of Object.entries(catalogue)) {
      assert.deepEqual(places(phrase), places(en[/** @type {keyof typeof en} */ (key)]), `${name} ${key}`);
    }
  }
});

test("every phrase is used, and every phrase that is asked for is there", () => {
  const sources = [...MODULES.map((name) => withoutComments(read(name))), ...HTML.map(read)].join("\n");
  const whole = new Set([...sources.matchAll(/["'`]([a-z_]+\.[\w+.-]+)["'`]/g)].map(([, key]) => key ?? ""));
  // What is chosen by a word of the server's: t(`phase.${name}`), named("phase", name).
  const begun = new Set(
    [...sources.matchAll(/`([a-z_]+)\.\$\{|named\((?:\w+ \? )?["'`]([a-z_]+)["'`]|`([a-z_]+)_\$\{where\}`|: "(territory)", code/g)].map((found) =>
      String(found.slice(1).find(Boolean)),
    ),
  );
  const counted = new Set([...sources.matchAll(/count\(\s*["'`]([a-z_.]+)["'`]/g)].map(([, key]) => key ?? ""));
  const isUsed = (/** @type {string} */ key) =>
    whole.has(key) ||
    begun.has(key.split(".")[0] ?? "") ||
    (begun.has("territory") && key.startsWith("territory_")) ||
    counted.has(key.replace(/\.(one|other)$/, ""));

  assert.deepEqual(Object.keys(en).filter((key) => !isUsed(key)), []);
  const asked = [...sources.matchAll(/\bt\(\s*"([^"]+)"|data-i18n(?:-\w+)?="([^"]+)"/g)].map(([, one, other]) => one ?? other ?? "");
  assert.ok(asked.length > 100);
  assert.deepEqual(asked.filter((key) => !(key in en)), []);
});

test("what index.html says before the catalogues come is what English says", () => {
  for (const name of HTML) {
    const html = read(name);
    for (const [, key = "", text = ""] of html.matchAll(/data-i18n="([^"]+)"[^>]*>([^<]*)</g)) {
      assert.equal(text, en[/** @type {keyof typeof en} */ (key)], key);
    }
    for (const [tag] of html.matchAll(/<[^>]*data-i18n-(?:title|label|placeholder)[^>]*>/g)) {
      for (const [, kind = "", key = ""] of tag.matchAll(/data-i18n-(title|label|placeholder)="([^"]+)"/g)) {
        const attribute = kind === "label" ? "aria-label" : kind;
        assert.ok(tag.includes(` ${attribute}="${en[/** @type {keyof typeof en} */ (key)]}"`), `${attribute} of ${key}`);
      }
    }
  }
});

/** Not written for people: how strings look that the browser reads, and the few others that must stay as they are. */
const FOR_MACHINES = [
  /^(?:Drempelloos|Atkinson|Atkinson Bold|Europe\/Brussels|Content-Type|Retry-After|WEBGL_\w+|UNMASKED_\w+|FeatureCollection|Feature|Point|LineString|Polygon|MultiPolygon|MultiLineString|GET|POST|Enter|Escape|Arrow\w+|Home|End|Tab)$/,
  /[#[\]=>{};]|^\.|^[a-z_]+\.$|^(?:host-decision|danger|hold|stop) [a-z ]+$|:not|, (?:textarea|select)/,
];

test("no words for people are written in a module", () => {
  /** @type {string[]} */
  const found = [];
  // The sign-in page has a small catalogue of its own; the others still hold their own words.
  const later = new Set(["cartography.mjs", "icons.mjs", "i18n.mjs", "sign_in_words.mjs"]);
  for (const name of MODULES.filter((module) => !later.has(module))) {
    const source = withoutComments(read(name))
      .replace(/^import .*$/gm, "")
      .replace(/throw new Error\([^;]*;/g, "")
      .replace(/element\("\w+", "[^"]*"/g, "");
    for (const [, double, back] of source.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)) {
      const text = (double ?? back ?? "").replace(/\$\{[^}]*\}/g, "");
      const isWords = /[A-Za-z]{2,} [a-z]{2,}/.test(text) || /^[A-Z][a-z]+\b/.test(text) || /[a-z]… |[a-z]\.$/.test(text);
      if (isWords && !FOR_MACHINES.some((form) => form.test(text))) found.push(`${name}: ${text}`);
    }
  }
  assert.deepEqual(found, []);
});

test("a language is spoken from the moment it is chosen, in times, numbers and names too", async () => {
  const at = unix("2026-11-23T12:02:11Z");
  const seen = [];
  for (const tag of /** @type {const} */ (["nl", "fr", "de", "en", "lb"])) {
    await speak(tag);
    seen.push([language(), clock(at), uncertainty(1234), territory("NL", "into")].join(" | "));
  }

  assert.deepEqual(seen, [
    "nl | 13:02:11 | ±1,2 km | naar Nederland",
    "fr | 13:02:11 | ±1,2 km | aux Pays-Bas",
    "de | 13:02:11 | ±1,2 km | in die Niederlande",
    "en | 13:02:11 | ±1.2 km | into the Netherlands",
    "lb | 13:02:11 | ±1,2 km | an Holland",
  ]);
  await speak("lb");
  assert.equal(locale(), "de-LU");
  assert.equal(moment(at - 86_400, at), "So 13:02:11");
});

test("numbers choose their phrase", async () => {
  await speak("fr");
  assert.equal(count("link.gap", 1), "1 événement entre-temps, maintenant dans la liste.");
  assert.equal(count("link.gap", 3), "3 événements entre-temps, maintenant dans la liste.");
  assert.equal(t("link.next", { n: 4 }), "prochain essai dans 4 s");
});
