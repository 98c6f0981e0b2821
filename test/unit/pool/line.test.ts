import { expect, test } from "bun:test";
import type { IncomingCall } from "../../../src/rpc/peer.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { TestPool } from "./test-pool.ts";

const CANCELLED = "task.cancelled: The task was cancelled";
const KILLED = "worker.exited: The worker process was killed by SIGKILL";
const RETURNED = { code: "worker.returned", message: "not begun" };

interface Named {
  name: string;
  cancel(): void;
  ends: string[];
}

/** A pool with one worker that has just done a short task, so that others may lie ready in it. */
async function brisk(
  options: ConstructorParameters<typeof TestPool>[0] = {},
): Promise<{ all: TestPool; run: (...names: string[]) => Promise<Named[]>; taken: string[] }> {
  const all = await new TestPool({ size: 1, mostAhead: 3, ...options }).start();
  const taken: string[] = [];
  const run = async (...names: string[]): Promise<Named[]> => {
    const tasks = names.map((name) => ({
      name,
      ...all.run({ meta: name, taken: () => taken.push(name) }),
    }));
    await all.settle();
    return tasks;
  };
  await run("first");
  await answer(all, "first");
  taken.length = 0;
  return { all, run, taken };
}

function worker(all: TestPool): FakeWorker {
  return all.workers.at(-1) as FakeWorker;
}

function callOf(all: TestPool, name: string): IncomingCall {
  return worker(all).calls.findLast(({ meta }) => meta === name) as IncomingCall;
}

async function answer(all: TestPool, name: string): Promise<void> {
  callOf(all, name).reply();
  await all.settle();
}

/** The tasks that the newest worker has been given. */
const given = (all: TestPool): unknown[] =>
  worker(all).calls.flatMap(({ method, meta }) => (method === "task" ? [meta] : []));

test("short tasks lie ready behind the first, up to the limit; each is taken when its turn comes", async () => {
  const { all, run, taken } = await brisk();
  await run("a", "b", "c", "d", "e");
  expect(given(all)).toEqual(["first", "a", "b", "c", "d"]);
  expect([taken, all.pool.hasRoom]).toEqual([["a"], false]);
  await answer(all, "a");
  expect([taken, given(all).at(-1)]).toEqual([["a", "b"], "e"]);
  await all.pool[Symbol.asyncDispose]();
});

test("nothing lies ready behind the first task, nor after a long one", async () => {
  const all = await new TestPool({ size: 1, mostAhead: 3 }).start();
  const tasks = ["a", "b", "c"].map((name) => all.run({ meta: name }));
  await all.play(11);
  expect(given(all)).toEqual(["a"]);
  await answer(all, "a");
  expect(given(all)).toEqual(["a", "b"]);
  await answer(all, "b");
  await answer(all, "c");
  expect(tasks.map(({ ends }) => ends)).toEqual([["reply"], ["reply"], ["reply"]]);
  await all.pool[Symbol.asyncDispose]();
});

/** Two workers that have just done a short task each. */
async function twoBrisk(): Promise<TestPool> {
  const all = await new TestPool({ mostAhead: 1 }).start();
  const first = [all.run(), all.run()];
  await all.settle();
  for (const one of all.workers) one.call("task")?.reply();
  await all.settle();
  expect(first.map(({ ends }) => ends)).toEqual([["reply"], ["reply"]]);
  return all;
}

const tasksOf = ({ calls }: FakeWorker): unknown[] =>
  calls.filter(({ method, meta }) => method === "task" && meta !== null).map(({ meta }) => meta);

test("what lies ready behind a task that turns out to be long goes to another worker", async () => {
  const all = await twoBrisk();
  for (const meta of ["short", "long", "behind"]) all.run({ meta });
  await all.settle();
  const [slow, other] = all.workers.toSorted((one) => (tasksOf(one).includes("long") ? -1 : 1));
  expect([slow, other].map((one) => one && tasksOf(one))).toEqual([["long", "behind"], ["short"]]);
  other?.calls.find(({ meta }) => meta === "short")?.reply();
  await all.play(20);
  const recall = slow?.call("recall");
  if (recall) slow?.calls.find(({ meta }) => meta === "behind")?.fail(RETURNED);
  recall?.reply();
  await all.settle();
  expect(other && tasksOf(other)).toEqual(["short", "behind"]);
  await all.pool[Symbol.asyncDispose]();
});

