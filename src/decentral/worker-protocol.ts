import type { UnitKind } from "./unit-plugin.ts";

/**
 * The calls that a worker process of a fleet answers. UNIT lasts as long as the unit: its cancel ends the unit after what
 * it does now, its answer comes when the unit's model is off. ABANDON lets go of what a unit does at once;
 * PROBE asks whether a unit's remote server can be reached.
 */
export const WORKER_METHODS = {
  SET_UP: "set-up",
  UNIT: "unit",
  JOB: "job",
  ABANDON: "abandon",
  PROBE: "probe",
} as const;

/** What is said of a unit meanwhile. */
export const UNIT_EVENTS = { OPENED: "opened", AWAY: "away", ROUNDS: "rounds" } as const;

/** What a fresh worker is told. */
export interface WorkerSetUp {
  plugin: string;
  exportName: string;
  workerId: string;
}

/** What a worker that has loaded the plugin tells. */
export interface WorkerReport {
  kind: UnitKind;
}

/** Which unit is made. */
export interface UnitMeta {
  id: string;
  ip: string;
  port: number;
  portOut: number;
  /** Shown to the remote server. */
  token: string | undefined;
}

/** Which job it is, and whose; the body is its value. */
export interface JobMeta {
  unit: string;
  id: string;
  key: string | undefined;
  attempt: number;
  priority: number;
  pushedAtMs: number;
  reasons: readonly string[];
}

/** What became of the rounds of `doWork` since the last word. */
export interface RoundsReport {
  done: number;
  failed: number;
  /** How long they took, in milliseconds; the last few hundred of them. */
  tookMs: number[];
  /** Was there nothing to do in the last one? */
  isIdle: boolean;
  /** Why the last one that failed has. */
  error: string | undefined;
  /** Does it wait because of that? */
  isWaiting: boolean;
}

/** In the details of a failed job's error: the remote server is not there, or nobody shall try again. */
export interface JobFailure {
  isAway: boolean;
  isHopeless: boolean;
}
