/** What the server sends, as docs/protocol.md says it. Types only; nothing here reaches the browser. */

export type Quality = "ok" | "ambiguous" | "suspect" | "late" | "stale" | "lost";

export type Row = [
  unit: string,
  t: number,
  lon: number,
  lat: number,
  speed: number | null,
  course: number | null,
  territory: string,
  quality: Quality,
];

export interface RosterEntry {
  state: string | null;
  call_sign: string;
  pursuit: string | null;
  simulated: boolean;
}

export interface Member {
  unit: string;
  state: string | null;
  started_in: string | null;
  territory: string | null;
}

export interface Line {
  host: string;
  status: string;
  with: string | null;
  channel: string | null;
  since: string | null;
  decision?: string;
  instructions?: string | null;
}

export interface Duty {
  id: string;
  kind: string;
  text: string;
  article: string;
  host: string;
  unit: string;
  deadline: string | null;
  addressee: string | null;
  overdue: boolean;
  announced?: boolean;
}

export interface Pursuit {
  id: string;
  simulated: boolean;
  phase: string;
  started_at: string;
  ended_at?: string | null;
  started_in: string | null;
  ground: string | null;
  note: string | null;
  danger?: boolean | null;
  members: Member[];
  lines: Line[];
  obligations: Duty[];
  decisions: Record<string, DecisionEvent>;
  crossings: CrossingEvent[];
}

export interface Alert {
  offset: number;
  event: AlertEvent;
  /** What counts for this screen. */
  acknowledged_by: string | null;
  /** All that there are; of no state: one who sees everything. */
  acknowledgements: Acknowledgement[];
  /** How old it was when it became known, if it is of the past: it tells of what has been, and not of what happens. */
  age_s?: number | null;
}

export interface Acknowledgement {
  state: string | null;
  by: string;
}

/** A way to reach a control room. */
export interface Way {
  text: string;
  /** To be opened, as `tel:+...`; null where nothing can be. */
  uri: string | null;
}

interface Occurrence {
  id: string;
  time: string;
}

interface Crossing extends Occurrence {
  unit: string;
  from: string;
  to: string;
  border: string;
  lon: number;
  lat: number;
  crossed_at: string;
  uncertainty_m: number;
  uncertainty_s: number;
  confidence: number;
  pursuit?: string;
}

export interface ApproachingEvent extends Crossing {
  type: "crossing.approaching";
  eta_s: number;
}

export interface CrossingEvent extends Crossing {
  type: "crossing.probable" | "crossing.confirmed";
  /** The event whose place and time these are, where a pursuit's crossings are shown as they stand. */
  corrected_by?: string;
}

export interface CorrectedEvent extends Crossing {
  type: "crossing.corrected";
  crossing: string;
  supersedes: string;
}

export interface RetractedEvent extends Crossing {
  type: "crossing.retracted";
  reason: string;
  takes_back: "approaching" | "probable" | "confirmed";
  supersedes?: string;
}

export interface DecisionEvent extends Occurrence {
  type: "decision";
  unit: string;
  pursuit: string;
  crossing?: string | null;
  rule: string;
  instrument: string;
  article: string;
  permitted: "yes" | "no" | "conditional" | "uncertain";
  obligations: { id: string; text: string; article: string; deadline?: string | null }[];
  powers: string[];
  warnings: string[];
  basis: "text" | "inferred" | "unverified";
  title: string;
  words: string;
  words_in?: Record<string, string>;
  unchecked?: string[];
  asks?: { fact: string; question: string; would_change: string }[];
  host?: string | null;
  supersedes?: string | null;
}

export interface ObligationEvent extends Occurrence {
  type: "obligation.opened" | "obligation.met" | "obligation.overdue" | "obligation.withdrawn";
  pursuit: string;
  unit: string;
  obligation: string;
  kind: string;
  text: string;
  article: string;
  host: string;
  deadline?: string | null;
  addressee?: string | null;
  late_s?: number | null;
}

interface Conduct extends Occurrence {
  pursuit: string;
  phase: string;
  by?: string;
  unit?: string;
  note?: string;
}

export interface StartedEvent extends Conduct {
  type: "pursuit.started";
  started_in?: string;
  ground?: string;
}

export interface JoinedEvent extends Conduct {
  type: "pursuit.joined";
  started_in?: string;
}

export interface ContactEvent extends Conduct {
  type: "pursuit.contact";
  host: string;
  status: string;
  with?: string;
  channel?: string;
}

export interface HostDecisionEvent extends Conduct {
  type: "pursuit.host_decision";
  host: string;
  decision: string;
  instructions?: string;
  can_take_over?: boolean;
}

export interface OtherPursuitEvent extends Conduct {
  type: "pursuit.danger" | "pursuit.continuity" | "pursuit.hold" | "pursuit.handover" | "pursuit.report" | "pursuit.ended";
  reason?: string;
  host?: string;
  to?: string;
  disproportionate?: boolean;
}

