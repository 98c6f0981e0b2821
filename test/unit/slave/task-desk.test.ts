import { expect, test } from "bun:test";
import { TaskDesk, type DeskOptions } from "../../../src/slave/task-desk.ts";

function desk(options: Partial<DeskOptions> = {}): TaskDesk {
  return new TaskDesk({
    mode: "refuse",
    concurrency: 1,
    queueLimit: 2,
    remember: 3,
    ...options,
  });
}

test("admit() in refuse mode takes as many as run at a time, and turns the rest away", () => {
  const one = desk();
  expect([one.admit("a"), one.admit("b")]).toEqual(["run", "busy"]);
  const two = desk({ concurrency: 2 });
  expect([two.admit("a"), two.admit("b"), two.admit("c")]).toEqual(["run", "run", "busy"]);
  expect([two.running, two.queued]).toEqual([2, 0]);
});

test("admit() in queue mode queues up to the limit", () => {
  const queue = desk({ mode: "queue" });
  expect(["a", "b", "c", "d"].map((id) => queue.admit(id))).toEqual([
    "run",
    "queue",
    "queue",
    "full",
  ]);
  expect([queue.running, queue.queued]).toEqual([1, 2]);
});

test("finish() starts the task that waited longest, one for one", () => {
  const queue = desk({ mode: "queue", concurrency: 2 });
  for (const id of ["a", "b", "c", "d"]) queue.admit(id);
  expect(queue.finish("b")).toBe("c");
  expect(queue.finish("a")).toBe("d");
  expect(queue.finish("c")).toBeUndefined();
  expect([queue.running, queue.queued]).toEqual([1, 0]);
});

test("finish() of what does not run changes nothing", () => {
  const queue = desk({ mode: "queue" });
  for (const id of ["a", "b"]) queue.admit(id);
  expect(queue.finish("b")).toBeUndefined();
  expect(queue.finish("x")).toBeUndefined();
  expect([queue.running, queue.queued]).toEqual([1, 1]);
});

test("withdraw() takes a task out of the queue, and only out of the queue", () => {
  const queue = desk({ mode: "queue" });
  for (const id of ["a", "b", "c"]) queue.admit(id);
  expect([queue.withdraw("b"), queue.withdraw("a"), queue.withdraw("b")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(queue.finish("a")).toBe("c");
});

test("admit() knows a task again that is here, that has ended or was withdrawn", () => {
  const queue = desk({ mode: "queue" });
  for (const id of ["a", "b", "c"]) queue.admit(id);
  expect([queue.admit("a"), queue.admit("b")]).toEqual(["known", "known"]);
  queue.withdraw("c");
  queue.finish("a");
  expect([queue.admit("a"), queue.admit("c")]).toEqual(["known", "known"]);
});

test("admit() forgets the oldest ended task beyond its memory, and what forget() names", () => {
  const queue = desk();
  for (const id of ["a", "b", "c", "d"]) {
    queue.admit(id);
    queue.finish(id);
  }
  expect(queue.admit("b")).toBe("known");
  queue.forget("b");
  expect(queue.admit("b")).toBe("run");
  queue.finish("b");
  expect(queue.admit("a")).toBe("run");
});

test("admit() and finish() keep running and queued within bounds over a long random run", () => {
  const queue = desk({ mode: "queue", concurrency: 3, queueLimit: 4, remember: 10_000 });
  const running = new Set<string>();
  const waiting: string[] = [];
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let number = 0; number < 5_000; number++) {
    if (random() < 0.5) {
      const admission = queue.admit(`t${number}`);
      if (admission === "run") running.add(`t${number}`);
      else if (admission === "queue") waiting.push(`t${number}`);
      else expect(waiting.length).toBe(4);
    } else if (running.size > 0) {
      const [id = ""] = running;
      running.delete(id);
      const next = queue.finish(id);
      expect(next).toBe(waiting.shift());
      if (next !== undefined) running.add(next);
    }
    expect([queue.running, queue.queued]).toEqual([running.size, waiting.length]);
  }
});
