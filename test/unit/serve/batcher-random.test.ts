import { expect, test } from "bun:test";
import { Batcher } from "../../../src/serve/batcher.ts";
import { Chance, chaosSeed } from "../../support/chance.ts";
import { entryOf } from "./batching/entries.ts";
import { Ledger } from "./batching/ledger.ts";

const ROUNDS = 60;
const STEPS = 250;

test("Batcher loses nothing, runs nothing twice, and keeps sizes, orders and deadlines, whatever happens", () => {
  const seed = chaosSeed();
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const ledger = new Ledger(new Chance(seed + round));
      for (let step = 0; step < STEPS; step++) ledger.step();
      ledger.finish();
    } catch (error) {
      throw new Error(`Seed ${seed}, round ${round} (CHAOS_SEED=${seed + round})`, {
        cause: error,
      });
    }
  }
});

/** What a request costs while so many others wait, in ms: the best of a few rounds. */
function costAmong(outstanding: number): number {
  const rounds = Array.from({ length: 5 }, () => {
    const batcher = new Batcher<number>({ maxBatchRows: 16, timeoutMs: 5, maxQueuedRows: 1e9 });
    let asked = 0;
    const add = (now: number) => {
      const client = `client-${asked % 100}`;
      const deadline = now + 60_000;
      batcher.add({ rows: 1, client, priority: 0, deadline, value: asked++ }, now);
    };
    for (let index = 0; index < outstanding; index++) add(0);
    const startMs = performance.now();
    for (let now = 1; now < 2_000; now++) {
      const turn = batcher.next(now, { free: 1, workers: 1 });
      if (!turn || "waitMs" in turn) throw new Error("It waits though the queue is full");
      batcher.onBatchEnd(turn.batch, { now, ms: 1 });
      for (const _ of turn.batch) add(now);
      if (batcher.nextDeadline < now) throw new Error("It forgot a deadline");
    }
    return performance.now() - startMs;
  });
  return Math.min(...rounds);
}

test("Batcher asks no more of a request among 20,000 than among 100", () => {
  costAmong(1_000); // compiled
  const few = costAmong(100);
  // What grows with the queue would be 200 times as slow; caches make it a little slower.
  expect(costAmong(20_000)).toBeLessThan(10 * few);
});

test("Batcher cancels any of 20,000 in no time", () => {
  const cancelAll = (count: number) => {
    const entries = Array.from({ length: count }, (_, index) =>
      entryOf("", { client: `client-${index % 10}`, deadline: 1e6 + index }),
    );
    const own = new Batcher<string>({ maxBatchRows: 16, timeoutMs: 5, maxQueuedRows: 1e9 });
    for (const entry of entries) own.add(entry, 0);
    const startMs = performance.now();
    for (const entry of entries.toReversed()) own.remove(entry);
    expect(own.queuedRows).toBe(0);
    expect(own.nextDeadline).toBe(Infinity);
    return (performance.now() - startMs) / count;
  };
  cancelAll(2_000);
  const few = Math.min(cancelAll(1_000), cancelAll(1_000), cancelAll(1_000));
  expect(cancelAll(20_000)).toBeLessThan(20 * few + 0.001);
});
