// @ts-check
/** The page: reads the feed into the world, and has the world drawn. Nothing is kept here that the feed could tell. */

/**
 * @import {Part} from "./part.mjs"
 * @import {Stage} from "./stage.mjs"
 * @import {Alert, Config, FeedMessage} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { due, waiting } from "./alarms.mjs";
import { sign } from "./advice.mjs";
import { Alerts } from "./alerts.mjs";
import * as api from "./api.mjs";
import { calmSwitch } from "./calm.mjs";
import { byId, mark, say, stamp } from "./dom.mjs";
import { Feed } from "./feed.mjs";
import { firstSteps } from "./first_steps.mjs";
import { clock, unix } from "./format.mjs";
import { LANGUAGES, isLanguage, language, onLanguage, preferred, speak, t, translate } from "./i18n.mjs";
import { listen } from "./keys.mjs";
import { lawLanguage, learn } from "./law.mjs";
import { LinkBanner } from "./link_banner.mjs";
import { isSimulated, partOf } from "./part.mjs";
import { PartSwitch } from "./part_switch.mjs";
import { Past } from "./past.mjs";
import { Preview } from "./preview.mjs";
import { PursuitPanel } from "./pursuit_panel.mjs";
import { Review } from "./review.mjs";
import { ReviewBar } from "./review_bar.mjs";
import { ServerClock } from "./server_clock.mjs";
import * as session from "./session.mjs";
import { Sound } from "./sound.mjs";
import { StatusBanner } from "./status_banner.mjs";
import { Trainings } from "./trainings.mjs";
import { UnitCard } from "./unit_card.mjs";
import { UnitTable } from "./unit_table.mjs";
import { alertWords, pastWords, spoken } from "./words.mjs";
import { EMPTY, fold, isAlert } from "./world.mjs";

const PANEL_MS = 250;
const CONFIG_RETRY_MS = 1000;
const WORDS_RETRY_MS = 5000;
const REVIEW_MS = 100;

await speak(preferred());

/** Known once the machine has been looked at, which takes a while. */
let calm = true;
/** The pursuit that is looked at again, if this is not the live page. */
const reviewed = new URLSearchParams(location.search).get("review");
/** Everything that the feed tells. @type {World} */
let whole = EMPTY;
/** What of it is shown: what is real, or what is simulated. @type {World} */
let world = EMPTY;
/** @type {Review | null} */
let review = null;
/** @type {ReviewBar | null} */
let reviewBar = null;
/** @type {string | null} */
let selected = null;
/** The map; null until it has come, or where it cannot be drawn: everything else works without. @type {Stage | null} */
let stage = null;
let drawn = EMPTY;
/** @type {string | null} */
let drawnSelected = null;
/** @type {Config | null} */
let about = null;
/** Since when the link has been down, milliseconds; null while it is up, or after somebody has said that they know. */
let linkLostAt = /** @type {number | null} */ (null);

const by = byId("by", HTMLInputElement);
const follow = byId("follow", HTMLButtonElement);
const announcer = byId("announcer", HTMLDivElement);
const time = byId("clock", HTMLTimeElement);
const help = byId("help", HTMLDialogElement);
const find = byId("find", HTMLInputElement);
const languages = byId("language", HTMLSelectElement);
const unchecked = byId("unchecked", HTMLSpanElement);
const unitBox = byId("unit-card", HTMLElement);

const banner = new LinkBanner();
const status = new StatusBanner();
const parts = new PartSwitch(showPart);
const past = new Past();
const trainings = new Trainings(() => parts.show("simulated"));
const serverClock = new ServerClock();
const sound = new Sound();
const preview = new Preview(api.decide);
const alerts = new Alerts(
  byId("alert-groups", HTMLDivElement),
  byId("alerts-count", HTMLSpanElement),
  (event) => api.acknowledge(event, signed()),
  showAlert,
);
/** @type {PursuitPanel | null} */
let pursuits = null;
const acts = { start, join, close: () => choose(null) };
let unitCard = new UnitCard(unitBox, acts, preview);
const units = new UnitTable({
  start: (unit) => start(unit, {}),
  join,
  show: (unit) => choose(unit, { look: true, focus: true }),
});

