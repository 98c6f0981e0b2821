import { expect, test } from "bun:test";
import { BatchCost } from "../../../../src/serve/batching/batch-cost.ts";
import { patienceMs } from "../../../../src/serve/batching/patience.ts";
import { Returns } from "../../../../src/serve/batching/returns.ts";

const FULL = 16;

/** 5 ms a batch; those who were answered are believed to ask again soon. */
function patience({ queued, away, free }: { queued: number; away: number; free: number }): number {
  const cost = new BatchCost();
  cost.learn(FULL, 5);
  const returns = new Returns();
  if (away > 0) returns.onAnswer(away, away, 0);
  const situation = { now: 0, queuedRows: queued, maxBatchRows: FULL, free, limitMs: 5 };
  return patienceMs(situation, cost, returns);
}

test("patienceMs() waits for nobody while those who are expected find room in other free workers", () => {
  expect(patience({ queued: 1, away: 16, free: 2 })).toBe(0);
  expect(patience({ queued: 1, away: 3, free: 2 })).toBe(0);
});

test("patienceMs() waits for a batch to fill where more are expected than the other workers take", () => {
  expect(patience({ queued: 1, away: 31, free: 2 })).toBeGreaterThan(0);
  expect(patience({ queued: 12, away: 20, free: 2 })).toBeGreaterThan(0);
  expect(patience({ queued: 1, away: 15, free: 1 })).toBeGreaterThan(0);
});

test("patienceMs() waits for nobody where nobody is expected", () => {
  expect(patience({ queued: 1, away: 0, free: 1 })).toBe(0);
});
