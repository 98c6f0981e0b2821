import type { Job } from "./job.ts";

/** What is to be known of a job that nobody had before. */
export interface FreshFacts extends Omit<Job, "receipt" | "attempt" | "key"> {
  key: string | null | undefined;
}

/** A job that nobody had before; each kind of queue knows more of it, for itself. */
export abstract class FreshJob implements Job {
  readonly id: string;
  readonly value: Uint8Array;
  readonly priority: number;
  readonly attempt = 1;
  readonly pushedAtMs: number;
  readonly reasons: readonly string[];
  readonly receipt: string;
  declare readonly key?: string;

  constructor({ id, value, priority, pushedAtMs, reasons, key }: FreshFacts, receipt: string) {
    this.id = id;
    this.value = value;
    this.priority = priority;
    this.pushedAtMs = pushedAtMs;
    this.reasons = reasons;
    this.receipt = receipt;
    if (typeof key === "string") this.key = key;
  }
}
