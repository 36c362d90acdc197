// @ts-check
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { speak } from "../../web/i18n.mjs";
import { decisionIn, law, lawLanguage, learn } from "../../web/law.mjs";
import { decision } from "./made.mjs";

const DUTCH = {
  language: "nl",
  checked: false,
  phrases: {
    "The host says stop": "De gaststaat zegt stop",
    "{to} says stop: break off now.": "{to} zegt stop: breek nu af.",
    "In {to} without contact: contact {addressee} now.": "In {to} zonder contact: neem nu contact op met {addressee}.",
    "the host's control room": "de meldkamer van de gaststaat",
  },
};

after(async () => {
  learn({ language: "en", checked: true, phrases: {} });
  await speak("en");
});

test("a phrase of the law is said in the language that was learnt, and stays English where it is not known", async () => {
  await speak("nl");
  learn(DUTCH);

  assert.equal(law("The host says stop"), "De gaststaat zegt stop");
  assert.equal(law("NL says stop: break off now."), "Nederland zegt stop: breek nu af.");
  assert.equal(
    law("In BE without contact: contact the host's control room now."),
    "In België zonder contact: neem nu contact op met de meldkamer van de gaststaat.",
  );
  assert.equal(law("Something new"), "Something new");
});

test("a decision brings its own words, and says when nobody has checked them", () => {
  learn(DUTCH);
  const made = decision({ words_in: { nl: "Mag doorgaan." }, unchecked: ["nl"] });

  assert.deepEqual(decisionIn(made), { said: "Mag doorgaan.", unchecked: true });
  assert.deepEqual(decisionIn(decision()), { said: "May continue into NL.", unchecked: false });
});

test("Luxembourg reads the law in French", () => {
  assert.deepEqual(["lb", "fr", "nl"].map(lawLanguage), ["fr", "fr", "nl"]);
});
