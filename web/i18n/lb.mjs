// @ts-check
/** Luxembourgish, as a courtesy: the words that stand on the screen all day. What is not here is said in German. */

import german from "./de.mjs";

/** @type {import("./en.mjs").Catalogue} */
const phrases = {
  ...german,
  "page.skip": "Bei d’Verfollegungen",
  "page.demo": "DEMO · simuléiert Eenheeten",
  "page.calm": "rouege Modus",
  "page.signed": "Ënnerschriwwen",
  "page.language": "Sprooch",
  "page.keys": "Tasten (?)",
  "page.pursuits": "Verfollegungen",
  "page.alerts": "Meldungen",
  "page.units": "Eenheeten",

  "map.label": "Wou d’Eenheete sinn",
  "map.tools": "Kaart",
  "map.follow": "Suivéieren",
  "map.fit": "Ganz Verfollegung",
  "map.legend": "Legend",
  "map.legend_pursuit": "Verfollegung",
  "map.legend_abroad": "Verfollegung am Ausland",
  "map.legend_patrol": "Patrull",
  "map.legend_border": "Beneluxgrenz",
  "map.not_live": "NET LIVE",
  "state.BE": "Belsch",
  "state.NL": "Holland",
  "state.LU": "Lëtzebuerg",
  "state.DE": "Däitschland",
  "state.FR": "Frankräich",
  "map.into": "{unit} op {state}",
  "map.in_time": "an {time}",
  "map.now": "elo?",
  "map.probable": "wahrscheinlech, net bestätegt",

  "link.connecting": "Verbannen…",
  "link.none": "KENG VERBINDUNG",
  "link.lost": "VERBINDUNG VERLUER zanter {time} ({ago}): dat hei ass dat lescht Bild, vun {picture}. {reason}; {next}.",
  "link.next": "nächste Versuch an {n} s",
  "link.silent": "näischt vum Server héieren",

  "territory.BE": "d’Belsch",
  "territory.NL": "Holland",
  "territory.LU": "Lëtzebuerg",
  "territory.DE": "Däitschland",
  "territory.FR": "Frankräich",
  "territory_in.BE": "an der Belsch",
  "territory_in.NL": "an Holland",
  "territory_in.LU": "zu Lëtzebuerg",
  "territory_in.DE": "an Däitschland",
  "territory_in.FR": "a Frankräich",
  "territory_into.BE": "an d’Belsch",
  "territory_into.NL": "an Holland",
  "territory_into.LU": "op Lëtzebuerg",
  "territory_into.DE": "an Däitschland",
  "territory_into.FR": "a Frankräich",
  "territory_from.BE": "aus der Belsch",
  "territory_from.NL": "aus Holland",
  "territory_from.LU": "vu Lëtzebuerg",
  "territory_from.DE": "aus Däitschland",
  "territory_from.FR": "aus Frankräich",

  "phase.running": "Verfollegung",
  "phase.breaking_off": "Brécht of",
  "phase.taken_over": "Vum Gaaschtstaat iwwerholl",
  "phase.held": "Persoun festgehalen",
  "phase.handed_over": "Iwwerginn",
  "phase.ended": "Eriwwer",

  "quality.stale": "kee Signal",
  "quality.lost": "VERLUER",

  "permitted.yes": "däerf weiderfueren",
  "permitted.conditional": "däerf ënner Konditioune weiderfueren",
  "permitted.uncertain": "onsécher, ob se weiderfuere däerf",
  "permitted.no": "däerf net weiderfueren",

  "advice.break_off": "Verfollegung ofbriechen",
  "advice.hand_over": "Iwwerginn un: {to}",
  "advice.contact": "Bescheed soen: {to}",
  "advice.nothing": "Elo ass näischt ze maachen",
  "advice.crossing_in": "Grenz an {time}",

  "sound.off": "Toun ass AUS: umaachen",
  "sound.muted": "STOMM, {n} min",
  "sound.on": "Toun un",

  "units.unit": "Eenheet",
  "units.where": "Wou",
  "units.find": "Eng Eenheet sichen",
  "units.find_key": "Eenheet sichen (/)",
  "units.start": "Start",
  "units.join": "Dobäi",

  "help.title": "Tasten",
  "help.close": "Zoumaachen",
};

export default phrases;
