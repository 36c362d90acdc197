// @ts-check
/** The page: reads the feed into the world, and has the world drawn. Nothing is kept here that the feed could tell. */

/**
 * @import {Alert, Config, FeedMessage} from "./wire.d.ts"
 * @import {World} from "./world.mjs"
 */

import { Alerts } from "./alerts.mjs";
import * as api from "./api.mjs";
import { MARK, addBasemap } from "./basemap.mjs";
import { calmSwitch } from "./calm.mjs";
import { Camera } from "./camera.mjs";
import { byId, mark, say } from "./dom.mjs";
import { Feed } from "./feed.mjs";
import { firstSteps } from "./first_steps.mjs";
import { clock, utc } from "./format.mjs";
import { LANGUAGES, isLanguage, onLanguage, preferred, speak, t } from "./i18n.mjs";
import { listen } from "./keys.mjs";
import { LinkBanner } from "./link_banner.mjs";
import { createMap, letterScale, pixelRatio } from "./map.mjs";
import { PursuitPanel } from "./pursuit_panel.mjs";
import { ServerClock } from "./server_clock.mjs";
import * as session from "./session.mjs";
import { Sound } from "./sound.mjs";
import { StatusBanner } from "./status_banner.mjs";
import { UnitTable } from "./unit_table.mjs";
import { UnitsLayer } from "./units_layer.mjs";
import { alertWords, spoken } from "./words.mjs";
import { EMPTY, fold, isAlert } from "./world.mjs";

const PANEL_MS = 250;
const CONFIG_RETRY_MS = 1000;

await speak(preferred());

const calm = calmSwitch(byId("calm", HTMLButtonElement), setCalm);
/** @type {World} */
let world = EMPTY;
/** @type {string | null} */
let selected = null;
let mapIsReady = false;
let drawn = EMPTY;
/** @type {string | null} */
let drawnSelected = null;
/** @type {Config | null} */
let about = null;

const by = byId("by", HTMLInputElement);
const follow = byId("follow", HTMLButtonElement);
const announcer = byId("announcer", HTMLDivElement);
const time = byId("clock", HTMLTimeElement);
const help = byId("help", HTMLDialogElement);
const languages = byId("language", HTMLSelectElement);

const banner = new LinkBanner();
const status = new StatusBanner();
const serverClock = new ServerClock();
const sound = new Sound();
const map = createMap(byId("map", HTMLDivElement), calm);
const camera = new Camera(map, calm, showFollowing);
const layer = new UnitsLayer(map, letterScale());
layer.calm = calm;
const alerts = new Alerts((event) => api.acknowledge(event, signed()), showAlert);
/** @type {PursuitPanel | null} */
let pursuits = null;
const units = new UnitTable({
  start: (unit) => api.startPursuit(unit),
  join: (unit, pursuit) => api.command(pursuit, "join", { unit }),
  show: showUnit,
});

by.value = localStorage.getItem("signed") ?? "dispatcher";
by.addEventListener("change", () => localStorage.setItem("signed", signed()));
for (const [tag, name] of Object.entries(LANGUAGES)) languages.add(new Option(name, tag, false, tag === preferred()));
languages.addEventListener("change", () => isLanguage(languages.value) && void speak(languages.value));
showFollowing();
onLanguage(() => {
  alerts.reword();
  pursuits?.reword();
  sayAbout();
  drawPanel();
});
follow.addEventListener("click", toggleFollow);
byId("fit", HTMLButtonElement).addEventListener("click", fit);
byId("benelux", HTMLButtonElement).addEventListener("click", () => {
  camera.follows = false;
  showFollowing();
  camera.fitBenelux();
});
byId("help-button", HTMLButtonElement).addEventListener("click", () => help.showModal());
byId("find", HTMLInputElement).addEventListener("input", drawPanel);
map.on("load", () => {
  mapIsReady = true;
  mark(document.body, "map", "drawn");
  camera.follow(world);
});
map.on("click", ({ point }) => {
  const unit = layer.pick(world, point);
  if (unit !== null) showUnit(unit, false);
});
listen({
  j: () => alerts.move(1),
  k: () => alerts.move(-1),
  a: () => alerts.acknowledge(),
  f: toggleFollow,
  b: fit,
  "/": () => byId("find", HTMLInputElement).select(),
  "?": () => help.showModal(),
});
firstSteps();
keepLegend();
setInterval(drawPanel, PANEL_MS);
requestAnimationFrame(drawMap);
void start();

async function start() {
  const config = await reach(api.config);
  const who = await reach(session.whoIsIn);
  if (who.role === null || who.role === "admin") return session.toSignIn();
  session.show(who, by);
  layer.home = who.state;
  byId("legend-foreign", HTMLLIElement).hidden = who.state === null;
  about = config;
  sayAbout();
  pursuits = new PursuitPanel((pursuit, command, body) => api.command(pursuit, command, { ...body, by: signed() }), config);
  byId("demo", HTMLParagraphElement).hidden = !config.demo;
  void drawBasemap(config.basemap);
  new Feed(config.ws, {
    message: hear,
    up: () => banner.up(Date.now() / 1000),
    down: (reason) => banner.down(reason, Date.now() / 1000),
    retry: (at) => banner.retry((Date.now() + at - performance.now()) / 1000),
    out: () => session.toSignIn("ended"),
  }).start();
}