test("nothing is put behind a task that takes long already, be the one before it short", async () => {
  const all = await twoBrisk();
  for (const meta of ["long", "long too"]) all.run({ meta });
  await all.play(9);
  expect(all.pool.hasRoom).toBe(true);
  await all.play(2);
  expect(all.pool.hasRoom).toBe(false);
  await all.pool[Symbol.asyncDispose]();
});

test("a worker that dies fails the task it was at; those behind it go to the next, before later ones", async () => {
  const { all, run } = await brisk();
  const tasks = await run("a", "b", "c", "d", "e");
  await answer(all, "a");
  worker(all).die(null, "SIGKILL");
  await all.settle();
  await run("f");
  await all.play(50);
  expect(given(all)).toEqual(["c"]);
  for (const name of ["c", "d", "e", "f"]) await answer(all, name);
  expect(given(all)).toEqual(["c", "d", "e", "f"]);
  expect(tasks.map(({ ends }) => ends)).toEqual([
    ["reply"],
    [KILLED],
    ["reply"],
    ["reply"],
    ["reply"],
  ]);
  await all.pool[Symbol.asyncDispose]();
});

test("the last words of a dead worker count, though its exit is told before them", async () => {
  const { all, run } = await brisk();
  const [first, second] = await run("a", "b");
  const dying = worker(all);
  dying.exit(null, "SIGKILL");
  await all.settle();
  dying.calls.at(-2)?.reply();
  await all.settle();
  dying.emit("disconnect");
  await all.settle();
  expect([first?.ends, second?.ends]).toEqual([["reply"], [KILLED]]);
  await all.pool[Symbol.asyncDispose]();
});

test("the last words of a dead worker count, also when this process was held up and reads them late", async () => {
  const { all, run } = await brisk();
  const [task] = await run("a");
  const dying = worker(all);
  dying.exit(null, "SIGKILL");
  await all.settle();
  all.clock.advance(100);
  dying.calls.at(-1)?.reply();
  await all.play(1);
  expect(task?.ends).toEqual(["reply"]);
  await all.pool[Symbol.asyncDispose]();
});

test("an exit whose channel stays open is believed after a moment", async () => {
  const { all, run } = await brisk();
  const [task] = await run("a");
  worker(all).exit(3, null);
  await all.settle();
  await all.play(99);
  expect(task?.ends).toEqual([]);
  await all.play(1);
  expect(task?.ends).toEqual(["worker.exited: The worker process exited with code 3"]);
  await all.pool[Symbol.asyncDispose]();
});

test("cancel() of a task that lies ready ends it at once, and the worker stays", async () => {
  const { all, run, taken } = await brisk();
  const [first, second, third] = await run("a", "b", "c");
  const called = callOf(all, "b");
  called.onCancel = () => called.fail({ code: "task.cancelled", message: "as asked" });
  second?.cancel();
  expect(second?.ends).toEqual([CANCELLED]);
  await all.settle();
  await answer(all, "a");
  await answer(all, "c");
  await all.play(1_000);
  expect([first?.ends, second?.ends, third?.ends]).toEqual([["reply"], [CANCELLED], ["reply"]]);
  expect([taken, all.workers.length]).toEqual([["a", "c"], 1]);
  await all.pool[Symbol.asyncDispose]();
});

test("what was cancelled while it lay ready is settled only when the worker has said so, or is gone", async () => {
  const { all, run } = await brisk();
  await run("a");
  const heard: string[] = [];
  const cancels = ["b", "c"].map((name) => {
    const settled = (): unknown => heard.push(`${name} settled`);
    const fail = (): unknown => heard.push(`${name} failed`);
    return all.run({ meta: name, settled, fail }).cancel;
  });
  await all.settle();
  for (const cancel of cancels) cancel();
  expect(heard.splice(0)).toEqual(["b failed", "c failed"]);
  callOf(all, "b").fail({ code: "task.cancelled", message: "as asked" });
  await all.settle();
  expect(heard.splice(0)).toEqual(["b settled"]);
  await answer(all, "a"); // the worker has begun "c", and does not listen
  await all.play(100);
  expect([heard, all.workers.length]).toEqual([["c settled"], 2]);
  await all.pool[Symbol.asyncDispose]();
});

test("a task is settled once, before it ends: answered, failed, or never with a worker", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const heard: string[] = [];
  const run = (name: string): (() => void) =>
    all.run({
      meta: name,
      settled: () => heard.push(`${name} settled`),
      reply: () => heard.push(`${name} reply`),
      fail: () => heard.push(`${name} fail`),
    }).cancel;
  run("a");
  run("b");
  run("c")();
  await all.settle();
  await answer(all, "a");
  callOf(all, "b").fail({ code: "task.failed", message: "no" });
  await all.settle();
  expect(heard).toEqual(["c settled", "c fail", "a settled", "a reply", "b settled", "b fail"]);
  await all.pool[Symbol.asyncDispose]();
});

