import { type DeadJob, type Job, type JobState, type SeenJob, withReason } from "../job.ts";
import type { Placed } from "./heap.ts";

/** A job as the memory keeps it. */
export interface Entry extends Placed {
  /** Counts the pushes: equal priorities go in this order. */
  readonly order: number;
  readonly id: string;
  readonly key: string | undefined;
  readonly value: Uint8Array;
  readonly priority: number;
  readonly pushedAtMs: number;
  state: JobState | "dead";
  /** Deliveries so far, since the push or the last redrive. */
  attempt: number;
  /** Counts all deliveries: no two leases have the same. */
  fence: number;
  /** When its delay or lease ends, or when it died. */
  atMs: number;
  reasons: readonly string[];
}

/** Greater priorities first, then the order of arrival. */
export function goesBefore(one: Entry, other: Entry): boolean {
  return one.priority === other.priority ? one.order < other.order : one.priority > other.priority;
}

/** The one whose delay or lease ends first. */
export function endsBefore(one: Entry, other: Entry): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** What its taker gets. */
export function jobOf(entry: Entry): Job {
  return { ...factsOf(entry), receipt: `${entry.order}:${entry.fence}` };
}

/** As one sees it who only looks; for an entry that is not dead. */
export function seenJobOf(entry: Entry, state: JobState): SeenJob {
  return { ...factsOf(entry), state };
}

/** For an entry that is dead. */
export function deadJobOf(entry: Entry): DeadJob {
  return { ...factsOf(entry), diedAtMs: entry.atMs };
}

/** Notes why an attempt failed. */
export function addReason(entry: Entry, reason: string): void {
  entry.reasons = withReason(entry.reasons, reason);
}

function factsOf(entry: Entry): Omit<Job, "receipt"> {
  const { id, key, value, priority, attempt, pushedAtMs, reasons } = entry;
  // A copy: the taker may write into it, and the next attempt must get what was pushed.
  const facts = { id, value: value.slice(), priority, attempt, pushedAtMs, reasons };
  return key === undefined ? facts : { ...facts, key };
}
