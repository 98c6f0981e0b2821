import { expect, test } from "bun:test";
import { Context } from "../../../src/task/context.ts";
import { Lock } from "../../../src/task/lock.ts";
import { MainTask } from "../../../src/task/task.ts";
import { thrownBy } from "../../support/thrown-by.ts";

class Trail extends Context {
  marks: (number | string)[] = [];
  constructor() {
    super();
    this.keep("marks");
  }
}

function started(options: { asyncMode?: boolean; workers?: number } = {}): MainTask<Trail> {
  return new MainTask().start({ ctx: new Trail(), ...options });
}

/** Middlewares that leave a mark, on the way forward and, with a yield, on the way back. */
const plain = (name: string) => (ctx: Trail) => void ctx.marks.push(name);
const twoWay = (name: string) =>
  function* (ctx: Trail): Generator<void> {
    ctx.marks.push(`${name}1`);
    yield;
    ctx.marks.push(`${name}2`);
  };

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("run() goes forward in order and back last in, first out", async () => {
  await using task = started();
  task.use(twoWay("a")).use(twoWay("b")).use(plain("c"));
  await task.run(1);
  expect(task.ctx.marks).toEqual(["a1", "b1", "c", "b2", "a2"]);
});

test("run() takes async functions and async generators as well", async () => {
  await using task = started();
  task.use(async function* (ctx: Trail) {
    await turn();
    ctx.marks.push("a1");
    yield;
    await turn();
    ctx.marks.push("a2");
  });
  task.use(async (ctx: Trail) => {
    await turn();
    ctx.marks.push("b");
  });
  await task.run(2);
  expect(task.ctx.marks).toEqual(["a1", "b", "a2", "a1", "b", "a2"]);
});

test("run() ends with finish set and totalStep one less than the steps", async () => {
  await using task = started();
  const steps: number[] = [];
  task.use((ctx) => steps.push(ctx.totalStep));
  await task.run(5);
  expect([task.ctx.totalStep, task.finish, steps]).toEqual([4, true, [0, 1, 2, 3, 4]]);
});

test("finish completes the step under way, and the context is not renewed", async () => {
  await using task = started();
  task.use(twoWay("a"));
  task.use((ctx) => {
    if (ctx.totalStep === 2) task.finish = true;
  });
  task.use(plain("c"));
  await task.run();
  expect(task.ctx.totalStep).toBe(2);
  expect(task.ctx.marks.slice(-3)).toEqual(["a1", "c", "a2"]);
});

test("run() returns at once without a middleware, and for no steps", async () => {
  await using task = started();
  await task.run();
  task.use(plain("a"));
  await task.run(0);
  expect([task.ctx.marks, task.finish]).toEqual([[], false]);
});

test("run() lets others have a turn between steps that wait for nothing", async () => {
  await using task = started();
  task.use(() => {});
  setImmediate(() => (task.finish = true));
  await task.run();
  expect(task.finish).toBe(true);
});

test("run() ends when its signal aborts", async () => {
  await using task = started();
  const leaving = new AbortController();
  task.use((ctx) => {
    if (ctx.totalStep === 3) leaving.abort(new Error("enough"));
  });
  const run = task.run(100, { signal: leaving.signal });
  expect(await thrownBy(run)).toEqual(new Error("enough"));
  expect(task.ctx.totalStep).toBe(3);
});

test("wrap() goes back where it is told, once, and otherwise with the step", async () => {
  await using task = started();
  const child = task.wrap(twoWay("child"));
  const left = task.wrap(twoWay("left"));
  task.use(async function* (ctx: Trail) {
    ctx.marks.push(0);
    const back = await child(ctx);
    await left(ctx);
    yield;
    await Promise.all([back(), back()]);
    ctx.marks.push(1);
  });
  await task.run(1);
  expect(task.ctx.marks).toEqual([0, "child1", "left1", "child2", 1, "left2"]);
});

test("wrap() of a middleware without a yield gives a way back that does nothing", async () => {
  await using task = started();
  const back = await task.wrap(plain("a"))(task.ctx);
  await back();
  expect(task.ctx.marks).toEqual(["a"]);
});

test("serial() goes through its own in order and back in reverse, inside parallel and async too", async () => {
  await using task = started({ asyncMode: true });
  task.use(task.serial(twoWay("a"), plain("b"), twoWay("c")));
  await task.run(1);
  expect(task.ctx.marks).toEqual(["a1", "b", "c1", "c2", "a2"]);
  await using other = started();
  other.use(other.parallel(other.serial(twoWay("a"), twoWay("b"))));
  await other.run(1);
  expect(other.ctx.marks).toEqual(["a1", "b1", "b2", "a2"]);
});