test("cancel() of a task that was just beginning kills the worker if it does not give it up; nobody else suffers", async () => {
  const { all, run } = await brisk();
  const [, second, third] = await run("a", "b", "c");
  second?.cancel(); // the worker has begun it already, and does not listen
  await answer(all, "a");
  await all.play(100);
  expect([second?.ends, third?.ends, all.workers.length]).toEqual([[CANCELLED], [], 2]);
  await answer(all, "c");
  expect(third?.ends).toEqual(["reply"]);
  await all.pool[Symbol.asyncDispose]();
});

test("before a worker is killed, it is asked to give back what lies ready in it", async () => {
  const { all, run } = await brisk({ cancelGraceMs: 0 });
  const [first, second, third] = await run("a", "b", "c");
  first?.cancel();
  await all.settle();
  const recall = worker(all).call("recall");
  callOf(all, "b").fail(RETURNED);
  callOf(all, "c").fail(RETURNED);
  recall?.reply();
  await all.play(49);
  expect([first?.ends, all.workers.length, all.pool.hasRoom]).toEqual([[], 1, false]);
  await all.play(2);
  expect([first?.ends, all.workers.length]).toEqual([[CANCELLED], 2]);
  await answer(all, "b");
  await answer(all, "c");
  expect([second?.ends, third?.ends]).toEqual([["reply"], ["reply"]]);
  await all.pool[Symbol.asyncDispose]();
});

test("a task that gives up in time leaves what was given back to the same worker, in order", async () => {
  const { all, run, taken } = await brisk();
  const [first, ...others] = await run("a", "b", "c");
  first?.cancel();
  await all.settle();
  const [b, c] = ["b", "c"].map((name) => callOf(all, name));
  b?.fail(RETURNED);
  c?.fail(RETURNED);
  worker(all).call("recall")?.reply();
  await answer(all, "a");
  for (const name of ["b", "c"]) await answer(all, name);
  expect([first?.ends, ...others.map(({ ends }) => ends)]).toEqual([
    [CANCELLED],
    ["reply"],
    ["reply"],
  ]);
  expect([taken, all.workers.length]).toEqual([["a", "b", "c"], 1]);
  await all.pool[Symbol.asyncDispose]();
});

test("a task that began while it was being recalled is taken, and answered", async () => {
  const { all, run, taken } = await brisk();
  const [first, second] = await run("a", "b");
  first?.cancel();
  await answer(all, "a"); // it ended by itself, and the worker has begun "b"
  expect(taken).toEqual(["a"]);
  worker(all).call("recall")?.reply();
  await all.settle();
  expect(taken).toEqual(["a", "b"]);
  await answer(all, "b");
  await all.play(1_000);
  expect([first?.ends, second?.ends, all.workers.length]).toEqual([[CANCELLED], ["reply"], 1]);
  await all.pool[Symbol.asyncDispose]();
});

test("maxTasksPerWorker counts what lies ready", async () => {
  const { all, run } = await brisk({ maxTasksPerWorker: 3 });
  const tasks = await run("a", "b", "c");
  expect(given(all)).toEqual(["first", "a", "b"]);
  await answer(all, "a");
  await answer(all, "b");
  await all.play(1);
  expect(given(all)).toEqual(["c"]);
  await answer(all, "c");
  expect(tasks.map(({ ends }) => ends)).toEqual([["reply"], ["reply"], ["reply"]]);
  await all.pool[Symbol.asyncDispose]();
});

test("an answer with the code of what is given back does not bring a task back", async () => {
  const { all, run } = await brisk();
  const [liar] = await run("a");
  callOf(all, "a").fail({ code: "worker.returned", message: "so it says" });
  await all.settle();
  expect(liar?.ends).toEqual(["worker.returned: so it says"]);
  await all.pool[Symbol.asyncDispose]();
});

test("dispose ends what lies ready too", async () => {
  const { all, run } = await brisk();
  const [first, second] = await run("a", "b");
  await all.pool[Symbol.asyncDispose]();
  expect([first?.ends, second?.ends]).toEqual([
    ["worker.exited: The worker process exited with code 0"],
    ["service.stopping: The workers have been stopped"],
  ]);
});
