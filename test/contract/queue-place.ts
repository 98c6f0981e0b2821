import type { Capability } from "../../src/broker/driver.ts";
import type { Job } from "../../src/broker/job.ts";
import type { QueueOptions } from "../../src/broker/queue-options.ts";
import type { Queue } from "../../src/broker/queue.ts";

/** One store of jobs that nobody else uses; each `open()` is another connection to it. */
export interface QueuePlace extends AsyncDisposable {
  open: (options?: QueueOptions) => Promise<Queue>;
}

/** A kind of queue, as the contract sees it. */
export interface QueueKind {
  can: readonly Capability[];
  /** False where each connection has jobs of its own. */
  isShared: boolean;
  /** False where nobody knows when a job was pushed; default true. */
  tellsAge?: boolean;
  place: () => Promise<QueuePlace>;
}

/** A lease that ends while a test waits for that. */
export const SHORT_MS = 200;
/** One that is renewed in time, on a slow machine too, and would end within a test. */
export const RENEWED_MS = 1_500;
/** One that does not end within a test, and a wait that something else must end. */
export const LONG_MS = 60_000;

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf({ value }: { value: Uint8Array }): string {
  return new TextDecoder().decode(value);
}

/** Pushes a job for each text, in this order. */
export async function pushAll(queue: Queue, ...texts: string[]): Promise<void> {
  await queue.pushMany(texts.map((text) => ({ value: bytes(text) })));
}

/** Takes until there are so many; rejects if they do not come. */
export async function takeAll(queue: Queue, count: number, leaseMs = LONG_MS): Promise<Job[]> {
  const jobs: Job[] = [];
  while (jobs.length < count) {
    const more = await queue.take({ max: count - jobs.length, leaseMs, waitMs: 5_000 });
    if (more.length === 0) throw new Error(`Got ${jobs.length} of ${count} jobs`);
    jobs.push(...more);
  }
  return jobs;
}

/** The one job that comes next; rejects if none does. */
export async function takeOne(queue: Queue, leaseMs = LONG_MS): Promise<Job> {
  const [job] = await takeAll(queue, 1, leaseMs);
  if (!job) throw new Error("Got no job");
  return job;
}
