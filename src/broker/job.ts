/** What somebody wants done. */
export interface NewJob {
  /** What the worker gets, as it is. */
  value: Uint8Array;
  /** Its name in lists and logs; default a fresh UUID. Two jobs may have the same: only `key` makes one of two. */
  id?: string;
  /** A second push with the same key within the queue's window is not a second job. */
  key?: string;
  /** A whole number from -1000 to 1000; greater goes first; default 0. Equal ones go in the order of arrival. */
  priority?: number;
  /** How long nobody may take it; default 0. */
  delayMs?: number;
}

/** What became of a push. */
export interface Pushed {
  /** The job's id; that of the first job if this is a duplicate. */
  id: string;
  /** True if a job with that key is known already; nothing was added then. */
  isDuplicate: boolean;
}

/** The right to finish one job, until it expires; whoever shows an old receipt is refused with `lease.expired`. */
export interface Lease {
  readonly id: string;
  /** Names this one delivery; means something to the queue only. */
  readonly receipt: string;
}

/** A job in somebody's hands. */
export interface Job extends Lease {
  readonly value: Uint8Array;
  readonly key?: string;
  readonly priority: number;
  /** Which delivery this is, from 1. */
  readonly attempt: number;
  /** When it was pushed, in milliseconds since 1970. */
  readonly pushedAtMs: number;
  /** Why earlier attempts failed, oldest first; the last few of them. */
  readonly reasons: readonly string[];
}

/** Where a job is that is not dead. */
export type JobState = "ready" | "delayed" | "leased";

/** A job that was looked at and not taken. */
export interface SeenJob extends Omit<Job, "receipt"> {
  readonly state: JobState;
}

/** A job that nobody tries any more, until somebody redrives it. */
export interface DeadJob extends Omit<Job, "receipt"> {
  /** When it died, in milliseconds since 1970. */
  readonly diedAtMs: number;
}

/** How a queue is doing. */
export interface QueueStats {
  /** All jobs that are not dead: `ready`, `delayed` and `leased`. */
  length: number;
  ready: number;
  delayed: number;
  leased: number;
  dead: number;
  /** How long the oldest ready job has been in the queue; undefined if none is ready, or if the queue cannot tell. */
  oldestMs: number | undefined;
}

/** The reason of an attempt that nobody ended: its worker died, hung, or was cut off. */
export const LEASE_ENDED = "The lease ended: the worker died, hung or was cut off";

/** Reasons are for people: the last few, and not too long. */
const MOST_REASONS = 10;
const REASON_LETTERS = 1_000;

/** The list with one reason more, cut to what is kept. */
export function withReason(reasons: readonly string[], reason: string): string[] {
  return [...reasons, reason.slice(0, REASON_LETTERS)].slice(-MOST_REASONS);
}

const LOGGED_BYTES = 10_000;

/** What was in a job that is in no list any more, for the log: the first 10,000 bytes as text. */
export function lostValue({ value }: Pick<Job, "value">): string {
  return new TextDecoder().decode(value.subarray(0, LOGGED_BYTES));
}
