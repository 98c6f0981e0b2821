import { expect, test } from "bun:test";
import { Batcher } from "../../../src/serve/batcher.ts";
import { allBatches, batchOf, eager, entryOf, told } from "./batching/entries.ts";

test("expire() gives those whose time is over, once, and nextDeadline says when", () => {
  const batcher = eager(10);
  expect(batcher.nextDeadline).toBe(Infinity);
  const [late, soon, never] = [
    entryOf("late", { deadline: 300 }),
    entryOf("soon", { deadline: 200, client: "two" }),
    entryOf("never"),
  ];
  for (const entry of [late, soon, never]) batcher.add(entry, 0);
  expect(batcher.nextDeadline).toBe(200);
  expect(batcher.expire(199)).toEqual([]);
  expect(batcher.expire(200)).toEqual([soon]);
  expect(batcher.nextDeadline).toBe(300);
  expect(batcher.expire(1_000)).toEqual([late]);
  expect(batcher.expire(1_000)).toEqual([]);
  expect(batcher.nextDeadline).toBe(Infinity);
  expect(allBatches(batcher)).toEqual(["never"]);
});

test("nextDeadline forgets what was dispatched or taken out", () => {
  const batcher = eager(1);
  const [first, second] = [
    entryOf("first", { deadline: 100 }),
    entryOf("second", { deadline: 200 }),
  ];
  batcher.add(first, 0);
  batcher.add(second, 0);
  batchOf(batcher);
  expect(batcher.nextDeadline).toBe(200);
  expect(batcher.remove(second)).toBe(true);
  expect(batcher.nextDeadline).toBe(Infinity);
  expect(batcher.expire(1_000)).toEqual([]);
});

test("expire() takes out the rest of a list of which a part runs", () => {
  const batcher = eager(4);
  const list = entryOf("list", { rows: 10, deadline: 50 });
  batcher.add(list, 0);
  expect(told(batchOf(batcher))).toBe("list[0..3]");
  expect(batcher.expire(60)).toEqual([list]);
  expect(batcher.queuedRows).toBe(0);
});

test("remove() takes out one that waits, from anywhere, and says whether it did", () => {
  const batcher = eager(10);
  const entries = ["a", "b", "c"].map((value) => entryOf(value));
  for (const entry of entries) batcher.add(entry, 0);
  const [a, b] = entries;
  if (!a || !b) throw new Error("No entries");
  expect(batcher.remove(b)).toBe(true);
  expect(batcher.remove(b)).toBe(false);
  expect(batcher.remove(entryOf("unknown"))).toBe(false);
  expect(batcher.queuedRows).toBe(2);
  expect(told(batchOf(batcher))).toBe("a c");
  expect(batcher.remove(a)).toBe(false);
});

test("remove() takes out the rest of a list of which a part runs", () => {
  const batcher = eager(4);
  const list = entryOf("list", { rows: 10 });
  batcher.add(list, 0);
  batcher.add(entryOf("next"), 0);
  batchOf(batcher);
  expect(batcher.remove(list)).toBe(true);
  expect(allBatches(batcher)).toEqual(["next"]);
});

test("remove() of a client's last request gives its turn to the others; when it comes again it is last", () => {
  const batcher = eager(1);
  const gone = entryOf("a0", { client: "a" });
  batcher.add(gone, 0);
  batcher.add(entryOf("b0", { client: "b" }), 0);
  batcher.add(entryOf("c0", { client: "c" }), 0);
  batcher.remove(gone);
  batcher.add(entryOf("a1", { client: "a" }), 0);
  batcher.add(entryOf("b1", { client: "b" }), 0);
  expect(allBatches(batcher)).toEqual(["b0", "c0", "a1", "b1"]);
});

test("clear() gives every entry of which anything waits, once", () => {
  const batcher = eager(2);
  const entries = [entryOf("list", { rows: 3 }), entryOf("b"), entryOf("c", { client: "two" })];
  for (const entry of entries) batcher.add(entry, 0);
  const batch = batchOf(batcher);
  batcher.onBatchEnd(batch, { now: 1, ms: undefined });
  batcher.putBack(batch);
  expect(batcher.clear()).toEqual(entries);
  expect(batcher.queuedRows).toBe(0);
  expect(batcher.next(1, { free: 1, workers: 1 })).toBeUndefined();
  expect(batcher.clear()).toEqual([]);
});

