import { withReason, type Job } from "../broker/job.ts";
import type { Queue } from "../broker/queue.ts";
import { GiveUp, NotTried } from "../broker/verdicts.ts";
import { messageOf } from "../core/errors.ts";
import { backoffMs, type Backoff } from "../core/retry.ts";
import { delay } from "../core/wait.ts";
import { retryBackoff } from "./fleet-queue.ts";

/** How a job is tried again that its queue does not take back. */
export interface InHand {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
}

/** What is needed for a queue without leases; undefined for one that has them. */
export function inHandOf(
  queue: Queue | undefined,
  { maxAttempts, retryMs }: { maxAttempts: number; retryMs: number },
): InHand | undefined {
  if (queue?.can.has("lease") !== false) return undefined;
  return { maxAttempts, backoff: retryBackoff(retryMs) };
}

/** Tries a job until it is done, with back-off; throws the last failure, or the signal's reason when that ends a wait. */
export async function tryInHand(
  job: Job,
  { maxAttempts, backoff, signal }: InHand & { signal: AbortSignal },
  { attempt, onRetry }: { attempt: (job: Job) => Promise<void>; onRetry: (why: string) => void },
): Promise<void> {
  let tried = job;
  for (;;) {
    try {
      return await attempt(tried);
    } catch (thrown) {
      const isOver = thrown instanceof GiveUp || thrown instanceof NotTried;
      if (isOver || tried.attempt >= maxAttempts) throw thrown;
      const why = messageOf(thrown);
      onRetry(why);
      await delay(backoffMs(backoff, tried.attempt), signal);
      tried = { ...job, attempt: tried.attempt + 1, reasons: withReason(tried.reasons, why) };
    }
  }
}
