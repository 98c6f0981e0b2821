import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MainTask } from "../../../src/task/task.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { FakeMesh } from "./fake-router.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("emit() calls the handler with its arguments, within the call", async () => {
  await using task = new MainTask().start();
  const heard: unknown[] = [];
  task.on("greeting", (message: string, count: number) => heard.push(message, count));
  const emitted = task.emit("greeting", ["Hi", 2]);
  expect(heard).toEqual(["Hi", 2]);
  await emitted;
});

test("emit() ten times calls ten times; on() gives what ends it", async () => {
  await using task = new MainTask().start();
  let sum = 0;
  const end = task.on("count", (value: number) => (sum += value));
  for (let value = 0; value < 5; value++) await task.emit("count", [value]);
  expect(sum).toBe(10);
  end();
  end();
  await task.emit("count", [10]);
  expect([sum, task.listeners()]).toEqual([10, 0]);
});

test("once() twice with one function hears one event twice, and no second", async () => {
  await using task = new MainTask().start();
  let sum = 0;
  const add = (value: number): number => (sum += value);
  task.once("count", add);
  task.once("count", add);
  await task.emit("count", [10]);
  await task.emit("count", [10]);
  expect(sum).toBe(20);
});

test("off() ends by pattern, or one handler of it", async () => {
  await using task = new MainTask().start();
  const heard: string[] = [];
  const one = (): number => heard.push("one");
  const other = (): number => heard.push("other");
  for (const event of ["model.a", "model.b", "data"]) task.on(event, one);
  task.on("model.a", other);
  task.off("model.*", one);
  for (const event of ["model.a", "model.b", "data"]) await task.emit(event);
  expect(heard).toEqual(["other", "one"]);
  task.off("*");
  expect(task.listeners()).toBe(0);
});

test("a handler that another one takes off is not called any more", async () => {
  await using task = new MainTask().start();
  const heard: string[] = [];
  const ends: (() => void)[] = [];
  task.on("x", () => ends[0]?.());
  ends.push(task.on("x", () => heard.push("late")));
  await task.emit("x");
  expect(heard).toEqual([]);
});

test("handlers of one event run one after the other, events in order, however long they take", async () => {
  await using task = new MainTask().start();
  const trail: string[] = [];
  task.on("x", async (value: number) => {
    for (let round = 0; round < 5 - value; round++) await turn();
    trail.push(`a${value}`);
  });
  task.on("x", (value: number) => trail.push(`b${value}`));
  await Promise.all([0, 1, 2].map((value) => task.emit("x", [value])));
  await task.stop();
  expect(trail).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
});

test("on(concurrent) begins the next event at once, fails the task all the same, and is waited for at the end", async () => {
  const task = new MainTask().start();
  const free = Promise.withResolvers<void>();
  const heard: string[] = [];
  const listen = async (value: number): Promise<void> => {
    heard.push(`begin ${value}`);
    await free.promise;
    if (value === 2) throw new Error("late");
    heard.push(`end ${value}`);
  };
  const off = task.on("x", listen, { concurrent: true });
  for (const value of [1, 2, 3]) await task.emit("x", [value]);
  expect(heard).toEqual(["begin 1", "begin 2", "begin 3"]);
  off();
  const stopping = task.stop();
  free.resolve();
  await stopping;
  expect(heard.slice(3)).toEqual(["end 1", "end 3"]);
  const again = task.start();
  again.on("x", () => Promise.reject(new Error("late")), { concurrent: true });
  again.use(() => again.emit("x").then(turn));
  expect(await thrownBy(again.run())).toMatchObject({ message: "late" });
  await again.close();
});

test("emit() within a handler of the same event comes after it, and can be awaited", async () => {
  await using task = new MainTask().start();
  const trail: string[] = [];
  task.on("tick", async (left: number) => {
    trail.push(`begin${left}`);
    await turn();
    if (left > 0) await task.emit("tick", [left - 1]);
    trail.push(`end${left}`);
  });
  await task.emit("tick", [2]);
  await task.stop();
  expect(trail).toEqual(["begin2", "end2", "begin1", "end1", "begin0", "end0"]);
});

test("emit() beyond the limit rejects with queue.full; one that is awaited waits for room", async () => {
  await using task = new MainTask().start({ eventLimit: 10 });
  let heard = 0;
  const gate = Promise.withResolvers<void>();
  task.on("x", async () => {
    await gate.promise;
    heard += 1;
  });
  const emits = Array.from({ length: 12 }, () => task.emit("x"));
  const outcomes = Promise.allSettled(emits);
  expect(await thrownBy(emits[11])).toMatchObject({ code: "queue.full" });
  let hasRoom = false;
  void emits[10]?.then(() => (hasRoom = true));
  await emits[1];
  await turn();
  expect(hasRoom).toBe(false);
  gate.resolve();
  await outcomes;
  for (let index = 0; index < 30; index++) await task.emit("x");
  await task.stop();
  expect(heard).toBe(41);
});

test("waitFor() gives the arguments of the first event that its filter takes", async () => {
  await using task = new MainTask().start();
  const waiting = task.waitFor("x", { filter: ([value]) => value === 2 });
  for (const value of [1, 2, 3]) await task.emit("x", [value]);
  expect(await waiting).toEqual([2]);
});

