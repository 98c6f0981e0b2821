import { expect, test } from "bun:test";
import { contextExchanger } from "../../../../src/task/exchange/context-exchanger.ts";
import { ModelExchanger, modelExchanger } from "../../../../src/task/exchange/model-exchanger.ts";
import { MainTask } from "../../../../src/task/task.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { until } from "../../../support/until.ts";
import { NotingMesh } from "./noting-mesh.ts";

/** A model with one weight, which notes what is loaded. */
class Model {
  weight: number;
  readonly loaded: number[] = [];

  constructor(weight: number) {
    this.weight = weight;
  }

  readonly stateDict = (): Float32Array => new Float32Array([this.weight]);

  readonly loadStateDict = async (state: unknown): Promise<void> => {
    await Promise.resolve();
    this.weight = (state as Float32Array)[0] ?? Number.NaN;
    this.loaded.push(this.weight);
  };
}

/** One who learns and one who collects. */
function pair(options: { maxLag?: number; period?: number; waitMs?: number } = {}) {
  const mesh = new NotingMesh();
  const collector = mesh.task("collector");
  const learned = new Model(100);
  const collected = new Model(-1);
  const receiver = new ModelExchanger(collector, collected, options);
  const learner = mesh.task("learner");
  const sender = new ModelExchanger(learner, learned, options);
  learner.use(sender.middleware);
  learner.use(() => void (learned.weight += 1));
  collector.use(receiver.middleware);
  const stop = async (): Promise<void> => {
    for (const task of [learner, collector]) await task[Symbol.asyncDispose]();
  };
  return {
    mesh,
    learner,
    collector,
    learned,
    collected,
    sender,
    receiver,
    [Symbol.asyncDispose]: stop,
  };
}

test("a receiver takes the newest weights, and none of those in between", async () => {
  await using given = pair();
  await given.collector.run(1);
  expect(given.collected.loaded).toEqual([100]); // what the learner begins with
  await given.learner.run(3);
  expect(given.sender.version).toBe(3);
  await given.collector.run(2);
  expect(given.collected.loaded).toEqual([100, 103]);
  expect([given.receiver.version, given.receiver.lag]).toEqual([3, 0]);
});

test("a sender publishes after each period; maxLag lets a receiver ask for what it lacks", async () => {
  await using lax = pair({ period: 10 });
  await lax.learner.run(7);
  await lax.collector.run(1);
  expect([lax.collected.loaded, lax.receiver.version, lax.receiver.lag]).toEqual([[100], 0, 7]);
  await using strict = pair({ period: 10, maxLag: 5 });
  await strict.learner.run(5);
  await strict.collector.run(1);
  expect(strict.collected.loaded).toEqual([100]);
  await strict.learner.run(2);
  await strict.collector.run(1);
  expect([strict.collected.loaded, strict.receiver.lag]).toEqual([[100, 107], 0]);
});

test("who joins late gets the newest", async () => {
  await using given = pair();
  await given.learner.run(4);
  const late = given.mesh.task("collector");
  const model = new Model(0);
  late.use(modelExchanger(late, model));
  await given.mesh.greet(late);
  await late.run(1);
  expect(model.loaded).toEqual([104]);
  await late[Symbol.asyncDispose]();
});

test("a learner that begins anew is listened to, though its versions are lower", async () => {
  await using given = pair();
  await given.learner.run(9);
  await given.collector.run(1);
  const other = given.mesh.task("learner");
  const model = new Model(500);
  other.use(modelExchanger(other, model));
  await other.run(1);
  await given.collector.run(1);
  expect([given.collected.loaded, given.receiver.version]).toEqual([[109, 500], 1]);
  await other[Symbol.asyncDispose]();
});

test("a receiver that is too far behind a sender that is gone waits for the next one", async () => {
  const given = pair({ maxLag: 1, period: 10 });
  await given.learner.run(5);
  given.mesh.vanish(given.learner);
  const running = given.collector.run(1);
  await until(() => given.mesh.sent.some(({ event }) => event === "model_exchanger_pull"));
  expect(given.collected.loaded).toEqual([100]);
  const next = given.mesh.task("learner");
  next.use(modelExchanger(next, new Model(200)));
  await running;
  expect(given.collected.loaded).toEqual([100, 200]);
  await next[Symbol.asyncDispose]();
  await given[Symbol.asyncDispose]();
});

test("a receiver waits for the first weights, and ends its wait when it is to finish", async () => {
  const mesh = new NotingMesh();
  const alone = mesh.task("collector");
  const model = new Model(7);
  const exchanger = new ModelExchanger(alone, model);
  let steps = 0;
  alone.use(exchanger.middleware).use(() => void (steps += 1));
  const running = alone.run(10);
  await until(() => steps === 1, { timeoutMs: 30_000 });
  alone.finish = true;
  await running;
  expect([steps, model.loaded]).toEqual([2, []]); // finish completes the step
  await alone[Symbol.asyncDispose]();
});

test("a receiver that waits too long goes on without weights, or fails where maxLag forbids that", async () => {
  const mesh = new NotingMesh();
  for (const maxLag of [undefined, 1]) {
    const task = mesh.task("collector");
    task.use(modelExchanger(task, new Model(7), { waitMs: 20, maxLag }));
    if (maxLag === undefined) await task.run(2);
    else expect(await thrownBy(task.run(2))).toMatchObject({ code: "wait.timeout" });
    await task[Symbol.asyncDispose]();
  }
});

test("a task that is alone exchanges nothing", async () => {
  const task = new MainTask().start();
  const model = new Model(1);
  task.use(modelExchanger(task, model)).use(() => {});
  await task.run(3);
  expect([model.loaded, task.listeners()]).toEqual([[], 0]);
  await task[Symbol.asyncDispose]();
});

test("numbers that cannot be are refused", async () => {
  const mesh = new NotingMesh();
  await using task = mesh.task("learner");
  for (const [options, said] of [
    [{ period: 0 }, "period 0"],
    [{ period: 1.5 }, "period 1.5"],
    [{ maxLag: -1 }, "maxLag -1"],
    [{ waitMs: Number.NaN }, "waitMs NaN"],
  ] as const) {
    expect(() => new ModelExchanger(task, new Model(1), options)).toThrow(`Cannot use ${said}`);
  }
  await using other = mesh.task("collector");
  expect(() => contextExchanger(other, { maxPending: 0 })).toThrow("maxPending 0");
});
