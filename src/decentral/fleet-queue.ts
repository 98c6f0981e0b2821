import { openQueue } from "../broker/open-queue.ts";
import { Queue } from "../broker/queue.ts";
import type { Logger } from "../core/log.ts";
import type { Backoff } from "../core/retry.ts";
import { DEFAULT_QUEUE } from "./options.ts";

/** How a fleet treats the jobs of its queue. */
export interface FleetQueueOptions {
  leaseMs: number;
  maxAttempts: number;
  /** Before the second try. */
  retryMs: number;
  log: Logger;
}

const LONGEST_RETRY_MS = 60_000;

/** How long a job waits that has failed. */
export function retryBackoff(retryMs: number): Backoff {
  return { minMs: retryMs, maxMs: Math.max(retryMs, LONGEST_RETRY_MS), jitter: 0.5 };
}

/** The queue of a fleet: opened, and closed with `resources`; one that is open already is somebody else's. */
export async function fleetQueue(
  given: string | Queue | undefined,
  { leaseMs, maxAttempts, retryMs, log }: FleetQueueOptions,
  resources: AsyncDisposableStack,
): Promise<Queue> {
  if (given instanceof Queue) return given;
  const options = { leaseMs, maxAttempts, backoff: retryBackoff(retryMs), log };
  return resources.use(await openQueue(given ?? DEFAULT_QUEUE, options));
}