test("waitFor() leaves nothing behind, however it ends", async () => {
  const clock = new FakeClock();
  await using task = new MainTask({ clock }).start();
  const early = clock.pending;
  const leaving = new AbortController();
  const waits = Array.from({ length: 1_000 }, (_, index) =>
    task.waitFor(`x${index % 4}`, {
      timeoutMs: 100,
      signal: leaving.signal,
      filter: () => {
        if (index % 4 === 3) throw new Error("bad filter");
        return true;
      },
    }),
  );
  const outcomes = Promise.allSettled(waits);
  await task.emit("x0", ["here"]);
  await task.emit("x3");
  await clock.play(100);
  leaving.abort(new Error("too late"));
  const told = (await outcomes).map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value[0] : (outcome.reason as Error).message,
  );
  expect(new Set(told)).toEqual(
    new Set([
      "here",
      'Cannot wait longer for event "x1": it did not come within 100 ms',
      'Cannot wait longer for event "x2": it did not come within 100 ms',
      "bad filter",
    ]),
  );
  expect([task.listeners(), clock.pending]).toEqual([0, early]);
  expect(await thrownBy(task.waitFor("x", { signal: leaving.signal }))).toEqual(
    new Error("too late"),
  );
});

test("waitFor() between two middlewares in async mode, as often as there are steps", async () => {
  await using task = new MainTask().start({ asyncMode: true, workers: 2 });
  const heard: unknown[] = [];
  task.use(async () => void heard.push(...(await task.waitFor("Greeting"))));
  task.use(() => task.emit("Greeting", ["Hi"]));
  await task.run(10);
  expect(heard).toEqual(Array.from({ length: 10 }, () => "Hi"));
});

test("emit() goes to this node and all others, or where it is told", async () => {
  const mesh = new FakeMesh();
  const heard: string[] = [];
  const tasks = [0, 1, 2].map((node) => {
    const task = new MainTask({ router: mesh.join([`zone.${node}`]) }).start();
    task.on("x", (what: string) => heard.push(`${node}${what}`));
    return task;
  });
  const [task] = tasks as [MainTask, MainTask, MainTask];
  const emitted = async (options: object): Promise<string[]> => {
    await task.emit("x", ["!"], options);
    return heard.splice(0).toSorted();
  };
  expect(await emitted({})).toEqual(["0!", "1!", "2!"]);
  expect(await emitted({ onlyLocal: true })).toEqual(["0!"]);
  expect(await emitted({ onlyRemote: true })).toEqual(["1!", "2!"]);
  expect(await emitted({ to: 2 })).toEqual(["2!"]);
  expect(await emitted({ to: 0 })).toEqual(["0!"]);
  expect([...task.labels].toSorted()).toEqual(["distributed", "node.0", "zone.0"]);
  await Promise.all(tasks.map((each) => each.close()));
});

test("emit() says what is wrong with it", async () => {
  await using task = new MainTask().start();
  const wrong = async (...emit: unknown[]): Promise<unknown> => {
    const error = await thrownBy(task.emit(...(emit as Parameters<typeof task.emit>)));
    return (error as DingError).code;
  };
  expect(await wrong("x", "Hi")).toBe("usage.invalid-input");
  expect(await wrong("", [])).toBe("usage.invalid-input");
  expect(await wrong("peer:join", [])).toBe("usage.invalid-input");
  expect(await wrong("x", [], { onlyLocal: true, onlyRemote: true })).toBe("usage.invalid-input");
  expect(await wrong("x", [], { to: 3 })).toBe("network.unreachable");
  await task.emit("x", [], { onlyRemote: true });
});

test("events of others in the first 5 s wait for their first listener, within a bound, and then no more", async () => {
  const clock = new FakeClock();
  const router = new FakeMesh().join();
  const task = new MainTask({ router, clock });
  void router.hear("x", [1]);
  task.start();
  for (let value = 2; value < 2_000; value++) void router.hear("x", [value]);
  const heard: number[] = [];
  expect(await task.waitFor("x", { filter: ([value]) => value === 7 })).toEqual([7]);
  task.on("x", (value: number) => heard.push(value));
  expect(heard).toEqual([]);
  await turn();
  expect([heard.length, heard[0], heard[5], heard[6], heard.at(-1)]).toEqual([999, 1, 6, 8, 1_000]);
  void router.hear("y", [1]);
  clock.advance(5_000);
  void router.hear("z", [1]);
  task.on("y", () => heard.push(-1));
  task.on("z", () => heard.push(-1));
  await turn();
  expect(heard).not.toContain(-1);
  await task.close();
  expect(clock.pending).toBe(0);
});

test("an event of another node resolves when there is room: bytes count too", async () => {
  const router = new FakeMesh().join();
  const task = new MainTask({ router }).start();
  const gate = Promise.withResolvers<void>();
  task.on("x", () => gate.promise);
  expect(router.hear("x", [])).toBeUndefined();
  expect(router.hear("x", [], 1_000)).toBeUndefined();
  const full = router.hear("x", [], 64 * 1024 * 1024);
  expect(full).toBeInstanceOf(Promise);
  gate.resolve();
  await full;
  await task.close();
});

test("stop() lets handlers end what waits, and ends who waits for an event", async () => {
  const task = new MainTask().start();
  const heard: number[] = [];
  task.on("x", async (value: number) => {
    await turn();
    heard.push(value);
  });
  for (const value of [1, 2, 3]) void task.emit("x", [value]);
  const waiting = thrownBy(task.waitFor("never"));
  await task.stop();
  expect(heard).toEqual([1, 2, 3]);
  expect(await waiting).toMatchObject({ code: "service.stopping" });
  expect(() => task.on("x", () => {})).toThrow("it is not started");
});
