import type { Queue } from "../../src/broker/queue.ts";
import { median } from "../support/rounds.ts";

/** A job's value: a number in JSON. */
export const VALUE = new TextEncoder().encode("1".repeat(100));
export const BATCH = 500;
export const UNITS = 8;
export const ROUNDS = 5;

/** Pushes `total` jobs in batches, a few of them on the way at a time; gives jobs a second. */
export async function pushRate(queue: Queue, total: number): Promise<number> {
  const batch = Array.from({ length: BATCH }, () => ({ value: VALUE }));
  let left = total / BATCH;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await queue.pushMany(batch);
  };
  const startedMs = performance.now();
  await Promise.all([lane(), lane(), lane(), lane()]);
  return (total / (performance.now() - startedMs)) * 1_000;
}

/** Takes and acknowledges `total` jobs with 8 units that do nothing; gives jobs a second. */
export async function drainRate(queue: Queue, total: number): Promise<number> {
  const all = Promise.withResolvers<void>();
  let left = total;
  const startedMs = performance.now();
  const onSettled = (): void => {
    if (--left === 0) all.resolve();
  };
  const subscription = await queue.subscribe(() => {}, { concurrency: UNITS, onSettled });
  await all.promise;
  const rate = (total / (performance.now() - startedMs)) * 1_000;
  await subscription.close();
  return rate;
}

/** The median rates of both ways, after one round that does not count. */
export async function bothRates(
  queue: Queue,
  total: number,
): Promise<{ pushed: number; drained: number }> {
  const pushed: number[] = [];
  const drained: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const push = await pushRate(queue, total);
    const drain = await drainRate(queue, total);
    if (round === 0) continue;
    pushed.push(push);
    drained.push(drain);
  }
  return { pushed: median(pushed), drained: median(drained) };
}