by.value = localStorage.getItem("signed") ?? "dispatcher";
by.addEventListener("change", () => localStorage.setItem("signed", signed()));
for (const [tag, name] of Object.entries(LANGUAGES)) languages.add(new Option(name, tag, false, tag === language()));
languages.addEventListener("change", () => isLanguage(languages.value) && void speak(languages.value));
onLanguage(reword);
showFollowing();
follow.addEventListener("click", toggleFollow);
byId("fit", HTMLButtonElement).addEventListener("click", fit);
byId("benelux", HTMLButtonElement).addEventListener("click", () => {
  if (!stage) return;
  stage.camera.follows = false;
  showFollowing();
  stage.camera.fitBenelux();
});
byId("past-button", HTMLButtonElement).addEventListener("click", () => past.open(world, serverNow()));
byId("training-button", HTMLButtonElement).addEventListener("click", () => void trainings.open());
byId("help-button", HTMLButtonElement).addEventListener("click", () => help.showModal());
find.addEventListener("input", drawPanel);
listen({
  j: () => alerts.move(1),
  k: () => alerts.move(-1),
  a: acknowledge,
  f: toggleFollow,
  b: fit,
  m: () => sound.press(),
  "/": () => find.select(),
  u: () => mark(document.body, "utc", document.body.dataset["utc"] === "shown" ? "" : "shown"),
  "?": () => help.showModal(),
  Escape: () => choose(null),
  ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [String(index + 1), () => pursuits?.go(index + 1)])),
});
if (reviewed === null) firstSteps();
keepLegend();
setInterval(drawPanel, PANEL_MS);
requestAnimationFrame(drawMap);
void learnWords();
const config = reach(api.config);
void open();
void raise();

/** Bring the map, once the page has been painted. */
async function raise() {
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted, 0)));
  try {
    const { Stage, dress } = await import("./stage.mjs");
    calm = calmSwitch(byId("calm", HTMLButtonElement), setCalm);
    await dress();
    stage = new Stage(byId("map", HTMLDivElement), calm, {
      free: showFollowing,
      pick: (unit) => choose(unit, { focus: true }),
      drawn: () => stage?.camera.follow(world),
      basemapFails: () => (status.basemapFails = true),
    });
  } catch {
    status.mapFails = true;
    return;
  }
  stage.listen(() => world);
  stage.layer.home = world.home;
  stage.layer.keepsEnded = reviewed !== null;
  showFollowing();
  if (review) showDriven();
  else redraw();
  void stage.bring((await config).basemap);
}

async function open() {
  const [known, who] = await Promise.all([config, reach(session.whoIsIn)]);
  if (who.role === null || who.role === "admin") return session.toSignIn();
  session.show(who, by);
  translate(document.body);
  byId("training-button", HTMLButtonElement).hidden = who.role !== "supervisor";
  if (stage) stage.layer.home = who.state;
  whole = world = { ...EMPTY, home: who.state, contacts: who.contacts };
  byId("legend-foreign", HTMLLIElement).hidden = who.state === null;
  about = known;
  sayAbout();
  pursuits = new PursuitPanel(byId("pursuits", HTMLDivElement), {
    command: (pursuit, name, body) => api.command(pursuit, name, { ...body, by: signed() }),
    config: known,
    preview,
  });
  if (reviewed !== null) {
    await openReview(reviewed);
    return;
  }
  if (known.demo) parts.show("simulated");
  new Feed(known.ws, {
    message: hear,
    up: () => {
      banner.up(Date.now() / 1000);
      linkLostAt = null;
    },
    down: (reason) => {
      banner.down(reason, Date.now() / 1000);
      linkLostAt = performance.now();
      say(announcer, t("link.spoken"));
    },
    retry: (at) => banner.retry((Date.now() + at - performance.now()) / 1000),
    out: () => session.toSignIn("ended"),
  }).start();
}

/**
 * Look at a past pursuit again: the same page, told by its record and not by the feed.
 * @param {string} pursuit
 */
async function openReview(pursuit) {
  mark(document.body, "mode", "review");
  parts.show(isSimulated(pursuit) ? "simulated" : "real");
  try {
    review = new Review(await api.record(pursuit), hear);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(byId("banner", HTMLDivElement), t("review.failed", { reason }));
    return;
  }
  reviewBar = new ReviewBar(review, pursuit, showDriven);
  reviewBar.offer((await api.legsOf(pursuit)).legs);
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    review?.advance((now - before) / 1000);
    before = now;
    reviewBar?.draw();
  }, REVIEW_MS);
}

