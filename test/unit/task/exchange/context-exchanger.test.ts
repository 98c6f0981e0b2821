import { expect, test } from "bun:test";
import { contextExchanger } from "../../../../src/task/exchange/context-exchanger.ts";
import { Totals } from "../../../../src/task/exchange/totals.ts";
import type { OnlineRLContext } from "../../../../src/task/rl-contexts.ts";
import type { MainTask } from "../../../../src/task/task.ts";
import { until } from "../../../support/until.ts";
import { NotingMesh } from "./noting-mesh.ts";

/** A task that exchanges its context and then does its part. */
function join(
  mesh: NotingMesh,
  role: string,
  part: (ctx: OnlineRLContext) => unknown,
): MainTask<OnlineRLContext> {
  const task = mesh.task(role);
  return task.use(contextExchanger(task)).use(part);
}

function collect(name: string): (ctx: OnlineRLContext) => void {
  return (ctx) => {
    ctx.trajectories = [`${name}${ctx.totalStep}.0`, `${name}${ctx.totalStep}.1`];
    ctx.trajectoryEndIdx = [1];
    ctx.envStep += 2;
    ctx.envEpisode += 1;
  };
}

async function disposeOf(...tasks: MainTask<OnlineRLContext>[]): Promise<void> {
  for (const task of tasks) await task[Symbol.asyncDispose]();
}

test("a learner gets what all collectors collect, and all hear of its iterations", async () => {
  const mesh = new NotingMesh();
  const seen: unknown[] = [];
  const learner = join(mesh, "learner", (ctx) => {
    seen.push([ctx.trajectories, ctx.trajectoryEndIdx, ctx.envStep, ctx.envEpisode]);
    ctx.trainIter += 10;
  });
  const iterations: number[] = [];
  const one = join(mesh, "collector", collect("a"));
  const two = join(mesh, "collector", (ctx) => {
    iterations.push(ctx.trainIter);
    collect("b")(ctx);
  });
  const evaluations: number[] = [];
  const evaluator = join(mesh, "evaluator", (ctx) => void evaluations.push(ctx.envStep));
  await Promise.all([one.run(1), two.run(1)]);
  await learner.run(1);
  expect(seen).toEqual([[["a0.0", "a0.1", "b0.0", "b0.1"], [1, 3], 4, 2]]);
  await two.run(1);
  await learner.run(1);
  expect(seen[1]).toEqual([["b1.0", "b1.1"], [1], 6, 3]);
  await two.run(1);
  expect(iterations).toEqual([0, 10, 20]);
  await evaluator.run(1);
  expect(evaluations).toEqual([8]);
  const data = mesh.sent.filter(({ event }) => event === "context_exchanger_data");
  expect(new Set(data.map(({ to }) => to))).toEqual(new Set([0])); // to the learner, and nobody else
  await disposeOf(learner, one, two, evaluator);
});

test("a learner waits for data until it is to finish", async () => {
  const mesh = new NotingMesh();
  let steps = 0;
  const learner = join(mesh, "learner", () => void (steps += 1));
  const running = learner.run(10);
  await until(() => learner.isRunning, { timeoutMs: 30_000 });
  expect(steps).toBe(0);
  learner.finish = true;
  await running;
  expect(steps).toBe(1);
  await disposeOf(learner);
});

test("a learner that does not keep up holds its collectors up, and loses nothing", async () => {
  const mesh = new NotingMesh();
  const seen: unknown[] = [];
  const learner = mesh.task("learner");
  learner.use(contextExchanger(learner, { maxPending: 2 }));
  learner.use((ctx) => void seen.push(...(ctx.trajectories ?? [])));
  const collector = mesh.task("collector");
  collector.use(contextExchanger(collector, { skipSteps: 100 }));
  let collected = 0;
  collector.use((ctx) => void (ctx.trajectories = [(collected += 1)]));
  const running = collector.run(6);
  await until(() => collected === 2, { timeoutMs: 30_000 });
  await Promise.resolve();
  expect(collected).toBe(2);
  while (seen.length < 6) await learner.run(1);
  await running;
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  await disposeOf(learner, collector);
});

test("a task without a role exchanges nothing", async () => {
  const mesh = new NotingMesh();
  const task = mesh.task();
  task.use(contextExchanger(task)).use(() => {});
  await task.run(2);
  expect(mesh.sent).toEqual([]);
  await disposeOf(task);
});

test("Totals makes up for messages that are lost, and knows runs from each other", () => {
  const totals = new Totals();
  totals.add("one", { envStep: 10, envEpisode: 1 });
  totals.add("one", { envStep: 40, envEpisode: 4 }); // two messages before it are lost
  totals.add("two", { envStep: 5, envEpisode: 0 });
  expect(totals.take()).toEqual({ envStep: 45, envEpisode: 4 });
  totals.add("one", { envStep: 40, envEpisode: 4 });
  expect(totals.take()).toEqual({ envStep: 0, envEpisode: 0 });
});