test("parallel() runs side by side, so many at a time, and stands in its place in the order", async () => {
  await using task = started({ workers: 2 });
  let busy = 0;
  let most = 0;
  const slow = async (): Promise<void> => {
    most = Math.max(most, (busy += 1));
    await turn();
    busy -= 1;
  };
  task
    .use(plain("before"))
    .use(task.parallel(slow, slow, slow, twoWay("x")))
    .use(plain("after"));
  await task.run(1);
  expect(most).toBe(2);
  expect(task.ctx.marks).toEqual(["before", "x1", "after", "x2"]);
});

test("serial() and parallel() are named after what they hold", () => {
  const task = started();
  function one(): void {}
  const two = (): void => {};
  expect(task.serial(one, task.parallel(two, task.void())).name).toBe("serial<one,parallel<two>>");
  return task.stop();
});

test("asyncMode runs the middlewares of a step side by side, and back in the order of use", async () => {
  await using task = started({ asyncMode: true });
  const gate = Promise.withResolvers<void>();
  task.use(async function* (ctx: Trail) {
    await gate.promise;
    ctx.marks.push("a1");
    yield;
    ctx.marks.push("a2");
  });
  task.use(twoWay("b"));
  task.use(() => gate.resolve());
  await task.run(1);
  expect(task.ctx.marks).toEqual(["b1", "a1", "b2", "a2"]);
});

test("forward(), sync() and backward() do the same by hand", async () => {
  await using task = started({ asyncMode: true, workers: 2 });
  for (let round = 0; round < 2; round++) {
    await task.forward((ctx) => void ctx.marks.push(0));
    await task.forward((ctx) => turn().then(() => ctx.marks.push(1)));
    await task.sync();
    await task.backward();
  }
  expect(task.ctx.marks).toEqual([0, 1, 0, 1]);
  task.ctx.marks = [];
  await task.forward(function* (ctx) {
    ctx.marks.push(0);
    yield;
    ctx.marks.push(0);
  });
  await task.forward((ctx) => turn().then(() => ctx.marks.push(1)));
  await task.sync();
  expect(task.waiting).toBe(1);
  await task.backward();
  expect([task.ctx.marks, task.waiting]).toEqual([[0, 1, 0], 0]);
});

test("use(lock) keeps middlewares of one lock apart, and others not", async () => {
  const lock = new Lock();
  await using task = started({ asyncMode: true, workers: 3 });
  const slow = async (ctx: Trail): Promise<void> => {
    for (let round = 0; round < 5; round++) await turn();
    ctx.marks.push("slow");
  };
  task.use(slow, { lock: true }).use(plain("fast"), { lock: true });
  await task.run(1);
  expect(task.ctx.marks).toEqual(["slow", "fast"]);
  await using other = started({ asyncMode: true, workers: 3 });
  const slowest = async (ctx: Trail): Promise<void> => {
    for (let round = 0; round < 20; round++) await turn();
    ctx.marks.push("slowest");
  };
  other.use(slow, { lock }).use(plain("fast"), { lock }).use(slowest, { lock: true });
  await other.run(1);
  expect(other.ctx.marks).toEqual(["slow", "fast", "slowest"]);
});

test("useWrapper() wraps what is used already and what comes; void() is not used", async () => {
  await using task = started();
  task.use(plain("a")).use(task.void());
  task.useWrapper((fn) => (ctx) => {
    ctx.marks.push("(");
    return fn(ctx);
  });
  task.use(twoWay("b"));
  await task.run(1);
  expect(task.ctx.marks).toEqual(["(", "a", "(", "b1", "b2"]);
});

test("renew() keeps what is to be kept", () => {
  class Counters extends Context {
    kept = 0;
    fresh: unknown;
  }
  const ctx = new Counters().keep("kept");
  ctx.kept = 3;
  ctx.fresh = "x";
  const next = ctx.renew().renew();
  expect(next).toBeInstanceOf(Counters);
  expect([next.totalStep, next.kept, next.fresh]).toEqual([2, 3, undefined]);
  expect<object>(structuredClone(next)).toEqual({ totalStep: 2, kept: 3, fresh: undefined });
});

test("roles and labels: none is all; patterns match", async () => {
  await using task = new MainTask().start({ asyncMode: true, labels: ["gpu.a"] });
  expect(task.hasRole("learner")).toBe(true);
  task.addRole("learner");
  expect([task.hasRole("learner"), task.hasRole("collector")]).toEqual([true, false]);
  expect([...task.labels].toSorted()).toEqual(["async", "gpu.a", "standalone"]);
  expect(task.matchLabels("gpu.[a-c]")).toBe(true);
  expect(task.matchLabels(["gpu.[!a]", "node.*"])).toBe(false);
  await using other = new MainTask().start({ labels: "gpu.a, big" });
  expect([...other.labels]).toEqual(["gpu.a", "big", "standalone"]);
});

test("several tasks live in one process and know nothing of each other", async () => {
  await using one = started();
  await using other = started();
  const heard: string[] = [];
  one.on("x", () => heard.push("one"));
  other.on("x", () => heard.push("other"));
  await one.emit("x");
  one.finish = true;
  expect([heard, other.finish]).toEqual([["one"], false]);
});
