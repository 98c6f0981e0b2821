import { expect, test } from "bun:test";
import { Batcher } from "../../../src/serve/batcher.ts";
import { allBatches, batchOf, eager, entryOf, told } from "./batching/entries.ts";

test("next() gives what waits in the order of arrival, never more than a batch holds", () => {
  const batcher = eager(3);
  for (const value of "abcdefg") batcher.add(entryOf(value), 0);
  expect(allBatches(batcher)).toEqual(["a b c", "d e f", "g"]);
});

test("next() gives nothing without a free worker, and nothing when nothing waits", () => {
  const batcher = eager(3);
  expect(batcher.next(0, { free: 1, workers: 1 })).toBeUndefined();
  batcher.add(entryOf("a"), 0);
  expect(batcher.next(0, { free: 0, workers: 1 })).toBeUndefined();
  expect(batcher.next(0, { free: 0, workers: 0 })).toBeUndefined();
  expect(batcher.queuedRows).toBe(1);
});

test("next() splits a long list over batches and fills up with others", () => {
  const batcher = eager(4);
  batcher.add(entryOf("a", { rows: 6 }), 0);
  batcher.add(entryOf("b"), 0);
  batcher.add(entryOf("c", { rows: 2 }), 0);
  expect(allBatches(batcher)).toEqual(["a[0..3]", "a[4..5] b c[0..0]", "c[1..1]"]);
});

test("next() serves clients in turns: one with thousands holds up another by no more than a batch", () => {
  const batcher = eager(4);
  for (let index = 0; index < 10_000; index++) {
    batcher.add(entryOf(`many${index}`, { client: "many" }), 0);
  }
  batcher.add(entryOf("single", { client: "few" }), 0);
  expect(told(batchOf(batcher))).toBe("many0 many1 single many2");
  expect(told(batchOf(batcher))).toBe("many3 many4 many5 many6");
});

test("next() serves clients in turns, one by one, when batches hold one", () => {
  const batcher = eager(1);
  for (const value of ["a0", "a1", "a2"]) batcher.add(entryOf(value, { client: "a" }), 0);
  for (const value of ["b0", "b1"]) batcher.add(entryOf(value, { client: "b" }), 0);
  batcher.add(entryOf("c0", { client: "c" }), 0);
  expect(allBatches(batcher)).toEqual(["a0", "b0", "c0", "a1", "b1", "a2"]);
});

test("next() shares a batch evenly among the lists of several clients, each list as one piece", () => {
  const batcher = eager(8);
  batcher.add(entryOf("a", { client: "a", rows: 20 }), 0);
  batcher.add(entryOf("b", { client: "b", rows: 2 }), 0);
  batcher.add(entryOf("c", { client: "c", rows: 20 }), 0);
  expect(told(batchOf(batcher))).toBe("a[0..2] b c[0..2]");
  expect(told(batchOf(batcher))).toBe("a[3..6] c[3..6]");
});

test("next() lets what came after a long list of its own client go beside it, each with half of a batch", () => {
  const batcher = eager(4);
  batcher.add(entryOf("long", { rows: 40 }), 0);
  expect(told(batchOf(batcher))).toBe("long[0..3]");
  for (const value of "abc") batcher.add(entryOf(value), 0);
  expect(told(batchOf(batcher))).toBe("long[4..5] a b");
  expect(told(batchOf(batcher))).toBe("long[6..8] c");
});

test("next() lets long lists of one client take turns, also in batches of one", () => {
  const batcher = eager(1);
  batcher.add(entryOf("a", { rows: 9 }), 0);
  batcher.add(entryOf("b", { rows: 9 }), 0);
  batcher.add(entryOf("c"), 0);
  expect(allBatches(batcher).slice(0, 7)).toEqual([
    "a[0..0]",
    "a[1..1]",
    "b[0..0]",
    "a[2..2]",
    "c",
    "b[1..1]",
    "a[3..3]",
  ]);
});

