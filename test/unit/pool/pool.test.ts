import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { thrownBy } from "../../support/interaction.ts";
import { TestPool } from "./test-pool.ts";

const GONE = "worker.exited: The worker process was killed by SIGKILL";

test("run() gives each worker one task at a time; the rest waits in order", async () => {
  const { pool, workers, ...test } = await new TestPool().start();
  const given: string[] = [];
  const run = TestPool.prototype.run.bind({ pool, ...test } as TestPool);
  const tasks = ["a", "b", "c"].map((name) =>
    run({ meta: name, taken: ({ id }) => given.push(`${name} ${id}`) }),
  );
  await test.clock.play(0);
  expect([given, pool.workers.map(({ state }) => state)]).toEqual([
    ["a w0", "b w1"],
    ["busy", "busy"],
  ]);
  workers[1]?.call("task")?.reply();
  await test.clock.play(0);
  expect([given.at(-1), tasks.map(({ ends }) => ends)]).toEqual(["c w1", [[], ["reply"], []]]);
  await pool[Symbol.asyncDispose]();
});

test("a worker that dies fails its own task only, and is replaced after a wait that grows", async () => {
  const all = await new TestPool().start();
  const waits: number[] = [];
  const other = all.run();
  for (const waitMs of [50, 100, 200]) {
    const task = all.run();
    await all.settle();
    all.workers.findLast(({ id, killed }) => id === "w1" && !killed)?.die(null, "SIGKILL");
    await all.settle();
    expect(task.ends).toEqual([GONE]);
    expect(all.alive()).toEqual(["w0"]);
    waits.push(Number(all.log.lines.at(-1)?.fields["waitMs"]));
    await all.clock.play(waitMs);
    expect(all.alive()).toEqual(["w0", "w1"]);
  }
  expect([waits, other.ends]).toEqual([[50, 100, 200], []]);
  await all.pool[Symbol.asyncDispose]();
});

test("a task that finds no worker waits for the next one", async () => {
  const all = await new TestPool({ size: 1 }).start();
  all.workers[0]?.die(1, null);
  await all.settle();
  const task = all.run();
  await all.play(50);
  all.workers[1]?.call("task")?.reply();
  await all.settle();
  expect(task.ends).toEqual(["reply"]);
  await all.pool[Symbol.asyncDispose]();
});

test("a worker whose channel is closed gets no task, before the system tells of its end", async () => {
  const all = await new TestPool().start();
  const [first] = all.workers;
  if (first) {
    first.connected = false;
    first.kill = () => true; // the exit is not told yet
    first.emit("disconnect");
  }
  const task = all.run();
  await all.settle();
  all.workers[1]?.call("task")?.reply();
  await all.settle();
  expect(task.ends).toEqual(["reply"]);
  first?.exit(null, "SIGKILL");
  await all.pool[Symbol.asyncDispose]();
});

test("an answer with the code of a dead worker does not take a living one out of service", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const liar = all.run();
  await all.settle();
  all.workers[0]?.call("task")?.fail({ code: "worker.exited", message: "so it says" });
  const next = all.run();
  await all.settle();
  all.workers[0]?.calls.at(-1)?.reply();
  await all.settle();
  expect([liar.ends, next.ends]).toEqual([["worker.exited: so it says"], ["reply"]]);
  await all.pool[Symbol.asyncDispose]();
});

test("cancel() asks the worker, and kills it when it does not answer in time; its death is no crash", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const task = all.run();
  await all.settle();
  task.cancel();
  task.cancel();
  await all.play(99);
  expect([task.ends, all.alive()]).toEqual([[], ["w0"]]);
  await all.play(1);
  expect(task.ends).toEqual(["task.cancelled: The task was cancelled"]);
  await all.clock.play(0);
  expect(all.alive()).toEqual(["w0"]);
  await all.pool[Symbol.asyncDispose]();
});

test("cancel() of a task that gives up in time keeps the worker, whatever it answers", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const task = all.run();
  await all.settle();
  const call = all.workers[0]?.call("task");
  if (call) call.onCancel = () => call.reply();
  task.cancel();
  await all.play(500);
  expect([task.ends, all.workers.length]).toEqual([["task.cancelled: The task was cancelled"], 1]);
  await all.pool[Symbol.asyncDispose]();
});

test("cancel() of a waiting task ends it at once, and no worker hears of it", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const [running, waiting] = [all.run(), all.run()];
  waiting.cancel();
  expect(waiting.ends).toEqual(["task.cancelled: The task was cancelled"]);
  await all.settle();
  all.workers[0]?.call("task")?.reply();
  await all.settle();
  expect([running.ends, all.workers[0]?.calls.length]).toEqual([["reply"], 2]);
  await all.pool[Symbol.asyncDispose]();
});