/** The trails up to the moment that somebody went to. */
function showDriven() {
  stage?.layer.clear();
  stage?.layer.hear(world);
  for (const [unit, points] of review?.driven() ?? []) stage?.layer.trails.prepend(unit, points);
  drawPanel();
}

/**
 * Show the other part of the world; the map forgets the one before.
 * @param {Part} part
 */
function showPart(part) {
  world = partOf(whole, part);
  choose(null);
  redraw();
}

/** Have the map forget everything, and tell it anew. */
function redraw() {
  if (!stage) return;
  stage.layer.clear();
  stage.layer.hear(world);
  for (const { id, phase } of world.pursuits.values()) if (phase !== "ended") void fetchTrack(id);
  if (stage.isReady) stage.camera.follow(world);
}

/** Fetch the law's words in the page's language, until they are here or another language is spoken. */
async function learnWords() {
  const wanted = lawLanguage(language());
  for (;;) {
    try {
      const words = await api.words(wanted);
      if (wanted !== lawLanguage(language())) return;
      learn(words);
      unchecked.hidden = words.checked;
      rewrite();
      return;
    } catch {
      // The law is said in English meanwhile.
      await new Promise((resolve) => setTimeout(resolve, WORDS_RETRY_MS));
      if (wanted !== lawLanguage(language())) return;
    }
  }
}

function reword() {
  languages.value = language();
  unitCard = new UnitCard(unitBox, acts, preview);
  sayAbout();
  rewrite();
  void learnWords();
}

/** Have everything that was written once written anew. */
function rewrite() {
  alerts.reword();
  pursuits?.reword();
  trainings.reword();
  reviewBar?.reword();
  drawPanel();
}

/** Whose data this is, and which build. */
function sayAbout() {
  if (!about) return;
  const { attribution, version, boundary, basemap } = about;
  const notes = [...new Set([basemap.attribution, attribution])].filter(Boolean);
  notes.push(t("page.places_note"), t("page.land_note"), t("page.version", { version, vintage: boundary.vintage }));
  say(byId("attribution", HTMLParagraphElement), notes.join(" · "));
}

/**
 * @template Answer
 * @param {() => Promise<Answer>} ask until there is an answer
 * @returns {Promise<Answer>}
 */
async function reach(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      banner.down(error instanceof Error ? error.message : String(error), Date.now() / 1000);
      await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS));
    }
  }
}

/** @param {FeedMessage} message */
function hear(message) {
  const time = message.type === "snapshot" ? message.server_time : "time" in message ? message.time : null;
  if (time !== null && reviewed === null) {
    serverClock.hear(time, performance.now() / 1000);
    banner.heard(time);
  }
  const before = world;
  whole = fold(whole, message);
  world = partOf(whole, parts.part);
  switch (message.type) {
    case "snapshot":
      redraw();
      mark(document.body, "ready", "true");
      break;
    case "positions":
      stage?.layer.hear(world);
      break;
    case "event":
      if (isAlert(message.event) && world.alerts.has(message.event.id) && !before.alerts.has(message.event.id)) {
        announce(message.event, message.age_s ?? null);
      }
      if (message.event.type === "pursuit.joined" || message.event.type === "pursuit.started") {
        void fetchTrack(message.event.pursuit);
      }
      break;
    case "roster":
      stage?.layer.hear(world);
      break;
    case "show":
      stage?.layer.hear(world);
      if (message.pursuit.phase !== "ended") void fetchTrack(message.pursuit.id);
      break;
    case "hide":
      // The map forgets all and is told anew what is left, so that no trail of what is hidden stays behind.
      redraw();
      break;
  }
}

/**
 * @param {Alert["event"]} event
 * @param {number | null} age_s of one of the past
 */
function announce(event, age_s) {
  const words = spoken(alertWords(event, (unit) => sign(world, unit)));
  say(announcer, age_s === null ? words : `${pastWords(unix(event.time), age_s)}. ${words}`);
}

/**
 * What was driven before this page looked.
 * @param {string} pursuit
 */
async function fetchTrack(pursuit) {
  if (reviewed !== null || !stage) return;
  try {
    for (const [unit, points] of await api.track(pursuit)) stage.layer.trails.prepend(unit, points);
  } catch {
    // The trail then begins where this page began to look; all the rest is there.
  }
}

