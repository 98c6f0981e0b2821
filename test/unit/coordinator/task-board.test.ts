import { expect, test } from "bun:test";
import { TaskBoard } from "../../../src/coordinator/tasks/task-board.ts";

function boardOf(options: Partial<ConstructorParameters<typeof TaskBoard>[0]> = {}): TaskBoard {
  return new TaskBoard({
    leaseMs: 30_000,
    queueMs: { collector: 30_000, evaluator: 30_000, learner: 600_000 },
    maxAttempts: 3,
    backoff: { minMs: 100, maxMs: 1_000, jitter: 0 },
    random: () => 0,
    ...options,
  });
}

test("a task goes from queued over assigned, running and closing to done, and holds its worker's lease", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: 1 }, 0);
  expect(board.waiting(0).map(({ id }) => id)).toEqual(["a"]);
  expect(board.assign("a", "w1", 5)).toBe(true);
  expect(board.assign("a", "w2", 5)).toBe(false);
  expect(board.get("a")).toMatchObject({ state: "assigned", workerId: "w1", leaseUntil: 30_005 });
  expect(board.start("a", 1, 10)).toBe(true);
  expect(board.touch("a", 1, 1_000)).toBe(true);
  expect(board.get("a")?.leaseUntil).toBe(31_000);
  expect(board.close("a", 2_000)).toBe(true);
  expect(board.done("a", 1)).toBe(true);
  expect(board.get("a")).toBeUndefined();
  expect(board.ended[0]).toMatchObject({ id: "a", state: "done" });
});

test("drain() gives the worker time beyond its lease, and only to a running task", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: 1 }, 0);
  expect(board.drain("a", 0, 1_000)).toBe(false);
  board.assign("a", "w1", 0);
  board.start("a", 1, 0);
  expect(board.drain("a", 0, 5_000)).toBe(true);
  expect(board.get("a")).toMatchObject({ state: "draining", leaseUntil: 35_000 });
});

test("fail() queues the same task again with back-off and the next attempt, until none is left", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: 1 }, 0);
  for (const [attempt, pauseMs] of [
    [1, 100],
    [2, 200],
  ] as const) {
    board.assign("a", "w1", 0);
    expect(board.fail("a", attempt, { reason: "boom", now: 0 })).toBe("queued");
    expect(board.get("a")).toMatchObject({ state: "queued", attempt: attempt + 1, reason: "boom" });
    expect(board.waiting(pauseMs - 1)).toEqual([]);
    expect(board.waiting(pauseMs)).toHaveLength(1);
  }
  board.assign("a", "w1", 0);
  expect(board.fail("a", 3, { reason: "gone", now: 0, state: "lost" })).toBe("lost");
  expect(board.counts).toMatchObject({ lost: 1, queued: 0 });
});

test("an attempt that went well for a minute does not count against the next ones", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "learner", payload: 1 }, 0);
  for (let attempt = 1; attempt <= 5; attempt++) {
    board.assign("a", "w1", attempt * 100_000);
    const now = attempt * 100_000 + 61_000;
    expect(board.fail("a", attempt, { reason: "gone", now })).toBe("queued");
  }
});

test("an attempt that is over cannot start, renew, fail or end its task: its second word is not heard", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: 1 }, 0);
  board.assign("a", "w1", 0);
  board.start("a", 1, 0);
  board.fail("a", 1, { reason: "gone", now: 0 });
  board.assign("a", "w2", 1_000);
  expect(board.start("a", 1, 1_000)).toBe(false);
  expect(board.touch("a", 1, 1_000)).toBe(false);
  expect(board.fail("a", 1, { reason: "late", now: 1_000 })).toBeUndefined();
  expect(board.done("a", 1)).toBe(false);
  expect(board.done("a", 2)).toBe(true);
  expect(board.done("a", 2)).toBe(false);
  expect(board.counts).toMatchObject({ done: 1 });
});

test("overdue() tells what waited longer than its kind may, expired() whose worker was silent, nextAt() when", () => {
  const board = boardOf();
  board.add({ id: "c", kind: "collector", payload: 1 }, 0);
  board.add({ id: "l", kind: "learner", payload: 1 }, 0);
  expect(board.nextAt(0)).toBe(30_000);
  expect(board.overdue(29_999)).toEqual([]);
  expect(board.overdue(30_000).map(({ id }) => id)).toEqual(["c"]);
  expect(board.giveUp("c", "no worker")).toBe(true);
  board.assign("l", "w1", 40_000);
  expect(board.nextAt(40_000)).toBe(70_000);
  expect(board.expired(69_999)).toEqual([]);
  expect(board.expired(70_000).map(({ id }) => id)).toEqual(["l"]);
});

test("stateDict() and loadStateDict() queue what ran again, as another attempt; saving that again gives the same", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: { x: 1 } }, 0);
  board.add({ id: "b", kind: "learner", payload: { y: 2 } }, 50);
  board.assign("a", "w1", 60);
  board.start("a", 1, 70);
  const saved = board.stateDict(100);
  const again = boardOf();
  again.loadStateDict(saved, 5_000);
  expect(again.get("a")).toMatchObject({ state: "queued", attempt: 2, payload: { x: 1 } });
  expect(again.get("b")).toMatchObject({ state: "queued", attempt: 1, queuedAt: 4_950 });
  expect(again.stateDict(5_000)).toEqual(saved);
});

test("giveBack() queues a task at once, as another attempt that follows no failure", () => {
  const board = boardOf({ maxAttempts: 1 });
  board.add({ id: "a", kind: "learner", payload: 1 }, 0);
  board.assign("a", "w1", 5);
  expect(board.giveBack("a", 1, 10)).toBe(true);
  expect(board.giveBack("a", 1, 10)).toBe(false);
  expect(board.waiting(10)).toMatchObject([{ id: "a", attempt: 2 }]);
  board.assign("a", "w2", 20);
  expect(board.isCurrent("a", 1)).toBe(false);
  expect(board.nextAt(20)).toBe(30_020);
});

test("cancel() ends a task from any state, once", () => {
  const board = boardOf();
  board.add({ id: "a", kind: "collector", payload: 1 }, 0);
  expect(board.cancel("a", "not wanted")).toBe(true);
  expect(board.cancel("a", "not wanted")).toBe(false);
  expect(board.counts).toMatchObject({ cancelled: 1 });
});

test("ended tasks are remembered within a bound, and counted without one", () => {
  const board = boardOf();
  for (let at = 0; at < 1_000; at++) {
    board.add({ id: `t${at}`, kind: "collector", payload: at }, 0);
    board.cancel(`t${at}`, "enough");
  }
  expect(board.ended.length).toBe(256);
  expect(board.counts.cancelled).toBe(1_000);
});

test("waiting() has evaluations first, for which a collector may have made room, then the oldest", () => {
  const tasks = boardOf();
  tasks.add({ id: "c1", kind: "collector", payload: null }, 0);
  tasks.add({ id: "l1", kind: "learner", payload: null }, 1);
  tasks.add({ id: "e1", kind: "evaluator", payload: null }, 2);
  expect(tasks.waiting(3).map(({ id }) => id)).toEqual(["e1", "c1", "l1"]);
});