test("next() puts priority 1 first, 0 in the middle, and more than 100 with 100", () => {
  const batcher = eager(1);
  batcher.add(entryOf("last", { priority: 5_000 }), 0);
  batcher.add(entryOf("also last", { priority: 100 }), 0);
  batcher.add(entryOf("none"), 0);
  batcher.add(entryOf("five", { priority: 5 }), 0);
  batcher.add(entryOf("two", { priority: 2 }), 0);
  batcher.add(entryOf("one", { priority: 1 }), 0);
  batcher.add(entryOf("one more", { priority: 1 }), 0);
  expect(allBatches(batcher)).toEqual([
    "one",
    "one more",
    "two",
    "none",
    "five",
    "last",
    "also last",
  ]);
});

test("next() takes a priority of 0 for 5", () => {
  const batcher = eager(1);
  batcher.add(entryOf("six", { priority: 6 }), 0);
  batcher.add(entryOf("none"), 0);
  batcher.add(entryOf("five", { priority: 5 }), 0);
  batcher.add(entryOf("four", { priority: 4 }), 0);
  expect(allBatches(batcher)).toEqual(["four", "none", "five", "six"]);
});

test("next() passes over lower priorities for 32 batches, then gives each of them one", () => {
  const batcher = eager(1);
  batcher.add(entryOf("low", { priority: 9 }), 0);
  batcher.add(entryOf("lower", { priority: 10 }), 0);
  for (let index = 0; index < 100; index++) {
    batcher.add(entryOf(`high${index}`, { priority: 1 }), 0);
  }
  const batches = allBatches(batcher);
  expect(batches.indexOf("low")).toBe(32);
  expect(batches.indexOf("lower")).toBe(33);
  expect(batches[34]).toBe("high32");
});

test("oldestWaitMs() tells of whoever has waited longest, over all clients", () => {
  const batcher = eager(1);
  expect(batcher.oldestWaitMs(100)).toBe(0);
  batcher.add(entryOf("a", { client: "a" }), 10);
  batcher.add(entryOf("b", { client: "b", priority: 1 }), 20);
  expect(batcher.oldestWaitMs(100)).toBe(90);
  expect(told(batchOf(batcher, { now: 100 }))).toBe("b");
  expect(batcher.oldestWaitMs(100)).toBe(90);
  expect(told(batchOf(batcher, { now: 100 }))).toBe("a");
  expect(batcher.oldestWaitMs(100)).toBe(0);
});

test("add() says no above the limit, and when there is room as cost, queue and workers are", () => {
  const retryAfterMs = (workers: number, batchMs: number | undefined) => {
    const batcher = new Batcher<string>({ maxBatchRows: 10, timeoutMs: 0, maxQueuedRows: 100 });
    batcher.add(entryOf("first"), 0);
    batcher.onBatchEnd(batchOf(batcher, { workers }), { now: 50, ms: batchMs });
    expect(batcher.add(entryOf("list", { rows: 100 }), 60)).toEqual({ ok: true });
    const refusal = batcher.add(entryOf("one too many"), 60);
    expect(batcher.queuedRows).toBe(100);
    return refusal.ok ? undefined : refusal.retryAfterMs;
  };
  expect(retryAfterMs(1, undefined)).toBe(1_000); // nothing is known
  expect(retryAfterMs(1, 50)).toBe(10 * 50 + 1);
  expect(retryAfterMs(5, 50)).toBe(2 * 50 + 1);
  expect(retryAfterMs(1, 1e6)).toBe(60_000);
  expect(retryAfterMs(0, 50)).toBe(1_000);
});

test("add() takes one request that is longer than the queue when nothing else waits", () => {
  const batcher = new Batcher<string>({ maxBatchRows: 10, timeoutMs: 0, maxQueuedRows: 5 });
  expect(batcher.add(entryOf("list", { rows: 50 }), 0).ok).toBe(true);
  expect(batcher.add(entryOf("single"), 0).ok).toBe(false);
});

test("isMixed says whether items of different priorities wait", () => {
  const batcher = eager(1);
  for (const priority of [5, 5, 1]) batcher.add(entryOf(`p${priority}`, { priority }), 0);
  expect(batcher.isMixed).toBe(true);
  expect(told(batchOf(batcher))).toBe("p1");
  expect(batcher.isMixed).toBe(false);
});