export interface UnitEvent extends Occurrence {
  type: "unit.seen" | "unit.stale" | "unit.suspect";
  unit: string;
  silent_s?: number;
  pursuit?: string;
  reason?: string;
}

export interface LostEvent extends Occurrence {
  type: "unit.lost";
  unit: string;
  silent_s: number;
  pursuit?: string;
}

export interface AcknowledgedEvent extends Occurrence {
  type: "alert.acknowledged";
  event: string;
  by: string;
  state?: string;
}

export type PursuitEvent = StartedEvent | JoinedEvent | ContactEvent | HostDecisionEvent | OtherPursuitEvent;

export type FeedEvent =
  | ApproachingEvent
  | CrossingEvent
  | CorrectedEvent
  | RetractedEvent
  | DecisionEvent
  | ObligationEvent
  | PursuitEvent
  | UnitEvent
  | LostEvent
  | AcknowledgedEvent;

/** Those that a dispatcher must see and acknowledges, when they belong to a pursuit. */
export type AlertEvent =
  | ApproachingEvent
  | CrossingEvent
  | RetractedEvent
  | DecisionEvent
  | ObligationEvent
  | HostDecisionEvent
  | LostEvent;

/** Something is wrong with the server; `text` is English, for codes that this page does not know. */
export interface Fault {
  code: "not_recording" | "restarting" | "no_borders" | "clock_step" | "overloaded";
  since: string;
  text: string;
}

export interface StatusMessage {
  type: "status";
  time: number;
  faults: Fault[];
}

export interface SnapshotMessage {
  type: "snapshot";
  epoch: string;
  offset: number;
  recovered: boolean;
  server_time: number;
  status?: { faults: Fault[] };
  units: Row[];
  roster: Record<string, RosterEntry>;
  pursuits: Pursuit[];
  alerts: Alert[];
}

export interface PositionsMessage {
  type: "positions";
  time: number;
  /** Every event up to here that this viewer may see has been sent. */
  offset?: number;
  units: Row[];
}

export interface EventMessage {
  type: "event";
  offset: number;
  event: FeedEvent;
  /** As in its `Alert`. */
  age_s?: number;
}

export interface HeartbeatMessage {
  type: "heartbeat";
  time: number;
  offset?: number;
}

/** A pursuit has become visible, or what is to be seen of it has changed; its units are added. */
export interface ShowMessage {
  type: "show";
  pursuit: Pursuit;
  units: Row[];
  roster: Record<string, RosterEntry>;
  alerts: Alert[];
}

/** Who some units are: they have come into sight, or belong to another state now. */
export interface RosterMessage {
  type: "roster";
  roster: Record<string, RosterEntry>;
}

/** Pursuits and units that must go from the screen. */
export interface HideMessage {
  type: "hide";
  pursuits: string[];
  units: string[];
}

export type FeedMessage =
  | SnapshotMessage
  | PositionsMessage
  | EventMessage
  | HeartbeatMessage
  | StatusMessage
  | ShowMessage
  | RosterMessage
  | HideMessage;

/** What is on record of one pursuit: `GET /api/v1/pursuits/{id}/record`. */
export interface PursuitRecord {
  epoch: string;
  pursuit: string;
  roster: Record<string, RosterEntry>;
  events: ({ offset: number; id: string; type: string; time: string } & Record<string, unknown>)[];
  /** By unit, in order of time. */
  fixes: Record<
    string,
    [t: number, lon: number, lat: number, speed: number | null, course: number | null, territory: string][]
  >;
}

/** A stay in a host state: `GET /api/v1/pursuits/{id}/legs`. */
export interface Leg {
  leg: number;
  host: string;
  units: string[];
  entered_at: string | null;
  left_at: string | null;
  reported: boolean;
  open: string[];
}

export interface Scenario {
  scenario: string;
  title: string;
  source: string;
  date: string;
  units: string[];
  lasts_s: number;
}

export interface Training {
  id: string;
  scenario: string;
  title: string;
  acts: "all" | "start" | "none";
  by: string | null;
  started_at: string;
  ends_at: string;
  pursuit: string;
  units: string[];
}

export interface Config {
  version: string;
  ws: string;
  attribution: string;
  boundary: { sha256: string; vintage: string };
  epoch: string;
  demo: boolean;
  basemap: Basemap;
  sign_in: string[];
  acts: Act[];
  /** What can be done to a pursuit, by its phase. */
  phases: Record<string, string[]>;
}

/** The operator's own map; `url` is empty when there is none. */
export interface Basemap {
  kind: "builtin" | "pmtiles" | "style" | "raster";
  url: string;
  attribution: string;
}

export interface Act {
  name: string;
  says: string;
  articles: string[];
}