test("timeoutMs ends a task as late, counted from when a worker has it", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const first = all.run({ timeoutMs: 1_000 });
  const second = all.run({ timeoutMs: 1_000 });
  await all.play(900);
  all.workers[0]?.call("task")?.reply();
  await all.play(900);
  expect([first.ends, second.ends]).toEqual([["reply"], []]);
  await all.play(100);
  await all.play(100);
  expect(second.ends).toEqual(["task.timed-out: The task ran longer than 1000 ms"]);
  await all.pool[Symbol.asyncDispose]();
});

test("late() says what else has held up a task whose time is up", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const asked: string[] = [];
  const late = ({ id }: { id: string }) => {
    asked.push(id);
    return { code: "worker.exited", message: "It stood still" } as const;
  };
  const task = all.run({ timeoutMs: 1_000, late });
  await all.play(1_000);
  await all.play(100);
  expect([task.ends, asked]).toEqual([["worker.exited: It stood still"], ["w0"]]);
  await all.pool[Symbol.asyncDispose]();
});

test("maxTasksPerWorker replaces a worker at once; the old one is waited for at the end", async () => {
  const all = await new TestPool({ size: 1, maxTasksPerWorker: 1 }).start();
  const [old] = all.workers;
  if (old) old.isStubborn = true;
  const [first, second] = [all.run(), all.run()];
  await all.settle();
  old?.call("task")?.reply();
  await all.clock.play(0);
  expect(all.workers.length).toBe(2);
  all.workers[1]?.call("task")?.reply();
  await all.settle();
  expect([first.ends, second.ends, old?.killed]).toEqual([["reply"], ["reply"], false]);
  const closing = all.pool[Symbol.asyncDispose]();
  await all.play(500);
  await closing;
  expect(all.alive()).toEqual([]);
});

test("ask() goes to the first worker that is ready, and waits while there is none", async () => {
  const all = await new TestPool().start();
  const asked = all.pool.ask("hook", null, undefined);
  await all.settle();
  all.workers[0]?.call("hook")?.reply(new Uint8Array([7]));
  expect(await asked).toEqual(new Uint8Array([7]));
  for (const worker of all.workers) worker.die(1, null);
  await all.settle();
  all.isSetUpByHand = true;
  const late = all.pool.ask("hook", null, undefined);
  await all.play(100);
  const fresh = all.workers.findLast(({ id }) => id === "w0");
  expect(fresh?.calls.map(({ method }) => method)).toEqual(["set-up"]);
  await all.answerSetUps();
  await all.settle();
  const answers = all.workers.flatMap((worker) => worker.call("hook") ?? []);
  expect(answers.length).toBe(2); // the first one's, and this one's
  answers.at(-1)?.reply(new Uint8Array([8]));
  expect(await late).toEqual(new Uint8Array([8]));
  await all.pool[Symbol.asyncDispose]();
});

test("start() rejects when a worker cannot be set up, or takes too long", async () => {
  for (const [how, says] of [
    ["dies", "Cannot load plugin: the worker process exited with code 9 before it was ready"],
    ["refuses", "no such file"],
    ["is late", "Cannot load plugin: it took longer than 5000 ms"],
  ]) {
    const all = new TestPool({ size: 1 });
    all.isSetUpByHand = true;
    const starting = thrownBy(all.pool.start());
    await all.settle();
    const [worker] = all.workers;
    if (how === "dies") worker?.die(9, null);
    else if (how === "refuses")
      worker?.call("set-up")?.fail({ code: "plugin.not-found", message: `${says}` });
    await all.play(6_000);
    expect((await starting).message).toBe(`${says}`);
    expect(all.alive()).toEqual([]);
    await all.pool[Symbol.asyncDispose]();
  }
});

test("a pool whose workers no longer come up is broken, once", async () => {
  const all = await new TestPool({ size: 1 }).start();
  all.isSetUpByHand = true;
  all.workers[0]?.die(1, null);
  for (let round = 0; round < 5; round++) {
    await all.play(1_000);
    all.workers.at(-1)?.die(1, null);
    await all.settle();
  }
  expect(all.broken.map(({ code }) => code)).toEqual(["plugin.invalid"]);
  expect(all.workers.length).toBe(4);
  await all.pool[Symbol.asyncDispose]();
});

test("dispose ends waiting and running tasks, kills who does not go, and takes no more", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const [worker] = all.workers;
  if (worker) worker.isStubborn = true;
  const [running, waiting] = [all.run(), all.run()];
  const asked = all.pool.ask("hook", null, undefined).catch((error: DingError) => error.code);
  await all.settle();
  const closing = all.pool[Symbol.asyncDispose]();
  expect(waiting.ends).toEqual(["service.stopping: The workers have been stopped"]);
  await all.play(500);
  await closing;
  expect([running.ends, await asked]).toEqual([[GONE], "worker.exited"]);
  expect(all.run().ends).toEqual(["service.stopping: The workers have been stopped"]);
  await all.play(60_000);
  expect([all.workers.length, all.clock.pending]).toEqual([1, 0]);
});