/** Whose data this is, and which build. */
function sayAbout() {
  if (!about) return;
  const { attribution, version, boundary, basemap } = about;
  const notes = [...new Set([basemap.attribution, attribution])].filter(Boolean);
  notes.push( t("page.places_note"), t("page.land_note"), t("page.version", { version, vintage: boundary.vintage }));
  say(byId("attribution", HTMLParagraphElement), notes.join(" · "));
}

/**
 * The operator's map comes when ours stands; without it everything works, and that it is missing is said.
 * @param {Config["basemap"]} basemap
 */
async function drawBasemap(basemap) {
  if (basemap.kind === "builtin") return;
  map.on("error", (event) => {
    if (String(/** @type {{sourceId?: string}} */ (event).sourceId).startsWith(MARK)) status.basemapFails = true;
  });
  if (!mapIsReady) await map.once("load");
  try {
    await addBasemap(map, basemap, letterScale());
    mark(document.body, "basemap", basemap.kind);
  } catch {
    status.basemapFails = true;
  }
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
  if (time !== null) {
    serverClock.hear(time, Date.now() / 1000);
    banner.heard(time);
  }
  const before = world;
  world = fold(world, message);
  switch (message.type) {
    case "snapshot":
      layer.clear();
      layer.hear(world);
      for (const { id, phase } of world.pursuits.values()) if (phase !== "ended") void fetchTrack(id);
      if (mapIsReady) camera.follow(world);
      mark(document.body, "ready", "true");
      break;
    case "positions":
      layer.hear(world);
      break;
    case "show":
      layer.hear(world);
      if (message.pursuit.phase !== "ended") void fetchTrack(message.pursuit.id);
      break;
    case "hide":
      // The map forgets all and is told anew what is left, so that no trail of what is hidden stays behind.
      layer.clear();
      layer.hear(world);
      for (const { id, phase } of world.pursuits.values()) if (phase !== "ended") void fetchTrack(id);
      break;
    case "event":
      if (world.alerts !== before.alerts && isAlert(message.event)) {
        announce(message.event);
        sound.hear(message.event);
      }
      if (message.event.type === "pursuit.joined" || message.event.type === "pursuit.started") {
        void fetchTrack(message.event.pursuit);
      }
      break;
  }
}

/** @param {Alert["event"]} event */
function announce(event) {
  say(announcer, spoken(alertWords(event, (unit) => world.roster.get(unit)?.call_sign ?? unit)));
}

/**
 * What was driven before this page looked.
 * @param {string} pursuit
 */
async function fetchTrack(pursuit) {
  try {
    for (const [unit, points] of await api.track(pursuit)) layer.trails.prepend(unit, points);
  } catch {
    // The trail then begins where this page began to look; all the rest is there.
  }
}

/** The legend stays as it was left. */
function keepLegend() {
  const legend = byId("legend", HTMLDetailsElement);
  legend.open = localStorage.getItem("legend") !== "closed";
  legend.addEventListener("toggle", () => localStorage.setItem("legend", legend.open ? "open" : "closed"));
}

/** Server time, Unix seconds UTC. */
function serverNow() {
  return Date.now() / 1000 + serverClock.ahead_s;
}

function signed() {
  return by.value.trim() || "dispatcher";
}

function drawPanel() {
  const now = serverNow();
  banner.draw(world, Date.now() / 1000);
  status.draw(world.faults, serverClock.isSure ? serverClock.ahead_s : 0);
  sound.draw(world, document.body.dataset["link"] === "down", performance.now());
  say(time, clock(now));
  time.title = utc(now);
  if (world.epoch === null) return;
  pursuits?.draw(world, now);
  alerts.draw(world);
  units.draw(world, now, selected);
}

function drawMap() {
  requestAnimationFrame(drawMap);
  if (!mapIsReady || world.epoch === null) return;
  const isNew = world !== drawn || selected !== drawnSelected;
  drawn = world;
  drawnSelected = selected;
  if (isNew) camera.follow(world);
  layer.frame(world, serverNow(), selected, isNew);
}

/** @param {boolean} still */
function setCalm(still) {
  layer.calm = still;
  camera.calm = still;
  map.setPixelRatio(pixelRatio(still));
}

function toggleFollow() {
  camera.follows = !camera.follows;
  showFollowing();
  if (camera.follows) camera.follow(world);
}

function showFollowing() {
  follow.setAttribute("aria-pressed", String(camera.follows));
}

function fit() {
  camera.follows = true;
  showFollowing();
  camera.fit(world);
}

/**
 * @param {string} name
 * @param {boolean} [goThere]
 */
function showUnit(name, goThere = true) {
  const unit = world.units.get(name);
  if (!unit) return;
  selected = selected === name && !goThere ? null : name;
  drawPanel();
  if (goThere) camera.lookAt([unit.lon, unit.lat]);
  showFollowing();
}

/** @param {Alert} alert */
function showAlert({ event }) {
  selected = "unit" in event && event.unit !== undefined ? event.unit : null;
}