/** The legend stays as it was left. */
function keepLegend() {
  const legend = byId("legend", HTMLDetailsElement);
  const left = localStorage.getItem("legend");
  // On a small screen, or one that is zoomed, it would hide the map.
  legend.open = left === null ? !matchMedia("(max-width: 900px)").matches : left !== "closed";
  legend.addEventListener("toggle", () => localStorage.setItem("legend", legend.open ? "open" : "closed"));
}

/** Server time, Unix seconds UTC; in a review that of its moment. */
function serverNow() {
  if (review) return review.now;
  return serverClock.now(performance.now() / 1000, Date.now() / 1000);
}

function signed() {
  return by.value.trim() || "dispatcher";
}

/**
 * @param {string} unit
 * @param {{note?: string, ground?: string}} why
 */
async function start(unit, why) {
  const { pursuit } = await api.startPursuit(unit, { ...why, by: signed() });
  // The answer may come when another unit is looked at already.
  if (selected === unit) choose(null);
  pursuits?.open(pursuit.id);
}

/**
 * @param {string} unit
 * @param {string} pursuit
 */
async function join(unit, pursuit) {
  await api.command(pursuit, "join", { unit, by: signed() });
  if (selected === unit) choose(null);
}

/** Acknowledge: a lost link first, since nothing else can be. */
function acknowledge() {
  if (document.body.dataset["link"] === "down") linkLostAt = null;
  else alerts.acknowledge();
}

function drawPanel() {
  const now = serverNow();
  if (reviewed === null) banner.draw(world, Date.now() / 1000);
  parts.draw(whole, about?.demo ?? false);
  status.draw(world.faults, serverClock.ahead(performance.now() / 1000, Date.now() / 1000));
  say(time, clock(now));
  stamp(time, now);
  if (world.epoch === null) return;
  const open = waiting(world, now);
  if (reviewed === null) drawSound(open);
  pursuits?.draw(world, now);
  alerts.draw(world, now);
  units.draw(world, now, selected);
  unitCard.draw(world, now, selected);
  const count = open.filter(({ priority }) => priority !== "low").length;
  document.title = count > 0 ? `(${count}) Drempelloos` : "Drempelloos";
}

/** @param {ReturnType<typeof waiting>} open */
function drawSound(open) {
  const at = performance.now();
  const link = linkLostAt === null ? [] : [{ priority: /** @type {const} */ ("high"), age_s: (at - linkLostAt) / 1000 }];
  sound.draw((silentFor) => due([...link, ...open], silentFor), at);
}

function drawMap() {
  requestAnimationFrame(drawMap);
  if (!stage?.isReady || world.epoch === null) return;
  const isNew = world !== drawn || selected !== drawnSelected;
  drawn = world;
  drawnSelected = selected;
  if (isNew) stage.camera.follow(world);
  stage.layer.frame(world, serverNow(), selected, isNew);
}

/** @param {boolean} still */
function setCalm(still) {
  calm = still;
  if (stage) stage.calm = still;
}

function toggleFollow() {
  if (!stage) return;
  stage.camera.follows = !stage.camera.follows;
  showFollowing();
  if (stage.camera.follows) stage.camera.follow(world);
}

function showFollowing() {
  if (stage) follow.setAttribute("aria-pressed", String(stage.camera.follows));
}

function fit() {
  if (!stage) return;
  stage.camera.follows = true;
  showFollowing();
  stage.camera.fit(world);
}

/**
 * Select a unit, and show its card; null selects none.
 * @param {string | null} name
 * @param {{look?: boolean, focus?: boolean}} [how] whether the map goes there, and the focus to the card
 */
function choose(name, { look = false, focus = false } = {}) {
  const unit = name === null ? undefined : world.units.get(name);
  const hadFocus = unitBox.contains(document.activeElement);
  selected = unit ? unit.name : null;
  drawPanel();
  if (unit && look) stage?.camera.lookAt([unit.lon, unit.lat]);
  if (unit && focus) unitCard.focus();
  if (!unit && hadFocus) byId("panel", HTMLElement).focus();
  showFollowing();
}

/** @param {Alert} alert */
function showAlert({ event }) {
  if ("unit" in event && event.unit !== undefined && selected !== null) choose(event.unit);
}
