import { expect, test } from "bun:test";
import { workersFor } from "../../../../src/serve/host/workers-for.ts";

const WORKERS = 2;

/** Both workers are at a batch, and each has room for one behind it. */
function workersOf({ idle = 0, queuedRows = 0, batchMs = 5, isMixed = false }): number {
  const generation = {
    ready: WORKERS,
    free: ({ ahead = false } = {}) => (ahead ? WORKERS : idle),
  };
  return workersFor(generation, { queuedRows, maxBatchRows: 16, batchMs, isMixed });
}

test("workersFor() gives what is idle, whatever waits", () => {
  expect(workersOf({ idle: 1, queuedRows: 1 })).toBe(1);
  expect(workersOf({ idle: 2, queuedRows: 1_000 })).toBe(2);
});

test("workersFor() lets a full batch lie ready behind a short one, and no smaller one", () => {
  expect(workersOf({ batchMs: 1, queuedRows: 16 })).toBe(WORKERS);
  expect(workersOf({ batchMs: 1, queuedRows: 15 })).toBe(0);
});

test("workersFor() lets one lie ready behind a longer one only where there is one for each worker, too", () => {
  expect(workersOf({ batchMs: 5, queuedRows: 3 * 16 })).toBe(WORKERS);
  expect(workersOf({ batchMs: 5, queuedRows: 3 * 16 - 1 })).toBe(0);
});

test("workersFor() lets nothing lie ready where priorities differ", () => {
  expect(workersOf({ batchMs: 1, queuedRows: 1_000, isMixed: true })).toBe(0);
  expect(workersOf({ idle: 1, queuedRows: 1_000, isMixed: true })).toBe(1);
});
