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

/** Two batches of callers who come one behind the other, 0.1 ms apart, from 1 ms after their answer, and a third that is late. */
function lateRound(): { wait: (queued: number, afterMs: number) => number } {
  const cost = new BatchCost();
  cost.learn(FULL, 5);
  const returns = new Returns();
  let now = 0;
  for (let round = 0; round < 6; round++, now += 10) {
    returns.onAnswer(FULL, FULL, now);
    for (let index = 0; index < FULL; index++) returns.onRequest(now + 1 + index / 10);
  }
  returns.onAnswer(FULL, FULL, now);
  const lateMs = now + 4;
  for (let index = 0; index < 12; index++) returns.onRequest(lateMs + index / 10);
  const lastMs = lateMs + 1.1;
  return {
    wait: (queuedRows, afterMs) => {
      const situation = {
        now: lastMs + afterMs,
        queuedRows,
        maxBatchRows: FULL,
        free: 1,
        limitMs: 5,
      };
      return patienceMs(situation, cost, returns);
    },
  };
}

test("patienceMs() waits for the next one while they come one behind the other, however late all of them are", () => {
  const { wait } = lateRound();
  expect(wait(12, 0)).toBeCloseTo(5 / 12, 5); // as long as it pays
  expect(wait(12, 0.2)).toBeCloseTo(5 / 12 - 0.2, 5);
  expect(wait(4, 0)).toBeCloseTo(0.8, 5); // so many gaps
  expect(wait(12, 0.5)).toBe(0);
});
