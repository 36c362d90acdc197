// @ts-check
/** What each kind of event does to one pursuit. Each function gives the pursuit as it stands afterwards. */

/**
 * @import {
 *   CorrectedEvent, CrossingEvent, DecisionEvent, Duty, Line, Member, ObligationEvent, Pursuit, PursuitEvent,
 *   RetractedEvent, StartedEvent
 * } from "./wire.d.ts"
 */

import { isSimulated } from "./part.mjs";

/**
 * @param {StartedEvent} event
 * @returns {Pursuit} without its first member yet
 */
export function began(event) {
  return {
    id: event.pursuit,
    simulated: isSimulated(event.pursuit),
    phase: event.phase,
    started_at: event.time,
    ended_at: null,
    started_in: event.started_in ?? null,
    ground: event.ground ?? null,
    note: event.note ?? null,
    members: [],
    lines: [],
    obligations: [],
    decisions: {},
    crossings: [],
  };
}

/**
 * @param {Pursuit} pursuit
 * @param {Member} member
 * @returns {Pursuit}
 */
export function joinedIn(pursuit, member) {
  return { ...pursuit, members: [...pursuit.members.filter(({ unit }) => unit !== member.unit), member] };
}

/**
 * @param {Pursuit} pursuit
 * @param {CrossingEvent} event
 * @returns {Pursuit}
 */
export function crossedIn(pursuit, event) {
  return {
    ...pursuit,
    crossings: [...pursuit.crossings.filter(({ id }) => id !== event.id), event],
    members: pursuit.members.map((member) =>
      member.unit === event.unit ? { ...member, territory: event.to } : member,
    ),
  };
}

/**
 * A crossing was elsewhere, or at another time; what was due by it is due by the new time.
 * @param {Pursuit} pursuit
 * @param {CorrectedEvent} event
 * @returns {Pursuit}
 */
export function correctedIn(pursuit, event) {
  const before = pursuit.crossings.find(({ id }) => id === event.crossing);
  if (!before) return pursuit;
  const { lon, lat, crossed_at, uncertainty_m, uncertainty_s, confidence } = event;
  const stands = { ...before, lon, lat, crossed_at, uncertainty_m, uncertainty_s, confidence, corrected_by: event.id };
  return {
    ...pursuit,
    crossings: pursuit.crossings.map((crossing) => (crossing === before ? stands : crossing)),
    obligations: pursuit.obligations.map((duty) =>
      duty.unit === event.unit && duty.deadline === before.crossed_at ? { ...duty, deadline: crossed_at } : duty,
    ),
  };
}

/**
 * A crossing that was confirmed did not happen.
 * @param {Pursuit} pursuit
 * @param {RetractedEvent} event
 * @returns {Pursuit}
 */
export function takenBackIn(pursuit, event) {
  const fallen = pursuit.crossings.find(
    ({ id, corrected_by }) => event.supersedes && [id, corrected_by].includes(event.supersedes),
  );
  if (!fallen) return pursuit;
  const decisions = { ...pursuit.decisions };
  if (decisions[event.unit]?.crossing === fallen.id) delete decisions[event.unit];
  return {
    ...pursuit,
    decisions,
    crossings: pursuit.crossings.filter((crossing) => crossing !== fallen),
    members: pursuit.members.map((member) =>
      member.unit === event.unit ? { ...member, territory: event.from } : member,
    ),
  };
}

/**
 * @param {Pursuit} pursuit
 * @param {DecisionEvent} event
 * @returns {Pursuit}
 */
export function decidedIn(pursuit, event) {
  // An obligation that was announced for the crossing is due in earnest from it on, at the time that is named here.
  const due = new Map(event.obligations.map(({ id, deadline }) => [id, deadline ?? null]));
  return {
    ...pursuit,
    decisions: { ...pursuit.decisions, [event.unit]: event },
    obligations: pursuit.obligations.map((duty) => {
      const deadline = due.get(duty.id);
      return duty.announced && deadline !== undefined ? { ...duty, announced: false, deadline } : duty;
    }),
  };
}

/**
 * @param {Pursuit} pursuit
 * @param {ObligationEvent} event
 * @returns {Pursuit}
 */
export function owedIn(pursuit, event) {
  const others = pursuit.obligations.filter(({ id }) => id !== event.obligation);
  if (event.type === "obligation.met" || event.type === "obligation.withdrawn") {
    return { ...pursuit, obligations: others };
  }
  const overdue = event.type === "obligation.overdue";
  /** @type {Duty} */
  const duty = {
    id: event.obligation,
    kind: event.kind,
    text: event.text,
    article: event.article,
    host: event.host,
    unit: event.unit,
    deadline: event.deadline ?? null,
    addressee: event.addressee ?? null,
    overdue,
    announced: !overdue && pursuit.members.every((member) => member.territory !== event.host),
  };
  return { ...pursuit, obligations: [...others, duty] };
}

/**
 * @param {Pursuit} pursuit
 * @param {PursuitEvent} event
 * @returns {Pursuit}
 */
export function conductedIn(pursuit, event) {
  const next = { ...pursuit, phase: event.phase };
  switch (event.type) {
    case "pursuit.contact":
      return withLine(next, event.host, (line) => ({
        ...line,
        // A further call on a live line does not close it.
        status: event.status === "attempted" && line.status === "established" ? line.status : event.status,
        with: event.with ?? line.with,
        channel: event.channel ?? line.channel,
        since: event.status === "established" ? (line.since ?? event.time) : line.since,
      }));
    case "pursuit.host_decision":
      return withLine(next, event.host, (line) => ({
        ...line,
        decision: event.decision,
        instructions: event.instructions ?? line.instructions ?? null,
      }));
    case "pursuit.danger":
      return { ...next, danger: event.disproportionate ?? null };
    case "pursuit.ended":
      return { ...next, ended_at: event.time };
    default:
      return next;
  }
}

/**
 * @param {Pursuit} pursuit
 * @param {string} host
 * @param {(line: Line) => Line} change
 * @returns {Pursuit}
 */
function withLine(pursuit, host, change) {
  const known = pursuit.lines.find((line) => line.host === host);
  const line = change(known ?? { host, status: "none", with: null, channel: null, since: null });
  const lines = known ? pursuit.lines.map((other) => (other === known ? line : other)) : [...pursuit.lines, line];
  return { ...pursuit, lines };
}
