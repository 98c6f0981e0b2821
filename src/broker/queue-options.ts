import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Backoff } from "../core/retry.ts";
import type { DriverTerms } from "./driver.ts";

/** How a queue is used by this process; all have defaults. */
export interface QueueOptions extends Partial<DriverTerms> {
  /** How long a taken job is one's own; default 5,000. */
  leaseMs?: number;
  /** How long a retry waits that says nothing of it; default 1 to 60 s, doubling, half of it by chance. */
  backoff?: Backoff;
  /** Greater values are refused; default 16 MiB. */
  maxValueBytes?: number;
  log?: Logger;
  /** Must be milliseconds since 1970 where other processes use the queue too. */
  clock?: Clock;
}

export const QUEUE_DEFAULTS = {
  maxAttempts: 5,
  maxLength: 10_000_000,
  keyWindowMs: 3_600_000,
  leaseMs: 5_000,
  backoff: { minMs: 1_000, maxMs: 60_000, jitter: 0.5 },
  maxValueBytes: 16 * 1024 * 1024,
} as const;