test("putBack() puts pieces before everything else, each alone, in the order of arrival", () => {
  const batcher = eager(2);
  for (const value of "abcdef") batcher.add(entryOf(value, { priority: 7 }), 0);
  const [first, second] = [batchOf(batcher), batchOf(batcher)];
  batcher.add(entryOf("urgent", { priority: 1 }), 0);
  batcher.putBack(second);
  batcher.putBack(first);
  expect(batcher.queuedRows).toBe(7);
  expect(batcher.oldestWaitMs(10)).toBe(10);
  expect(allBatches(batcher)).toEqual(["a", "b", "c", "d", "urgent e", "f"]);
});

test("putBack() cuts what is longer than a batch may be by now", () => {
  const batcher = eager(4);
  batcher.add(entryOf("list", { rows: 4 }), 0);
  const batch = batchOf(batcher);
  batcher.maxBatchRows = 3;
  batcher.putBack(batch);
  expect(allBatches(batcher)).toEqual(["list[0..2]", "list[3..3]"]);
});

test("putBack() of a part of a list: what was never dispatched comes after it, and all of it can be cancelled", () => {
  const batcher = eager(4);
  const list = entryOf("list", { rows: 10, deadline: 500 });
  batcher.add(list, 0);
  const batch = batchOf(batcher);
  batcher.putBack(batch);
  expect(batcher.queuedRows).toBe(10);
  expect(told(batchOf(batcher))).toBe("list[0..3]");
  batcher.putBack(batch);
  expect(batcher.remove(list)).toBe(true);
  expect(batcher.queuedRows).toBe(0);
  expect(batcher.next(0, { free: 1, workers: 1 })).toBeUndefined();
});

test("putBack() keeps the deadline", () => {
  const batcher = eager(4);
  const entry = entryOf("a", { deadline: 100 });
  batcher.add(entry, 0);
  const batch = batchOf(batcher);
  expect(batcher.nextDeadline).toBe(Infinity);
  batcher.putBack(batch);
  expect(batcher.nextDeadline).toBe(100);
  expect(batcher.expire(100)).toEqual([entry]);
  expect(batcher.queuedRows).toBe(0);
});

test("next() holds back no longer than the window, nor past a deadline", () => {
  const batcher = new Batcher<string>({ maxBatchRows: 4, timeoutMs: 30, maxQueuedRows: 100 });
  // Four that return one after the other, 10 to 40 ms after their answer.
  let now = 0;
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 4; index++) batcher.add(entryOf("one"), (now += 10));
    const batch = batchOf(batcher, { now });
    batcher.onBatchEnd(batch, { now: (now += 100), ms: 100 });
  }
  now += 10;
  batcher.add(entryOf("only"), now);
  const turn = batcher.next(now, { free: 1, workers: 1 });
  if (!turn || "batch" in turn) throw new Error("It did not wait");
  expect(turn.waitMs).toBeGreaterThan(0);
  expect(turn.waitMs).toBeLessThanOrEqual(30);
  batcher.add(entryOf("hasty", { deadline: now + 10 }), now);
  const hastier = batcher.next(now, { free: 1, workers: 1 });
  expect(hastier && "waitMs" in hastier ? hastier.waitMs : 0).toBeLessThanOrEqual(10);
  expect(told(batchOf(batcher, { now: now + 31 }))).toBe("only hasty");
});

test("remove() leaves nothing of a priority of which nothing waits any more", () => {
  const batcher = eager(1);
  const urgent = entryOf("urgent", { priority: 1 });
  batcher.add(urgent, 0);
  batcher.add(entryOf("plain"), 0);
  expect(batcher.isMixed).toBe(true);
  batcher.remove(urgent);
  expect(batcher.isMixed).toBe(false);
});
